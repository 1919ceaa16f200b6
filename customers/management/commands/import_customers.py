"""`manage.py import_customers --account 10400 --client 1 FILE`: the import of the console, with its record and undo."""

from __future__ import annotations

import json
import sys
import time
from itertools import chain
from pathlib import Path
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils.translation import override

from customers import statistics
from customers.choices import Decision, MatchBy, OnKnown, UploadState, Verdict
from customers.edit_side import demand_edited_here
from customers.imports import decisions, lifecycle, reserved_numbers
from customers.imports.branch_numbers import BranchNumbers, demand_own_branch, numbers_here
from customers.imports.classifying import verdicts
from customers.imports.preview import write_rejected
from customers.imports.problems import IMPORTED
from customers.models import ImportUpload
from customers.numbers import free_numbers
from customers.table.headings import IGNORE, is_our_own, match_columns
from customers.table.options import Reading
from customers.table.profiles import Profile, recognised
from customers.table.resources import CustomerResource
from customers.table.shared_fields import demand_combinable
from locations.models import Location
from mcp.isolation import row_scope
from mcp.isolation.command_scope import add_place, scope_of_command
from mcp.isolation.scope import Scope
from mcp.worker.progress import Patient
from spreadsheets import DELIMITERS, ENCODINGS, Overrules, UnreadableFile, open_table

NAME = "import_customers"
COUNTS = ("read", "created", "changed", "unchanged", "rejected", "consents")


class Command(BaseCommand):
    help = "Import customers from a CSV, XLSX or JSON Lines file at one location. Exits with 1 if rows were rejected."

    def add_arguments(self, parser: CommandParser) -> None:
        add_place(parser)
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--old-client", type=int, metavar="NUMBER", help="client number that an old base 1.0 says; it is compared"
        )
        parser.add_argument(
            "--old-branch", type=int, metavar="NUMBER", help="branch number that an old base 1.0 says; it is compared"
        )
        parser.add_argument("--dry-run", action="store_true", help="check the file and write nothing")
        parser.add_argument("--yes", action="store_true", help="do not ask before writing")
        parser.add_argument("--json", action="store_true", help="print the summary as JSON")
        parser.add_argument("--rejected", type=Path, metavar="FILE", help="write the rejected rows, with the reasons")
        parser.add_argument("--encoding", choices=ENCODINGS)
        parser.add_argument("--delimiter", choices=DELIMITERS)
        parser.add_argument("--map", action="append", default=[], metavar="HEADING=FIELD", help="where a column goes")
        parser.add_argument("--ignore", action="append", default=[], metavar="HEADING", help="leave a column out")
        parser.add_argument("--known", choices=OnKnown.values, default=OnKnown.OVERWRITE, help="known customers")
        parser.add_argument("--match", choices=MatchBy.values, default=MatchBy.NUMBER, help="rows without a number")
        parser.add_argument("--decimal", choices=("comma", "point"), help="decimal separator, for numbers like 1.250")
        parser.add_argument("--dates", choices=("day-first", "month-first"), help="for dates like 03/04/1990")
        parser.add_argument(
            "--several",
            choices=("one", "first"),
            help="several columns for one field: a row fills one of them, or the first counts",
        )
        parser.add_argument(
            "--leave-unreadable", action="store_true", help="take customers without values that cannot be read"
        )
        parser.add_argument("--no-profile", action="store_true", help="do not read the file as a well-known system's")
        parser.add_argument("--accept-doubts", action="store_true", help="take values that look damaged as they stand")
        parser.add_argument(
            "--decisions", type=Path, metavar="FILE", help="what to do about similar customers, as filled in"
        )
        parser.add_argument(
            "--similar",
            choices=Decision.values,
            help="what to do about all other similar customers; with “same” whoever cannot be it is left out",
        )
        parser.add_argument(
            "--similar-list", type=Path, metavar="FILE", help="write the similar customers as a workbook"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Exits with 2 where nothing was imported, so that a script can tell it from rejected rows."""
        try:
            self._import(options)
        except CommandError as error:
            error.returncode = 2
            raise

    def _import(self, options: dict[str, Any]) -> None:
        started = time.monotonic()
        scope = scope_of_command(account=options["account"], client=options["client"], name=NAME)
        path: Path = options["file"]
        with override("en"):
            if not options["dry_run"]:
                _demand_edited_here(scope)
            _demand_own_branch(scope, options)
            upload = _received(path, scope, options)
            try:
                _check(upload, scope, path)
                if _is_decided(upload, scope, options):
                    _check(upload, scope, path)
                self._tell_similar(upload, scope, options)
                free = self._tell_numbers(upload, scope)
                counts = self._apply(upload, scope, options, free)
                self._tell_rejected(upload, scope, options["rejected"])
            except ValidationError as error:
                raise CommandError(" ".join(error.messages)) from error
            finally:
                _tidy(upload, scope)
        seconds = time.monotonic() - started
        self._report(counts, free=free, seconds=seconds, options=options, upload=upload)
        if counts["rejected"]:
            sys.exit(1)

    def _apply(self, upload: ImportUpload, scope: Scope, options: dict[str, Any], free: int) -> dict[str, int]:
        preview = upload.preview or {}
        if options["dry_run"]:
            return {name: preview[name] for name in COUNTS}
        while True:
            if not options["yes"] and not self._is_confirmed(preview, upload.location, free):
                raise CommandError("Nothing was imported. Say --yes to import without being asked.")
            if _is_applied(upload, scope):
                return dict(upload.result or {})
            preview = upload.preview or {}
            self.stderr.write(f"Another import came between. What this one would do now: {_sentence(preview)}")
            free = self._tell_numbers(upload, scope)

    def _is_confirmed(self, preview: dict[str, Any], location: Location, free: int) -> bool:
        """Ask on the terminal. Without a terminal the command line counts as the confirmation."""
        if not sys.stdin.isatty():
            return True
        self.stderr.write(f"{_sentence(preview)} {_numbers(location, free)}")
        return input("Import now? [y/N] ").strip().lower() in {"y", "yes", "j", "ja"}

    def _tell_similar(self, upload: ImportUpload, scope: Scope, options: dict[str, Any]) -> None:
        """Say how many new rows look like a known customer, and write the list of them if it is asked for.

        They are created, unless somebody decides otherwise.
        """
        if (path := options["similar_list"]) is not None:
            with row_scope.rows_of(scope), path.open("wb") as file:
                decisions.write_similar(upload=upload, file=file, actor=scope)
        if count := (upload.preview or {})["similar"]:
            self.stderr.write(
                f"{count} of the new rows look like a customer who is known already. List them with --similar-list "
                "FILE, and decide with --similar or --decisions."
            )

    def _tell_numbers(self, upload: ImportUpload, scope: Scope) -> int:
        """How many numbers of the location are free. Says on stderr where the new rows need more than that."""
        if (short := reserved_numbers.shortage(upload=upload, scope=scope)) is not None:
            self.stderr.write(
                f"{short.wanted} of the new rows bring no customer number, and only {short.free} are free for them. "
                "Have the central give the location a larger number range."
            )
        with row_scope.rows_of(scope):
            return free_numbers(scope.location)

    def _tell_rejected(self, upload: ImportUpload, scope: Scope, path: Path | None) -> None:
        """Say why rows are rejected, and which cells and statements about consents are left out.

        Writes the file of rejected rows if it is asked for.
        """
        with row_scope.rows_of(scope):
            kinds = (Verdict.REJECTED, Verdict.UNREAD, Verdict.UNSAID)
            for verdict in chain(*(verdicts(upload, kind).iterator() for kind in kinds)):
                for one in verdict.problems:
                    where = f"Row {verdict.row_number}"
                    where += f", {one['column']} = {str(one['value'])!r}" if one["column"] else ""
                    self.stderr.write(f"{where}: {one['reason']}")
            if path is not None:
                with path.open("wb") as file, Path(upload.choices["path"]).open("rb") as source:
                    write_rejected(upload, file, source=source)

    def _report(
        self, counts: dict[str, int], *, free: int, seconds: float, options: dict[str, Any], upload: ImportUpload
    ) -> None:
        """Print the summary. `free` is the number of free numbers before the import."""
        if options["json"]:
            further = {"free_numbers": free, "seconds": round(seconds, 2), "import": str(upload.pk)}
            self.stdout.write(json.dumps(counts | further))
            return
        ending = f" Nothing was written. {_numbers(upload.location, free)}" if options["dry_run"] else ""
        self.stdout.write(f"{_sentence(counts)[:-1]}, in {seconds:.2f} s.{ending}")


def _check(upload: ImportUpload, scope: Scope, path: Path) -> None:
    with path.open("rb") as file:
        lifecycle.check_upload(upload=upload, actor=scope, file=file)


def _is_decided(upload: ImportUpload, scope: Scope, options: dict[str, Any]) -> bool:
    """Whether something was decided about similar customers: row by row in a file, then for all that are left.

    Raises ValidationError, or CommandError for a list that cannot be read.
    """
    path: Path | None = options["decisions"]
    count = 0
    with row_scope.rows_of(scope):
        if path is not None:
            try:
                with path.open("rb") as file:
                    found, shown = decisions.read_decisions(name=path.name, file=file)
            except OSError as error:
                raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
            count += decisions.decide(upload=upload, decisions=found, actor=scope, shown=shown)
        if options["similar"]:
            count += decisions.decide_all(upload=upload, decision=options["similar"], actor=scope)
        if options["similar"] == Decision.SAME:  # whom that cannot be said of is left out, and not made once more
            count += decisions.decide_all(upload=upload, decision=Decision.LEAVE, actor=scope)
    return count > 0


def _is_applied(upload: ImportUpload, scope: Scope) -> bool:
    """Apply the import. False where another one came between; there is a new preview then, and nothing was written."""
    with row_scope.rows_of(scope):
        upload.state = UploadState.APPLYING
        upload.save(update_fields=["state"])
    reserved_numbers.reserve(upload=upload, scope=scope)
    context = pghistory.context(**scope.history(reason=IMPORTED(name=upload.name)))
    with row_scope.rows_of(scope), context as current:
        return lifecycle.apply_upload(upload=upload, actor=scope, progress=Patient(), context=current.id)


def _sentence(counts: dict[str, int]) -> str:
    return (
        f"{counts['read']} rows: {counts['created']} new, {counts['changed']} changed, "
        f"{counts['unchanged']} unchanged, {counts['rejected']} rejected."
    )


def _numbers(location: Location, free: int) -> str:
    return (
        f"Of the numbers of this location ({location.first_number} to {location.last_number}) {free} are free: "
        "so many new customers without a customer number can come with a file."
    )


def _demand_edited_here(scope: Scope) -> None:
    """Raise CommandError where customers are edited on the other side, before the file is read."""
    try:
        demand_edited_here(scope.base)
    except ValidationError as refusal:
        raise CommandError(" ".join(refusal.messages)) from refusal


def _demand_own_branch(scope: Scope, options: dict[str, Any]) -> None:
    """Raise CommandError where other numbers are said than those of the location, which names the branch otherwise."""
    client, branch = options["old_client"], options["old_branch"]
    if client is None and branch is None:
        return
    try:
        with row_scope.rows_of(scope):
            here = numbers_here(scope)
            demand_own_branch(BranchNumbers(client or here.client, branch or here.branch), scope)
    except ValidationError as refusal:
        raise CommandError(" ".join(refusal.messages)) from refusal


def _received(path: Path, scope: Scope, options: dict[str, Any]) -> ImportUpload:
    """The record of the import, with each column decided on; the file itself stays where it is. Raises CommandError."""
    overrules = Overrules(encoding=options["encoding"], delimiter=options["delimiter"])
    try:
        with open_table(path, overrules=overrules) as table:
            headings = table.headings
    except UnreadableFile as error:
        raise CommandError(error.problem.message) from error
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
    fields = CustomerResource(scope=scope).fields
    profile = None if options["no_profile"] else recognised(headings)
    reading = _reading(options, is_ours=is_our_own(headings, fields), profile=profile)
    targets = _targets(fields, headings, options, profile)
    if undecided := [heading for heading, target in zip(headings, targets, strict=True) if not target]:
        names = ", ".join(f"“{heading}”" for heading in undecided)
        raise CommandError(
            f"Nobody has said where these columns go: {names}. Name a field with --map HEADING=FIELD, or leave a "
            f"column out with --ignore HEADING. Fields: {', '.join(fields)}."
        )
    try:
        demand_combinable(fields, headings, targets, reading.several)
    except ValidationError as error:
        raise CommandError(" ".join(error.messages)) from error
    choices = {
        "path": str(path.absolute()),
        "overrules": {name: options[name] for name in ("encoding", "delimiter") if options[name]},
        "headings": list(headings),
        "targets": list(targets),
        "reading": vars(reading),
        "profile": profile.key if profile else "",
        "known": options["known"],
        "match": options["match"],
    }
    here = numbers_here(scope)
    with row_scope.rows_of(scope):
        return ImportUpload.objects.create(
            organization=scope.organization, base=scope.base, location=scope.location, user_name=scope.actor_name,
            name=path.name[:255], size=path.stat().st_size, choices=choices, state=UploadState.CHECKING,
            client_number=here.client, branch_number=here.branch,
        )  # fmt: skip


def _tidy(upload: ImportUpload, scope: Scope) -> None:
    """Delete everything of the upload but the record of the import."""
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        lifecycle.delete_expired(upload=upload)
        cursor.execute("SELECT customers_merge_search_index()")
    result = upload.result or {}
    with row_scope.rows_of(scope):
        statistics.gather(statistics.WRITTEN, rows=result.get("created", 0) + result.get("changed", 0))


def _reading(options: dict[str, Any], *, is_ours: bool, profile: Profile | None) -> Reading:
    return Reading(
        decimal_comma={None: None, "comma": True, "point": False}[options["decimal"]],
        day_first={None: None, "day-first": True, "month-first": False}[options["dates"]],
        null_is_empty=not is_ours,
        accept_doubts=options["accept_doubts"],
        several=options["several"] or (profile.several if profile else ""),
        leave_unreadable=options["leave_unreadable"],
    )


def _targets(
    fields: Any, headings: tuple[str, ...], options: dict[str, Any], profile: Profile | None
) -> tuple[str, ...]:
    chosen = dict.fromkeys(options["ignore"], IGNORE)
    for pair in options["map"]:
        heading, _equals, field = pair.rpartition("=")
        if field not in fields:
            raise CommandError(f"There is no field “{field}”. Choose one of: {', '.join(fields)}.")
        chosen[heading] = field
    if unknown := [heading for heading in chosen if heading not in headings]:
        raise CommandError(f"The file has no column “{unknown[0]}”. It has: {', '.join(headings)}.")
    matched = match_columns(headings, fields, profile=profile)
    taken = set(chosen.values()) - {IGNORE}
    return tuple(
        chosen.get(heading) or ("" if target in taken else target)
        for heading, target in zip(headings, matched, strict=True)
    )
