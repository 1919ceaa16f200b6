"""Cards of customers: who may do what with one, and that none of another base is found, shown or written."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError

from customers.cards.operations import assign_card, block_card, remove_card, replace_card, unblock_card
from customers.choices import CardReason
from customers.models import Card
from customers.operations import archive_customers, restore_customers
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.people import customer
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HAMBURG, MISSING, World
from transitions.archive.package_format import NUMBER as NUMBER_HEADING
from transitions.archive.package_format import UID
from transitions.package.same_uid import without_known

NUMBER, FOREIGN = "NL-4711", f"{CANARY}-4711".upper()
CUSTOMERS = f"{HAMBURG}/customers/customer/"


def own(world: World, number: str = NUMBER) -> Card:
    return assign_card(customer=world.customer.pk, number=number, actor=world.scope("anna", "Hamburg"))


def foreign(world: World, number: str = FOREIGN) -> Card:
    return assign_card(customer=world.foreign_customer.pk, number=number, actor=world.south)


WRITES: list[Callable[[Card, Scope], Any]] = [
    lambda card, actor: assign_card(customer=card.customer_id, number="NEU-1", actor=actor),
    lambda card, actor: block_card(card=card.pk, reason=CardReason.LOST, actor=actor),
    lambda card, actor: unblock_card(card=card.pk, actor=actor),
    lambda card, actor: replace_card(card=card.pk, number="NEU-2", actor=actor),
    lambda card, actor: remove_card(card=card.pk, actor=actor),
]


@probe
def cards_take_the_right_to_change_customers(world: World) -> None:
    card = own(world)
    for write in WRITES:
        with refused(MissingRight):
            write(card, bare(world, "Hamburg", Right.VIEW_CUSTOMERS, who="anna"))


@probe
def cards_of_another_base_are_written_by_nobody(world: World) -> None:
    card = foreign(world)
    for write in WRITES:
        with refused(ObjectDoesNotExist):
            write(card, world.scope("anna", "Hamburg"))


@probe
def numbers_are_taken_within_the_base_alone(world: World) -> None:
    foreign(world, NUMBER)
    assert own(world).number == NUMBER
    with refused(ValidationError):
        own(world)


@probe
def what_stands_in_for_another_card_stays(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    card = own(world)
    new = replace_card(card=card.pk, number="NL-4712", actor=here)
    with refused(ValidationError):
        remove_card(card=new.pk, actor=here)
    with refused(ValidationError):
        unblock_card(card=card.pk, actor=here)
    with refused(ValidationError):
        replace_card(card=card.pk, number="NL-4713", actor=here)
    assert remove_card(card=own(world, "NL-9").pk, actor=here) == "NL-9"


@probe
def archived_customer_gets_no_card_and_none_back(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    with refused(ValidationError):
        assign_card(customer=world.archived.pk, number="NL-1", actor=here)
    card = block_card(card=own(world).pk, reason=CardReason.LOST, actor=here)
    archive_customers(customers=[world.customer.pk], reason="Weg", actor=here)
    with refused(ValidationError):
        unblock_card(card=card.pk, actor=here)
    restore_customers(customers=[world.customer.pk], actor=here)
    assert unblock_card(card=card.pk, actor=here).is_active


@probe
def scanned_card_of_another_base_is_not_found(world: World) -> None:
    foreign(world)
    own(world)
    assert CANARY not in world.text("anna", f"{CUSTOMERS}?q={FOREIGN}").replace(FOREIGN, "")
    assert world.get("anna", f"{CUSTOMERS}find/?q={FOREIGN}")["Location"] == f"{CUSTOMERS}?q={FOREIGN}"
    assert f"/{world.customer.pk}/change/" in world.get("anna", f"{CUSTOMERS}find/?q={NUMBER}")["Location"]


@probe
def pages_of_cards_ask_for_the_right(world: World) -> None:
    own(world)
    page = f"customers/customer/{world.customer.pk}/cards/"
    assert NUMBER in world.text("carla", f"{BREMEN}/{page}")
    assert 'name="number"' not in world.text("carla", f"{BREMEN}/{page}")
    assert 'name="number"' in world.text("bodo", f"{BREMEN}/{page}")
    assert world.post("carla", f"{BREMEN}/{page}", {"step": "assign", "number": "5"}).status_code == 403
    assert world.get("blind", f"{HAMBURG}/{page}").status_code == 403
    assert world.get("anna", f"{CUSTOMERS}{world.foreign_customer.pk}/cards/").status_code == 404


@probe
def card_of_another_customer_is_no_card_of_this_one(world: World) -> None:
    other = assign_card(
        customer=customer(world.scope("anna", "Hamburg")).pk, number="NL-5", actor=world.scope("anna", "Hamburg")
    )
    cards = (other, foreign(world))
    for asked in (*(card.pk for card in cards), MISSING, "x", "9" * 30, ""):
        data = {"step": "block", "card": asked, "reason": "lost"}
        assert world.post("anna", f"{CUSTOMERS}{world.customer.pk}/cards/", data).status_code == 404, asked
    assert {Card.objects.get(pk=card.pk).state for card in cards} == {"active"}
    blocked = block_card(card=other.pk, reason=CardReason.LOST, actor=world.scope("anna", "Hamburg"))
    shown = world.text("anna", f"{CUSTOMERS}{world.customer.pk}/change/?card={blocked.number}")
    assert "customer-note-blocked" not in shown


@probe
def customers_of_a_package_are_known_by_their_uid_in_the_own_base_alone(world: World) -> None:
    """Those of its sender bear the same ones."""
    actor, number = world.scope("anna", "Hamburg"), world.customer.customer_number
    for one, left in ((world.foreign_customer, {number}), (world.customer, set())):
        package: Any = SimpleNamespace(
            numbers=[number],
            headings=[NUMBER_HEADING, UID],
            rows=lambda *_, uid=one.uid, **__: [[str(number), str(uid)]],
        )
        assert without_known(frozenset({number}), package, actor) == left
