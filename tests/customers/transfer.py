"""What the tests of import and export share."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from customers.models import Customer
from customers.resources import CustomerResource
from customers.transfer.exporting import export_chunks
from customers.transfer.outcome import Outcome
from customers.transfer.reading import Reading
from customers.transfer.sheet import Sheet, match_columns, read_sheet
from mcp.scope import Scope
from spreadsheets import Profile, open_table
from spreadsheets.writing import ENDINGS

DATA = Path(__file__).parents[1] / "data"
GERMAN, ENGLISH, NORTHWIND = DATA / "kunden_de.csv", DATA / "customers_en.csv", DATA / "northwind_customers.csv"


def sheet(content: bytes, name: str = "customers.csv") -> Sheet:
    """The rows of a file, its columns matched by their headings."""
    with open_table(io.BytesIO(content), name=name) as table:
        targets = match_columns(table.headings, CustomerResource().fields)
    return read_sheet(io.BytesIO(content), name=name, targets=targets)


def table(headings: Sequence[str], *rows: Sequence[Any]) -> bytes:
    file = io.StringIO()
    csv.writer(file, delimiter=";").writerows([headings, *rows])
    return file.getvalue().encode()


def take_in(
    scope: Scope, content: bytes, *, name: str = "customers.csv", dry_run: bool = False, **more: Any
) -> Outcome:
    """Import a file in the given scope."""
    return CustomerResource(scope=scope).run(sheet(content, name), dry_run=dry_run, **more)


def northwind(scope: Scope) -> Outcome:
    return take_in(scope, NORTHWIND.read_bytes(), reading=Reading(null_is_empty=True))


def taken_out(scope: Scope, profile: Profile = "excel-de", *, language: str = "de") -> bytes:
    """All customers of the scope's base as a file."""
    resource = CustomerResource(scope=scope)
    columns = resource.export_columns()
    rows = resource.get_queryset()
    return b"".join(export_chunks(resource, rows, profile=profile, columns=columns, language=language))


def file_name(profile: Profile) -> str:
    return "customers" + ENDINGS[profile]


def events_of(customer: Any) -> Any:
    """What the history holds about a customer, oldest first."""
    return customer.history.select_related("pgh_context").order_by("pgh_created_at", "changed_at")


def state(scope: Scope) -> list[dict[str, Any]]:
    """Every column of every customer of the base."""
    return [dict(row) for row in Customer.objects.in_base(scope.base).order_by("customer_number").values()]


def reasons(outcome: Outcome) -> list[tuple[int, str, str, str]]:
    return [(one.row, one.column, one.value, one.code) for one in outcome.rejections]
