"""Many customers at once, for trying out and measuring: one INSERT … SELECT per hundred thousand.

The names repeat as they do among real people; the same arguments give the same customers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import Field, Max
from django.utils.translation import gettext_lazy

from customers import statistics
from customers.demo_people import CITIES, FIRST_NAMES, LAST_NAMES, STREETS
from customers.imports.turns import take_turn
from customers.models import Customer, CustomerGroup
from customers.numbers import begin_behind, locked_counter, take_numbers
from customers.write_order import take_order
from locations.models import Location
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.progress import Patient

BATCH = 100_000

_VALUES: dict[str, str] = {
    "organization_id": "%(organization)s",
    "base_id": "%(base)s",
    "home_location_id": "%(location)s",
    "customer_number": "n",
    "salutation": "(ARRAY['Frau', 'Herr', ''])[1 + n %% 3]",
    "first_name": "(%(first_names)s::text[])[1 + (n * 7) %% %(first_count)s]",
    "last_name": "(%(last_names)s::text[])[1 + (n / 3 * 11) %% %(last_count)s]",
    "company": "CASE WHEN n %% 12 = 0 THEN (%(last_names)s::text[])[1 + n %% %(last_count)s] || ' GmbH' ELSE '' END",
    "birthday": "CASE WHEN n %% 5 = 0 THEN NULL ELSE date '1940-01-01' + (n * 37) %% 24000 END",
    "street": "(%(streets)s::text[])[1 + n %% %(street_count)s] || ' ' || 1 + n %% 90",
    "postal_code": "(%(postal_codes)s::text[])[1 + (n * 5) %% %(city_count)s]",
    "city": "(%(cities)s::text[])[1 + (n * 5) %% %(city_count)s]",
    "country": "'DE'",
    "phone_private": "CASE WHEN n %% 3 = 0 THEN '+4940' || 1000000 + n %% 8999999 ELSE '' END",
    "mobile": "CASE WHEN n %% 3 > 0 THEN '+49171' || 1000000 + n %% 8999999 ELSE '' END",
    "email": "CASE WHEN n %% 4 > 0 THEN 'kunde' || n || '@example.com' ELSE '' END",
    "language": "'de'",
    "customer_group_id": "CASE WHEN n %% 7 = 0 THEN NULL "
    "ELSE (%(groups)s::bigint[])[1 + n %% greatest(1, cardinality(%(groups)s::bigint[]))] END",
    "is_favourite": "n %% 40 = 0",
    "is_blocked": "n %% 200 = 0",
    "created_at": "now() - make_interval(days => n %% 1500, secs => n %% 86400)",
    "changed_at": "now() - make_interval(days => n %% 400, secs => n %% 86400)",
}
"""Each column as SQL of the customer number n. What is not named is left empty, or to the database."""


def fill(*, count: int, batch: int = BATCH, actor: Scope) -> Iterator[tuple[int, float]]:
    """Add `count` customers behind the last number of the actor's range; yields (how many so far, seconds).

    Each batch is a transaction of its own. Raises MissingRight, or ValidationError where the range is too small.
    """
    actor.demand(Right.ADD_CUSTOMERS)
    started, done = time.monotonic(), 0
    while done < count:
        some = min(batch, count - done)
        with row_scope.rows_of(actor):
            numbers = _reserve(actor.location, some, count - done)
        with row_scope.rows_of(actor), pghistory.context(**actor.history(reason="demo")):
            take_turn(actor.base.pk, progress=Patient())
            take_order(actor.base)
            _insert(numbers, actor)
        done += some
        if done == count:
            with row_scope.rows_of(actor):
                statistics.gather(statistics.WRITTEN, rows=count)
        yield done, time.monotonic() - started


def _reserve(location: Location, some: int, count: int) -> list[int]:
    """Reserve `some` free numbers, in a short transaction of its own; `count` have to fit into the range in all.

    They lie behind the highest number, so that moving the counter reserves them.
    """
    used = Customer.objects.in_base(location.base).filter(
        customer_number__range=(location.first_number, location.last_number)
    )
    begin_behind(used.aggregate(last=Max("customer_number"))["last"] or location.first_number - 1, location)
    first = locked_counter(location).next_number
    if first + count - 1 <= location.last_number:
        return take_numbers(location, some)
    raise ValidationError(
        gettext_lazy(
            "%(count)s customers do not fit into the number range of %(location)s: it ends at %(last)s, and %(first)s "
            "is its next free number. Give the location a larger number range, or name fewer customers."
        ),
        code="number_range_exhausted",
        params={"count": count, "location": location, "last": location.last_number, "first": first},
    )


def _insert(numbers: list[int], actor: Scope) -> None:
    columns = _columns()
    sql = (
        f"INSERT INTO {Customer._meta.db_table} ({', '.join(columns)}) "
        f"SELECT {', '.join(columns.values())} FROM unnest(%(numbers)s::int[]) AS n"
    )
    with connection.cursor() as cursor:
        # The search index takes a batch up in one go, which is cheaper than row by row.
        cursor.execute("SET LOCAL gin_pending_list_limit = '1GB'; SET LOCAL work_mem = '64MB'")
        cursor.execute(sql, {**_words(actor), "numbers": numbers})
        cursor.execute("SELECT customers_merge_search_index()")


def _columns() -> dict[str, str]:
    fields = [field for field in Customer._meta.concrete_fields if not field.generated and not field.primary_key]
    given = [field for field in fields if field.attname in _VALUES or not field.has_db_default()]
    return {field.attname: _VALUES.get(field.attname) or _empty(field) for field in given}


def _empty(field: Field) -> str:
    if field.null:
        return "NULL"
    return {"BooleanField": "false", "ArrayField": "'{}'"}.get(field.get_internal_type(), "''")


def _words(actor: Scope) -> dict[str, Any]:
    first_names = [*FIRST_NAMES[0], *FIRST_NAMES[1]]
    groups = CustomerGroup.objects.in_base(actor.base).order_by("id").values_list("id", flat=True)
    return {
        "organization": actor.organization.pk,
        "base": actor.base.pk,
        "location": actor.location.pk,
        "first_names": first_names,
        "first_count": len(first_names),
        "last_names": list(LAST_NAMES),
        "last_count": len(LAST_NAMES),
        "streets": list(STREETS),
        "street_count": len(STREETS),
        "postal_codes": [code for code, _city in CITIES],
        "cities": [city for _code, city in CITIES],
        "city_count": len(CITIES),
        "groups": list(groups),
    }
