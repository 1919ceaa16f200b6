"""Who is carried over and who is not, and why: one statement over the whole base, for review and execution alike.

The first reason that holds counts: archived, blocked, not related to the location (where only those shall go), and
then what the customer has said about the transfer. He goes if one of these holds, each until it is taken back: a
consent that was given at this location, one that names this receiver, or the general one. Who takes back a transfer
and names no receiver means all of that; who takes back the general consent means that one. What was said to another
business counts for nothing (see ConsentQuerySet, and State in customers/consents/operations.py, for one
customer).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from django.db import connection

from customers.choices import TRANSFER, TRANSFER_ANY
from customers.console.tabbed_lists import PAGE
from customers.models import Customer
from locations.models import Location
from locations.permissions import Right
from mcp.isolation.scope import Scope
from transitions.choices import Reason, TransitionKind
from transitions.models import ReviewPage, Transition, TransitionCustomer
from transitions.query_settings import set_by_set


@dataclass(frozen=True)
class Decision:
    """A SELECT of (id, customer_number, home_location_id, reason) for each customer of the base, and its parameters.

    The reason is empty for whoever is carried over.
    """

    sql: str
    parameters: Mapping[str, Any]


class Sums(TypedDict):
    """How many customers are carried over and left out, the latter also by reason."""

    total: int
    carried: int
    left_out: int
    reasons: dict[str, int]


class HomeFigures(Sums):
    """Those of one home location; without number and name those of customers who have none."""

    location: int | None
    number: int | None
    name: str


class Figures(Sums):
    """What a review or an execution has found, as the transition stores it."""

    at: str
    receiver: int | None
    is_narrowed: bool
    homes: list[HomeFigures]


@dataclass(frozen=True)
class Listed:
    """A customer who is carried over, or is not, as a page lists him."""

    number: int
    customer: Customer | None


_IS_TRANSFER = f"holds_here AND purpose = '{TRANSFER}'"
_IS_GENERAL = f"holds_here AND purpose = '{TRANSFER_ANY}'"
_SAID = f"""
    SELECT customer_id,
        max(at) FILTER (WHERE is_given AND {_IS_TRANSFER}
            AND (receiver = %(receiver)s OR receiver IS NULL AND location_id = %(location)s)) AS given,
        max(at) FILTER (WHERE is_given AND {_IS_GENERAL}) AS given_general,
        max(at) FILTER (WHERE is_given AND {_IS_TRANSFER} AND receiver IS NULL) AS given_somewhere,
        max(at) FILTER (WHERE NOT is_given AND {_IS_TRANSFER}
            AND (receiver = %(receiver)s OR receiver IS NULL)) AS ended,
        max(at) FILTER (WHERE NOT is_given AND {_IS_GENERAL}) AS ended_general,
        bool_or(is_given AND given_to IS NULL AND location_id = %(location)s) AS is_related,
        bool_or(is_given AND NOT holds_here AND purpose IN ('{TRANSFER}', '{TRANSFER_ANY}')) AS is_of_another
    FROM customers_consent WHERE base_id = %(base)s AND at <= %(at)s AND struck_out_at IS NULL GROUP BY customer_id
"""
"""All that is to be known of what each customer has said, by reading the statements of the base once."""
_ELSEWHERE = f"""
    SELECT customer_id, bool_or(is_given) AS is_given FROM (
        SELECT DISTINCT ON (customer_id, receiver) customer_id, is_given FROM customers_consent
        WHERE base_id = %(base)s AND at <= %(at)s AND receiver <> %(receiver)s AND purpose = '{TRANSFER}' AND holds_here
            AND struck_out_at IS NULL
        ORDER BY customer_id, receiver, at DESC, is_given
    ) AS latest GROUP BY customer_id
"""
_DECIDED = f"""
    SELECT customer.id, customer.customer_number, customer.home_location_id, CASE
        WHEN customer.archived_at IS NOT NULL THEN '{Reason.ARCHIVED}'
        WHEN customer.is_blocked THEN '{Reason.BLOCKED}'
        WHEN %(is_narrowed)s AND customer.home_location_id IS DISTINCT FROM %(location)s
            AND said.is_related IS NOT TRUE THEN '{Reason.NOT_RELATED}'
        WHEN said.given > coalesce(said.ended, '-infinity') THEN ''
        WHEN said.given_general > coalesce(greatest(said.ended, said.ended_general), '-infinity') THEN ''
        WHEN said.given_somewhere > coalesce(said.ended, '-infinity') THEN '{Reason.OTHER_LOCATION}'
        WHEN said.ended IS NOT NULL THEN '{Reason.WITHDRAWN}'
        WHEN elsewhere.is_given THEN '{Reason.OTHER_RECEIVER}'
        WHEN said.ended_general IS NOT NULL OR elsewhere.customer_id IS NOT NULL THEN '{Reason.WITHDRAWN}'
        WHEN said.is_of_another THEN '{Reason.OTHER_BUSINESS}'
        ELSE '{Reason.NO_CONSENT}'
    END AS reason
    FROM customers_customer AS customer
    LEFT JOIN ({_SAID}) AS said ON said.customer_id = customer.id
    LEFT JOIN ({_ELSEWHERE}) AS elsewhere ON elsewhere.customer_id = customer.id
    WHERE customer.base_id = %(base)s
"""


def decided(*, transition: Transition, at: datetime) -> Decision:
    """The decision about each customer of the base at a moment, as SQL.

    Where a business joins a group all its customers count as related: it has no other location.
    """
    return Decision(
        _DECIDED,
        {
            "base": transition.location.base_id,
            "location": transition.location_id,
            "receiver": transition.receiver_account,
            "is_narrowed": transition.is_narrowed and transition.kind == TransitionKind.EXIT,
            "at": at,
        },
    )


def review(*, transition: Transition, at: datetime) -> Figures:
    """Count who would be carried over and who not, by reason, for the whole base and by home location.

    Stores the pages on which these customers are listed, as of the same moment, in place of earlier ones.
    """
    forget_review(transition)
    decision = decided(transition=transition, at=at)
    sql = f"""
        WITH decided AS MATERIALIZED ({decision.sql}), listed AS (
            SELECT id, customer_number, reason,
                (row_number() OVER (PARTITION BY reason ORDER BY customer_number) - 1) / {PAGE} + 1 AS page
            FROM decided
        ), kept AS (
            INSERT INTO {ReviewPage._meta.db_table}
                (organization_id, base_id, transition_id, reason, page, customers, numbers)
            SELECT %(organization)s, %(base)s, %(transition)s, reason, page,
                array_agg(id ORDER BY customer_number), array_agg(customer_number ORDER BY customer_number)
            FROM listed GROUP BY reason, page
        )
        SELECT home_location_id, reason, count(*) FROM decided GROUP BY 1, 2
    """
    whose = {"organization": transition.organization_id, "transition": transition.pk}
    return _counted(transition, at, _rows(sql, {**decision.parameters, **whose}))


def forget_review(transition: Transition) -> None:
    """Delete the stored pages of a review."""
    ReviewPage.objects.filter(base=transition.location.base_id, transition=transition).delete()


def freeze(*, transition: Transition, at: datetime) -> Figures:
    """Store the decision about each customer for good. Returns the figures of exactly these rows."""
    decision = decided(transition=transition, at=at)
    sql = f"""
        WITH decided AS MATERIALIZED ({decision.sql}), kept AS (
            INSERT INTO {TransitionCustomer._meta.db_table}
                (organization_id, base_id, transition_id, customer_id, customer_number, reason)
            SELECT %(organization)s, %(base)s, %(transition)s, id, customer_number, reason FROM decided
        )
        SELECT home_location_id, reason, count(*) FROM decided GROUP BY 1, 2
    """
    whose = {"organization": transition.organization_id, "transition": transition.pk}
    return _counted(transition, at, _rows(sql, {**decision.parameters, **whose}))


def listed(*, transition: Transition, reason: Reason | None, page: int, actor: Scope) -> list[Listed]:
    """One page of the customers left out for a reason, by number; reason None: of those carried over.

    Before the execution as of the review, afterwards as fixed. Empty for whoever may not see customers.
    """
    if not actor.allows(Right.VIEW_CUSTOMERS):
        return []
    first = (page - 1) * PAGE
    if transition.executed_at is None:
        found = _listed_by_review(transition, reason or "", page)
    else:
        kept = TransitionCustomer.objects.filter(base=actor.base, transition=transition, reason=reason or "")
        there: Any = kept.exclude(customer_id=None).order_by("customer_number")  # without who was erased since
        found = list(there.values_list("customer_id", "customer_number")[first:][:PAGE])
    known = Customer.objects.in_base(actor.base).in_bulk([pk for pk, _number in found])
    return [Listed(number, known.get(pk)) for pk, number in found]


def _listed_by_review(transition: Transition, reason: str, page: int) -> list[tuple[int, int]]:
    kept = ReviewPage.objects.filter(base=transition.location.base_id, transition=transition, reason=reason, page=page)
    found = kept.values_list("customers", "numbers").first()
    return list(zip(*found, strict=True)) if found else []


def _rows(sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor, set_by_set(cursor):
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def _counted(transition: Transition, at: datetime, rows: Iterable[tuple[int | None, str, int]]) -> Figures:
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


def _sums(counts: Counter[str]) -> Sums:
    carried, total = counts[""], counts.total()
    return {
        "total": total,
        "carried": carried,
        "left_out": total - carried,
        "reasons": {reason.value: counts[reason] for reason in Reason if counts[reason]},
    }
