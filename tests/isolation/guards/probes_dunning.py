"""Reminders: who previews, sends and sees them, and that none of another base is touched or seen."""

from __future__ import annotations

from django.core.exceptions import ObjectDoesNotExist, ValidationError

from accounting.dunning import DunningAtCentral, cancel_run, levels_of, prepare_run, send_run, set_level
from locations.permissions import Right
from mcp.isolation import grants, row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.accounting.accounts import guest
from tests.accounting.debits import billed
from tests.accounting.invoices import issuer, order
from tests.accounting.reminders import later_run
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HEAD, World

PAGES = "/accounting/accountterms/"


def own(world: World) -> Scope:
    """The central, with an invoice of a customer of Hamburg."""
    head, till = world.scope("anna", "Zentrale"), world.scope("anna", "Hamburg")
    issuer(head)
    order(till, guest(till, last_name="Schuldner"))
    billed(head)
    return head


def foreign(world: World) -> None:
    """Of Südstern, whose levels are named after it."""
    issuer(world.south)
    order(world.south, guest(world.south, last_name=CANARY))
    billed(world.south)
    set_level(level=1, values={"title": CANARY}, actor=world.south)


@probe
def reminders_take_the_right_to_collect(world: World) -> None:
    run = later_run(own(world))
    nobody = bare(world, "Zentrale", *set(Right) - {Right.COLLECT_PAYMENTS}, who="anna")
    with refused(MissingRight):
        prepare_run(actor=nobody)
    for step in (send_run, cancel_run):
        with refused(MissingRight):
            step(run=run.pk, actor=nobody)
    with refused(MissingRight):
        set_level(
            level=1, values={}, actor=bare(world, "Zentrale", *set(Right) - {Right.MANAGE_ACCOUNT_TERMS}, who="anna")
        )


@probe
def reminders_of_another_base_are_touched_by_nobody(world: World) -> None:
    head = own(world)
    foreign(world)
    theirs = later_run(world.south)
    for step in (send_run, cancel_run):
        with refused(ObjectDoesNotExist):
            step(run=theirs.pk, actor=head)
    set_level(level=1, values={"title": "Unsere"}, actor=head)
    with row_scope.rows_of(world.south):
        assert levels_of(world.south)[0].title == CANARY
    with row_scope.rows_of(head):
        assert [one.level for one in levels_of(head)] == [1, 2, 3]


@probe
def base_1_0_and_branches_have_no_reminders(world: World) -> None:
    with refused(ValidationError, code="not_central"):
        prepare_run(actor=world.cast.system("Hamburg"))
    with refused(ValidationError, code="ledger_of_shared_base"):
        prepare_run(actor=world.cast.system("Lübeck"))


@probe
def pages_of_reminders_show_none_of_another_base(world: World) -> None:
    head = own(world)
    foreign(world)
    mine, theirs = later_run(head), later_run(world.south)
    at = f"{HEAD}{PAGES}reminders/"
    listed = world.get("anna", at).content.decode()
    assert str(mine.pk) in listed
    assert str(theirs.pk) not in listed
    page = world.get("anna", f"{at}{mine.pk}/").content.decode()
    assert "Schuldner" in page
    assert CANARY not in page
    assert CANARY not in world.get("anna", f"{at}levels/").content.decode()
    send_run(run=theirs.pk, actor=world.south)
    for address in (f"{theirs.pk}/", f"{theirs.pk}/file/"):
        assert world.get("anna", at + address).status_code == 404, address


@probe
def pages_of_reminders_take_a_right_for_each_thing(world: World) -> None:
    """Carla sees customers at the central; she is given the right to see accounts, then to collect, then contact data.
    At a branch there are no reminders, and nobody changes what they say.
    """
    run = later_run(own(world))
    send_run(run=run.pk, actor=world.scope("anna", "Zentrale"))
    group, center, at = world.cast.group("Auskunft Bremen"), world.place("Zentrale").pk, f"{HEAD}{PAGES}reminders/"
    seen, file = [at, f"{at}{run.pk}/", f"{at}levels/"], f"{at}{run.pk}/file/"
    grants.add_grants(group, [(Right.VIEW_CUSTOMERS, center), (Right.SEE_ACCOUNTS, center)])
    for address in [*seen, file, f"{at}levels/1/"]:
        assert world.get("carla", address).status_code == 403, address
    grants.add_grants(group, [(Right.COLLECT_PAYMENTS, center)])
    for address in seen:
        assert world.get("carla", address).status_code == 200, address
    assert world.get("carla", file).status_code == 403
    grants.add_grants(group, [(Right.SEE_CONTACT_DATA, center)])
    assert world.get("carla", file).status_code == 200
    for address in (f"{run.pk}/", f"{run.pk}/file/"):
        assert world.get("anna", f"{BREMEN}{PAGES}reminders/{address}").status_code == 404, address
    assert str(run.pk) not in world.get("anna", f"{BREMEN}{PAGES}reminders/").content.decode()
    with refused(DunningAtCentral):
        set_level(level=1, values={"title": "Andere"}, actor=world.scope("anna", "Bremen"))
    assert world.get("carla", f"{at}levels/1/").status_code == 403
    assert "/levels/1/" not in world.get("carla", f"{at}levels/").content.decode()


@probe
def run_is_sent_or_cancelled_once(world: World) -> None:
    head = own(world)
    run = later_run(head)
    send_run(run=run.pk, actor=head)
    for step in (send_run, cancel_run):
        with refused(ValidationError, code="dunningrun_in_state"):
            step(run=run.pk, actor=head)
