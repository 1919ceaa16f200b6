"""What a location on its own bills, and what the central does: neither is touched or shown by the other."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError

from accounting.invoicing import set_billing_terms
from accounting.models import Ledger
from accounting.opening_balances import check_balances, discard_balances
from accounting.payments import add_bank_account
from tests.accounting.accounts import guest, on_its_own
from tests.accounting.bank_files import file_of, paid, read
from tests.accounting.debits import creditor
from tests.accounting.invoices import issued, order
from tests.accounting.own_billing import attempts_at, back_to_the_central, of_the_central, whole_story
from tests.isolation.guards.probes_operations import refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, HAMBURG, HEAD, World

PAGES = "/accounting/accountterms/"
FOREIGN = "DE75512108001245126199"


def of_central(world: World) -> dict[str, Any]:
    """One of everything of the central, beside a Hamburg that keeps accounts of its own."""
    creditor(world.scope("anna", "Zentrale"))
    on_its_own(world.cast, "Hamburg")
    return of_the_central(world.cast, world.scope("anna", "Zentrale"))


@probe
def location_on_its_own_touches_nothing_of_the_central(world: World) -> None:
    theirs, hamburg = of_central(world), world.scope("anna", "Hamburg")
    for attempt in attempts_at(theirs, hamburg):
        with refused(ObjectDoesNotExist):
            attempt()
    bremen = world.scope("anna", "Bremen")
    content = f"Kundennummer;Offener Betrag\n{guest(bremen).customer_number};5,00\n".encode()
    waits = check_balances(file_name="x.csv", content=content, actor=bremen)
    with refused(ObjectDoesNotExist):
        discard_balances(balances=waits.pk, actor=hamburg)


@probe
def location_on_its_own_is_shown_nothing_of_the_central(world: World) -> None:
    known = guest(world.scope("anna", "Hamburg"))
    creditor(world.scope("anna", "Zentrale"))
    order(world.scope("anna", "Hamburg"), known)
    [before] = issued(world.scope("anna", "Zentrale"))
    theirs, at = of_central(world), f"{HAMBURG}{PAGES}"
    bremen = world.scope("anna", "Bremen")
    content = f"Kundennummer;Offener Betrag\n{guest(bremen).customer_number};5,00\n".encode()
    waits = check_balances(file_name="x.csv", content=content, actor=bremen)
    for address in (
        f"runs/{theirs['run'].pk}/", f"debits/{theirs['file'].pk}/", f"debits/return/{theirs['item'].pk}/",
        f"reminders/{theirs['reminders'].pk}/", f"mandates/{theirs['mandate'].pk}/revoke/",
        f"bank/{theirs['statement'].pk}/", f"bank/entry/{theirs['entry'].pk}/", f"balances/{waits.pk}/",
        f"invoices/{before.pk}/cancel/", f"{known.pk}/billing/?in=before",
    ):  # fmt: skip
        assert world.get("anna", f"{at}{address}").status_code == 404, address
    assert world.get("anna", f"{at}invoices/{before.pk}/").status_code == 200
    assert "Hausbank" not in world.get("anna", f"{at}bank/").content.decode()


@probe
def central_is_shown_nothing_of_a_location_on_its_own(world: World) -> None:
    on_its_own(world.cast, "Hamburg")
    hamburg = world.scope("anna", "Hamburg")
    creditor(hamburg)
    done = whole_story(hamburg)
    for address in (
        f"invoices/{done['cancelled'].pk}/", f"debits/{done['file'].pk}/", f"reminders/{done['run'].pk}/",
        f"bank/{done['statement'].pk}/",
    ):  # fmt: skip
        assert world.get("anna", f"{HAMBURG}{PAGES}{address}").status_code == 200, address
        assert world.get("anna", f"{HEAD}{PAGES}{address}").status_code == 404, address


@probe
def location_that_is_back_sees_invoices_of_its_customers_alone(world: World) -> None:
    """What it has billed on its own, and what the central bills for those who are registered there."""
    head, hamburg, bremen = (world.scope("anna", place) for place in ("Zentrale", "Hamburg", "Bremen"))
    creditor(head)
    on_its_own(world.cast, "Hamburg")
    creditor(hamburg)
    order(hamburg, guest(hamburg))
    [alone] = issued(hamburg)
    back_to_the_central(world.cast)
    for place in (hamburg, bremen):
        order(place, guest(place))
    by_home = {one.customer.home_location_id: one for one in issued(head)}
    here, there = by_home[hamburg.location.pk], by_home[bremen.location.pk]
    for one, status in ((alone, 200), (here, 200), (there, 404)):
        for page in (f"invoices/{one.pk}/", f"invoices/{one.pk}/mail/", f"invoices/{one.pk}/dispute/"):
            assert world.get("anna", f"{HAMBURG}{PAGES}{page}").status_code == status, page


@probe
def ledger_and_accounts_at_banks_are_of_the_own_base(world: World) -> None:
    """Whoever came first: the ledger of the central of another business is none of one's own."""
    head, south = world.scope("anna", "Zentrale"), world.south
    for scope in (head, south):
        creditor(scope)
        order(scope, guest(scope, last_name=CANARY))
    assert [len(issued(scope)) for scope in (south, head)] == [1, 1]
    add_bank_account(iban=FOREIGN, name=CANARY, actor=south)
    read(south, file_of(paid("5.00"), iban=FOREIGN))
    with refused(ValidationError, code="bank_account_unknown"):
        read(head, file_of(paid("5.00"), iban=FOREIGN))
    assert CANARY not in world.get("anna", f"{HEAD}{PAGES}bank/").content.decode()
    theirs = Ledger.objects.get(base=south.base)
    with refused(ObjectDoesNotExist):
        set_billing_terms(customer=guest(head).pk, values={}, ledger=theirs.pk, actor=head)
