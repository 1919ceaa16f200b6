"""Where the headings of a table stand, if a title or something else stands above them."""

from collections import Counter
from collections.abc import Sequence

LONGEST_HEAD = 12
"""So many records from the beginning are looked through for the headings."""
_NARROWEST = 3
"""A table with fewer columns looks like a title too much."""


def headings_among(head: Sequence[Sequence[str]]) -> int:
    """The index of the headings among the first records, none of them blank; 0 where nothing speaks against the first.

    Above a table stand lines of one or two words, and then a row as wide as those below it, with a text in each cell.
    """
    widths = Counter(len(_filled_up(cells)) for cells in head[1:])
    width = max(widths.items(), key=lambda one: (one[1], one[0]), default=(0, 0))[0]
    if width < _NARROWEST or not _is_title(head[0], width):
        return 0
    for at, cells in enumerate(head[:LONGEST_HEAD]):
        if len(_filled_up(cells)) >= width and all(cell.strip() for cell in _filled_up(cells)):
            return at
    return 0


def _filled_up(cells: Sequence[str]) -> Sequence[str]:
    """Without empty cells at the end."""
    end = len(cells)
    while end and not cells[end - 1].strip():
        end -= 1
    return cells[:end]


def _is_title(cells: Sequence[str], width: int) -> bool:
    return len([cell for cell in cells if cell.strip()]) == 1 and len(_filled_up(cells)) < width
