"""What this app shows on the front page: loaded with the panels of all apps."""

from django.utils.translation import gettext_lazy as _

from clearing.branch import standing
from clearing.conflicts import telling
from locations.permissions import Right
from mcp.console import panels

panels.register(
    panels.Panel(
        name="conflicts",
        title=_("Conflicts"),
        right=Right.RESOLVE_CONFLICTS,
        template="clearing/dashboard/conflicts.html",
        facts=telling.facts,
        order=15,
        is_useful=lambda scope: scope.base.is_discontinued,
    )
)

__all__ = ["standing"]
