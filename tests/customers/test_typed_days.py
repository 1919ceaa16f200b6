"""Birthdays as people type them, and what the database takes for one."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from customers.formats import parse_typed_day
from customers.models import Customer
from customers.operations import register_customer
from tests.customers.transfer import table, take_in

TODAY = date(2026, 11, 28)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("7.11.47", date(1947, 11, 7)),
        ("07/11/47", date(1947, 11, 7)),
        ("7-11-47", date(1947, 11, 7)),
        ("28.11.26", date(2026, 11, 28)),
        ("29.11.26", date(1926, 11, 29)),
        ("29.2.00", date(2000, 2, 29)),
        ("29.2.26", None),
        ("7.11.1947", date(1947, 11, 7)),
        ("28/11/1947", date(1947, 11, 28)),
        ("1947-11-07", date(1947, 11, 7)),
        ("7. November 1947", date(1947, 11, 7)),
        ("7 Nov 47", date(1947, 11, 7)),
        ("Nov 7, 1947", date(1947, 11, 7)),
        ("7th", None),
        ("3. März 1980", date(1980, 3, 3)),
        ("3 Mar 1980", date(1980, 3, 3)),
        ("12. Dez. 1980", date(1980, 12, 12)),
        ("7 11 1947", date(1947, 11, 7)),
        ("12th November 1947", date(1947, 11, 12)),
        ("the 1st of May 1947", date(1947, 5, 1)),
        ("November 2nd 1947", date(1947, 11, 2)),
        ("7-Nov-1947", date(1947, 11, 7)),
        ("7/Nov/47", date(1947, 11, 7)),
        ("7. of nothing 1947", None),
        ("1947/11/07", date(1947, 11, 7)),
        ("1947.11.7", date(1947, 11, 7)),
        ("07111947", date(1947, 11, 7)),
        ("19471107", date(1947, 11, 7)),
        ("31021980", None),
        ("29.11.2026", None),
        ("2026-11-29", None),
        ("31.2.1980", None),
        ("7. Nebel 1947", None),
        ("gestern", None),
    ],
)
def test_day_is_read_as_it_is_meant(text, day):
    if day is None:
        with pytest.raises(ValidationError):
            parse_typed_day(text, today=TODAY)
    else:
        assert parse_typed_day(text, today=TODAY) == day


def test_nothing_is_no_day():
    assert parse_typed_day("  ", today=TODAY) is None


@given(day=st.dates(date(1927, 1, 1), TODAY))
def test_two_digits_of_the_last_hundred_years_come_back(day):
    assert parse_typed_day(f"{day:%d.%m.%y}", today=TODAY) == day


@pytest.mark.parametrize("language", ["de", "en", "en-gb"])
def test_form_takes_the_nearest_past_year(log_in, language):
    words = {"last_name": "Alt", "birthday": "7.11.47", "_save": ""}
    answer = log_in("bodo").post("/10400/2/customers/customer/add/", words, headers={"Accept-Language": language})
    assert answer.status_code == 302
    assert Customer.objects.get(last_name="Alt").birthday == date(1947, 11, 7)


@pytest.mark.parametrize("typed", ["2099-01-01", "0085-05-05", "1849-12-31"])
def test_form_refuses_at_the_field_what_is_no_birthday(log_in, typed):
    words = {"last_name": "Nie", "birthday": typed, "_save": ""}
    answer = log_in("bodo").post("/10400/2/customers/customer/add/", words)
    assert answer.status_code == 200
    assert "birthday" in answer.context["adminform"].form.errors
    assert not Customer.objects.filter(last_name="Nie").exists()


def test_database_refuses_it_on_every_path(cast):
    customer = register_customer(customer=Customer(last_name="A"), actor=cast.scope("bodo", "Hamburg"))
    rows = Customer.objects.filter(pk=customer.pk)
    for birthday in (timezone.localdate() + timedelta(days=2), date(85, 5, 5)):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(birthday=birthday)
    rows.update(birthday=timezone.localdate())


def test_import_rejects_the_row_and_takes_the_others(cast):
    content = table(["Kundennummer", "Name", "Geburtsdatum"], [1, "Nie", "2099-01-01"], [2, "Alt", "1947-11-07"])
    outcome = take_in(cast.scope("anna", "Zentrale"), content)
    assert (outcome.created, outcome.rejected) == (1, 1)
    assert [one.reason for one in outcome.rejections] == ["A birthday lies between 1850 and today."]


@pytest.mark.parametrize(("language", "shown"), [("de", "31.05.1980"), ("en", "31 May 1980"), ("en-gb", "31/05/1980")])
def test_days_look_as_the_reader_has_chosen_and_can_be_sent_back(log_in, cast, language, shown):
    customer = register_customer(
        customer=Customer(last_name="Alt", birthday=date(1980, 5, 31)), actor=cast.scope("bodo", "Hamburg")
    )
    bodo = log_in("bodo")
    bodo.cookies["django_language"] = language
    address = f"/10400/2/customers/customer/{customer.pk}/change/"
    page = bodo.get(address)
    assert f'value="{shown}"' in page.content.decode()
    assert f'<html lang="{language}"' in page.content.decode()
    form = page.context["adminform"].form
    words = {name: form[name].value() or "" for name in form.fields if form[name].value() is not False}
    answer = bodo.post(address, {**words, "tags": [], "birthday": shown, "first_name": "Neu", "_save": ""})
    assert answer.status_code == 302
    customer.refresh_from_db()
    assert (customer.first_name, customer.birthday) == ("Neu", date(1980, 5, 31))


@given(day=st.dates(date(1927, 1, 1), TODAY), language=st.sampled_from(["de", "en", "en-gb"]))
def test_every_way_to_show_a_day_can_be_typed(day, language):
    with override(language):
        for style in ("DATE_FORMAT", "SHORT_DATE_FORMAT"):
            assert parse_typed_day(date_format(day, style), today=TODAY) == day


def test_everybody_chooses_at_the_login_and_in_the_menu(client, log_in):
    for page in (client.get("/login/"), log_in("bodo").get("/10400/2/")):
        for name in ("Deutsch", "English · 28 Nov 2026", "English · 28/11/2026"):
            assert name in page.content.decode()
