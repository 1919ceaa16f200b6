"""What a consent is worth at the receiver: evidence of the transfer, unless its wording says that it holds for him."""

from __future__ import annotations

import pytest

from customers.choices import TRANSFER, TRANSFER_ANY, ConsentState
from customers.consents.operations import consents_of, save_purpose
from customers.models import Consent, ConsentPurpose, Customer
from mcp.isolation import row_scope
from tests.customers.people import customer, says
from tests.customers.transfer import taken_out, undone
from tests.transitions.carrying import consent, content_of, executed, imported, made, receiver
from tests.transitions.moving import figures_at
from transitions.choices import Reason, TransitionKind
from transitions.models import Transition

VERSION = "2026-2"
NEXT = 77_000


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def arrived(cast, anna):
    """(receiver, customer there): somebody whose consents have come along with him."""

    def carry(*, holds_for_receiver: bool = False):
        if holds_for_receiver:
            purpose = ConsentPurpose.objects.of_organization(anna.organization).get(code="newsletter")
            purpose.wording, purpose.wording_version = "Auch vom Betrieb, der den Standort übernimmt.", VERSION
            purpose.holds_for_receiver = True
            save_purpose(purpose=purpose, actor=anna)
        row = customer(anna, last_name="Kommt mit")
        consent(row)
        consent(row, purpose=TRANSFER_ANY)
        consent(row, purpose="newsletter", wording_version=VERSION)
        consent(row, purpose="birthday")
        frida = receiver_of(cast, anna)
        return frida, Customer.objects.get(base=frida.base)

    return carry


def receiver_of(cast, anna):
    content = content_of(made(executed(cast), anna))
    frida = receiver(cast)
    imported(content, frida)
    return frida


def said_of(row: Customer) -> dict[str, ConsentState]:
    return {state.purpose.code: state.said for state in consents_of(row, at=None, base=row.base)}


def test_consents_arrive_as_evidence_and_hold_for_nothing(arrived):
    frida, row = arrived()
    kept = Consent.objects.in_base(frida.base)
    assert set(kept.values_list("given_to", "holds_here", "location__name")) == {(10400, False, frida.location.name)}
    assert set(said_of(row).values()) == {ConsentState.NEVER}
    evidence = {state.purpose.code for state in consents_of(row, at=None, base=row.base) if state.evidence}
    assert evidence == {TRANSFER, TRANSFER_ANY, "newsletter", "birthday"}
    for code in evidence:
        with row_scope.rows_of(frida):
            assert not Customer.objects.in_base(frida.base).with_consent(code, ConsentState.GIVEN).exists()
    with row_scope.rows_of(frida):
        cells = taken_out(frida, "plain", columns=["customer_number", "newsletter", "transfer_allowed"], language="en")
    assert cells.decode().splitlines()[1:] == ["1,,"]


def test_nobody_is_handed_on_by_what_he_agreed_to_elsewhere(arrived):
    frida, row = arrived()
    onward = Transition(
        organization=frida.organization, location=frida.location, kind=TransitionKind.JOIN, receiver_account=NEXT,
    )  # fmt: skip
    figures = figures_at(onward, row.created_at.replace(year=row.created_at.year + 1))
    assert (figures["carried"], figures["reasons"]) == (0, {Reason.OTHER_BUSINESS: 1})
    says(frida, row, TRANSFER, True)
    assert figures_at(onward, row.created_at.replace(year=row.created_at.year + 1))["carried"] == 1


def test_wording_that_says_so_holds_for_the_receiver_of_its_version(arrived):
    frida, row = arrived(holds_for_receiver=True)
    assert said_of(row)["newsletter"] == ConsentState.GIVEN
    assert said_of(row)["birthday"] == ConsentState.NEVER
    said = Consent.objects.in_base(frida.base).get(purpose="newsletter")
    assert (said.given_to, said.holds_here) == (10400, True)
    own = ConsentPurpose.objects.of_organization(frida.organization).get(code="newsletter")
    assert not own.holds_for_receiver  # what the receiver asks himself is his


def test_consent_to_an_older_wording_does_not_hold_there(cast, anna):
    purpose = ConsentPurpose.objects.of_organization(anna.organization).get(code="newsletter")
    purpose.wording, purpose.wording_version, purpose.holds_for_receiver = "Auch der Empfänger.", VERSION, True
    save_purpose(purpose=purpose, actor=anna)
    for version, is_given in (("2024-1", True), (VERSION, True), ("", False)):
        row = customer(anna, last_name=version or "Nein")
        consent(row)
        consent(row, purpose="newsletter", wording_version=version, given=is_given)
    frida = receiver_of(cast, anna)
    found = Consent.objects.in_base(frida.base).filter(purpose="newsletter")
    assert dict(found.values_list("customer__last_name", "holds_here")) == {
        "2024-1": False,
        VERSION: True,
        "Nein": True,
    }
    states = {row.last_name: said_of(row)["newsletter"] for row in Customer.objects.in_base(frida.base)}
    assert states == {"2024-1": ConsentState.NEVER, VERSION: ConsentState.GIVEN, "Nein": ConsentState.WITHDRAWN}


def test_what_came_from_another_business_before_is_evidence_behind_the_next_one_too(cast, anna):
    row = customer(anna, last_name="Zweimal")
    consent(row)
    consent(row, purpose="newsletter", wording_version=VERSION, given_to=55_000)
    purpose = ConsentPurpose.objects.of_organization(anna.organization).get(code="newsletter")
    purpose.wording, purpose.wording_version, purpose.holds_for_receiver = "Auch der Empfänger.", VERSION, True
    save_purpose(purpose=purpose, actor=anna)
    frida = receiver_of(cast, anna)
    said = Consent.objects.in_base(frida.base).get(purpose="newsletter")
    assert (said.given_to, said.holds_here) == (55_000, False)


def test_own_consent_of_the_receiver_stands_beside_the_evidence(arrived):
    frida, row = arrived()
    says(frida, row, "newsletter", True)
    assert said_of(row)["newsletter"] == ConsentState.GIVEN
    assert Consent.objects.in_base(frida.base).filter(purpose="newsletter").count() == 2


def test_undoing_the_import_takes_the_evidence_with_it(cast, anna):
    row = customer(anna)
    consent(row)
    content = content_of(made(executed(cast), anna))
    frida = receiver(cast)
    arrival = imported(content, frida)
    assert Consent.objects.in_base(frida.base).filter(upload=arrival.upload).count() == 1
    undone(arrival.upload, frida)
    assert not Consent.objects.in_base(frida.base).exists()
