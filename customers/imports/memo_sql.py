"""The memo that an import would leave, as SQL about a row r and the customer k that it means.

Answers that have no field of their own stand as labelled lines at its end (see customers/table/memo_notes.py).
"""

from __future__ import annotations

from customers.models import NOTES
from customers.table.memo_notes import LABELS


def _written(old: str, body: str) -> str:
    return f"customers_memo({old}, {body}, ARRAY[{', '.join(f'r.{name}' for name in NOTES)}])"


_ANSWERS = [f"'[{label}: ' || nullif(r.{name}, '') || ']'" for name, label in zip(NOTES, LABELS, strict=True)]
_QUICK = f"concat_ws(E'\\n', {', '.join(["nullif(r.memo, '')", *_ANSWERS])})"
OF_NEW = f"CASE WHEN right(r.memo, 1) = ']' THEN {_written('NULL', 'r.memo')} ELSE {_QUICK} END"
"""Put together here where nothing in the memo looks like an answer, which is nearly always and quicker."""
OVERWRITTEN = f"CASE WHEN k.memo = {OF_NEW} THEN k.memo ELSE {_written('k.memo', 'r.memo')} END"
_PART = "(customers_memo_parts(k.memo))"
_FREE = ", ".join(f"CASE WHEN {_PART}[{at}] = '' THEN r.{name} END" for at, name in enumerate(NOTES, start=2))
FILLED = f"customers_memo(k.memo, CASE WHEN {_PART}[1] = '' THEN r.memo END, ARRAY[{_FREE}])"
"""Each of its parts where it is empty."""
