"""Figures made at the central leave locations on 1.0 out by name, or count them by name where that rule is lifted."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.dashboard import figures, groups
from customers.exports.files import facts_of
from customers.figures.offline import NAMED, left_out_of_lists, names_left_out, offline_bases
from customers.models import Customer, CustomerExport, CustomerGroup
from customers.operations import register_customer
from locations.choices import LegacyRule
from locations.operations import Place, close_location, open_location
from locations.permissions import Right
from mcp.isolation import grants, row_scope
from mcp.models import Restriction, UserGroup
from tests.conftest import questions
from tests.locations.rules import lift

FIGURES = LegacyRule.CENTRAL_FIGURES
ENGLISH = {"accept-language": "en"}


def register(scope, name: str, **fields) -> Customer:
    return register_customer(customer=Customer(last_name=name, **fields), actor=scope)


def shown_to(scope, **more):
    """As a request of the central sees it: with the rows of its own base alone."""
    with row_scope.rows_of(scope):
        return figures(scope, **more)


def numbers(scope) -> list[int]:
    return [figure.number for figure in shown_to(scope)["figures"]]


def names(bases) -> list[list[str]]:
    return [[place.name for place in base.locations] for base in bases.counted]


@pytest.fixture
def registered(cast):
    """Two at Hamburg, one at Lübeck and one at Kiel, which share a base; one of Lübeck is archived."""
    for place, name in (("Hamburg", "Ahlers"), ("Hamburg", "Behn"), ("Lübeck", "Cordes"), ("Kiel", "Dierks")):
        register(cast.scope("anna", place), name)
    Customer.objects.filter(last_name="Dierks").update(archived_at=timezone.now())


def test_as_long_as_the_rule_holds_they_are_left_out(cast, registered):
    zentrale = cast.scope("anna", "Zentrale")
    assert numbers(zentrale) == [2, 2, 0, 0]
    with row_scope.rows_of(zentrale):
        bases = offline_bases(zentrale)
    assert (bases.counted, bases.not_allowed) == ((), ())
    assert [place.name for place in bases.left_out] == ["Lübeck", "Kiel"]


@pytest.mark.parametrize("for_all", [True, False])
def test_where_it_is_lifted_each_base_is_counted_once_and_named(cast, registered, for_all):
    lift(FIGURES, None if for_all else cast.organization())
    zentrale = cast.scope("anna", "Zentrale")
    assert numbers(zentrale) == [3, 4, 0, 1]
    shown = shown_to(zentrale)
    assert names(shown["offline"]) == [["Lübeck", "Kiel"]]
    assert (shown["offline"].left_out, shown["offline"].not_allowed) == ((), ())
    assert [([place.name for place in row.locations], row.numbers) for row in shown["bases"]] == [
        ([], (2, 2, 0)),
        (["Lübeck", "Kiel"], (1, 2, 1)),
    ]
    assert [trend.running.number for trend in shown["trends"]] == [4, 1, 0, 0]


def test_it_is_lifted_for_one_business_and_not_for_another(cast, registered):
    opened = open_location(organization=cast.organization(20800), place=Place(name="Ulm"), offline=True)
    register(cast.system("Ulm", 20800), "Eberle")
    suedstern = cast.scope("sven", "Zentrale", 20800)
    lift(FIGURES, cast.organization())
    assert numbers(suedstern) == [0, 0, 0, 0]
    assert [place.name for place in shown_to(suedstern)["offline"].left_out] == ["Ulm"]
    lift(FIGURES, opened.organization)
    assert numbers(suedstern) == [1, 1, 0, 0]
    lift(FIGURES, cast.organization(), is_lifted=False)
    assert numbers(cast.scope("anna", "Zentrale")) == [2, 2, 0, 0]


def test_other_locations_count_what_they_counted(cast, registered):
    before = [numbers(cast.scope("anna", place)) for place in ("Hamburg", "Lübeck")]
    lift(FIGURES)
    assert [numbers(cast.scope("anna", place)) for place in ("Hamburg", "Lübeck")] == before
    assert shown_to(cast.scope("anna", "Hamburg"))["bases"] == []


def test_who_may_not_see_figures_there_has_them_left_out_and_is_told(cast, registered, log_in):
    lift(FIGURES)
    group, zentrale = cast.group("Auskunft Bremen"), cast.location("Zentrale")
    grants.add_grants(group, [(Right.RUN_REPORTS, zentrale.pk)])
    carla = cast.scope("carla", "Zentrale")
    assert numbers(carla) == [2, 2, 0, 0]
    assert [place.name for place in shown_to(carla)["offline"].not_allowed] == ["Lübeck", "Kiel"]
    page = log_in("carla").get("/10400/1/", headers=ENGLISH).content.decode()
    assert "Not included, because you may not see their figures: Lübeck, Kiel" in page
    grants.add_grants(group, [(Right.RUN_REPORTS, cast.location("Kiel").pk)])
    carla = cast.scope("carla", "Zentrale")
    assert numbers(carla) == [3, 4, 0, 1]
    assert names(shown_to(carla)["offline"]) == [["Kiel"]]


def test_what_a_franchisee_has_restricted_is_not_counted(cast, registered):
    lift(FIGURES)
    group = UserGroup.objects.get(name="Zentralverwaltung", organization=cast.organization())
    for name in ("Lübeck", "Kiel"):
        place = cast.location(name)
        type(place).objects.filter(pk=place.pk).update(is_franchise=True)
        Restriction.objects.create(
            organization=place.organization, location=place, group=group, right=Right.RUN_REPORTS.value
        )
    assert numbers(cast.scope("anna", "Zentrale")) == [2, 2, 0, 0]


def test_closed_location_is_not_counted(cast, registered):
    lift(FIGURES)
    for name in ("Lübeck", "Kiel"):
        close_location(location=cast.location(name), at=timezone.now())
    assert numbers(cast.scope("anna", "Zentrale")) == [2, 2, 0, 0]


def test_groups_of_one_name_are_one(cast):
    zentrale, luebeck, hamburg = (cast.scope("anna", place) for place in ("Zentrale", "Lübeck", "Hamburg"))
    for scope, name in ((hamburg, "Vereine"), (luebeck, "Vereine"), (luebeck, "Boote")):
        group = CustomerGroup.objects.create(base=scope.base, name=name)
        register(scope, f"Mit {name}", customer_group=group)
    register(luebeck, "Ohne")
    with row_scope.rows_of(zentrale):
        assert [(bar.name, bar.number) for bar in groups(zentrale)["bars"]] == [("Vereine", 1)]
    lift(FIGURES)
    with row_scope.rows_of(zentrale):
        shown = groups(zentrale)
    assert [bar.number for bar in shown["bars"]] == [2, 1, 1]
    assert [bar.name for bar in shown["bars"]][:2] == ["Vereine", "Boote"]
    assert names(shown["offline"]) == [["Lübeck", "Kiel"]]


def test_page_of_the_central_names_what_is_counted_and_links_no_sum(cast, registered, log_in):
    anna = log_in("anna")
    sentence = "Not included, because they have an offline customer base 1.0 (discontinued): Lübeck, Kiel"
    for panel in ("", "overview/groups/"):
        assert sentence in anna.get(f"/10400/1/{panel}", headers=ENGLISH).content.decode()
    lift(FIGURES)
    page = anna.get("/10400/1/", headers=ENGLISH).content.decode()
    assert "Not included" not in page
    assert 'href="/10400/4/">Lübeck</a>' in page
    assert "1.0 discontinued" in page
    assert 'href="/10400/1/customers/customer/?archived=yes"' not in page
    panel = anna.get("/10400/1/overview/groups/", headers=ENGLISH).content.decode()
    assert "Included, with an offline customer base 1.0 (discontinued): Lübeck, Kiel" in panel


@pytest.mark.parametrize("facts", [figures, groups])
def test_queries_grow_with_bases_and_not_with_customers(cast, facts):
    """One more at the central; lifted the places once more, what is held there (3), and two for each base."""
    zentrale = cast.scope("anna", "Zentrale")
    luebeck = cast.scope("anna", "Lübeck")

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            facts(zentrale)
        return len(questions(captured))

    for names_of_guests in (["Ahlers"], ["Behn", "Cordes"]):
        for name in names_of_guests:
            register(luebeck, name)
        lift(FIGURES, is_lifted=False)
        assert asked() == 3
        lift(FIGURES)
        assert asked() == 9
    open_location(organization=cast.organization(), place=Place(name="Husum"), offline=True)
    assert asked() == 11


def test_after_the_figures_the_request_sees_its_own_base_again(cast, registered):
    lift(FIGURES)
    zentrale = cast.scope("anna", "Zentrale")
    with row_scope.rows_of(zentrale):
        figures(zentrale, today=date(2026, 5, 4))
        assert row_scope.entered().base == zentrale.base.pk
        assert set(Customer.objects.values_list("base_id", flat=True)) == {zentrale.base.pk}


# --- lists, and files ---------------------------------------------------------------------------------------------

LEFT_OUT = "Not included, because they have an offline customer base 1.0 (discontinued): Lübeck, Kiel"
LISTS = ("customers/customer/", "overview/birthdays/", "overview/newcomers/", "customers/customer/export/")


@pytest.mark.parametrize("is_counted", [False, True])
def test_lists_at_the_central_leave_them_out_by_name_whatever_figures_do(cast, registered, log_in, is_counted):
    if is_counted:
        lift(FIGURES)
    for page in LISTS:
        shown = " ".join(log_in("anna").get(f"/10400/1/{page}", headers=ENGLISH).content.decode().split())
        assert LEFT_OUT in shown, page
    nobody = log_in("anna").get("/10400/1/customers/customer/?q=Cordes", headers=ENGLISH).content.decode()
    assert "Lübeck, Kiel" in nobody


@pytest.mark.parametrize("place", [2, 4])
def test_lists_elsewhere_are_whole(cast, registered, log_in, place):
    for page in LISTS:
        assert "Not included" not in log_in("anna").get(f"/10400/{place}/{page}", headers=ENGLISH).content.decode()
    assert not left_out_of_lists(cast.scope("anna", "Hamburg" if place == 2 else "Lübeck"))


def test_group_without_any_says_nothing(cast, log_in):
    page = log_in("sven").get("/20800/1/customers/customer/", headers=ENGLISH).content.decode()
    assert "Not included" not in page


def test_list_asks_once_for_them(cast, registered, django_assert_num_queries):
    with row_scope.rows_of(zentrale := cast.scope("anna", "Zentrale")), django_assert_num_queries(1):
        assert [place.name for place in left_out_of_lists(zentrale)] == ["Lübeck", "Kiel"]
    with row_scope.rows_of(bremen := cast.scope("anna", "Bremen")), django_assert_num_queries(0):
        left_out_of_lists(bremen)


def test_of_many_some_are_named_in_a_file(cast):
    for number in range(NAMED):
        open_location(organization=cast.organization(), place=Place(name=f"Ort {number}"), offline=True)
    zentrale = cast.scope("anna", "Zentrale")
    assert names_left_out(zentrale) == ("Lübeck", "Kiel", *(f"Ort {number}" for number in range(NAMED - 2)), "…")


def exported(client, place: int) -> str:
    sent = {"format": "excel-de", "column": ["customer_number", "last_name"]}
    answer = client.post(f"/10400/{place}/customers/customer/export/", sent, headers=ENGLISH)
    return b"".join(answer.streaming_content).decode("utf-8-sig")


def test_file_says_whose_customers_are_not_in_it(cast, registered, log_in):
    assert "Not included, on a customer base 1.0" not in exported(log_in("anna"), 2)
    exported(log_in("anna"), 1)
    export = CustomerExport.objects.get(location=cast.location("Zentrale"))
    assert ("Not included, on a customer base 1.0", "Lübeck, Kiel") in facts_of(export, cast.scope("anna", "Zentrale"))
    assert "left_out" not in CustomerExport.objects.get(location=cast.location("Hamburg")).choices


def test_file_of_a_base_1_0_is_marked(cast, registered, log_in):
    exported(log_in("anna"), 4)
    export = CustomerExport.objects.get(location=cast.location("Lübeck"))
    facts = dict(facts_of(export, cast.scope("anna", "Lübeck")))
    assert facts["Customer base"] == "Customer base 1.0 (discontinued)"
    assert "Customer base" not in dict(facts_of(export, cast.scope("anna", "Hamburg")))
