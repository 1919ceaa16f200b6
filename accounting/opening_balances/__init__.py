"""Opening balances come from a file: read, checked, proven by its totals, booked at once, and undone at once.

made = check_balances(file_name="salden.csv", content=file, actor=scope)
made.customers, made.owed_total, made.credit_total, made.rejected
book_balances(balances=made.pk, owed_total=…, credit_total=…, actor=scope)
undo_balances(balances=made.pk, reason="Wrong year", actor=scope)
"""

from accounting.opening_balances.reading import MOST_ROWS, REJECTIONS
from accounting.opening_balances.taking_in import (
    BalancesChanged,
    OtherTotals,
    StillUsed,
    book_balances,
    check_balances,
    discard_balances,
    undo_balances,
)

__all__ = [
    "MOST_ROWS", "REJECTIONS", "BalancesChanged", "OtherTotals", "StillUsed", "book_balances", "check_balances",
    "discard_balances", "undo_balances",
]  # fmt: skip
