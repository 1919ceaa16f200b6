"""Tables of the accounts to download, and the pages of open items: whose rows they hold, and who opens them."""

from __future__ import annotations

from decimal import Decimal

from accounting.operations import receive_payment
from customers.exports import Order, table_named, take_out
from customers.exports.files import EXPORTS
from files.lifecycle import fetch
from locations.permissions import Right
from mcp.isolation import grants
from mcp.isolation.scope import MissingRight
from tests.accounting.accounts import ADDRESS, guest, key, terms
from tests.accounting.debits import creditor
from tests.accounting.invoices import order
from tests.customers.people import customer
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probes_overview import told
from tests.isolation.guards.probes_owners import of_central
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HEAD, World

PAGES = "/accounting/accountterms/"


@probe
def tables_of_a_location_on_its_own_hold_nothing_of_the_central(world: World) -> None:
    theirs, hamburg, head = of_central(world), world.scope("anna", "Hamburg"), world.scope("anna", "Zentrale")
    for name, asked in (
        ("debits", {"of": str(theirs["file"].pk)}),
        ("reminders", {"of": str(theirs["reminders"].pk)}),
        ("bank-entries", {}),
    ):
        assert told(name, head, **asked) != "[]", name
        assert told(name, hamburg, **asked) == "[]", name


@probe
def tables_of_a_thing_hold_nothing_of_another_one(world: World) -> None:
    """The id in the address is of no file and no run, or of no day that was asked for."""
    of_central(world)
    head = world.scope("anna", "Zentrale")
    for name in ("debits", "reminders"):
        assert told(name, head, of="x") == "[]", name
    assert told("bank-entries", head, first="2001-01-01", last="2001-01-02") == "[]"


@probe
def payment_in_a_table_is_used_for_what_it_pays_itself(world: World) -> None:
    """Of two payments one pays an item."""
    here = world.scope("anna", "Bremen")
    buyer, saver = guest(here, last_name="Kauft"), guest(here, last_name="Zahlt voraus")
    order(here, buyer)
    for whose in (saver, buyer):
        receive_payment(customer=whose.pk, amount=Decimal(3), key=key(), actor=here)
    said = told("payments", here)
    assert said.count("Decimal('3.00'), Decimal('3.00'), Decimal('0.00')") == 1, said
    assert said.count("Decimal('3.00'), Decimal('0.00'), Decimal('3.00')") == 1, said


@probe
def pages_of_downloads_take_the_right_of_each_table(world: World) -> None:
    """Carla sees customers and accounts at Bremen; she is given the right to export, then that to collect."""
    group, bremen, at = world.cast.group("Auskunft Bremen"), world.place("Bremen").pk, f"{BREMEN}{PAGES}downloads/"
    grants.add_grants(group, [(Right.SEE_ACCOUNTS, bremen)])
    pages = [at, f"{at}movements/", f"{at}bank-entries/"]
    assert [world.get("carla", page).status_code for page in pages] == [403, 403, 403]
    grants.add_grants(group, [(Right.EXPORT_CUSTOMERS, bremen)])
    assert [world.get("carla", page).status_code for page in pages] == [200, 200, 403]
    grants.add_grants(group, [(Right.COLLECT_PAYMENTS, bremen)])
    assert [world.get("carla", page).status_code for page in pages] == [200, 200, 200]
    assert world.get("carla", f"{at}gibtesnicht/").status_code == 404


@probe
def open_items_name_nobody_of_another_base(world: World) -> None:
    """Neither by the id of a customer, nor by the number of a company, whoever came first."""
    head, theirs = world.scope("anna", "Zentrale"), world.foreign_customer
    creditor(head)
    mine = customer(head, last_name="Eigener", customer_number=theirs.customer_number, **ADDRESS)
    terms(head, mine)
    page = f"{HEAD}{PAGES}overview/"
    assert "Eigener" in world.text("anna", f"{page}items/?customer={mine.pk}")
    assert CANARY not in world.text("anna", f"{page}items/?customer={theirs.pk}")
    order(head, mine)
    assert "Eigener" in world.text("anna", f"{page}?company={mine.customer_number}")


@probe
def file_of_a_table_is_fetched_with_the_rights_of_the_table(world: World) -> None:
    """Whoever has lost one since it was made does not get it any more."""
    table = table_named("bank-entries")
    assert table is not None
    written = Order(profile="excel-de", columns=tuple(column.name for column in table.columns))
    export, made = take_out(table=table, order=written, asked={}, actor=world.scope("anna", "Zentrale"))
    assert made is not None
    made.close()
    for right in (Right.EXPORT_CUSTOMERS, *table.rights):
        with refused(MissingRight):
            fetch(EXPORTS, export, actor=bare(world, "Zentrale", *set(Right) - {right}, who="anna"))
