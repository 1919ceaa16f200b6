"""`manage.py export_customers --account 10400 --client 1 --output FILE`: the export of the console into a file."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, connection

from customers.exports.files import FORMATS, log_made
from customers.exports.writer import CannotBeWritten, Making, Order
from customers.figures.offline import names_left_out
from customers.table.resources import CustomerResource
from mcp.isolation import row_scope
from mcp.isolation.command_scope import add_place, scope_of_command
from mcp.isolation.scope import Scope
from spreadsheets import ENDINGS, Profile

NAME = "export_customers"


class Command(BaseCommand):
    help = "Export the customers of the base on which one location works."

    def add_arguments(self, parser: CommandParser) -> None:
        add_place(parser)
        parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="it appears when it is complete")
        parser.add_argument("--format", choices=list(FORMATS), help="without it, what the file's ending says")
        parser.add_argument("--columns", help="names of fields with commas between them; without it, all")
        parser.add_argument("--language", choices=("de", "en"), default="de", help="language of the headings")
        parser.add_argument("--archived", action="store_true", help="with the archived customers")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        scope = scope_of_command(account=options["account"], client=options["client"], name=NAME)
        making = Making(scope, _order(options, scope))
        failure = _make(making, options["output"], with_archived=options["archived"])
        summary = {
            "read": making.rows,
            "seconds": round(time.monotonic() - started, 2),
            "sha256": making.sha256,
            "incomplete": bool(failure),
        }
        if options["json"]:
            self.stdout.write(json.dumps(summary))
        if failure:
            raise CommandError(f"{options['output']} was not written: {failure}")
        log_made(making, filtered_by="" if options["archived"] else "not archived")
        if not options["json"]:
            self.stdout.write("{read} customers exported in {seconds} s.".format(**summary))


def _make(making: Making, path: Path, *, with_archived: bool) -> str:
    """Write the file. Returns an empty text, or the reason of a failure; nothing of the file is left then."""
    try:
        with _appearing(path) as file, row_scope.rows_of(making.scope), connection.cursor() as cursor:
            customers = CustomerResource(scope=making.scope).get_queryset()
            with closing(making.parts(customers if with_archived else customers.active(), cursor)) as parts:
                file.writelines(parts)
    except CannotBeWritten as refusal:
        return " ".join(refusal.messages)
    except (OSError, DatabaseError) as error:
        return str(error) or type(error).__name__
    return ""


@contextmanager
def _appearing(path: Path) -> Iterator[IO[bytes]]:
    """Inside, a temporary file beside the wanted one, which it replaces at the end, once it is on the disk."""
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        unfinished = Path(file.name)
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def _order(options: dict[str, Any], scope: Scope) -> Order:
    with row_scope.rows_of(scope):
        left_out = names_left_out(scope)
    columns = _columns(options["columns"])
    words = "" if options["archived"] else "not archived"
    profile = options["format"] or _profile(options["output"])
    return Order(
        profile=profile, columns=columns, language=options["language"], filter_words=words, left_out=left_out
    )  # fmt: skip


def _profile(file: Path) -> Profile:
    for profile, ending in ENDINGS.items():
        if file.suffix.lower() == ending:
            return profile
    raise CommandError(f"{file.name} does not say its format. Call it .csv, .xlsx or .jsonl, or name a --format.")


def _columns(columns: str | None) -> tuple[str, ...]:
    known = CustomerResource().export_columns()
    if columns is None:
        return tuple(known)
    names = tuple(name.strip() for name in columns.split(","))
    if unknown := [name for name in names if name not in known]:
        raise CommandError(f"There is no column “{unknown[0]}”. Choose from: {', '.join(known)}.")
    return names
