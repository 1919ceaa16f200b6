"""The pages on which many customers are changed at once, from the list to undoing."""

from __future__ import annotations

from typing import Any

import pytest
from procrastinate.contrib.django import app

from customers.bulk import views
from customers.choices import BulkState
from customers.models import BulkChange, Customer, Tag
from mcp.worker.somebody import for_somebody
from tests.conftest import Cast, forget_author
from tests.customers import people
from tests.customers.people import BREMEN, HAMBURG, LIST

PAGE, NEW = f"{HAMBURG}{LIST}", f"{HAMBURG}{LIST}bulk/"


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def anna(log_in):
    return log_in("anna")


@pytest.fixture(scope="module")
def sixty(standing):
    scope = Cast().scope("anna", "Hamburg")
    people.tag(scope, "VIP")
    people.group(scope, "Gast")
    rows = [people.customer(scope, last_name=f"Muster{n:02}", city="Kiel" if n < 40 else "Bonn") for n in range(60)]
    forget_author()
    return [row.pk for row in rows]


@pytest.fixture
def many(cast, sixty):
    return [*Customer.objects.filter(pk__in=sixty).order_by("pk")]


def chosen_in_list(client: Any, action: str, query: str, shown: str) -> str:
    sent = {"action": action, "index": "0", "all_found": shown, "_selected_action": ["1"]}
    answer = client.post(f"{PAGE}{query}", sent)
    assert answer.status_code == 302
    return str(answer["Location"])


def proposed(client: Any, address: str, **sent: Any) -> Any:
    page = client.get(address)
    answer = client.post(address, {"shown": page.context["count"], **sent})
    assert answer.status_code == 302, answer.context["form"].errors
    return client.get(answer["Location"])


def confirmed(client: Any, page: Any) -> Any:
    address = page.request["PATH_INFO"]
    client.post(address, {"step": "confirm", "seen": page.context["figures"]["change"]})
    return client.get(address)


def test_list_offers_all_that_are_found_where_it_has_several_pages(anna, many):
    assert 'name="all_found" value="60"' in anna.get(PAGE).content.decode()
    assert 'name="all_found"' not in anna.get(f"{PAGE}?q=kiel").content.decode()


def test_all_that_are_found_are_changed_and_it_is_undone(anna, many):
    address = chosen_in_list(anna, "add_tag", "?q=kiel", "40")
    assert address == f"{NEW}add_tag/?q=kiel&shown=40"
    asked = anna.get(address)
    assert asked.context["count"] == 40
    assert "40 customers are chosen." in asked.content.decode()
    page = proposed(anna, address, tag=Tag.objects.get().pk)
    assert page.context["sentences"] == ["40 customers will be changed."]
    assert not Customer.objects.filter(tags=["VIP"]).exists()
    page = confirmed(anna, page)
    assert "40 customers were changed." in page.content.decode()
    assert Customer.objects.filter(tags=["VIP"], city="Kiel").count() == 40
    anna.post(page.request["PATH_INFO"], {"step": "undo"})
    assert "40 customers are again what they were." in anna.get(page.request["PATH_INFO"]).content.decode()
    assert not Customer.objects.filter(tags=["VIP"]).exists()
    assert "VIP" in anna.get(NEW).content.decode()


def test_archiving_all_that_are_found_asks_for_the_reason(anna, many):
    address = chosen_in_list(anna, "archive", "?q=bonn", "20")
    page = anna.post(address, {"shown": "20", "reason": " "})
    assert page.context["form"].errors["reason"]
    assert confirmed(anna, proposed(anna, address, reason="Verzogen")).context["change"].result == {"changed": 20}
    assert Customer.objects.archived().filter(archived_reason="Verzogen", city="Bonn").count() == 20
    address = chosen_in_list(anna, "restore", "?archived=yes", "20")
    assert confirmed(anna, proposed(anna, address)).context["change"].result == {"changed": 20}
    assert not Customer.objects.archived().exists()


def test_export_of_all_that_are_found(anna, many):
    address = chosen_in_list(anna, "export", "?q=bonn", "20")
    assert address == f"{PAGE}export/?q=bonn&shown=20"
    page = anna.get(address)
    assert (page.context["count"], page.context["meanwhile"]) == (20, "")
    sent = {"format": "plain", "column": ["last_name"], "shown": "20"}
    assert anna.post(address, sent).streaming_content
    assert anna.post(address, {**sent, "shown": "19"}).context["count"] == 20


@pytest.mark.parametrize("action", ["record_consent", "", "delete_selected", "nothing"])
def test_what_is_no_action_for_all_says_so_and_changes_nothing(anna, many, action):
    assert chosen_in_list(anna, action, "?q=bonn", "20") == f"{PAGE}?q=bonn"
    assert not BulkChange.objects.exists()


def test_ticked_ones_are_taken_by_their_ids(anna, many):
    sent = {"action": "set_group", "index": "0", "_selected_action": [many[0].pk, many[1].pk]}
    address = anna.post(PAGE, sent)["Location"]
    assert address == f"{NEW}group/?id={many[0].pk}&id={many[1].pk}"
    page = confirmed(anna, proposed(anna, address, group=str(many[0].base.customer_groups.get().pk)))
    assert page.context["change"].result == {"changed": 2}


def test_number_that_has_changed_since_the_list_is_told_before_anything_happens(anna, many, scope):
    address = chosen_in_list(anna, "add_tag", "?q=kiel", "40")
    people.customer(scope, last_name="Neu", city="Kiel")
    asked = anna.get(address)
    assert asked.context["meanwhile"].startswith("When you chose, 40 customers were found; now it is 41")
    sent = {"shown": "40", "tag": Tag.objects.get().pk}
    page = anna.get(anna.post(address, sent)["Location"])
    assert page.context["meanwhile"].startswith("When you chose, 40 customers were found; now it is 41")
    assert page.context["figures"]["found"] == 41


def test_fields_that_are_no_filter_are_refused_as_in_the_list(anna, many):
    for query in ("?iban__startswith=DE", "?last_name=Muster01", "?id__gt=0"):
        assert anna.get(f"{NEW}add_tag/{query}").status_code == 400
    assert anna.get(f"{NEW}add_tag/?group=999999").status_code == 404
    assert anna.get(f"{NEW}delete/?q=kiel").status_code == 404


def test_group_and_tag_of_another_business_are_no_choice(anna, many, cast):
    south = cast.scope("sven", "München", 20800)
    sent = {"group": people.group(south, "Süd").pk, "tag": people.tag(south, "Süd").pk}
    for kind in ("group", "add_tag"):
        assert anna.post(f"{NEW}{kind}/?q=kiel", sent).context["form"].errors
    assert not BulkChange.objects.exists()


def test_who_may_only_look_sees_it_and_may_neither_change_nor_undo(anna, many, log_in, cast):
    page = confirmed(anna, proposed(anna, f"{NEW}add_tag/?q=kiel", tag=Tag.objects.get().pk))
    carla = log_in("carla")
    there = page.request["PATH_INFO"].replace(HAMBURG, BREMEN)
    assert "40 customers were changed." in carla.get(there).content.decode()
    assert 'value="undo"' not in carla.get(there).content.decode()
    assert carla.post(there, {"step": "undo"}).status_code == 403
    assert carla.get(f"{BREMEN}{LIST}bulk/group/?q=kiel").status_code == 403
    assert carla.post(f"{BREMEN}{LIST}", {"action": "add_tag", "all_found": "40"}).status_code == 403
    assert log_in("sven").get(page.request["PATH_INFO"]).status_code == 404
    assert log_in("sven").get(f"/20800/2{LIST}bulk/{page.context['change'].pk}/").status_code == 404


def test_proposal_of_somebody_else_is_not_there(anna, many, log_in):
    page = proposed(anna, f"{NEW}add_tag/?q=kiel", tag=Tag.objects.get().pk)
    assert log_in("bodo").get(page.request["PATH_INFO"]).status_code == 404
    assert log_in("bodo").post(page.request["PATH_INFO"], {"step": "confirm", "seen": "40"}).status_code == 404


@pytest.fixture
def waiting(monkeypatch):
    """What the worker has to do; even a few customers wait for it."""
    monkeypatch.setattr(views, "COUNTED_DIRECTLY", 1)
    monkeypatch.setattr(views, "CHANGED_DIRECTLY", 1)
    jobs: list[Any] = []
    monkeypatch.setattr(views, "enqueue", lambda task, **given: jobs.append((app.tasks[task], given)))
    return jobs


def work(jobs: list[Any]) -> None:
    task, given = jobs.pop()
    task.func(**given)
    forget_author()


def test_worker_counts_changes_and_undoes(anna, many, waiting, scope):
    page = proposed(anna, f"{NEW}add_tag/?q=kiel&shown=40", tag=Tag.objects.get().pk)
    assert (page["Refresh"], page.context["change"].state) == ("1", BulkState.COUNTING)
    work(waiting)
    address = page.request["PATH_INFO"]
    page = anna.get(address)
    assert page.context["sentences"] == ["40 customers will be changed."]
    assert confirmed(anna, page).context["change"].state == BulkState.APPLYING
    work(waiting)
    assert anna.get(address).context["change"].result == {"changed": 40}
    anna.post(address, {"step": "undo"})
    assert anna.get(address)["Refresh"] == "1"
    work(waiting)
    assert anna.get(address).context["change"].undoing == {"restored": 40, "left": 0}
    assert not Customer.objects.filter(tags=["VIP"]).exists()


def test_worker_leaves_alone_what_was_cancelled_and_what_is_done(anna, many, waiting):
    page = proposed(anna, f"{NEW}add_tag/?q=kiel", tag=Tag.objects.get().pk)
    work(waiting)
    confirmed(anna, anna.get(page.request["PATH_INFO"]))
    anna.post(page.request["PATH_INFO"], {"step": "cancel"})
    work(waiting)
    assert BulkChange.objects.get().state == BulkState.CANCELLED
    assert not Customer.objects.filter(tags=["VIP"]).exists()


def test_worker_tells_what_cannot_be_done_on_the_page(anna, many, waiting, cast):
    page = proposed(anna, f"{NEW}add_tag/?q=kiel", tag=Tag.objects.get().pk)
    _task, given = waiting[-1]
    work(waiting)
    confirmed(anna, anna.get(page.request["PATH_INFO"]))
    waiting[-1] = (waiting[-1][0], given | for_somebody(cast.scope("carla", "Bremen")))
    work(waiting)
    change = BulkChange.objects.get()
    assert (change.state, "Bremen" in str(change.failure)) == (BulkState.FAILED, True)


def test_worker_counts_again_where_more_would_be_changed(anna, many, waiting, scope):
    Customer.objects.filter(pk=many[0].pk).update(tags=["VIP"])
    page = proposed(anna, f"{NEW}add_tag/?q=kiel", tag=Tag.objects.get().pk)
    work(waiting)
    address = page.request["PATH_INFO"]
    confirmed(anna, anna.get(address))
    Customer.objects.filter(pk=many[0].pk).update(tags=[])
    work(waiting)
    page = anna.get(address)
    assert (page.context["change"].state, page.context["figures"]["change"]) == (BulkState.COUNTED, 40)
    told = str(page.context["change"].failure)
    assert "39" in told
    assert told in page.content.decode()


def test_list_of_bulk_changes_asks_so_many_questions(anna, many, django_assert_num_queries):
    def asked() -> int:
        with django_assert_num_queries(QUESTIONS):
            anna.get(NEW)
        return BulkChange.objects.count()

    proposed(anna, f"{NEW}add_tag/?q=kiel", tag=Tag.objects.get().pk)
    assert asked() == 1
    for _number in range(2):
        proposed(anna, f"{NEW}add_tag/?q=kiel", tag=Tag.objects.get().pk)
    assert asked() == 3


QUESTIONS = 9


def test_reasons_and_searches_of_others_are_masked_where_their_fields_are(anna, log_in, scope):
    people.customer(scope, last_name="Muster", email="geheim@example.com")
    forget_author()
    page = proposed(anna, f"{NEW}archive/?q=geheim%40example.com", reason="schuldet 300 Euro")
    confirmed(anna, page)
    address = BulkChange.objects.get().pk
    for client, is_shown in ((anna, True), (log_in("carla"), False)):
        at = PAGE if is_shown else f"{BREMEN}{LIST}"
        for shown in (client.get(f"{at}bulk/"), client.get(f"{at}bulk/{address}/")):
            assert shown.status_code == 200
            text = shown.content.decode()
            assert ("schuldet" in text) is is_shown
            assert ("geheim" in text) is (is_shown and shown.request["PATH_INFO"].endswith(f"{address}/"))
