"""The pages of nodes and runs at the central, and that of the branch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from clearing import keeping, tasks
from clearing.branch import running, starting
from clearing.branch.talking import sentences_for
from clearing.branch.transport import no_line
from clearing.central import watching
from clearing.central.problems import Switched
from clearing.models import Cycle, CyclePart, Node, OwnNode, PairingCode
from locations.permissions import Right
from mcp.isolation import grants, own_database
from mcp.isolation.scope import MissingRight
from mcp.stored_sentences import Sentences
from tests.clearing import pairs
from tests.conftest import logged_in
from tests.worker import jobs

AT, CENTRAL = "/10400/4/clearing/node/", "/10400/1/clearing/node/"
FRONT = "/10400/4/overview/own_alarms/"


def text(response: Any) -> str:
    return response.content.decode()


def test_the_central_sees_all_branches_and_a_location_its_own(pair):
    pair.run()
    anna = logged_in("anna")
    assert "Kasse 1" in text(anna.get(CENTRAL))
    assert "Kasse 1" in text(anna.get(AT))
    assert "Kasse 1" not in text(anna.get("/10400/5/clearing/node/"))
    assert "2.0" in text(anna.get("/10400/2/clearing/node/"))


def test_nodes_of_another_business_do_not_exist(pair):
    pair.run()
    sven = logged_in("sven")
    assert "Kasse 1" not in text(sven.get("/20800/1/clearing/node/"))
    run = Cycle.objects.get(node=pair.node)
    for path in (f"{pair.node.pk}/", f"{pair.node.pk}/retire/", f"run/{run.pk}/"):
        assert sven.get(f"/20800/1/clearing/node/{path}").status_code == 404
        assert sven.get(f"{AT}{path}").status_code == 404
        assert logged_in("dirk").get(f"{AT}{path}").status_code == 403


def test_a_code_is_shown_once(cast):
    anna = logged_in("anna")
    shown = anna.post(f"{AT}code/")
    assert shown.status_code == 200
    assert "no-store" in shown["Cache-Control"]
    code = shown.context["code"]
    assert len(code) == 9
    assert code in text(shown)
    again = anna.get(AT)
    assert code not in text(again)
    assert "Anna Andresen" in text(again)
    assert anna.post(f"{AT}code/withdraw/").status_code == 302
    assert not PairingCode.objects.open().exists()
    assert anna.post(f"{AT}code/withdraw/").status_code == 302
    assert anna.get(f"{AT}code/").status_code == 302


def test_where_there_is_nothing_to_pair_no_code_is_shown(cast):
    anna = logged_in("anna")
    assert anna.post("/10400/2/clearing/node/code/").status_code == 302
    assert not PairingCode.objects.open().exists()


def test_runs_are_shown_at_the_location_alone(pair):
    pair.run()
    run = Cycle.objects.get(node=pair.node)
    anna = logged_in("anna")
    here = anna.get(f"{AT}{pair.node.pk}/")
    assert f"/run/{run.pk}/" in text(here)
    assert f"/run/{run.pk}/" not in text(anna.get(f"{CENTRAL}{pair.node.pk}/"))
    page = anna.get(f"{AT}run/{run.pk}/")
    assert (page.status_code, dict(page.context["counts"])["Sent by the branch"]) == (200, 3)
    assert anna.get(f"{CENTRAL}run/{run.pk}/").status_code == 404


def test_ending_a_pairing_asks_first_and_is_done_at_its_location(pair):
    anna = logged_in("anna")
    assert anna.get(f"{CENTRAL}{pair.node.pk}/retire/").status_code == 404
    assert anna.get(f"{AT}{pair.node.pk}/retire/").status_code == 200
    assert pair.node.state == "paired"
    assert anna.post(f"{AT}{pair.node.pk}/retire/").status_code == 302
    assert pair.node.state == "retired"
    assert anna.post(f"{AT}{pair.node.pk}/retire/").status_code == 400


def test_support_names_the_heir(pair):
    Node.objects.filter(pk=pair.node.pk).update(state="quarantined")
    address = f"{AT}{pair.node.pk}/release/"
    anna, rita = logged_in("anna"), logged_in("rita")
    assert "release" not in text(anna.get(f"{AT}{pair.node.pk}/"))
    assert anna.post(address, {"heir": "known"}).status_code == 404
    assert "release" in text(rita.get(f"{AT}{pair.node.pk}/"))
    assert rita.get(address).status_code == 302
    rita.post(address, {"heir": "nobody"})
    assert pair.node.state == "quarantined"
    for _time in range(2):
        assert rita.post(address, {"heir": "known"}).status_code == 302
    assert pair.node.state == "paired"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"clock_ahead": timedelta(minutes=7)}, "7 minutes fast"),
        ({"clock_ahead": -timedelta(minutes=9)}, "9 minutes slow"),
        ({"contacted_at": timezone.now() - timedelta(days=2)}, ">Late</span>"),
        ({"contacted_at": None}, "has never called"),
        ({"waiting": 4711}, "4,711"),
    ],
)
def test_what_a_person_has_to_know_is_seen_in_the_list(pair, values, words):
    Node.objects.filter(pk=pair.node.pk).update(**values)
    watching.watch(now=timezone.now(), actor="a test")
    assert words in text(logged_in("anna").get(CENTRAL, headers={"Accept-Language": "en"}))


# --- at the branch ------------------------------------------------------------------------------------------------


@pytest.fixture
def clerk(pair) -> Any:
    """Somebody at the branch who may reconcile."""
    user, place = pair.cast.user("dirk"), pair.cast.location("Lübeck")
    group = pair.cast.group("Lübeck")
    grants.add_grants(group, [(Right.CLEAR, place.pk)])
    assert user is not None
    return logged_in("dirk")


def test_at_a_central_the_page_says_where_it_is_done(clerk):
    page = clerk.get(f"{AT}own/")
    assert page.status_code == 200
    assert "This is the central." in text(page)
    assert clerk.post(f"{AT}own/").status_code == 302
    assert jobs(starting.RUN_TASK) == []


@override_settings(SIDE="branch")
def test_the_page_of_the_branch_shows_its_runs_and_the_button_queues_one(pair, clerk):
    """The branch stands in a business of its own here: its row is hung to the location of the clerk."""
    pair.run()
    place = pair.cast.location("Lübeck")
    own = OwnNode.objects.create(
        base=place.base, organization=place.organization, location=place, node=pair.node, central_url=pairs.URL,
        tried_at=timezone.now(),
    )  # fmt: skip
    page = clerk.get(f"{AT}own/")
    assert pairs.URL in text(page)
    assert [run.number for run, _counts in page.context["runs"]] == [1]
    for _time in range(2):
        assert clerk.post(f"{AT}own/").status_code == 302
    assert jobs(starting.RUN_TASK) == [("todo", 0)]
    OwnNode.objects.filter(pk=own.pk).update(step="sending", done=1, total=3)
    assert clerk.get(f"{AT}own/")["Refresh"] == "2"


@override_settings(SIDE="branch")
def test_after_the_button_the_page_waits_until_the_worker_has_begun(pair, clerk):
    place, long_ago = pair.cast.location("Lübeck"), timezone.now() - timedelta(hours=1)
    own = OwnNode.objects.create(
        base=place.base, organization=place.organization, location=place, node=pair.node, central_url=pairs.URL,
        tried_at=long_ago, failure=running.BROKEN(),
    )  # fmt: skip
    assert "The run broke off" in text(clerk.get(f"{AT}own/"))
    waiting = clerk.post(f"{AT}own/")["Location"]
    page = clerk.get(waiting)
    assert page["Refresh"] == "2"
    assert "The run broke off" not in text(page)
    assert "Calling the central" in text(page)
    assert "Refresh" not in clerk.get(f"{AT}own/?begun={int(long_ago.timestamp()) + 60}")
    OwnNode.objects.filter(pk=own.pk).update(tried_at=timezone.now() + timedelta(seconds=1))
    page = clerk.get(waiting)
    assert "Refresh" not in page
    assert "The run broke off" in text(page)


@pytest.mark.parametrize("is_on_schedule", [True, False])
def test_a_branch_that_is_not_on_schedule_says_so(pair, clerk, settings, is_on_schedule):
    settings.SIDE, settings.CLEARS_ON_SCHEDULE = "branch", is_on_schedule
    place = pair.cast.location("Lübeck")
    OwnNode.objects.create(
        base=place.base, organization=place.organization, location=place, node=pair.node, central_url=pairs.URL
    )
    assert ("does not call by itself" in text(clerk.get(f"{AT}own/"))) is not is_on_schedule


def failed(pair: Any, failure: Sentences) -> OwnNode:
    place = pair.cast.location("Lübeck")
    return OwnNode.objects.create(
        base=place.base, organization=place.organization, location=place, node=pair.node, central_url=pairs.URL,
        failure=failure,
    )  # fmt: skip


@pytest.mark.parametrize("is_on_schedule", [True, False])
def test_without_a_line_only_a_branch_on_schedule_is_told_to_wait(pair, clerk, settings, is_on_schedule):
    settings.SIDE, settings.CLEARS_ON_SCHEDULE = "branch", is_on_schedule
    failed(pair, sentences_for(no_line()))
    page = text(clerk.get(f"{AT}own/"))
    assert "there is no line" in page
    assert ("tried again by itself" in page) is is_on_schedule
    for misleading in ("Pair anew", "ailing though", "What needs a look"):
        assert misleading not in page
    front = text(clerk.get(FRONT))
    assert "The last run has failed" in front
    assert "ailing though" not in front


def test_a_branch_that_works_with_2_0_now_has_no_alarm_and_is_not_paired_anew(pair, clerk, settings):
    settings.SIDE = "branch"
    failed(pair, Sentences([{"code": "switched", "text": str(Switched.sentence), "params": {}}]))
    page = text(clerk.get(f"{AT}own/"))
    assert "switched to the customer base 2.0" in page
    for misleading in ("Pair anew", "mcp-refused", "What needs a look"):
        assert misleading not in page
    front = text(clerk.get(FRONT))
    assert "switched to the customer base 2.0" in front
    assert "All is well" not in front


def test_who_lacks_the_right_reconciles_nothing(cast):
    dirk = logged_in("dirk")
    assert dirk.get(f"{AT}own/").status_code == 403
    with pytest.raises(MissingRight):
        starting.clear_now(actor=cast.scope("dirk", "Lübeck"))


def test_each_branch_has_its_minute(pair):
    own = pair.fresh
    now = timezone.now().replace(minute=0)
    due = [minute for minute in range(60) if starting.is_due(own, now=now.replace(minute=minute))]
    assert len(due) == 4
    assert {one - due[0] for one in due} == {0, 15, 30, 45}
    own.identity = None
    assert not starting.is_due(own, now=now)


def test_the_worker_reconciles_when_it_is_due(pair, monkeypatch):
    runs: list[Any] = []
    monkeypatch.setattr(running, "run", lambda own, *, actor: runs.append((own.pk, actor.actor_name)))
    monkeypatch.setattr(starting, "is_due", lambda own, *, now: len(runs) < 1)
    for _time in range(2):
        tasks.run_when_due(0)
    assert runs == [(pair.own.pk, "the worker")]


def test_a_failed_run_of_the_worker_is_no_failed_job(pair, monkeypatch, caplog):
    def refused(own: Any, *, actor: Any) -> None:
        raise running.NotPaired

    monkeypatch.setattr(running, "run", refused)
    tasks.run_now()
    assert "was not reconciled" in caplog.text


def test_before_its_first_start_a_branch_does_nothing(cast):
    OwnNode.objects.all().delete()
    assert starting.this_branch(actor="a test") is None
    tasks.run_now()


def test_the_command_reconciles_at_a_branch_alone(pair, monkeypatch, capsys, settings):
    with pytest.raises(CommandError, match="central"):
        call_command("clear")
    settings.SIDE = "branch"
    monkeypatch.setattr(own_database, "demand_side", lambda: None)
    run: Any = running.run
    monkeypatch.setattr(running, "run", lambda own, **more: run(own, transport=pair.line, **more))
    call_command("clear")
    said = capsys.readouterr().out.splitlines()
    assert (said[0], len(said)) == ("Run 1: Done", 8)
    pair.line.cut.append("knock")
    with pytest.raises(CommandError, match="cut"):
        call_command("clear")
    OwnNode.objects.all().delete()
    with pytest.raises(CommandError, match="never started"):
        call_command("clear")


# --- old bytes ----------------------------------------------------------------------------------------------------


def test_old_bytes_go_and_those_of_an_answer_that_is_awaited_stay(pair):
    pair.run()
    pair.line.cut.append("ack")
    with pytest.raises(Exception, match="cut"):
        pair.run()
    node = pair.node
    assert pair.cycles() == [(1, "done"), (2, "decided")]
    now = timezone.now()
    assert keeping.forget_old_parts(now=now + keeping.KEPT - timedelta(minutes=5)) == 0
    keeping.forget_old_parts(now=now + keeping.KEPT + timedelta(minutes=5))
    left = CyclePart.objects.filter(cycle__node=node).values_list("cycle__number", flat=True)
    assert set(left) == {2}
    assert Cycle.objects.get(node=node, number=1).sent[0]["sha256"]


def test_the_task_forgets_in_all_businesses(pair):
    pair.run()
    Cycle.objects.update(began_at=timezone.now() - timedelta(days=40))
    tasks.forget_old_parts.func(timestamp=0)
    assert not CyclePart.objects.exists()
