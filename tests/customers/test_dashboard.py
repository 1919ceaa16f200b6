"""The customers on the front page of a location, exact on known data."""

from datetime import date, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from customers.birthdays import birthdays_within, celebrated_on
from customers.dashboard import birthdays, figures, groups
from customers.models import Customer, CustomerGroup
from customers.operations import register_customer


def register(scope, name: str, **fields) -> Customer:
    return register_customer(customer=Customer(last_name=name, **fields), actor=scope)


def archive(*customers: Customer) -> None:
    Customer.objects.filter(pk__in=[customer.pk for customer in customers]).update(archived_at=timezone.now())


def numbers(scope, **more) -> list[int]:
    return [figure.number for figure in figures(scope, **more)["figures"]]


def celebrating(scope, today: date) -> list[tuple[str, date, int | None]]:
    return [(b.customer.last_name, b.on, b.age) for b in birthdays(scope, today)["birthdays"]]


def test_figures_without_customers_are_zero(cast):
    assert numbers(cast.scope("bodo", "Hamburg")) == [0, 0, 0, 0]


def test_figures_count_the_base_the_month_the_location_and_the_archive(cast):
    hamburg, bremen = cast.scope("bodo", "Hamburg"), cast.scope("bodo", "Bremen")
    first, second = register(hamburg, "Ahlers"), register(hamburg, "Behn")
    register(bremen, "Cordes")
    archive(second)
    assert numbers(hamburg) == [2, 3, 2, 1]
    assert numbers(bremen) == [2, 3, 1, 1]
    assert first.home_location_id == hamburg.location.pk


def test_month_begins_at_midnight_of_its_first_day(cast):
    scope = cast.scope("bodo", "Hamburg")
    register(scope, "Ahlers")
    today = timezone.localdate()
    assert numbers(scope, today=today)[1] == 1
    assert numbers(scope, today=today + timedelta(days=32))[1] == 0


def test_figures_of_another_base_are_not_counted(cast):
    register(cast.scope("anna", "Lübeck"), "Ahlers")
    register(cast.scope("sven", "München", 20800), "Behn")
    assert numbers(cast.scope("bodo", "Hamburg")) == [0, 0, 0, 0]
    assert numbers(cast.scope("anna", "Lübeck")) == [1, 1, 1, 0]


def test_central_names_the_locations_that_are_left_out(cast):
    assert [place.name for place in figures(cast.scope("anna", "Zentrale"))["left_out"]] == ["Lübeck", "Kiel"]
    assert figures(cast.scope("anna", "Lübeck"))["left_out"] == []
    assert figures(cast.scope("sven", "Zentrale", 20800))["left_out"] == []


def test_groups_are_counted_without_the_archived_and_sorted_by_size(cast):
    scope = cast.scope("bodo", "Hamburg")
    clubs = CustomerGroup.objects.create(base=scope.base, name="Vereine")
    staff = CustomerGroup.objects.create(base=scope.base, name="Mitarbeiter")
    CustomerGroup.objects.create(base=scope.base, name="Leer")
    register(scope, "Ahlers", customer_group=clubs)
    for name in ("Behn", "Cordes", "Dierks", "Ehlers"):
        last = register(scope, name, customer_group=staff)
    archive(last, register(scope, "Ohne"))
    register(scope, "Frei")
    bars = [(bar.name, bar.number, bar.share) for bar in groups(scope)["bars"]]
    assert bars[:3] == [("Mitarbeiter", 3, 100), ("Vereine", 1, 33), ("Leer", 0, 0)]
    assert [bar[1:] for bar in bars[3:]] == [(1, 33)]


def test_small_groups_are_put_together(cast):
    scope = cast.scope("bodo", "Hamburg")
    for number in range(11):
        group = CustomerGroup.objects.create(base=scope.base, name=f"Gruppe {number:02}")
        register(scope, f"Name {number}", customer_group=group)
    bars = groups(scope)["bars"]
    assert [bar.number for bar in bars] == [1] * 8 + [3]
    assert sum(bar.number for bar in bars) == 11


def test_groups_of_an_empty_base_are_none(cast):
    assert groups(cast.scope("bodo", "Hamburg")) == {"bars": [], "has_groups": False}


def test_birthdays_are_those_of_seven_days_the_next_first(cast):
    scope = cast.scope("bodo", "Hamburg")
    for name, born in [
        ("Gestern", date(1990, 5, 9)),
        ("Letzter", date(1990, 5, 16)),
        ("Heute", date(1990, 5, 10)),
        ("Morgen", date(2000, 5, 11)),
        ("Danach", date(1990, 5, 17)),
    ]:
        register(scope, name, birthday=born)
    register(scope, "Ohne")
    archive(register(scope, "Archiviert", birthday=date(1990, 5, 10)))
    assert celebrating(scope, date(2026, 5, 10)) == [
        ("Heute", date(2026, 5, 10), 36),
        ("Morgen", date(2026, 5, 11), 26),
        ("Letzter", date(2026, 5, 16), 36),
    ]


def test_birthdays_go_on_over_the_end_of_the_year(cast):
    scope = cast.scope("bodo", "Hamburg")
    register(scope, "Neujahr", birthday=date(1980, 1, 1))
    register(scope, "Silvester", birthday=date(1980, 12, 31))
    assert celebrating(scope, date(2026, 12, 29)) == [
        ("Silvester", date(2026, 12, 31), 46),
        ("Neujahr", date(2027, 1, 1), 47),
    ]


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 2, 27), [("Schalttag", date(2026, 3, 1), 26), ("März", date(2026, 3, 1), 26)]),
        (date(2026, 3, 1), [("Schalttag", date(2026, 3, 1), 26), ("März", date(2026, 3, 1), 26)]),
        (date(2026, 2, 22), []),
        (date(2028, 2, 27), [("Schalttag", date(2028, 2, 29), 28), ("März", date(2028, 3, 1), 28)]),
        (date(2028, 3, 1), [("März", date(2028, 3, 1), 28)]),
    ],
)
def test_birthday_on_29_february_is_on_1_march_in_other_years(cast, today, expected):
    scope = cast.scope("bodo", "Hamburg")
    register(scope, "Schalttag", birthday=date(2000, 2, 29))
    register(scope, "März", birthday=date(2000, 3, 1))
    assert celebrating(scope, today) == expected


def test_more_birthdays_than_fit_are_counted(cast):
    scope = cast.scope("bodo", "Hamburg")
    for number in range(15):
        register(scope, f"Name {number:02}", birthday=date(1990, 5, 10))
    found = birthdays(scope, date(2026, 5, 10))
    assert (len(found["birthdays"]), found["more"]) == (8, 7)


@given(
    born=st.dates(date(1900, 1, 1), date(2020, 12, 31)),
    today=st.dates(date(2021, 1, 1), date(2120, 12, 31)),
)
def test_birthday_is_in_the_window_exactly_if_it_is_celebrated_in_seven_days(born, today):
    window = {(day.month, day.day) for day in birthdays_within(today)}
    celebrated = {celebrated_on(born, today.year), celebrated_on(born, today.year + 1)}
    days = {today + timedelta(days=ahead) for ahead in range(7)}
    assert ((born.month, born.day) in window) is bool(celebrated & days)


@pytest.mark.parametrize(("facts", "count"), [(figures, 3), (groups, 3), (birthdays, 1)])
def test_facts_take_the_same_queries_for_one_and_three_customers(cast, django_assert_num_queries, facts, count):
    scope = cast.scope("bodo", "Hamburg")
    group = CustomerGroup.objects.create(base=scope.base, name="Vereine")
    for names in (["Ahlers"], ["Behn", "Cordes"]):
        for name in names:
            register(scope, name, customer_group=group, birthday=timezone.localdate().replace(year=1980, day=1))
        with django_assert_num_queries(count):
            facts(scope)


def test_front_page_takes_a_constant_number_of_queries(cast, log_in, django_assert_num_queries):
    bodo, scope = log_in("bodo"), cast.scope("bodo", "Hamburg")
    for names in (["Ahlers"], ["Behn", "Cordes"]):
        for name in names:
            register(scope, name, birthday=timezone.localdate().replace(year=1980, day=1))
        with django_assert_num_queries(9):  # session, user, scope 2, switch 2, figures 3
            assert bodo.get("/10400/2/").status_code == 200


def test_panels_that_grow_are_loaded_afterwards_and_link_to_the_customers(cast, log_in):
    customer = register(cast.scope("bodo", "Hamburg"), "Ahlers", birthday=timezone.localdate().replace(year=2000))
    bodo = log_in("bodo")
    page = bodo.get("/10400/2/").content.decode()
    assert 'hx-get="/10400/2/overview/groups/"' in page
    assert 'hx-get="/10400/2/overview/birthdays/"' in page
    panel = bodo.get("/10400/2/overview/birthdays/").content.decode()
    assert f'href="/10400/2/customers/customer/{customer.pk}/change/"' in panel


def test_birthdays_without_a_year_are_in_the_list_without_an_age(cast):
    scope = cast.scope("bodo", "Hamburg")
    register(scope, "Ahlers", birthday=date(1990, 5, 18))
    register(scope, "Behn", birthday_without_year="05-17")
    register(scope, "Cordes", birthday_without_year="05-24")
    register(scope, "Dirks", birthday_without_year="02-29")
    assert celebrating(scope, date(2026, 5, 17)) == [
        ("Behn", date(2026, 5, 17), None), ("Ahlers", date(2026, 5, 18), 36),
    ]  # fmt: skip
    assert celebrating(scope, date(2026, 2, 27)) == [("Dirks", date(2026, 3, 1), None)]
