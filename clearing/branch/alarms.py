"""What somebody at the branch should look at, as it is now: the same alarms that the central has of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clearing.branch.preconditions import own_free_bytes
from clearing.choices import AlarmKind
from clearing.limits import LATE, LOW_DISK, MISSING
from clearing.models import HeldBack, OwnNode
from clearing.program import is_older, program_version
from locations.text import LazyText

HELD = frozenset({"quarantined", "two_of_one"})
"""Codes of the failure of a run that a quarantine leaves."""
OVER = frozenset({"switched"})
"""Codes of a failure that nobody has to mend: the branch works with the base 2.0 now."""


@dataclass(frozen=True)
class OwnAlarm:
    """One of them, as somebody at the branch reads it."""

    kind: AlarmKind

    @property
    def title(self) -> str:
        """The central calls it failing though connected; the branch knows whether there was a line."""
        return gettext("The last run has failed") if self.kind == AlarmKind.FAILING else str(self.kind.label)

    @property
    def sentence(self) -> str:
        """In the active language."""
        return str(_SENTENCES[self.kind])


_SENTENCES: dict[AlarmKind, LazyText] = {
    AlarmKind.QUARANTINED: _("Two installations show the same pairing. Tell support which one is in use."),
    AlarmKind.MISSING: _("For a week no run has come to its end. Call whoever looks after the network, then support."),
    AlarmKind.LATE: _("For a day no run has come to its end. Look whether there is a line to the central."),
    AlarmKind.FAILING: _("The page of the reconciliation says why."),
    AlarmKind.HELD_BACK: _(
        "The central has held back changes of this branch. See why: somebody at the central mends it, or the "
        "customer is changed here."
    ),
    AlarmKind.OLD_VERSION: _("This program is older than that of the central. Have this branch upgraded."),
    AlarmKind.DISK: _("Less than 1 GB of the disk is free. Make room before this branch stops."),
}


def own_alarms(own: OwnNode | None, *, now: datetime) -> list[OwnAlarm]:
    """The gravest first; none for a branch that is not paired, but for its disk. Runs in the scope of the branch."""
    return [OwnAlarm(kind) for kind in _kinds(own, now)]


def _kinds(own: OwnNode | None, now: datetime) -> Iterator[AlarmKind]:
    if own is not None and own.node is not None:
        codes = {sentence["code"] for sentence in own.failure}
        if codes & HELD:
            yield AlarmKind.QUARANTINED
        waited = now - (own.succeeded_at or own.node.paired_at)
        if waited >= LATE and not codes & OVER:
            yield AlarmKind.MISSING if waited >= MISSING else AlarmKind.LATE
        if own.failure and not codes & (HELD | OVER):
            yield AlarmKind.FAILING
        if HeldBack.objects.filter(base=own.base_id).waiting().exists():
            yield AlarmKind.HELD_BACK
        if is_older(program_version(), own.central_program):
            yield AlarmKind.OLD_VERSION
    if own_free_bytes() < LOW_DISK:
        yield AlarmKind.DISK
