"""The pages of customer groups and tags."""

from typing import Any

import pytest

from customers import querysets
from customers.models import Customer, CustomerGroup, Tag
from tests.customers.people import HAMBURG, customer, group, tag

GROUPS, TAGS = f"{HAMBURG}/customers/customergroup/", f"{HAMBURG}/customers/tag/"
QUERIES = 10


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def anna(log_in):
    return log_in("anna")


@pytest.mark.parametrize("count", [1, 3])
def test_groups_are_listed_with_their_members_in_constant_queries(scope, anna, count, django_assert_num_queries):
    for number in range(count):
        customer(scope, customer_group=group(scope, f"Gast{number}"))
    with django_assert_num_queries(QUERIES):
        answer = anna.get(GROUPS)
    assert [row.members for row in answer.context["cl"].result_list] == [1] * count


def test_very_many_members_are_not_counted_to_the_end(scope, anna, monkeypatch):
    monkeypatch.setattr(querysets, "MOST_MEMBERS", 1)
    guests = group(scope, "Gast")
    for _number in range(4):
        customer(scope, customer_group=guests)
    row: Any = CustomerGroup.objects.with_members().get(pk=guests.pk)
    assert row.members == 2


def test_group_that_is_used_is_not_deleted_and_says_by_whom(scope, anna):
    guests = group(scope, "Gast")
    member = customer(scope, last_name="Jäger", customer_group=guests)
    answer = anna.post(f"{GROUPS}{guests.pk}/delete/")
    assert answer.status_code == 400
    assert f"Jäger ({member.customer_number})" in answer.content.decode()
    assert CustomerGroup.objects.filter(pk=guests.pk).exists()


def test_tag_that_is_used_is_not_deleted_and_says_by_whom(scope, anna):
    vip = tag(scope, "VIP")
    customer(scope, last_name="Jäger", tags=["VIP"])
    answer = anna.post(f"{TAGS}{vip.pk}/delete/")
    assert (answer.status_code, "Jäger" in answer.content.decode(), Tag.objects.count()) == (400, True, 1)


def test_page_says_beforehand_that_a_group_or_tag_is_used_and_offers_no_button(scope, anna):
    button = '<button type="submit" class="customer-button'
    guests, vip = group(scope, "Gast"), tag(scope, "VIP")
    for address, row, bears in ((GROUPS, guests, {"customer_group": guests}), (TAGS, vip, {"tags": ["VIP"]})):
        page = f"{address}{row.pk}/delete/"
        assert button in anna.get(page).content.decode()
        customer(scope, last_name="Jäger", **bears)
        answer = anna.get(page)
        shown = answer.content.decode()
        assert (answer.status_code, button in shown, "will be gone" in shown) == (200, False, False)
        assert f"“{row}” is still used by" in shown
        assert "Jäger" in shown


def test_unused_group_and_tag_are_deleted(scope, anna):
    for address, row in ((GROUPS, group(scope, "Gast")), (TAGS, tag(scope, "VIP"))):
        assert anna.post(f"{address}{row.pk}/delete/")["Location"] == address
    assert (CustomerGroup.objects.count(), Tag.objects.count()) == (0, 0)


def test_renamed_tag_is_renamed_at_its_customers(scope, anna):
    vip = tag(scope, "VIP")
    customer(scope, tags=["VIP"])
    assert anna.post(f"{TAGS}{vip.pk}/change/", {"name": "Stammgast"})["Location"] == TAGS
    assert Customer.objects.get().tags == ["Stammgast"]


@pytest.mark.parametrize(
    ("name", "discount", "field"), [("GAST", "0", "name"), ("Neu", "101", "discount"), ("", "0", "name")]
)
def test_group_is_refused_at_the_field(scope, anna, name, discount, field):
    group(scope, "Gast")
    answer = anna.post(f"{GROUPS}add/", {"name": name, "discount": discount})
    assert list(answer.context["adminform"].form.errors) == [field]


def test_same_group_name_in_another_base_does_not_matter(cast, anna):
    group(cast.scope("sven", "München", 20800), "Gast")
    assert anna.post(f"{GROUPS}add/", {"name": "Gast", "discount": "0"}).status_code == 302
