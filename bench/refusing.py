"""What it takes to refuse files made to fill memory or time, beside an honest file."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.spreadsheets.bombs import BOMBS, opened

HONEST_ROWS = 100_000
_TURNS = 3


@dataclass(frozen=True)
class Refusal:
    """One file, opened by rows in a process of its own: the median of its seconds, and the most memory."""

    name: str
    size: int
    code: str
    seconds: float
    memory: float


def all_refusals() -> list[Refusal]:
    """Measure each file. The honest one is the first of the list."""
    honest = b"Nr;Name\n" + b"".join(b"%d;Name %d\n" % (n, n) for n in range(HONEST_ROWS))
    found = [_measured(f"an honest file of {HONEST_ROWS:,} rows", honest)]
    return found + [_measured(name, make()) for name, (make, _expected) in BOMBS.items()]


def _measured(name: str, content: bytes) -> Refusal:
    with tempfile.TemporaryDirectory() as folder:
        turns = [opened(content, Path(folder), reading="rows") for _ in range(_TURNS)]
    return Refusal(
        name, len(content), turns[0].code, median(one.seconds for one in turns), max(one.megabytes for one in turns)
    )
