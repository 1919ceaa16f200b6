"""Withdrawals travel: with a package made anew, and in a signed list of those who withdraw after the execution."""

from __future__ import annotations

import io
from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ValidationError
from django.utils import timezone

from customers.choices import TRANSFER, TRANSFER_ANY
from customers.consents.operations import record_consent
from customers.models import Consent, ConsentPurpose, Customer
from locations.permissions import Right
from mcp.isolation import access, row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.people import customer
from tests.transitions.carrying import (
    consent,
    content_of,
    executed,
    imported,
    made,
    members,
    received,
    receiver,
    repacked,
    statements_of,
)
from tests.transitions.moving import ACCOUNT, fresh, join_in
from transitions.archive.package_reader import RefusedPackage
from transitions.choices import TransitionState
from transitions.models import Transition, TransitionKey, WithdrawalList
from transitions.package import lifecycle
from transitions.protocol import protocol_of
from transitions.withdrawals.making import make_list, withdrawn_since
from transitions.withdrawals.taking import take_in

HERE, ARRIVALS = "/10400/1/transitions/transition", f"/{ACCOUNT}/2/transitions/transition/arrivals/"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def people(anna, cast) -> list[Customer]:
    made_here = [customer(anna, last_name=f"Gast {n}", home_location=cast.location("Flensburg")) for n in range(3)]
    for one in made_here:
        consent(one)
    return made_here


@pytest.fixture
def left(cast, people) -> Transition:
    return executed(cast)


@pytest.fixture
def frida(cast, left) -> Scope:
    return receiver(cast)


@pytest.fixture
def package(anna, left) -> bytes:
    return content_of(made(left, anna))


def say(one: Customer, actor: Scope, *, given: bool = False, **more) -> None:
    args = {"purpose": TRANSFER, "is_given": given, "at": None, "source": "form", **more}
    record_consent(customers=[one.pk], **args, actor=actor)


def listed(transition: Transition, actor: Scope) -> bytes:
    return make_list(transition=fresh(transition), actor=actor).read()


def taken(content: bytes, actor: Scope) -> WithdrawalList:
    with row_scope.rows_of(actor):
        return take_in(file=io.BytesIO(content), actor=actor)


def withdrawn_at(actor: Scope) -> set[int]:
    found = Consent.objects.in_base(actor.base).filter(is_given=False)
    return set(found.values_list("customer__customer_number", flat=True))


def test_package_made_anew_leaves_out_who_has_withdrawn_and_says_so(anna, left, package, people, log_in):
    say(people[0], anna)
    lifecycle.request_package(transition=left, actor=anna)
    anew = made(left, anna)
    numbers = [line.split(",")[0] for line in members(content_of(anew))["customers.csv"].decode().splitlines()[1:]]
    assert numbers == [str(one.customer_number) for one in people[1:]]
    assert anew.manifest is not None
    assert anew.manifest["withdrew"] == 1
    statements = members(content_of(anew))["consents.csv"].decode()
    assert f"\n{people[0].customer_number}," not in statements
    text = log_in("anna").get(f"{HERE}/{left.pk}/package/").content.decode()
    assert "Left out because they have withdrawn since" in text
    assert "One customer who was handed over has withdrawn since." in text


@pytest.mark.parametrize(
    ("again", "agrees"),
    [
        ({"receiver": ACCOUNT}, True),
        ({"purpose": TRANSFER_ANY}, True),
        ({"location": "Flensburg"}, True),
        ({"location": "Zentrale"}, False),
        ({"receiver": 20800}, False),
        ({"purpose": "newsletter"}, False),
        ({"receiver": ACCOUNT, "given_to": 20800, "holds_here": False}, False),
    ],
)
def test_who_gives_again_is_in_it_by_what_would_carry_him_over(cast, anna, left, people, again, agrees):
    place = cast.location("Zentrale") if again.get("location") == "Zentrale" else left.location
    say(people[0], anna)
    consent(people[0], at=timezone.now(), **{**again, "location": place})
    assert withdrawn_since(fresh(left)) == ([] if agrees else [people[0].pk])


def test_who_withdraws_from_another_receiver_is_in_it(anna, left, people):
    say(people[1], anna, receiver=20800)
    assert withdrawn_since(fresh(left)) == []
    say(people[2], anna, receiver=ACCOUNT)
    assert withdrawn_since(fresh(left)) == [people[2].pk]


def test_general_consent_that_is_taken_back_ends_itself_alone(cast, anna, people):
    """Who has agreed at the location as well was carried over by that, and it still holds."""
    general = customer(anna, last_name="Allgemein")
    for one in (general, people[0]):
        consent(one, purpose=TRANSFER_ANY)
    left = executed(cast)
    assert (left.result or {})["carried"] == 4
    for one in (general, people[0]):
        say(one, anna, purpose=TRANSFER_ANY)
    assert withdrawn_since(fresh(left)) == [general.pk]
    say(people[0], anna)
    assert withdrawn_since(fresh(left)) == [people[0].pk, general.pk]


def test_what_is_withdrawn_from_another_business_is_evidence(anna, left, people):
    """As it comes here from whoever has handed him over to us."""
    consent(people[0], given=False, at=timezone.now(), given_to=20800, holds_here=False)
    assert withdrawn_since(fresh(left)) == []


def test_archived_customer_who_withdraws_is_on_the_list(anna, left, people):
    Customer.objects.filter(pk=people[0].pk).update(archived_at=left.executed_at, archived_reason="x", is_blocked=True)
    say(people[0], anna)
    assert withdrawn_since(fresh(left)) == [people[0].pk]


def test_list_is_taken_in_and_twice_adds_nothing_twice(anna, left, package, people, frida):
    imported(package, frida)
    say(people[0], anna)
    content = listed(left, anna)
    first = taken(content, frida)
    assert (first.numbers, first.added, first.unknown) == ([people[0].customer_number], 1, 0)
    assert withdrawn_at(frida) == {people[0].customer_number}
    before = statements_of(frida)
    assert (taken(content, frida).added, statements_of(frida)) == (0, before)
    [said] = Consent.objects.in_base(frida.base).filter(is_given=False)
    assert (said.given_to, said.holds_here) == (10400, False)
    assert WithdrawalList.objects.filter(is_taken_in=True).count() == 2
    assert WithdrawalList.objects.filter(is_taken_in=False).get().numbers == [people[0].customer_number]


def test_withdrawal_holds_where_the_consent_does(anna, left, people, frida):
    """A purpose that holds also for the receiver is taken back there as well, whichever way it comes."""
    worded = {"wording": "Auch der Nachfolger.", "wording_version": "2", "holds_for_receiver": True}
    ConsentPurpose.objects.filter(organization=anna.organization, code=TRANSFER).update(**worded)
    imported(content_of(made(left, anna)), frida)
    say(people[0], anna)
    taken(listed(left, anna), frida)
    [said] = Consent.objects.in_base(frida.base).filter(is_given=False)
    assert (said.given_to, said.holds_here) == (10400, True)


def test_later_list_holds_the_earlier_ones_as_well(anna, left, package, people, frida):
    imported(package, frida)
    for one in people[:2]:
        say(one, anna)
        taken(listed(left, anna), frida)
    assert withdrawn_at(frida) == {one.customer_number for one in people[:2]}


def test_number_that_somebody_else_has_at_the_receiver_is_not_touched(anna, left, package, people, frida):
    number = people[0].customer_number
    stranger = customer(Scope.of_system(frida.location, name="test"), last_name="Fremd", customer_number=number)
    imported(package, frida)
    say(people[0], anna)
    noted = taken(listed(left, anna), frida)
    assert (noted.numbers, noted.added, noted.unknown) == ([], 0, 1)
    assert stranger.consents.count() == 0


def test_list_is_refused_before_the_package_is_imported(anna, left, package, people, frida):
    say(people[0], anna)
    content = listed(left, anna)
    with pytest.raises(RefusedPackage, match="has not been taken in here"):
        taken(content, frida)
    received(package, frida)
    with pytest.raises(RefusedPackage, match="has not been imported yet"):
        taken(content, frida)


def test_nobody_else_can_make_one(cast, anna, left, package, people, frida):
    """Whoever works out all hashes anew lacks the key; so does another business."""
    imported(package, frida)
    say(people[0], anna)
    files = members(listed(left, anna))
    other = Ed25519PrivateKey.generate()
    forged = {**files, "withdrawals.csv": files["withdrawals.csv"].replace(b"form", b"web")}
    for content in (
        repacked(forged),
        repacked({**files, "signature.txt": b64encode(other.sign(files["manifest.json"]))}),
        repacked({**files, "signature.txt": b"???"}),
        repacked({**files, "manifest.json": files["manifest.json"].replace(b'"customers": 1', b'"customers": 2')}),
        repacked({name: text for name, text in files.items() if name != "LIESMICH.txt"}),
    ):
        with pytest.raises(RefusedPackage):
            taken(content, frida)
    with pytest.raises(RefusedPackage, match="is for the business 40200"):
        taken(repacked(files), cast.scope("ines", "Dresden", 30100))
    assert withdrawn_at(frida) == set()


def test_sender_cannot_name_another_one(anna, left, package, people, frida):
    """Whoever holds the key signs for himself: what is kept as said to a business was said to that one."""
    imported(package, frida)
    say(people[0], anna)
    files = members(listed(left, anna))
    manifest = files["manifest.json"].replace(b'"account_number": 10400', b'"account_number": 30100')
    assert manifest != files["manifest.json"]
    key = Ed25519PrivateKey.from_private_bytes(bytes(TransitionKey.objects.get(transition=left).private_key))
    signed = {**files, "manifest.json": manifest, "signature.txt": b64encode(key.sign(manifest))}
    with pytest.raises(RefusedPackage, match="does not come from whoever has handed the customers over"):
        taken(repacked(signed), frida)
    assert withdrawn_at(frida) == set()


def test_right_is_asked_on_both_sides(cast, anna, left, people):
    say(people[0], anna)
    with pytest.raises(MissingRight):
        make_list(transition=fresh(left), actor=cast.scope("bodo", "Hamburg"))
    with pytest.raises(MissingRight):
        take_in(file=io.BytesIO(b""), actor=cast.scope("carla", "Bremen"))
    assert not cast.scope("carla", "Bremen").allows(Right.IMPORT_CUSTOMERS)


def test_nobody_withdrew_is_said(anna, left):
    with pytest.raises(ValidationError, match="Nobody has withdrawn"):
        make_list(transition=fresh(left), actor=anna)


def test_known_customers_of_a_package_get_what_they_have_said_since(anna, left, package, people, frida):
    """The package of before the withdrawal is imported; the one made anew brings what was said by then."""
    imported(package, frida)
    say(people[0], anna, purpose="newsletter", given=True)
    say(people[0], anna, purpose="newsletter")
    lifecycle.request_package(transition=left, actor=anna)
    arrival = imported(content_of(made(left, anna)), frida)
    result = arrival.upload.result or {}
    assert (result["created"], result["changed"], result["unchanged"], result["consents"]) == (0, 1, 2, 2)
    assert statements_of(frida) == statements_of(anna)
    again = imported(content_of(lifecycle.packages_of(left)[0]), frida).upload.result or {}
    assert (again["changed"], again["consents"]) == (0, 0)


def test_stranger_with_the_number_gets_nothing_of_it(anna, left, package, people, frida):
    number = people[0].customer_number
    stranger = customer(Scope.of_system(frida.location, name="test"), last_name="Fremd", customer_number=number)
    arrival = imported(package, frida)
    assert (arrival.upload.result or {})["consents"] == 2
    assert stranger.consents.count() == 0


def test_joining_takes_withdrawals_to_the_branch(cast, anna):
    ines = cast.scope("ines", "Dresden", 30100)
    first, second = (customer(ines, last_name=name) for name in ("Erste", "Zweite"))
    for one in (first, second):
        consent(one)
    other = customer(cast.scope("anna", "Hamburg"), last_name="Andere", former_numbers=[str(first.customer_number)])
    joined = join_in(cast, TransitionState.EXECUTED)
    content = content_of(made(joined, ines))
    branch = access.scope_at(cast.user("anna"), account_number=10400, client_number=7)
    imported(content, branch)
    say(first, cast.system("Dresden", 30100))
    assert taken(listed(joined, ines), branch).added == 1
    [said] = Consent.objects.in_base(branch.base).filter(is_given=False)
    assert said.customer.last_name == "Erste"
    assert other.consents.count() == 0


def test_pages_lead_from_one_side_to_the_other(anna, left, package, people, frida, log_in, cast):
    imported(package, frida)
    say(people[0], anna)
    page = f"{HERE}/{left.pk}"
    client = log_in("anna")
    assert "Download the list of withdrawals" in client.get(f"{page}/package/").content.decode()
    answer = client.post(f"{page}/withdrawals/")
    assert "widerrufe-10400-40200-" in answer["Content-Disposition"]
    file = io.BytesIO(b"".join(answer.streaming_content))
    file.name = "widerrufe.zip"
    there = log_in("freda")
    shown = there.post(ARRIVALS, {"file": file}, follow=True).content.decode()
    assert "The withdrawal of one customer is noted." in shown
    assert f"?q={people[0].customer_number}" in shown
    sections = {section.title: section for section in protocol_of(transition=fresh(left), actor=anna).sections}
    [row] = sections["Withdrawn since the execution"].rows
    assert (row[1], row[2]) == ("Anna Andresen", str(people[0].customer_number))
