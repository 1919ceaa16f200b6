"""What has happened on the account of a customer: pages of movements, and the statement of a period as PDF and CSV."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from accounting.amounts import ZERO, shown
from accounting.balances import Standing, balance_at, end_of, start_of
from accounting.models import Movement
from accounting.open_items import OpenItems, open_items
from customers.field_groups import withheld
from customers.models import Customer
from files.papers import Paper, Section
from locations.permissions import Right
from mcp.isolation.scope import Scope, name_shown
from spreadsheets import open_writer

PAGE = 50
MOST_IN_STATEMENT = 2_000
"""Movements in one statement; a longer period is divided."""
MOST_ON_PAPER = 300
"""Movements in one PDF: so many take about two seconds."""

_BRANCH = """(
    SELECT id, posted_at FROM accounting_movement
    WHERE base_id = %(base)s AND {side}_id = %({account})s AND posted_at >= %(since)s AND posted_at <= %(until)s
      AND (posted_at, id) < (%(until)s, %(last)s)
    ORDER BY posted_at DESC, id DESC LIMIT %(most)s
)"""
_BRANCHES = " UNION ALL ".join(
    _BRANCH.format(side=side, account=account) for side in ("debit", "credit") for account in ("owed", "credited")
)
_LATEST = f"SELECT DISTINCT id, posted_at FROM ({_BRANCHES}) AS found ORDER BY posted_at DESC, id DESC LIMIT %(most)s"
"""The latest movements of both accounts, from the end of each index: it reads hardly more than it gives."""
_LAST = UUID(int=2**128 - 1)
_FROM, _FOREVER = datetime(1900, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A movement as it stands on the customer's page: what it does to either balance, and both after it."""

    movement: Movement
    owed: Decimal
    credit: Decimal
    open_after: Decimal
    credit_after: Decimal
    reversed_by: Movement | None = None

    @property
    def who(self) -> str:
        return name_shown(self.movement.user_name)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A period of an account: the balances before it, what happened, and the balances after it."""

    customer: Customer
    first: date
    last: date
    before: tuple[Decimal, Decimal]
    lines: Sequence[Line]
    """The oldest first."""
    after: tuple[Decimal, Decimal]
    open_after: OpenItems
    """The items that are open at its end."""
    currency: str


class TooLong(ValidationError):
    """The period has more movements than one statement holds, or is none."""


def page_of(standing: Standing, *, before: UUID | None = None) -> tuple[list[Line], UUID | None]:
    """The latest PAGE movements before this one, the newest first, and behind which the next page begins."""
    mark = Movement.objects.filter(base=standing.owed.base_id, pk=before).first() if before else None
    until, last = (mark.posted_at, mark.pk) if mark else (_FOREVER, _LAST)
    found = _latest(standing, since=_FROM, until=until, last=last, most=PAGE + 1)
    lines = list(_lines(standing, found[:PAGE]))
    return lines, found[PAGE - 1].pk if len(found) > PAGE else None


def statement_of(*, customer: Customer, standing: Standing, first: date, last: date, actor: Scope) -> Statement:
    """What was booked from the first to the last day. Raises MissingRight, or TooLong."""
    actor.demand(Right.SEE_ACCOUNTS)
    if last < first:
        raise TooLong(gettext_lazy("The period ends before it begins."), code="period_ends_first")
    since, until = start_of(first), end_of(last)
    found = _latest(standing, since=since, until=until, last=_LAST, most=MOST_IN_STATEMENT + 1)
    if len(found) > MOST_IN_STATEMENT:
        raise TooLong(
            gettext_lazy("That are more than %(most)s bookings. Choose a shorter period."),
            code="period_too_long",
            params={"most": MOST_IN_STATEMENT},
        )
    lines = list(_lines(standing, found))[::-1]
    after = _at(standing, until)
    before = (lines[0].open_after - lines[0].owed, lines[0].credit_after - lines[0].credit) if lines else after
    return Statement(
        customer=customer, first=first, last=last, before=before, lines=lines, after=after,
        open_after=open_items(standing.owed, at=until), currency=standing.terms.organization.currency,
    )  # fmt: skip


def _latest(standing: Standing, *, since: datetime, until: datetime, last: UUID, most: int) -> list[Movement]:
    params = {
        "base": standing.owed.base_id, "owed": standing.owed.pk, "credited": standing.credit.pk, "since": since,
        "until": until, "last": last, "most": most,
    }  # fmt: skip
    order = [one.pk for one in Movement.objects.raw(_LATEST, params)]
    rows = Movement.objects.filter(base=standing.owed.base_id).select_related("location").in_bulk(order)
    return [rows[pk] for pk in order]


def _at(standing: Standing, moment: datetime) -> tuple[Decimal, Decimal]:
    return -balance_at(standing.owed, moment) + ZERO, balance_at(standing.credit, moment)


def _lines(standing: Standing, found: Sequence[Movement]) -> Iterator[Line]:
    """The newest first. The balances after the newest one are summed up; the others follow from it."""
    if not found:
        return
    base = standing.owed.base_id
    reversals = {one.reverses_id: one for one in Movement.objects.filter(base=base, reverses__in=found)}
    opened, credit = _at(standing, found[0].posted_at)
    for movement in found:
        by_owed = _effect(movement, standing.owed.pk)
        by_credit = _effect(movement, standing.credit.pk)
        yield Line(
            movement=movement, owed=-by_owed + ZERO, credit=by_credit, open_after=opened, credit_after=credit,
            reversed_by=reversals.get(movement.pk),
        )  # fmt: skip
        opened, credit = opened + by_owed, credit - by_credit


def _effect(movement: Movement, account: int) -> Decimal:
    if movement.credit_id == account:
        return movement.amount
    return -movement.amount if movement.debit_id == account else ZERO


# --- on paper, and as a table -----------------------------------------------------------------------------------------


def headings() -> list[str]:
    """Of the columns of a statement."""
    return [
        _("Booked"), _("Business day"), _("Kind"), _("Document"), _("Reason"), _("Location"), _("By"),
        _("Owed"), _("Open amount"), _("Paid in advance"), _("Credit"),
    ]  # fmt: skip


def paper_of(statement: Statement, actor: Scope) -> Paper:
    """The statement as it is printed; without the address for whoever may not see it. Raises TooLong."""
    if len(statement.lines) > MOST_ON_PAPER:
        raise TooLong(
            gettext_lazy("A PDF holds %(most)s bookings. Choose a shorter period, or take the CSV."),
            code="period_too_long",
            params={"most": MOST_ON_PAPER},
        )

    def money(amount: Decimal) -> str:
        return shown(amount, statement.currency)

    first, last = (date_format(day, "SHORT_DATE_FORMAT") for day in (statement.first, statement.last))
    rows = tuple(
        (
            date_format(timezone.localtime(line.movement.posted_at), "SHORT_DATETIME_FORMAT"),
            _what(line.movement),
            money(line.owed) if line.owed else "",
            money(line.open_after),
            money(line.credit) if line.credit else "",
            money(line.credit_after),
        )
        for line in statement.lines
    )
    whose = statement.customer
    facts = [
        (_("Customer"), str(whose)),
        (_("Address"), _address(whose, actor)),
        (_("Period"), f"{first} – {last}"),
    ]
    balances = [
        (_("Open before"), money(statement.before[0])),
        (_("Credit before"), money(statement.before[1])),
        (_("Open afterwards"), money(statement.after[0])),
        (_("Credit afterwards"), money(statement.after[1])),
    ]
    return Paper(
        title=_("Statement of account"),
        subtitle=str(whose.organization),
        as_of=end_of(statement.last) if not statement.lines else statement.lines[-1].movement.posted_at,
        sections=(
            Section(title=_("Account"), facts=tuple(fact for fact in facts if fact[1])),
            Section(title=_("Balances"), facts=tuple(balances)),
            Section(
                title=_("Bookings"),
                headings=(
                    _("Booked"), _("What"), _("Owed"), _("Open amount"), _("Paid in advance"), _("Credit"),
                ),
                rows=rows,
                widths=(15, 29, 13, 13, 16, 14),
                right=frozenset({2, 3, 4, 5}),
                empty=_("Nothing was booked in this period."),
            ),
            _open_section(statement, last),
        ),
    )  # fmt: skip


def _address(customer: Customer, actor: Scope) -> str:
    """In a line, without what the actor may not see of it."""
    with actor.asked.only_looking():
        hidden = withheld(actor)
    seen = {name: "" if name in hidden else getattr(customer, name) for name in ("street", "po_box", "postal_code")}
    town = f"{seen['postal_code']} {customer.city}".strip()
    return " · ".join(part for part in (seen["street"], seen["po_box"], town) if part)


def _open_section(statement: Statement, last: str) -> Section:
    """What is open at the end of the period, the oldest first; payments count against the oldest."""
    found, currency = statement.open_after, statement.currency
    rows = [
        (
            date_format(timezone.localtime(item.movement.posted_at), "SHORT_DATETIME_FORMAT"),
            _what(item.movement),
            shown(item.movement.amount, currency),
            shown(item.rest, currency),
        )
        for item in found.items
    ]
    if found.older:
        rows.insert(0, ("", _("Older bookings"), "", shown(found.older, currency)))
    empty = _("Nothing is open.")
    if found.total < 0:
        empty = _("%(paid)s more were paid than was open.") % {"paid": shown(-found.total, currency)}
    return Section(
        title=_("Open at the end of %(day)s") % {"day": last},
        headings=(_("Booked"), _("What"), _("Amount"), _("Still open")),
        rows=tuple(rows),
        widths=(15, 59, 13, 13),
        right=frozenset({2, 3}),
        empty=empty,
    )


def _what(movement: Movement) -> str:
    parts = [str(movement.get_kind_display()), movement.document, movement.reason, movement.location.name]
    return " · ".join(part for part in parts if part)


def table_of(statement: Statement) -> bytes:
    """The statement as CSV, as the reader's spreadsheet expects it; amounts are numbers."""
    file = io.BytesIO()
    with open_writer(file, profile="excel-de" if (get_language() or "de").startswith("de") else "plain") as writer:
        writer.write_headings(headings())
        for line in statement.lines:
            movement = line.movement
            writer.write_row([
                timezone.localtime(movement.posted_at).replace(tzinfo=None, microsecond=0),
                movement.business_day, str(movement.get_kind_display()), movement.document, movement.reason,
                movement.location.name, line.who, line.owed, line.open_after, line.credit, line.credit_after,
            ])  # fmt: skip
    return file.getvalue()


def file_name(statement: Statement, ending: str) -> str:
    """Such as account-7-2026-01-01-2026-01-31.pdf; in the language of the reader."""
    first, last = statement.first.isoformat(), statement.last.isoformat()
    return f"{_('account')}-{statement.customer.customer_number}-{first}-{last}.{ending}"
