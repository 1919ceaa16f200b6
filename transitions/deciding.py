"""Who is carried over and who is not, and why: one statement over the whole base, for review and execution alike.

The first reason that holds counts: archived, blocked, not registered at the location (where only those shall go), and
then what the customer has last said about the transfer to this receiver (see ConsentQuerySet.holding).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from customers.choices import TRANSFER
from customers.models import Consent, Customer
from customers.querysets import LATEST_FIRST
from locations.models import Location
from locations.permissions import Right
from mcp.scope import Scope
from transitions.choices import Reason
from transitions.models import Transition, TransitionCustomer
from transitions.planning import set_by_set

PAGE = 50


@dataclass(frozen=True)
class Decision:
    """A SELECT of (id, customer_number, home_location_id, reason) for each customer of the base, and its parameters.

    The reason is empty for whoever is carried over.
    """

    sql: str
    parameters: tuple[Any, ...]


@dataclass(frozen=True)
class LeftOut:
    """A customer who is not carried over, as a page lists him."""

    number: int
    customer: Customer | None


def decided(*, transition: Transition, at: datetime) -> Decision:
    """What holds about each customer of the base at a moment, for the receiver of the transition."""
    base, receiver = transition.location.base, transition.receiver_account
    statements = Consent.objects.filter(base=base)
    holding = statements.holding(TRANSFER, at=at, receiver=receiver).values("customer_id", "is_given")
    elsewhere = (
        statements.filter(purpose=TRANSFER, at__lte=at, receiver__isnull=False)
        .exclude(receiver=receiver)
        .order_by("customer", "receiver", *LATEST_FIRST)
        .distinct("customer", "receiver")
        .values("customer_id", "is_given")
    )
    (holding_sql, holding_values), (elsewhere_sql, elsewhere_values) = (
        rows.query.sql_with_params() for rows in (holding, elsewhere)
    )
    sql = f"""
        SELECT customer.id, customer.customer_number, customer.home_location_id, CASE
            WHEN customer.archived_at IS NOT NULL THEN '{Reason.ARCHIVED}'
            WHEN customer.is_blocked THEN '{Reason.BLOCKED}'
            WHEN %s AND customer.home_location_id IS DISTINCT FROM %s THEN '{Reason.NOT_RELATED}'
            WHEN said.is_given THEN ''
            WHEN said.customer_id IS NOT NULL THEN '{Reason.WITHDRAWN}'
            WHEN elsewhere.is_given THEN '{Reason.OTHER_RECEIVER}'
            WHEN elsewhere.customer_id IS NOT NULL THEN '{Reason.WITHDRAWN}'
            ELSE '{Reason.NO_CONSENT}'
        END AS reason
        FROM customers_customer AS customer
        LEFT JOIN ({holding_sql}) AS said ON said.customer_id = customer.id
        LEFT JOIN (
            SELECT customer_id, bool_or(is_given) AS is_given FROM ({elsewhere_sql}) AS latest GROUP BY customer_id
        ) AS elsewhere ON elsewhere.customer_id = customer.id
        WHERE customer.base_id = %s
    """
    first = (transition.is_narrowed, transition.location_id)
    return Decision(sql, (*first, *holding_values, *elsewhere_values, base.pk))


def figures(*, transition: Transition, at: datetime) -> dict[str, Any]:
    """How many would be carried over, and how many not by reason, in the whole base and by home location."""
    decision = decided(transition=transition, at=at)
    sql = f"SELECT home_location_id, reason, count(*) FROM ({decision.sql}) AS decided GROUP BY 1, 2"
    return _counted(transition, at, _rows(sql, decision.parameters))


def fix(*, transition: Transition, at: datetime) -> dict[str, Any]:
    """Store for each customer what holds at this moment, for good: the figures of exactly these rows."""
    decision = decided(transition=transition, at=at)
    sql = f"""
        WITH decided AS MATERIALIZED ({decision.sql}), kept AS (
            INSERT INTO {TransitionCustomer._meta.db_table}
                (organization_id, base_id, transition_id, customer_id, customer_number, reason)
            SELECT %s, %s, %s, id, customer_number, reason FROM decided
        )
        SELECT home_location_id, reason, count(*) FROM decided GROUP BY 1, 2
    """
    whose = (transition.organization_id, transition.location.base_id, transition.pk)
    return _counted(transition, at, _rows(sql, (*decision.parameters, *whose)))


def left_out(*, transition: Transition, reason: Reason, page: int, actor: Scope) -> list[LeftOut]:
    """One page of the customers left out for a reason, by number; none for whoever may not see customers.

    Before the execution as of the moment of the review, afterwards as it was fixed.
    """
    if not actor.allows(Right.VIEW_CUSTOMERS):
        return []
    first = (page - 1) * PAGE
    if transition.executed_at is None:
        found = _left_out_now(transition, reason, first)
    else:
        kept = TransitionCustomer.objects.filter(base=actor.base, transition=transition, reason=reason)
        found = list(kept.order_by("customer_number").values_list("customer_id", "customer_number")[first:][:PAGE])
    known = Customer.objects.in_base(actor.base).in_bulk([pk for pk, _number in found])
    return [LeftOut(number, known.get(pk)) for pk, number in found]


def _left_out_now(transition: Transition, reason: Reason, first: int) -> Sequence[tuple[int, int]]:
    at = datetime.fromisoformat(transition.review["at"]) if transition.review else timezone.now()
    decision = decided(transition=transition, at=at)
    sql = f"""
        SELECT id, customer_number FROM ({decision.sql}) AS decided
        WHERE reason = %s ORDER BY customer_number LIMIT %s OFFSET %s
    """
    return _rows(sql, (*decision.parameters, reason, PAGE, first))


def _rows(sql: str, parameters: Iterable[Any]) -> list[Any]:
    with connection.cursor() as cursor, set_by_set(cursor):
        cursor.execute(sql, list(parameters))
        return cursor.fetchall()


def _counted(transition: Transition, at: datetime, rows: Iterable[tuple[int | None, str, int]]) -> dict[str, Any]:
    reasons: Counter[str] = Counter()
    homes: dict[int | None, Counter[str]] = defaultdict(Counter)
    for home, reason, count in rows:
        reasons[reason] += count
        homes[home][reason] += count
    names = Location.objects.in_bulk([home for home in homes if home is not None])
    return {
        "at": at.isoformat(),
        "receiver": transition.receiver_account,
        "is_narrowed": transition.is_narrowed,
        **_sums(reasons),
        "homes": sorted(
            (
                {
                    "location": home,
                    "number": names[home].client_number if home else None,
                    "name": names[home].name if home else "",
                    **_sums(counts),
                }
                for home, counts in homes.items()
            ),
            key=lambda line: (line["number"] is None, line["number"]),
        ),
    }


def _sums(counts: Counter[str]) -> dict[str, Any]:
    carried, total = counts[""], counts.total()
    return {
        "total": total,
        "carried": carried,
        "left_out": total - carried,
        "reasons": {reason.value: counts[reason] for reason in Reason if counts[reason]},
    }
