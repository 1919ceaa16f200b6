"""Invoices: who issues, previews, starts, cancels and sees them, and that none of another base or branch is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.utils import timezone

from accounting.invoicing import (
    cancel_invoice,
    cancel_run,
    prepare_run,
    set_billing_terms,
    set_issuer,
    start_run,
)
from accounting.invoicing.making import FIRST, make_documents
from accounting.invoicing.running import finish_run, issue_next
from accounting.models import Invoice, InvoiceRun
from accounting.pages.invoices import overdue_facts
from customers.models import Customer
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight, Scope
from mcp.worker.queueing import NothingThere
from tests.accounting.accounts import guest
from tests.accounting.invoices import begun, issued, issuer, order, prepared
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probes_revoked import revoke
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HAMBURG, HEAD, World

PAGES = "/accounting/accountterms/"


def own(world: World) -> tuple[Scope, Customer]:
    """The central with an issuer, and a customer of Hamburg with an order that is open."""
    central, till = world.scope("anna", "Zentrale"), world.scope("anna", "Hamburg")
    issuer(central)
    buyer = guest(till, last_name="Rechnung")
    order(till, buyer)
    return central, buyer


def foreign(world: World) -> Invoice:
    """Of Südstern, due today."""
    issuer(world.south, payment_term=0)
    order(world.south, guest(world.south, last_name=CANARY))
    [made] = issued(world.south)
    return made


@probe
def billing_takes_its_right(world: World) -> None:
    central, buyer = own(world)
    [invoice] = issued(central)
    order(world.scope("anna", "Hamburg"), buyer)
    waiting = prepared(central)
    order(world.scope("anna", "Hamburg"), buyer)
    running = begun(central)
    nobody = bare(world, "Zentrale", *set(Right) - {Right.BILL_CUSTOMERS}, who="anna")
    today = timezone.localdate()
    calls: list[Callable[[], Any]] = [
        lambda: prepare_run(until=today, actor=nobody),
        lambda: start_run(run=waiting.pk, actor=nobody),
        lambda: cancel_run(run=waiting.pk, actor=nobody),
        lambda: issue_next(running.pk, on=today, actor=nobody),
        lambda: cancel_invoice(invoice=invoice.pk, reason="x", actor=nobody),
    ]
    for call in calls:
        with refused(MissingRight):
            call()


@probe
def issuer_and_terms_of_billing_take_their_rights(world: World) -> None:
    _central, buyer = own(world)
    with refused(MissingRight):
        set_issuer(values={}, actor=bare(world, "Zentrale", *set(Right) - {Right.MANAGE_LOCATION}, who="anna"))
    with refused(MissingRight):
        nobody = bare(world, "Hamburg", *set(Right) - {Right.MANAGE_ACCOUNT_TERMS}, who="anna")
        set_billing_terms(customer=buyer.pk, values={}, actor=nobody)


@probe
def runs_and_invoices_of_another_base_are_touched_by_nobody(world: World) -> None:
    central, _buyer = own(world)
    theirs = foreign(world)
    order(world.south, guest(world.south))
    waiting = prepared(world.south)
    for call in (
        lambda: cancel_invoice(invoice=theirs.pk, reason="x", actor=central),
        lambda: start_run(run=waiting.pk, actor=central),
        lambda: cancel_run(run=waiting.pk, actor=central),
        lambda: set_billing_terms(customer=theirs.customer_id or 0, values={}, actor=central),
    ):
        with refused(ObjectDoesNotExist):
            call()
    InvoiceRun.objects.filter(pk=waiting.pk).update(state="running")
    for step in (
        lambda: finish_run(waiting.pk, central),
        lambda: issue_next(waiting.pk, on=timezone.localdate(), actor=central),
    ):
        with refused(NothingThere):
            step()


@probe
def base_1_0_has_no_runs(world: World) -> None:
    with refused(ValidationError, code="ledger_of_shared_base"):
        prepare_run(until=timezone.localdate(), actor=world.cast.system("Lübeck"))
    address = f"/10400/4{PAGES}{world.offline_customer.pk}/billing/"
    assert world.get("anna", address).status_code == 404


@probe
def pages_of_invoices_show_none_of_another_base(world: World) -> None:
    central, _buyer = own(world)
    theirs = foreign(world)
    [mine] = issued(central)
    listed = world.get("anna", f"{HEAD}{PAGES}invoices/").content.decode()
    assert mine.buyer_data["last_name"] in listed
    assert CANARY not in listed
    assert theirs.number == mine.number
    searched = world.get("anna", f"{HEAD}{PAGES}invoices/?q={theirs.buyer_data['customer_number']}").content.decode()
    assert CANARY not in searched
    assert world.get("anna", f"{HEAD}{PAGES}invoices/{mine.pk}/file/doc/").status_code == 404
    for address in ("", "file/xml/", "cancel/"):
        assert world.get("anna", f"{HEAD}{PAGES}invoices/{theirs.pk}/{address}").status_code == 404, address
    assert world.get("anna", f"{HEAD}{PAGES}runs/{theirs.run_id}/").status_code == 404
    assert str(theirs.run_id) not in world.get("anna", f"{HEAD}{PAGES}runs/").content.decode()
    assert overdue_facts(central)["overdue"] == 0


@probe
def branch_sees_invoices_of_its_own_customers(world: World) -> None:
    central, _buyer = own(world)
    [mine] = issued(central)
    assert world.get("anna", f"{HAMBURG}{PAGES}invoices/{mine.pk}/").status_code == 200
    assert world.get("anna", f"{BREMEN}{PAGES}invoices/{mine.pk}/").status_code == 404
    assert mine.number not in world.get("anna", f"{BREMEN}{PAGES}invoices/").content.decode()


@probe
def pages_of_invoices_take_a_right_for_each_thing(world: World) -> None:
    """Carla sees customers at Bremen; she is given the right to see accounts, and sees no more than invoices."""
    central, _buyer = own(world)
    bremen = world.scope("anna", "Bremen")
    buyer = guest(bremen, last_name="Bremer")
    order(bremen, buyer)
    invoice = next(one for one in issued(central) if one.customer_id == buyer.pk)
    at = f"{BREMEN}{PAGES}"
    seen, file = [f"{at}invoices/", f"{at}invoices/{invoice.pk}/"], f"{at}invoices/{invoice.pk}/file/xml/"
    for address in [*seen, file]:
        assert world.get("carla", address).status_code == 403, address
    group = world.cast.group("Auskunft Bremen")
    grants.add_grants(group, [(Right.SEE_ACCOUNTS, bremen.location.pk)])
    for address in seen:
        assert world.get("carla", address).status_code == 200, address
    assert world.get("carla", file).status_code == 403
    assert "Deichstraße" not in world.get("carla", seen[1]).content.decode()
    grants.add_grants(group, [(Right.SEE_CONTACT_DATA, bremen.location.pk)])
    assert world.get("carla", file).status_code == 200
    assert world.get("anna", f"{at}runs/{invoice.run_id}/").status_code == 404
    assert "/cancel/" not in world.get("carla", f"{at}invoices/{invoice.pk}/").content.decode()
    for address in (
        f"{at}invoices/{invoice.pk}/cancel/", f"{at}runs/", f"{at}runs/new/", f"{at}runs/{invoice.run_id}/",
        f"{at}issuer/", f"{at}{buyer.pk}/billing/",
    ):  # fmt: skip
        assert world.get("carla", address).status_code == 403, address


@probe
def run_offers_locations_and_groups_of_its_own_base(world: World) -> None:
    own(world)
    page = world.get("anna", f"{HEAD}{PAGES}runs/new/").context["form"]
    places = {one.name for one in page.fields["locations"].queryset}
    assert "Hamburg" in places
    assert not any(CANARY in name for name in places)
    assert not any(CANARY in str(one) for one in page.fields["groups"].queryset)


@probe
def run_stops_where_its_right_is_taken_meanwhile(world: World) -> None:
    """Asked again in each block, of invoices as of documents."""
    central, _buyer = own(world)
    run, today = begun(central), timezone.localdate()
    order(world.scope("anna", "Hamburg"), guest(world.scope("anna", "Hamburg")))
    later = begun(central)
    assert issue_next(run.pk, on=today, actor=central) == 1
    revoke(Right.BILL_CUSTOMERS)
    with refused(MissingRight):
        issue_next(later.pk, on=today, actor=central)
    with refused(MissingRight):
        make_documents(run.pk, after=FIRST, actor=central)
