"""The inbox of conflicts and of changes held back, as people see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.utils import timezone

from clearing.choices import ConflictState
from clearing.conflicts import finding
from clearing.conflicts.comparing import rows_of, sent_lines
from clearing.conflicts.deciding import leave, recreate, take_over
from clearing.conflicts.finding import Wanted, find
from clearing.models import Conflict, Cycle
from clearing.protocol.decision import ConflictKind
from clearing.protocol.field_kinds import FormerNumber as Known
from clearing.protocol.records import CustomerRecord, DeletionRecord
from customers.erasure.erasing import erase_customer
from customers.field_groups import MASK
from customers.models import Customer
from locations.permissions import Right
from tests.clearing.conflicting import (
    UNKNOWN_TAG,
    born_twice,
    both_changed,
    conflict_of,
    held_back,
    node,
    version_now,
    with_values,
)
from tests.customers.people import customer, group, page_of, person_without

HERE = "/10400/4/clearing/conflict/"


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Lübeck")


@pytest.fixture
def eva(anna):
    group(anna, "Firmen")
    return customer(anna, first_name="Eva", last_name="Sommer", city="Lübeck", email="eva@example.com")


@pytest.fixture
def made(anna, eva):
    return both_changed(
        anna, eva, before={"city": "Plön"}, lost={"city": "Kiel", "email": "", "customer_group": "Firmen"}
    )


def text(answer) -> str:
    return unescape(answer.content.decode())


def said(answer) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.mark.django_db
def test_the_page_shows_what_differs_and_ticks_what_only_the_overridden_version_has_changed(anna, eva, made, log_in):
    rows = {row.names: row for row in rows_of(made, eva, ticked=None, actor=anna)}
    assert list(rows) == ["city", "email", "customer_group"]
    city, mail, firm = rows.values()
    assert [(one.agreed, one.stands, one.lost) for row in rows.values() for one in row.lines] == [
        ("Plön", "Lübeck", "Kiel"), ("eva@example.com", "eva@example.com", ""), ("", "", "Firmen"),
    ]  # fmt: skip
    assert [row.is_ticked for row in (city, mail, firm)] == [False, True, True]
    client = log_in("anna")
    page = client.get(f"{HERE}{made.pk}/", headers={"accept-language": "de"})
    shown = text(page)
    for word in ("Vereinbart", "Gilt", "Überstimmt", "Ort", "Kiel", "Plön"):
        assert word in shown
    assert 'value="email" id="field-email"' in shown
    answer = client.post(
        f"{HERE}{made.pk}/", {"step": "take_over", "field": ["email"], "seen_at": eva.changed_at.isoformat()}
    )
    assert (answer.status_code, answer["Location"]) == (302, f"{HERE}{made.pk}/")
    assert Customer.objects.get(pk=eva.pk).email == ""
    assert "Undo the decision" in text(client.get(f"{HERE}{made.pk}/", headers={"accept-language": "en"}))
    answer = client.post(f"{HERE}{made.pk}/", {"step": "undo"})
    assert Customer.objects.get(pk=eva.pk).email == "eva@example.com"


@pytest.mark.django_db
def test_what_is_refused_is_said_and_what_was_ticked_stays_ticked(eva, made, log_in):
    client = log_in("anna")
    answer = client.post(f"{HERE}{made.pk}/", {"step": "take_over"}, headers={"accept-language": "en"})
    assert "Tick at least one field" in text(answer)
    old = (eva.changed_at - timedelta(days=1)).isoformat()
    form = {"step": "take_over", "field": ["city"], "seen_at": old}
    answer = client.post(f"{HERE}{made.pk}/", form, headers={"accept-language": "en"})
    assert "Meanwhile somebody has changed Eva Sommer" in text(answer)
    assert 'value="city" id="field-city" aria-label="Take over: City" checked' in text(answer)
    assert client.post(f"{HERE}{made.pk}/", {"step": "nonsense"}).status_code == 404
    client.post(f"{HERE}{made.pk}/", {"step": "leave"})
    answer = client.post(f"{HERE}{made.pk}/", {"step": "leave"}, headers={"accept-language": "en"}, follow=True)
    assert "Meanwhile Anna Andresen has decided on" in text(answer)


@pytest.mark.django_db
def test_what_somebody_may_not_see_is_masked_in_all_columns_and_not_ticked(anna, eva, made, log_in):
    person_without(Right.SEE_CONTACT_DATA)
    shown = text(log_in("teilsicht").get(f"{HERE}{made.pk}/", headers={"accept-language": "en"}))
    assert "example.com" not in shown
    assert MASK in shown
    assert "It takes: See contact data." in shown
    assert 'id="field-city"' in shown
    assert 'id="field-email"' not in shown
    hidden = replace(anna, rights=anna.rights - {Right.SEE_MEMOS})
    other = both_changed(anna, eva, before={}, lost={"is_blocked": True, "blocked_reason": "Zahlt nicht"})
    [row] = rows_of(other, eva, ticked=None, actor=hidden)
    assert [(line.label, line.lost) for line in row.lines] == [("Blocked", "Yes"), ("Reason of the block", MASK)]
    assert not row.is_offered


@pytest.mark.django_db
def test_each_kind_has_its_sentence_and_its_choices(anna, eva, log_in):
    client, gone = log_in("anna"), version_now(eva)
    twice = born_twice(anna, eva)
    shown = text(client.get(f"{HERE}{twice.pk}/", headers={"accept-language": "en"}))
    assert "Eva Sommer, from the branch, keeps it; Zoe Zweite, from the central" in shown
    assert "Create under a new number" in shown
    deleted = conflict_of(anna, eva, gone, None, kind=ConflictKind.DELETED_AGAINST_CHANGED)
    shown = text(client.get(f"{HERE}{deleted.pk}/", headers={"accept-language": "en"}))
    assert "The central has deleted this customer" in shown
    assert "Archive after all" in shown
    assert "Create under a new number" not in shown
    archived = with_values(gone, archived_at=eva.created_at, archived_reason="Verzogen")
    kept_out = conflict_of(anna, eva, gone, archived, kind=ConflictKind.ARCHIVED_AGAINST_CHANGED)
    shown = text(client.get(f"{HERE}{kept_out.pk}/", headers={"accept-language": "en"}))
    assert "One side has archived this customer" in shown
    assert "Take over: Archived, Reason of archiving" in shown


@pytest.mark.django_db
def test_values_are_written_as_on_the_page_of_the_customer(anna, eva):
    lost = {
        "credit_limit": Decimal("1200.00"), "birthday": date(1980, 5, 17), "home_location": 5, "is_favourite": True,
        "country": "DE",
        "mobile": "+491701234567", "former_numbers": (Known("K-12", "typed"),), "tags": ("Alt", "VIP"),
    }  # fmt: skip
    made = both_changed(anna, eva, before={}, lost=lost)
    told = {line.name: line.lost for row in rows_of(made, eva, ticked=None, actor=anna) for line in row.lines}
    assert told == {
        "credit_limit": "1200.00", "birthday": "17 May 1980", "home_location": "Kiel", "is_favourite": "Yes",
        "country": "Germany", "mobile": "+49 170 1234567", "former_numbers": "K-12", "tags": "Alt, VIP",
    }  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_the_list_is_narrowed_and_asks_the_same_whatever_its_length(anna, log_in, django_assert_num_queries, count):
    run = Cycle.objects.create(base=anna.base, node=node(anna), number=17, state="arriving")
    people = [customer(anna, last_name=f"Muster{at}") for at in range(count)]
    conflicts = [both_changed(anna, row, before={}, lost={"city": "Kiel"}) for row in people]
    with django_assert_num_queries(2):
        assert len(find(Wanted(), page=1, actor=anna).rows) == count
    client = log_in("anna")
    Conflict.objects.filter(pk=conflicts[0].pk).update(cycle=run)
    client.get(HERE)
    with django_assert_num_queries(14):
        client.get(HERE)
    twice = born_twice(anna, people[0])
    leave(conflict=conflicts[0].pk, actor=anna)

    def found(**wanted: Any) -> set:
        return {row.pk for row in find(Wanted(**wanted), page=1, actor=anna).rows}

    rest = {one.pk for one in conflicts[1:]}
    assert found() == rest | {twice.pk}
    assert found(state=finding.DECIDED) == {conflicts[0].pk}
    assert found(state=finding.ALL) == rest | {twice.pk, conflicts[0].pk}
    assert found(state=finding.ALL, run=run.pk) == {conflicts[0].pk}
    assert found(kind=ConflictKind.BORN_TWICE) == {twice.pk}
    assert found(since=timezone.localdate() + timedelta(days=1)) == set()
    assert found(since=timezone.localdate()) == rest | {twice.pk}
    assert found(state=finding.ALL, decided_by=anna.actor_name) == {conflicts[0].pk}
    assert found(decided_by="niemand") == set()
    assert found(words="zweite") == {twice.pk}
    assert found(words="muster0", state=finding.ALL) == {twice.pk, conflicts[0].pk}
    assert found(words=str(people[0].customer_number), state=finding.ALL) >= {twice.pk, conflicts[0].pk}
    assert finding.deciders(anna.base) == [anna.actor_name]
    assert finding.runs(anna.base) == [run]


@pytest.mark.django_db
def test_filters_of_the_address_that_mean_nothing_are_left_out(made, log_in):
    client = log_in("anna")
    shown = text(client.get(f"{HERE}?kind=x&run=y&since=z&by=w&state=v&p=99&q=", headers={"accept-language": "en"}))
    assert "1 conflict" in shown
    assert "Eva Sommer" in shown


@pytest.mark.django_db
def test_a_run_is_decided_on_one_page(anna, eva, made, log_in):
    client, run = log_in("anna"), Cycle.objects.create(base=anna.base, node=node(anna), number=17, state="arriving")
    Conflict.objects.filter(pk=made.pk).update(cycle=run)
    page = f"{HERE}run/{run.pk}/"
    shown = text(client.get(page, headers={"accept-language": "en"}))
    assert "1 conflict of this run is open" in shown
    assert "Take over (1)" in shown
    assert "Leave as they are (1)" in shown
    assert page in text(client.get(f"{HERE}?run={run.pk}"))
    client.post(page, {"choice": "nonsense"})
    assert Conflict.objects.get(pk=made.pk).state == ConflictState.OPEN
    client.post(page, {"choice": "take_over"})
    late = client.post(page, {"choice": "take_over"}, headers={"accept-language": "en"}, follow=True)
    assert "somebody has decided it meanwhile" in text(late)
    assert "0 conflicts" not in text(late)
    row = Customer.objects.get(pk=eva.pk)
    assert (row.email, row.city) == ("", "Lübeck")
    assert "No conflict of this run is open" in text(client.get(page, headers={"accept-language": "en"}))
    assert client.get(f"{HERE}run/{made.uid}/").status_code == 404


@pytest.mark.django_db
def test_a_customer_tells_of_his_conflict_and_of_what_is_held_back(anna, eva, made, log_in):
    held = held_back(anna, CustomerRecord(version_now(eva), 1, {"city": "Plön"}), UNKNOWN_TAG)
    page, client = page_of(eva, "/10400/4"), log_in("anna")
    shown = text(client.get(page))
    assert f"{HERE}{made.pk}/" in shown
    assert f"{HERE}held-back/{held.pk}/" in shown
    person_without(Right.RESOLVE_CONFLICTS)
    shown = text(log_in("teilsicht").get(page))
    assert HERE not in shown
    leave(conflict=made.pk, actor=anna)
    assert f"{HERE}{made.pk}/" not in text(client.get(page))
    front = text(client.get("/10400/4/"))
    assert HERE in front
    assert f"{HERE}held-back/" in front
    assert HERE not in text(client.get("/10400/2/"))


@pytest.mark.django_db
def test_a_change_held_back_tells_why_and_what_mends_it(anna, eva, log_in):
    version = with_values(version_now(eva), city="Kiel", tags=("VIP",))
    odd = {"code": "odd", "text": "Something odd.", "params": {}}
    held = held_back(anna, CustomerRecord(version, 1, {"city": "Lübeck", "email": "alt@example.com"}), UNKNOWN_TAG, odd)
    client = log_in("anna")
    assert "There is no tag “VIP”" in text(client.get(f"{HERE}held-back/", headers={"accept-language": "en"}))
    shown = text(client.get(f"{HERE}held-back/{held.pk}/", headers={"accept-language": "en"}))
    assert "/10400/4/customers/tag/" in shown
    assert "Something odd." in shown
    assert [(line.name, line.agreed, line.lost) for line in sent_lines(held.record, actor=anna).lines] == [
        ("city", "Lübeck", "Kiel"), ("email", "alt@example.com", "eva@example.com"),
    ]  # fmt: skip
    person_without(Right.SEE_CONTACT_DATA)
    assert "example.com" not in text(log_in("teilsicht").get(f"{HERE}held-back/{held.pk}/"))
    new = sent_lines(CustomerRecord(version).to_json() | {"was": {}}, actor=anna)
    assert new.is_new
    assert [line.name for line in new.lines][:2] == ["first_name", "last_name"]
    assert sent_lines(DeletionRecord(eva.uid, 1).to_json(), actor=anna).is_deletion
    assert client.get(f"{HERE}held-back/{held.pk + 1}/").status_code == 404


@pytest.mark.django_db
def test_who_is_erased_disappears_and_the_other_person_of_a_number_stays(anna, eva, made):
    other = customer(anna, last_name="Zweite")
    mine, his = born_twice(anna, eva), born_twice(anna, other, uid=eva.uid)
    anew = born_twice(anna, other)
    created = recreate(conflict=anew.pk, actor=anna)
    held = held_back(anna, CustomerRecord(version_now(eva), 1, {"city": "Plön"}), UNKNOWN_TAG)
    erase_customer(customer=eva.pk, reason="Wunsch", actor=anna)
    assert set(Conflict.objects.values_list("pk", flat=True)) == {mine.pk, anew.pk}
    assert not type(held).objects.exists()
    left = Conflict.objects.get(pk=mine.pk)
    assert (left.stood, left.common, left.differing, left.name) == (None, None, [], "Zoe Zweite")
    assert left.lost == mine.lost
    assert recreate(conflict=mine.pk, actor=anna).last_name == "Zweite"
    assert his.lost_uid == eva.uid
    erase_customer(customer=created.pk, reason="Wunsch", actor=anna)
    assert not Conflict.objects.filter(pk=anew.pk).exists()


@pytest.mark.django_db
def test_who_was_overtaken_reads_that_his_change_stays_and_sees_it(anna, made, log_in, as_owner):
    take_over(conflict=made.pk, fields=["email"], actor=anna)
    result = {"stands": "dismissed", "own": {"state": "restored", "by": "Dirk Dehn", "fields": {}}}
    Conflict.objects.filter(pk=made.pk).update(state=ConflictState.SUPERSEDED, decided_by="Zoe", result=result)
    shown = text(log_in("anna").get(f"{HERE}{made.pk}/", headers={"accept-language": "en"}))
    assert "What Dirk Dehn has decided here does not count: Taken over." in shown
    assert "has travelled like any change and stays" in shown
    assert "today: –" in shown  # the e-mail is gone, as he has decided
