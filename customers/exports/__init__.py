"""Customers go out. This is the door: floors above import from here, and from no module of the room.

selection → writer → files → tasks | views      an export of somebody, made at once or by the worker
writer → streamed_copy                          a copy for a floor above
writer → tables → files                         other tables, which a floor above registers
"""

from __future__ import annotations

from customers.exports.files import FORMATS, as_file, take_out
from customers.exports.streamed_copy import CustomerCopy, copy, own_columns
from customers.exports.tables import Column, OtherTable, Statement, register, table_named, tables
from customers.exports.writer import Order

__all__ = [
    "FORMATS", "Column", "CustomerCopy", "Order", "OtherTable", "Statement", "as_file", "copy", "own_columns",
    "register", "table_named", "tables", "take_out",
]  # fmt: skip
