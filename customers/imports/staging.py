"""The rows of a file, converted, go into the staging table: the one place where an import reads cells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from typing import Any, BinaryIO

from django.db import connection

from customers.imports.branch_numbers import BranchNumbers, demand_apart
from customers.models import ImportChunk, ImportConsent, ImportDecision, ImportUpload, ImportVerdict
from customers.table.conversion import Converter
from customers.table.options import LIMITS, Reading
from customers.table.resources import resource_of
from files import chunks
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.progress import Progress
from spreadsheets import TYPED, Overrules, Table, open_table

BLOCK = 2_000
BLOCKS_EACH_COPY = 25


def opened(upload: ImportUpload, file: BinaryIO) -> Table:
    """The stored file, read as chosen. Raises UnreadableFile."""
    return open_table(file, name=upload.name, overrules=Overrules(**upload.choices.get("overrules", {})), limits=LIMITS)


def stage(
    *, upload: ImportUpload, scope: Scope, progress: Progress, file: BinaryIO | None = None
) -> tuple[int, frozenset[str]]:
    """Read the stored file, or `file` in its place, into the staging table.

    Gives how many rows it has, and which columns of ImportRow they fill.

    What was staged before is thrown away first. Each few blocks are a transaction of their own, so that this can be
    broken off anywhere and begun anew.

    Raises UnreadableFile, Cancelled, or ValidationError where branches share a client number.
    """
    with row_scope.rows_of(scope):
        clear(upload)
        file = file or chunks.opened(ImportChunk, file=upload)
    with file, opened(upload, file) as table:
        converter = Converter(
            fields=resource_of(is_of_package=bool(upload.choices.get("is_of_package")))(scope=scope).fields,
            headings=table.headings,
            targets=upload.choices["targets"],
            reading=Reading(**upload.choices.get("reading", {})),
            profile=upload.choices.get("profile", ""),
            is_typed=table.dialect.kind in TYPED,
        )
        columns = ", ".join(("upload", "row_number", "problems", *converter.columns))
        blocks = iter(table.blocks(BLOCK))
        read = 0
        while (first := next(blocks, None)) is not None:
            # The database takes in one block while the next is converted here.
            with _copying(columns, scope) as copy:
                for block in chain([first], islice(blocks, BLOCKS_EACH_COPY - 1)):
                    copy.write(converter.lines(block, prefix=str(upload.pk)))
                    read += len(block.rows)
                    progress.tell(file.tell(), upload.size)
    with row_scope.rows_of(scope):
        demand_apart([BranchNumbers(*said) for said in converter.branches], scope)
    return read, frozenset(converter.columns)


def clear(upload: ImportUpload, *, is_judged: bool = True, is_over: bool = False) -> None:
    """Throw away the staged rows and what was said of them; once all is over, statements besides the rows as well."""
    if is_over:
        ImportConsent.objects.filter(base=upload.base_id, file=upload.pk).delete()
        ImportDecision.objects.filter(base=upload.base_id, file=upload.pk, number=None).delete()
    if is_judged:
        ImportVerdict.objects.filter(file=upload).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_import_rows WHERE upload = %s", [upload.pk])


@contextmanager
def _copying(columns: str, scope: Scope) -> Iterator[Any]:
    """A COPY into the staging table, in a transaction of its own."""
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        raw: Any = cursor
        with raw.copy(f"COPY customers_importrow ({columns}) FROM STDIN") as copy:
            yield copy
