"""`manage.py import_customers --account 10400 --client 1 FILE`: the import of the console, without its limits."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pghistory
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import override

from customers.resources import CustomerResource
from customers.transfer.outcome import Outcome
from customers.transfer.place import add_place, scope_of_command
from customers.transfer.reading import Reading
from customers.transfer.sheet import IGNORE, Sheet, is_our_own, match_columns
from mcp import row_security
from mcp.scope import Scope
from spreadsheets import DELIMITERS, ENCODINGS, Overrules, UnreadableFile, open_table

NAME = "import_customers"


class Command(BaseCommand):
    help = "Import customers from a CSV, XLSX or JSON Lines file at one location. Exits with 1 if rows were rejected."

    def add_arguments(self, parser: CommandParser) -> None:
        add_place(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check the file and write nothing")
        parser.add_argument("--yes", action="store_true", help="do not ask before writing")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")
        parser.add_argument("--encoding", choices=ENCODINGS)
        parser.add_argument("--delimiter", choices=DELIMITERS)
        parser.add_argument("--map", action="append", default=[], metavar="HEADING=FIELD", help="where a column goes")
        parser.add_argument("--ignore", action="append", default=[], metavar="HEADING", help="leave a column out")
        parser.add_argument("--decimal", choices=("comma", "point"), help="decimal separator, for numbers like 1.250")
        parser.add_argument("--dates", choices=("day-first", "month-first"), help="for dates like 03/04/1990")
        parser.add_argument("--accept-doubts", action="store_true", help="take values that look damaged as they stand")

    def handle(self, *args: Any, **options: Any) -> None:
        scope = scope_of_command(account=options["account"], client=options["client"], name=NAME)
        resource = CustomerResource(scope=scope)
        with row_security.rows_of(scope):
            sheet, reading = _read(resource, options)
        is_dry = options["dry_run"]
        if not is_dry and not options["yes"] and not self._is_confirmed(scope, sheet, reading):
            raise CommandError("Nothing was imported. Say --yes to import without being asked.")
        context = pghistory.context(**scope.history(reason=f"import of {options['file'].name}"))
        with override("en"), row_security.rows_of(scope), context:
            outcome = resource.run(sheet, dry_run=is_dry, reading=reading)
        self._report(outcome, as_json=options["json"], is_dry=is_dry)
        if outcome.rejected:
            sys.exit(1)

    def _is_confirmed(self, scope: Scope, sheet: Sheet, reading: Reading) -> bool:
        """Without a terminal there is nobody to ask: the command line was the confirmation."""
        if not sys.stdin.isatty():
            return True
        with row_security.rows_of(scope):
            outcome = CustomerResource(scope=scope).run(sheet, dry_run=True, reading=reading)
        self.stderr.write(_sentence(outcome))
        return input("Import now? [y/N] ").strip().lower() in {"y", "yes", "j", "ja"}

    def _report(self, outcome: Outcome, *, as_json: bool, is_dry: bool) -> None:
        for rejection in outcome.rejections:
            where = f"Row {rejection.row}" + (f", {rejection.column} = {rejection.value!r}" if rejection.column else "")
            self.stderr.write(f"{where}: {rejection.reason}")
        if as_json:
            self.stdout.write(json.dumps({**outcome.counts(), "seconds": outcome.seconds}))
            return
        self.stdout.write(_sentence(outcome) + (" Nothing was written." if is_dry else ""))


def _sentence(outcome: Outcome) -> str:
    return (
        f"{outcome.read} rows: {outcome.created} new, {outcome.changed} changed, {outcome.unchanged} unchanged, "
        f"{outcome.rejected} rejected, in {outcome.seconds} s."
    )


def _read(resource: CustomerResource, options: dict[str, Any]) -> tuple[Sheet, Reading]:
    """The file with each of its columns decided on. Raises CommandError."""
    overrules = Overrules(encoding=options["encoding"], delimiter=options["delimiter"])
    try:
        with open_table(options["file"], overrules=overrules) as table:
            headings, rows, dialect = table.headings, list(table), table.dialect
    except UnreadableFile as error:
        raise CommandError(error.problem.message) from error
    except OSError as error:
        raise CommandError(f"{options['file']} cannot be read: {error.strerror}.") from error
    targets = _targets(resource, headings, options)
    sheet = Sheet(headings=headings, rows=rows, targets=targets, dialect=dialect)
    if undecided := sheet.undecided():
        names = ", ".join(f"“{heading}”" for heading in undecided)
        raise CommandError(
            f"Nobody has said where these columns go: {names}. Name a field with --map HEADING=FIELD, or leave a "
            f"column out with --ignore HEADING. Fields: {', '.join(resource.fields)}."
        )
    return sheet, _reading(options, is_ours=is_our_own(headings, resource.fields))


def _reading(options: dict[str, Any], *, is_ours: bool) -> Reading:
    return Reading(
        decimal_comma={None: None, "comma": True, "point": False}[options["decimal"]],
        day_first={None: None, "day-first": True, "month-first": False}[options["dates"]],
        null_is_empty=not is_ours,
        accept_doubts=options["accept_doubts"],
    )


def _targets(resource: CustomerResource, headings: tuple[str, ...], options: dict[str, Any]) -> tuple[str, ...]:
    chosen = dict.fromkeys(options["ignore"], IGNORE)
    for pair in options["map"]:
        heading, _equals, field = pair.rpartition("=")
        if field not in resource.fields:
            raise CommandError(f"There is no field “{field}”. Choose one of: {', '.join(resource.fields)}.")
        chosen[heading] = field
    if unknown := [heading for heading in chosen if heading not in headings]:
        raise CommandError(f"The file has no column “{unknown[0]}”. It has: {', '.join(headings)}.")
    matched = match_columns([h for h in headings if h not in chosen], resource.fields)
    rest = iter(matched)
    targets = [chosen[heading] if heading in chosen else next(rest) for heading in headings]
    taken = set(chosen.values())
    return tuple(
        "" if heading not in chosen and target in taken else target
        for heading, target in zip(headings, targets, strict=True)
    )
