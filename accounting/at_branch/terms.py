"""What a branch is told of accounts: what each allows, and what is open. Only what differs from what it knows.

Its own copy is a table with the same rows at both sides (ToldTerms). After a restore of either side all is told again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from uuid import UUID

from django.db import connection

from accounting.at_branch.contents import ALL_TERMS, NO_TERMS, Terms, terms_told
from accounting.models import ToldTerms
from clearing.travelling import Arrival, Content
from locations.models import CustomerBase

_DIFFERING = """
    SELECT coalesce(now.uid, told.uid), now.may_buy, now.is_blocked, now.hard_limit, now.open_amount
    FROM (
        SELECT customer.uid, terms.may_buy_on_account AS may_buy, terms.is_blocked, terms.hard_limit,
            -owed.balance AS open_amount
        FROM accounting_ledger AS ledger
        JOIN accounting_accountterms AS terms ON terms.base_id = ledger.base_id AND terms.ledger_id = ledger.id
        JOIN accounting_account AS owed ON owed.base_id = ledger.base_id AND owed.ledger_id = ledger.id
         AND owed.customer_id = terms.customer_id AND owed.kind = 'owed'
        JOIN customers_customer AS customer ON customer.base_id = ledger.base_id AND customer.id = terms.customer_id
        WHERE ledger.base_id = %(base)s AND ledger.owner_key = 0
    ) AS now
    FULL JOIN (
        SELECT uid, may_buy, is_blocked, hard_limit, open_amount FROM accounting_toldterms
        WHERE base_id = %(base)s AND node_id = %(node)s
    ) AS told ON told.uid = now.uid
    WHERE (now.uid, now.may_buy, now.is_blocked, now.hard_limit, now.open_amount) IS DISTINCT FROM
        (told.uid, told.may_buy, told.is_blocked, told.hard_limit, told.open_amount)
    ORDER BY 1
"""
_KEEP = """
    INSERT INTO accounting_toldterms (base_id, node_id, uid, may_buy, is_blocked, hard_limit, open_amount)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (base_id, node_id, uid) DO UPDATE SET may_buy = EXCLUDED.may_buy, is_blocked = EXCLUDED.is_blocked,
        hard_limit = EXCLUDED.hard_limit, open_amount = EXCLUDED.open_amount
"""


def terms_for(arrival: Arrival) -> Iterator[Content]:
    """What the node does not know yet; from now on it counts as told."""
    base, node = arrival.actor.base, arrival.node.pk
    if arrival.again:
        forget_terms(base, node)
        yield {"kind": ALL_TERMS}
    with connection.cursor() as cursor:
        cursor.execute(_DIFFERING, {"base": base.pk, "node": node})
        found = cursor.fetchall()
    known = [Terms(*row) for row in found if row[1] is not None]
    gone = [row[0] for row in found if row[1] is None]
    keep_terms(base, node, known)
    forget_terms(base, node, gone)
    yield from map(terms_told, known)
    yield from ({"kind": NO_TERMS, "uid": str(uid)} for uid in gone)


def keep_terms(base: CustomerBase, node: UUID, told: Iterable[Terms]) -> None:
    """Write down what is told, or was."""
    with connection.cursor() as cursor:
        for one in told:
            values = (one.uid, one.may_buy, one.is_blocked, one.hard_limit, one.open_amount)
            cursor.execute(_KEEP, [base.pk, node, *values])


def forget_terms(base: CustomerBase, node: UUID, uids: Collection[UUID] | None = None) -> None:
    """Of these customers, or of all, nothing is known any more."""
    rows = ToldTerms.objects.in_base(base).filter(node=node)
    if uids is None:
        rows.delete()
    elif uids:
        rows.filter(uid__in=uids).delete()
