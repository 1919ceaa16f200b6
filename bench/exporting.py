"""Exporting all customers of a base: every format against the database's own COPY of the same columns, in one run.

The baseline is COPY (SELECT the stored columns, with the names of group and location) TO STDOUT, received through
psycopg and thrown away. Ours is written to a file, with its SHA-256. Each runs in a process of its own, whose memory is
told, and in turns with the baseline.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import connection, connections

from bench.fill import BIG
from customers.exports.writer import Making, Order
from customers.models import Customer
from customers.table.resources import CustomerResource
from locations.models import Location
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from spreadsheets import Profile

SOME = 0.3
"""The share of the customers that the slower formats are given."""
_NOT_EXPORTED = {"id", "organization", "base", "search_text", "sort_name", "customer_group", "home_location"}


@dataclass(kw_only=True)
class Export:
    """One way of getting `rows` rows out: each time in seconds, and the most memory of its process in MB."""

    name: str
    rows: int
    make: Callable[[], int]
    """Gives the size in bytes."""
    seconds: list[float] = field(default_factory=list)
    size: int = 0
    memory: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def all_rows(*, customers: int, repeat: int) -> list[Export]:
    """Measure the baseline, which is the first of the list, and each format; the base has so many customers."""
    scope = _scope()
    baseline = Export(name="COPY, received and thrown away", rows=customers, make=lambda: _copy(scope))
    csv = [_ours(scope, "excel-de", customers), _ours(scope, "plain", customers)]
    for _turn in range(repeat):
        for export in (baseline, *csv):
            _run(export)
    others = [_ours(scope, profile, int(customers * SOME)) for profile in ("excel-de", "plain", "xlsx", "jsonl")]
    for export in others:
        _run(export)
    return [baseline, *csv, *others]


def _scope() -> Scope:
    places = Location.objects.select_related("organization", "base").filter(organization__account_number=BIG)
    with row_scope.without_scope(reason="the business of the bench", actor="bench"):
        return Scope.of_system(places.get(), name="bench")


def _ours(scope: Scope, profile: Profile, rows: int) -> Export:
    return Export(name=f"ours, {profile}", rows=rows, make=lambda: _file(scope, profile, rows))


def _file(scope: Scope, profile: Profile, rows: int) -> int:
    resource = CustomerResource(scope=scope)
    making = Making(scope, Order(profile=profile, columns=tuple(resource.export_columns())))
    customers = resource.get_queryset().filter(customer_number__lte=rows)
    with tempfile.TemporaryFile() as file, row_scope.rows_of(scope), connection.cursor() as cursor:
        file.writelines(making.parts(customers, cursor))
        assert making.rows == rows
        return file.tell()


def _copy(scope: Scope) -> int:
    columns = [one.column for one in Customer._meta.concrete_fields if one.name not in _NOT_EXPORTED]
    names = ", ".join(f"c.{name}" for name in columns)
    statement = f"""
        COPY (
            SELECT {names}, g.name, l.name FROM customers_customer c
            LEFT JOIN customers_customergroup g ON g.base_id = c.base_id AND g.id = c.customer_group_id
            LEFT JOIN locations_location l ON l.id = c.home_location_id
            WHERE c.base_id = {scope.base.pk}
        ) TO STDOUT
    """
    with row_scope.rows_of(scope), connection.cursor() as cursor, cursor.copy(statement) as lines:
        return sum(map(len, lines))


def _run(export: Export) -> None:
    """Export in a process of its own, which connects anew and reports its seconds and its memory."""
    connections.close_all()
    read, write = os.pipe()
    child = os.fork()
    if not child:
        started = time.perf_counter()
        size = export.make()
        os.write(write, json.dumps([size, time.perf_counter() - started]).encode())
        os._exit(0)
    os.close(write)
    _pid, status, usage = os.wait4(child, 0)
    with os.fdopen(read) as told:
        if status:
            raise RuntimeError(export.name)
        export.size, seconds = json.load(told)
    export.seconds.append(seconds)
    export.memory = max(export.memory, usage.ru_maxrss / 1024)
