"""Former numbers in files: several in a cell, found by any of them, added and never taken away, and taken back."""

from __future__ import annotations

import csv
from typing import Any

import pghistory
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers import formats
from customers.choices import OnKnown, Verdict
from customers.imports import preview
from customers.imports.classifying import verdicts
from customers.models import Customer, FormerNumber
from customers.operations import change_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.customers.people import bears, customer
from tests.customers.transfer import Outcome, applied, checked, file_name, reasons, table, take_in, taken_out, undone
from tests.proofs.sampling import examples

pytestmark = pytest.mark.django_db
HEADINGS = ["Frühere Kundennummern", "Nachname"]


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def borne(scope: Scope) -> dict[str, list[str]]:
    """The former numbers of the customers of a base by their last names."""
    return {one.last_name: one.former_numbers for one in Customer.objects.in_base(scope.base)}


def sources(row: Customer) -> list[tuple[str, str]]:
    return list(FormerNumber.objects.of_customer(row).order_by("number").values_list("number", "source"))


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    return outcome.created, outcome.changed, outcome.unchanged, outcome.rejected


def shown(outcome: Outcome) -> list[tuple[str, str]]:
    label = "Former customer numbers"
    touched = [*outcome.changed_customers, *outcome.new_customers]
    return [(one.old, one.new) for row in touched for one in row.differences if one.label.startswith(label)]


# --- reading ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("A-1", ["A-1"]),
        ("A-1, B-2", ["A-1", "B-2"]),
        ("B-2,A-1 , B-2,,", ["A-1", "B-2"]),
        ("'0077, '0078", ["0077", "0078"]),
        ('"mit, Komma", Z"', ["Z\"", "mit, Komma"]),
        ("", []),
        ("Ä\\1 {x}", ["Ä\\1 {x}"]),
    ],
)  # fmt: skip
def test_a_cell_holds_several(anna, cell, expected):
    take_in(anna, table(HEADINGS, [cell, "Meier"], ["Z9", "Zweite"]))
    assert borne(anna) == {"Meier": expected, "Zweite": ["Z9"]}


def test_numbers_of_a_workbook_and_of_several_columns_are_put_together(anna):
    headings = ["Altnummer", "Weitere frühere Kundennummern", "Nachname"]
    take_in(anna, table(headings, ["7", "A, 8", "Meier"], ["", "9", "Schulz"]))
    assert borne(anna) == {"Meier": ["7", "8", "A"], "Schulz": ["9"]}


def test_headings_of_one_number_and_of_several_are_known(anna):
    for heading in ("Frühere Kundennummer", "Frühere Kundennummern", "Former customer number", "Altnummer"):
        assert checked(anna, table([heading, "Nachname"], ["1", "A"])).choices["targets"][0] == "former_numbers"


def test_a_number_that_is_too_long_rejects_its_row(anna):
    outcome = take_in(anna, table(HEADINGS, [f"A, {'1' * 41}", "Meier"], ["B", "Schulz"]))
    assert reasons(outcome) == [(2, "Frühere Kundennummern", f"A, {'1' * 41}", "max_length")]
    assert borne(anna) == {"Schulz": ["B"]}


# --- whom a row means -------------------------------------------------------------------------------------------


def test_any_of_the_numbers_finds_the_customer_and_the_others_come_to_him(anna):
    row = customer(anna, last_name="Meier", former_numbers=["A", "B"])
    outcome = take_in(anna, table([*HEADINGS, "Ort"], ["X, B, Y", "Meier", "Kiel"]))
    assert counts(outcome) == (0, 1, 0, 0)
    assert shown(outcome) == [("A, B", "A, B, X, Y")]
    assert borne(anna) == {"Meier": ["A", "B", "X", "Y"]}
    assert sources(row) == [("A", "typed"), ("B", "typed"), ("X", "import"), ("Y", "import")]


def test_same_file_again_changes_nothing(anna):
    content = table(HEADINGS, ["A, B", "Meier"], ["C", "Schulz"])
    assert counts(take_in(anna, content)) == (2, 0, 0, 0)
    assert counts(take_in(anna, content)) == (0, 0, 2, 0)
    assert FormerNumber.objects.count() == 3


def test_numbers_of_two_customers_in_one_cell_are_ambiguous(anna):
    first, second = (customer(anna, last_name=name, former_numbers=[name[0]]) for name in ("Meier", "Schulz"))
    outcome = take_in(anna, table(HEADINGS, ["M, S", "Wer"]))
    assert reasons(outcome) == [(2, "Frühere Kundennummern", "M, S", "ambiguous_key")]
    assert f"{first.customer_number}, {second.customer_number}" in outcome.rejections[0].reason


def test_a_number_that_two_customers_bear_is_ambiguous_and_named_by_number_it_is_not(anna):
    first = customer(anna, last_name="Meier", former_numbers=["7"])
    bears(customer(anna, last_name="Schulz"), "7", source="joining", origin="30100")
    assert [one[3] for one in reasons(take_in(anna, table(HEADINGS, ["7", "Wer"])))] == ["ambiguous_key"]
    by_number = take_in(anna, table(["Kundennummer", *HEADINGS], [first.customer_number, "7, 8", "Meier"]))
    assert counts(by_number) == (0, 1, 0, 0)
    assert borne(anna) == {"Meier": ["7", "8"], "Schulz": ["7"]}


def test_one_customer_who_has_it_from_two_sources_is_no_two(anna):
    row = customer(anna, last_name="Meier", former_numbers=["7"])
    bears(row, "7", source="joining", origin="30100")
    assert counts(take_in(anna, table(HEADINGS, ["7", "Meier"]))) == (0, 0, 1, 0)
    assert FormerNumber.objects.count() == 2


def test_two_rows_that_share_one_number_are_about_the_same(anna):
    outcome = take_in(anna, table(HEADINGS, ["A, B", "Meier"], ["C", "Schulz"], ["B, D", "Doppelt"]))
    assert reasons(outcome) == [(4, "Frühere Kundennummern", "B", "duplicate_row")]
    assert borne(anna) == {"Meier": ["A", "B"], "Schulz": ["C"]}


def test_numbers_of_another_business_mean_nobody(cast, anna):
    customer(cast.scope("sven", "Zentrale", 20800), last_name="Fremd", former_numbers=["A"])
    assert counts(take_in(anna, table(HEADINGS, ["A", "Meier"]))) == (1, 0, 0, 0)


def test_a_customer_of_another_location_is_found(cast, anna):
    customer(cast.scope("anna", "Hamburg"), last_name="Meier", former_numbers=["A"])
    assert counts(take_in(anna, table(HEADINGS, ["A", "Meier"]))) == (0, 0, 1, 0)


# --- known customers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("known", "expected", "changed"),
    [(OnKnown.OVERWRITE, ["A", "X"], 1), (OnKnown.FILL, ["A", "X"], 1), (OnKnown.SKIP, ["A"], 0)],
)
def test_known_customers_get_them_as_was_chosen(anna, known, expected, changed):
    row = customer(anna, last_name="Meier", former_numbers=["A"])
    content = table(["Kundennummer", *HEADINGS], [row.customer_number, "X", "Meier"])
    outcome = take_in(anna, content, known=known)
    assert counts(outcome) == (0, changed, 1 - changed, 0)
    assert borne(anna) == {"Meier": expected}
    assert shown(outcome) == ([("A", "A, X")] if changed else [])
    assert verdicts(outcome.upload, Verdict.DIFFERS).count() == 1 - changed


def test_what_is_left_as_it_is_is_shown(anna):
    row = customer(anna, last_name="Meier", former_numbers=["A"])
    upload = checked(anna, table(["Kundennummer", *HEADINGS], [row.customer_number, "X", "Meier"]), known=OnKnown.SKIP)
    with row_scope.rows_of(anna):
        [told] = preview.differing(upload, anna)
    assert [(one.old, one.new) for one in told.differences] == [("A", "A, X")]


def test_an_empty_cell_takes_none_away(anna):
    row = customer(anna, last_name="Meier", former_numbers=["A"])
    content = table(["Kundennummer", *HEADINGS, "Ort"], [row.customer_number, "", "Meier", "Kiel"])
    assert counts(take_in(anna, content)) == (0, 1, 0, 0)
    assert borne(anna) == {"Meier": ["A"]}


def test_whoever_was_given_another_one_since_the_preview_is_left_alone(anna):
    row = customer(anna, last_name="Meier", former_numbers=["A"])
    upload = checked(anna, table(HEADINGS, ["A, X", "Meier"]))
    row.former_numbers = ["A", "B"]
    change_customer(customer=row, seen_at=row.changed_at, actor=anna)
    applied(upload, anna)
    assert (upload.result or {})["rejected"] == 1
    assert borne(anna) == {"Meier": ["A", "B"]}


def test_who_was_registered_with_the_number_since_the_preview_is_not_doubled(anna):
    upload = checked(anna, table(HEADINGS, ["A", "Meier"]))
    customer(anna, last_name="Meier", former_numbers=["A"])
    applied(upload, anna)
    assert (upload.result or {})["created"] == 0
    assert borne(anna) == {"Meier": ["A"]}


# --- files that we write ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_small", [False, True])
@pytest.mark.parametrize("look", ["excel-de", "plain"])
def test_export_tells_all_of_each(anna, is_small, look):
    row = customer(anna, last_name="Meier", former_numbers=["B", "A"])
    bears(row, "A", source="joining", origin="30100")
    customer(anna, last_name="Schulz", former_numbers=["mit, Komma", "C"])
    customer(anna, last_name="Ohne")
    lines = taken_out(anna, look, columns=("former_numbers", "last_name"), is_small=is_small).decode("utf-8-sig")
    rows = list(csv.reader(lines.splitlines(), delimiter=";" if look == "excel-de" else ","))[1:4]
    assert {name: formats.split_list(cell) for cell, name in rows} == {
        "Meier": ["A", "B"], "Schulz": ["C", "mit, Komma"], "Ohne": [],
    }  # fmt: skip


WORDS = st.text("aä7 ,\"'-=+\\{}", max_size=12).map(formats.clean_text).map(formats.without_text_mark).filter(bool)
PEOPLE = st.lists(st.lists(WORDS, max_size=4, unique=True), min_size=1, max_size=4)


@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(people=PEOPLE, profile=st.sampled_from(["excel-de", "plain", "xlsx", "jsonl"]))
def test_what_was_exported_changes_nothing_and_arrives_in_an_empty_base(cast, people, profile):
    here, there = cast.scope("anna", "Zentrale"), cast.scope("sven", "Zentrale", 20800)
    with transaction.atomic():
        for at, former in enumerate(people):
            customer(here, last_name=f"P{at}", former_numbers=former)
        content = taken_out(here, profile)
        again = take_in(here, content, name=file_name(profile), match="nothing")
        assert (again.changed, again.created, again.rejected) == (0, 0, 0)
        content = taken_out(here, profile, columns=("former_numbers", "last_name"))
        assert take_in(there, content, name=file_name(profile), match="nothing").created == len(people)
        assert borne(there) == borne(here)
        transaction.set_rollback(True)


# --- undoing ----------------------------------------------------------------------------------------------------


def edited(scope: Scope, name: str, **values: Any) -> None:
    row = Customer.objects.get(last_name=name)
    for field, value in values.items():
        setattr(row, field, value)
    with pghistory.context(**scope.history()):
        change_customer(customer=row, seen_at=row.changed_at, actor=scope)


def test_undone_it_takes_back_what_it_has_added_and_nothing_else(anna):
    with pghistory.context(**anna.history()):
        row = customer(anna, last_name="Meier", former_numbers=["A"])
        bears(row, "J", source="joining", origin="30100")
    done = take_in(anna, table(HEADINGS, ["A, X", "Meier"], ["N, M", "Neu"]))
    assert borne(anna) == {"Meier": ["A", "J", "X"], "Neu": ["M", "N"]}
    assert undone(done.upload, anna) == {"restored": 1, "removed": 1, "kept": 0, "stuck": 0}
    assert borne(anna) == {"Meier": ["A", "J"]}


@pytest.mark.parametrize("typed", [["A"], ["A", "X", "Y"], []])
def test_who_has_got_others_since_is_kept_and_told(anna, typed):
    with pghistory.context(**anna.history()):
        customer(anna, last_name="Meier", former_numbers=["A"])
    done = take_in(anna, table(HEADINGS, ["A, X", "Meier"], ["N", "Neu"]))
    edited(anna, "Meier", former_numbers=typed)
    edited(anna, "Neu", former_numbers=[])
    assert undone(done.upload, anna) == {"restored": 0, "removed": 0, "kept": 2, "stuck": 0}
    assert borne(anna) == {"Meier": typed, "Neu": []}


def test_who_was_changed_and_changed_back_is_as_he_was(anna):
    with pghistory.context(**anna.history()):
        customer(anna, last_name="Meier", former_numbers=["A"])
    done = take_in(anna, table(HEADINGS, ["A, X", "Meier"]))
    edited(anna, "Meier", former_numbers=["A"])
    edited(anna, "Meier", former_numbers=["A", "X"])
    assert undone(done.upload, anna) == {"restored": 1, "removed": 0, "kept": 0, "stuck": 0}
    # Whoever has typed it anew has said so himself: it is not the import's any more.
    assert borne(anna) == {"Meier": ["A", "X"]}


def test_two_imports_are_undone_in_either_order(anna):
    with pghistory.context(**anna.history()):
        customer(anna, last_name="Meier", former_numbers=["A"])
    first = take_in(anna, table(HEADINGS, ["A, X", "Meier"]))
    second = take_in(anna, table(HEADINGS, ["A, Y", "Meier"]))
    assert undone(second.upload, anna)["restored"] == 1
    assert borne(anna) == {"Meier": ["A", "X"]}
    assert undone(first.upload, anna)["restored"] == 1
    assert borne(anna) == {"Meier": ["A"]}


def test_the_first_undone_before_the_second_goes_with_the_second(anna):
    with pghistory.context(**anna.history()):
        customer(anna, last_name="Meier", former_numbers=["A"])
    first = take_in(anna, table(HEADINGS, ["A, X", "Meier"]))
    second = take_in(anna, table(HEADINGS, ["A, Y", "Meier"]))
    assert undone(first.upload, anna)["kept"] == 1
    assert borne(anna) == {"Meier": ["A", "X", "Y"]}
    assert undone(second.upload, anna)["restored"] == 1
    assert borne(anna) == {"Meier": ["A"]}


def test_two_rows_that_name_one_customer_by_different_former_numbers_are_one_too_many(anna):
    with pghistory.context(**anna.history()):
        customer(anna, last_name="Meier", former_numbers=["A", "C"])
    done = take_in(anna, table(HEADINGS, ["G, C", "Meier"], ["", "Neu"], ["E, A", "Meier"]), known=OnKnown.FILL)
    assert [(one.row, one.value, one.code) for one in done.rejections] == [(4, "A, E", "duplicate_row")]
    assert "2" in done.rejections[0].reason
    assert borne(anna) == {"Meier": ["A", "C", "G"], "Neu": []}


ROWS = st.lists(st.lists(st.sampled_from("ABCDEFGH"), max_size=3, unique=True), min_size=1, max_size=5)


@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(known=ROWS, imports=st.lists(ROWS, min_size=1, max_size=3))
def test_all_imports_undone_leave_what_was_before(cast, known, imports):
    anna = cast.scope("anna", "Zentrale")
    with transaction.atomic():
        with pghistory.context(**anna.history()):
            for at, former in enumerate(known):
                customer(anna, last_name=f"P{at}", former_numbers=former)
        before = borne(anna)
        done = [
            take_in(anna, table(HEADINGS, *[[", ".join(row), f"N{nth}-{at}"] for at, row in enumerate(rows)]),
                    known=OnKnown.FILL)
            for nth, rows in enumerate(imports)
        ]  # fmt: skip
        for outcome in reversed(done):
            undone(outcome.upload, anna)
        assert borne(anna) == before
        transaction.set_rollback(True)
