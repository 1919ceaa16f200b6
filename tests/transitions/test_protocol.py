"""The protocol: what is on record about a transition, on a page and as a PDF."""

from __future__ import annotations

import logging

import pytest
from django.utils.translation import override

from customers.operations import archive_customers
from files.lifecycle import fetch
from files.paper_pdf import as_pdf
from files.papers import Paper
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.people import customer
from tests.transitions.carrying import consent, content_of, executed, imported, made, receiver
from tests.transitions.moving import GROUND, exit_in
from transitions.choices import TransitionState
from transitions.models import Transition, TransitionCustomer
from transitions.package.importing import note_arrivals
from transitions.package.lifecycle import PACKAGES
from transitions.protocol import in_ranges, protocol_of

#: Far above any number that the sequence of the customers reaches in a run of tests.
NOBODY = 10**12


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def told(transition: Transition, actor: Scope) -> Paper:
    row = Transition.objects.select_related("organization", "location").get(pk=transition.pk)
    return protocol_of(transition=row, actor=actor)


def words(protocol: Paper) -> str:
    parts = [protocol.title, protocol.subtitle]
    for section in protocol.sections:
        parts += [section.title, *map(" ".join, section.facts), *map(" ".join, section.rows)]
        parts += [] if section.facts or section.rows else [section.empty]
    return "\n".join(parts)


@pytest.fixture
def whole(cast, anna) -> Transition:
    """Carried over, fetched and imported."""
    consent(customer(anna, last_name="Erlaubt"))
    for _index in range(3):
        customer(anna, last_name="Stumm")
    gone = customer(anna, last_name="Weg")
    archive_customers(customers=[gone.pk], reason="Verzogen", actor=anna)
    transition = executed(cast)
    package = made(transition, anna)
    fetch(PACKAGES, package, actor=anna).close()
    imported(content_of(package), receiver(cast))
    note_arrivals(actor="test")
    return transition


def test_protocol_says_who_when_where_why_and_how_many(anna, whole):
    text = words(told(whole, anna))
    package = whole.packages.get()
    for expected in (
        "Flensburg leaves Nordlicht Bäckereien", "40200 · Flensburger Backstube", GROUND, "Confirmed by Zoe Zweite",
        "Named by Anna Andresen", "Art. 6 (1) a GDPR: consent of the customers", "40200 · Flensburger Backstube 1",
        "Carried over 1", "No consent 3", "Archived 1", "No consent 2–4", "Archived 5", package.sha256,
        package.manifest["files"]["customers.csv"]["sha256"], f"Anna Andresen No {package.sha256}", str(whole.pk),
    ):  # fmt: skip
        assert expected in text, expected
    steps = next(section for section in told(whole, anna).sections if section.title == "All steps")
    assert [row[1] for row in steps.rows][-2:] == ["Executed", "Customers carried over"]
    arrival = next(section for section in told(whole, anna).sections if section.title == "Import at the receiver")
    assert arrival.rows[0][1:7] == ("1", "0", "0", "0", "0", "1")


def test_protocol_names_nobody_who_was_left_out(anna, whole):
    text = words(told(whole, anna))
    assert "Stumm" not in text
    assert "Weg" not in text
    assert "Erlaubt" not in text


def test_protocol_of_what_has_just_begun_says_what_is_missing(cast, anna):
    text = words(told(exit_in(cast, TransitionState.NUMBERED), anna))
    for sentence in (
        "Not confirmed yet.", "Nothing has been executed yet.", "No package has been made yet.",
        "Nobody has downloaded a package.", "The receiver has not imported the package yet.",
    ):  # fmt: skip
        assert sentence in text


def test_protocol_needs_the_right(anna, whole):
    weak = Scope(user=anna.user, location=anna.location, rights=frozenset(Right) - {Right.CARRY_OVER})
    with pytest.raises(MissingRight):
        told(whole, weak)


def test_pdf_is_the_same_for_the_same_protocol(anna, whole):
    first, again = as_pdf(told(whole, anna)), as_pdf(told(whole, anna))
    assert first == again
    assert first.startswith(b"%PDF-")
    assert first.count(b"/Type /Page\n") >= 1


@pytest.mark.parametrize("name", ["Łódź Świętokrzyska", "Ağaoğlu Şişli", "Καφενείο", "Кофейня", "Emoji 🥐"])
def test_pdf_can_write_the_names_of_europe(anna, whole, name, caplog):
    Transition.objects.filter(pk=whole.pk).update(receiver_name=name)
    assert as_pdf(told(whole, anna))
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_numbers_are_listed_in_ranges():
    assert list(in_ranges([1, 2, 4, 5, 6, 9])) == ["1", "2", "4–6", "9"]
    assert list(in_ranges([])) == []


def test_pdf_of_many_numbers_has_pages(anna, whole, tmp_path):
    rows = [
        TransitionCustomer(
            organization=anna.organization, base=anna.base, transition=whole, customer_id=NOBODY + n,
            customer_number=10_000 + 3 * n, reason="noconsent",
        )
        for n in range(5_000)
    ]  # fmt: skip
    TransitionCustomer.objects.bulk_create(rows)
    with override("de"):
        content = as_pdf(told(whole, anna))
    (tmp_path / "protocol.pdf").write_bytes(content)
    assert content.count(b"/Type /Page\n") > 5


def test_protocol_of_an_empty_base_and_of_what_was_not_executed(cast, anna):
    executed, waiting = (
        exit_in(cast, TransitionState.EXECUTED),
        exit_in(cast, TransitionState.NUMBERED, place="Bremen", number=40300),
    )
    assert "Nothing has been executed yet." not in words(told(executed, anna))
    assert "Nobody was carried over." in words(told(executed, anna))
    assert "Nobody was left out." in words(told(executed, anna))
    assert "Nobody was left out." not in words(told(waiting, anna))
