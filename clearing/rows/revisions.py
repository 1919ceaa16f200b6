"""Which revision of each customer both sides have, written for many at once. Runs as CLEARING_ROLE.

At the central a run takes one number of changes for all that it writes; at a branch it takes none, because nothing of
what it writes is to be sent back.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import connection

from clearing.rows.arrays import plain_array, uuid_array
from locations.models import CustomerBase

_LOCK = """INSERT INTO customers_revisioncounter AS counter (base_id, sequence) VALUES (%s, 0)
    ON CONFLICT (base_id) DO UPDATE SET sequence = counter.sequence RETURNING sequence, cut"""
_SET = "UPDATE customers_revisioncounter SET sequence = %s WHERE base_id = %s"
_CUT = "UPDATE customers_revisioncounter SET cut = %s WHERE base_id = %s"
_RAISE = """INSERT INTO customers_customerrevision AS known
        (base_id, uid, customer_number, revision, sequence, origin, is_deleted)
    SELECT %(base)s, written.uid, written.number, 1, %(turn)s, %(origin)s, written.is_deleted
    FROM unnest(%(uids)s::uuid[], %(numbers)s::integer[], %(deleted)s::boolean[]) AS written (uid, number, is_deleted)
    ON CONFLICT (uid, base_id) DO UPDATE SET revision = coalesce(known.revision, 0) + 1,
        sequence = EXCLUDED.sequence, origin = EXCLUDED.origin, is_deleted = EXCLUDED.is_deleted,
        customer_number = EXCLUDED.customer_number
    RETURNING uid, revision"""
_AGREE = """INSERT INTO customers_customerrevision AS known
        (base_id, uid, customer_number, revision, sequence, is_deleted, agreed_in)
    SELECT %(base)s, agreed.uid, agreed.number, agreed.revision, 0, agreed.is_deleted, %(run)s
    FROM unnest(%(uids)s::uuid[], %(numbers)s::integer[], %(revisions)s::bigint[], %(deleted)s::boolean[])
        AS agreed (uid, number, revision, is_deleted)
    ON CONFLICT (uid, base_id) DO UPDATE SET revision = EXCLUDED.revision, agreed_in = EXCLUDED.agreed_in,
        is_deleted = CASE WHEN known.sequence > %(cut)s THEN known.is_deleted ELSE EXCLUDED.is_deleted END,
        customer_number = coalesce(EXCLUDED.customer_number, known.customer_number),
        before = CASE WHEN known.sequence > %(cut)s THEN coalesce(known.sent, known.before) END,
        says_more = known.says_more AND known.sequence > %(cut)s, sent = NULL
    WHERE NOT known.is_erased"""
_TELL_AGAIN = """UPDATE customers_customerrevision SET sequence = %(turn)s
    WHERE base_id = %(base)s AND uid = ANY(%(uids)s::uuid[])"""


def lock_order(base: CustomerBase) -> tuple[int, int | None]:
    """Hold the order of changes of the base to the end of the transaction; returns the last number, and the cut."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [base.pk])
        sequence, cut = cursor.fetchone()
        return int(sequence), cut


def set_sequence(base: CustomerBase, sequence: int) -> None:
    """The last number of changes that is taken now."""
    with connection.cursor() as cursor:
        cursor.execute(_SET, [sequence, base.pk])


def set_cut(base: CustomerBase, cut: int | None) -> None:
    """Up to which number changes are on their way; None where none are."""
    with connection.cursor() as cursor:
        cursor.execute(_CUT, [cut, base.pk])


def raise_revisions(
    base: CustomerBase, written: Mapping[UUID, int], deleted: Mapping[UUID, int], *, turn: int, origin: UUID
) -> dict[UUID, int]:
    """Give whom the central has written, or deleted, the next revision; both by uid with their customer numbers."""
    uids = [*written, *deleted]
    with connection.cursor() as cursor:
        cursor.execute(
            _RAISE,
            {
                "base": base.pk, "turn": turn, "origin": origin, "uids": uuid_array(uids),
                "numbers": plain_array([*written.values(), *deleted.values()]),
                "deleted": plain_array(uid in deleted for uid in uids),
            },
        )  # fmt: skip
        return dict(cursor.fetchall())


def agree(
    base: CustomerBase,
    revisions: Mapping[UUID, tuple[int | None, int | None]],
    *,
    deleted: Collection[UUID] = (),
    cut: int,
    run: int,
) -> None:
    """A branch has these revisions from now on: by uid the customer number, where it is known, and the revision.

    Of whom has been changed since the cut it is kept from what that change began.
    """
    if not revisions:
        return
    uids = list(revisions)
    with connection.cursor() as cursor:
        cursor.execute(
            _AGREE,
            {
                "base": base.pk, "uids": uuid_array(uids), "cut": cut, "run": run,
                "numbers": plain_array(revisions[uid][0] for uid in uids),
                "revisions": plain_array(revisions[uid][1] for uid in uids),
                "deleted": plain_array(uid in deleted for uid in uids),
            },
        )  # fmt: skip


def tell_again(base: CustomerBase, uids: Collection[UUID]) -> None:
    """A branch tells of these customers with the next run as well. The order of changes is held."""
    turn = lock_order(base)[0] + 1
    set_sequence(base, turn)
    with connection.cursor() as cursor:
        cursor.execute(_TELL_AGAIN, {"base": base.pk, "turn": turn, "uids": uuid_array(uids)})
