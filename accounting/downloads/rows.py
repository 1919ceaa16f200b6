"""The statements of the tables that can be downloaded: querysets, narrowed as the pages of the same rows are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db.models import Case, DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, TextField, Value, When
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.utils.dateparse import parse_date

from accounting.amounts import ZERO
from accounting.balances import end_of, ledger_before, ledger_of, start_of
from accounting.choices import AccountKind, AgeClass, MovementKind
from accounting.models import (
    Allocation,
    BankEntry,
    DebitItem,
    DunningNotice,
    Invoice,
    InvoiceLine,
    Ledger,
    Movement,
)
from accounting.models.ledgers import OF_ALL
from accounting.overview import Question
from accounting.overview.statements import items, per_customer_all
from accounting.owners import is_branch, owners_of
from customers.exports import Statement
from mcp.isolation.scope import Scope

type Asked = Mapping[str, str]
FIRST, LAST, OF = "first", "last", "of"
"""The first and the last day of a period, and the id of the thing whose rows are asked for."""
IN, BEFORE = "in", "before"
"""Out of which ledger: that of now, or with in=before the one of before a switch of accounts."""
AMOUNT: DecimalField[Any, Any] = DecimalField(max_digits=14, decimal_places=2)
_LONG_AGO, _FAR_AWAY = date(1900, 1, 1), date(9998, 12, 31)


def statement_of(rows: QuerySet[Any], *columns: Any) -> Statement:
    """The statement that gives these columns of the rows."""
    try:
        return rows.values_list(*columns).query.sql_with_params()
    except EmptyResultSet:  # nothing can be there, as where no ledger was opened yet
        return nothing(len(columns))


def nothing(columns: int) -> Statement:
    """The statement that gives no row of so many columns."""
    return f"SELECT {', '.join(f'NULL AS c{at}' for at in range(columns))} WHERE false", ()


def name_of(customer: str) -> Any:
    """The name of the customer to whom this path of references leads, or his company."""
    person = Concat(F(f"{customer}__first_name"), Value(" "), F(f"{customer}__last_name"), output_field=TextField())
    return Coalesce(NullIf(Trim(person), Value("")), F(f"{customer}__company"), output_field=TextField())


def period(asked: Asked) -> tuple[date, date]:
    """The days that were asked for; what is no day narrows nothing."""
    return _day(asked.get(FIRST)) or _LONG_AGO, _day(asked.get(LAST)) or _FAR_AWAY


def _day(text: str | None) -> date | None:
    try:
        found = parse_date(text or "")
    except ValueError:
        return None
    return found if found is not None and _LONG_AGO <= found <= _FAR_AWAY else None


def _thing(asked: Asked) -> UUID:
    """The id that was asked for; one that nothing has where it is none."""
    try:
        return UUID(asked.get(OF, ""))
    except ValueError:
        return UUID(int=0)


def ledger_asked(scope: Scope, asked: Asked) -> Ledger | None:
    """The ledger whose rows are asked for; None where there is none."""
    return ledger_before(scope) if asked.get(IN) == BEFORE else ledger_of(scope)


def question(scope: Scope, asked: Asked, ledger: Ledger) -> Question:
    """The question of the page of open items whose address has these parameters."""
    numbers: dict[str, Any] = {
        name: int(asked[name]) if asked.get(name, "").isdecimal() and len(asked[name]) < 16 else None
        for name in ("location", "group", "company", "customer")
    }
    age = asked.get("age", "")
    age = age if age in AgeClass.values else ""
    return Question.of(actor=scope, day=_day(asked.get("day")), ledger=ledger, age=age, **numbers)


def _home(scope: Scope, ledger: Ledger | None, *customers: str) -> Q:
    """At a branch, of a ledger that is shared with the central: rows of customers who are registered there."""
    if not is_branch(scope) or (ledger is not None and ledger.owner_key != OF_ALL):
        return Q()
    found = Q()
    for customer in customers:
        found |= Q(**{f"{customer}__home_location": scope.location})
    return found


def overview(scope: Scope, asked: Asked) -> Statement:
    ledger = ledger_asked(scope, asked)
    if ledger is None:
        return nothing(3 + len(AgeClass))
    one = question(scope, asked, ledger)
    return per_customer_all(items(one.parameters, is_of_now=one.is_of_now)), one.parameters


def open_items(scope: Scope, asked: Asked) -> Statement:
    ledger = ledger_asked(scope, asked)
    if ledger is None:
        return nothing(10)
    one = question(scope, asked, ledger)
    sql = items(one.parameters, is_of_now=one.is_of_now)
    return (
        f"""SELECT item.number, coalesce(
                nullif(concat_ws(' ', nullif(whose.last_name, ''), nullif(whose.first_name, '')), ''), whose.company
            ), movement.kind, movement.document, place.name, item.business_day, item.due,
            item.age, movement.amount, item.rest
        FROM ({sql}) AS item
        JOIN accounting_movement AS movement ON movement.id = item.movement_id AND movement.base_id = %(base)s
        LEFT JOIN customers_customer AS whose ON whose.id = item.customer_id AND whose.base_id = %(base)s
        JOIN locations_location AS place ON place.id = item.location_id
        ORDER BY item.number, item.due, item.movement_id""",
        one.parameters,
    )


def movements(scope: Scope, asked: Asked) -> Statement:
    (first, last), ledger = period(asked), ledger_asked(scope, asked)
    found = Movement.objects.in_base(scope.base).filter(
        _home(scope, ledger, "debit__customer", "credit__customer"), ledger=ledger,
        posted_at__gte=start_of(first), posted_at__lte=end_of(last),
    )  # fmt: skip
    number = Coalesce("debit__customer__customer_number", "credit__customer__customer_number")
    name = Coalesce(name_of("debit__customer"), name_of("credit__customer"))
    return statement_of(
        found.order_by("posted_at", "pk"), "posted_at", "business_day", "kind", number, name, "document", "reason",
        "location__name", "debit__kind", "credit__kind", "amount", "user_name",
    )  # fmt: skip


def payments(scope: Scope, asked: Asked) -> Statement:
    """Payments that stand, with how much of each pays an item."""
    (first, last), ledger = period(asked), ledger_asked(scope, asked)
    back = Movement.objects.in_base(scope.base).filter(reverses__isnull=False).values("reverses")
    found = Movement.objects.in_base(scope.base).filter(
        _home(scope, ledger, "credit__customer"), ledger=ledger, kind=MovementKind.PAYMENT,
        credit__kind=AccountKind.OWED, posted_at__gte=start_of(first), posted_at__lte=end_of(last),
    ).exclude(pk__in=back)  # fmt: skip
    parts = Allocation.objects.filter(base=scope.base, payment=OuterRef("pk")).order_by().values("payment")
    used = Coalesce(Subquery(parts.values(of_payment=Sum("amount"))), ZERO, output_field=AMOUNT)
    return statement_of(
        found.annotate(used=used).order_by("posted_at", "pk"), "posted_at", "business_day",
        F("credit__customer__customer_number"), name_of("credit__customer"), "document", "location__name", "amount",
        "used", F("amount") - F("used"),
    )  # fmt: skip


def allocations(scope: Scope, asked: Asked) -> Statement:
    (first, last), ledger = period(asked), ledger_asked(scope, asked)
    found = Allocation.objects.filter(
        _home(scope, ledger, "account__customer"), base=scope.base, ledger=ledger,
        created_at__gte=start_of(first), created_at__lte=end_of(last),
    )  # fmt: skip
    return statement_of(
        found.order_by("created_at", "pk"), "created_at", "account__customer__customer_number",
        name_of("account__customer"), "payment__kind", "payment__document", "payment__business_day", "item__kind",
        "item__document", "item__business_day", "is_chosen", "amount", "user_name",
    )  # fmt: skip


def invoices(scope: Scope, asked: Asked) -> Statement:
    (first, last), ledger = period(asked), ledger_asked(scope, asked)
    found = Invoice.objects.in_base(scope.base).filter(
        _home(scope, ledger, "customer"), ledger=ledger, issued_on__range=(first, last)
    )
    return statement_of(
        found.order_by("issued_on", "number", "pk"), "number", "kind", "cancels__number", "customer__customer_number",
        "buyer_data", "issued_on", "due_on", "delivered_from", "delivered_until", "net", "tax", "gross", "paid",
        "state", "currency",
    )  # fmt: skip


def invoice_lines(scope: Scope, asked: Asked) -> Statement:
    (first, last), ledger = period(asked), ledger_asked(scope, asked)
    found = InvoiceLine.objects.filter(
        _home(scope, ledger, "invoice__customer"), base=scope.base, invoice__ledger=ledger,
        invoice__issued_on__range=(first, last),
    )  # fmt: skip
    return statement_of(
        found.order_by("invoice__issued_on", "invoice__number", "position"), "invoice__number", "invoice__kind",
        "invoice__customer__customer_number", "invoice__buyer_data", "position", "business_day", "location_name",
        "order_number", "member_name", "text", "quantity", "vat_rate", "net", "gross",
    )  # fmt: skip


def debits(scope: Scope, asked: Asked) -> Statement:
    """Of a file that was made here; at a branch for which the central debits there is none."""
    found = DebitItem.objects.in_base(scope.base).filter(file=_thing(asked), owner_key__in=owners_of(scope).billed)
    return statement_of(
        found.order_by("position", "pk"), "position", "end_to_end_id", "customer__customer_number",
        name_of("customer"), "invoice__number", "mandate_reference", "signed_on", "announced_on", "amount", "state",
        "left_out", "return_code", "returned_on", "charges",
    )  # fmt: skip


def bank_entries(scope: Scope, asked: Asked) -> Statement:
    first, last = period(asked)
    found = BankEntry.objects.in_base(scope.base).filter(
        owner_key__in=owners_of(scope).all, booked_on__range=(first, last)
    )
    signed = Case(When(direction="debit", then=-F("amount")), default=F("amount"))
    return statement_of(
        found.order_by("booked_on", "statement", "position"), "statement__account__name", "booked_on", "valued_on",
        "counterparty_name", "purpose", signed, "state", "note", "decided_by",
    )  # fmt: skip


def reminders(scope: Scope, asked: Asked) -> Statement:
    """Of a run that was made here; at a branch for which the central reminds there is none."""
    found = DunningNotice.objects.filter(base=scope.base, run=_thing(asked), owner_key__in=owners_of(scope).billed)
    return statement_of(
        found.order_by("customer__customer_number", "invoice__number"), "customer__customer_number",
        name_of("customer"), "invoice__number", "level", "amount", "fee", "pay_until", "state", "left_out",
    )  # fmt: skip
