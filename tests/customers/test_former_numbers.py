"""A customer has as many former numbers as there are: typed, found, told in the history and brought back."""

from __future__ import annotations

from typing import Any

import pghistory
import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.translation import override

from customers import formats
from customers.history.changes import history_of
from customers.history.versions import preview_version, restore_version
from customers.models import Customer, FormerNumber
from customers.operations import CustomerChangedMeanwhile, change_customer, register_customer
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.conftest import questions
from tests.customers.people import BREMEN, HAMBURG, LIST, bears, customer, form_data, page_of, person_without

pytestmark = pytest.mark.django_db
ADD = f"{HAMBURG}{LIST}add/"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def numbers(row: Customer) -> list[tuple[str, str, str]]:
    rows = FormerNumber.objects.of_customer(row).order_by("number", "source", "origin")
    return list(rows.values_list("number", "source", "origin"))


def fresh(row: Customer) -> Customer:
    return Customer.objects.get(pk=row.pk)


def edited(scope: Scope, row: Customer, **values: Any) -> Customer:
    row = fresh(row)
    for name, value in values.items():
        setattr(row, name, value)
    with pghistory.context(**scope.history()):
        return change_customer(customer=row, seen_at=row.changed_at, actor=scope)


# --- operations -------------------------------------------------------------------------------------------------


def test_several_are_kept_each_once_in_their_stored_form(anna):
    row = customer(anna, former_numbers=["K-2", " A  1 ", "K-2", "", "'0077"])
    assert numbers(row) == [("0077", "typed", ""), ("A 1", "typed", ""), ("K-2", "typed", "")]
    assert row.former_numbers == ["0077", "A 1", "K-2"]


def test_who_is_saved_without_a_word_of_them_keeps_them(anna):
    row = customer(anna, former_numbers=["K-2"])
    edited(anna, row, city="Kiel")
    assert fresh(row).former_numbers == ["K-2"]


def test_what_is_assigned_takes_the_place_of_all_and_keeps_where_the_others_came_from(anna):
    row = customer(anna)
    bears(row, "7", source="joining", origin="30100")
    bears(row, "A", "B", source="import", origin="square")
    edited(anna, row, former_numbers=["7", "B", "C"])
    assert numbers(row) == [("7", "joining", "30100"), ("B", "import", "square"), ("C", "typed", "")]
    edited(anna, row, former_numbers=[])
    assert numbers(row) == []


def test_a_number_that_is_too_long_is_refused_at_its_field_and_nothing_is_written(anna):
    row = customer(anna, former_numbers=["K-2"])
    with pytest.raises(ValidationError) as refused:
        edited(anna, row, city="Kiel", former_numbers=["1" * 41])
    assert set(refused.value.error_dict) == {"former_numbers"}
    assert (fresh(row).city, fresh(row).former_numbers) == ("", ["K-2"])
    with pytest.raises(ValidationError):
        register_customer(customer=_named("Neu", ["1" * 41]), actor=anna)
    assert not Customer.objects.filter(last_name="Neu").exists()


def _named(name: str, former: list[str]) -> Customer:
    row = Customer(last_name=name)
    row.former_numbers = former
    return row


def test_a_change_of_them_alone_is_a_change_of_the_customer(anna):
    row = customer(anna)
    opened = row.changed_at
    edited(anna, row, former_numbers=["K-2"])
    stale = fresh(row)
    stale.former_numbers = ["X"]
    with pytest.raises(CustomerChangedMeanwhile):
        change_customer(customer=stale, seen_at=opened, actor=anna)
    assert fresh(row).former_numbers == ["K-2"]


# --- the database -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [{"number": ""}, {"number": " "}, {"number": "7", "source": "dreamt"},
     {"number": "7", "source": "joining"}, {"number": "K-2"}],
)  # fmt: skip
def test_database_keeps_what_makes_no_sense_away(anna, values):
    row = customer(anna, former_numbers=["K-2"])
    with pytest.raises(IntegrityError), transaction.atomic():
        FormerNumber.objects.bulk_create([FormerNumber(base=anna.base, customer=row, **{"source": "typed", **values})])


def test_a_number_of_another_base_cannot_be_stored(cast, anna):
    other = cast.scope("sven", "Zentrale", 20800)
    row = customer(anna)
    FormerNumber.objects.bulk_create([FormerNumber(base=other.base, customer=row, number="7", source="typed")])
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    FormerNumber.objects.filter(base=other.base).delete()


def test_nobody_changes_one(anna):
    row = customer(anna, former_numbers=["K-2"])
    with pytest.raises(DatabaseError), transaction.atomic():
        FormerNumber.objects.of_customer(row).update(number="K-3")


def test_the_same_number_is_borne_by_two_customers_and_twice_by_one_from_two_sources(anna):
    first, second = customer(anna), customer(anna)
    for row in (first, second):
        bears(row, "7", source="joining", origin="30100")
        bears(row, "7")
    assert first.former_numbers == second.former_numbers == ["7"]
    assert len(numbers(first)) == 2


def test_rows_of_another_business_do_not_exist(cast, anna):
    customer(anna, former_numbers=["K-2"])
    with row_scope.rows_of(cast.scope("sven", "Zentrale", 20800)):
        assert not FormerNumber.objects.exists()
    with row_scope.rows_of(cast.scope("anna", "Bremen")):
        assert FormerNumber.objects.count() == 1


# --- search -----------------------------------------------------------------------------------------------------


def found(scope: Scope, words: str, hidden: Any = ()) -> list[str]:
    with row_scope.rows_of(scope):
        rows = Customer.objects.in_base(scope.base).matching(words, hidden=hidden)
        return sorted(rows.values_list("last_name", flat=True))


@pytest.mark.parametrize(
    "typed", ["A-77/9", "a77", "a-77", "a779", "ä-77", "AB 12", "ab12", "ab 12", "meier a-77", "A-77 B-1", "7"]
)
def test_any_of_several_is_found_by_how_it_begins(anna, typed):
    customer(anna, last_name="Meier", former_numbers=["A-77/9", "AB 12", "B-1", "7"])
    customer(anna, last_name="Schulz", former_numbers=["71"])
    assert found(anna, typed) == ["Meier"]


@pytest.mark.parametrize("typed", ["77/9", "schulz a-77", "a-78", "-", "%"])
def test_what_is_no_beginning_finds_nobody(anna, typed):
    customer(anna, last_name="Meier", former_numbers=["A-77/9"])
    customer(anna, last_name="Schulz")
    assert found(anna, typed) == []


def test_a_short_word_finds_the_whole_number_only(anna):
    customer(anna, last_name="Meier", former_numbers=["71"])
    assert (found(anna, "7"), found(anna, "71")) == ([], ["Meier"])


def test_who_may_not_see_contact_data_finds_by_it_as_well(anna):
    customer(anna, last_name="Meier", former_numbers=["A-77"], mobile="+491711000001")
    assert found(anna, "a-77", hidden={"mobile", "email"}) == ["Meier"]


def test_the_number_of_another_business_finds_nobody(cast, anna):
    customer(cast.scope("sven", "Zentrale", 20800), last_name="Fremd", former_numbers=["A-77"])
    assert found(anna, "a-77") == []
    customer(cast.scope("anna", "Bremen"), last_name="Meier", former_numbers=["A-77"])
    assert found(anna, "a-77") == ["Meier"]


def test_an_index_finds_the_numbers_under_row_security(anna):
    people = [
        Customer(organization=anna.organization, base=anna.base, customer_number=9_000_000 + n, last_name=f"Name {n}")
        for n in range(3_000)
    ]
    with row_scope.rows_of(anna), connection.cursor() as cursor:
        FormerNumber.objects.bulk_create(
            FormerNumber(base=anna.base, customer=row, number=f"N{row.customer_number - 9_000_000}", source="typed")
            for row in Customer.objects.bulk_create(people)
        )
        cursor.execute("SELECT customers_analyze(ARRAY['customers_customer', 'customers_formernumber'])")
        assert found(anna, "n299") == sorted(f"Name {n}" for n in (299, *range(2990, 3000)))
        query = Customer.objects.in_base(anna.base).matching("n2999", hidden=()).values("pk").query
        cursor.execute("EXPLAIN " + str(cursor.mogrify(*query.sql_with_params())))
        told = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan using formernumber_by_key" in told
    assert "id = ANY ((InitPlan" in told, "the ids are to be read once, and not asked of each customer"


# --- form -------------------------------------------------------------------------------------------------------


def test_form_shows_and_takes_several(log_in, anna):
    client = log_in("anna")
    client.post(ADD, {"last_name": "Neu", "discount": "0", "former_numbers": 'K-2, A 1, "mit, Komma"'})
    row = Customer.objects.get(last_name="Neu")
    assert row.former_numbers == ["A 1", "K-2", "mit, Komma"]
    page = client.get(page_of(row))
    data = form_data(page)
    assert data["former_numbers"] == 'A 1, K-2, "mit, Komma"'
    client.post(page_of(row), {**data, "former_numbers": "A 1, Z"})
    assert fresh(row).former_numbers == ["A 1", "Z"]


def test_form_that_leaves_them_alone_keeps_where_they_came_from(log_in, anna):
    row = customer(anna, former_numbers=["K-2"])
    bears(row, "7", source="joining", origin="30100")
    client = log_in("anna")
    data = form_data(client.get(page_of(row)))
    client.post(page_of(row), {**data, "city": "Kiel"})
    assert fresh(row).city == "Kiel"
    assert numbers(row) == [("7", "joining", "30100"), ("K-2", "typed", "")]


def test_form_says_at_the_field_what_is_wrong(log_in, anna):
    page = log_in("anna").post(ADD, {"last_name": "Neu", "discount": "0", "former_numbers": "1" * 41})
    assert list(page.context["adminform"].form.errors) == ["former_numbers"]
    assert not Customer.objects.filter(last_name="Neu").exists()


def test_who_may_only_look_sees_them_and_sends_nothing(log_in, anna):
    row = customer(anna, former_numbers=["A-1", "K-2"])
    client = log_in("carla")
    place = page_of(row, BREMEN)
    assert "A-1, K-2" in client.get(place).content.decode()
    assert client.post(place, {"last_name": "X", "former_numbers": "weg"}).status_code == 403
    assert fresh(row).former_numbers == ["A-1", "K-2"]


def test_who_may_not_see_contact_data_sees_and_writes_them(log_in, anna):
    """They are open, as the customer number is."""
    row = customer(anna, former_numbers=["A-1"])
    person_without(Right.SEE_CONTACT_DATA, Right.SEE_BANK_DATA, Right.SEE_MEMOS)
    client = log_in("teilsicht")
    data = form_data(client.get(page_of(row)))
    assert data["former_numbers"] == "A-1"
    client.post(page_of(row), {**data, "former_numbers": "A-1, B-2"})
    assert fresh(row).former_numbers == ["A-1", "B-2"]


def test_two_at_once_do_not_overwrite_one_another(log_in, anna):
    """Whoever comes second is shown what the first has typed."""
    row = customer(anna, former_numbers=["A-1"])
    client = log_in("anna")
    first, second = form_data(client.get(page_of(row))), form_data(client.get(page_of(row)))
    client.post(page_of(row), {**first, "former_numbers": "A-1, B-2"})
    page = client.post(page_of(row), {**second, "former_numbers": "A-1, C-3"})
    told = page.context["differences"]
    assert [(one.label, one.old, one.new) for one in told] == [("Former customer numbers", "A-1, B-2", "A-1, C-3")]
    assert fresh(row).former_numbers == ["A-1", "B-2"]


# --- history and older states -----------------------------------------------------------------------------------


def told(row: Customer, scope: Scope) -> list[list[tuple[str, str, str]]]:
    with override("en"):
        entries, _more = history_of(fresh(row), page=1, scope=scope)
    return [
        [(one.label, one.old, one.new) for one in entry.changes if one.label == "Former customer numbers"]
        for entry in entries
    ]


def test_history_tells_each_change_where_it_happened(anna):
    with pghistory.context(**anna.history()):
        row = customer(anna, former_numbers=["A"])
    edited(anna, row, city="Kiel")
    edited(anna, row, former_numbers=["A", "B"])
    edited(anna, row, former_numbers=["B"], city="Bonn")
    assert told(row, anna) == [
        [("Former customer numbers", "A, B", "B")],
        [("Former customer numbers", "A", "A, B")],
        [],
        [("Former customer numbers", "", "A")],
    ]


def test_an_older_state_brings_back_its_numbers_and_takes_the_later_ones(anna):
    with pghistory.context(**anna.history()):
        row = customer(anna, former_numbers=["A"])
    edited(anna, row, former_numbers=["A", "B"], city="Kiel")
    edited(anna, row, former_numbers=["C"], city="Bonn")
    entries, _more = history_of(fresh(row), page=1, scope=anna)
    states = {entry.version: entry for entry in entries if entry.version}
    for version, expected in zip(states, (["A", "B"], ["A"]), strict=True):
        now = fresh(row)
        with override("en"):
            plan = preview_version(customer=now, version=version, actor=anna)
        assert ("Former customer numbers", ", ".join(now.former_numbers), ", ".join(expected)) in [
            (one.label, one.old, one.new) for one in plan.changes
        ]
        restore_version(customer=now, version=version, seen_at=now.changed_at, actor=anna)
        assert fresh(row).former_numbers == expected


def test_pages_ask_no_more_for_many_numbers(log_in, anna, django_assert_num_queries):
    client = log_in("anna")
    counts = []
    for count in (1, 30):
        row = customer(anna, former_numbers=[f"N{n}" for n in range(count)])
        with CaptureQueriesContext(connection) as asked:
            client.get(page_of(row))
            client.get(f"{HAMBURG}{LIST}{row.pk}/history/")
            client.get(f"{HAMBURG}{LIST}?q=N0")
        counts.append(len(questions(asked)))
    assert counts[0] == counts[1]


def test_list_of_words_reads_what_it_writes():
    for words in (["a"], ["a, b", 'c"d'], [], ['"', ","], ["a;b", "c"], [";", '";"'], ['7" Platte', "8"]):
        assert formats.split_list(formats.join_list(words)) == sorted(words)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("A; B;C", ["A", "B", "C"]),
        ("A, B; C", ["A", "B", "C"]),
        (";A;;", ["A"]),
        ('A; "B; C" ;D', ["A", "B; C", "D"]),
        ('"A;B";C', ["A;B", "C"]),
        ('"A;B', ["A;B"]),
        ('7" x; 8" y', ['7" x', '8" y']),
    ],
)
def test_words_are_separated_by_semicolons_as_well(typed, words):
    assert formats.split_list(typed) == words


def test_semicolons_separate_numbers_in_the_form(anna, log_in):
    row = customer(anna)
    client = log_in("anna")
    client.post(page_of(row), {**form_data(client.get(page_of(row))), "former_numbers": "K-2; A 1;Z"})
    assert fresh(row).former_numbers == ["A 1", "K-2", "Z"]
