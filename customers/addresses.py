"""Who is served at which address of the customers (see mcp/isolation/addresses.py)."""

from locations.permissions import Right
from mcp.isolation.addresses import AtBranch, Only, Rights, Rule, Zone, pages_of, register

VIEW: Rights = (Right.VIEW_CUSTOMERS,)
ADD: Rights = (Right.ADD_CUSTOMERS,)
CHANGE: Rights = (Right.CHANGE_CUSTOMERS,)
ARCHIVE: Rights = (Right.ARCHIVE_CUSTOMERS,)
ERASE: Rights = (Right.ERASE_CUSTOMERS,)
IMPORT: Rights = (Right.IMPORT_CUSTOMERS,)
EXPORT: Rights = (Right.EXPORT_CUSTOMERS,)
HISTORY: Rights = (Right.SEE_HISTORY, *VIEW)
GROUPS: Rights = (Right.MANAGE_CUSTOMER_GROUPS,)

register(
    Zone.LOCATION,
    *pages_of("customers_customer", view=VIEW, add=ADD, change=CHANGE),
    Rule("admin:customers_customer_changelist", reads=VIEW, changes=ARCHIVE + VIEW),
    Rule("admin:customers_customer_changelist", reads=VIEW, changes=EXPORT + VIEW, posted={"action": "export"}),
    Rule("admin:customers_customer_changelist", reads=VIEW, changes=CHANGE + VIEW, posted={"action": "record_consent"}),
    Rule("admin:customers_customer_changelist", reads=VIEW, changes=CHANGE + VIEW, posted={"action": "set_group"}),
    Rule("admin:customers_customer_changelist", reads=VIEW, changes=CHANGE + VIEW, posted={"action": "add_tag"}),
    Rule("admin:customers_customer_changelist", reads=VIEW, changes=CHANGE + VIEW, posted={"action": "remove_tag"}),
    Rule("admin:customers_customer_history", reads=HISTORY),
    Rule("admin:customers_customer_version", reads=HISTORY, changes=HISTORY + CHANGE),
    Rule("admin:customers_customer_find", reads=VIEW),
    Rule("admin:customers_customer_duplicates", changes=VIEW),
    Rule("admin:customers_customer_archive", reads=VIEW + ARCHIVE, changes=VIEW + ARCHIVE),
    Rule("admin:customers_customer_restore", reads=VIEW + ARCHIVE, changes=VIEW + ARCHIVE),
    Rule("admin:customers_customer_consents", reads=VIEW, changes=VIEW + CHANGE),
    Rule("admin:customers_customer_erase", reads=VIEW + ERASE, changes=VIEW + ERASE),
    Rule("admin:customers_customer_cards", reads=VIEW, changes=VIEW + CHANGE),
    Rule("admin:customers_customer_memberships", reads=VIEW, changes=VIEW + CHANGE),
    Rule("admin:customers_customer_withdraw", changes=(*VIEW, Right.CARRY_OVER)),
    Rule("admin:customers_customer_consent", reads=VIEW + CHANGE, changes=VIEW + CHANGE),
    Rule("admin:customers_import", reads=IMPORT, changes=IMPORT),
    Rule("admin:customers_import_upload", reads=IMPORT, changes=IMPORT),
    # Whoever confirms or undoes an import must be allowed by hand what it does: here one that creates customers and
    # changes some.
    Rule(
        "admin:customers_import_upload",
        reads=IMPORT,
        changes=IMPORT,
        changes_of_row=ADD + CHANGE,
        posted={"step": "confirm"},
    ),
    # Whom a row looks like is only for those who may see customers.
    Rule("admin:customers_import_upload", reads=IMPORT, changes=IMPORT + VIEW, posted={"step": "decide"}),
    Rule("admin:customers_import_similar", reads=IMPORT + VIEW, changes=IMPORT + VIEW),
    Rule("admin:customers_import_rejected", reads=IMPORT),
    Rule("admin:customers_imports", reads=IMPORT),
    Rule("admin:customers_import_undo", reads=IMPORT, changes=IMPORT, changes_of_row=ADD + CHANGE),
    Rule("admin:customers_export", reads=EXPORT, changes=EXPORT),
    Rule("admin:customers_exports", reads=EXPORT),
    Rule("admin:customers_export_file", reads=EXPORT, changes=EXPORT),
    Rule("admin:customers_export_download", changes=EXPORT),
    Rule("admin:customers_export_facts", reads=EXPORT),
    Rule("admin:customers_bulks", reads=VIEW),
    # Whoever changes many at once, or takes that back, must be allowed to do the same to each of them.
    Rule("admin:customers_bulk", reads=VIEW, changes=VIEW, changes_of_row=CHANGE),
    *(
        Rule("admin:customers_bulk_new", reads=VIEW + needed, changes=VIEW + needed, arguments={"kind": kind})
        for needed, kinds in ((CHANGE, ("group", "add_tag", "remove_tag")), (ARCHIVE, ("archive", "restore")))
        for kind in kinds
    ),
    Rule("admin:customers_filters", reads=VIEW),
    Rule("admin:customers_filter_new", reads=VIEW, changes=VIEW),
    Rule("admin:customers_filter_new", reads=VIEW, changes=VIEW + GROUPS, posted={"is_shared": "on"}),
    Rule("admin:customers_filter_open", reads=VIEW),
    # A shared one is changed by whoever manages groups and tags, whoever has saved it.
    Rule("admin:customers_filter", reads=VIEW, changes=VIEW, changes_of_row=GROUPS),
    *pages_of("customers_customergroup", view=VIEW, add=GROUPS, change=GROUPS, delete=GROUPS + VIEW),
    *pages_of("customers_tag", view=VIEW, add=GROUPS, change=GROUPS, delete=GROUPS + VIEW),
    *pages_of("customers_consentpurpose", view=VIEW, add=GROUPS, change=GROUPS, only_to_change=(Only.EVERYWHERE,)),
    Rule("admin:panel", reads=(Right.RUN_REPORTS,), arguments={"name": "figures"}),
    Rule("admin:panel", reads=(Right.RUN_REPORTS,), arguments={"name": "groups"}),
    Rule("admin:panel", reads=VIEW, arguments={"name": "birthdays"}),
    Rule("admin:panel", reads=VIEW, arguments={"name": "newcomers"}),
    Rule("admin:panel", reads=VIEW, arguments={"name": "start"}),
    at_branch=AtBranch.SERVED,
)
