"""Customers come in: received, staged, classified, previewed, decided about, applied, and undone.

This is the door: floors above import from here, and from no module of the room. What they bring in is `take_in`.
"""

from __future__ import annotations

from customers.imports.beside import Beside
from customers.imports.beside import register as register_beside
from customers.imports.decided_upload import Statement, have_checked, take_in
from customers.imports.lifecycle import DIRECT_BYTES, DONE, content_of, uploads_of
from customers.imports.steps import check
from customers.imports.turns import AnotherImport, take_turn

UPLOAD_PAGE = "customers_import_upload"
"""The name of the page on which an import is looked at and confirmed (`customers/imports/views.py`)."""

__all__ = [
    "DIRECT_BYTES",
    "DONE",
    "UPLOAD_PAGE",
    "AnotherImport",
    "Beside",
    "Statement",
    "check",
    "content_of",
    "have_checked",
    "register_beside",
    "take_in",
    "take_turn",
    "uploads_of",
]
