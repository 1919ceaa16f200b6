"""All that a place bills, from the sale to the cancellation; and what the central has, to be tried elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from accounting.choices import DocumentFormat
from accounting.debits.files import announce_debits, cancel_file, start_file
from accounting.debits.mandates import revoke_mandate
from accounting.debits.outcomes import collect_debits, return_debit
from accounting.dunning import cancel_run as cancel_reminders
from accounting.dunning import send_run
from accounting.invoicing import cancel_invoice, cancel_run, set_billing_terms, start_run
from accounting.invoicing.making import document_of
from accounting.models import DebitFile, DebitItem, Mandate
from accounting.operations import ask_accounting_switch, confirm_accounting_switch
from accounting.operations.disputing import dispute_invoice, end_dispute
from accounting.payments import (
    book_all_sure,
    book_as_proposed,
    ignore_entry,
    propose_for,
    reopen_entry,
    undo_entry,
)  # fmt: skip
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest
from tests.accounting.bank_files import book_now, entries_of, file_of, own_account, paid, read
from tests.accounting.debits import billed, creditor, debtor, made, previewed
from tests.accounting.invoices import order, prepared
from tests.accounting.reminders import later_run

OTHER = "DE02120300000000202051"
"""An account at a bank beside OWN."""


def back_to_the_central(cast: Any) -> None:
    asks, confirms = (
        Scope(user=cast.user(name), location=cast.location("Zentrale"), rights=frozenset({Right.MANAGE_LOCATION}))
        for name in ("anna", "bodo")
    )
    row = ask_accounting_switch(location=cast.location("Hamburg").pk, mode="central", reason="x", actor=asks)
    confirm_accounting_switch(switch=row.pk, actor=confirms)


def whole_story(place: Scope) -> dict[str, Any]:
    """Sell, run, invoice, document, debit file, statement, reminder, cancellation; everything once. By names."""
    payer, buyer, late, wrong = (
        debtor(place, last_name="Zahlt"),
        *(guest(place, last_name=name) for name in ("Kauft", "Säumt", "Irrt")),
    )
    for whose in (buyer, late, wrong):
        order(place, whose)
    set_billing_terms(customer=buyer.pk, values={"reference": "KST 7"}, actor=place)
    invoices = {one.buyer_data["last_name"]: one for one in billed(place)}
    with row_scope.rows_of(place):
        document_of(invoices["Kauft"], DocumentFormat.PDF)
    file = made(place)
    collect_debits(file=file.pk, on=timezone.localdate(), actor=place)
    own_account(place)
    [statement] = read(place, file_of(paid("10.70", f"Rechnung {invoices['Kauft'].number}"))).statements
    book_all_sure(statement=statement.pk, actor=place)
    book_now(place, statement)
    run = later_run(place)
    send_run(run=run.pk, actor=place)
    dispute_invoice(invoice=invoices["Säumt"].pk, reason="Zu spät geliefert", actor=place)
    cancelled = cancel_invoice(invoice=invoices["Irrt"].pk, reason="Falsch", actor=place)
    return {
        "customers": (payer, buyer, late, wrong), "invoices": invoices, "file": file, "statement": statement,
        "run": run, "cancelled": cancelled,
    }  # fmt: skip


def of_the_central(cast: Any, central: Scope) -> dict[str, Any]:
    """One of everything, made by the central for whom it bills."""
    seller = cast.scope("anna", "Bremen")
    creditor(central)
    payer = debtor(seller, last_name="Zentral")
    [invoice] = billed(central)
    file = made(central)
    own_account(seller, OTHER)
    [statement] = read(seller, file_of(paid("10.70"), iban=OTHER)).statements
    order(seller, payer)
    dispute = dispute_invoice(invoice=invoice.pk, reason="Falsch", actor=central)
    with row_scope.rows_of(central):
        item, gave = DebitItem.objects.pending().get(), Mandate.objects.get()
    return {
        "run": prepared(central), "invoice": invoice, "file": file, "item": item, "mandate": gave,
        "reminders": later_run(central), "statement": statement, "entry": entries_of(seller, statement)[0],
        "dispute": dispute,
    }  # fmt: skip


def previewed_again(place: Scope) -> DebitFile:
    """Of one more invoice, whose customer has a mandate."""
    debtor(place, last_name="Noch einer")
    billed(place)
    return previewed(place)


def attempts_at(theirs: dict[str, Any], actor: Scope) -> list[Callable[[], Any]]:
    """Whatever can be done with what `of_the_central` gives."""
    today = timezone.localdate()
    return [
        lambda: start_run(run=theirs["run"].pk, actor=actor),
        lambda: cancel_run(run=theirs["run"].pk, actor=actor),
        lambda: cancel_invoice(invoice=theirs["invoice"].pk, reason="x", actor=actor),
        lambda: dispute_invoice(invoice=theirs["invoice"].pk, reason="x", actor=actor),
        lambda: announce_debits(file=theirs["file"].pk, on=today, actor=actor),
        lambda: start_file(file=theirs["file"].pk, actor=actor),
        lambda: cancel_file(file=theirs["file"].pk, actor=actor),
        lambda: collect_debits(file=theirs["file"].pk, on=today, actor=actor),
        lambda: return_debit(debit=theirs["item"].pk, code="AC04", on=today, actor=actor),
        lambda: revoke_mandate(mandate=theirs["mandate"].pk, reason="x", actor=actor),
        lambda: send_run(run=theirs["reminders"].pk, actor=actor),
        lambda: cancel_reminders(run=theirs["reminders"].pk, actor=actor),
        lambda: propose_for(statement=theirs["statement"].pk, actor=actor),
        lambda: book_all_sure(statement=theirs["statement"].pk, actor=actor),
        lambda: book_as_proposed(entry=theirs["entry"].pk, actor=actor),
        lambda: ignore_entry(entry=theirs["entry"].pk, note="x", actor=actor),
        lambda: reopen_entry(entry=theirs["entry"].pk, actor=actor),
        lambda: undo_entry(entry=theirs["entry"].pk, reason="x", actor=actor),
        lambda: end_dispute(dispute=theirs["dispute"].pk, outcome="x", actor=actor),
    ]
