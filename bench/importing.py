"""Importing a million customers: ours against the floor and against stock import-export, side by side in one run.

The floor is what the database alone needs: COPY into a bare table, then one INSERT … SELECT from there into the same
table of customers, with its indexes and its history, and nothing checked. It writes the same rows as the import. Each
run has an empty base of its own in the same table.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.fill import BIG
from bench.measure import Series
from bench.pages import LIST, _get, _head
from bench.people import GROUPS, write_people
from customers.models import CustomerGroup, ImportUpload
from locations.choices import OrganizationKind
from locations.models import Location, Organization
from locations.operations import Place
from mcp.central.operations import open_business
from mcp.choices import ProviderRole
from mcp.isolation import row_scope
from mcp.models import User

FIRST_ACCOUNT = 80_000
TEXTS = (
    "salutation", "first_name", "last_name", "company", "street", "postal_code", "city", "country", "email",
)  # fmt: skip
FILE_COLUMNS = (
    "customer_number", "salutation", "first_name", "last_name", "company", "street", "postal_code", "city", "country",
    "email", "phone_private", "mobile", "birthday", "customer_group", "price_level", "discount", "credit_limit",
    "newsletter", "transfer_allowed", "is_blocked", "memo",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Run:
    """One way of bringing `rows` rows in: seconds, and the most memory of the process in MB where it was looked at."""

    name: str
    rows: int
    seconds: float
    memory: float | None = None
    meanwhile: Series | None = None
    """The list page of another base, while this went on: somebody works in the console in each of the runs."""

    @property
    def per_row(self) -> float:
        """Microseconds."""
        return self.seconds / self.rows * 1e6


def all_rows(*, rows: int, stock_rows: int, folder: Path) -> list[Run]:
    """The floor, ours, the same file again with one row in a hundred changed, and stock import-export."""
    first, again, some = folder / "first.csv", folder / "again.csv", folder / "some.csv"
    write_people(first, rows)
    write_people(again, rows, changed_each=100)
    write_people(some, stock_rows)
    runs = [floor(first, rows)]
    place = new_place()
    runs.append(ours(place, first, rows, "import of new customers"))
    runs.append(ours(place, again, rows, "the same again, 1 % changed"))
    runs.append(stock(new_place(), some, stock_rows))
    return runs


def new_place() -> Location:
    """An empty base in a business of its own."""
    with row_scope.without_scope(reason="a business for the bench", actor="bench"):
        support = User.objects.get(organization=None, provider_role=ProviderRole.SUPPORT)
        number = FIRST_ACCOUNT + Organization.objects.filter(account_number__gte=FIRST_ACCOUNT).count()
        business = open_business(
            account_number=number, name=f"Import {number}", kind=OrganizationKind.CENTRAL_GROUP,
            place=Place(name="Zentrale"), administrator=User(username=f"head{number}", first_name="B", last_name="H"),
            support=support,
        )  # fmt: skip
        return Location.objects.select_related("organization", "base").get(organization=business)


def floor(file: Path, rows: int) -> Run:
    """COPY into a bare table and INSERT … SELECT into the real one, as a role for which all rows exist."""
    place = new_place()
    with row_scope.without_scope(reason="groups of the bench", actor="bench"):
        for name in GROUPS:
            CustomerGroup.objects.create(base=place.base, name=name)
        record = ImportUpload.objects.create(
            organization=place.organization, base=place.base, location=place, user_name="bench", name="floor"
        )
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        _settle(owner)
        columns = ", ".join(f"{name} text" for name in FILE_COLUMNS)
        owner.execute("DROP TABLE IF EXISTS bench_bare")
        owner.execute(f"CREATE UNLOGGED TABLE bench_bare ({columns})")
        owner.execute("GRANT ALL ON bench_bare TO stammhaus_unscoped")
        started = time.perf_counter()
        with ThreadPoolExecutor(max_workers=1) as beside:
            landing = beside.submit(_land, owner, file, place, record)
            meanwhile = _list_pages(landing.done)
            landing.result()
        seconds = time.perf_counter() - started
        owner.execute("DROP TABLE bench_bare")
    name = "floor: COPY and INSERT … SELECT, nothing checked"
    return Run(name=name, rows=rows, seconds=seconds, meanwhile=meanwhile)


def _land(owner: psycopg.Connection, file: Path, place: Location, record: ImportUpload) -> None:
    with owner.cursor() as cursor, cursor.copy(_COPY) as copy, file.open("rb") as source:
        source.readline()
        while piece := source.read(1024 * 1024):
            copy.write(piece)
    with owner.transaction():
        owner.execute("SET LOCAL ROLE stammhaus_unscoped")
        where = {"organization": place.organization_id, "base": place.base_id, "location": place.pk}
        owner.execute(_LAND, where)
        owner.execute(_SAY, where | {"upload": record.pk})


_COPY = "COPY bench_bare FROM STDIN (FORMAT csv, DELIMITER ';', NULL '\\N')"
_EMPTY = (
    "title", "alias", "vat_id", "address_extra", "po_box", "phone_business", "fax", "website",
    "language", "payment_method", "iban", "bic", "bank", "loss_reason", "blocked_reason", "archived_reason",
)  # fmt: skip
_LAND = f"""
    INSERT INTO customers_customer (organization_id, base_id, home_location_id, customer_number, {", ".join(TEXTS)},
        phone_private, mobile, memo, birthday, customer_group_id, price_level, discount, credit_limit, is_blocked,
        is_favourite, tags, {", ".join(_EMPTY)})
    SELECT %(organization)s, %(base)s, %(location)s, customer_number::int,
        {", ".join(f"bare.{name}" for name in TEXTS)},
        replace(phone_private, ' ', ''), replace(mobile, ' ', ''), memo, to_date(birthday, 'DD.MM.YYYY'),
        kind.id, bare.price_level::int, bare.discount::numeric,
        replace(replace(nullif(credit_limit, ''), '.', ''), ',', '.')::numeric, false, false, '{{}}',
        {", ".join("''" for _name in _EMPTY)}
    FROM bench_bare AS bare
    LEFT JOIN customers_customergroup AS kind ON kind.base_id = %(base)s AND kind.name = bare.customer_group
"""
_SAY = """
    INSERT INTO customers_consent (organization_id, base_id, location_id, upload_id, customer_id, purpose, is_given, at,
        source, wording_version, evidence, recorded_by)
    SELECT %(organization)s, %(base)s, %(location)s, %(upload)s, customer.id, purpose, answer = 'ja', now(),
        'import', '', '', ''
    FROM (
        SELECT customer_number::int AS number, 'newsletter' AS purpose, newsletter AS answer FROM bench_bare
        UNION ALL SELECT customer_number::int, 'transfer', transfer_allowed FROM bench_bare
    ) AS said
    JOIN customers_customer AS customer ON customer.base_id = %(base)s AND customer.customer_number = number
    WHERE answer <> ''
"""


def ours(place: Location, file: Path, rows: int, name: str) -> Run:
    """The command, in a process of its own, so that its memory is its own; its start is counted as well."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        _settle(owner)
    arguments = ["--account", str(place.organization.account_number), "--client", "1", "--yes", "--json", str(file)]
    command = [sys.executable, "-m", "django", "import_customers", *arguments]
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."})
    meanwhile = _list_pages(lambda: process.poll() is not None)
    out = process.stdout.read() if process.stdout else ""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.perf_counter() - started
    counts = json.loads(out)
    if process.returncode or counts["read"] != rows:
        raise RuntimeError(f"{name}: {process.returncode}, {counts}")
    return Run(name=name, rows=rows, seconds=seconds, memory=usage.ru_maxrss / 1024, meanwhile=meanwhile)


def _list_pages(is_over: Callable[[], bool]) -> Series:
    """How long the list of a base of many customers takes, asked for again and again until the import has ended."""
    client, taken = _head(BIG), []
    while not is_over():
        started = time.perf_counter()
        _get(client, f"/{BIG}/1/{LIST}")
        taken.append(time.perf_counter() - started)
        time.sleep(0.5)
    return Series(tuple(taken))


def stock(place: Location, file: Path, rows: int) -> Run:
    """import-export as it comes, in bulk mode, with a loader that asks once and not for each row."""
    from bench.stock.importing import import_with_stock  # noqa: PLC0415 - needs the models

    with file.open(encoding="utf-8-sig", newline="") as source:
        table = list(csv.reader(source, delimiter=";"))[1:]
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        _settle(owner)
        owner.execute("GRANT UPDATE ON SEQUENCE customers_customer_id_seq TO stammhaus_unscoped")  # it sets it anew
    started = time.perf_counter()
    with row_scope.without_scope(reason="stock import-export knows no scope", actor="bench"):
        import_with_stock(table, place)
    return Run(name="stock import-export, bulk mode", rows=rows, seconds=time.perf_counter() - started)


def _settle(owner: psycopg.Connection) -> None:
    """No run pays for the rubbish of the one before."""
    owner.execute("VACUUM customers_customer, customers_customerevent, customers_importrow")
    owner.execute("CHECKPOINT") if _is_superuser(owner) else None


def _is_superuser(owner: psycopg.Connection) -> bool:
    row = owner.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return bool(row and row[0])
