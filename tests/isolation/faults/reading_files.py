"""Reading a bank file as somebody, in a process that is killed (see warm.py, which calls `func` as of a task)."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from accounting.payments import read_statement
from mcp.isolation import access


def _read(path: str, **somebody: int) -> None:
    with Path(path).open("rb") as file:
        read_statement(file=file, name="auszug.xml", actor=access.enter_as(**somebody))


read_again = SimpleNamespace(func=_read)
