"""Guards of which nothing can be missed, each with the reason: the database or another line leaves nothing to notice.

The key is the end of the guard's name, without its line.
"""

UNNOTICEABLE = {
    "delete_customer_group: Customer.objects.in_base(actor.base)": "a customer's group is of its base, by that key",
    "RestrictionAdmin.rights[add]": "may_restrict asks for the same right, and for more",
    "RestrictionAdmin.rights[delete]": "as above",
    "UserGroupAdmin.rights[change]": "the page asks first for the right to view, which is the same",
    "LocationAdmin.rights[change]": "as above",
    "UserAdmin.rights[change]": "as above",
    "ConsoleSite.panel: if found is None": "a panel that no table of addresses names is not served at all",
    "_count_by_group: Customer.objects.in_base(scope.base)": "customers of a group are of its base, by a composite key",
}
