"""No file brings back whom somebody has erased for good; whoever comes back himself is registered as a new person."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.choices import Decision, UploadState, Verdict
from customers.erasure.erasing import erase_customer
from customers.imports import decisions, lifecycle, preview
from customers.models import Customer, Tombstone
from customers.operations import register_customer
from customers.tombstones import Erased, Known, marks_of
from mcp.isolation import row_scope
from tests.customers.people import bears, customer
from tests.customers.transfer import applied, checked, table, take_in
from tests.proofs.sampling import examples
from tests.transitions.carrying import consent, content_of, imported, made, receiver
from tests.transitions.moving import exit_in
from transitions.choices import TransitionState

HEADINGS = ["Kundennummer", "Frühere Kundennummern", "Nachname", "E-Mail", "Mobil"]
MAIL, PHONE = "weg@example.com", "+49 170 1112223"


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def number(anna) -> int:
    """The number of somebody who was erased."""
    row = customer(anna, last_name="Weg", email=MAIL, mobile=PHONE)
    bears(row, "ALT-7")
    erase_customer(customer=row.pk, reason="Wunsch", actor=anna)
    return row.customer_number


def outcome(anna, **cells: object):
    names = dict(zip(("number", "former", "name", "email", "mobile"), HEADINGS, strict=True))
    row = {"name": "Neu", **cells}
    return take_in(anna, table([names[name] for name in row], list(row.values())), dry_run=True)


@pytest.mark.parametrize(
    ("cells", "codes"),
    [
        ({"number": True, "email": MAIL}, ["erased"]),
        ({"number": True, "email": "WEG@Example.com"}, ["erased"]),
        ({"number": True, "mobile": "0170 1112223"}, ["erased"]),
        ({"former": "alt 7", "email": MAIL}, ["erased"]),
        ({"email": MAIL}, ["like_erased"]),
        ({"mobile": PHONE}, ["like_erased"]),
        ({"number": "77", "email": MAIL}, ["like_erased"]),
        ({"number": True}, []),
        ({"number": True, "email": "andere@example.com"}, []),
        ({"name": "Weg"}, []),
    ],
)
def test_number_with_an_address_is_he_and_an_address_alone_is_a_doubt(anna, number, cells, codes):
    named = {name: (number if value is True else value) for name, value in cells.items()}
    found = outcome(anna, **named)
    assert [one.code for one in found.rejections] == codes
    assert (found.created, found.rejected) == (int(not codes), int(bool(codes)))


def test_rejected_row_says_why(anna, number):
    [told] = outcome(anna, number=number, email=MAIL).rejections
    assert told.reason == (
        "This customer was erased for good, and no file brings him back. If he comes back himself, register him as a "
        "new customer."
    )


def test_doubt_is_decided_by_a_person_one_by_one(anna, number):
    upload = checked(anna, table(["Nachname", "E-Mail"], ["Neu", MAIL], ["Anders", "x@example.com"]))
    with row_scope.rows_of(anna):
        [doubt] = preview.similar(upload, anna)
    assert (doubt.row, doubt.customer, doubt.first) == (2, None, None)
    assert doubt.reason == "the e-mail address or phone number of somebody who was erased for good"
    assert upload.previewed["similar"] == 1
    assert decisions.decide_all(upload=upload, decision=Decision.NEW, actor=anna) == 0
    with pytest.raises(ValidationError):
        decisions.decide(upload=upload, decisions={2: Decision.SAME}, actor=anna)
    assert decisions.decide(upload=upload, decisions={2: Decision.NEW}, actor=anna) == 1
    lifecycle.check_upload(upload=upload, actor=anna)
    assert (upload.previewed["created"], upload.previewed["rejected"]) == (2, 0)
    applied(upload, anna)
    assert Customer.objects.filter(email=MAIL).count() == 1


def test_doubt_that_is_left_out_stays_out(anna, number):
    upload = checked(anna, table(["Nachname", "E-Mail"], ["Neu", MAIL]))
    decisions.decide(upload=upload, decisions={2: Decision.LEAVE}, actor=anna)
    lifecycle.check_upload(upload=upload, actor=anna)
    assert (upload.previewed["created"], upload.previewed["rejected"], upload.previewed["similar"]) == (0, 1, 0)


def test_whoever_comes_back_is_registered_and_kept_up_to_date_by_files(anna, number):
    back = register_customer(customer=Customer(last_name="Weg", email=MAIL, mobile=PHONE), actor=anna)
    assert back.customer_number != number
    found = take_in(anna, table(["Kundennummer", "Nachname", "E-Mail"], [back.customer_number, "Wieder", MAIL]))
    assert (found.changed, found.rejected) == (1, 0)
    assert Customer.objects.get(pk=back.pk).last_name == "Wieder"


def test_other_business_knows_nothing_of_it(cast, anna, number):
    sven = cast.scope("sven", "Zentrale", 20800)
    assert take_in(sven, table(["Kundennummer", "Nachname", "E-Mail"], [number, "Neu", MAIL])).created == 1


def test_preview_of_before_an_erasure_is_worked_out_again(anna):
    """He is registered by hand and erased while the file waits for its turn, in which he is a new customer."""
    number = anna.location.first_number + 500
    upload = checked(anna, table(["Kundennummer", "Nachname", "E-Mail"], [number, "Weg", MAIL]))
    assert upload.previewed["created"] == 1
    upload.state = UploadState.APPLYING
    upload.save()
    row = customer(anna, customer_number=number, last_name="Weg", email=MAIL)
    erase_customer(customer=row.pk, reason="Wunsch", actor=anna)
    assert not lifecycle.apply_upload(upload=upload, actor=anna)
    upload.refresh_from_db()
    assert (upload.state, upload.previewed["created"], upload.previewed["rejected"]) == (UploadState.CHECKED, 0, 1)
    assert not Customer.objects.exists()


def test_package_does_not_bring_him_back(cast):
    frida = cast.scope("frida", "Flensburg")
    gone, stays = customer(frida, last_name="Geht"), customer(frida, last_name="Kommt")
    consent(gone)
    consent(stays)
    content = content_of(made(exit_in(cast, TransitionState.EXECUTED), cast.scope("anna", "Zentrale")))
    freda = receiver(cast)
    imported(content, freda)
    there = Customer.objects.get(base=freda.base, last_name="Geht")
    with row_scope.rows_of(freda):
        erase_customer(customer=there.pk, reason="Wunsch", actor=freda)
    arrival = imported(content, freda)
    with row_scope.rows_of(freda):
        verdicts = arrival.upload.verdicts.filter(verdict=Verdict.REJECTED)
        assert [row.problems[0]["code"] for row in verdicts] == ["erased"]
    assert not Customer.objects.filter(base=freda.base, last_name="Geht").exists()


_texts = st.sampled_from(["a@example.com", "B@example.com", "c@x.de"])
_phones = st.sampled_from(["+491701112223", "040 4711", "+49404711;ext=3"])
_known = st.builds(
    lambda uid, numbers, emails, phones: Known.of(uid=uid, numbers=numbers, emails=emails, phones=phones),
    st.none() | st.uuids(version=4),
    st.sets(st.integers(1, 4)),
    st.sets(_texts),
    st.sets(_phones),
)


@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(erased=st.lists(_known, max_size=3), row=_known)
def test_marks_say_what_the_rule_says(erased, row):
    kept = Erased(7, frozenset(digest for one in erased for _kind, digest in marks_of(one, organization=7)))
    is_one = any(
        (row.uid is not None and row.uid == one.uid)
        or (row.numbers & one.numbers and (row.emails & one.emails or row.phones & one.phones))
        for one in erased
    )
    is_perhaps = any(row.emails & one.emails or row.phones & one.phones for one in erased)
    assert (kept.is_one(row), kept.is_perhaps_one(row)) == (bool(is_one), bool(is_perhaps))
    assert not Erased(8, kept.digests).is_one(row)


def test_another_key_knows_nobody(anna, number, settings):
    assert Tombstone.objects.count() == 1
    settings.TOMBSTONE_KEY = "another"
    assert outcome(anna, number=number, email=MAIL).rejected == 0
