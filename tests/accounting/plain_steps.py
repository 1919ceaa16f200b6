"""What may happen to the account of a customer. Each step knows by the plain book alone whether it is refused."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounting.choices import AccountKind
from accounting.operations import Part, allocate, correct, open_balance, receive_payment, reverse
from tests.accounting.accounts import key
from tests.accounting.plain_accounts import ZERO, Id
from tests.accounting.plain_history import LIMIT, History


def posting(
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


def pay_certain(one: History) -> None:
    place, name, amount, day = one.somewhere()
    told, parts = _parts(one, name, amount)
    with one.expecting(f"payment {name} {amount} {place} for {parts}", is_refused=False):
        done = receive_payment(customer=one.customers[name].pk, amount=amount, key=key(), business_day=day,
                               parts=told, actor=one.places[place])  # fmt: skip
    one.book.add(done.movement.pk, name, "payment", owed=-amount, place=place, day=day, parts=parts)


def allocate_parts(one: History) -> None:
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


def allocate_too_much(one: History) -> None:
    name = one.luck.choice(list(one.customers))
    payment = one.some(
        [each for each in one.book.payments(name) if each.kind == "payment" and not one.order_of(each.id)]
    )
    item = one.some(one.book.items(name))
    if payment is None or item is None:
        return
    with one.expecting(f"allocate too much of {payment.id}", is_refused=True):
        allocate(payment=payment.id, parts=[Part(item.id, max(-payment.owed, item.owed) + 1)], actor=one.billing)


def begin_balance(one: History) -> None:
    place, name, amount, _day = one.somewhere()
    kind = one.luck.choice([AccountKind.OWED, AccountKind.CREDIT])
    with one.expecting(f"opening {kind} {name} {amount}", is_refused=False):
        done = open_balance(
            customer=one.customers[name].pk, kind=kind, amount=amount, key=key(), actor=one.places[place]
        )
    amounts: dict[str, Any] = {"owed" if kind == AccountKind.OWED else "credit": amount}
    one.book.add(done.movement.pk, name, "opening", **amounts, place=place, day=timezone.localdate())


def change_by_hand(one: History) -> None:
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


def take_back(one: History) -> None:
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
