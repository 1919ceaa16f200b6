"""What it takes to bill: orders into numbered invoices in the database, and the documents of the invoices.

The goal of issuing is said in seconds, which drift with the machine: the calibration beside it is COPY of rows as many
and as wide as those that issuing writes, into bare tables.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from uuid import UUID

import psycopg
from django.utils import timezone

from accounting.invoicing import prepare_run, set_issuer
from accounting.invoicing.making import FIRST, make_documents
from accounting.invoicing.running import issue_next
from accounting.models import InvoiceRun
from bench.measure import peak_memory
from bench.selling import Shop
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope

OF_CUSTOMER = 5
"""Orders of each customer: so many come onto one invoice."""
AT_ONCE = 10_000
ISSUER = {
    "legal_name": "Bench GmbH", "street": "Hafenweg 3", "postal_code": "20457", "city": "Hamburg",
    "vat_id": "DE136695976", "contact": "B. Head", "email": "bench@example.com", "phone": "+49 40 1234",
    "iban": "DE89370400440532013000", "bic": "COBADEFFXXX",
}  # fmt: skip
_ORDERS = """
    INSERT INTO accounting_paymentorder (organization_id, base_id, ledger_id, owner_key, customer_id, location_id,
        number, business_day, method, total, state, booking_id, fiscal)
    SELECT sale.organization_id, sale.base_id, sale.ledger_id, sale.owner_key, account.customer_id, sale.location_id,
        '', sale.business_day, 'account', sale.amount, 'open', sale.id, '{}'
    FROM accounting_movement AS sale JOIN accounting_account AS account ON account.id = sale.debit_id
    WHERE sale.base_id = %(base)s AND sale.kind = 'sale'
"""
_LINES = """
    INSERT INTO accounting_paymentorderline (base_id, owner_key, order_id, position, text, quantity, amount, vat_rate)
    SELECT base_id, owner_key, id, at, name, 1, amount, rate
    FROM accounting_paymentorder,
        (VALUES (1, 'Bread', 0.75, 7), (2, 'Coffee', 0.50, 19)) AS one (at, name, amount, rate)
    WHERE base_id = %(base)s
"""
_WRITTEN = (
    "accounting_invoice", "accounting_invoiceline", "accounting_invoicevat", "accounting_invoiceitem",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Billed:
    """Seconds to preview and to issue, those of COPY of the rows that were written, and what documents take."""

    orders: int
    invoices: int
    previewed: float
    issued: float
    copied: float
    documented: int
    documents: float
    memory: float
    """Megabytes that making the documents has added."""

    @property
    def ratio(self) -> float:
        return self.issued / self.copied

    @property
    def each(self) -> float:
        """Seconds for the documents of one invoice."""
        return self.documents / self.documented


def bill(*, orders: int, documents: int) -> Billed:
    """Issue so many orders of a new business, and make the documents of some of the invoices."""
    customers = orders // OF_CUSTOMER
    shop = Shop(count=customers, accounts=customers)
    _sell(shop, orders)
    actor = Scope.of_system(shop.place, name="bench")
    set_issuer(values=ISSUER, actor=actor)
    started = time.perf_counter()
    run = prepare_run(until=timezone.localdate(), actor=actor)
    previewed = time.perf_counter() - started
    with row_scope.rows_of(actor):
        InvoiceRun.objects.filter(pk=run.pk).update(state="running")
    issued, invoices = _issue(run.pk, actor)
    copied = _copied(shop.place.base_id)
    before, started = peak_memory(), time.perf_counter()
    documented = _documents(run.pk, documents, actor)
    return Billed(
        orders=orders, invoices=invoices, previewed=previewed, issued=issued, copied=copied, documented=documented,
        documents=time.perf_counter() - started, memory=peak_memory() - before,
    )  # fmt: skip


def _sell(shop: Shop, orders: int) -> None:
    """Orders of two lines each, as the rows are after tills have posted them."""
    for debits in shop.debits(orders):
        shop.post(debits)
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        for statement in (_ORDERS, _LINES, "VACUUM ANALYZE"):
            owner.execute(statement, {"base": shop.place.base_id} if "%(base)s" in statement else None)


def _issue(run: UUID, actor: Scope) -> tuple[float, int]:
    started, many = time.perf_counter(), 0
    while (some := issue_next(run, on=timezone.localdate(), actor=actor)) is not None:
        many += some
    return time.perf_counter() - started, many


def _documents(run: UUID, many: int, actor: Scope) -> int:
    """Documents of the first invoices; how many there are then."""
    last: UUID | None = FIRST
    made = 0
    while last is not None and made < many:
        last = make_documents(run, after=last, actor=actor)
        with row_scope.rows_of(actor):
            made = InvoiceRun.objects.get(pk=run).documented
    return made


def _copied(base: int) -> float:
    """Seconds of COPY of the rows that issuing has written, out of their tables and into bare ones."""
    taken = 0.0
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        for table in _WRITTEN:
            bare = f"bench_{table}"
            owner.execute(f"DROP TABLE IF EXISTS {bare}")
            owner.execute(f"CREATE TABLE {bare} AS SELECT * FROM {table} WHERE false")
            rows = f"SELECT * FROM {table} WHERE base_id = {base:d}"
            with owner.cursor() as out, out.copy(f"COPY ({rows}) TO STDOUT (FORMAT binary)") as source:
                data = b"".join(bytes(one) for one in source)
            started = time.perf_counter()
            with owner.cursor() as into, into.copy(f"COPY {bare} FROM STDIN (FORMAT binary)") as target:
                target.write(data)
            taken += time.perf_counter() - started
            owner.execute(f"DROP TABLE {bare}")
    return taken
