"""What an import would do, for people: rows by kind and by page, values as one reads them, and the rejected ones."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from django.db import connection
from django.utils import timezone
from django.utils.translation import get_language

from customers.choices import OnKnown, Verdict
from customers.console.tabbed_lists import PAGE
from customers.field_groups import MASK, withheld
from customers.imports.classifying import plan_of, verdicts
from customers.imports.consent_preview import after, beside_rows, held_by, names_of_purposes, said_by_row
from customers.imports.consents import Statements
from customers.imports.decisions import alike
from customers.imports.former_number_sql import OF_SENDER, shown_numbers
from customers.imports.lifecycle import table_of
from customers.imports.merge_sql import GROUP, WRITTEN, Plan
from customers.imports.vocabulary import named_vocabulary
from customers.models import (
    Customer,
    CustomerGroup,
    ImportDecision,
    ImportUpload,
    ImportVerdict,
    read_former_numbers,
)
from customers.models.problems import Problem
from customers.table.headings import REASON
from customers.table.resources import CustomerResource
from customers.table.shared_fields import shown_as
from locations.permissions import Right
from mcp.isolation.scope import Scope
from spreadsheets import Row, Table, open_writer_like


@dataclass(frozen=True)
class Difference:
    """One field of a customer before and after, as one reads them."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Touched:
    """A row that creates a customer (`differences` are its filled cells then) or changes one."""

    row: int
    number: int | None
    name: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Similar:
    """A new row that looks like a customer whom the base has, or like a row before it."""

    row: int
    in_file: str
    code: str
    customer: Customer | None
    """None where it is a row before it, and for whoever may not see customers."""
    first: int | None
    decision: str = ""

    @property
    def reason(self) -> str:
        """By what they look alike, in words."""
        return alike(self.code)


@dataclass(frozen=True)
class Left:
    """A customer whom undoing has not restored, as listed; `customer` is None if he does not exist any more.

    Whoever may not see customers gets none either.
    """

    number: int
    customer: Customer | None
    reason: str


def left(upload: ImportUpload, verdict: Verdict, scope: Scope, *, page: int = 1) -> list[Left]:
    """One page of the customers that undoing has kept, or could not reverse. Two queries."""
    rows = list(_page(verdicts(upload, verdict), page))
    known = _known(rows, scope)
    return [Left(row.row_number, known.get(row.customer_id or 0), str(row.problems[0]["reason"])) for row in rows]


def rejected(upload: ImportUpload, *, page: int = 1) -> list[ImportVerdict]:
    """One page of the rejected rows. One query."""
    return list(_page(verdicts(upload, Verdict.REJECTED), page))


def unread(upload: ImportUpload, *, page: int = 1) -> list[ImportVerdict]:
    """One page of the cells that cannot be read and are left out. One query."""
    return list(_page(verdicts(upload, Verdict.UNREAD), page))


def unsaid(upload: ImportUpload, scope: Scope, *, page: int = 1) -> list[ImportVerdict]:
    """One page of the rows whose statements about consents cannot be recorded. One query.

    Empty for whoever may not see customers, since the reason says what they have stated before.
    """
    return list(_page(verdicts(upload, Verdict.UNSAID), page)) if scope.allows(Right.VIEW_CUSTOMERS) else []


def similar(upload: ImportUpload, scope: Scope, *, page: int = 1) -> list[Similar]:
    """One page of the new rows that look like somebody who is known. Three queries."""
    rows = list(_page(verdicts(upload, Verdict.SIMILAR), page))
    known, said = _known(rows, scope), _in_file(upload, rows)
    return [
        Similar(
            row.row_number,
            said.get(row.row_number, ""),
            row.problems[0]["code"],
            known.get(row.customer_id or 0),
            row.problems[0]["first"],
        )
        for row in rows
    ]


def decided(upload: ImportUpload, scope: Scope, *, page: int = 1) -> list[Similar]:
    """One page of the rows about which somebody has decided. Three queries. None for whoever may not see customers."""
    if not scope.allows(Right.VIEW_CUSTOMERS):
        return []
    found = ImportDecision.objects.filter(base=upload.base_id, file=upload).order_by("row_number")
    rows = list(_page(found, page))
    known, said = _known(rows, scope), _in_file(upload, rows)
    return [
        Similar(
            row.row_number,
            said.get(row.row_number, ""),
            row.looks.get("code", ""),
            known.get(row.customer_id or 0),
            row.looks.get("first"),
            row.decision,
        )
        for row in rows
    ]


def archived(upload: ImportUpload, scope: Scope, *, page: int = 1) -> list[Left]:
    """One page of the rows that mean a customer who is archived and stays that. Two queries.

    None for whoever may not see customers.
    """
    if not scope.allows(Right.VIEW_CUSTOMERS):
        return []
    rows = list(_page(verdicts(upload, Verdict.ARCHIVED), page))
    known = _known(rows, scope)
    pairs = [(row.row_number, known.get(row.customer_id or 0)) for row in rows]
    is_hidden = "archived_reason" in withheld(scope)
    return [
        Left(row, customer, (MASK if is_hidden else customer.archived_reason) if customer else "")
        for row, customer in pairs
    ]


def differing(upload: ImportUpload, scope: Scope, *, page: int = 1) -> list[Touched]:
    """One page of the known customers of whom the file says something else than what stays, field by field.

    None for whoever may not see customers.
    """
    if not scope.allows(Right.VIEW_CUSTOMERS):
        return []
    rows = _page(verdicts(upload, Verdict.DIFFERS), page).values_list("row_number", "customer_id")
    is_filled = upload.choices.get("known") == OnKnown.FILL
    touched = _touched(upload, scope, dict(rows), is_new=False, known=OnKnown.OVERWRITE)
    return [
        replace(row, differences=tuple(one for one in row.differences if one.new and (one.old or not is_filled)))
        for row in touched
    ]


def changed(upload: ImportUpload, scope: Scope, *, page: int = 1) -> list[Touched]:
    """One page of the customers that would be changed, field by field; none for whoever may not see customers."""
    if not scope.allows(Right.VIEW_CUSTOMERS):
        return []
    rows = _page(verdicts(upload, Verdict.CHANGED), page).values_list("row_number", "customer_id")
    return _touched(upload, scope, dict(rows), is_new=False)


def created(upload: ImportUpload, scope: Scope, *, page: int = 1) -> list[Touched]:
    """One page of the customers that would be new, with their filled fields."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT row_number FROM customers_import_rows WHERE upload = %s AND problems IS NULL
                AND row_number <@ %s::int4multirange ORDER BY row_number LIMIT %s OFFSET %s""",
            [upload.pk, upload.new_rows, PAGE, (page - 1) * PAGE],
        )
        rows = [row for (row,) in cursor.fetchall()]
    return _touched(upload, scope, dict.fromkeys(rows), is_new=True)


def _known(rows: Sequence[ImportVerdict | ImportDecision], scope: Scope) -> dict[int, Customer]:
    """The customers that the rows are about, by their id; none for whoever may not see customers."""
    if not scope.allows(Right.VIEW_CUSTOMERS):
        return {}
    ids = [row.customer_id for row in rows if row.customer_id]
    return Customer.objects.in_base(scope.base).in_bulk(ids)


def _in_file(upload: ImportUpload, rows: Sequence[ImportVerdict | ImportDecision]) -> dict[int, str]:
    """Name, company, address and e-mail of these rows as one text, by the number of the row."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT row_number, concat_ws(', ', nullif(trim(concat_ws(' ', first_name, last_name)), ''),
                    nullif(company, ''), nullif(street, ''), nullif(trim(concat_ws(' ', postal_code, city)), ''),
                    nullif(email, ''))
                FROM customers_import_rows WHERE upload = %s AND row_number = ANY(%s)""",
            [upload.pk, [row.row_number for row in rows]],
        )
        return dict(cursor.fetchall())


def _page(rows: Any, page: int) -> Any:
    return rows[(page - 1) * PAGE : page * PAGE]


def _touched(
    upload: ImportUpload, scope: Scope, rows: Mapping[int, int | None], *, is_new: bool, known: OnKnown | None = None
) -> list[Touched]:
    """The rows for reading, each with the customer whom it means.

    `known` takes the place of what was chosen for known customers; they are shown with the names they have then.
    """
    if not rows or upload.preview is None:
        return []
    given = frozenset(upload.preview["given"])
    words = named_vocabulary(upload=upload, given=given, scope=scope, rows=list(rows))
    plan = plan_of(upload=upload, scope=scope, given=given, words=words, known=known)
    plan.show(rows)
    statements = Statements(plan=plan, upload=upload, scope=scope, moment=upload.preview.get("moment", ""))
    with connection.cursor() as cursor:
        cursor.execute(plan.merged(), plan.params)
        names = [column.name for column in cursor.description or ()]
        merged = {values[0]: dict(zip(names, values, strict=True)) for values in cursor.fetchall()}
    before_by_id = (
        Customer.objects.filter(base=scope.base)
        .select_related("customer_group")
        .in_bulk([values["customer_id"] for values in merged.values() if values["customer_id"]])
    )
    read_former_numbers(list(before_by_id.values()) if plan.former else [])
    numbers = _former_numbers(upload, plan, list(rows)) if plan.former else {}
    said = said_by_row(statements)
    held = held_by(before_by_id, scope, at=timezone.now()) if statements else {}
    purposes = names_of_purposes(scope) if statements.besides else {}
    groups = {group.pk: group for group in CustomerGroup.objects.in_base(scope.base)}
    groups |= {pk: CustomerGroup(pk=pk, name=name) for name, pk in words.new_groups.items()}
    fields = _shown_fields(upload, scope)
    found = []
    for number in rows:
        values = merged.get(number)
        if values is None or (values["customer_id"] is None) != is_new:
            continue
        old: Any = before_by_id.get(values["customer_id"])
        new: Any = _after(old, values, groups)
        if old is None or values["adds_numbers"]:
            new.former_numbers = {*new.former_numbers, *numbers.get(number, ())}
        brought, before = said.get(number, []), held.get(values["customer_id"], {})
        if old is not None:
            old.held = before
        new.held = after(before, brought)
        besides = [Difference(about, "", what) for about, what in beside_rows(brought, purposes)]
        differences = (*_differences(fields, old, new), *besides)
        name = (new if known is None else old or new).display_name
        found.append(Touched(number, new.customer_number, name, differences))
    return found


def _former_numbers(upload: ImportUpload, plan: Plan, rows: list[int]) -> dict[int, list[str]]:
    """The former numbers that these rows give, by the number of the row."""
    some = "(SELECT * FROM customers_import_rows WHERE upload = %(upload)s AND row_number = ANY(%(rows)s)) AS r"
    with connection.cursor() as cursor:
        cursor.execute(shown_numbers(plan.former, some), plan.params | {"rows": rows})
        return dict(cursor.fetchall())


def _shown_fields(upload: ImportUpload, scope: Scope) -> list[tuple[str, Any]]:
    """The fields that the file gives, each by our name for it, with its headings there where they are others."""
    fields = CustomerResource(scope=scope).fields
    shown: dict[str, list[str]] = {}
    former = {"customer_number": "former_numbers"} if upload.choices.get(OF_SENDER) else {}
    for heading, column in zip(upload.choices["headings"], upload.choices["targets"], strict=True):
        target = former.get(column, column)
        if target in fields and not fields[target].readonly:  # a uid is for programs, and shown to nobody
            for name in shown_as(fields[target], target):
                shown.setdefault(name, []).append(heading)
    return [(_label(fields[name].shown_heading(), headings), fields[name]) for name, headings in shown.items()]


def _label(ours: str, headings: Sequence[str]) -> str:
    """“E-mail”, or “E-mail (EMAIL;TYPE=HOME)” where the file calls it otherwise."""
    theirs = " + ".join(headings)
    return ours if theirs.casefold() == ours.casefold() else f"{ours} ({theirs})"


def _after(old: Customer | None, values: dict[str, Any], groups: dict[int, CustomerGroup]) -> Customer:
    new = copy.copy(old) if old else Customer(customer_number=values["customer_number"])
    for name in WRITTEN:
        if name != GROUP:
            setattr(new, name, values[name])
    new.customer_group = groups.get(values[GROUP]) if values[GROUP] else None
    return new


def _differences(fields: Sequence[tuple[str, Any]], old: Customer | None, new: Customer) -> Iterator[Difference]:
    for heading, field in fields:
        before = field.shown(field.get_value(old)) if old else ""
        after = field.shown(field.get_value(new))
        if before != after and (old or field.get_value(new) not in (None, False, [])):
            yield Difference(heading, before, after)


def write_rejected(upload: ImportUpload, file: BinaryIO, *, source: BinaryIO | None = None) -> int:
    """The rejected rows as a file in the format of the upload, to be corrected and imported again: how many.

    Each with the reason in a last column, which an import leaves out by itself. `source` takes the place of the stored
    file.
    """
    told = iter(verdicts(upload, Verdict.REJECTED).values_list("row_number", "problems").iterator())
    german, english = REASON
    heading = german if (get_language() or "de").startswith("de") else english
    count = 0
    with table_of(upload, source) as table, open_writer_like(file, dialect=table.dialect) as writer:
        keep = [at for at, name in enumerate(table.headings) if name not in REASON]
        writer.write_headings([*(table.headings[at] for at in keep), heading])
        for row, problems in _in_step(table, told):
            writer.write_row([*(row.cells[at] for at in keep), _reason(row, problems, len(table.headings))])
            count += 1
    return count


def _in_step(table: Table, told: Iterator[tuple[int, list[Problem]]]) -> Iterator[tuple[Row, Any]]:
    """The rows of the file that something is told about. Both iterators ascend by the number of the row."""
    wanted = next(told, None)
    for row in table:
        if wanted is None:
            return
        if row.number == wanted[0]:
            yield row, wanted[1]
            wanted = next(told, None)


def _reason(row: Row, problems: list[Problem], width: int) -> str:
    reasons = [f"{one['column']}: {one['reason']}" if one["column"] else str(one["reason"]) for one in problems]
    beyond = [str(cell) for cell in row.cells[width:] if cell not in ("", None)]
    return " · ".join([*reasons, *(["… " + " | ".join(beyond)] if beyond else [])])
