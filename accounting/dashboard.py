"""What this app shows on the front page."""

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounting import undecided as undecided
from accounting import waiting as waiting
from accounting.models import LedgerException
from accounting.pages.exceptions import facts
from accounting.pages.invoices import overdue_facts, seen_by
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
panels.register(
    panels.Panel(
        name="overdue_invoices",
        title=_("Overdue invoices"),
        right=Right.SEE_ACCOUNTS,
        template="accounting/dashboard/invoices.html",
        facts=overdue_facts,
        order=17,
        is_useful=lambda scope: seen_by(scope).overdue(timezone.localdate()).exists(),
    )
)
