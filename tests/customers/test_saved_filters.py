"""Filters of the customer list under a name: own ones, shared ones, and what becomes of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.http import QueryDict

from customers.filters.saved import asked_today, canonical, delete_filter, save_filter
from customers.models import SavedFilter
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.customers import people
from tests.customers.people import BREMEN, HAMBURG, LIST

PAGE, FILTERS = f"{HAMBURG}{LIST}", f"{HAMBURG}{LIST}filters/"


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def saved(scope: Scope, name: str, query: str = "q=kiel", **values: Any) -> SavedFilter:
    return save_filter(saved=SavedFilter(name=name, query=query, **values), actor=scope)


def test_kept_are_search_filters_and_order_and_nothing_else(anna):
    typed = "q=kiel&p=3&size=100&archived=all&o=-1&group=&iban__startswith=DE&blocked=yes"
    assert saved(anna, "Kiel", typed).query == "archived=all&blocked=yes&o=-1&q=kiel"
    for nothing in ("", "p=2&size=25", "iban__startswith=DE"):
        with pytest.raises(ValidationError) as refusal:
            saved(anna, "Nichts", nothing)
        assert refusal.value.code == "nothing_to_save"


def test_value_that_does_not_exist_here_is_refused(anna, cast):
    south = people.group(cast.scope("sven", "München", 20800), "Süd")
    for query in (f"group={south.pk}", "tag=Nie", "blocked=maybe", "changed_since=gestern"):
        with pytest.raises(ValidationError) as refusal:
            saved(anna, "Fremd", query)
        assert refusal.value.code == "filter_not_served"


def test_own_ones_are_private_and_shared_ones_are_for_the_base(anna, cast):
    mine, ours = saved(anna, "Meine"), saved(anna, "Unsere", is_shared=True)
    bodo, dirk = cast.scope("bodo", "Bremen"), cast.scope("anna", "Lübeck")
    assert set(SavedFilter.objects.seen_by(anna)) == {mine, ours}
    assert list(SavedFilter.objects.seen_by(bodo)) == [ours]
    assert not SavedFilter.objects.seen_by(dirk).exists()
    assert not SavedFilter.objects.seen_by(cast.scope("sven", "München", 20800)).exists()
    for call in (
        lambda: save_filter(saved=mine, actor=bodo),
        lambda: delete_filter(saved=mine, actor=bodo),
        lambda: delete_filter(saved=ours, actor=dirk),
    ):
        with pytest.raises(PermissionDenied):
            call()


def test_shared_ones_are_for_whoever_manages_groups_to_make_change_and_delete(anna, cast):
    ours = saved(anna, "Unsere", is_shared=True)
    weak = Scope(user=anna.user, location=anna.location, rights=anna.rights - {Right.MANAGE_CUSTOMER_GROUPS})
    own = saved(weak, "Meine")
    for call in (
        lambda: saved(weak, "Neu", is_shared=True),
        lambda: save_filter(saved=ours, actor=weak),
        lambda: delete_filter(saved=ours, actor=weak),
    ):
        with pytest.raises(MissingRight) as refusal:
            call()
        assert refusal.value.right == Right.MANAGE_CUSTOMER_GROUPS
    delete_filter(saved=own, actor=weak)
    blind = Scope(user=anna.user, location=anna.location, rights=frozenset())
    for call in (lambda: saved(blind, "Neu"), lambda: delete_filter(saved=ours, actor=blind)):
        with pytest.raises(MissingRight):
            call()


def test_name_is_given_once_and_a_sentence_says_so(anna, cast):
    saved(anna, "Kiel")
    saved(cast.scope("bodo", "Bremen"), "kiel")
    saved(anna, "Kiel", is_shared=True)
    with pytest.raises(ValidationError, match="You have already saved a filter under this name"):
        saved(anna, "KIEL")
    with pytest.raises(ValidationError, match="There is already a shared filter of this name"):
        saved(anna, "kiel", is_shared=True)
    with pytest.raises(ValidationError, match="cannot be blank"):
        saved(anna, " ")
    with pytest.raises(IntegrityError), transaction.atomic():
        SavedFilter.objects.bulk_create([
            SavedFilter(organization=anna.organization, base=anna.base, user=anna.user, name="kiel", query="q=x")
        ])  # fmt: skip


def test_changing_it_changes_name_and_sharing_and_never_what_it_asks(anna):
    mine = saved(anna, "Kiel")
    mine.name, mine.is_shared, mine.query = "Förde", True, "q=anders"
    save_filter(saved=mine, actor=anna)
    assert SavedFilter.objects.values_list("name", "is_shared", "query").get() == ("Förde", True, "q=kiel")


def test_so_many_and_no_more(anna, monkeypatch):
    monkeypatch.setattr("customers.filters.saved.MOST", 1)
    saved(anna, "Eins")
    with pytest.raises(ValidationError, match="Delete one"):
        saved(anna, "Zwei")


def test_group_tag_and_location_that_are_gone_are_left_out_and_named(anna):
    group, tag = people.group(anna, "Gast"), people.tag(anna, "VIP")
    mine = saved(anna, "Gäste", f"group={group.pk}&tag=VIP&q=kiel")
    assert asked_today(mine, anna).left_out == []
    group.delete()
    tag.delete()
    asked = asked_today(mine, anna)
    assert asked.query == "q=kiel"
    assert len(asked.left_out) == 2
    assert all("Gäste" in sentence for sentence in asked.left_out)


def test_filter_that_was_forged_into_the_table_is_not_asked(anna):
    mine = saved(anna, "Kiel")
    SavedFilter.objects.filter(pk=mine.pk).update(query="iban__startswith=DE&q=kiel")
    mine.refresh_from_db()
    asked = asked_today(mine, anna)
    assert (asked.query, len(asked.left_out)) == ("q=kiel", 1)


def test_canonical_is_the_same_however_it_was_typed():
    assert canonical(QueryDict("q=a&blocked=yes&p=2")) == canonical(QueryDict("blocked=yes&size=50&q=a")) != ""


# --- pages ------------------------------------------------------------------------------------------------------


def test_story_from_the_list_and_back_to_it(anna, log_in):
    client = log_in("anna")
    assert f"{FILTERS}new/?q=kiel" in client.get(f"{PAGE}?q=kiel&p=1").content.decode()
    assert f"{FILTERS}new/" not in client.get(PAGE).content.decode()
    answer = client.post(f"{FILTERS}new/?q=kiel&size=25", {"name": "Kieler"})
    assert answer["Location"] == f"{PAGE}?q=kiel"
    one = SavedFilter.objects.get()
    page = client.get(PAGE).content.decode()
    assert f"{FILTERS}{one.pk}/" in page
    assert "Kieler" in page
    assert client.get(f"{FILTERS}{one.pk}/")["Location"] == f"{PAGE}?q=kiel"
    assert "Kieler" in client.get(FILTERS).content.decode()
    client.post(f"{FILTERS}{one.pk}/change/", {"name": "Kieler Gäste", "is_shared": "on", "step": "save"})
    assert "Kieler Gäste" in log_in("bodo").get(f"{BREMEN}{LIST}").content.decode()
    client.post(f"{FILTERS}{one.pk}/change/", {"step": "delete"})
    assert not SavedFilter.objects.exists()


def test_second_of_the_same_name_is_refused_at_the_field(anna, log_in):
    client = log_in("anna")
    saved(anna, "Kieler")
    answer = client.post(f"{FILTERS}new/?q=kiel", {"name": "kieler"})
    assert answer.context["form"].errors["name"]
    assert SavedFilter.objects.count() == 1


def test_filter_that_asks_for_what_is_gone_says_so_in_the_list(anna, log_in):
    client = log_in("anna")
    one = saved(anna, "Gäste", f"group={people.group(anna, 'Gast').pk}")
    anna.base.customer_groups.get().delete()
    assert "Gäste" in client.get(f"{FILTERS}{one.pk}/", follow=True).content.decode()


def test_those_of_others_do_not_exist_and_shared_ones_need_the_right(anna, log_in):
    mine, ours = saved(anna, "Meine"), saved(anna, "Unsere", is_shared=True)
    carla = log_in("carla")
    for page in ("", "change/"):
        assert carla.get(f"{BREMEN}{LIST}filters/{mine.pk}/{page}").status_code == 404
        assert log_in("sven").get(f"/20800/2{LIST}filters/{ours.pk}/{page}").status_code == 404
    assert carla.get(f"{BREMEN}{LIST}filters/{ours.pk}/").status_code == 302
    assert carla.post(f"{BREMEN}{LIST}filters/{ours.pk}/change/", {"name": "Anders"}).status_code == 403
    assert carla.post(f"{BREMEN}{LIST}filters/new/?q=x", {"name": "Neu", "is_shared": "on"}).status_code == 403
    assert carla.post(f"{BREMEN}{LIST}filters/new/?q=x", {"name": "Neu"}).status_code == 302
    assert "Meine" not in carla.get(f"{BREMEN}{LIST}").content.decode()


def test_list_asks_as_many_questions_with_three_filters_as_with_one(anna, log_in, django_assert_num_queries):
    client = log_in("anna")
    for number in (1, 3):
        while SavedFilter.objects.count() < number:
            saved(anna, f"Nummer {SavedFilter.objects.count()}")
        with django_assert_num_queries(QUESTIONS):
            client.get(FILTERS)


QUESTIONS = 9


def test_words_of_others_are_left_out_where_one_may_not_see_what_they_find(anna, cast):
    shared = saved(anna, "Unsere", "blocked=no&q=geheim%40example.com", is_shared=True)
    carla = cast.scope("carla", "Bremen")
    asked = asked_today(shared, carla)
    assert asked.query == "blocked=no"
    assert len(asked.left_out) == 1
    assert asked_today(shared, anna).query == "blocked=no&q=geheim%40example.com"
    mine = saved(carla, "Meine", "q=geheim%40example.com")
    assert asked_today(mine, carla).query == "q=geheim%40example.com"
