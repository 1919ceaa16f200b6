"""Birthdays and new customers as lists: by the list itself, its export, and the worker that makes one later."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from customers import statistics
from customers.birthdays import birthdays_within, celebrated_on
from customers.models import Customer
from customers.selection.selecting import select
from tests.customers.people import HAMBURG, LIST, customer


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def today(monkeypatch) -> date:
    """29 December: the lists go over the end of the year."""
    day = date(2026, 12, 29)
    monkeypatch.setattr("customers.selection.criteria.timezone.localdate", lambda: day)
    return day


def born(scope, name: str, month: int, day: int) -> Customer:
    return customer(scope, last_name=name, birthday=date(1980, month, day))


def names(client, query: str) -> list[str]:
    return [one.last_name for one in client.get(f"{HAMBURG}{LIST}{query}").context["cl"].result_list]


def test_birthdays_of_the_next_days_in_the_order_of_the_calendar(scope, today, log_in, cast):
    born(scope, "Zander", 12, 29)
    born(scope, "Anders", 1, 4)
    born(scope, "Berg", 1, 5)
    born(scope, "Ende", 1, 27)
    born(scope, "Später", 1, 28)
    customer(scope, last_name="Ohne Jahr", birthday_without_year="12-31")
    customer(scope, last_name="Ohne")
    Customer.objects.filter(pk=born(scope, "Archiv", 12, 29).pk).update(archived_at=timezone.now())
    born(cast.scope("sven", "München", 20800), "Fremd", 12, 29)
    bodo = log_in("bodo")
    assert names(bodo, "?birthday=today") == ["Zander"]
    assert names(bodo, "?birthday=7days") == ["Zander", "Ohne Jahr", "Anders"]
    assert names(bodo, "?birthday=30days") == ["Zander", "Ohne Jahr", "Anders", "Berg", "Ende"]
    assert names(bodo, "?birthday=1") == ["Anders", "Berg", "Ende", "Später"]
    assert names(bodo, "?birthday=7days&o=-2") == ["Zander", "Ohne Jahr", "Anders"]
    assert bodo.get(f"{HAMBURG}{LIST}?birthday=8days").status_code == 302


def test_list_of_birthdays_says_when_they_are_and_how_old_one_becomes(scope, log_in):
    day = timezone.localdate()
    customer(scope, last_name="Heute", birthday=day.replace(year=day.year - 40, day=min(day.day, 28)))
    page = log_in("bodo").get(f"{HAMBURG}{LIST}?birthday={day.month}", headers={"Accept-Language": "en"})
    assert "Next birthday" in page.content.decode()
    assert "40 years" in page.content.decode() or "41 years" in page.content.decode()
    assert "Next birthday" not in log_in("bodo").get(f"{HAMBURG}{LIST}").content.decode()


def test_very_many_birthdays_are_listed_by_name(scope, today, log_in, monkeypatch):
    monkeypatch.setattr("customers.paginator.LIMIT", 2)
    for name, day in (("Cordes", 29), ("Behn", 30), ("Ahlers", 31)):
        born(scope, name, 12, day)
    assert names(log_in("bodo"), "?birthday=7days") == ["Ahlers", "Behn", "Cordes"]


def test_new_customers_are_those_of_a_month_the_latest_first(scope, today, log_in):
    place, moments = scope.location, {
        "Vorher": datetime(2026, 10, 31, 22, 59, tzinfo=UTC), "Erster": datetime(2026, 10, 31, 23, 0, tzinfo=UTC),
        "Letzter": datetime(2026, 11, 30, 22, 59, tzinfo=UTC), "Dieser": datetime(2026, 11, 30, 23, 0, tzinfo=UTC),
        "Neuer": datetime(2026, 12, 2, tzinfo=UTC),
    }  # fmt: skip
    Customer.objects.bulk_create(
        Customer(
            organization=place.organization, base=place.base, customer_number=number, last_name=name, created_at=at
        )
        for number, (name, at) in enumerate(moments.items(), 1)
    )
    bodo = log_in("bodo")
    assert names(bodo, "?registered=this_month") == ["Neuer", "Dieser"]
    assert names(bodo, "?registered=last_month") == ["Letzter", "Erster"]
    assert names(bodo, "?registered=this_month&o=2") == ["Dieser", "Neuer"]
    assert bodo.get(f"{HAMBURG}{LIST}?registered=ever").status_code == 302


def test_export_takes_the_very_list_and_the_worker_that_of_the_day_on_which_it_was_asked_for(scope, today):
    born(scope, "Heute", 12, 29)
    born(scope, "Morgen", 12, 30)
    later = {"asked_on": today + timedelta(days=1)}
    assert [one.last_name for one in select(scope, "birthday=today").customers] == ["Heute"]
    assert [one.last_name for one in select(scope, "birthday=today", **later).customers] == ["Morgen"]
    assert select(scope, "birthday=7days").customers.count() == 2


def test_words_of_an_export_say_by_what_it_was_narrowed(scope):
    assert str(select(scope, "birthday=30days").in_words) == "Birthday: in the next 30 days"
    assert str(select(scope, "registered=last_month").in_words) == "Registered in: last month"


def test_side_bar_leads_to_both_lists_and_marks_the_open_one(scope, log_in):
    def marked(query: str) -> list[str]:
        groups = log_in("bodo").get(f"{HAMBURG}{LIST}{query}").context["sidebar_navigation"]
        return [item["link"] for group in groups for item in group["items"] if item["active"]]

    assert marked("?birthday=7days") == [f"{HAMBURG}{LIST}?birthday=7days"]
    assert marked("?registered=this_month") == [f"{HAMBURG}{LIST}?registered=this_month"]
    assert marked("?birthday=today") == marked("") == [f"{HAMBURG}{LIST}"]


@given(
    born_on=st.dates(date(1900, 1, 1), date(2020, 12, 31)),
    start=st.dates(date(2021, 1, 1), date(2120, 12, 31)),
    days=st.integers(1, 60),
)
def test_day_of_birth_is_among_the_next_days_exactly_if_it_is_celebrated_on_one(born_on, start, days):
    window = {(day.month, day.day) for day in birthdays_within(start, days)}
    celebrated = {celebrated_on(born_on, start.year), celebrated_on(born_on, start.year + 1)}
    assert ((born_on.month, born_on.day) in window) is bool(
        celebrated & {start + timedelta(days=ahead) for ahead in range(days)}
    )


def many_born(scope) -> None:
    """So many, over the whole year, that reading all of them would be slower than any index."""
    Customer.objects.bulk_create(
        Customer(
            organization=scope.organization, base=scope.base, customer_number=number, last_name="Muster",
            birthday=date(1950, 1, 1) + timedelta(days=7 * number) if number % 2 else None,
            birthday_without_year="" if number % 2 else f"{number % 12 + 1:02}-{number % 28 + 1:02}",
        )
        for number in range(1, 2001)
    )  # fmt: skip
    statistics.gather(statistics.WRITTEN, rows=1_000_000)


def test_birthdays_are_found_by_their_indexes(scope):
    many_born(scope)
    for days in (1, 7, 30):
        found = Customer.objects.in_base(scope.base).active().with_birthday_within(date(2026, 12, 29), days)
        plan = found.order_by().explain()
        assert "customer_by_birthday" in plan
        assert "customer_by_day_of_birth" in plan
        assert "Seq Scan" not in plan


def test_new_customers_are_found_by_their_index(scope):
    many_born(scope)  # of a table that is empty any index is as good
    found = Customer.objects.in_base(scope.base).registered_since(date(2026, 12, 1), until=date(2027, 1, 1))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        plan = found.order_by("-created_at", "-pk").explain()
    assert "customer_by_created" in plan
