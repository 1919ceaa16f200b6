"""What people are shown of a file before it is read: how it is written, and the first values of each column."""

from __future__ import annotations

import re
from itertools import islice
from typing import Any

from customers.table.headings import stored_problem
from spreadsheets import Cell, Table, UnreadableFile

EXAMPLES, LONGEST, ROWS = 3, 40, 200
"""So many values of each column, at most so long, out of so many rows."""


def look_at(table: Table) -> dict[str, Any]:
    """What the page shows of a file. It is stored with the upload, so that the file is read once."""
    dialect = table.dialect
    examples = _examples(table)
    return {
        "kind": dialect.kind,
        "encoding": dialect.encoding,
        "delimiter": dialect.delimiter,
        "above": dialect.above,
        "sheet": dialect.sheet,
        "sheets": list(dialect.sheets),
        "examples": examples,
        "notices": [stored_problem(problem) for problem in table.notices],
    }


def _examples(table: Table) -> list[list[str]]:
    """The first filled cells of each column."""
    found: list[list[str]] = [[] for _heading in table.headings]
    try:
        for row in islice(table, ROWS):
            for cells, cell in zip(found, row.cells, strict=False):
                if cell not in ("", None) and len(cells) < EXAMPLES:
                    cells.append(_shortened(cell))
    except UnreadableFile:
        pass  # the check will tell; until then another encoding or delimiter can be chosen
    return found


def _shortened(cell: Cell) -> str:
    """As a value in a table of the page, and as the database can store it."""
    text = re.sub("[\0\ud800-\udfff]", "�", str(cell))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
