"""Mails to customers: who asks for them and sends them, and that none of another base is touched or seen."""

from __future__ import annotations

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.test import override_settings

from accounting.dunning import send_run
from accounting.letter_choices import LetterSource
from accounting.mailing import mail_again, mail_documents
from accounting.mailing.queueing import queue_letters
from accounting.mailing.sending import send_block
from accounting.models import Invoice, Letter
from locations.permissions import Right
from mcp.isolation import grants, row_scope
from mcp.isolation.scope import MissingRight, Scope
from mcp.worker.queueing import NothingThere
from tests.accounting.accounts import on_its_own
from tests.accounting.letters import LOCMEM, Mailbox, billed, run_of
from tests.accounting.reminders import later_run
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, HEAD, World

PAGES = "/accounting/accountterms/"


def own(world: World) -> tuple[Scope, Invoice]:
    """The central, with the invoice of a customer of Hamburg."""
    head = world.scope("anna", "Zentrale")
    [one] = billed(head, world.scope("anna", "Hamburg"), "gast@example.com")
    return head, one


def letter(scope: Scope, one: Invoice) -> Letter:
    """One of it that waits."""
    with row_scope.rows_of(scope):
        queue_letters(LetterSource.INVOICE, one.pk, scope)
        return Letter.objects.get(invoice=one.pk, kind="invoice")


def reminder(scope: Scope) -> Letter:
    run = send_run(run=later_run(scope).pk, actor=scope)
    with row_scope.rows_of(scope):
        queue_letters(LetterSource.REMINDERS, run.pk, scope)
        return Letter.objects.filter(notice__run=run.pk)[:1].get()


def foreign(world: World) -> tuple[Invoice, Letter]:
    [theirs] = billed(world.south, world.south, "fremd@example.com")
    return theirs, letter(world.south, theirs)


@probe
def mails_take_the_right_of_what_they_are_about(world: World) -> None:
    head, one = own(world)
    first, second = letter(head, one), reminder(head)
    for right, source, about in (
        (Right.BILL_CUSTOMERS, LetterSource.INVOICE, first),
        (Right.COLLECT_PAYMENTS, LetterSource.REMINDER, second),
    ):
        nobody = bare(world, "Zentrale", *set(Right) - {right}, who="anna")
        with refused(MissingRight):
            mail_documents(source=source, pk=about.document, actor=nobody)
        with refused(MissingRight):
            mail_again(letter=about.pk, actor=nobody)
        with refused(MissingRight):
            send_block(about.mailing, post=Mailbox().post, actor=nobody)


@probe
def mails_are_not_sent_for_whoever_has_lost_the_right(world: World) -> None:
    head, one = own(world)
    waits, post = letter(head, one), Mailbox()
    with refused(MissingRight):
        send_block(waits.mailing, post=post.post, actor=bare(world, "Zentrale", Right.BILL_CUSTOMERS, who="bodo"))
    assert post == []


@probe
def mails_of_another_base_are_touched_by_nobody(world: World) -> None:
    head, _one = own(world)
    _theirs, waits = foreign(world)
    with refused(ObjectDoesNotExist):
        mail_again(letter=waits.pk, actor=head)
    with refused(NothingThere):
        send_block(waits.mailing, post=Mailbox().post, actor=head)
    with row_scope.rows_of(world.south):
        assert Letter.objects.get(pk=waits.pk).state == "waiting"


@probe
def documents_of_another_ledger_and_base_are_mailed_by_nobody(world: World) -> None:
    """The central mails nothing of a location on its own, that nothing of the central, and nobody of Südstern's."""
    head, one = own(world)
    [theirs] = billed(world.south, world.south, "fremd@example.com")
    on_its_own(world.cast, "Hamburg")
    hamburg = world.scope("anna", "Hamburg")
    [alone] = billed(hamburg, hamburg, "eigen@example.com")
    with override_settings(MAILERS=LOCMEM):
        for invoice, actor in ((theirs, head), (alone, head), (one, hamburg), (theirs, hamburg)):
            with refused(ValidationError, code="letter_there"):
                mail_documents(source=LetterSource.INVOICE, pk=invoice.pk, actor=actor)
        for invoice, actor in ((one, head), (alone, hamburg)):
            assert mail_documents(source=LetterSource.INVOICE, pk=invoice.pk, actor=actor).mailed == 1


@probe
def invoices_of_a_run_are_printed_with_the_right_to_bill_and_contact_data(world: World) -> None:
    """Carla sees customers and accounts at the central, and is given one right without the other, then both."""
    head, _one = own(world)
    [unmailed] = billed(head, world.scope("anna", "Hamburg"), "")
    group, center = world.cast.group("Auskunft Bremen"), world.place("Zentrale").pk
    seen = [(Right.VIEW_CUSTOMERS, center), (Right.SEE_ACCOUNTS, center)]
    bills, reads = (Right.BILL_CUSTOMERS, center), (Right.SEE_CONTACT_DATA, center)
    address = f"{HEAD}{PAGES}runs/{run_of([unmailed]).pk}/print/"
    for given, status in (([bills], 403), ([reads], 403), ([bills, reads], 200)):
        grants.add_grants(group, [*seen, *given])
        assert world.get("carla", address).status_code == status, given
        grants.remove_grants(group, [*seen, *given])


@probe
def branches_for_which_the_central_bills_mail_nothing(world: World) -> None:
    head, one = own(world)
    waits = letter(head, one)
    for source in (LetterSource.INVOICE, LetterSource.REMINDERS):
        with refused(ValidationError, code="not_central"):
            mail_documents(source=source, pk=one.pk, actor=world.cast.system("Hamburg"))
    with refused(ValidationError, code="not_central"):
        send_block(waits.mailing, post=Mailbox().post, actor=world.cast.system("Hamburg"))


@probe
def pages_of_mails_show_none_of_another_base(world: World) -> None:
    _head, one = own(world)
    [unmailed] = billed(world.south, world.south, "")
    theirs, waits = foreign(world)
    reminded = reminder(world.south)
    at = f"{HEAD}{PAGES}"
    for address in (
        f"invoices/{theirs.pk}/mail/", f"letters/{waits.pk}/again/", f"notices/{reminded.pk}/again/",
        f"runs/{run_of([unmailed]).pk}/print/",
    ):  # fmt: skip
        assert world.get("anna", at + address).status_code == 404, address
    assert world.get("anna", f"{at}runs/{run_of([one]).pk}/print/").status_code == 200
    shown = world.get("anna", f"{at}invoices/{one.pk}/").content.decode()
    assert str(waits.pk) not in shown


@probe
def mail_of_a_kind_is_on_the_page_of_that_kind(world: World) -> None:
    head, one = own(world)
    first, second = letter(head, one), reminder(head)
    at = f"{HEAD}{PAGES}"
    assert world.get("anna", f"{at}letters/{first.pk}/again/").status_code == 200
    assert world.get("anna", f"{at}notices/{second.pk}/again/").status_code == 200
    assert world.get("anna", f"{at}letters/{second.pk}/again/").status_code == 404
    assert world.get("anna", f"{at}notices/{first.pk}/again/").status_code == 404


@probe
def pages_of_mails_take_a_right_for_each_thing(world: World) -> None:
    """Carla sees customers at Bremen; she is given the right to see accounts, and then others."""
    head = world.scope("anna", "Zentrale")
    [one] = billed(head, world.scope("anna", "Bremen"), "gast@example.com")
    first, second = letter(head, one), reminder(head)
    group, bremen, at = world.cast.group("Auskunft Bremen"), world.place("Bremen").pk, f"{BREMEN}{PAGES}"
    of_bill = [f"invoices/{one.pk}/mail/", f"letters/{first.pk}/again/", f"runs/{run_of([one]).pk}/print/"]
    of_collect = [f"notices/{second.pk}/again/"]
    grants.add_grants(group, [(Right.SEE_ACCOUNTS, bremen)])
    for address in (*of_bill, *of_collect):
        assert world.get("carla", at + address).status_code == 403, address
    grants.add_grants(group, [(Right.BILL_CUSTOMERS, bremen)])
    assert [world.get("carla", at + address).status_code for address in of_bill[:2]] == [200, 200]
    assert world.get("carla", at + of_collect[0]).status_code == 403
    grants.add_grants(group, [(Right.COLLECT_PAYMENTS, bremen)])
    assert world.get("carla", at + of_collect[0]).status_code == 200
