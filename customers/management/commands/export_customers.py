"""`manage.py export_customers --account 10400 --client 1 FILE`: the export of the console into a file."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from customers.resources import CustomerResource
from customers.transfer.exporting import FORMATS, export_chunks
from customers.transfer.place import add_place, scope_of_command
from mcp import row_security
from mcp.scope import Scope
from spreadsheets import ENDINGS, Profile

NAME = "export_customers"


class Command(BaseCommand):
    help = "Export the customers of the base on which one location works."

    def add_arguments(self, parser: CommandParser) -> None:
        add_place(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--format", choices=list(FORMATS), help="without it, what the file's ending says")
        parser.add_argument("--columns", help="names of fields with commas between them; without it, all")
        parser.add_argument("--language", choices=("de", "en"), default="de", help="language of the headings")
        parser.add_argument("--archived", action="store_true", help="with the archived customers")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        scope = scope_of_command(account=options["account"], client=options["client"], name=NAME)
        with row_security.rows_of(scope):
            count = self._export(scope, options)
        summary = {"exported": count, "seconds": round(time.monotonic() - started, 2)}
        sentence = "{exported} customers exported in {seconds} s.".format(**summary)
        self.stdout.write(json.dumps(summary) if options["json"] else sentence)

    def _export(self, scope: Scope, options: dict[str, Any]) -> int:
        resource = CustomerResource(scope=scope)
        customers = resource.get_queryset() if options["archived"] else resource.get_queryset().active()
        chunks = export_chunks(
            resource,
            customers,
            profile=options["format"] or _profile(options["file"]),
            columns=resource.export_columns(_names(resource, options["columns"])),
            language=options["language"],
            narrowed_by="" if options["archived"] else "not archived",
        )
        with options["file"].open("wb") as file:
            for chunk in chunks:
                file.write(chunk)
        return customers.count()


def _profile(file: Path) -> Profile:
    for profile, ending in ENDINGS.items():
        if file.suffix.lower() == ending:
            return profile
    raise CommandError(f"{file.name} does not say its format. Call it .csv, .xlsx or .jsonl, or name a --format.")


def _names(resource: CustomerResource, columns: str | None) -> list[str] | None:
    if columns is None:
        return None
    names = [name.strip() for name in columns.split(",")]
    if unknown := [name for name in names if name not in resource.export_columns()]:
        known = ", ".join(resource.export_columns())
        raise CommandError(f"There is no column “{unknown[0]}”. Choose from: {known}.")
    return names
