"""What this app shows on the front page: loaded with the panels of all apps."""

from django.utils.translation import gettext_lazy as _

from clearing.branch import standing
from clearing.conflicts import telling
from clearing.pages import alarms, own
from clearing.pages.frame import IS_BRANCH
from clearing.pages.listed import nodes_of
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

panels.register(
    panels.Panel(
        name="branches",
        title=_("Branches that reconcile"),
        right=Right.MANAGE_LOCATION,
        template="clearing/dashboard/branches.html",
        facts=alarms.facts,
        order=12,
        is_wide=True,
        is_useful=lambda scope: not IS_BRANCH and scope.location.is_central and nodes_of(scope).in_use().exists(),
    )
)
panels.register(
    panels.Panel(
        name="own_alarms",
        title=_("Reconciliation with the central"),
        right=Right.CLEAR,
        template="clearing/dashboard/own_alarms.html",
        facts=own.alarm_facts,
        order=12,
        is_useful=lambda scope: IS_BRANCH,
    )
)

__all__ = ["standing"]
