"""What other entries say already: the same item or debit is not sure twice, nor is what looks as if it was known."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from accounting.models import BankEntry, BankStatement

# By statement, of which there are few, and by its open entries in the order of their key.
_SURE = """
    SELECT one.proposal FROM accounting_bankstatement AS statement CROSS JOIN LATERAL (
        SELECT id, proposal FROM accounting_bankentry
        WHERE statement_id = statement.id AND state = 'open' AND confidence = 'sure' OFFSET 0
    ) AS one
    WHERE statement.ledger_id = %(ledger)s AND statement.base_id = %(base)s
      AND (statement.id <> %(statement)s OR one.id <> %(entry)s)
"""


# By statement as well: those of the account that have entries of the same days.
_LOOKS = """
    SELECT one.booked_on, one.direction, one.amount, one.counterparty_iban, one.purpose, one.end_to_end_id
    FROM accounting_bankstatement AS statement CROSS JOIN LATERAL (
        SELECT booked_on, direction, amount, counterparty_iban, purpose, end_to_end_id FROM accounting_bankentry
        WHERE statement_id = statement.id AND booked_on BETWEEN %(first)s AND %(last)s OFFSET 0
    ) AS one
    WHERE statement.account_id = %(account)s AND statement.base_id = %(base)s AND statement.id <> %(statement)s
      AND statement.first_on <= %(last)s AND statement.last_on >= %(first)s
"""

type Look = tuple[date, str, Decimal, str]
"""Day, direction, amount and the account of the other side, or the text where there is none."""


class Looks:
    """How entries of other statements of the account look, of the days of this one.

    A bank that gives no references, and a table beside a CAMT.053, say the same payment so that it is another entry.
    """

    def __init__(self, statement: BankStatement) -> None:
        params: dict[str, Any] = {
            "base": statement.base_id, "account": statement.account_id, "statement": statement.pk,
            "first": statement.first_on, "last": statement.last_on,
        }  # fmt: skip
        self._names: dict[Look, set[str]] = {}
        with connection.cursor() as cursor:
            cursor.execute(_LOOKS, params)
            for day, way, amount, iban, purpose, name in cursor.fetchall():
                self._names.setdefault((day, way, amount, iban or purpose), set()).add(name)

    def know(self, entry: BankEntry) -> bool:
        """Whether one looks the same. What its giver has named otherwise (end-to-end identification) is another."""
        look = entry.booked_on, entry.direction, entry.amount, entry.counterparty_iban or entry.purpose
        names = self._names.get(look, set())
        return bool(names) and (not entry.end_to_end_id or bool(names & {"", entry.end_to_end_id}))


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
