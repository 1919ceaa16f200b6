"""What it takes to book on accounts: many movements at once, single ones by several writers, and many tills at a time.

Many movements are compared with the bare table, its keys and nothing else, in turns. The tills are those of
examples/till, each a device of its own; while they sell, somebody turns the pages of the list of customers.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import urllib3
from django.conf import settings
from django.db import connection
from django.test import Client

from bench.calling import served
from bench.fill import fill_customers
from bench.importing import new_place
from bench.measure import Series
from bench.noting import ensure_support
from bench.owner import as_owner
from bench.pages import LIST
from launch import folders
from locations.models import Location
from locations.permissions import Right
from mcp.isolation import grants, row_scope
from mcp.isolation.scope import Scope
from mcp.models import Membership, User, UserGroup
from mcp.project import environment
from tests.mcp.devices import device_at

TILLS, RATE = 64, 13.0
"""So many tills, and sales a second of all together: one of each every five seconds."""
TURN_EVERY = 1.0
"""Seconds after which the next page of the list is looked at."""
WRITERS, EACH = 8, 250
AT_ONCE = 10_000
OF_TILLS = (Right.VIEW_CUSTOMERS, Right.SEE_ACCOUNTS, Right.POST_TO_ACCOUNTS, Right.RECEIVE_PAYMENTS)
OF_PEOPLE = (Right.VIEW_CUSTOMERS, Right.SEE_CONTACT_DATA, Right.SEE_ACCOUNTS)
EXAMPLE = folders.PROJECT / "examples" / "till"

_OPEN = (
    "INSERT INTO accounting_ledger (organization_id, base_id) VALUES (%(organization)s, %(base)s)",
    """
    INSERT INTO accounting_accountterms (organization_id, base_id, ledger_id, owner_key, customer_id,
        may_buy_on_account, may_hold_credit, hard_limit, is_blocked, blocked_reason, set_by)
    SELECT ledger.organization_id, ledger.base_id, ledger.id, ledger.owner_key, customer.id, true, true, 900000000,
        false, '', 'bench'
    FROM accounting_ledger AS ledger JOIN customers_customer AS customer ON customer.base_id = ledger.base_id
    WHERE ledger.base_id = %(base)s AND customer.customer_number <= %(accounts)s
    """,
    """
    INSERT INTO accounting_account (organization_id, base_id, ledger_id, owner_key, kind, customer_id)
    SELECT terms.organization_id, terms.base_id, terms.ledger_id, terms.owner_key, one.kind, terms.customer_id
    FROM accounting_accountterms AS terms, unnest(ARRAY['owed', 'credit']) AS one (kind)
    WHERE terms.base_id = %(base)s
    """,
    """
    INSERT INTO accounting_account (organization_id, base_id, ledger_id, owner_key, kind, location_id)
    SELECT ledger.organization_id, ledger.base_id, ledger.id, ledger.owner_key, one.kind, %(location)s
    FROM accounting_ledger AS ledger, unnest(ARRAY['sales', 'money']) AS one (kind) WHERE ledger.base_id = %(base)s
    """,
)
_FREE = "UPDATE customers_customer SET is_blocked = false WHERE base_id = %(base)s AND customer_number <= %(accounts)s"
_BARE = """
    INSERT INTO accounting_movement (organization_id, base_id, ledger_id, owner_key, debit_id, credit_id, amount, kind,
        location_id, business_day, key, document, reason, is_late, user_name)
    SELECT account.organization_id, account.base_id, account.ledger_id, account.owner_key, account.id, %(sales)s, 1.25,
        'sale', %(location)s, current_date, %(first)s || one.at, '', '', false, 'bench'
    FROM unnest(%(debits)s::bigint[]) WITH ORDINALITY AS one (debit, at)
    JOIN accounting_account AS account ON account.base_id = %(base)s AND account.id = one.debit
"""
_OPENED = """
    SELECT array_agg(id ORDER BY id) FILTER (WHERE kind = 'owed'), min(id) FILTER (WHERE kind = 'sales')
    FROM accounting_account WHERE base_id = %(base)s
"""
_EMPTY = (
    "TRUNCATE accounting_movement, accounting_ledgerexception CASCADE",
    "UPDATE accounting_account SET balance = 0 WHERE balance <> 0",
    "VACUUM ANALYZE accounting_account, accounting_movement",
)
_POST = "SELECT count(*) FROM accounting_post(%s, %s, 'bench', %s)"
_ENTERED = ("base", "organization", "location")


@dataclass(frozen=True, kw_only=True)
class Bulk:
    """Seconds for `rows` movements: by the function that posts them, and as rows of the bare table with its keys."""

    rows: int
    posted: float
    bare: float

    @property
    def ratio(self) -> float:
        return self.posted / self.bare


@dataclass(frozen=True, kw_only=True)
class Sold:
    """What the tills have seen, and who has looked at the list meanwhile."""

    minutes: float
    sales: Series
    pages: Series
    errors: int


class Shop:
    """A business with one location: `count` customers, of whom the first `accounts` have accounts."""

    def __init__(self, *, count: int, accounts: int) -> None:
        ensure_support()
        self.place: Location = new_place()
        with as_owner():
            fill_customers(self.place, count)
            values = {**self._entered, "accounts": accounts}
            with row_scope.rows_of(Scope.of_system(self.place, name="bench")), connection.cursor() as cursor:
                for statement in (_FREE, *_OPEN):
                    cursor.execute(statement, values)
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
                cursor.execute("SELECT id FROM accounting_ledger WHERE base_id = %(base)s", values)
                [self.ledger] = cursor.fetchone()
                cursor.execute(_OPENED, values)
                self.owed, self.sales = cursor.fetchone()

    @property
    def _entered(self) -> dict[str, int]:
        place = self.place
        return {"base": place.base_id, "organization": place.organization_id, "location": place.pk}

    # --- the database alone ---------------------------------------------------------------------------------------

    def bulk(self, *, rows: int, turns: int) -> Bulk:
        """So many movements, a statement and a transaction for each ten thousand, into an empty table, in turns."""
        posted, bare = [], []
        for _turn in range(turns):
            bare.append(self._written(rows, self._bare, os.environ["DATABASE_OWNER_URL"]))
            posted.append(self._written(rows, self._post, os.environ["DATABASE_URL"]))
        return Bulk(rows=rows, posted=min(posted), bare=min(bare))

    def _written(self, rows: int, write: Callable[[psycopg.Connection[Any], list[int]], object], url: str) -> float:
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
            for statement in _EMPTY:
                owner.execute(statement)
        taken = 0.0
        with psycopg.connect(url, autocommit=True) as line:
            for debits in self.debits(rows):
                started = time.perf_counter()
                with line.transaction():
                    self._enter(line)
                    write(line, debits)
                taken += time.perf_counter() - started
        return taken

    def _bare(self, owner: psycopg.Connection[Any], debits: list[int]) -> None:
        owner.execute(_BARE, {**self._entered, "sales": self.sales, "debits": debits, "first": os.urandom(8).hex()})

    def _post(self, web: psycopg.Connection[Any], debits: list[int]) -> None:
        web.execute(_POST, [self.place.base_id, self.ledger, json.dumps([self._sale(debit) for debit in debits])])

    def singles(self) -> Series:
        """One movement after the other, by several writers at once."""
        taken: list[float] = []

        def write(writer: int) -> None:
            own: list[float] = []
            with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as web:
                for turn in range(EACH):
                    debit = self.owed[(writer * 997 + turn * 7) % len(self.owed)]
                    started = time.perf_counter()
                    with web.transaction():
                        self._enter(web)
                        self._post(web, [debit])
                    own.append(time.perf_counter() - started)
            taken.extend(own)

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return Series(tuple(taken))

    def post(self, debits: list[int]) -> None:
        """A sale on each of these accounts, in one transaction."""
        with psycopg.connect(os.environ["DATABASE_URL"]) as web:
            self._enter(web)
            self._post(web, debits)

    def debits(self, rows: int) -> Iterator[list[int]]:
        """Accounts of so many sales, in portions for one statement; whoever has an account comes in turn."""
        for first in range(0, rows, AT_ONCE):
            yield [self.owed[number % len(self.owed)] for number in range(first, min(first + AT_ONCE, rows))]

    def _sale(self, debit: int) -> dict[str, Any]:
        key = os.urandom(12).hex()
        day = time.strftime("%Y-%m-%d")
        return {
            "debit": debit, "credit": self.sales, "amount": "1.25", "kind": "sale", "business_day": day, "key": key
        }  # fmt: skip

    def _enter(self, web: psycopg.Connection[Any]) -> None:
        for name in _ENTERED:
            web.execute("SELECT set_config(%s, %s, true)", [f"stammhaus.{name}", str(self._entered[name])])

    # --- the tills ------------------------------------------------------------------------------------------------

    def sold(self, *, minutes: float, folder: Path) -> Sold:
        """All tills sell by the clock for so long, beside somebody at the list."""
        tokens, session = folder / "tokens.txt", self._person()
        with served() as (url, _processes):
            tokens.write_text("".join(f"{url}{self.place.address} {token}\n" for token in self._tills()))
            typed = Namespace(files=[], tokens=tokens, rate=RATE, seconds=minutes * 60, customers=self._numbers())
            cookie = f"{environment.cookies_begin_with(settings.SIDE, f'{url}/')}sessionid={session}"
            with _example() as (load, call), _looked_at(f"{url}{self.place.address}{LIST}", cookie) as pages:
                measured = load.run(typed, call, lambda line: print(f"  tills: {line}", flush=True))
        return Sold(
            minutes=minutes, sales=Series(tuple(measured.seconds)), pages=Series(tuple(pages)),
            errors=measured.errors.total(),
        )  # fmt: skip

    def _tills(self) -> list[str]:
        with as_owner(), row_scope.without_scope(reason="tills for the bench", actor="bench"):
            group = UserGroup.objects.create(organization=self.place.organization, name="Tills")
            grants.add_grants(group, [(right, self.place.pk) for right in OF_TILLS])
            return [device_at(self.place, group, name=f"Till {number}")[1] for number in range(1, TILLS + 1)]

    def _person(self) -> str:
        """The session of somebody who works in the console."""
        with as_owner(), row_scope.without_scope(reason="people for the bench", actor="bench"):
            group = UserGroup.objects.create(organization=self.place.organization, name="Counter")
            grants.add_grants(group, [(right, self.place.pk) for right in OF_PEOPLE])
            person = User.objects.create(organization=self.place.organization, username="counter", language="de")
            Membership.objects.create(organization=self.place.organization, user=person, group=group)
        client = Client()
        with row_scope.without_scope(reason="people for the bench", actor="bench"):
            client.force_login(person)
        return str(client.cookies[settings.SESSION_COOKIE_NAME].value)

    def _numbers(self) -> str:
        """A hundred customers on whose accounts is sold."""
        return ",".join(str(number) for number in range(1, 101))


@contextmanager
def _example() -> Iterator[tuple[Any, Callable[..., Any]]]:
    """The load of the example till, and how it asks."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        yield importlib.import_module("till_load"), importlib.import_module("till_line").call
    finally:
        sys.path.remove(str(EXAMPLE))


@contextmanager
def _looked_at(address: str, cookie: str) -> Iterator[list[float]]:
    """Somebody looks at one page of the list after the other; seconds of each."""
    seconds: list[float] = []
    is_over = threading.Event()
    pool = urllib3.PoolManager()

    def look() -> None:
        page = 0
        while not is_over.wait(TURN_EVERY):
            page += 1
            started = time.perf_counter()
            answer = pool.request("GET", f"{address}?p={page % 20 + 1}", headers={"Cookie": cookie}, redirect=False)
            seconds.append(time.perf_counter() - started)
            if answer.status != 200:
                raise RuntimeError(f"The list answers with {answer.status}.")

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seconds
    finally:
        is_over.set()
        thread.join()
