"""A branch on a base 1.0 and its central in one database, as in the tests: the first load, large runs, single edits.

Each step of a run is done in a process of its own, whose memory is told. While one side writes, somebody registers a
customer there again and again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, connections
from django.test import override_settings
from psycopg import sql

from bench.fill import CHUNK, CUSTOMERS
from bench.owner import as_owner
from clearing.choices import PartKind
from clearing.models import Cycle
from clearing.protocol.parts import unpack_all
from clearing.rows.parts import contents_of, manifest
from customers.models import Customer, CustomerGroup
from customers.operations import change_customer, register_customer
from customers.write_order import Reconciling
from locations.choices import Side
from locations.models import Location, Organization
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.clearing.two_sides import ASKED, TwoSides

FIRST_ACCOUNT = 600_001
FIRST_REGISTERED = 8_000_001
_CONSENTS = """
    INSERT INTO customers_consent (organization_id, base_id, location_id, customer_id, purpose, is_given, at, source,
        wording_version, evidence, recorded_by)
    SELECT organization_id, base_id, home_location_id, id, 'newsletter', true, now(), 'form', '', '', 'Bench'
    FROM customers_customer WHERE base_id = %(base)s AND customer_number BETWEEN %(first)s AND %(last)s
      AND customer_number %% 10 = 0
"""
_CHANGE = """
    UPDATE customers_customer SET city = %(city)s || customer_number, memo = ''
    WHERE base_id = %(base)s AND customer_number <= %(last)s AND customer_number %% %(each)s = 0
"""
_COPY = "COPY (SELECT * FROM customers_customer WHERE base_id = {base}) TO STDOUT"
_TRACKING = "revision_update"


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a run at one side. `waited` is the longest that a registration took meanwhile, in seconds."""

    name: str
    rows: int
    seconds: float
    memory: float = 0.0
    size: int = 0
    waited: float | None = None
    is_told: bool = True
    """Whether each registration that was given up was told that a reconciliation runs."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of many rows, step by step, and what each side took."""

    name: str
    rows: int
    steps: tuple[Step, ...]

    def of(self, name: str) -> Step:
        """The step of this name."""
        return next(step for step in self.steps if step.name == name)

    @property
    def at_branch(self) -> float:
        return self.of("cut").seconds + self.of("apply").seconds

    @property
    def at_central(self) -> float:
        return self.of("receive").seconds + self.of("decide").seconds

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return sum(step.size for step in self.steps)

    @property
    def memory(self) -> float:
        return max(step.memory for step in self.steps)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Median milliseconds of one edit in a base 1.0: as it is, and without the trigger that numbers changes."""

    numbered: float
    plain: float

    @property
    def ratio(self) -> float:
        return self.numbered / self.plain


class World:
    """Both sides, with nobody yet."""

    def __init__(self) -> None:
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
            owner.execute(ASKED)
        with as_owner(), row_scope.without_scope(reason="two sides for the bench", actor="bench"):
            there = Organization.objects.filter(account_number__gte=FIRST_ACCOUNT).count()
            self.sides = TwoSides(first_account=FIRST_ACCOUNT + there, is_asked=True)
            for scope in (self.sides.central, self.sides.branch.actor):
                Location.objects.filter(pk=scope.location.pk).update(number_range=(1, 9_999_999))
        self.registered = FIRST_REGISTERED

    def scope(self, side: Side) -> Scope:
        """The system at one side."""
        return self.sides.branch.actor if side == Side.BRANCH else self.sides.central

    # --- what people do ---------------------------------------------------------------------------------------

    def fill(self, rows: int) -> Run:
        """So many customers at the branch; one in ten has said something. What the database alone takes for them."""
        started = time.perf_counter()
        scope = self.scope(Side.BRANCH)
        with _writing(scope, Side.BRANCH):
            group = CustomerGroup.objects.filter(base=scope.base).first()
            group = group or CustomerGroup.objects.create(base=scope.base, name="Stammtisch")
        for first in range(1, rows + 1, CHUNK):
            values = {
                "organization": scope.organization.pk, "base": scope.base.pk, "location": scope.location.pk,
                "group": group.pk, "first": first, "last": min(first + CHUNK - 1, rows),
            }  # fmt: skip
            for statement in (CUSTOMERS, _CONSENTS):
                with _writing(scope, Side.BRANCH) as cursor:
                    cursor.execute(statement, values)
        inserted = time.perf_counter() - started
        with _writing(scope, Side.BRANCH) as cursor, cursor.copy(_COPY.format(base=scope.base.pk)) as lines:
            size = sum(map(len, lines))
        copied = time.perf_counter() - started - inserted
        insert = Step(name="INSERT, a statement for 100,000", rows=rows, seconds=inserted)
        copy = Step(name="COPY, received and thrown away", rows=rows, seconds=copied, size=size)
        return Run(name="the same rows by the database alone", rows=rows, steps=(copy, insert))

    def change(self, side: Side, *, rows: int, each: int) -> None:
        """One in `each` of the first customers has moved."""
        with _writing(self.scope(side), side) as cursor:
            values = {"city": f"Neu {side} ", "base": self.scope(side).base.pk, "last": rows, "each": each}
            cursor.execute(_CHANGE, values)

    def register(self, side: Side) -> tuple[float, bool | None]:
        """Somebody registers, as in the console; how long it took, and whether a refusal said why (None: saved)."""
        self.registered += 1
        row = Customer(last_name="Neu", customer_number=self.registered)
        scope, told = self.scope(side), None
        started = time.perf_counter()
        try:
            with row_scope.limited(**settings.REQUEST_LIMITS), _writing(scope, side):
                register_customer(customer=row, actor=scope)
        except Reconciling:
            told = True
        except Exception as error:
            print(f"A registration at the {side} was refused: {error!r}", flush=True)
            told = False
        return time.perf_counter() - started, told

    # --- a run ------------------------------------------------------------------------------------------------

    def run(self, name: str, rows: int) -> Run:
        """One run, step by step. Raises RuntimeError unless both sides agree about what has become of the rows."""
        sides, steps = self.sides, []
        steps.append(self._step("cut", rows, Side.BRANCH, sides.cut))
        sent = self._cycle(Side.BRANCH)
        steps.append(self._step("receive", rows, None, lambda: _unpack(sent)))
        steps.append(self._step("decide", rows, Side.CENTRAL, lambda: sides.decide(sent)))
        decided = self._cycle(Side.CENTRAL)
        steps.append(self._step("apply", rows, Side.BRANCH, lambda: sides.apply(sent, decided)))
        counts = dict(decided.counts)
        if counts["sent"] < rows or counts["held_back"]:
            raise RuntimeError(f"{name}: {counts}")
        sizes = {"receive": manifest(sent.sent).size, "apply": manifest(decided.answer).size}
        told = (Step(**(vars(step) | {"size": sizes.get(step.name, 0)})) for step in steps)
        return Run(name=name, rows=rows, steps=tuple(told))

    def _cycle(self, side: Side) -> Cycle:
        with row_scope.without_scope(reason="the last run of the bench", actor="bench"):
            return Cycle.objects.filter(base=self.scope(side).base).order_by("-number")[0]

    def _step(self, name: str, rows: int, side: Side | None, do: Callable[[], object]) -> Step:
        """In a process of its own; meanwhile somebody registers at that side."""
        connections.close_all()
        read, write = os.pipe()
        child = os.fork()
        if not child:
            os._exit(_told(write, do))
        os.close(write)
        waits = [] if side is None else list(self._registering(child, side))
        _pid, status, usage = os.wait4(child, 0)
        with os.fdopen(read) as told:
            if status:
                raise RuntimeError(name)
            seconds = float(told.read())
        return Step(
            name=name, rows=rows, seconds=seconds, memory=usage.ru_maxrss / 1024,
            waited=max((seconds for seconds, _told in waits), default=None),
            is_told=all(said is not False for _seconds, said in waits),
        )  # fmt: skip

    def _registering(self, child: int, side: Side) -> Iterator[tuple[float, bool | None]]:
        while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            yield self.register(side)
            time.sleep(0.5)

    # --- one edit ---------------------------------------------------------------------------------------------

    def kept(self, *, turns: int) -> Kept:
        """One edit in the base of the branch, in turns with and without the trigger; a hundred in each turn."""
        scope = self.scope(Side.BRANCH)
        with row_scope.without_scope(reason="who is edited in the bench", actor="bench"):
            rows = list(Customer.objects.in_base(scope.base).order_by("customer_number")[:100])
        taken: dict[bool, list[float]] = {True: [], False: []}
        for turn in range(2 * turns):
            is_numbered = turn % 4 in {0, 3}
            with _without_numbers() if not is_numbered else _as_it_is():
                for row in rows:
                    row.street = f"Weg {turn}"
                    started = time.perf_counter()
                    with _writing(scope, Side.BRANCH):
                        change_customer(customer=row, actor=scope)
                    taken[is_numbered].append(time.perf_counter() - started)
        return Kept(numbered=median(taken[True]) * 1000, plain=median(taken[False]) * 1000)


@contextmanager
def _writing(scope: Scope, side: Side) -> Iterator[Any]:
    """A transaction of somebody at this side."""
    with override_settings(SIDE=str(side)), row_scope.rows_of(scope), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('stammhaus.side_of_test', %s, true)", [side])
        yield cursor


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


@contextmanager
def _without_numbers() -> Iterator[None]:
    table = sql.Identifier(Customer._meta.db_table)
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        found = owner.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE %s",
            [Customer._meta.db_table, f"%{_TRACKING}%"],
        )
        [name] = (sql.Identifier(row[0]) for row in found)
        owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER {}").format(table, name))
        try:
            yield
        finally:
            owner.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER {}").format(table, name))


def _told(write: int, do: Callable[[], object]) -> int:
    """Do it and tell the seconds; the status with which the process ends."""
    try:
        with as_owner(), row_scope.without_scope(reason="a step of a run", actor="bench"):
            started = time.perf_counter()
            do()
            seconds = time.perf_counter() - started
    except Exception as error:
        print(f"A step broke off: {error!r}", flush=True)
        return 1
    os.write(write, repr(seconds).encode())
    return 0


def _unpack(sent: Cycle) -> None:
    """What the central does with each part as it arrives."""
    for _record in unpack_all(contents_of(sent, PartKind.SENT), manifest(sent.sent)):
        pass
