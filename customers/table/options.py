"""How a file is to be read: what cannot be told from one cell alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal

from spreadsheets import Cell, Limits

NULL = "NULL"
LIMITS = Limits(file_bytes=1024**3)
"""The largest file that is taken: ten million customers or so."""

UNSAID = "cells"
"""The column of the staged rows that names what a row does not say, though its file could: it stays as it is."""

type Several = Literal["", "one", "first"]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Choices for a whole file. None leaves a cell that can be read in two ways to be rejected."""

    decimal_comma: bool | None = None
    day_first: bool | None = None
    null_is_empty: bool = False
    """Whether the text NULL, as databases write it, means an empty cell."""
    accept_doubts: bool = False
    """Whether values that look damaged (see spreadsheets.DOUBTS) are taken as they stand."""
    several: Several = ""
    """Several columns for one field: not at all; where a row fills one of them only; or the first that is filled."""
    leave_unreadable: bool = False
    """Whether a customer is taken without the values that cannot be read, instead of being rejected."""


def cell_text(cell: Cell, reading: Reading) -> str:
    """A cell as text; blank for an empty one. Dates of a workbook become ISO 8601."""
    match cell:
        case None:
            return ""
        case str():
            return "" if reading.null_is_empty and cell.strip() == NULL else cell
        case bool():
            return "ja" if cell else "nein"
        case datetime():
            return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
        case date():
            return cell.isoformat()
        case _:
            return str(cell)
