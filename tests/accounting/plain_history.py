"""Random histories of accounts, done by the operations and written into a PlainBook beside them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone

from accounting.balances import balance_at, standing
from accounting.choices import AccountKind, SaleMethod
from accounting.debits.outcomes import collect_debits, return_debit
from accounting.invoicing.cancelling import cancel_invoice
from accounting.models import DebitItem, Invoice, InvoiceLine, Movement, PaymentOrder
from accounting.open_items import open_items
from accounting.operations import (
    Part,
    allocate,
    cancel_order,
    correct,
    open_balance,
    pay_order,
    pay_out,
    post_order,
    post_sale,
    receive_payment,
    reverse,
    top_up,
    use_credit,
)
from customers.models import Customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting import debits
from tests.accounting.accounts import key
from tests.accounting.invoices import issued, line
from tests.accounting.plain_accounts import ZERO, Id, PlainBook, PlainMovement

LIMIT = Decimal(150)


@dataclass
class PlainOrder:
    """An order of a till: its sale, and what has become of it."""

    pk: Any
    sale: Id
    place: str
    state: str = "open"
    payment: Id = None
    invoice: Any = None


@dataclass
class History:
    """What happens at some places with some customers. `billing` is where invoices are made."""

    places: dict[str, Scope]
    customers: dict[str, Customer]
    billing: Scope
    luck: random.Random
    book: PlainBook = field(default_factory=PlainBook)
    orders: dict[Any, PlainOrder] = field(default_factory=dict)
    invoices: dict[Any, list[Id]] = field(default_factory=dict)
    at_bank: dict[Any, tuple[Any, Decimal]] = field(default_factory=dict)
    """Debits that are at the bank, with their invoices and amounts."""
    collected: dict[Id, Any] = field(default_factory=dict)
    """By their payments the debits that were collected."""
    debtors: tuple[str, ...] = ()
    """Who has signed a mandate."""
    done: list[str] = field(default_factory=list)
    moments: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)

    def go_on(self, steps: int) -> None:
        """Do so many things; whatever is refused by the plain book is refused by the operations, and else nothing is."""
        for _step in range(steps):
            self.luck.choice(STEPS)(self)
            self.compare()

    # What there is.

    def somewhere(self) -> tuple[str, str, Decimal, date]:
        cents = self.luck.choice([100, 250, 1000, 1000, 1999, 3333, 7050, 1])
        day = timezone.localdate() - timedelta(days=self.luck.choice([0, 0, 1, 5, 20, 40, 80, 120]))
        name = self.luck.choice(list(self.customers))
        return self.luck.choice(list(self.places)), name, Decimal(cents) / 100, day

    def some(self, movements: list[PlainMovement]) -> PlainMovement | None:
        return self.luck.choice(movements) if movements else None

    def order_of(self, movement: Id) -> PlainOrder | None:
        return next((one for one in self.orders.values() if movement in (one.sale, one.payment)), None)

    # Doing something in both.

    @contextmanager
    def expecting(self, what: str, *, is_refused: bool) -> Iterator[None]:
        """What is done in here is refused, or not; where it is, nothing of it is done."""
        self.done.append(what + (" (refused)" if is_refused else ""))
        try:
            with transaction.atomic():
                yield
        except ValidationError as refused:
            assert is_refused, self.told(f"refused: {refused.messages}")
        else:
            assert not is_refused, self.told("was not refused")

    def told(self, what: str) -> str:
        return "\n".join([*self.done, what])

    def compare(self) -> None:
        """Both say the same now."""
        found = {name: self.stands(name) for name in self.customers}
        expected = {name: self.plain(name) for name in self.customers}
        assert found == expected, self.told(f"{found}\n{expected}")
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            self.moments.append((cursor.fetchone()[0], expected))

    def plain(self, name: str) -> tuple[Decimal, Decimal, list[tuple[Id, Decimal]]]:
        return self.book.open_amount(name), self.book.credit(name), list(self.book.rests(name).items())

    def stands(self, name: str, at: datetime | None = None) -> tuple[Decimal, Decimal, list[tuple[Id, Decimal]]]:
        with row_scope.rows_of(self.billing):
            now = standing(self.customers[name], self.billing)
            assert now
            items = open_items(now.owed, at=at)
            amounts = (now.open_amount, now.credit_amount)
            if at:
                amounts = (-balance_at(now.owed, at) + ZERO, balance_at(now.credit, at))
        return *amounts, [(one.movement.pk, one.rest) for one in items.items]


# What may happen. Each decides by the plain book alone whether it will be refused.


def _posting(
    kind: str, call: Callable[..., Any], *, owed: int = 0, credit: int = 0, is_limited: bool = False
) -> Callable[[History], None]:
    def step(one: History) -> None:
        place, name, amount, day = one.somewhere()
        is_refused = one.book.credit(name) + credit * amount < 0
        is_refused |= is_limited and one.book.open_amount(name) + owed * amount > LIMIT
        with one.expecting(f"{kind} {name} {amount} {day} {place}", is_refused=is_refused):
            done = call(customer=one.customers[name].pk, amount=amount, key=key(), business_day=day,
                        actor=one.places[place])  # fmt: skip
        if not is_refused:
            one.book.add(done.movement.pk, name, kind, owed=owed * amount, credit=credit * amount, place=place, day=day)

    return step


def _parts(one: History, name: str, amount: Decimal) -> tuple[list[Part], list[tuple[Id, Decimal | None]]]:
    """Some items for a payment, which they take no more from than it has."""
    items = one.book.items(name)
    parts, left = [], amount
    for item in one.luck.sample(items, min(len(items), one.luck.randint(0, 3))):
        free = item.owed - one.book.paid(item.id, chosen=True)
        wanted = one.luck.choice([None, min(free, left), min(free, left, Decimal("0.50"))])
        taken = min(free, left) if wanted is None else wanted
        if taken > 0:
            left -= taken
            parts.append((item.id, wanted))
    return [Part(item, wanted) for item, wanted in parts], parts


def _pay_certain(one: History) -> None:
    place, name, amount, day = one.somewhere()
    told, parts = _parts(one, name, amount)
    with one.expecting(f"payment {name} {amount} {place} for {parts}", is_refused=False):
        done = receive_payment(customer=one.customers[name].pk, amount=amount, key=key(), business_day=day,
                               parts=told, actor=one.places[place])  # fmt: skip
    one.book.add(done.movement.pk, name, "payment", owed=-amount, place=place, day=day, parts=parts)


def _allocate(one: History) -> None:
    name = one.luck.choice(list(one.customers))
    payment = one.some(
        [each for each in one.book.payments(name) if each.kind == "payment" and not one.order_of(each.id)]
    )
    if payment is None:
        return
    mine = [row for row in one.book.allocations if row.payment == payment.id]
    one.book.allocations = [row for row in one.book.allocations if row not in mine]
    told, parts = _parts(one, name, -payment.owed)
    one.book.allocations += mine
    with one.expecting(f"allocate {payment.id} {-payment.owed} to {parts}", is_refused=False):
        allocate(payment=payment.id, parts=told, actor=one.billing)
    one.book.allocate(payment.id, parts)


def _allocate_too_much(one: History) -> None:
    name = one.luck.choice(list(one.customers))
    payment = one.some(
        [each for each in one.book.payments(name) if each.kind == "payment" and not one.order_of(each.id)]
    )
    item = one.some(one.book.items(name))
    if payment is None or item is None:
        return
    with one.expecting(f"allocate too much of {payment.id}", is_refused=True):
        allocate(payment=payment.id, parts=[Part(item.id, max(-payment.owed, item.owed) + 1)], actor=one.billing)


def _open(one: History) -> None:
    place, name, amount, _day = one.somewhere()
    kind = one.luck.choice([AccountKind.OWED, AccountKind.CREDIT])
    with one.expecting(f"opening {kind} {name} {amount}", is_refused=False):
        done = open_balance(
            customer=one.customers[name].pk, kind=kind, amount=amount, key=key(), actor=one.places[place]
        )
    is_owed = kind == AccountKind.OWED
    one.book.add(done.movement.pk, name, "opening", owed=amount if is_owed else ZERO, credit=ZERO if is_owed else amount,
                 place=place, day=timezone.localdate())  # fmt: skip


def _correct(one: History) -> None:
    place, name, amount, _day = one.somewhere()
    kind, in_favour = one.luck.choice([AccountKind.OWED, AccountKind.CREDIT]), one.luck.random() < 0.5
    sign = 1 if in_favour else -1
    owed, credit = (-sign * amount, ZERO) if kind == AccountKind.OWED else (ZERO, sign * amount)
    is_refused = one.book.credit(name) + credit < 0
    with one.expecting(f"correct {kind} {name} {sign * amount}", is_refused=is_refused):
        done = correct(customer=one.customers[name].pk, kind=kind, is_in_favour=in_favour, amount=amount, reason="x",
                       key=key(), actor=one.places[place])  # fmt: skip
    if not is_refused:
        one.book.add(done.movement.pk, name, "correction", owed=owed, credit=credit, place=place,
                     day=timezone.localdate())  # fmt: skip


def _reverse(one: History) -> None:
    wrong = one.some([each for each in one.book.movements.values() if each.reverses is None])
    if wrong is None:
        return
    order = one.order_of(wrong.id)
    is_refused = wrong.is_reversed or one.book.credit(wrong.customer) - wrong.credit < 0
    is_refused |= order is not None and wrong.id == order.sale and order.state in ("paid", "invoiced")
    place = one.luck.choice(list(one.places))
    with one.expecting(f"reverse {wrong.kind} {wrong.id} at {place}", is_refused=is_refused):
        done = reverse(movement=wrong.id, reason="x", key=key(), actor=one.places[place])
    if is_refused:
        return
    one.book.reverse(wrong.id, done.movement.pk, place=place, day=timezone.localdate())
    one.collected.pop(wrong.id, None)
    if order:
        order.state = "cancelled" if wrong.id == order.sale else "open"
        order.payment = None


def _order(one: History) -> None:
    place, name, amount, day = one.somewhere()
    is_refused = one.book.open_amount(name) + amount > LIMIT
    with one.expecting(f"order {name} {amount} {day} {place}", is_refused=is_refused):
        done = post_order(customer=one.customers[name].pk, method=SaleMethod.ACCOUNT, number=key(), total=amount,
                          lines=[line(str(amount))], key=key(), business_day=day, actor=one.places[place])  # fmt: skip
    if not is_refused:
        sale = done.order.booking_id
        one.orders[done.order.pk] = PlainOrder(done.order.pk, sale, place)
        one.book.add(sale, name, "sale", owed=amount, place=place, day=day)


def _pay_order(one: History) -> None:
    order = one.luck.choice(list(one.orders.values())) if one.orders else None
    if order is None:
        return
    place = one.luck.choice(list(one.places))
    is_refused = order.state != "open" or one.book.paid(order.sale, chosen=True) > 0
    with one.expecting(f"pay order {order.sale} at {place}", is_refused=is_refused):
        pay_order(order=order.pk, key=key(), actor=one.places[place])
    if is_refused:
        return
    sale = one.book.movements[order.sale]
    order.state, order.payment = "paid", _of_order(one, order).payment_id
    one.book.add(order.payment, sale.customer, "payment", owed=-sale.owed, place=place, day=timezone.localdate(),
                 parts=[(order.sale, sale.owed)])  # fmt: skip


def _of_order(one: History, order: PlainOrder) -> PaymentOrder:
    with row_scope.rows_of(one.billing):
        return PaymentOrder.objects.get(pk=order.pk)


def _cancel_order(one: History) -> None:
    order = one.luck.choice(list(one.orders.values())) if one.orders else None
    if order is None:
        return
    place = one.luck.choice(list(one.places))
    is_refused = order.state not in ("open", "paid") or order.place != place
    is_refused |= order.payment is not None and one.book.movements[order.payment].place != place
    with one.expecting(f"cancel order {order.sale} at {place}", is_refused=is_refused):
        cancel_order(order=order.pk, reason="x", key=key(), actor=one.places[place])
    if is_refused:
        return
    for wrong in (order.payment, order.sale):
        if wrong is not None:
            one.book.reverse(wrong, ("reversal of", wrong), place=place, day=timezone.localdate())
    order.state, order.payment = "cancelled", None


def _bill(one: History) -> None:
    waiting = {each.sale: each for each in one.orders.values() if each.state == "open"}
    if not waiting:
        return
    one.done.append("bill")
    for invoice in issued(one.billing):
        with row_scope.rows_of(one.billing):
            rows = InvoiceLine.objects.filter(invoice=invoice).values_list("order", flat=True)
            orders = [one.orders[pk] for pk in rows]
        one.invoices[invoice.pk] = [each.sale for each in orders]
        for each in orders:
            assert waiting.pop(each.sale), one.told("twice on an invoice")
            each.state, each.invoice = "invoiced", invoice.pk
        assert invoice.gross == sum(one.book.movements[each.sale].owed for each in orders), one.told(
            "sum of an invoice"
        )
    assert not waiting, one.told(f"left out: {waiting}")


def _cancel_invoice(one: History) -> None:
    invoice = one.luck.choice(list(one.invoices)) if one.invoices else None
    if invoice is None:
        return
    orders = [each for each in one.orders.values() if each.invoice == invoice]
    is_refused = not orders or any(of == invoice for of, _amount in one.at_bank.values())
    with one.expecting(f"cancel invoice of {len(orders)}", is_refused=is_refused):
        cancel_invoice(invoice=invoice, reason="x", actor=one.billing)
    for each in () if is_refused else orders:
        each.state, each.invoice = "open", None


def _debit(one: History) -> None:
    """A file with all that is due of whoever has signed, and is not at the bank yet."""
    due = {}
    for invoice, sales in one.invoices.items():
        is_standing = any(each.invoice == invoice for each in one.orders.values())
        rest = sum((one.book.rest(one.book.movements[sale]) for sale in sales), ZERO)
        if is_standing and rest and one.book.movements[sales[0]].customer in one.debtors:
            due[invoice] = rest
    for invoice, _amount in one.at_bank.values():
        due.pop(invoice, None)
    if not due:
        return
    one.done.append(f"debit {due}")
    made = debits.made(one.billing)
    found = {each.invoice_id: each for each in debits.debits(one.billing, made) if each.state != "left_out"}
    assert {pk: each.amount for pk, each in found.items()} == due, one.told(f"debited: {found}")
    one.at_bank |= {each.pk: (pk, each.amount) for pk, each in found.items()}


def _collect(one: History) -> None:
    if not one.at_bank:
        return
    debit = one.luck.choice(list(one.at_bank))
    invoice, amount = one.at_bank.pop(debit)
    one.done.append(f"collect {amount} of {invoice}")
    with row_scope.rows_of(one.billing):
        file = DebitItem.objects.get(pk=debit).file_id
    collect_debits(file=file, on=timezone.localdate(), items=[debit], actor=one.billing)
    with row_scope.rows_of(one.billing):
        payment = DebitItem.objects.get(pk=debit).payment_id
    sales = sorted(one.invoices[invoice], key=list(one.book.movements).index)
    customer = one.book.movements[sales[0]].customer
    one.collected[payment] = debit
    one.book.add(payment, customer, "debit", owed=-amount, place="Zentrale", day=timezone.localdate(),
                 parts=[(sale, None) for sale in sales])  # fmt: skip


def _send_back(one: History) -> None:
    """A debit is returned, collected or not; sometimes the customer owes the charges."""
    debit = one.luck.choice([*one.at_bank, *one.collected.values(), None])
    if debit is None:
        return
    charges, is_charged = one.luck.choice([(ZERO, False), (Decimal("3.00"), False), (Decimal("3.00"), True)])
    payment = next((pk for pk, each in one.collected.items() if each == debit), None)
    one.done.append(f"return {debit} {charges if is_charged else ''}")
    return_debit(debit=debit, code="AM04", on=timezone.localdate(), charges=charges, is_charged=is_charged,
                 actor=one.billing)  # fmt: skip
    sale = one.invoices[_invoice_of(one, debit)][0]
    customer = one.book.movements[sale].customer
    if payment is not None:
        one.book.reverse(payment, ("return of", payment), place="Zentrale", day=timezone.localdate())
        del one.collected[payment]
    one.at_bank.pop(debit, None)
    if charges and is_charged:
        _take_over_charges(one, customer, charges)


def _invoice_of(one: History, debit: Any) -> Any:
    with row_scope.rows_of(one.billing):
        return DebitItem.objects.get(pk=debit).invoice_id


def _take_over_charges(one: History, customer: str, charges: Decimal) -> None:
    with row_scope.rows_of(one.billing):
        found = Movement.objects.filter(kind="correction", debit__customer=one.customers[customer])
        made = found.order_by("-posted_at", "-pk")[0]
    one.book.add(made.pk, customer, "correction", owed=charges, place="Zentrale", day=timezone.localdate())


def _invoices_are_paid_as_items(one: History) -> None:
    with row_scope.rows_of(one.billing):
        rows = dict(Invoice.objects.filter(kind="invoice", is_cancelled=False).values_list("pk", "paid"))
    expected = {
        pk: sum((one.book.paid(sale) for sale in sales), ZERO)
        for pk, sales in one.invoices.items()
        if any(each.invoice == pk for each in one.orders.values())
    }
    assert rows == expected, one.told(f"paid: {rows} {expected}")


STEPS: list[Callable[[History], None]] = [
    _posting("sale", post_sale, owed=1, is_limited=True),
    _posting("sale", post_sale, owed=1, is_limited=True),
    _posting("payment", receive_payment, owed=-1),
    _posting("payment", receive_payment, owed=-1),
    _posting("top up", top_up, credit=1),
    _posting("use", use_credit, credit=-1),
    _posting("pay out", pay_out, credit=-1),
    _pay_certain, _allocate, _allocate, _allocate_too_much, _open, _correct, _reverse, _reverse,
    _order, _order, _order, _pay_order, _cancel_order, _bill, _cancel_invoice, _invoices_are_paid_as_items,
    _bill, _bill, _bill, _debit, _debit, _debit, _collect, _collect, _send_back, _send_back,
]  # fmt: skip
