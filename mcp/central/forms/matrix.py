"""Reads what the matrix of rights and its preview send.

The matrix sends for each row which rights were ticked when it was shown (`row`, as `<location>:<bits>`), and each cell
that is ticked now (`cell`, as `<right>@<location>`). Only the difference counts. So rows that were not shown stay as
they are, and so do changes of somebody else meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from locations.models import Location
from locations.permissions import Right
from mcp.isolation.grants import Grant

EVERYWHERE = "all"
"""Stands for the row of all locations, later ones included."""

_RIGHTS = tuple(Right)
_MOST_DIGITS = len(str(1 << len(_RIGHTS)))
_ROW = re.compile(rf"(all|[1-9][0-9]{{0,17}}):([0-9]{{1,{_MOST_DIGITS}}})", re.ASCII)
_CELL = re.compile(r"([a-z_]{1,40})@(all|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The rights to be given and those to be taken."""

    given: frozenset[Grant]
    taken: frozenset[Grant]

    def applied_to(self, grants: frozenset[Grant]) -> frozenset[Grant]:
        """The grants after the change."""
        return (grants - self.taken) | self.given

    @property
    def places(self) -> set[int]:
        """The keys of the locations that are named."""
        return {place for _right, place in self.given | self.taken if place is not None}


def bits(rights: Iterable[Right]) -> int:
    """A set of rights as one number: bit n is the right n of the catalogue."""
    return sum(1 << _RIGHTS.index(right) for right in rights)


def cell(grant: Grant) -> str:
    """A grant as the form names it: `<right>@<location>`."""
    right, place = grant
    return f"{right.value}@{EVERYWHERE if place is None else place}"


def read_matrix(data: QueryDict) -> Difference:
    """The difference between what the matrix has shown and what is ticked.

    Raises ValidationError for anything that the page cannot have sent.
    """
    shown: set[Grant] = set()
    rows: set[int | None] = set()
    for text in data.getlist("row"):
        match = _ROW.fullmatch(text)
        if match is None:
            raise _broken()
        place = _place(match.group(1))
        rows.add(place)
        shown |= {(right, place) for right in _RIGHTS if int(match.group(2)) & bits([right])}
    ticked = read_cells(data.getlist("cell"))
    if any(place not in rows for _right, place in ticked):
        raise _broken()
    return Difference(given=frozenset(ticked - shown), taken=frozenset(shown - ticked))


def read_preview(data: QueryDict) -> Difference:
    """The difference that the preview asked to confirm. Raises ValidationError as `read_matrix` does."""
    return Difference(given=read_cells(data.getlist("give")), taken=read_cells(data.getlist("take")))


def read_cells(texts: Sequence[str]) -> frozenset[Grant]:
    """The grants that the cells name. Raises ValidationError."""
    grants: set[Grant] = set()
    for text in texts:
        match = _CELL.fullmatch(text)
        if match is None:
            raise _broken()
        if match.group(1) not in list(Right):
            raise ValidationError(
                _("There is no right “%(right)s”. Load the page again."),
                code="unknown_right",
                params={"right": match.group(1)},
            )
        grants.add((Right(match.group(1)), _place(match.group(2))))
    return frozenset(grants)


def check_places(difference: Difference, known: QuerySet[Location]) -> None:
    """Raise ValidationError if a location of the difference is not among `known`."""
    if known.filter(pk__in=difference.places).count() != len(difference.places):
        raise ValidationError(
            _("A location in this form does not exist. Load the page again."), code="unknown_location"
        )


def _place(text: str) -> int | None:
    return None if text == EVERYWHERE else int(text)


def _broken() -> ValidationError:
    return ValidationError(_("This form did not arrive whole. Load the page again."), code="broken_form")
