"""A birthday without its year: on the form, in the history, in files, and what the database says about it."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from customers.choices import OnKnown
from customers.history.changes import history_of
from customers.models import Customer
from tests.customers.people import HAMBURG, LIST, customer, form_data, page_of
from tests.customers.transfer import reasons, table, take_in, taken_out

DAY = "05-17"
ADD = f"{HAMBURG}{LIST}add/"


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


def known(anna, **values) -> Customer:
    return customer(anna, former_numbers=["K1"], last_name="Meier", **values)


def now(customer: Customer) -> tuple[date | None, str]:
    fresh = Customer.objects.get(pk=customer.pk)
    return fresh.birthday, fresh.birthday_without_year


@pytest.mark.parametrize("day", ["02-30", "04-31", "13-01", "00-10", "1-1", "5-17"])
def test_the_database_knows_which_days_there_are(anna, day):
    with pytest.raises(IntegrityError, match="customer_day_of_birth_exists"), transaction.atomic():
        Customer.objects.create(
            organization=anna.organization, base=anna.base, customer_number=1, last_name="A", birthday_without_year=day
        )


def test_a_birthday_is_said_once(anna):
    with pytest.raises(IntegrityError, match="customer_birthday_said_once"), transaction.atomic():
        Customer.objects.create(
            organization=anna.organization, base=anna.base, customer_number=1, last_name="A",
            birthday=date(1990, 5, 17), birthday_without_year=DAY,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "said", "way", "after"),
    [
        ((None, ""), "17.05.", OnKnown.OVERWRITE, (None, DAY)),
        ((date(1990, 5, 17), ""), "17.05.", OnKnown.OVERWRITE, (date(1990, 5, 17), "")),
        ((date(1990, 5, 18), ""), "17.05.", OnKnown.OVERWRITE, (None, DAY)),
        ((None, DAY), "17.05.1990", OnKnown.OVERWRITE, (date(1990, 5, 17), "")),
        ((None, DAY), "", OnKnown.OVERWRITE, (None, "")),
        ((None, ""), "17.05.", OnKnown.FILL, (None, DAY)),
        ((None, DAY), "17.05.1990", OnKnown.FILL, (date(1990, 5, 17), "")),
        ((None, DAY), "18.05.1990", OnKnown.FILL, (None, DAY)),
        ((None, DAY), "18.05.", OnKnown.FILL, (None, DAY)),
        ((date(1990, 5, 17), ""), "18.05.", OnKnown.FILL, (date(1990, 5, 17), "")),
        ((date(1990, 5, 17), ""), "18.05.", OnKnown.SKIP, (date(1990, 5, 17), "")),
    ],
)
def test_import_of_a_known_customer(anna, before, said, way, after):
    customer = known(anna, birthday=before[0], birthday_without_year=before[1])
    outcome = take_in(anna, table(["Altnummer", "Geburtstag"], ["K1", said]), known=way)
    assert reasons(outcome) == []
    assert now(customer) == after


@pytest.mark.parametrize("profile", ["excel-de", "plain", "xlsx", "jsonl"])
def test_a_file_written_and_read_changes_nothing(anna, profile):
    customer = known(anna, birthday_without_year=DAY)
    content = taken_out(anna, profile)
    outcome = take_in(anna, content, name={"xlsx": "a.xlsx", "jsonl": "a.jsonl"}.get(profile, "a.csv"))
    assert (outcome.unchanged, reasons(outcome)) == (1, [])
    assert now(customer) == (None, DAY)


def test_two_columns_that_say_different_days_are_told(anna):
    content = table(
        ["Name", "Geburtsdatum", "Geburtstag ohne Jahr"], ["A", "17.05.", "18.05."], ["B", "17.05.", "17.05."]
    )
    outcome = take_in(anna, content)
    assert [(one.row, one.code) for one in outcome.rejections] == [(2, "two_values")]
    assert Customer.objects.get().birthday_without_year == DAY


def test_both_a_date_and_a_day_are_refused_by_the_rule(anna):
    content = table(["Name", "Geburtsdatum", "Geburtstag ohne Jahr"], ["A", "17.05.1990", "17.05."])
    assert [one.code for one in take_in(anna, content).rejections] == ["customer_birthday_said_once"]


def test_it_is_in_the_history_as_one_reads_it(anna):
    customer = known(anna, birthday_without_year=DAY)
    [entry], _more = history_of(customer, page=1, scope=anna)
    assert "17.05." in [change.new for change in entry.changes]


def test_customers_of_a_month_and_of_a_day(anna):
    customer = known(anna, birthday_without_year=DAY)
    customers = Customer.objects.in_base(anna.base)
    assert list(customers.with_birthday_in(5)) == list(customers.with_birthday_on([date(2000, 5, 17)])) == [customer]
    assert list(customers.with_birthday_in(6)) == list(customers.with_birthday_on([date(2000, 5, 18)])) == []


def test_the_form_takes_a_day_as_people_write_it_and_shows_it_so(log_in):
    bodo = log_in("bodo")
    bodo.post(ADD, {"last_name": "Meier", "birthday_without_year": "17.5."})
    made = Customer.objects.get(last_name="Meier")
    assert made.birthday_without_year == DAY
    page = bodo.get(page_of(made))
    assert form_data(page)["birthday_without_year"] == "17.05."
    bodo.post(page_of(made), form_data(page, city="Kiel"))
    assert now(made) == (None, DAY)


@pytest.mark.parametrize(
    "typed", [{"birthday_without_year": "31.2."}, {"birthday_without_year": "17.5.", "birthday": "1990-05-17"}]
)
def test_the_form_refuses_at_the_field(log_in, typed):
    answer = log_in("bodo").post(ADD, {"last_name": "Meier", **typed})
    assert list(answer.context["adminform"].form.errors) == ["birthday_without_year"]
    assert not Customer.objects.exists()


def test_the_form_keeps_nothing_that_nobody_sees(log_in):
    log_in("bodo").post(ADD, {"last_name": "Mei\u00ader", "city": "\u200bKiel"})
    made = Customer.objects.get()
    assert (made.last_name, made.city) == ("Meier", "Kiel")
