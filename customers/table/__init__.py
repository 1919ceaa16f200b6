"""A table of customers: what a column is (columns), which there are (resources), how a file calls them (headings).

This is the door: floors above import from here, and from no module of the room.
"""

from __future__ import annotations

from customers.table.added_columns import AddedColumn, AddedColumns, add_columns
from customers.table.columns import FORMER_HEADINGS
from customers.table.headings import IGNORE
from customers.table.options import Reading
from customers.table.resources import CustomerResource, PackageResource

__all__ = [
    "FORMER_HEADINGS", "IGNORE", "AddedColumn", "AddedColumns", "CustomerResource", "PackageResource", "Reading",
    "add_columns",
]  # fmt: skip
