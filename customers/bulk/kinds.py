"""What each kind of bulk change does to a customer, in SQL: who is changed, and how it is taken back.

The column that a kind writes is the only one that undoing looks at and brings back; whatever else somebody has changed
since stays. `customer` is the row, `done` the state in which the change has left it, `before` the one before that,
`state` the row or any of its states since.
"""

from __future__ import annotations

from dataclasses import dataclass

from customers.choices import BulkKind
from locations.permissions import Right

_KNOWN_GROUP = """(before.customer_group_id IS NULL OR EXISTS (
    SELECT FROM customers_customergroup g WHERE g.base_id = %(base)s AND g.id = before.customer_group_id))"""
_KNOWN_TAG = "EXISTS (SELECT FROM customers_tag t WHERE t.base_id = %(base)s AND t.name = %(word)s)"


@dataclass(frozen=True, kw_only=True)
class KindOfChange:
    right: Right
    sets: str
    """What is written."""
    can: str = "customer.archived_at IS NULL"
    """Who can be changed at all; others are counted as archived."""
    lacks: str
    """Who is not yet as he would be."""
    stands: str
    """In which state he still is as the change has left him."""
    back: str
    """What undoing writes."""
    storable: str = "true"
    """Whether what was before can be stored again."""


KINDS: dict[BulkKind, KindOfChange] = {
    BulkKind.GROUP: KindOfChange(
        right=Right.CHANGE_CUSTOMERS,
        sets="customer_group_id = %(target)s",
        lacks="customer.customer_group_id IS DISTINCT FROM %(target)s",
        stands="state.customer_group_id IS NOT DISTINCT FROM done.customer_group_id",
        back="customer_group_id = before.customer_group_id",
        storable=_KNOWN_GROUP,
    ),
    BulkKind.ADD_TAG: KindOfChange(
        right=Right.CHANGE_CUSTOMERS,
        sets="""tags = (SELECT array_agg(tag ORDER BY tag COLLATE "C")
            FROM unnest(customer.tags || %(word)s::varchar) AS tag)""",
        lacks="NOT %(word)s = ANY (customer.tags)",
        stands="%(word)s = ANY (state.tags)",
        back="""tags = CASE WHEN customer.tags = done.tags THEN before.tags
            ELSE array_remove(customer.tags, %(word)s::varchar) END""",
    ),
    BulkKind.REMOVE_TAG: KindOfChange(
        right=Right.CHANGE_CUSTOMERS,
        sets="tags = array_remove(customer.tags, %(word)s::varchar)",
        lacks="%(word)s = ANY (customer.tags)",
        stands="NOT %(word)s = ANY (state.tags)",
        back="""tags = CASE WHEN customer.tags = done.tags THEN before.tags
            ELSE (SELECT array_agg(tag ORDER BY tag COLLATE "C")
                  FROM unnest(customer.tags || %(word)s::varchar) AS tag) END""",
        storable=_KNOWN_TAG,
    ),
    BulkKind.ARCHIVE: KindOfChange(
        right=Right.ARCHIVE_CUSTOMERS,
        sets="archived_at = %(now)s, archived_reason = %(word)s",
        can="true",
        lacks="customer.archived_at IS NULL",
        stands="state.archived_at IS NOT DISTINCT FROM done.archived_at",
        back="archived_at = NULL, archived_reason = ''",
    ),
    BulkKind.RESTORE: KindOfChange(
        right=Right.ARCHIVE_CUSTOMERS,
        sets="archived_at = NULL, archived_reason = ''",
        can="true",
        lacks="customer.archived_at IS NOT NULL",
        stands="state.archived_at IS NULL",
        back="archived_at = before.archived_at, archived_reason = before.archived_reason",
    ),
}


def kind_of(name: str) -> KindOfChange:
    """What a change of this kind does."""
    return KINDS[BulkKind(name)]
