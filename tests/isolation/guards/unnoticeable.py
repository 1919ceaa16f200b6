"""Guards of which nothing can be missed, each with the reason: the database or another line leaves nothing to notice.

The key is the end of the guard's name, without its line.
"""

UNNOTICEABLE = {
    "ChangedSinceFilter.demand_offered: self.criterion.demand(value, self.asker)": "a day is typed, no row is chosen",
    "use_of_customer_group: Customer.objects.in_base(scope.base)": "a customer's group is of its base, by that key",
    "RestrictionAdmin.rights[add]": "may_restrict asks for the same right, and for more",
    "RestrictionAdmin.rights[delete]": "as above",
    "UserGroupAdmin.rights[change]": "the page asks first for the right to view, which is the same",
    "LocationAdmin.rights[change]": "as above",
    "UserAdmin.rights[change]": "as above",
    "ConsoleSite.panel: if found is None": "a panel that no table of addresses names is not served at all",
    "_touched: Customer.objects.filter(base=scope.base)": "the ids come from a join over the base",
    "_touched: CustomerGroup.objects.in_base(scope.base)": "a customer's group is of his base, by a composite key",
    "held_by: Consent.objects.in_base(scope.base)": "as two lines above, and a statement is of his customer's base",
    "TransitionAdmin.rights[view]": "the pages are functions of their own, which ask for the right themselves",
    "listed: Customer.objects.in_base(actor.base)": "the ids are those of customers of the base",
    "_group_at: UserGroup.objects.of_organization(branch.organization)": "only looks for a name that is free there",
    "takes_over: if scope.location.kind != LocationKind.BRANCH": "spares a question; the side bar asks for the right",
    "answer: Transition.objects.select_for_update(of=('self',)).filter(pk=transition, receiver=actor.organization, "
    "state__in=BEFORE_EXECUTION)": "a group has no open word about what is not, or not any more, asked of it",
    "withdrawals_since: if transition.executed_at is None": "who was not handed over is in no table of those who were",
    "_demand_signed: Arrival.objects.filter(base=actor.base.pk": "other receivers are refused before",
    "left_alone: Customer.objects.in_base(scope.base)": "the ids come from a join over the base",
    "_piece: Customer.objects.in_base(scope_of(request).base)": "the ids are those of customers of the base",
    "_template: actor.demand(Right.MANAGE_USERS)": "who lacks it finds no group: 404 in place of 403",
    "is_small: CustomerCount.objects.in_base(actor.base)": "only decides whether the worker or the request does it",
    "create_group_like: _demand_template(source, actor)": "copy_rights, which it calls, asks the same",
    "new_page: if not wanted.count and query.startswith('id='): …": "as for who is not there: nobody is found",
    "customer_of_version: Customer.objects.in_base(actor.base)": "what is read of the state asks for the base again",
    "keep_file: _demand_first(kept, actor)": "the database keeps the second one out; this says it before",
    "_take_in: _demand_still_mine(file)": "whether it was cancelled: tests/transitions/test_incoming.py is about it",
    "_franchisee: actor.demand(Right.MANAGE_USERS)": "demand_own_house asks for the same right, and for more",
    "change_restrictions: demand_own_house(actor)": "the preview, on which it works, asks the same",
    "remove_card: Card.objects.in_base(actor.base)": "what a card stands in for is of its base, by a composite key",
    "cards: admin.demand(request, 'change')": "each step is an operation that asks for the same right",
    "_form: scope.allows(Right.CHANGE_CUSTOMERS)": "who may not record is shown no form, and each place asks",
}
