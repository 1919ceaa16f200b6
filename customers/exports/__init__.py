"""Customers go out. This is the door: floors above import from here, and from no module of the room.

selection → writer → files → tasks | views      an export of somebody, made at once or by the worker
writer → streamed_copy                          a copy for a floor above
"""

from __future__ import annotations

from customers.exports.streamed_copy import CustomerCopy, copy, own_columns

__all__ = ["CustomerCopy", "copy", "own_columns"]
