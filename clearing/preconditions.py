"""What must be so before a branch reconciles for the first time: each with a sentence, and where it is mended.

    clearing/central/preconditions.py   what the central knows, before a code is shown and before the first run
    clearing/branch/preconditions.py    what the branch knows, before its first run is cut

What is missing keeps the run from beginning; a warning does not, and what only the other side knows is said as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from clearing.limits import MEGABYTE, room_needed
from clearing.program import is_older
from clearing.protocol.messages import MOST_CLOCK_DIFFERENCE, OLDEST_PROTOCOL
from locations.text import LazyText


class Standing(TextChoices):
    """How it stands with a precondition."""

    MET = "met", _("Met")
    WARNING = "warning", _("Warning")
    UNKNOWN = "unknown", _("Not known yet")
    MISSING = "missing", _("Missing")


class Subject(StrEnum):
    """What a precondition is about."""

    BRANCH_NUMBER = "branch_number"
    CLIENT_NUMBER = "client_number"
    VOCABULARY = "vocabulary"
    VERSIONS = "versions"
    CLOCK = "clock"
    DISK = "disk"


SUBJECTS: dict[Subject, LazyText] = {
    Subject.BRANCH_NUMBER: _("Branch number"),
    Subject.CLIENT_NUMBER: _("Client number"),
    Subject.VOCABULARY: _("Groups, tags and purposes"),
    Subject.VERSIONS: _("Versions"),
    Subject.CLOCK: _("Clock"),
    Subject.DISK: _("Disk"),
}


@dataclass(frozen=True)
class Precondition:
    """One of them. `page` is the name of the address at which it is mended; empty where that is no page of ours."""

    subject: Subject
    standing: Standing
    text: LazyText
    params: Mapping[str, Any] = field(default_factory=dict)
    page: str = ""
    arguments: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """How it stands, in the active language."""
        return str(self.standing.label)

    @property
    def title(self) -> str:
        return str(SUBJECTS[self.subject])

    @property
    def sentence(self) -> str:
        """In the active language; amounts as it writes them, numbers of branches as they are."""
        if self.subject is Subject.DISK:
            amounts = {name: number_format(value, force_grouping=True) for name, value in self.params.items()}
            return str(self.text) % amounts
        return str(self.text) % self.params


class NotReady(ValidationError):
    """The first run cannot begin: each thing that is missing, with its remedy."""

    def __init__(self, missing: Iterable[Precondition]) -> None:
        super().__init__(
            [ValidationError(one.text, code=f"{one.subject}_missing", params={**one.params}) for one in missing]
        )


def demand_met(known: Iterable[Precondition]) -> None:
    """Raises NotReady where something is missing."""
    missing = [one for one in known if one.standing == Standing.MISSING]
    if missing:
        raise NotReady(missing)


# --- what both sides ask in the same way --------------------------------------------------------------------------


def versions(*, branch: str, central: str, protocol: int | None) -> Precondition:
    """Both programs speak the same; `branch` or `central` is empty as long as it has not said what it is."""
    said = {"branch": branch, "central": central}
    if not branch or not central:
        text = _("The versions of both programs are known when the branch is paired. Here it is %(version)s.")
        return Precondition(Subject.VERSIONS, Standing.UNKNOWN, text, {"version": branch or central})
    if protocol is not None and protocol < OLDEST_PROTOCOL:
        text = _("The branch has version %(branch)s, too old for the central with %(central)s. Upgrade the branch.")
        return Precondition(Subject.VERSIONS, Standing.MISSING, text, said)
    if is_older(branch, central):
        text = _("The branch has version %(branch)s, the central %(central)s. They understand each other; upgrade it.")
        return Precondition(Subject.VERSIONS, Standing.WARNING, text, said)
    text = _("The branch has version %(branch)s, the central %(central)s.")
    return Precondition(Subject.VERSIONS, Standing.MET, text, said)


def clock(ahead: timedelta | None) -> Precondition:
    """Clocks decide nothing, so a wrong one is a warning; `ahead` is by how much that of the branch is ahead."""
    if ahead is None:
        return Precondition(Subject.CLOCK, Standing.UNKNOWN, _("The clocks are compared when the branch calls."))
    if abs(ahead) <= MOST_CLOCK_DIFFERENCE:
        return Precondition(Subject.CLOCK, Standing.MET, _("Both clocks show the same time."))
    minutes = round(abs(ahead.total_seconds()) / 60)
    text = (
        _("The clock of the branch is %(minutes)s minutes fast. It decides nothing; set it right.")
        if ahead > timedelta()
        else _("The clock of the branch is %(minutes)s minutes slow. It decides nothing; set it right.")
    )  # fmt: skip
    return Precondition(Subject.CLOCK, Standing.WARNING, text, {"minutes": minutes})


def disk(free: int | None, customers: int | None) -> Precondition:
    """Room for what will be cut; the estimate is that of clearing.limits. Without a number, room for an empty run."""
    if free is None:
        return Precondition(Subject.DISK, Standing.UNKNOWN, _("How much disk is free is known when the branch calls."))
    needed = room_needed(customers or 0)
    said = {"free": free // MEGABYTE, "needed": needed // MEGABYTE, "customers": customers or 0}
    if free < needed:
        text = _(
            "The first run carries %(customers)s customers and may need %(needed)s MB on the disk of the branch, of "
            "which %(free)s MB are free. Make room there."
        )
        return Precondition(Subject.DISK, Standing.MISSING, text, said)
    text = _("%(free)s MB are free; the first run carries %(customers)s customers and may need %(needed)s MB.")
    return Precondition(Subject.DISK, Standing.MET, text, said)
