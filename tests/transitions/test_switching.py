"""Switches between the customer bases 2.0 and 1.0: who may, what becomes of the customers, and undoing it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction

from customers.models import Customer, CustomerCount, FormerNumber
from locations.models import CustomerBase, Location
from tests.conftest import Cast, LogIn
from tests.transitions.switched import (
    REASON,
    asked_to_offline,
    asked_to_shared,
    customers,
    state_of,
    to_offline,
    to_shared,
)
from transitions import switching
from transitions.choices import StartsWith, SwitchDirection, SwitchState
from transitions.models import BaseSwitch, SwitchedCustomer

pytestmark = pytest.mark.django_db


def events(base: CustomerBase) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pgh_obj_id, count(*) FROM customers_customerevent WHERE base_id = %s GROUP BY 1", [base.pk]
        )
        return dict(cursor.fetchall())


def test_to_offline_with_the_customers_of_the_location(cast: Cast) -> None:
    hamburg, bremen = cast.location("Hamburg"), cast.location("Bremen")
    shared = hamburg.base
    first = hamburg.first_number
    customers(hamburg, first, first + 1)
    customers(bremen, bremen.first_number)
    before, others = state_of(shared), Location.objects.exclude(pk=hamburg.pk).values_list("pk", "base", "number_range")
    placed = set(others)
    done = to_offline(cast)
    hamburg = cast.location("Hamburg")
    assert (done.state, hamburg.base.kind, hamburg.base.branch_number) == (SwitchState.EXECUTED, "offline", 2)
    assert hamburg.first_number == first
    here, there = state_of(hamburg.base), state_of(shared)
    assert here["customers_customer"] == [
        row for row in before["customers_customer"] if row["home_location_id"] == hamburg.pk
    ]
    assert len(there["customers_customer"]) == 1
    for table, rows in before.items():
        assert sorted(map(str, [*here[table], *there[table]])) == sorted(map(str, rows)), table
    assert set(others) == placed
    assert sum(CustomerCount.objects.in_base(hamburg.base).totals()) == 2
    assert sum(CustomerCount.objects.in_base(shared).totals()) == 1
    assert set(events(hamburg.base)) == {row["id"] for row in here["customers_customer"]}
    assert set(events(shared)) == {row["id"] for row in there["customers_customer"]}
    assert [step.state for step in done.steps.all()] == ["requested", "signed", "executed"]


def test_to_offline_with_nobody(cast: Cast) -> None:
    hamburg = cast.location("Hamburg")
    customers(hamburg, hamburg.first_number)
    done = to_offline(cast, starts_with=StartsWith.NOTHING)
    assert done.figures["total"] == 0
    assert not Customer.objects.in_base(cast.location("Hamburg").base).exists()
    assert Customer.objects.in_base(hamburg.base).count() == 1


def test_to_shared_and_back_is_as_before(cast: Cast) -> None:
    luebeck, kiel, hamburg = cast.location("Lübeck"), cast.location("Kiel"), cast.location("Hamburg")
    offline, shared = luebeck.base, hamburg.base
    customers(luebeck, 17, 18)
    customers(kiel, kiel.first_number + 5)
    customers(hamburg, hamburg.first_number)
    Customer.objects.create(
        organization=shared.organization, base=shared, customer_number=17, last_name="Zentral", home_location=None
    )
    before, theirs = state_of(offline), state_of(shared)
    history = events(offline)
    placed = list(Location.objects.order_by("pk").values_list("pk", "base", "number_range", "branch_number"))
    asked = asked_to_shared(cast)
    seen = switching.look(switch=asked, actor=cast.scope("rita", "Lübeck"))
    assert (seen.total, seen.renumbered, [clash.number for clash in seen.clashes]) == (3, 1, [17])
    done = switching.execute(switch=asked, actor=cast.scope("rita", "Lübeck"))
    assert cast.location("Lübeck").base == cast.location("Kiel").base == shared
    assert not Customer.objects.in_base(offline).exists()
    assert not events(offline)
    moved = FormerNumber.objects.get(base=shared, number="17").customer
    assert moved.last_name == "Kunde 17"
    assert cast.location("Lübeck").first_number <= moved.customer_number <= cast.location("Lübeck").last_number
    assert list(Customer.objects.in_base(shared).matching("17", hidden=[]).values_list("last_name", flat=True).order_by(
        "last_name"
    )) == ["Kunde 17", "Zentral"]  # fmt: skip
    numbers = list(Customer.objects.in_base(shared).values_list("customer_number", flat=True))
    assert len(numbers) == len(set(numbers)) == 5
    back = switching.look_back(switch=done, actor=cast.scope("rita", "Lübeck"))
    assert (back.total, back.renumbered, back.erased, back.gone, back.new) == (3, 0, 0, 0, 0)
    undone = switching.undo(switch=done, actor=cast.scope("rita", "Lübeck"))
    assert undone.state == SwitchState.UNDONE
    assert state_of(offline) == before
    assert state_of(shared) == theirs
    assert list(Location.objects.order_by("pk").values_list("pk", "base", "number_range", "branch_number")) == placed
    assert events(offline) == {pk: count + 2 for pk, count in history.items()}
    assert SwitchedCustomer.objects.filter(switch=done).count() == 6


def test_undone_with_what_was_edited_since(cast: Cast) -> None:
    luebeck = cast.location("Lübeck")
    offline = luebeck.base
    one, _two = customers(luebeck, 21, 22)
    done = to_shared(cast)
    shared = cast.location("Lübeck").base
    Customer.objects.filter(base=shared, pk=one.pk).update(city="Lübeck")
    luebeck = cast.location("Lübeck")
    customers(luebeck, luebeck.first_number + 7)
    switching.undo(switch=done, actor=cast.scope("rita", "Lübeck"))
    found = {row.customer_number: row.city for row in Customer.objects.in_base(offline)}
    assert found == {21: "Lübeck", 22: "", luebeck.first_number + 7: ""}


@pytest.mark.parametrize("who", ["anna", "dirk", "dev", "system"])
def test_only_support_asks_and_carries_out(cast: Cast, who: str) -> None:
    if who == "system":
        actor = cast.system("Hamburg")
    elif who == "dev":
        actor = type(cast.scope("rita", "Hamburg"))(
            user=cast.user("dev"), location=cast.location("Hamburg"), rights=cast.scope("anna", "Hamburg").rights
        )
    else:
        actor = cast.scope(who, "Hamburg")
    hamburg = cast.location("Hamburg")
    for direction, place in (
        (SwitchDirection.TO_OFFLINE, hamburg),
        (SwitchDirection.TO_SHARED, cast.location("Lübeck")),
    ):
        with pytest.raises(PermissionDenied):
            switching.request_switch(
                location=place, direction=direction, starts_with="home", reason=REASON, actor=actor
            )
    asked = asked_to_offline(cast)
    for step in (
        switching.execute,
        switching.undo,
        switching.end,
        switching.cancel,
        switching.look,
        switching.look_back,
    ):
        with pytest.raises(PermissionDenied):
            step(switch=asked, actor=actor)


def test_a_developer_signs_and_nobody_else(cast: Cast) -> None:
    asked = asked_to_offline(cast)
    for name in ("rita", "anna", "sven"):
        with pytest.raises(PermissionDenied):
            switching.sign(switch=asked.pk, developer=cast.user(name))
    with pytest.raises(ValidationError, match="Requested"):
        switching.execute(switch=asked, actor=cast.scope("rita", "Hamburg"))
    signed = switching.sign(switch=asked.pk, developer=cast.user("dev"))
    assert (signed.state, signed.signed_by) == (SwitchState.SIGNED, str(cast.user("dev")))


def test_the_database_keeps_who_signs_and_that_a_base_changes_by_a_switch_alone(cast: Cast) -> None:
    hamburg, offline = cast.location("Hamburg"), cast.location("Lübeck").base
    asked = asked_to_offline(cast)
    rita, dev, anna = (cast.user(name).pk for name in ("rita", "dev", "anna"))
    signed = "UPDATE transitions_baseswitch SET state = 'signed', signed_user = %s, signed_by = 'x', signed_at = now()"
    request = (
        "INSERT INTO transitions_baseswitch (id, organization_id, location_id, direction, state, source_id, target_id, "
        "starts_with, reason, requested_by, requested_user, signed_by, edit_side, places, figures) SELECT "
        "gen_random_uuid(), organization_id, %s, direction, %s, source_id, target_id, starts_with, reason, 'x', %s, "
        "'', '', '[]', '{}' FROM transitions_baseswitch"
    )
    bremen = cast.location("Bremen").pk
    refused: list[tuple[str, list[Any]]] = [
        ("UPDATE locations_location SET base_id = %s, branch_number = 4 WHERE id = %s", [offline.pk, hamburg.pk]),
        (signed, [rita]),
        (signed, [anna]),
        (request, [bremen, "requested", anna]),
        (request, [bremen, "requested", dev]),
        (request, [bremen, "executed", rita]),
        ("UPDATE transitions_baseswitch SET state = 'executed'", []),
        ("UPDATE transitions_baseswitch SET requested_user = %s", [dev]),
        ("UPDATE transitions_baseswitch SET moved_in = pg_current_xact_id(), moved_at = now()", []),
    ]
    for statement, parameters in refused:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
    with connection.cursor() as cursor:
        cursor.execute(signed, [dev])
    assert BaseSwitch.objects.get(pk=asked.pk).state == SwitchState.SIGNED


def posted(client: Any, address: str, **values: str) -> Any:
    return client.post(address, values, follow=True)


def test_both_people_find_their_way_through_the_pages(cast: Cast, log_in: LogIn) -> None:
    hamburg = cast.location("Hamburg")
    customers(hamburg, hamburg.first_number)
    rita, dev = log_in("rita"), log_in("dev")
    here = "/10400/2/transitions/transition/switches/"
    assert rita.get(here).status_code == rita.get(f"{here}request/").status_code == 200
    page = posted(rita, f"{here}request/", reason="", starts_with="home")
    assert page.status_code == 200
    assert not BaseSwitch.objects.exists()
    page = posted(rita, f"{here}request/", reason=REASON, starts_with="home")
    switch = BaseSwitch.objects.get()
    address = f"{here}{switch.pk}/"
    assert page.redirect_chain == [(address, 302)]
    assert "step" in posted(rita, f"{address}step/", step="execute", sure="on").content.decode()
    assert BaseSwitch.objects.get().state == SwitchState.REQUESTED
    waiting = dev.get("/transitions/baseswitch/").content.decode()
    assert "Hamburg" in waiting
    assert f"/transitions/baseswitch/{switch.pk}/" in waiting
    assert dev.get(f"/transitions/baseswitch/{switch.pk}/").status_code == 200
    assert "/transitions/baseswitch/" in dev.get("/").content.decode()
    posted(dev, f"/transitions/baseswitch/{switch.pk}/")
    assert BaseSwitch.objects.get().state == SwitchState.SIGNED
    for went_back in (dev.get, dev.post):  # to what he has signed already
        page = went_back(f"/transitions/baseswitch/{switch.pk}/", follow=True)
        assert page.redirect_chain == [("/transitions/baseswitch/", 302)]
        assert "does not wait for a signature any more" in page.content.decode()
    page = posted(rita, f"{address}step/", step="execute", sure="on")
    assert BaseSwitch.objects.get().state == SwitchState.EXECUTED, page.content.decode()
    leaving = log_in("anna").get("/10400/2/transitions/transition/request/").content.decode()
    assert here in leaving
    # and back to 2.0, and that once more undone
    assert "whoever signs" not in rita.get(f"{here}request/").content.decode()
    posted(rita, f"{here}request/", reason=REASON)
    second = BaseSwitch.objects.get(direction="shared")
    for step, state in (("execute", "executed"), ("undo", "undone")):
        posted(rita, f"{here}{second.pk}/step/", step=step, sure="on")
        assert BaseSwitch.objects.get(pk=second.pk).state == state
    assert cast.location("Hamburg").base.is_discontinued


def test_nobody_else_reaches_the_steps(cast: Cast, log_in: LogIn) -> None:
    switch = asked_to_offline(cast)
    address = f"/10400/2/transitions/transition/switches/{switch.pk}/"
    anna = log_in("anna")
    shown = anna.get(address).content.decode()
    assert REASON in shown
    assert 'name="step"' not in shown
    for name in ("anna", "dev", "sven"):
        client = log_in(name)
        assert client.post(f"{address}step/", {"step": "execute", "sure": "on"}).status_code == 404
        assert client.get("/10400/2/transitions/transition/switches/request/").status_code == 404
    for name in ("rita", "anna"):
        assert log_in(name).post(f"/transitions/baseswitch/{switch.pk}/").status_code == 404
        assert log_in(name).get("/transitions/baseswitch/").status_code == 404
    assert BaseSwitch.objects.get().state == SwitchState.REQUESTED
