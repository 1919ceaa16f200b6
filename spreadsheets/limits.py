"""How much a file may hold before it is refused; checked before or while it streams, never afterwards."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """All sizes in bytes, all lengths in characters. The defaults admit a million customers with room to spare.

    `members`, `ratio`, `unpacked_bytes`, `styles` and `strings` concern workbooks, which are archives.
    `ratio` is the unpacked size of one member divided by its packed size and is asked only of members that unpack
    to over a mebibyte; `strings` counts the different texts, each of which takes eight bytes of memory.
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
