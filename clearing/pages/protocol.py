"""What became of a run, in words: on its page at both sides, and printed by the command."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.formats import date_format, number_format
from django.utils.functional import Promise
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clearing.models import Cycle

COUNTS: dict[str, Promise] = {
    "sent": gettext_lazy("Sent by the branch"),
    "applied": gettext_lazy("Taken by the central"),
    "same": gettext_lazy("Were the same there already"),
    "conflict": gettext_lazy("Changed at both sides"),
    "held_back": gettext_lazy("Held back by a rule"),
}


def counts_of(cycle: Cycle) -> list[tuple[str, int]]:
    """Each count with its title; none before the run is decided."""
    return [(str(title), cycle.counts[name]) for name, title in COUNTS.items() if name in cycle.counts]


def rows_of_answer(cycle: Cycle) -> int:
    """How many records the central has answered."""
    return sum(part["rows"] for part in cycle.answer)


def lines_of(cycle: Cycle) -> Iterator[str]:
    """The protocol of a run, line by line."""
    yield _("Run %(number)s: %(state)s") % {"number": cycle.number, "state": cycle.get_state_display()}
    yield _("Began: %(when)s") % {"when": date_format(localtime(cycle.began_at), "SHORT_DATETIME_FORMAT")}
    for title, count in counts_of(cycle):
        yield f"{title}: {number_format(count, use_l10n=True, force_grouping=True)}"
    if cycle.receipt:
        yield _("Answered by the central: %(count)s") % {
            "count": number_format(rows_of_answer(cycle), use_l10n=True, force_grouping=True)
        }
    if cycle.is_by_stick:
        yield _("What the other side had for it came by stick.")
    if cycle.failure:
        yield str(cycle.failure)
