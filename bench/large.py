"""Eight million customers of forty locations in one base, beside a base of a million: the same pages, the same import.

In a database of its own, filled once; the search index is built over the rows when they are there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import psycopg
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import NumericRange as Range
from django.test import Client

from bench import importing
from bench.fill import BIG, CHUNK, CUSTOMERS, SMALL, without_search_index
from bench.importing import Run
from bench.measure import Series, in_turns
from bench.pages import LIST, _customer, _get, _head, _last, _middle, _saver, everything
from bench.people import write_people
from customers.models import CustomerGroup
from locations.choices import OrganizationKind
from locations.models import Location, Organization
from locations.operations import Place, open_location
from mcp.central.operations import open_business
from mcp.choices import ProviderRole
from mcp.models import User

LOCATIONS = 40
FIRST_IMPORTED = 8_000_001
"""Behind the blocks of the locations: the numbers of the central, of which nobody has one before the import."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page in the large base and in the small one."""

    name: str
    large: Series
    small: Series

    @property
    def ratio(self) -> float:
        return self.large.median / self.small.median


@dataclass(frozen=True, kw_only=True)
class Import:
    """One import, and how many rows of the customers' table the database has read for it."""

    run: Run
    read: int


# --- the data ---------------------------------------------------------------------------------------------------


def fill(*, large: int, small: int) -> None:
    """Bring the empty database to this size."""
    support = User(username="bench-support", provider_role=ProviderRole.SUPPORT)
    support.set_password("bench")
    support.save()
    with without_search_index():
        for number, customers in ((BIG, large), (SMALL, small)):
            _fill_business(number, customers, support)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _fill_business(account_number: int, customers: int, support: User) -> None:
    numbers = Range(FIRST_IMPORTED, FIRST_IMPORTED + 1_000_000)
    business = open_business(
        account_number=account_number, name=f"Bench {account_number}", kind=OrganizationKind.CENTRAL_GROUP,
        place=Place(name="Zentrale", number_range=numbers), support=support,
        administrator=User(username=f"head{account_number}", first_name="Bench", last_name="Head"),
    )  # fmt: skip
    base = business.locations.get().base
    group = CustomerGroup.objects.create(base=base, name="Stammtisch")
    block = customers // LOCATIONS
    for at in range(LOCATIONS):
        first, behind = 1 + at * block, 1 + (at + 1) * block
        place = open_location(
            organization=business,
            place=Place(name=f"Filiale {at + 2}", client_number=at + 2, number_range=Range(first, behind)),
        )
        _fill_location(place, first, behind, group)


def _fill_location(place: Location, first: int, behind: int, group: CustomerGroup) -> None:
    for start in range(first, behind, CHUNK):
        values = {
            "organization": place.organization_id, "base": place.base_id, "location": place.pk, "group": group.pk,
            "first": start, "last": min(start + CHUNK, behind) - 1,
        }  # fmt: skip
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(CUSTOMERS, values)


# --- what is measured -------------------------------------------------------------------------------------------


def all_pages(*, repeat: int) -> list[Page]:
    """The pages in both bases, in turns."""
    clients = {BIG: _head(BIG), SMALL: _head(SMALL)}
    pages = {
        "list": dict.fromkeys(clients, ""),
        "list, last page": {number: _last(number) for number in clients},
        "list, page in the middle": {number: _middle(number) for number in clients},
        "search that finds 3": dict.fromkeys(clients, "?q=zyxwerth"),
        "search that finds 10,000": dict.fromkeys(clients, "?q=marderkamp"),
        "search in the middle of a word": dict.fromkeys(clients, "?q=yxwert"),
        "search for a phone number": dict.fromkeys(clients, "?q=040+1000002"),
        "birthdays of a month": dict.fromkeys(clients, "?birthday=5"),
        "archived customers": dict.fromkeys(clients, "?archived=yes"),
        "open a customer": {number: f"{_customer(number).pk}/change/" for number in clients},
    }
    found = [_page(name, clients, {n: f"{LIST}{at}" for n, at in wanted.items()}, repeat)
             for name, wanted in pages.items()]  # fmt: skip
    return [*found, _save(clients, repeat), _page("front page", clients, dict.fromkeys(clients, ""), repeat)]


def _page(name: str, clients: dict[int, Client], paths: dict[int, str], repeat: int) -> Page:
    series = in_turns(
        {
            "large": lambda: _get(clients[BIG], f"/{BIG}/1/{paths[BIG]}"),
            "small": lambda: _get(clients[SMALL], f"/{SMALL}/1/{paths[SMALL]}"),
        },
        repeat=repeat,
    )
    return Page(name=name, **series)


def _save(clients: dict[int, Client], repeat: int) -> Page:
    """The form is fetched outside of the measured time."""
    savers = {
        name: _saver(clients[number], f"/{number}/1/{LIST}{_customer(number).pk}/change/")
        for name, number in (("large", BIG), ("small", SMALL))
    }
    taken: dict[str, list[float]] = {name: [] for name in savers}
    for turn in range(repeat + 2):
        for name, (prepare, save) in savers.items():
            prepare(turn)
            seconds = in_turns({name: save}, repeat=1, warm_up=0)[name].seconds
            taken[name].extend(seconds if turn >= 2 else ())
    return Page(name="save a customer", **{name: Series(tuple(seconds)) for name, seconds in taken.items()})


def all_imports(*, rows: int, folder: Path) -> list[Import]:
    """New customers into the small base and into the large one, and the same file again with one in a hundred changed.

    Last a small file, whose rows are to be looked for and not read among all others.
    """
    first, again, few = folder / "first.csv", folder / "again.csv", folder / "few.csv"
    write_people(first, rows, start=FIRST_IMPORTED)
    write_people(again, rows, start=FIRST_IMPORTED, changed_each=100)
    write_people(few, 1_000, start=FIRST_IMPORTED, changed_each=10)
    small, large = _central(SMALL), _central(BIG)
    return [
        _import(small, first, rows, "new customers into a million"),
        _import(large, first, rows, "new customers into eight million"),
        _import(small, again, rows, "again into a million, 1 % changed"),
        _import(large, again, rows, "again into eight million, 1 % changed"),
        _import(small, few, 1_000, "a thousand rows of a million, 10 % changed"),
        _import(large, few, 1_000, "a thousand rows of eight million, 10 % changed"),
    ]


def _import(place: Location, file: Path, rows: int, name: str) -> Import:
    before = _rows_read()
    run = importing.ours(place, file, rows, name)
    return Import(run=run, read=_rows_read() - before)


def _rows_read() -> int:
    """How many rows of the customers' table scans and indexes have given so far."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("SELECT pg_stat_force_next_flush()")
        [(rows,)] = owner.execute(
            """SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables
                WHERE relname = 'customers_customer'"""
        ).fetchall()
    return int(rows)


@everything
def _central(account_number: int) -> Location:
    organization = Organization.objects.get(account_number=account_number)
    return Location.objects.select_related("organization", "base").get(organization=organization, client_number=1)
