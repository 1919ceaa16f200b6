"""Memberships: who may add, change and end one, and that none of another base is found, shown or written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, ValidationError

from customers.choices import InvoiceTo
from customers.memberships.operations import (
    Details,
    EndedAlready,
    NotOnThisBase,
    PayerIsPaidFor,
    change_membership,
    end_membership,
    join_customer,
)
from customers.models import CustomerMembership
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.people import customer
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HAMBURG, MISSING, World

FIRST = date(2026, 3, 1)
CUSTOMERS = f"{HAMBURG}/customers/customer/"
TYPED = {"way": "member", "kind": "company", "invoice_to": "person", "valid_from": "2026-03-01"}
DETAILS, PAID = Details(valid_from=FIRST), Details(valid_from=FIRST, invoice_to=InvoiceTo.COMPANY)


def own(world: World) -> CustomerMembership:
    here = world.scope("anna", "Hamburg")
    firm = customer(here, company="Firma")
    return join_customer(member=world.customer.pk, of=firm.pk, details=DETAILS, actor=here)


def foreign(world: World) -> CustomerMembership:
    firm = customer(world.south, company=CANARY)
    return join_customer(member=world.foreign_customer.pk, of=firm.pk, details=DETAILS, actor=world.south)


WRITES: list[Callable[[CustomerMembership, Scope], Any]] = [
    lambda row, actor: join_customer(member=row.of_id, of=row.member_id, details=DETAILS, actor=actor),
    lambda row, actor: change_membership(membership=row.pk, details=PAID, actor=actor),
    lambda row, actor: end_membership(membership=row.pk, on=FIRST, actor=actor),
]


@probe
def memberships_take_the_right_to_change_customers(world: World) -> None:
    row = own(world)
    for write in WRITES:
        with refused(MissingRight):
            write(row, bare(world, "Hamburg", Right.VIEW_CUSTOMERS, who="anna"))


@probe
def memberships_of_another_base_are_written_by_nobody(world: World) -> None:
    row = foreign(world)
    for write in WRITES:
        with refused(ObjectDoesNotExist):
            write(row, world.scope("anna", "Hamburg"))


@probe
def customer_of_another_base_becomes_no_member(world: World) -> None:
    here, theirs = world.scope("anna", "Hamburg"), world.foreign_customer.pk
    for member, of in ((world.customer.pk, theirs), (theirs, world.customer.pk)):
        with refused(ObjectDoesNotExist):
            join_customer(member=member, of=of, details=DETAILS, actor=here)


@probe
def who_is_archived_or_on_1_0_joins_nobody(world: World) -> None:
    here, luebeck = world.scope("anna", "Hamburg"), world.scope("anna", "Lübeck")
    for member, of in ((world.customer.pk, world.archived.pk), (world.archived.pk, world.customer.pk)):
        with refused(ValidationError):
            join_customer(member=member, of=of, details=DETAILS, actor=here)
    one, two = (customer(luebeck, last_name=name) for name in ("Eins", "Zwei"))
    with refused(NotOnThisBase):
        join_customer(member=one.pk, of=two.pk, details=DETAILS, actor=luebeck)


@probe
def who_pays_for_others_pays_himself_in_the_own_base(world: World) -> None:
    here, row = world.scope("anna", "Hamburg"), own(world)
    holding = customer(here, company="Holding")
    join_customer(member=row.of_id, of=holding.pk, details=PAID, actor=here)
    with refused(PayerIsPaidFor):
        change_membership(membership=row.pk, details=PAID, actor=here)
    with refused(PayerIsPaidFor):
        join_customer(member=holding.pk, of=world.customer.pk, details=PAID, actor=here)
    end_membership(membership=row.pk, on=FIRST, actor=here)
    for attempt in WRITES[1:]:
        with refused(EndedAlready):
            attempt(row, here)


@probe
def pages_of_memberships_ask_for_the_right(world: World) -> None:
    row = own(world)
    page = f"customers/customer/{world.customer.pk}/memberships/"
    assert "Firma" in world.text("carla", f"{BREMEN}/{page}")
    for sign in ('id="id_q"', 'value="change"'):
        assert sign not in world.text("carla", f"{BREMEN}/{page}")
        assert sign in world.text("bodo", f"{BREMEN}/{page}")
    data = {**TYPED, "step": "change", "membership": str(row.pk)}
    assert world.post("carla", f"{BREMEN}/{page}", data).status_code == 403
    assert world.get("blind", f"{HAMBURG}/{page}").status_code == 403
    assert world.get("anna", f"{CUSTOMERS}{world.foreign_customer.pk}/memberships/").status_code == 404


@probe
def nobody_of_another_base_is_found_for_a_membership(world: World) -> None:
    page = f"{CUSTOMERS}{world.customer.pk}/memberships/"
    for asked in (world.foreign_customer.pk, MISSING, "x", "9" * 30):
        assert world.get("anna", f"{page}?other={asked}").status_code == 404, asked
        data = {**TYPED, "step": "join", "other": str(asked)}
        assert world.post("anna", page, data).status_code == 404, asked
    assert "?other=" not in world.text("anna", f"{page}?q={CANARY}")
    assert f"?other={customer(world.scope('anna', 'Hamburg'), last_name='Eins').pk}#" in world.text(
        "anna", f"{page}?q=Eins"
    )


@probe
def membership_of_other_customers_is_none_of_this_one(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    one, two = (customer(here, last_name=name) for name in ("Eins", "Zwei"))
    other = join_customer(member=one.pk, of=two.pk, details=DETAILS, actor=here)
    page = f"{CUSTOMERS}{world.customer.pk}/memberships/"
    for asked in (other.pk, foreign(world).pk, MISSING, "x", "9" * 30, ""):
        data = {"step": "end", "membership": str(asked), "valid_until": "2026-03-05"}
        assert world.post("anna", page, data).status_code == 404, asked
    assert world.post("anna", page, {"step": "other"}).status_code == 404
    assert set(CustomerMembership.objects.values_list("ended_by", flat=True)) == {""}
