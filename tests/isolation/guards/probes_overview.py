"""Open items of all customers, and tables of the accounts to download: whose they are, and who may."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection

from accounting.downloads import DOWNLOADS
from accounting.models import BalanceImport
from accounting.opening_balances import book_balances
from accounting.opening_balances.of_imports import check_balances_of, demand_undoable, is_offered, undo_balances_of
from accounting.operations import receive_payment
from accounting.overview import Question
from customers.exports.tables import TableMaking, table_named
from customers.exports.writer import Order
from customers.imports.lifecycle import start_undo, undo_upload
from customers.models import CustomerGroup
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import guest, key
from tests.accounting.bank_files import paid, statement
from tests.accounting.debits import creditor, debits
from tests.accounting.invoices import issued, order
from tests.customers.people import customer
from tests.customers.transfer import applied, checked
from tests.isolation.guards.probes_accounts import balances_of
from tests.isolation.guards.probes_debits import foreign
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, HEAD, World

PAGES = f"{HEAD}/accounting/accountterms/"


def told(name: str, scope: Scope, **asked: str) -> str:
    """All that a table holds for a scope, as one text."""
    table = table_named(name)
    assert table is not None
    sql, params = table.rows(scope, asked)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return str(cursor.fetchall())


@probe
def tables_of_accounts_take_their_rights(world: World) -> None:
    written = Order(profile="excel-de", columns=())
    for table in DOWNLOADS:
        for right in (Right.EXPORT_CUSTOMERS, *table.rights):
            actor = bare(world, "Zentrale", *set(Right) - {right}, who="anna")
            with refused(MissingRight):
                TableMaking(actor, written, table, {})


@probe
def tables_of_accounts_hold_nothing_of_another_base(world: World) -> None:
    head = world.scope("anna", "Zentrale")
    guest(world.scope("anna", "Hamburg"))
    file = foreign(world)
    statement(world.south, paid("5.00", CANARY))
    assert CANARY in told("bank-entries", world.south)
    assert CANARY in told("debits", world.south, of=str(file.pk)) + str(debits(world.south, file)[0].customer)
    for table in DOWNLOADS:
        assert CANARY not in told(table.name, head, of=str(file.pk)), table.name


@probe
def open_items_are_asked_of_customers_that_one_sees(world: World) -> None:
    for right in (Right.SEE_ACCOUNTS, Right.VIEW_CUSTOMERS):
        with refused(MissingRight):
            Question.of(actor=bare(world, "Zentrale", *set(Right) - {right}, who="anna"))
    hamburg, bremen = world.scope("anna", "Hamburg"), world.scope("anna", "Bremen")
    head, whose = world.scope("anna", "Zentrale"), guest(bremen, last_name=CANARY)
    order(bremen, whose)
    creditor(head)
    issued(head)
    receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), actor=bremen)
    for name in ("open-items", "movements", "payments", "allocations", "invoices", "invoice-lines"):
        assert CANARY in told(name, bremen), name
        assert CANARY not in told(name, hamburg), name


@probe
def balances_of_an_import_take_all_rights_of_accounts(world: World) -> None:
    here, headings = world.scope("anna", "Hamburg"), ("Kundennummer", "Offener Betrag")
    assert is_offered(headings, here)
    for right in (Right.SEE_ACCOUNTS, Right.CORRECT_ACCOUNTS, Right.MANAGE_ACCOUNT_TERMS):
        assert not is_offered(headings, bare(world, "Hamburg", *set(Right) - {right}, who="anna"))
    made = balances_of(here, customer(here))
    book_balances(balances=made.pk, owed_total=made.owed_total, credit_total=made.credit_total, actor=here)
    upload: Any = SimpleNamespace(base_id=made.base_id, location_id=made.location_id, sha256=made.sha256)
    demand_undoable(upload, here)
    for right in (Right.CORRECT_ACCOUNTS, Right.MANAGE_ACCOUNT_TERMS):
        with refused(MissingRight):
            demand_undoable(upload, bare(world, "Hamburg", *set(Right) - {right}, who="anna"))


@probe
def import_undoes_the_balances_of_its_own_file_alone(world: World) -> None:
    """Another file of the base was booked and paid since; so was the same file, at another business."""
    here = world.scope("anna", "Hamburg")
    theirs, paid_since = world.foreign_customer, customer(here)
    mine = customer(world.scope("anna", "Zentrale"), customer_number=theirs.customer_number)
    own, other, foreign = balances_of(here, mine), balances_of(here, paid_since), balances_of(world.south, theirs)
    assert own.sha256 == foreign.sha256
    for kept, actor in ((own, here), (other, here), (foreign, world.south)):
        book_balances(balances=kept.pk, owed_total=kept.owed_total, credit_total=kept.credit_total, actor=actor)
    for whose, actor in ((paid_since, here), (theirs, world.south)):
        receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), actor=actor)
    upload: Any = SimpleNamespace(
        base_id=own.base_id, location_id=own.location_id, sha256=own.sha256, name="x"
    )  # fmt: skip
    demand_undoable(upload, here)
    undo_balances_of(upload, here)
    states = BalanceImport.objects.in_bulk([own.pk, other.pk, foreign.pk])
    assert [states[one.pk].state for one in (own, other, foreign)] == ["undone", "booked", "booked"]


@probe
def import_with_balances_is_undone_with_the_rights_of_accounts(world: World) -> None:
    """Neither by whoever lacks one of them, nor where somebody has paid between the question and the worker."""
    here, whose = world.scope("anna", "Hamburg"), customer(world.scope("anna", "Hamburg"))
    content = f"Kundennummer;Nachname;Offener Betrag\r\n{whose.customer_number};Neu;5,00\r\n".encode()
    upload = applied(checked(here, content), here)
    kept = check_balances_of(upload=upload, actor=here)
    book_balances(balances=kept.pk, owed_total=Decimal(5), credit_total=Decimal(0), actor=here)
    for right in (Right.CORRECT_ACCOUNTS, Right.MANAGE_ACCOUNT_TERMS):
        with refused(MissingRight):
            start_undo(upload=upload, actor=bare(world, "Hamburg", *set(Right) - {right}, who="anna"))
    start_undo(upload=upload, actor=here)
    receive_payment(customer=whose.pk, amount=Decimal(1), key=key(), actor=here)
    with refused(ValidationError, code="balances_used"):
        undo_upload(upload=upload, actor=here)


@probe
def open_items_are_narrowed_by_groups_of_the_base(world: World) -> None:
    guest(world.scope("anna", "Hamburg"))
    CustomerGroup.objects.create(base=world.south.base, name=CANARY)
    assert CANARY not in world.get("anna", f"{PAGES}overview/").content.decode()
