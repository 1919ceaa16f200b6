"""What the rows of a preview say about consents, as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from customers.imports.consents import ANSWERS, Statements
from customers.models import Consent, ConsentPurpose
from mcp.isolation.scope import Scope

type Held = dict[str, tuple[bool, datetime]]
"""By purpose what holds for whoever receives the data, and since when."""


@dataclass(frozen=True)
class Statement:
    purpose: str
    is_given: bool
    at: datetime
    receiver: int | None
    holds_here: bool
    is_answer: bool
    """Whether it stands in a column of the row."""


def said_by_row(statements: Statements) -> dict[int, list[Statement]]:
    """The statements that each row would add, the oldest first, by the number of the row (see Plan.show)."""
    found: dict[int, list[Statement]] = {}
    if not statements:
        return found
    wanted = statements.wanted(statements.of_rows())
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT row_number, purpose, is_given, at, receiver, holds_here, is_answer FROM ({wanted}) AS wanted
                ORDER BY row_number, at, purpose, is_given DESC""",
            statements.params,
        )
        for row, *said in cursor.fetchall():
            found.setdefault(row, []).append(Statement(*said))
    return found


def held_by(customers: Iterable[int], scope: Scope, *, at: datetime) -> dict[int, Held]:
    """What holds of each purpose that has a column, as (is_given, at), by the id of the customer."""
    found: dict[int, Held] = {}
    said = Consent.objects.in_base(scope.base).filter(customer__in=list(customers))
    for purpose in ANSWERS:
        for one in said.filter(receiver=None).holding(purpose, at=at):
            found.setdefault(one.customer_id, {})[purpose] = one.is_given, one.at
    return found


def after(held: Held, said: Iterable[Statement]) -> Held:
    """What holds of each purpose once these statements were added."""
    holding = dict(held)
    for one in said:
        if one.purpose in ANSWERS and one.receiver is None and one.holds_here:
            latest = max(holding.get(one.purpose, (one.is_given, one.at)), (one.is_given, one.at), key=_order)
            holding[one.purpose] = latest
    return holding


def _order(said: tuple[bool, datetime]) -> tuple[datetime, bool]:
    """Sort key of statements: of two at the same moment the withdrawal comes last and holds."""
    is_given, at = said
    return at, not is_given


def beside_rows(said: Iterable[Statement], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each statement that stands in no column of the row: what it is about, and what it says."""
    for one in said:
        if not one.is_answer:
            about = f"{names[one.purpose]}, {one.receiver}" if one.receiver else names[one.purpose]
            word = _("Yes") if one.is_given else _("No")
            word = word if one.holds_here else _("%(word)s, as evidence only") % {"word": word}
            day = date_format(timezone.localtime(one.at), "SHORT_DATE_FORMAT")
            yield _("Consent: %(purpose)s") % {"purpose": about}, f"{word} ({day})"


def names_of_purposes(scope: Scope) -> dict[str, str]:
    """The title of each purpose of the business, by its code."""
    purposes = ConsentPurpose.objects.of_organization(scope.organization)
    return {purpose.code: str(purpose.title) for purpose in purposes}
