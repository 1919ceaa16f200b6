"""A kind of file, declared: where it is kept and for how long, who makes it, and what is said about it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from files.models import Chunk, Download, WorkedFile
from mcp.isolation.scope import Scope
from mcp.stored_sentences import StoredSentence


def nothing_more() -> None:
    """There is nothing to be done once a file is whole."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a file is made of."""

    parts: Iterable[bytes]
    done: Callable[[], int]
    """How many of its units (customers) are in what was given so far."""
    record: Callable[[], dict[str, Any]] = dict
    """What else is stored with a file that is whole."""
    when_made: Callable[[], None] = nothing_more
    """Called in the transaction that makes it whole."""


def nobody(_file: Any, _actor: Scope) -> None:
    """Of files that nobody fetches."""
    raise TypeError("Files of this kind are not fetched")


@dataclass(frozen=True, kw_only=True)
class FileKind[File: WorkedFile]:
    name: str
    """As the log calls it, and the argument by which its task is told of it."""
    model: type[File]
    chunks: type[Chunk]
    lifetime: timedelta
    """How long its bytes are kept once it is over."""
    keeps_record: bool = True
    """Whether its row stays when it expires. Else the row goes with it, so long after it was created."""
    task: str
    broken: StoredSentence
    given_up: StoredSentence
    content: Callable[[File, Scope], AbstractContextManager[Content]] | None = None
    """What the worker makes it of; None where he takes in what somebody has sent."""
    downloads: type[Download] | None = None
    demand_fetching: Callable[[File, Scope], None] = nobody
    """Raises MissingRight unless the actor may fetch it."""
    gone: Any = ""
    """Said, lazily, to whoever wants to fetch what is not there (any more)."""
    describe: Callable[[File], str] = str
    """The file in the log, where somebody has fetched it."""
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("stammhaus.files"))

    def __str__(self) -> str:
        return self.name


_kinds: dict[str, FileKind[Any]] = {}


def declare[File: WorkedFile](kind: FileKind[File]) -> FileKind[File]:
    """From now on files of this kind expire. Returns the kind."""
    if _kinds.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"Two kinds of files are called {kind.name!r}")
    return kind


def kinds() -> list[FileKind[Any]]:
    return list(_kinds.values())
