"""Declaration of kinds of files: where they are kept, how they are made, who may fetch them, and what is said."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from files.models import Chunk, Download, WorkedFile
from locations.text import LazyText
from mcp.isolation.scope import Scope
from mcp.stored_sentences import StoredSentence


def nothing_more() -> None:
    """Does nothing: the default of `Content.when_made`."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the worker writes into a file."""

    parts: Iterable[bytes]
    done: Callable[[], int]
    """How many customers are in the parts that were taken so far."""
    record: Callable[[], dict[str, object]] = dict
    """Further columns of the file, stored when it is complete."""
    when_made: Callable[[], None] = nothing_more
    """Called in the transaction that marks the file as done."""


def nobody(_file: WorkedFile, _actor: Scope) -> None:
    """Stands for the demand of a kind whose files are not fetched. Raises TypeError."""
    raise TypeError("Files of this kind are not fetched")


@dataclass(frozen=True, kw_only=True)
class FileKind[File: WorkedFile]:
    """A kind of files: its tables, its task, its rights and its sentences."""

    name: str
    """Its name in the log, and the name of the argument with which its task gets the key of a file."""
    model: type[File]
    chunks: type[Chunk]
    lifetime: timedelta
    """How long the bytes are kept after the file was done, failed or cancelled."""
    keeps_record: bool = True
    """Whether its row stays when the bytes expire. If not, the row is deleted too, `lifetime` after it was created."""
    task: str
    """The name of the task that makes the file, as procrastinate knows it."""
    broken: StoredSentence
    """Said on the page of the file where the task broke off for a reason that is in the log alone."""
    given_up: StoredSentence
    """Said on the page of the file where its worker has died again and again."""
    content: Callable[[File, Scope], AbstractContextManager[Content]] | None = None
    """What the worker makes the file of; None for files that somebody has sent and the worker takes in."""
    downloads: type[Download] | None = None
    demand_fetching: Callable[[File, Scope], None] = nobody
    """Raises MissingRight unless the actor may fetch it."""
    gone: LazyText = ""
    """The sentence for whoever wants to fetch a file that is not there (any more)."""
    describe: Callable[[File], str] = str
    """How the log names a file that was fetched."""
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("stammhaus.files"))

    def __str__(self) -> str:
        return self.name


_kinds: dict[str, FileKind[Any]] = {}


def declare[File: WorkedFile](kind: FileKind[File]) -> FileKind[File]:
    """Register a kind, so that its files expire; returns it. Raises ValueError where the name is taken."""
    if _kinds.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"Two kinds of files are called {kind.name!r}")
    return kind


def kinds() -> list[FileKind[Any]]:
    """All kinds that were declared."""
    return list(_kinds.values())
