"""Orders of tills, their invoices and debits, in a random history and in its plain book."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounting.choices import SaleMethod
from accounting.debits.outcomes import collect_debits, return_debit
from accounting.invoicing import cancel_invoice
from accounting.models import DebitItem, Invoice, InvoiceLine, Movement, PaymentOrder
from accounting.operations import (
    cancel_order,
    pay_order,
    pay_out,
    post_order,
    post_sale,
    receive_payment,
    top_up,
    use_credit,
)
from mcp.isolation import row_scope
from tests.accounting import debits
from tests.accounting.accounts import key
from tests.accounting.invoices import issued, line
from tests.accounting.plain_accounts import ZERO
from tests.accounting.plain_history import LIMIT, History, PlainOrder
from tests.accounting.plain_steps import (
    allocate_parts,
    allocate_too_much,
    begin_balance,
    change_by_hand,
    pay_certain,
    posting,
    take_back,
)


def sell(one: History) -> None:
    place, name, amount, day = one.somewhere()
    is_refused = one.book.open_amount(name) + amount > LIMIT
    with one.expecting(f"order {name} {amount} {day} {place}", is_refused=is_refused):
        done = post_order(customer=one.customers[name].pk, method=SaleMethod.ACCOUNT, number=key(), total=amount,
                          lines=[line(str(amount))], key=key(), business_day=day, actor=one.places[place])  # fmt: skip
    if not is_refused:
        sale = done.order.booking_id
        one.orders[done.order.pk] = PlainOrder(done.order.pk, sale, place)
        one.book.add(sale, name, "sale", owed=amount, place=place, day=day)


def pay_sold(one: History) -> None:
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
    order.state, order.payment = "paid", _row_of(one, order).payment_id
    one.book.add(order.payment, sale.customer, "payment", owed=-sale.owed, place=place, day=timezone.localdate(),
                 parts=[(order.sale, sale.owed)])  # fmt: skip


def _row_of(one: History, order: PlainOrder) -> PaymentOrder:
    with row_scope.rows_of(one.billing):
        return PaymentOrder.objects.get(pk=order.pk)


def cancel_sold(one: History) -> None:
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


def bill(one: History) -> None:
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


def cancel_billed(one: History) -> None:
    invoice = one.luck.choice(list(one.invoices)) if one.invoices else None
    if invoice is None:
        return
    orders = [each for each in one.orders.values() if each.invoice == invoice]
    is_refused = not orders or any(of == invoice for of, _amount in one.at_bank.values())
    with one.expecting(f"cancel invoice of {len(orders)}", is_refused=is_refused):
        cancel_invoice(invoice=invoice, reason="x", actor=one.billing)
    for each in () if is_refused else orders:
        each.state, each.invoice = "open", None


def send_debits(one: History) -> None:
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


def collect(one: History) -> None:
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


def send_back(one: History) -> None:
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


def invoices_are_paid_as_items(one: History) -> None:
    with row_scope.rows_of(one.billing):
        # A location that is on its own sees the invoices of the central as well.
        found = Invoice.objects.filter(pk__in=one.invoices, is_cancelled=False)
        rows = dict(found.values_list("pk", "paid"))
    expected = {
        pk: sum((one.book.paid(sale) for sale in sales), ZERO)
        for pk, sales in one.invoices.items()
        if any(each.invoice == pk for each in one.orders.values())
    }
    assert rows == expected, one.told(f"paid: {rows} {expected}")


STEPS = (
    posting("sale", post_sale, owed=1, is_limited=True),
    posting("sale", post_sale, owed=1, is_limited=True),
    posting("payment", receive_payment, owed=-1),
    posting("payment", receive_payment, owed=-1),
    posting("top up", top_up, credit=1),
    posting("use", use_credit, credit=-1),
    posting("pay out", pay_out, credit=-1),
    pay_certain, allocate_parts, allocate_parts, allocate_too_much, begin_balance, change_by_hand, take_back, take_back,
    sell, sell, sell, pay_sold, cancel_sold, bill, bill, bill, bill, cancel_billed, invoices_are_paid_as_items,
    send_debits, send_debits, send_debits, collect, collect, send_back, send_back,
)  # fmt: skip
"""What is done more often stands there more often."""
