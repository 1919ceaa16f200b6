"""What this app shows on the front page."""

from django.utils.translation import gettext_lazy as _

from accounting.models import LedgerException
from accounting.pages.exceptions import facts
from locations.permissions import Right
from mcp.console import panels

panels.register(
    panels.Panel(
        name="ledger_exceptions",
        title=_("Exceptions of accounts"),
        right=Right.SEE_ACCOUNTS,
        template="accounting/dashboard/exceptions.html",
        facts=facts,
        order=16,
        is_useful=lambda scope: LedgerException.objects.in_base(scope.base).open().exists(),
    )
)
