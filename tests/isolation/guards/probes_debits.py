"""Mandates, debits and disputes: who writes and sees them, and that none of another base is touched or seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.utils import timezone

from accounting.debits.files import announce_debits, cancel_file, prepare_debits, start_file
from accounting.debits.making import make_file
from accounting.debits.mandates import add_mandate, revoke_mandate
from accounting.debits.outcomes import collect_debits, collect_in_pieces, return_debit, start_collecting
from accounting.invoicing import set_issuer
from accounting.models import DebitFile, Mandate
from accounting.operations.disputing import dispute_invoice, end_dispute
from accounting.payments import book_as_proposed, undo_entry
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.worker.queueing import NothingThere
from tests.accounting.accounts import guest
from tests.accounting.debits import billed, creditor, debits, debtor, in_days, made, previewed
from tests.accounting.mandates import signature
from tests.accounting.returned import came_back, collected, entry, in_sum
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, HAMBURG, HEAD, World
from tests.reader import ungrouped

PAGES = "/accounting/accountterms/"


def own(world: World) -> Scope:
    """The central with whatever it takes to debit, and a customer of Hamburg with an invoice."""
    head = world.scope("anna", "Zentrale")
    creditor(head)
    debtor(world.scope("anna", "Hamburg"), last_name="Lastschrift")
    billed(head)
    return head


def foreign(world: World) -> DebitFile:
    """Of Südstern, at the bank."""
    creditor(world.south)
    debtor(world.south, last_name=CANARY)
    billed(world.south)
    return made(world.south)


def writes(file: DebitFile, debit: Any, mandate: Mandate, invoice: Any, dispute: Any, actor: Scope) -> list[
    Callable[[], Any]
]:  # fmt: skip
    today = timezone.localdate()
    return [
        lambda: announce_debits(file=file.pk, on=today, actor=actor),
        lambda: start_file(file=file.pk, actor=actor),
        lambda: cancel_file(file=file.pk, actor=actor),
        lambda: collect_debits(file=file.pk, on=today, actor=actor),
        lambda: start_collecting(file=file.pk, on=today, actor=actor),
        lambda: return_debit(debit=debit, code="AM04", on=today, actor=actor),
        lambda: add_mandate(customer=mandate.customer_id, signature=signature(), actor=actor),
        lambda: revoke_mandate(mandate=mandate.pk, reason="x", actor=actor),
        lambda: dispute_invoice(invoice=invoice, reason="x", actor=actor),
        lambda: end_dispute(dispute=dispute, outcome="x", actor=actor),
    ]


@probe
def debits_take_the_right_to_collect(world: World) -> None:
    head = own(world)
    file = made(head)
    [one] = debits(head, file)
    dispute = dispute_invoice(invoice=one.invoice_id, reason="x", actor=head)
    nobody = bare(world, "Zentrale", *set(Right) - {Right.COLLECT_PAYMENTS}, who="anna")
    mandate = Mandate.objects.get(customer=one.customer)
    for write in writes(file, one.pk, mandate, one.invoice_id, dispute.pk, nobody):
        with refused(MissingRight):
            write()
    with refused(MissingRight):
        prepare_debits(due_until=in_days(20), collect_on=in_days(20), actor=nobody)
    with refused(MissingRight):
        make_file(file.pk, nobody)
    with refused(MissingRight):
        collect_in_pieces(file.pk, timezone.localdate(), nobody)


@probe
def debits_of_another_base_are_touched_by_nobody(world: World) -> None:
    head, theirs = own(world), foreign(world)
    [one] = debits(world.south, theirs)
    dispute = dispute_invoice(invoice=one.invoice_id, reason="x", actor=world.south)
    mandate = Mandate.objects.get(customer=one.customer)
    for write in writes(theirs, one.pk, mandate, one.invoice_id, dispute.pk, head):
        with refused(ObjectDoesNotExist):
            write()
    with refused(NothingThere):
        make_file(theirs.pk, head)
    with refused(NothingThere):
        collect_in_pieces(theirs.pk, timezone.localdate(), head)


@probe
def base_1_0_and_branches_have_no_debits(world: World) -> None:
    with refused(ValidationError, code="not_central"):
        prepare_debits(due_until=in_days(20), collect_on=in_days(20), actor=world.cast.system("Hamburg"))
    with refused(ValidationError, code="ledger_of_shared_base"):
        add_mandate(customer=world.offline_customer.pk, signature=signature(), actor=world.cast.system("Lübeck"))
    assert world.get("anna", f"/10400/4{PAGES}{world.offline_customer.pk}/mandates/").status_code == 404


@probe
def pages_of_debits_show_none_of_another_base(world: World) -> None:
    head, theirs = own(world), foreign(world)
    [one] = debits(world.south, theirs)
    mine = previewed(head)
    listed = world.get("anna", f"{HEAD}{PAGES}debits/").content.decode()
    assert str(mine.pk) in listed
    assert str(theirs.pk) not in listed
    for address in (
        f"debits/{theirs.pk}/", f"debits/{theirs.pk}/file/xml/", f"debits/{theirs.pk}/file/announcements/",
        f"debits/return/{one.pk}/", f"invoices/{one.invoice_id}/dispute/", f"{one.customer_id}/mandates/",
        f"{one.customer_id}/mandates/new/", f"mandates/{one.mandate_id}/revoke/",
    ):  # fmt: skip
        assert world.get("anna", f"{HEAD}{PAGES}{address}").status_code == 404, address
    other = guest(world.scope("anna", "Hamburg"))
    assert CANARY not in world.get("anna", f"{HAMBURG}{PAGES}{other.pk}/mandates/").content.decode()
    page = world.get("anna", f"{HEAD}{PAGES}debits/{mine.pk}/").content.decode()
    assert "Lastschrift" in page
    assert CANARY not in page


@probe
def mandate_of_another_customer_is_not_shown(world: World) -> None:
    till = world.scope("anna", "Hamburg")
    debtor(till, holder="Fremder Inhaber")
    page = world.get("anna", f"{HAMBURG}{PAGES}{guest(till).pk}/mandates/").content.decode()
    assert "Fremder Inhaber" not in page


@probe
def pages_of_debits_take_a_right_for_each_thing(world: World) -> None:
    """Carla sees customers at the central; she is given the right to see accounts, then to collect, then bank data and
    contact data. At a branch there are no debits.
    """
    head = own(world)
    file = made(head)
    [one] = debits(head, file)
    group, center, at = world.cast.group("Auskunft Bremen"), world.place("Zentrale").pk, f"{HEAD}{PAGES}"
    grants.add_grants(group, [(Right.VIEW_CUSTOMERS, center)])
    seen = [f"{at}{one.customer_id}/mandates/"]
    written = [
        f"{at}{one.customer_id}/mandates/new/", f"{at}mandates/{one.mandate_id}/revoke/", f"{at}debits/",
        f"{at}debits/new/", f"{at}debits/{file.pk}/", f"{at}debits/return/{one.pk}/",
    ]  # fmt: skip
    fetched = [f"{at}debits/{file.pk}/file/xml/", f"{at}debits/{file.pk}/file/announcements/"]
    for address in seen + written + fetched:
        assert world.get("carla", address).status_code == 403, address
    grants.add_grants(group, [(Right.SEE_ACCOUNTS, center)])
    shown = world.get("carla", seen[0]).content.decode()
    assert "•• ••••" in shown
    assert one.iban not in ungrouped(shown)
    assert "/mandates/new/" not in shown
    for address in [*written, *fetched, f"{at}invoices/{one.invoice_id}/dispute/"]:
        assert world.get("carla", address).status_code in (403, 404), address
    grants.add_grants(group, [(Right.COLLECT_PAYMENTS, center)])
    for address in written:
        assert world.get("carla", address).status_code == 200, address
    for address in fetched:
        assert world.get("carla", address).status_code == 403, address
    assert "/file/xml/" not in world.get("carla", f"{at}debits/{file.pk}/").content.decode()
    assert one.iban not in ungrouped(world.get("carla", f"{at}{one.customer_id}/mandates/").content.decode())
    grants.add_grants(group, [(Right.SEE_BANK_DATA, center)])
    assert [world.get("carla", address).status_code for address in fetched] == [200, 403]
    assert one.iban in ungrouped(world.get("carla", f"{at}{one.customer_id}/mandates/").content.decode())
    grants.add_grants(group, [(Right.SEE_CONTACT_DATA, center)])
    assert [world.get("carla", address).status_code for address in fetched] == [200, 200]
    for address in (f"debits/{file.pk}/", f"debits/{file.pk}/file/xml/", f"debits/return/{one.pk}/"):
        assert world.get("anna", f"{HAMBURG}{PAGES}{address}").status_code == 404, address
    assert str(file.pk) not in world.get("anna", f"{HAMBURG}{PAGES}debits/").content.decode()


@probe
def file_is_made_once_and_only_while_it_runs(world: World) -> None:
    head = own(world)
    file = previewed(head)
    with refused(ValidationError, code="not_announced"):
        start_file(file=file.pk, actor=head)
    made(head, file)
    with refused(ValidationError, code="debitfile_in_state"):
        start_file(file=file.pk, actor=head)
    with refused(ValidationError, code="debitfile_in_state"):
        announce_debits(file=file.pk, on=timezone.localdate(), actor=head)


@probe
def days_to_come_are_not_noted_of_mandates_and_debits(world: World) -> None:
    head = own(world)
    file = made(head)
    [one] = debits(head, file)
    whose = one.customer_id or 0
    for call in (
        lambda: add_mandate(customer=whose, signature=signature(signed_on=in_days(1)), actor=head),
        lambda: add_mandate(customer=whose, signature=signature(), last_used_on=in_days(1), actor=head),
        lambda: collect_debits(file=file.pk, on=in_days(1), actor=head),
        lambda: start_collecting(file=file.pk, on=in_days(1), actor=head),
        lambda: return_debit(debit=one.pk, code="AM04", on=in_days(1), actor=head),
    ):
        with refused(ValidationError):
            call()


@probe
def debits_take_a_creditor_and_a_file_that_does_not_run(world: World) -> None:
    head = world.scope("anna", "Zentrale")
    with refused(ValidationError, code="creditor_incomplete"):
        prepare_debits(due_until=in_days(20), collect_on=in_days(20), actor=head)
    assert "/debits/new/" not in world.get("anna", f"{HEAD}{PAGES}debits/").content.decode()
    own(world)
    assert "/debits/new/" in world.get("anna", f"{HEAD}{PAGES}debits/").content.decode()
    assert "/debits/new/" not in world.get("anna", f"{HAMBURG}{PAGES}debits/").content.decode()
    file = previewed(head)
    announce_debits(file=file.pk, on=timezone.localdate(), actor=head)
    set_issuer(values={"creditor_id": ""}, actor=head)
    with refused(ValidationError, code="creditor_incomplete"):
        start_file(file=file.pk, actor=head)
    creditor(head)
    start_file(file=file.pk, actor=head)
    with refused(ValidationError, code="debitfile_in_state"):
        cancel_file(file=file.pk, actor=head)


@probe
def entries_about_debits_are_booked_and_undone_with_their_rights_alone(world: World) -> None:
    head = own(world)
    file = made(head)
    [debit] = debits(head, file)
    for number, one in enumerate((collected(debit), came_back(debit))):
        told = entry(head, one, number=f"{number}")
        with refused(MissingRight):
            book_as_proposed(entry=told.pk, actor=bare(world, "Zentrale", Right.CORRECT_ACCOUNTS, who="anna"))
        with refused(ValidationError, code="not_central"):
            book_as_proposed(entry=told.pk, actor=world.scope("anna", "Hamburg"))
        with refused(ObjectDoesNotExist):
            book_as_proposed(entry=told.pk, actor=world.south)
        book_as_proposed(entry=told.pk, actor=head)
        with refused(ValidationError, code="not_central"):
            undo_entry(entry=told.pk, reason="x", actor=world.scope("anna", "Hamburg"))
    with refused(MissingRight):
        undo_entry(entry=told.pk, reason="x", actor=bare(world, "Zentrale", Right.COLLECT_PAYMENTS, who="anna"))


@probe
def debits_of_another_business_are_proposed_for_nobody(world: World) -> None:
    """The reference of a debit of Südstern in a statement of Nordlicht names nothing."""
    head, theirs = own(world), foreign(world)
    [debit] = debits(world.south, theirs)
    assert entry(head, came_back(debit)).proposal == {}
    assert entry(head, in_sum(theirs, "10.70"), number="8").proposal == {}
