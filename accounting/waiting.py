"""What waits for those who manage locations: a change of how accounts are kept that somebody else has asked for.

Found by the registry in mcp/console/waiting.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext_lazy as _

from accounting.models import AccountingSwitch
from accounting.operations.switching import may_confirm, visible_switches
from accounting.pages.frame import SWITCHES
from locations.models import Location
from locations.permissions import Right
from mcp.console.waiting import Source, Thing, register
from mcp.isolation.scope import Scope


def things(scope: Scope) -> Iterator[Thing]:
    """Requests that this person may confirm here. One query; mostly there is none."""
    for switch in visible_switches(scope).asked():
        if may_confirm(switch, scope):
            yield Thing(
                code="confirm_accounts", values={"location": switch.location.name}, page=f"admin:{SWITCHES}",
                since=switch.asked_at, key=f"accounts {switch.pk}",
            )  # fmt: skip


def places() -> Iterable[Location]:
    """Where somebody may have to be reminded: of each request the central, and the franchise itself."""
    asked = AccountingSwitch.objects.asked().select_related("location")
    for switch in asked:
        central = Location.objects.filter(organization=switch.organization_id, kind="central")
        yield from central.select_related("organization", "base")
        if switch.location.is_franchise:
            yield Location.objects.select_related("organization", "base").get(pk=switch.location_id)


register(
    Source(
        name="accounting_switches",
        rights=frozenset({Right.MANAGE_LOCATION}),
        things=things,
        sentences={"confirm_accounts": _("%(location)s: confirm or refuse how its accounts are kept")},
        list_page=f"admin:{SWITCHES}",
        places=places,
    )
)
