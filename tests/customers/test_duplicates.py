"""Who is shown as a possible duplicate, and why; and how the form asks."""

from datetime import date

import pytest

from customers.duplicates import MOST_CANDIDATES, Sought, candidates
from customers.models import Customer
from customers.operations import archive_customers
from tests.customers.people import HAMBURG, LIST, customer, page_of

ADD, LIVE = f"{HAMBURG}{LIST}add/", f"{HAMBURG}{LIST}duplicates/"
VERA = {
    "first_name": "Vera", "last_name": "Müller", "email": "vera@example.com", "mobile": "+491701234567",
    "birthday": date(1980, 5, 31), "postal_code": "28195",
}  # fmt: skip


@pytest.fixture
def scope(cast):
    return cast.scope("bodo", "Hamburg")


def reasons(scope, **values):
    found = candidates(Sought.of(values), scope=scope)
    return {
        candidate.customer.last_name or candidate.customer.company: [str(r) for r in candidate.reasons]
        for candidate in found
    }


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"email": "VERA@Example.com"}, ["same e-mail"]),
        ({"phone_business": "+491701234567"}, ["same phone"]),
        ({"first_name": "vera", "last_name": "MULLER", "birthday": date(1980, 5, 31)}, ["same name and birthday"]),
        ({"first_name": "Vera", "last_name": "Müller", "postal_code": "28195"}, ["same name and postal code"]),
        (VERA, ["same e-mail", "same phone", "same name and birthday", "same name and postal code"]),
    ],
)  # fmt: skip
def test_candidate_is_named_with_every_reason(scope, values, why):
    customer(scope, **VERA)
    assert reasons(scope, **values) == {"Müller": why}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"email": "era@example.com"},
        {"email": "vera@example.co"},
        {"mobile": "+491711234567"},
        {"first_name": "Vera", "last_name": "Müller"},
        {"first_name": "Vera", "last_name": "Müller", "birthday": date(1980, 5, 30), "postal_code": "28199"},
        {"first_name": "Ver", "last_name": "Müller", "postal_code": "28195"},
        {"last_name": "Müller", "postal_code": "28195"},
        {"email": "%@example.com"},
        {"email": "____@example.com"},
    ],
)
def test_nearly_the_same_is_no_candidate(scope, values):
    customer(scope, **VERA)
    assert reasons(scope, **values) == {}


@pytest.mark.parametrize(
    ("row", "sought"),
    [
        ({"company": "Bäcker GmbH", "alias": "BG"}, {"company": "bäcker gmbh"}),
        ({"last_name": "Jäger", "company": "Jagd KG"}, {"last_name": "Jager"}),
        ({"first_name": "Yıldız"}, {"first_name": "Yıldız"}),
    ],
)
def test_names_of_every_shape_are_compared(scope, row, sought):
    made = customer(scope, **row, postal_code="1a b")
    found = candidates(Sought.of({**sought, "postal_code": "1A B"}), scope=scope)
    assert [candidate.customer.pk for candidate in found] == [made.pk]


@pytest.mark.parametrize(
    ("known", "sought", "is_found"),
    [
        ({"birthday_without_year": "05-17"}, {"birthday_without_year": "05-17"}, True),
        ({"birthday_without_year": "05-17"}, {"birthday_without_year": "05-18"}, False),
        ({"birthday_without_year": "05-17"}, {"birthday": date(1990, 5, 17)}, True),
        ({"birthday": date(1990, 5, 17)}, {"birthday_without_year": "05-17"}, True),
        ({"birthday": date(1990, 5, 17)}, {"birthday": date(1991, 5, 17)}, False),
        ({"birthday": date(1990, 5, 17)}, {"birthday_without_year": "05-16"}, False),
    ],
)
def test_day_without_year_agrees_with_the_birthdays_on_it(scope, known, sought, is_found):
    customer(scope, last_name="Jäger", **known)
    assert reasons(scope, last_name="Jäger", **sought) == ({"Jäger": ["same name and birthday"]} if is_found else {})


def test_company_of_a_person_is_not_the_name(scope):
    customer(scope, last_name="Jäger", company="Jagd KG", postal_code="28195")
    assert reasons(scope, company="Jagd KG", postal_code="28195") == {}


def test_who_shares_more_comes_first_and_the_archived_count(scope, cast):
    customer(scope, last_name="Eins", mobile=VERA["mobile"])
    gone = customer(scope, **VERA)
    archive_customers(customers=[gone.pk], reason="Verzogen", actor=cast.scope("anna", "Hamburg"))
    assert list(reasons(scope, **VERA)) == ["Müller", "Eins"]


def test_customer_being_edited_is_not_his_own_duplicate(scope):
    made = customer(scope, **VERA)
    assert candidates(Sought.of(VERA), scope=scope, but=made.pk) == []


def test_customers_of_another_base_are_no_candidates(scope, cast):
    customer(cast.scope("sven", "München", 20800), **VERA)
    assert reasons(scope, **VERA) == {}


@pytest.mark.parametrize("count", [1, 3, 9])
def test_question_is_two_queries_at_any_number_of_candidates(scope, count, django_assert_num_queries):
    for number in range(count):
        customer(scope, **{**VERA, "alias": str(number)})
    with django_assert_num_queries(2):
        assert len(candidates(Sought.of(VERA), scope=scope)) == min(count, MOST_CANDIDATES)


def test_form_warns_once_and_registers_on_the_second_word(scope, log_in):
    known, bodo = customer(scope, **VERA), log_in("bodo")
    typed = {"first_name": "Vera", "last_name": "Müller", "mobile": "0170 1234567"}
    warned = bodo.post(ADD, typed)
    assert [error.code for error in warned.context["adminform"].form.errors.as_data()["__all__"]] == [
        "possible_duplicates"
    ]
    assert page_of(known) in warned.content.decode()
    assert Customer.objects.count() == 1
    answer = bodo.post(ADD, {**typed, "known_candidates": str(known.pk)})
    assert (answer.status_code, Customer.objects.count()) == (302, 2)


def test_form_warns_again_where_a_new_candidate_appears(scope, log_in):
    known = customer(scope, **VERA)
    customer(scope, last_name="Neu", email="neu@example.com")
    typed = {"last_name": "Müller", "mobile": "0170 1234567", "email": "neu@example.com"}
    assert log_in("bodo").post(ADD, {**typed, "known_candidates": str(known.pk)}).status_code == 200


def test_change_of_a_customer_asks_for_no_duplicates(scope, log_in):
    made = customer(scope, **VERA)
    customer(scope, last_name="Zwei", mobile=VERA["mobile"])
    data = {**VERA, "birthday": "1980-05-31", "seen_at": made.changed_at.isoformat(), "city": "Kiel"}
    assert log_in("bodo").post(page_of(made), data).status_code == 302


def test_live_question_shows_the_candidates_while_typing(scope, log_in):
    known, bodo = customer(scope, **VERA), log_in("bodo")
    shown = bodo.post(LIVE, {"mobile": "0170 1234567", "email": "vera@", "birthday": "3"}).content.decode()
    assert page_of(known) in shown
    named = {"first_name": "Vera", "last_name": "Müller", "birthday_without_year": "31.5."}
    assert page_of(known) in bodo.post(LIVE, named).content.decode()
    assert "<html" not in shown
    assert page_of(known) not in bodo.post(LIVE, {"mobile": "0170 12345"}).content.decode()


def test_live_question_takes_no_address(log_in):
    assert log_in("bodo").get(LIVE).status_code == 405
