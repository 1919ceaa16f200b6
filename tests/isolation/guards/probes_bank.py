"""Payments from the bank: who reads files and books, and that nothing of another base is read or booked."""

from __future__ import annotations

import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError

from accounting.models import BankEntry
from accounting.payments import (
    Share,
    add_bank_account,
    book_all_sure,
    book_as_proposed,
    book_entry,
    ignore_entry,
    propose_for,
    read_statement,
    reopen_entry,
    undo_entry,
)
from accounting.payments.booking_all import book_in_pieces
from accounting.tasks import book_sure
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.worker.somebody import for_somebody
from tests.accounting.accounts import amounts, guest
from tests.accounting.bank_files import entries_of, file_of, gone, own_account, paid, read, sale, statement
from tests.accounting.banking.files import HORT, OWN
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, HAMBURG, World

PAGES = f"{HAMBURG}/accounting/accountterms/bank/"


def one_of(scope: Scope, *, name: str = "Zahlt") -> BankEntry:
    """A payment that names the one open sale of a customer, in a statement of this scope."""
    whose = guest(scope, last_name=name)
    sale(scope, whose, "30.00", f"RE-{whose.pk}-0001")
    [entry] = entries_of(scope, statement(scope, paid("30.00", f"RE-{whose.pk}-0001"), number=f"{whose.pk}"))
    return entry


def share(scope: Scope) -> Share:
    return Share(customer=guest(scope).pk, amount=Decimal(30))


WRITES: list[Callable[[BankEntry, Scope], Any]] = [
    lambda entry, actor: propose_for(statement=entry.statement_id, actor=actor),
    lambda entry, actor: ignore_entry(entry=entry.pk, note="x", actor=actor),
    lambda entry, actor: reopen_entry(entry=entry.pk, actor=actor),
    lambda entry, actor: book_as_proposed(entry=entry.pk, actor=actor),
    lambda entry, actor: undo_entry(entry=entry.pk, reason="x", actor=actor),
    lambda entry, actor: book_all_sure(statement=entry.statement_id, actor=actor),
]
"""In this order each of them can be done to one entry."""


@probe
def payments_from_the_bank_take_their_right(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    entry = one_of(here)
    nobody = bare(world, "Hamburg", *set(Right) - {Right.COLLECT_PAYMENTS}, who="anna")
    for write in WRITES:
        with refused(MissingRight):
            write(entry, nobody)
        write(entry, bare(world, "Hamburg", Right.COLLECT_PAYMENTS, Right.CORRECT_ACCOUNTS, who="anna"))
    other = one_of(here)
    with refused(MissingRight):
        book_entry(entry=other.pk, shares=[share(here)], actor=nobody)
    with refused(MissingRight):
        book_in_pieces(other.statement, nobody)
    with refused(MissingRight):
        add_bank_account(iban=HORT, name="x", actor=nobody)
    with refused(MissingRight):
        read(nobody, file_of(paid("1.00")))


@probe
def undoing_what_was_booked_takes_the_right_to_correct(world: World) -> None:
    entry = one_of(world.scope("anna", "Hamburg"))
    book_as_proposed(entry=entry.pk, actor=world.scope("anna", "Hamburg"))
    with refused(MissingRight):
        undo_entry(entry=entry.pk, reason="x", actor=bare(world, "Hamburg", Right.COLLECT_PAYMENTS, who="anna"))


@probe
def entries_of_another_base_are_decided_by_nobody(world: World) -> None:
    theirs, here = one_of(world.south), world.scope("anna", "Hamburg")
    for write in WRITES:
        with refused(ObjectDoesNotExist):
            write(theirs, here)
        write(theirs, world.south)
    with refused(ObjectDoesNotExist):
        book_entry(entry=one_of(world.south).pk, shares=[share(here)], actor=here)
    with refused(ObjectDoesNotExist):
        book_entry(entry=one_of(here).pk, shares=[share(world.south)], actor=here)


@probe
def files_of_accounts_of_another_business_are_not_read(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    own_account(world.south, HORT)
    for iban in (HORT, "DE02100500000054540402"):
        with refused(ValidationError, code="bank_account_unknown"):
            read(here, file_of(paid("1.00"), iban=iban))


@probe
def base_1_0_has_no_bank_statements(world: World) -> None:
    offline = world.scope("anna", "Lübeck")
    with refused(ValidationError, code="ledger_of_shared_base"):
        add_bank_account(iban=OWN, name="x", actor=offline)
    with refused(ValidationError, code="ledger_of_shared_base"):
        read(offline, file_of(paid("1.00")))


@probe
def whoever_loses_the_right_books_nothing_more(world: World) -> None:
    """It is gone between the first question and the end of the piece."""
    here = world.scope("anna", "Hamburg")
    entry = one_of(here)
    bodo = bare(world, "Hamburg", Right.COLLECT_PAYMENTS, who="bodo")
    with refused(MissingRight):
        book_in_pieces(entry.statement, bodo)
    assert BankEntry.objects.get(pk=entry.pk).state == "open"


@probe
def worker_books_with_the_rights_of_whoever_has_asked(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    whose = guest(here, last_name="Zahlt")
    sale(here, whose, "30.00", "RE-2026-0001")
    found = statement(here, paid("30.00", "RE-2026-0001"))
    book_all_sure(statement=found.pk, actor=here)
    book_sure(statement=str(found.pk), **for_somebody(here))
    assert amounts(here, whose) == (0, 0)
    found.refresh_from_db()
    assert (found.state, list(found.failure)) == ("ready", [])


@probe
def money_that_has_gone_out_is_no_payment(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    [entry] = entries_of(here, statement(here, gone("5.00")))
    with refused(ValidationError, code="bankentry_booked_where_paid"):
        book_as_proposed(entry=entry.pk, actor=here)


@probe
def pages_of_the_bank_show_the_own_statements_to_whoever_may_read_them(world: World) -> None:
    """Bodo lacks the one right, Anna has it; nothing of Südstern is on any page."""
    here, theirs = world.scope("anna", "Hamburg"), one_of(world.south, name=CANARY)
    own_account(world.south, HORT)
    read_statement(file=io.BytesIO(file_of(paid("5.00"), iban=HORT)), name=f"{CANARY}.xml", actor=world.south)
    entry = one_of(here)
    own = [PAGES, f"{PAGES}read/", f"{PAGES}account/", f"{PAGES}{entry.statement_id}/", f"{PAGES}entry/{entry.pk}/"]
    grants.add_grants(world.theke, [(Right.SEE_ACCOUNTS, None), (Right.VIEW_CUSTOMERS, None)])
    for address in own:
        assert world.get("bodo", address).status_code == 403, address
        shown = world.get("anna", address).content.decode()
        assert CANARY not in shown, address
        assert HORT not in shown, address
    assert world.get("anna", f"{PAGES}entry/{entry.pk}/?q={CANARY}").context["found"] == []
    for address in (f"{PAGES}{theirs.statement_id}/", f"{PAGES}entry/{theirs.pk}/"):
        assert world.get("anna", address).status_code == 404, address
