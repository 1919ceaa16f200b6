"""The entries of the side bar for the pages that are no model's own."""

from django.utils.translation import gettext_lazy as _

from customers.choices import BIRTHDAY_VAR, REGISTERED_VAR
from customers.edit_side import is_edited_here
from locations.permissions import Right
from mcp.console import menu

menu.register(
    menu.Entry(
        section=menu.Section.CUSTOMERS,
        title=_("Birthdays"),
        url_name="admin:customers_customer_changelist",
        query=f"?{BIRTHDAY_VAR}=7days",
        icon="cake",
        right=Right.VIEW_CUSTOMERS,
        order=12,
    )
)
menu.register(
    menu.Entry(
        section=menu.Section.CUSTOMERS,
        title=_("New this month"),
        url_name="admin:customers_customer_changelist",
        query=f"?{REGISTERED_VAR}=this_month",
        icon="fiber_new",
        right=Right.VIEW_CUSTOMERS,
        order=14,
    )
)
menu.register(
    menu.Entry(
        section=menu.Section.CUSTOMERS,
        title=_("Import"),
        url_name="admin:customers_import",
        icon="upload",
        right=Right.IMPORT_CUSTOMERS,
        order=20,
        is_useful=lambda scope: is_edited_here(scope.base),
        fills_base=True,
    )
)
menu.register(
    menu.Entry(
        section=menu.Section.CUSTOMERS,
        title=_("All imports"),
        url_name="admin:customers_imports",
        icon="history",
        right=Right.IMPORT_CUSTOMERS,
        order=25,
    )
)
menu.register(
    menu.Entry(
        section=menu.Section.CUSTOMERS,
        title=_("Export"),
        url_name="admin:customers_export",
        icon="download",
        right=Right.EXPORT_CUSTOMERS,
        order=30,
    )
)
menu.register(
    menu.Entry(
        section=menu.Section.CUSTOMERS,
        title=_("Bulk changes"),
        url_name="admin:customers_bulks",
        icon="rule",
        right=Right.CHANGE_CUSTOMERS,
        order=15,
    )
)
