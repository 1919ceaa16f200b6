"""What the example till does with accounts of customers: it sells, tops up, pays out, and takes back.

A part of till.py, which calls it; `till` is always its Till.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

BOOKINGS = {
    "top-up": ("credit/top-up", "the customer pays in advance"),
    "use": ("credit/use", "use credit without an order"),
    "pay-out": ("credit/pay-out", "give credit back"),
    "payment": ("account/payments", "receive a payment of what is open"),
}
LATE = ("/orders", *(f"/{path}" for path, _about in BOOKINGS.values()))


def may_be_late(path: str) -> bool:
    """Whether what is sent there has happened, so that it is booked whatever limit it breaks."""
    return path.endswith(LATE)


def describe(commands: Any) -> None:
    """Add what can be typed."""
    sell = commands.add_parser("sell", help="sell on account, or with credit")
    sell.add_argument("customer", help="his number, or $3 for whom place 3 of the queue registers")
    sell.add_argument("lines", nargs="+", metavar="text=amount", help="such as Rolls=4.20")
    sell.add_argument("--credit", action="store_true", help="use credit, and do not put it on account")
    sell.add_argument("--vat", default="7.00", help="in percent, of all lines")
    for name, (_path, about) in BOOKINGS.items():
        booking = commands.add_parser(name, help=about)
        booking.add_argument("customer")
        booking.add_argument("amount")
        booking.add_argument("--document", default="")
    account = commands.add_parser("account", help="balance, limits and open items")
    account.add_argument("customer")
    pay = commands.add_parser("pay", help="have an order paid here")
    pay.add_argument("order", help="its id, or $7 for place 7 of the queue")
    for name, about in (("cancel", "take an order back"), ("reverse", "take a booking back")):
        back = commands.add_parser(name, help=about)
        back.add_argument("order" if name == "cancel" else "movement", help="its id, or $7 for place 7 of the queue")
        back.add_argument("reason")


def amount(text: str) -> str:
    """An amount as the API takes it. Ends the program where it is none."""
    try:
        value = Decimal(text.replace(",", "."))
        if value == value.quantize(Decimal("0.01")):
            return f"{value:.2f}"
    except ArithmeticError:
        pass
    raise SystemExit(f"{text} is no amount: write 12.50.")


def order_of(lines: list[str], *, number: str, method: str, vat: str) -> dict[str, Any]:
    """An order of lines that were typed as text=amount."""
    typed = [text.rpartition("=") for text in lines]
    sold = [
        {"text": text or "?", "quantity": "1", "amount": amount(cost), "vat_rate": amount(vat)}
        for text, _mark, cost in typed
    ]
    total = sum((Decimal(line["amount"]) for line in sold), Decimal(0))
    return {
        "number": number,
        "method": method,
        "total": f"{total:.2f}",
        "lines": sold,
        "business_day": datetime.now().astimezone().date().isoformat(),
        "sold_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def sell(till: Any, typed: argparse.Namespace) -> None:
    """The number of the receipt is used up before anything is sent: killed here, the next one is another."""
    number = str(int(till.known("receipt") or 0) + 1)
    till.know(receipt=number)
    order = order_of(typed.lines, number=number, method="credit" if typed.credit else "account", vat=typed.vat)
    _put(till, f"customers/{typed.customer}/orders", order)


def book(till: Any, typed: argparse.Namespace) -> None:
    path, _about = BOOKINGS[typed.command]
    said = {"amount": amount(typed.amount), "document": typed.document}
    _put(till, f"customers/{typed.customer}/{path}", said)


def pay(till: Any, typed: argparse.Namespace) -> None:
    _put(till, f"orders/{typed.order}/pay", {})


def cancel(till: Any, typed: argparse.Namespace) -> None:
    _put(till, f"orders/{typed.order}/cancel", {"reason": typed.reason})


def reverse(till: Any, typed: argparse.Namespace) -> None:
    _put(till, f"movements/{typed.movement}/reverse", {"reason": typed.reason})


def account(till: Any, typed: argparse.Namespace) -> None:
    said = till.server.ask("GET", f"customers/{typed.customer}/account").body
    till.say(balance(said))
    for one in said["open_items"]:
        till.say(
            f"{one['business_day']} {one['location']['name']}, order {one['number']}: {one['total']} ({one['id']})"
        )


def balance(said: dict[str, Any]) -> str:
    """One line about an account."""
    blocked = " BLOCKED" if said["is_blocked"] else ""
    return (
        f"{said['customer']}: open {said['open_amount']} of {said['credit_limit']} {said['currency']}, "
        f"credit {said['credit']}{blocked}"
    )


def told(said: dict[str, Any]) -> Iterator[str]:
    """What an answer about money means to whoever stands at the till."""
    if "order" in said:
        one = said["order"]
        yield f"Order {one['number']} of {one['total']}: {one['state']} ({one['id']})."
    elif "movement" in said:
        one = said["movement"]
        yield f"Booked: {one['kind']} {one['amount']} ({one['id']})."
    else:
        return
    broken = one.get("exceptions", []) + said.get("exceptions", [])
    if broken:
        yield f"Booked although it breaks a rule: {', '.join(broken)}. People decide about it."
    yield from said["warnings"]
    if said.get("account"):
        yield balance(said["account"])


def _put(till: Any, path: str, body: dict[str, Any]) -> None:
    place = till.put("POST", path, body)
    if not till.send(fresh=place):
        till.say(f"It is place {place} of the queue.")


COMMANDS: dict[str, Callable[[Any, argparse.Namespace], object]] = {
    "sell": sell, "account": account, "pay": pay, "cancel": cancel, "reverse": reverse,
    **dict.fromkeys(BOOKINGS, book),
}  # fmt: skip
