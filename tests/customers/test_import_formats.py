"""The same table brings the same customers in whatever format it comes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.db.models import F

from customers.models import Customer
from mcp.isolation.scope import Scope
from spreadsheets import Cell, open_table
from tests.customers.transfer import DATA, reasons, take_in
from tests.spreadsheets.tables import written

FILES = sorted([*(DATA / "systems").glob("*.csv"), *(DATA / "foreign").glob("*.csv"), DATA / "northwind_customers.csv"])
LEFT_OUT = {"id", "uid", "customer_number", "customer_group_id", "created_at", "changed_at"}

type Rows = list[Sequence[Cell]]


def as_workbook(headings: Sequence[str], rows: Rows) -> bytes:
    return written(headings, rows, profile="xlsx")


def as_json_lines(headings: Sequence[str], rows: Rows) -> bytes:
    """Without what is empty; so each key first comes in the row that fills it, unless the first row is complete."""
    complete: Rows = [[str(cell) for cell in row] for row in rows]
    first = dict(zip(headings, complete[0], strict=True))
    others = ({key: cell for key, cell in zip(headings, row, strict=True) if cell} for row in complete[1:])
    return b"".join(json.dumps(one).encode() + b"\n" for one in (first, *others))


@pytest.fixture
def anna(cast: Any) -> Scope:
    scope: Scope = cast.scope("anna", "Zentrale")
    return scope


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.parametrize(("name", "convert"), [("a.xlsx", as_workbook), ("a.jsonl", as_json_lines)])
def test_the_same_table_brings_the_same_customers(
    anna: Scope, path: Path, name: str, convert: Callable[[Sequence[str], Rows], bytes]
) -> None:
    content = path.read_bytes()
    with open_table(io.BytesIO(content), name=path.name) as table:
        headings, rows = table.headings, [row.cells for row in table]
    assert _brought(anna, convert(headings, [*rows]), name=name) == _brought(anna, content, name=path.name)


def _brought(anna: Scope, content: bytes, *, name: str) -> tuple[Any, ...]:
    with transaction.atomic():
        outcome = take_in(anna, content, name=name)
        customers = [
            {key: value for key, value in one.items() if key not in LEFT_OUT}
            for one in Customer.objects.order_by("customer_number").annotate(group=F("customer_group__name")).values()
        ]
        transaction.set_rollback(True)
    return outcome.counts(), [one[1:] for one in reasons(outcome)], customers


def test_json_lines_bring_what_a_plain_reading_finds(anna: Scope) -> None:
    """Each value comes from a line of its own, the keys in another order each time."""
    fields = {"Name": "last_name", "Vorname": "first_name", "Ort": "city", "Straße": "street", "Firma": "company"}
    headings = list(fields)
    lines = [
        {heading: f"{heading} {at}" for heading in headings[at % 5 :] + headings[: at % 3] if (at + len(heading)) % 4}
        for at in range(40)
    ]
    outcome = take_in(anna, b"".join(json.dumps(one).encode() + b"\n" for one in lines), name="a.jsonl")
    named = [one for one in lines if one.keys() & {"Name", "Vorname", "Firma"}]
    assert outcome.counts() == {
        "read": len(lines), "created": len(named), "changed": 0, "unchanged": 0, "rejected": len(lines) - len(named)
    }  # fmt: skip
    found = Customer.objects.order_by("customer_number").values_list(*fields.values())
    assert list(found) == [tuple(one.get(heading, "") for heading in headings) for one in named]
