"""What is surely proposed for other entries already: the same item or debit is not sure twice."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from accounting.models import BankStatement

# By statement, of which there are few, and by its open entries in the order of their key.
_SURE = """
    SELECT one.proposal FROM accounting_bankstatement AS statement CROSS JOIN LATERAL (
        SELECT id, proposal FROM accounting_bankentry
        WHERE statement_id = statement.id AND state = 'open' AND confidence = 'sure' OFFSET 0
    ) AS one
    WHERE statement.ledger_id = %(ledger)s AND statement.base_id = %(base)s
      AND (statement.id <> %(statement)s OR one.id <> %(entry)s)
"""


def taken_elsewhere(statement: BankStatement, entry: UUID | None = None) -> set[str]:
    """Items, debits and sums of files that are surely proposed for entries of other statements.

    Where only one entry is proposed anew, the others of its own statement count as well.
    """
    params: dict[str, Any] = {
        "base": statement.base_id,
        "ledger": statement.ledger_id,
        "statement": statement.pk,
        "entry": entry,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SURE if entry else _SURE.replace(" OR one.id <> %(entry)s", ""), params)
        return {name for (proposal,) in cursor.fetchall() for name in names_in(json.loads(proposal))}


def names_in(proposal: Mapping[str, Any]) -> Collection[str]:
    """What a proposal takes, by names that differ for items, debits and sums."""
    if "debit" in proposal:
        return [f"{proposal['kind']} {proposal['debit']}"]
    if "file" in proposal:
        return [f"file {proposal['file']} {proposal['group']}"]
    return [f"item {part['item']}" for part in proposal.get("parts", ())]
