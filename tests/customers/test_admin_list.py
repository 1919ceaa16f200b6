"""The list of customers: what it shows, in which order, and what it refuses."""

from datetime import timedelta

import pytest
from django.utils import timezone

from customers.models import Customer
from customers.operations import archive_customers
from tests.customers.people import BREMEN, HAMBURG, LIST, customer, customers, group, tag

QUERIES = 16
"""Session, user, scope (2), locations, groups, tags, purposes, the number of all, ids, rows, the frame, and whether the
location bills on its own."""


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def anna(log_in):
    return log_in("anna")


def shown(client, query="", place=HAMBURG):
    answer = client.get(f"{place}{LIST}{query}")
    assert answer.status_code == 200, answer
    return [row.last_name or row.company for row in answer.context["cl"].result_list]


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_the_same_queries_for_one_row_and_for_three(scope, anna, count, django_assert_num_queries):
    customers(scope, count)
    with django_assert_num_queries(QUERIES):
        assert len(shown(anna)) == count


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("muell", ["Müller"]),
        ("MÜLLER kiel", ["Müller"]),
        ("0401000001", ["Müller"]),
        ("gmbh", ["Bäcker GmbH"]),
        ("xyz", []),
    ],
)
def test_search_finds(scope, anna, words, found):
    customer(scope, last_name="Müller", city="Kiel", phone_private="+49401000001")
    customer(scope, company="Bäcker GmbH")
    assert shown(anna, f"?q={words}") == found


def test_search_reads_nothing_but_the_searched_fields(scope, anna):
    customer(scope, last_name="Müller", iban="DE89370400440532013000", memo="geheim")
    assert shown(anna, "?q=DE89") == []
    assert shown(anna, "?q=geheim") == []


@pytest.mark.parametrize(
    "query",
    [
        "iban__startswith=DE", "base__id=1", "base=1", "memo__contains=x", "home_location__organization__name=x",
        "customer_group__id__exact=1", "id__in=1,2", "is_blocked__exact=1", "unknown=1", "_to_field=iban",
    ],
)  # fmt: skip
def test_every_other_question_in_the_address_is_refused(scope, anna, query):
    customer(scope)
    assert anna.get(f"{HAMBURG}{LIST}?{query}").status_code == 400


@pytest.mark.parametrize(
    "query", ["group=999999", "group=x", "home=0", "tag=x", "birthday=13", "changed_since=x", "archived=x", "blocked=x"]
)
def test_unknown_value_of_a_filter_shows_no_rows(scope, anna, query):
    customer(scope)
    answer = anna.get(f"{HAMBURG}{LIST}?{query}")
    assert (answer.status_code, answer["Location"]) == (302, f"{HAMBURG}{LIST}?e=1")


def test_filter_refuses_a_group_of_another_base_like_a_missing_one(cast, anna):
    foreign = group(cast.scope("sven", "München", 20800), "Geheim")
    assert anna.get(f"{HAMBURG}{LIST}?group={foreign.pk}")["Location"] == f"{HAMBURG}{LIST}?e=1"


def test_filters_show_exactly_what_they_say(scope, cast, anna):
    guests = group(scope, "Stammgast")
    tag(scope, "VIP")
    customer(scope, last_name="Gast", customer_group=guests)
    customer(scope, last_name="Vip", tags=["VIP"])
    customer(scope, last_name="Mai", birthday="1980-05-31")
    customer(scope, last_name="Beliebt", is_favourite=True)
    customer(scope, last_name="Gesperrt", is_blocked=True, blocked_reason="Offen")
    customer(cast.scope("bodo", "Bremen"), last_name="Bremer")
    bremen = cast.location("Bremen").pk
    queries = [f"group={guests.pk}", "tag=VIP", "birthday=5", "favourite=yes", "blocked=yes", f"home={bremen}"]
    assert [shown(anna, f"?{query}") for query in queries] == [
        ["Gast"], ["Vip"], ["Mai"], ["Beliebt"], ["Gesperrt"], ["Bremer"],
    ]  # fmt: skip


def test_changed_since_includes_the_day(scope, anna):
    customer(scope, last_name="Heute")
    today = timezone.localdate()
    assert shown(anna, f"?changed_since={today}") == ["Heute"]
    assert shown(anna, f"?changed_since={today + timedelta(days=1)}") == []


def test_archived_customers_are_hidden_unless_asked_for(scope, anna):
    gone = customer(scope, last_name="Weg")
    customer(scope, last_name="Da")
    archive_customers(customers=[gone.pk], reason="Verzogen", actor=scope)
    assert [shown(anna, query) for query in ("", "?archived=yes", "?archived=all")] == [["Da"], ["Weg"], ["Da", "Weg"]]
    assert shown(anna, "?q=Weg") == []
    assert shown(anna, "?q=Weg&archived=all") == ["Weg"]


@pytest.mark.parametrize(
    ("column", "names"),
    [
        ("number", ["C", "A", "B"]),
        ("name", ["A", "B", "C"]),
        ("town", ["B", "C", "A"]),
        ("registered", ["C", "A", "B"]),
    ],
)
def test_list_is_sorted_by_its_columns_both_ways(scope, anna, column, names):
    for name, city in (("C", "Kiel"), ("A", "Zeven"), ("B", "Aalen")):
        customer(scope, last_name=name, city=city)
    shown_columns = anna.get(f"{HAMBURG}{LIST}").context["cl"].list_display
    number = list(shown_columns).index(column)
    assert shown(anna, f"?o={number}") == names
    assert shown(anna, f"?o=-{number}") == names[::-1]


@pytest.mark.parametrize("order", ["99", "x", "-", "5", "4.5", "-1-2"])
def test_unknown_order_sorts_by_name(scope, anna, order):
    customers(scope, 3)
    assert shown(anna, f"?o={order}") == ["Muster00", "Muster01", "Muster02"]


def test_page_size_and_pages(scope, anna):
    customers(scope, 26)
    assert len(shown(anna, "?size=25")) == 25
    assert shown(anna, "?size=25&p=2") == ["Muster25"]
    assert shown(anna, "?size=25&p=99") == ["Muster25"]
    assert len(shown(anna, "?size=7")) == 26


def test_empty_base_shows_an_empty_list(anna):
    assert shown(anna) == []


def test_another_organization_sees_nothing(scope, log_in):
    customers(scope, 3)
    assert shown(log_in("sven"), place="/20800/2") == []
    assert log_in("sven").get(f"{HAMBURG}{LIST}").status_code == 404


def test_list_reads_neither_memo_nor_search_text(scope, anna):
    customer(scope)
    row = anna.get(f"{HAMBURG}{LIST}").context["cl"].result_list[0]
    assert {"memo", "search_text", "iban"} <= row.get_deferred_fields()
    assert isinstance(row, Customer)


def test_viewer_has_no_boxes_to_tick(scope, log_in):
    customers(scope, 1)
    assert "action-select" not in log_in("carla").get(f"{BREMEN}{LIST}").content.decode()
