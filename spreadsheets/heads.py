"""Finds the headings of a table with a title or something else above them."""

from collections import Counter
from collections.abc import Sequence

LONGEST_HEAD = 12
"""The number of records, from the beginning, among which the headings are looked for."""
_NARROWEST = 3
"""Tables with fewer columns are not examined: their rows look like titles."""


def headings_among(head: Sequence[Sequence[str]]) -> int:
    """The index of the headings among the first records, none of which is blank; 0 unless there is a title above them.

    A title is lines of one or two words; the headings are a row as wide as those below, with a text in each cell.
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
