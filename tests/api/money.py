"""What tests of money at the API send, and what they read of an answer."""

from __future__ import annotations

from itertools import count
from typing import Any

from locations.permissions import Right
from tests.api.asking import Till

MONEY = (
    Right.VIEW_CUSTOMERS, Right.SEE_ACCOUNTS, Right.POST_TO_ACCOUNTS, Right.TOP_UP_CREDIT, Right.PAY_OUT_CREDIT,
    Right.RECEIVE_PAYMENTS, Right.CORRECT_ACCOUNTS,
)  # fmt: skip
_numbers = count(1)


def line(amount: str, text: str = "Brötchen", **more: Any) -> dict[str, Any]:
    return {"text": text, "quantity": "1", "amount": amount, "vat_rate": "7.00", **more}


def order(*amounts: str, total: str | None = None, **more: Any) -> dict[str, Any]:
    """An order of lines of these amounts, with a number that nobody has used."""
    lines = [line(amount) for amount in amounts]
    one = {"number": f"Bon {next(_numbers)}", "method": "account", "total": total or amounts[0], "lines": lines}
    return {**one, **more}


def sold(till: Till, number: int, amount: str, /, **more: Any) -> dict[str, Any]:
    """What was answered to a sale that goes through."""
    answer = till.post(f"customers/{number}/orders", order(amount, **more))
    assert answer.status_code == 201, answer.content
    found: dict[str, Any] = answer.json()
    return found


def balances(till: Till, number: int) -> tuple[str, str]:
    """What the customer owes, and his credit."""
    said = till.get(f"customers/{number}/account").json()
    return said["open_amount"], said["credit"]
