"""What pages of reconciliation say to whoever looks: who has changed what, what is over, and what to do next."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pghistory
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clearing.branch.address_field import CentralField
from clearing.branch.alarms import own_alarms
from clearing.branch.transport import UnusableUrl, usable_url
from clearing.central import watching
from clearing.choices import AlarmKind, CycleState, NodeState
from clearing.conflicts.authors import author_of
from clearing.conflicts.deciding import ChangedMeanwhile, take_over
from clearing.models import Alarm, Conflict, Cycle, Node, OwnNode
from clearing.pages import own
from clearing.pages.listed import Shown, listed, nodes_of, with_conflicts
from customers.models import Customer
from locations.choices import EditSide
from locations.permissions import Right
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from tests.clearing.conflicting import both_changed, conflict_of, edited_at, node, version_now, with_values
from tests.conftest import Cast
from tests.customers.people import customer

NODES = "/10400/4/clearing/node/"
LONG_AGO = timezone.now() - timedelta(days=40)


@pytest.fixture
def anna(cast: Cast) -> Scope:
    return cast.scope("anna", "Lübeck")


def text(answer: Any) -> str:
    return unescape(answer.content.decode())


@pytest.mark.django_db
def test_a_conflict_says_who_has_made_the_version_of_this_side(anna: Scope, log_in: Any) -> None:
    with pghistory.context(**anna.history()):
        eva = customer(anna, first_name="Eva", last_name="Sommer", city="Bonn")
    known, run = (
        version_now(eva),
        Cycle.objects.create(base=anna.base, node=node(anna), number=7, state=CycleState.ARRIVING),
    )
    with pghistory.context(**anna.history(user_name="System", node=str(run.node_id), run=run.number)):
        Customer.objects.filter(pk=eva.pk, base=anna.base).update(city="Kiel")
    eva.refresh_from_db()
    more: dict[str, Any] = {"cycle": run, "happened_at": timezone.now() + timedelta(minutes=1)}
    made = conflict_of(anna, eva, with_values(known, city="Plön"), known, **more)
    author = author_of(made, eva, actor=anna)
    assert author is not None
    assert (author.who, author.is_lost) == (str(anna.user), True)
    assert f"changed last by {author.who}" in text(log_in("anna").get(f"/10400/4/clearing/conflict/{made.pk}/"))

    blind = Scope(user=anna.user, location=anna.location, rights=frozenset(Right) - {Right.SEE_HISTORY})
    assert author_of(made, eva, actor=blind) is None
    assert author_of(made, None, actor=anna) is None
    other = conflict_of(anna, eva, known, with_values(known, city="Trier"), **more)
    assert author_of(other, eva, actor=anna) is None  # the history knows him otherwise
    of_branch = conflict_of(anna, eva, known, known, is_lost_of_central=False, **more)
    assert author_of(of_branch, eva, actor=anna) is None  # nobody knows who has written what another run brought


@pytest.mark.django_db
def test_who_has_changed_meanwhile_is_to_be_looked_at_and_ticked_again(anna: Scope, log_in: Any) -> None:
    eva = customer(anna, last_name="Sommer", city="Bonn")
    made = both_changed(anna, eva, before={}, lost={"city": "Kiel"})
    with pytest.raises(ChangedMeanwhile, match="tick again"):
        take_over(conflict=made.pk, fields=["city"], seen_at=eva.changed_at - timedelta(seconds=1), actor=anna)
    sent = {"step": "take_over", "field": "city", "seen_at": LONG_AGO.isoformat()}
    shown = text(log_in("anna").post(f"/10400/4/clearing/conflict/{made.pk}/", sent))
    assert "tick again" in shown
    assert "second window" not in shown


@pytest.mark.django_db
def test_a_node_whose_location_was_switched_has_no_alarm_and_says_so(anna: Scope, cast: Cast, log_in: Any) -> None:
    gone = node(anna, paired_at=LONG_AGO, contacted_at=LONG_AGO, held_back=2, free_bytes=1)
    stays = node(anna, name="Kasse 2", paired_at=LONG_AGO, contacted_at=LONG_AGO)
    watching.watch(now=timezone.now(), actor="a test")
    assert set(Alarm.objects.open().filter(node=gone).values_list("kind", flat=True)) == {
        "missing", "held_back", "disk",
    }  # fmt: skip
    switched = Node.objects.create(
        organization=anna.organization, base=cast.location("Hamburg").base, location=anna.location, name="Kasse 3",
        public_key="k", paired_by="anna", receipt="0" * 64, paired_at=LONG_AGO, contacted_at=LONG_AGO, held_back=2,
        free_bytes=1, program="0.0.1",
    )  # fmt: skip
    Alarm.objects.create(
        organization=anna.organization, base=switched.base, node=switched, kind=AlarmKind.LATE, since=LONG_AGO
    )
    page = text(log_in("anna").get(f"{NODES}{switched.pk}/"))
    assert "switched to 2.0" in page
    assert "not watched any more" in page
    assert "It has not called for a day" not in page
    watching.watch(now=timezone.now(), actor="a test")
    assert not Alarm.objects.open().filter(node=switched).exists()
    assert Alarm.objects.open().filter(node=stays).exists()


@pytest.mark.django_db
def test_the_list_of_nodes_counts_what_it_shows(anna: Scope) -> None:
    eva = customer(anna, last_name="Sommer", city="Bonn")
    both_changed(anna, eva, before={}, lost={"city": "Kiel"})
    one, ended = node(anna), node(anna, name="Kasse 2")
    for row in (one, ended):
        Alarm.objects.create(
            organization=anna.organization, base=anna.base, node=row, kind=AlarmKind.LATE, since=LONG_AGO
        )
    Node.objects.filter(pk=ended.pk).update(state=NodeState.RETIRED)

    def tabs(asked: str = "") -> dict[str, tuple[int, list[int]]]:
        found = {}
        for name in ("all", "late", "conflicts"):
            shown = listed(with_conflicts(nodes_of(anna), anna), {"show": name})
            assert shown is not None
            rows: Any = shown.rows
            assert shown.tab.count == len(rows)
            found[name] = (shown.tab.count, [row.node.conflicts_now for row in rows])
        return found

    assert tabs() == {"all": (1, [1]), "late": (1, [1]), "conflicts": (1, [1])}
    Conflict.objects.filter(base=anna.base).update(state="dismissed", decided_at=timezone.now())
    assert tabs()["all"] == (1, [0])
    Node.objects.filter(pk=one.pk).update(state=NodeState.RETIRED)
    assert listed(with_conflicts(nodes_of(anna), anna), {}) is None
    assert Shown.of(Node.objects.select_related("location").get(pk=one.pk), [*one.alarms.open()]).alarms == []


@pytest.mark.django_db
def test_the_front_page_says_that_the_base_is_switched(anna: Scope, cast: Cast) -> None:
    assert own.alarm_facts(anna)["switching"] == ""
    edited_at(anna.base, EditSide.NEITHER)
    told = own.alarm_facts(cast.scope("anna", "Lübeck"))
    assert "2.0" in str(told["switching"])
    assert own._switching(cast.scope("anna", "Zentrale")) == ""


@pytest.mark.django_db
def test_a_branch_that_was_switched_is_not_told_that_it_is_late(anna: Scope) -> None:
    def kinds(code: str) -> list[AlarmKind]:
        failure = Sentences([{"code": code, "text": "x", "params": {}}])
        here = OwnNode(base=anna.base, node=ours, failure=failure)
        return [alarm.kind for alarm in own_alarms(here, now=timezone.now()) if alarm.kind != AlarmKind.DISK]

    ours = node(anna, paired_at=LONG_AGO)
    assert kinds("unreachable") == [AlarmKind.MISSING, AlarmKind.FAILING]
    assert kinds("switched") == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("stammhaus.example.com", "https://stammhaus.example.com"),
        (" stammhaus.example.com:8443/ ", "https://stammhaus.example.com:8443"),
        ("127.0.0.1:8161", "http://127.0.0.1:8161"),
        ("localhost:8161", "http://localhost:8161"),
        ("[::1]:8161", "http://[::1]:8161"),
        ("https://127.0.0.1:8161", "https://127.0.0.1:8161"),
        ("192.168.1.5", "https://192.168.1.5"),
    ],
)
def test_of_a_central_the_name_of_the_machine_is_enough(typed: str, meant: str) -> None:
    assert usable_url(typed) == meant
    assert usable_url(CentralField().clean(typed)) == meant


@pytest.mark.parametrize("typed", ["http://stammhaus.example.com", "ftp://x.example", "a@b.example", "://", "[::1"])
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(UnusableUrl):
        usable_url(typed)
    with pytest.raises(ValidationError):
        usable_url(CentralField().clean(typed))
