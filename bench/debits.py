"""What it takes to debit many customers: to propose, make, write, collect and return, beside the bare rows of it.

Each customer has a mandate and an invoice with one item. What the functions of the database write is written once more
by COPY into tables with the same keys and indexes, and nothing else.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection
from django.utils import timezone

from accounting.banking.debits import Creditor
from accounting.banking.pain008 import write_debit_file
from accounting.choices import AccountKind, DebitFileState
from accounting.debits.calls import call
from accounting.debits.files import announce_debits, go_to, prepare_debits
from accounting.debits.making import debits_of, make_file
from accounting.debits.outcomes import AT_ONCE, account_for, collect_in_pieces, return_debit
from accounting.models import DebitFile, DebitItem, Issuer
from bench.measure import Series
from bench.owner import as_owner
from bench.selling import Shop
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.models import User

RETURNED = 200
IBAN = "DE89370400440532013000"
_FILLED = (
    """
    INSERT INTO accounting_mandate (organization_id, base_id, ledger_id, owner_key, customer_id, reference, iban,
        holder, signed_on, evidence, evidence_sha256, scheme, is_recurrent, notice_days, state, revoked_by,
        revoked_reason, return_code, created_by)
    SELECT organization_id, base_id, ledger_id, owner_key, customer_id, 'M' || customer_id, %(iban)s, 'Bench',
        current_date - 30, 'x', '', 'CORE', true, 1, 'active', '', '', '', 'bench'
    FROM accounting_account WHERE base_id = %(base)s AND kind = 'owed'
    """,
    """
    INSERT INTO accounting_invoice (organization_id, base_id, ledger_id, owner_key, issuer_id, kind, year, sequence,
        number, customer_id, issued_on, due_on, delivered_from, delivered_until, currency, net, tax, gross, paid_before,
        paid, is_cancelled, issuer_data, buyer_data, reason, user_name)
    SELECT owed.organization_id, owed.base_id, owed.ledger_id, owed.owner_key, %(issuer)s, 'invoice', 2026, owed.nth,
        'RE-' || owed.nth, owed.customer_id, current_date, current_date, current_date, current_date, 'EUR', sale.amount,
        0, sale.amount, 0, 0, false, '{}', '{}', '', 'bench'
    FROM (
        SELECT *, row_number() OVER (ORDER BY id) AS nth FROM accounting_account
        WHERE base_id = %(base)s AND kind = 'owed'
    ) AS owed JOIN accounting_movement AS sale ON sale.debit_id = owed.id AND sale.base_id = owed.base_id
    """,
    """
    INSERT INTO accounting_invoiceitem (base_id, owner_key, invoice_id, movement_id, amount, is_standing)
    SELECT invoice.base_id, invoice.owner_key, invoice.id, sale.id, sale.amount, true
    FROM accounting_invoice AS invoice
    JOIN accounting_account AS owed ON owed.customer_id = invoice.customer_id AND owed.base_id = invoice.base_id
     AND owed.kind = 'owed'
    JOIN accounting_movement AS sale ON sale.debit_id = owed.id AND sale.base_id = owed.base_id
    WHERE invoice.base_id = %(base)s
    """,
)
_WRITTEN = {"debits": ("accounting_debititem",), "collected": ("accounting_movement", "accounting_allocation")}


@dataclass(frozen=True, kw_only=True)
class Debited:
    """Seconds for `rows` debits by step, those of COPY of the rows that are written, and of single returns."""

    rows: int
    steps: dict[str, float]
    bare: dict[str, float]
    returned: Series

    @property
    def ratios(self) -> dict[str, float]:
        """How many times as long as COPY of the rows that they write."""
        collecting = next(name for name in self.steps if name.startswith("collect"))
        rows = {"propose": "debits", "make, in the database": "debits", collecting: "collected"}
        return {name: self.steps[name] / self.bare[bare] for name, bare in rows.items()}


class Creditors(Shop):
    """A business whose customers all have a mandate and an invoice that is due."""

    def __init__(self, *, count: int) -> None:
        super().__init__(count=count, accounts=count)
        self.scope = self._scope()
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as web:
            for debits in self.debits(count):
                with web.transaction():
                    self._enter(web)
                    self._post(web, debits)
        with as_owner(), row_scope.rows_of(self.scope), connection.cursor() as cursor:
            issuer = Issuer.objects.create(
                organization=self.place.organization, legal_name="Bench GmbH", iban=IBAN,
                creditor_id="DE98ZZZ09999999999",
            )  # fmt: skip
            for statement in _FILLED:
                cursor.execute(statement, {"base": self.place.base_id, "iban": IBAN, "issuer": issuer.pk})

    def _scope(self) -> Scope:
        with row_scope.without_scope(reason="who debits for the bench", actor="bench"):
            person = User.objects.filter(organization=self.place.organization).first()
        system = Scope.of_system(self.place, name="bench")
        return Scope(user=person, location=self.place, rights=system.rights)

    def debited(self) -> Debited:
        """One file of all invoices, from the preview to returns."""
        steps: dict[str, float] = {}
        today = timezone.localdate()
        with _timed(steps, "propose"):
            file = prepare_debits(due_until=today, collect_on=today + timedelta(days=5), actor=self.scope)
        announce_debits(file=file.pk, on=today, actor=self.scope)
        self._make(file.pk, steps)
        self._collect(file.pk, today, steps)
        returned = self._returned(file.pk, today)
        return Debited(rows=file.count, steps=steps, bare=self._bare_rows(), returned=returned)

    def _make(self, file: UUID, steps: dict[str, float]) -> None:
        with row_scope.rows_of(self.scope):
            go_to(DebitFile.objects.get(pk=file), DebitFileState.RUNNING)
        with _timed(steps, "make, in the database"), suppress(_GivenUp), row_scope.rows_of(self.scope):
            call("accounting_make_debits(%s, %s)", [self.place.base_id, file])
            raise _GivenUp
        with _timed(steps, "make and write"):
            make_file(file, self.scope)
        with row_scope.rows_of(self.scope):
            one = DebitFile.objects.get(pk=file)
            creditor = Creditor(name="Bench GmbH", iban=IBAN, creditor_id="DE98ZZZ09999999999")
            with _timed(steps, "write, in the program"):
                write_debit_file(
                    message_id="SH-0-1", created_at=timezone.now(), creditor=creditor, debits=debits_of(one)
                )

    def _collect(self, file: UUID, today: date, steps: dict[str, float]) -> None:
        with row_scope.rows_of(self.scope):
            one = DebitFile.objects.select_related("ledger").get(pk=file)
            go_to(one, DebitFileState.COLLECTING)
            account_for(one.ledger, AccountKind.MONEY, self.scope)
        with _timed(steps, f"collect, in pieces of {AT_ONCE}"):
            collect_in_pieces(file, today, self.scope)

    def _returned(self, file: UUID, today: date) -> Series:
        with row_scope.rows_of(self.scope):
            items = list(DebitItem.objects.filter(file=file).order_by("position").values_list("pk", flat=True))
        taken = []
        for pk in items[:RETURNED]:
            started = time.perf_counter()
            return_debit(debit=pk, code="AM04", on=today, actor=self.scope)
            taken.append(time.perf_counter() - started)
        return Series(tuple(taken))

    def _bare_rows(self) -> dict[str, float]:
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
            return {
                name: sum(_copied(owner, table, self.place.base_id) for table in tables)
                for name, tables in _WRITTEN.items()
            }


class _GivenUp(Exception):
    """What was done is rolled back."""


@contextmanager
def _timed(steps: dict[str, float], name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    steps[name] = time.perf_counter() - started


def _copied(owner: psycopg.Connection[Any], table: str, base: int) -> float:
    """Seconds of COPY of the rows of a base into a table with its keys and indexes."""
    extra = " AND kind = 'payment'" if table == "accounting_movement" else ""
    columns = owner.execute(
        "SELECT string_agg(quote_ident(attname::text), ', ') FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''", [table],
    ).fetchone()  # fmt: skip
    assert columns
    owner.execute("DROP TABLE IF EXISTS bench_bare")
    owner.execute(f"CREATE TABLE bench_bare (LIKE {table} INCLUDING ALL)".encode())
    source = f"COPY (SELECT {columns[0]} FROM {table} WHERE base_id = {base}{extra}) TO STDOUT"
    with owner.cursor() as cursor, cursor.copy(source.encode()) as rows:
        content = b"".join(bytes(part) for part in rows)
    started = time.perf_counter()
    _write(owner, columns[0], content)
    return time.perf_counter() - started


def _write(owner: psycopg.Connection[Any], columns: str, content: bytes) -> None:
    with owner.cursor() as cursor, cursor.copy(f"COPY bench_bare ({columns}) FROM STDIN".encode()) as copy:
        copy.write(content)
