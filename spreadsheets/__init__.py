"""Reads and writes tables as CSV, XLSX and JSON Lines, and reads vCards, with constant memory.

Knows neither models nor Django.
"""

from spreadsheets.copied import Kind
from spreadsheets.dialects import DELIMITERS, ENCODINGS, MOST_ABOVE, QUOTE_CHARACTERS, TYPED, Dialect, Overrules
from spreadsheets.limits import Limits
from spreadsheets.problems import DOUBTS, MESSAGES, Problem, UnreadableFile, UnwritableTable
from spreadsheets.rows import Block, Cell, Row, Structure
from spreadsheets.tables import Table, open_table
from spreadsheets.writing import ENDINGS, Profile, Writer, open_writer, open_writer_like

__all__ = [
    "DELIMITERS",
    "DOUBTS",
    "ENCODINGS",
    "ENDINGS",
    "MESSAGES",
    "MOST_ABOVE",
    "QUOTE_CHARACTERS",
    "TYPED",
    "Block",
    "Cell",
    "Dialect",
    "Kind",
    "Limits",
    "Overrules",
    "Problem",
    "Profile",
    "Row",
    "Structure",
    "Table",
    "UnreadableFile",
    "UnwritableTable",
    "Writer",
    "open_table",
    "open_writer",
    "open_writer_like",
]
