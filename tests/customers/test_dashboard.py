"""The customers on the front page of a location, exact on known data."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from customers.birthdays import birthdays_within, celebrated_on
from customers.dashboard import birthdays, figures, groups, newcomers
from customers.models import Customer, CustomerGroup
from customers.operations import register_customer
from locations.permissions import Right
from mcp.models import LocationGrant, Membership


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
    assert [place.name for place in figures(cast.scope("anna", "Zentrale"))["offline"].left_out] == ["Lübeck", "Kiel"]
    assert figures(cast.scope("anna", "Lübeck"))["offline"].left_out == ()
    assert figures(cast.scope("sven", "Zentrale", 20800))["offline"].left_out == ()


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
    shown = groups(cast.scope("bodo", "Hamburg"))
    assert (shown["bars"], shown["has_groups"]) == ([], False)


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


@pytest.mark.parametrize("year", [2026, 2028])
def test_many_birthdays_are_those_of_the_next_days_in_the_same_order(cast, monkeypatch, year):
    scope, today = cast.scope("bodo", "Hamburg"), date(year, 2, 27)
    for number, (month, day) in enumerate([(2, 28), (2, 29), (3, 1), (3, 2), (3, 6), (2, 28)] * 3):
        register(scope, f"Name {number % 5}", birthday=date(1984, month, day))
    sorted_by_calendar = birthdays(scope, today)
    monkeypatch.setattr("customers.dashboard.SORTED_BIRTHDAYS", 0)
    assert birthdays(scope, today) == sorted_by_calendar
    assert (len(sorted_by_calendar["birthdays"]), sorted_by_calendar["more"]) == (8, 7)


@given(
    born=st.dates(date(1900, 1, 1), date(2020, 12, 31)),
    today=st.dates(date(2021, 1, 1), date(2120, 12, 31)),
)
def test_birthday_is_in_the_window_exactly_if_it_is_celebrated_in_seven_days(born, today):
    window = {(day.month, day.day) for day in birthdays_within(today)}
    celebrated = {celebrated_on(born, today.year), celebrated_on(born, today.year + 1)}
    days = {today + timedelta(days=ahead) for ahead in range(7)}
    assert ((born.month, born.day) in window) is bool(celebrated & days)


@pytest.mark.parametrize(("facts", "count"), [(figures, 2), (groups, 2), (birthdays, 2)])
def test_facts_take_the_same_queries_for_one_and_three_customers(cast, django_assert_num_queries, facts, count):
    scope = cast.scope("bodo", "Hamburg")
    group = CustomerGroup.objects.create(base=scope.base, name="Vereine")
    for names in (["Ahlers"], ["Behn", "Cordes"]):
        for name in names:
            register(scope, name, customer_group=group, birthday=timezone.localdate().replace(year=1980))
        with django_assert_num_queries(count):
            facts(scope)


@pytest.mark.parametrize("facts", [figures, groups])
def test_numbers_are_read_without_looking_at_a_customer(cast, facts):
    scope = cast.scope("bodo", "Hamburg")
    register(scope, "Ahlers", customer_group=CustomerGroup.objects.create(base=scope.base, name="Vereine"))
    with CaptureQueriesContext(connection) as captured:
        facts(scope)
    assert [query["sql"] for query in captured if '"customers_customer"' in query["sql"]] == []


def test_front_page_takes_a_constant_number_of_queries(cast, log_in, django_assert_num_queries):
    bodo, scope = log_in("bodo"), cast.scope("bodo", "Hamburg")
    for names in (["Ahlers"], ["Behn", "Cordes"]):
        for name in names:
            register(scope, name, birthday=timezone.localdate().replace(year=1980, day=1))
        # Session, user, scope 2, switch 2, whether there is anybody, any exception of an account, whose invoices are
        # seen and whether any is overdue, figures 2.
        with django_assert_num_queries(12):
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


def test_year_shows_twelve_months_and_compares_the_last_two_that_are_over(cast):
    scope = cast.scope("bodo", "Hamburg")
    place = scope.location
    for number, (month, count) in enumerate([((2025, 12), 1), ((2026, 9), 2), ((2026, 10), 5), ((2026, 11), 3)]):
        Customer.objects.bulk_create(
            Customer(
                organization=place.organization, base=place.base, customer_number=100 * number + n, last_name="Muster",
                created_at=datetime(*month, 15, 12, tzinfo=UTC),
            )
            for n in range(1, count + 1)
        )  # fmt: skip
    Customer.objects.bulk_create(
        [Customer(organization=place.organization, base=place.base, customer_number=999, last_name="Vorjahr",
                  created_at=datetime(2025, 11, 30, 12, tzinfo=UTC))]
    )  # fmt: skip
    new, *_others = figures(scope, today=date(2026, 11, 20))["trends"]
    assert [bar.number for bar in new.bars] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 5, 3]
    assert [bar.height for bar in new.bars] == [20, 0, 0, 0, 0, 0, 0, 0, 0, 40, 100, 60]
    assert (new.running.number, new.running.month, new.running.is_running) == (3, date(2026, 11, 1), True)
    assert (new.last.number, new.before.number, new.more, new.fewer) == (5, 2, 3, -3)


def test_year_of_the_central_leaves_out_bases_of_their_own_and_says_so(cast):
    register(cast.scope("anna", "Lübeck"), "Ahlers")
    shown = figures(cast.scope("anna", "Zentrale"))
    assert [trend.running.number for trend in shown["trends"]] == [0, 0, 0, 0]
    assert [place.name for place in shown["offline"].left_out] == ["Lübeck", "Kiel"]
    assert figures(cast.scope("anna", "Lübeck"))["trends"][0].running.number == 1


def test_numbers_lead_to_lists_of_as_many_for_those_who_may_see_them(cast, log_in):
    scope = cast.scope("bodo", "Hamburg")
    first = register(scope, "Ahlers")
    register(scope, "Behn")
    register(cast.scope("bodo", "Bremen"), "Cordes")
    archive(first)
    bodo = log_in("bodo")
    for figure in figures(scope)["figures"]:
        listed = bodo.get(f"/10400/2/customers/customer/{figure.query}").context["cl"]
        assert (figure.name, listed.result_count) == (figure.name, figure.number)
    assert bodo.get("/10400/2/").content.count(b"/10400/2/customers/customer/?home=") == 1
    Membership.objects.filter(user=cast.user("bodo")).delete()
    group = cast.group("Theke Hamburg und Bremen")
    LocationGrant.objects.filter(group=group, permission__codename=Right.VIEW_CUSTOMERS).delete()
    Membership.objects.create(organization=group.organization, user=cast.user("bodo"), group=group)
    assert b"/customers/customer/?home=" not in bodo.get("/10400/2/").content


def test_newcomers_are_those_of_the_month_the_latest_first(cast, log_in):
    scope, today = cast.scope("bodo", "Hamburg"), timezone.localdate()
    archive(register(scope, "Archiviert"))
    for number in range(10):
        register(scope, f"Name {number}")
    register(cast.scope("sven", "München", 20800), "Fremd")
    shown = newcomers(scope)
    assert ([one.last_name for one in shown["newcomers"]], shown["is_more"]) == (
        [f"Name {number}" for number in range(9, 1, -1)], True,
    )  # fmt: skip
    later = newcomers(scope, today + timedelta(days=32))
    assert (later["newcomers"], later["is_more"], later["not_listed"]) == ([], False, ())
    page = log_in("bodo").get("/10400/2/overview/newcomers/").content.decode()
    assert 'href="/10400/2/customers/customer/?registered=this_month"' in page


def test_more_birthdays_than_fit_lead_to_the_list_with_all_of_them(cast, log_in):
    scope, today = cast.scope("bodo", "Hamburg"), timezone.localdate()
    for number in range(11):
        register(scope, f"Name {number:02}", birthday=today.replace(year=1980))
    bodo = log_in("bodo")
    panel = bodo.get("/10400/2/overview/birthdays/").content.decode()
    assert '<a class="shell-link" href="/10400/2/customers/customer/?birthday=7days">' in panel
    assert bodo.get("/10400/2/customers/customer/?birthday=7days").context["cl"].result_count == 11


def test_front_page_of_who_may_only_register_offers_what_he_can_do(cast, log_in):
    group = cast.group("Theke Hamburg und Bremen")
    LocationGrant.objects.filter(group=group).exclude(permission__codename=Right.ADD_CUSTOMERS).delete()
    bodo = log_in("bodo")
    page = bodo.get("/10400/2/")
    assert page.context["panels"] == []
    assert '<nav class="shell-tiles"' in page.content.decode()
    assert '<nav class="shell-tiles"' not in log_in("anna").get("/10400/2/").content.decode()
