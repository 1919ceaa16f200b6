"""A package at its receiver: equal customers and consents, nothing twice, undone as any import, told to the sender."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError
from psycopg.types.range import Range

from customers.choices import TRANSFER, FormerNumberSource, UploadState
from customers.imports import lifecycle, receive
from customers.imports.reserved_numbers import Shortage, shortage
from customers.models import Consent, ConsentPurpose, Customer, CustomerGroup, FormerNumber, ImportUpload, Tag
from customers.operations import change_customer, register_customer
from customers.table.options import Reading
from locations.models import Location
from locations.permissions import Right
from mcp.isolation import access
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.people import customer, group, tag
from tests.customers.transfer import undone
from tests.states import in_state
from tests.transitions.carrying import (
    consent,
    content_of,
    customers_of,
    executed,
    imported,
    made,
    received,
    receiver,
    statements_of,
)
from tests.transitions.moving import ACCOUNT as NEW
from tests.transitions.moving import join_in
from transitions import operations
from transitions.archive.package_reader import RefusedPackage
from transitions.choices import TransitionState
from transitions.models import Arrival, Transition
from transitions.package.importing import arrivals_of, note_arrivals
from transitions.status_texts import who_is_next

MOMENT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def people(anna) -> list[Customer]:
    """Two who allow the transfer, with a group that is worth something, and one who does not."""
    kind = group(anna, "Stammgast")
    kind.price_level, kind.discount = 3, "7.50"
    kind.save()
    tag(anna, "VIP")
    tag(anna, "Mit, Komma")
    ConsentPurpose.objects.create(
        organization=anna.organization, code="recipes", name="Rezepte", wording="Ja, Rezepte", wording_version="3"
    )
    first = customer(
        anna, last_name="Erste", first_name="Zoë", memo="Eine\nzweite Zeile", customer_group=kind,
        tags=["Mit, Komma", "VIP"], birthday="1980-05-05", mobile="+491701234567", country="DE", discount="0.00",
        credit_limit="1250.50", payment_method="invoice", payment_term=14, iban="DE89370400440532013000",
        website="https://example.com/", language="de", former_numbers=["A-7"], is_favourite=True,
    )  # fmt: skip
    second = customer(anna, company="=Firma", first_name="-")
    consent(first, at=MOMENT, wording_version="2026-1", evidence='=Ordner 7, Blatt "3"')
    consent(first, purpose="newsletter", given=False, source="till")
    consent(first, purpose="recipes", source="web")
    consent(second, receiver=NEW)
    consent(second, receiver=NEW, given=False, at=MOMENT)
    consent(customer(anna, last_name="Dritte"), given=False)
    return [first, second]


@pytest.fixture
def package(cast, anna, people) -> bytes:
    return content_of(made(executed(cast), anna))


@pytest.fixture
def frida(cast, package) -> Scope:
    return receiver(cast)


def test_customers_and_consents_arrive_equal(anna, frida, package):
    arrival = imported(package, frida)
    source = {number: values for number, values in customers_of(anna).items() if values["last_name"] != "Dritte"}
    assert customers_of(frida) == source
    assert statements_of(frida) == [said for said in statements_of(anna) if said[0] in source]
    result = arrival.upload.result or {}
    assert (result["created"], result["rejected"], result["consents"]) == (2, 0, 5)


def test_who_was_registered_where_is_the_receivers_own(frida, package):
    imported(package, frida)
    assert {one.home_location for one in Customer.objects.in_base(frida.base)} == {frida.location}


def test_twice_gives_nothing_twice(frida, package):
    imported(package, frida)
    before, said = customers_of(frida), statements_of(frida)
    again = imported(package, frida).upload.result or {}
    assert (again["created"], again["changed"], again["unchanged"], again["consents"]) == (0, 0, 2, 0)
    assert (customers_of(frida), statements_of(frida)) == (before, said)
    assert Arrival.objects.count() == 2


def test_later_edits_on_either_side_do_not_touch_the_other(anna, frida, package, people):
    """R7, also where the package is imported once more."""
    imported(package, frida)
    here = Customer.objects.in_base(frida.base).get(last_name="Erste")
    here.city = "Flensburg"
    change_customer(customer=here, actor=frida)
    people[0].city = "Hamburg"
    change_customer(customer=people[0], actor=anna)
    imported(package, frida)
    here.refresh_from_db()
    people[0].refresh_from_db()
    assert (here.city, people[0].city) == ("Flensburg", "Hamburg")


def test_undo_takes_everything_back(frida, package):
    arrival = imported(package, frida)
    arrival.upload.refresh_from_db()
    assert undone(arrival.upload, frida) == {"restored": 0, "removed": 2, "kept": 0, "stuck": 0}
    assert not Customer.objects.in_base(frida.base).exists()
    assert not Consent.objects.in_base(frida.base).exists()
    assert not CustomerGroup.objects.in_base(frida.base).exists()
    assert not Tag.objects.in_base(frida.base).exists()
    assert customers_of(frida) == {}
    imported(package, frida)
    assert len(customers_of(frida)) == 2


def test_purposes_that_are_not_known_come_along_and_are_not_asked_for(frida, package):
    arrival = received(package, frida)
    [added] = ConsentPurpose.objects.filter(organization=frida.organization, code="recipes")
    assert (added.name, added.wording, added.wording_version, added.is_active) == ("Rezepte", "Ja, Rezepte", "3", False)
    assert arrival.manifest["new_purposes"] == ["Rezepte"]


def test_number_that_somebody_else_has_here_is_left_alone_and_told(frida, package):
    register_customer(customer=Customer(last_name="Eigene", customer_number=1), actor=frida)
    arrival = imported(package, frida)
    assert arrival.manifest["taken"] == [1]
    assert {number: values["last_name"] for number, values in customers_of(frida).items()} == {1: "Eigene", 2: ""}
    assert {said[0] for said in statements_of(frida)} == {2}


def test_package_of_which_nobody_has_come_has_not_arrived(anna, frida, package):
    """Each of its numbers is somebody else's here; the sender learns that, and has to say why it is closed."""
    for number in (1, 2):
        register_customer(customer=Customer(last_name="Eigene", customer_number=number), actor=frida)
    imported(package, frida)
    note_arrivals(actor="Test")
    told = transition()
    assert told.state == TransitionState.EXECUTED
    assert told.arrival is not None
    assert {name: told.arrival[name] for name in ("created", "unchanged", "taken")} == {
        "created": 0, "unchanged": 0, "taken": 2,
    }  # fmt: skip
    with pytest.raises(ValidationError, match="imported nothing"):
        operations.close(transition=told, actor=anna)


def test_undone_import_needs_a_reason_to_be_closed(anna, frida, package):
    arrival = imported(package, frida)
    note_arrivals(actor="Test")
    undone(arrival.upload, frida)
    note_arrivals(actor="Test")
    told = transition()
    assert "imports it. Then this can be closed" in who_is_next(told)
    with pytest.raises(ValidationError, match="imported nothing"):
        operations.close(transition=told, actor=anna)
    assert operations.close(transition=told, note="Sie wollen sie nicht.", actor=anna).state == TransitionState.CLOSED


def test_whoever_is_registered_before_the_package_arrives_takes_no_number_of_it(frida, package):
    """R6, R7: the base is empty, and its numbers go on behind those that are carried over."""
    own = register_customer(customer=Customer(last_name="Eigene"), actor=frida)
    assert own.customer_number == 3
    assert imported(package, frida).manifest["taken"] == []
    assert sorted(customers_of(frida)) == [1, 2, 3]


def test_numbers_of_an_earlier_import_are_not_told_as_taken(frida, package):
    imported(package, frida)
    assert received(package, frida).manifest["taken"] == []


def test_nothing_is_left_to_choose(frida, package):
    upload = received(package, frida).upload
    for call in (
        lambda: receive.choose_dialect(upload=upload, overrules={"encoding": "cp1252"}, actor=frida),
        lambda: receive.choose_columns(
            upload=upload, targets=upload.choices["targets"], reading=Reading(), known="overwrite", actor=frida
        ),
    ):
        with pytest.raises(ValidationError, match="nothing to choose"):
            call()
    assert upload.choices["known"] == "skip"


@pytest.mark.parametrize("missing", [Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS, Right.MANAGE_CUSTOMER_GROUPS])
def test_rights_are_asked_for(frida, package, missing):
    weak = Scope(user=frida.user, location=frida.location, rights=frozenset(Right) - {missing})
    with pytest.raises(MissingRight):
        received(package, weak)
    assert not Arrival.objects.exists()


def test_arrivals_are_listed_at_their_location(cast, frida, package):
    arrival = received(package, frida)
    assert list(arrivals_of(frida)) == [arrival]
    assert list(arrivals_of(cast.scope("anna", "Zentrale"))) == []
    assert (arrival.sender_account, arrival.sender_name, arrival.received_by) == (
        10400, "Nordlicht Bäckereien", "Frida Friis",
    )  # fmt: skip


# --- what the sender learns -----------------------------------------------------------------------------------------


def transition() -> Transition:
    return Transition.objects.get()


def test_import_is_told_to_the_sender_and_carries_it_on(frida, package):
    note_arrivals(actor="test")
    assert (transition().state, transition().arrival) == (TransitionState.EXECUTED, None)
    arrival = received(package, frida)
    note_arrivals(actor="test")
    assert transition().arrival is None
    lifecycle.check_upload(upload=arrival.upload, actor=frida)
    imported(package, frida)
    note_arrivals(transition=transition().pk, actor="test")
    row = transition()
    assert row.state == TransitionState.CARRIED_OVER
    told = row.arrival or {}
    assert (told["created"], told["rejected"], told["consents"], told["sha256"]) == (2, 0, 5, arrival.sha256)
    assert "Frida" not in str(told)
    last = list(row.steps.all())[-1]
    assert (last.state, last.user_name) == (TransitionState.CARRIED_OVER, row.receiver_name)
    note_arrivals(actor="test")
    assert row.steps.count() == transition().steps.count()
    assert transition().arrival == told


def test_undone_import_is_told_as_well(frida, package):
    arrival = imported(package, frida)
    note_arrivals(actor="test")
    arrival.upload.refresh_from_db()
    undone(arrival.upload, frida)
    assert arrival.upload.state == UploadState.UNDONE
    note_arrivals(actor="test")
    assert (transition().arrival or {})["undone_at"]
    assert transition().state_shown == "Carried over, undone by the receiver"
    assert transition().state == TransitionState.CARRIED_OVER


def test_import_of_another_business_is_not_noted(cast, frida, package):
    arrival, ines = received(package, frida), cast.scope("ines", "Dresden", 30100)
    whose = {"organization": ines.organization, "base": ines.base}
    upload = in_state(
        ImportUpload, **whose, location=ines.location, name="x.csv", state=UploadState.APPLIED, result={"created": 2}
    )
    Arrival.objects.filter(pk=arrival.pk).update(**whose, upload=upload)
    note_arrivals(actor="test")
    assert transition().arrival is None


def test_import_of_what_was_not_made_here_is_not_noted(frida, package):
    imported(package, frida)
    Arrival.objects.update(sha256="0" * 64)
    note_arrivals(actor="test")
    assert transition().arrival is None


def test_statement_for_a_receiver_arrives_with_it(anna, frida, package):
    imported(package, frida)
    assert Consent.objects.in_base(frida.base).filter(purpose=TRANSFER, receiver=NEW).count() == 2


# --- into a group ---------------------------------------------------------------------------------------------------


@pytest.fixture
def joining(cast) -> tuple[bytes, Scope]:
    """The package of Café Einzeln, which has joined Nordlicht as location 7, and the central's administrator there."""
    ines = cast.scope("ines", "Dresden", 30100)
    for name in ("Erste", "Zweite"):
        consent(customer(ines, last_name=name, former_numbers=["alt"]))
    customer(ines, last_name="Dritte")
    content = content_of(made(join_in(cast, TransitionState.EXECUTED), ines))
    return content, access.scope_at(cast.user("anna"), account_number=10400, client_number=7)


def at_home(scope: Scope) -> list[tuple[str, str]]:
    rows = FormerNumber.objects.filter(source=FormerNumberSource.JOINING, customer__home_location=scope.location)
    return list(rows.order_by("customer__customer_number").values_list("number", "customer__last_name"))


def test_who_joins_a_group_gets_its_numbers_and_keeps_his_own_as_former_ones(joining):
    content, anna = joining
    imported(content, anna)
    assert at_home(anna) == [("1", "Erste"), ("2", "Zweite")]
    numbers = Customer.objects.filter(home_location=anna.location).values_list("customer_number", flat=True)
    assert all(number in anna.location.number_range for number in numbers)
    said = Consent.objects.filter(customer__home_location=anna.location)
    assert [one.customer.last_name for one in said.order_by("customer__customer_number")] == ["Erste", "Zweite"]


def test_who_joins_needs_as_many_free_numbers_as_come(joining):
    content, anna = joining
    numbers = Location.objects.filter(pk=anna.location.pk)
    upload = received(content, anna).upload
    lifecycle.check_upload(upload=upload, actor=anna)
    assert shortage(upload=upload, scope=anna) is None
    numbers.update(number_range=Range(anna.location.first_number, anna.location.first_number + 1, "[)"))
    anna.location.refresh_from_db()
    assert shortage(upload=upload, scope=anna) == Shortage(wanted=2, free=1)


def test_joining_twice_gives_nothing_twice(joining):
    content, anna = joining
    imported(content, anna)
    again = imported(content, anna).upload.result or {}
    assert (again["created"], again["changed"], again["unchanged"], again["consents"]) == (0, 0, 2, 0)


def test_former_numbers_of_others_are_not_mistaken_for_those_who_join(cast, joining):
    """A customer of the group may have come long ago from another place with the same number."""
    content, anna = joining
    other = customer(cast.scope("anna", "Hamburg"), last_name="Andere", former_numbers=["1"])
    imported(content, anna)
    assert at_home(anna) == [("1", "Erste"), ("2", "Zweite")]
    other.refresh_from_db()
    assert (other.last_name, other.consents.count()) == ("Andere", 0)


def test_package_of_who_joins_is_taken_in_at_his_location_alone(cast, joining):
    content, _anna = joining
    with pytest.raises(RefusedPackage, match="for location 7"):
        received(content, cast.scope("anna", "Hamburg"))


def test_undoing_a_joining_leaves_the_customers_of_the_group(cast, joining):
    content, anna = joining
    customer(cast.scope("anna", "Hamburg"), last_name="Andere", former_numbers=["1"])
    before = Customer.objects.in_base(anna.base).count()
    arrival = imported(content, anna)
    arrival.upload.refresh_from_db()
    undone(arrival.upload, anna)
    assert Customer.objects.in_base(anna.base).count() == before
