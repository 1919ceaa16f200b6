"""The demo shows reconciliation at the central: made by what people and nodes use, and consistent in itself."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from clearing.central.quarantine import retire
from clearing.central.watching import watch
from clearing.choices import AlarmKind, ConflictState, CycleState, NodeState
from clearing.demo.nodes import build_nodes
from clearing.models import Conflict, Cycle, HeldBack, Node, PairingCode
from clearing.protocol.decision import ConflictKind
from clearing.protocol.pairing_codes import normalized
from customers.demo import build_customers
from customers.models import Customer
from locations.permissions import Right
from mcp.models import User
from mcp.worker.somebody import WORKER
from tests.conftest import forget_author, logged_in


@pytest.fixture(scope="module")
def demo(standing) -> None:
    """Customers and nodes of the demo, for all tests of this file."""
    build_customers(now=timezone.localtime())
    build_nodes(now=timezone.localtime())
    forget_author()


def nodes() -> dict[str, Node]:
    return {node.location.name: node for node in Node.objects.select_related("location")}


def test_luebeck_is_in_touch_and_kiel_is_late(cast, demo):
    watch(now=timezone.now(), actor=WORKER)
    alarms = {name: {alarm.kind for alarm in node.alarms.open()} for name, node in nodes().items()}
    assert alarms == {"Lübeck": set(), "Kiel": {AlarmKind.LATE, AlarmKind.HELD_BACK}}


def test_every_run_was_acknowledged_and_nothing_lies_before_the_pairing(cast, demo):
    for node in nodes().values():
        runs = list(Cycle.objects.of_node(node).order_by("number"))
        assert [run.number for run in runs] == [1, 2]
        assert {run.state for run in runs} == {CycleState.DONE}
        assert (node.acknowledged, node.decided, node.waiting) == (2, 2, 0)
        code = PairingCode.objects.get(node=node)
        of_runs = [at for run in runs for at in (run.began_at, run.done_at)]
        moments = [at for at in (code.made_at, code.used_at, node.paired_at, *of_runs) if at is not None]
        assert len(moments) == 7
        assert moments == sorted(moments)
        assert timezone.now() - node.paired_at > timedelta(days=8)


def test_conflicts_of_several_kinds_are_open_and_one_change_is_held_back(cast, demo):
    kinds = sorted(Conflict.objects.filter(state=ConflictState.OPEN).values_list("kind", flat=True))
    assert kinds == sorted([ConflictKind.BOTH_CHANGED, ConflictKind.BORN_TWICE, ConflictKind.ARCHIVED_AGAINST_CHANGED])
    held = HeldBack.objects.get()
    assert [reason["code"] for reason in held.reasons] == ["clearing_number_out_of_range"]
    counts = {name: Cycle.objects.of_node(node).get(number=2).counts for name, node in nodes().items()}
    assert counts == {
        "Kiel": {"sent": 2, "applied": 1, "same": 0, "conflict": 0, "held_back": 1},
        "Lübeck": {"sent": 4, "applied": 1, "same": 0, "conflict": 3, "held_back": 0},
    }
    assert timezone.now() - held.since > timedelta(days=2)


def test_a_run_leads_to_its_conflicts_and_to_what_was_held_back(cast, demo):
    anna = logged_in("anna")
    for name, node in nodes().items():
        run = Cycle.objects.of_node(node).get(number=2)
        page = anna.get(f"/10400/4/clearing/node/run/{run.pk}/").content.decode()
        wanted = [f"conflict/{conflict.pk}/" for conflict in run.conflicts.all()]
        if name == "Kiel":
            wanted.append(f"held-back/{HeldBack.objects.get().pk}/")
        assert wanted
        assert all(address in page for address in wanted)
    page = anna.get(f"/10400/4/clearing/node/{nodes()['Lübeck'].pk}/").content.decode()
    assert 'href="/10400/4/clearing/conflict/"' in page
    assert 'href="/10400/4/clearing/conflict/held-back/"' in page


@pytest.mark.parametrize("side", ["central", "branch"])
def test_a_number_out_of_range_is_mended_at_the_central(cast, demo, settings, side):
    settings.SIDE = side
    page = logged_in("anna").get(f"/10400/4/clearing/conflict/held-back/{HeldBack.objects.get().pk}/")
    assert ("To the number ranges" in page.content.decode()) is (side == "central")


def test_a_branch_that_was_only_told_of_it_does_not_say_what_was_sent(cast, demo):
    HeldBack.objects.update(record=None)
    page = logged_in("anna").get(f"/10400/4/clearing/conflict/held-back/{HeldBack.objects.get().pk}/")
    assert "No field" not in page.content.decode()


def test_what_an_installation_has_sent_whose_pairing_has_ended_is_not_sent_again(cast, demo):
    address = f"/10400/4/clearing/conflict/held-back/{HeldBack.objects.get().pk}/"
    sentences = ("is sent again with each run", "is not sent again")
    assert [one in logged_in("anna").get(address).content.decode() for one in sentences] == [True, False]
    retire(node=nodes()["Kiel"], actor=cast.scope("anna", "Kiel"))
    assert [one in logged_in("anna").get(address).content.decode() for one in sentences] == [False, True]


def test_staff_of_luebeck_may_reconcile_and_decide(cast, demo):
    assert {Right.CLEAR, Right.RESOLVE_CONFLICTS} <= cast.scope("dirk", "Lübeck").rights
    assert Right.CLEAR not in cast.scope("bodo", "Hamburg").rights


# --- what the central does for a branch of the demo beside it ------------------------------------------------------


def test_a_code_for_the_branch_ends_what_was_paired_there_before(cast, demo, capsys):
    call_command("demo_branch", "code")
    shown = json.loads(capsys.readouterr().out)
    luebeck = cast.location("Lübeck")
    assert (shown["first_number"], shown["last_number"]) == (luebeck.first_number, luebeck.last_number)
    assert normalized(shown["code"])
    assert {name: node.state for name, node in nodes().items()} == {
        "Lübeck": NodeState.RETIRED,
        "Kiel": NodeState.PAIRED,
    }
    assert PairingCode.objects.open().get().location == luebeck


def test_both_sides_change_the_same_customers(cast, demo):
    before = cast.location("Lübeck").last_number
    call_command("demo_branch", "edit-at-central")
    assert Customer.objects.in_base(cast.location("Lübeck").base).filter(street="Königstraße 41").count() == 1
    assert cast.location("Lübeck").last_number < before


@pytest.mark.parametrize("step", ["standing", "pair", "edit-at-branch"])
def test_steps_of_the_branch_are_none_of_the_central(cast, step):
    with pytest.raises(CommandError, match="other side"):
        call_command("demo_branch", step)


def test_where_there_is_no_demo_nothing_is_changed(cast):
    User.objects.filter(username="anna").update(password="!")
    with pytest.raises(CommandError, match="no demo"):
        call_command("demo_branch", "edit-at-central")
