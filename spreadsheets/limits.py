"""Limits for files. They are checked before or while a file is read, never afterwards."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes are in bytes, lengths in characters. The defaults allow a million customers with room to spare.

    `members`, `ratio`, `unpacked_bytes`, `styles` and `strings` are for workbooks, which are archives. `ratio` is the
    unpacked size of a member divided by its packed size, and is checked for members of more than a mebibyte. `strings`
    is the number of different texts, each of which takes eight bytes of memory.
    """

    file_bytes: int = 2 * 1024**3
    members: int = 1_000
    ratio: int = 150
    unpacked_bytes: int = 4 * 1024**3
    rows: int = 5_000_000
    columns: int = 1_000
    cell_length: int = 32_767
    row_length: int = 1_000_000
    styles: int = 65_536
    strings: int = 20_000_000
