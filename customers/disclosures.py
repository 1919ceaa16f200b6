"""To whom customers were handed over. Whoever hands over records it, in the transaction that does it.

numbers_of(cursor, customers)   whose numbers go, as they are now
record(…)                       the hand-over, and these numbers
disclosures_of(customer)        the hand-overs of a customer, newest first
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.backends.utils import CursorWrapper

from customers.choices import DisclosureKind
from customers.models import Customer, Disclosure
from customers.querysets import NUMBERS_OF_A_BLOCK, CustomerQuerySet, DisclosureQuerySet
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences

type Numbers = list[tuple[int, str]]
"""Customer numbers: of each block the ranges of them, as the database writes a set of ranges."""


def disclosures_of(customer: Customer) -> DisclosureQuerySet:
    """The hand-overs of a customer, newest first."""
    return Disclosure.objects.of_customer(customer)


def numbers_of(cursor: CursorWrapper, customers: CustomerQuerySet) -> Numbers:
    """The numbers of these customers."""
    found = customers.order_by().values_list("customer_number")
    return numbers_in(cursor, *found.query.sql_with_params())


def numbers_in(cursor: CursorWrapper, sql: str, params: Any) -> Numbers:
    """The numbers that a SELECT gives as `customer_number`."""
    cursor.execute(
        f"""SELECT customer_number / {NUMBERS_OF_A_BLOCK},
                range_agg(int4range(customer_number, customer_number + 1))::text
            FROM ({sql}) AS chosen GROUP BY 1""",
        params,
    )
    return cursor.fetchall()


def record(
    *,
    kind: DisclosureKind,
    numbers: Iterable[tuple[int, str]],
    total: int,
    source: UUID,
    receiver_name: str,
    receiver: int | None = None,
    ground: Sentences | None = None,
    fields: Sentences | None = None,
    at: datetime | None = None,
    actor: Scope,
    location: str = "",
) -> Disclosure:
    """Record that the customers of these numbers are handed over. Runs in the transaction that does it.

    A block may be named more than once: what is said of it counts together. `location` is another one than the actor's.
    """
    moment: Mapping[str, Any] = {"at": at} if at else {}
    disclosure = Disclosure.objects.create(
        organization=actor.organization, base=actor.base, kind=kind, total=total, source=source,
        receiver=receiver, receiver_name=receiver_name, ground=ground or Sentences(), fields=fields or Sentences(),
        user_id=actor.user.pk if actor.user else None, user=actor.actor_name,
        location=location or str(actor.location), **moment,
    )  # fmt: skip
    blocks = list(numbers)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO customers_disclosednumbers (base_id, disclosure_id, block, numbers)
                SELECT %s, %s, block, range_agg(numbers::int4multirange)
                FROM unnest(%s::int[], %s::text[]) AS told (block, numbers) GROUP BY block""",
            [actor.base.pk, disclosure.pk, [block for block, _said in blocks], [said for _block, said in blocks]],
        )
    return disclosure
