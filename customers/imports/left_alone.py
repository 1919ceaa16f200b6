"""What an import leaves as it is, shown in the preview: archived customers, and values that do not count."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.backends.utils import CursorWrapper

from customers.choices import OnKnown
from customers.imports.merge_sql import WRITTEN, Plan

_TELL = """INSERT INTO customers_importverdict (base_id, file_id, row_number, verdict, customer_id, problems)
    SELECT %(base)s, %(upload)s, row_number, '{verdict}', customer_id, '[]' FROM ({rows}) AS found
    ORDER BY row_number"""


def tell_archived(cursor: CursorWrapper, plan: Plan) -> int:
    """Record the rows that mean an archived customer, who stays archived. Returns how many."""
    cursor.execute(
        "SELECT EXISTS (SELECT FROM customers_customer WHERE base_id = %(base)s AND archived_at IS NOT NULL)",
        plan.params,
    )
    if cursor.fetchone() == (False,):
        return 0
    rows = f"SELECT r.row_number, k.id AS customer_id FROM {plan.joined} WHERE k.archived_at IS NOT NULL"
    cursor.execute(_TELL.format(verdict="archived", rows=rows), plan.params)
    return int(cursor.rowcount)


def tell_differing(cursor: CursorWrapper, plan: Plan, overwriting: Plan) -> int:
    """Record the rows of known customers whose values differ from what is kept. Returns how many.

    Only where known customers are not overwritten. `overwriting` is the plan in which every value of the file counts.
    An empty cell differs from nothing.
    """
    if plan.known == OnKnown.OVERWRITE:
        return 0
    says = [
        f"wanted.{name} IS DISTINCT FROM stays.{name} AND {_is_filled(f'wanted.{name}', plan.field(name))}"
        for name in WRITTEN
        if plan.is_given(name)
    ]
    if plan.former:
        says.append("wanted.adds_numbers AND NOT stays.adds_numbers")
    rows = f"""SELECT wanted.row_number, wanted.customer_id FROM ({overwriting.merged()}) AS wanted
        JOIN ({plan.merged()}) AS stays ON stays.row_number = wanted.row_number
        WHERE wanted.customer_id IS NOT NULL AND ({" OR ".join(says) or "false"})"""
    cursor.execute(_TELL.format(verdict="differs", rows=rows), plan.params)
    return int(cursor.rowcount)


def _is_filled(value: str, field: models.Field[Any, Any]) -> str:
    if isinstance(field, ArrayField):
        return f"{value} <> '{{}}'"
    if field.null or isinstance(field, models.BooleanField):
        return f"{value} IS NOT NULL"
    return f"{value} <> ''"
