"""Runs between a branch and its central: undisturbed, disturbed at each request, and after a restore of either side."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from clearing.branch import running
from clearing.branch.recovering import offer_again
from clearing.branch.talking import CentralRefused
from clearing.branch.transport import Unreachable
from clearing.central import entering, quarantine, receiving, standing
from clearing.choices import CycleState
from clearing.models import Cycle, CyclePart, Node, OwnNode
from clearing.protocol.keys import issue_lease
from clearing.protocol.parts import DamagedPart
from clearing.protocol.receipts import BrokenChain, Counts
from locations.models import CustomerBase
from mcp.isolation.scope import MissingRight
from tests.clearing import pairs

WHOLE = ["knock/", "prove/", "hello/", "site/", "1/parts/1/", "1/decide/", "1/answer/1/", "1/ack/"]


def test_a_run_goes_from_hello_to_its_acknowledgement(pair):
    done = pair.run()
    assert [path for _method, path, _status in pair.line.asked] == WHOLE
    assert set(pair.line.statuses()) == {200, 204}
    node, own = pair.node, pair.fresh
    assert (done.number, node.decided, node.acknowledged, own.applied) == (1, 1, 1, 1)
    assert own.receipt == node.receipt == done.receipt
    assert (own.request, own.step, str(own.failure), own.succeeded_at is not None) == (None, "", "", True)
    assert pair.cycles() == [(1, CycleState.DONE)] == pair.cycles(own.node)


def test_a_second_run_gets_another_lease_and_goes_on(pair):
    pair.run()
    lease = pair.fresh.lease
    pair.run()
    assert pair.fresh.lease != lease
    assert pair.cycles() == [(1, "done"), (2, "done")]


def test_an_empty_run_sends_no_part_and_takes_two_kilobytes(pair, monkeypatch):
    monkeypatch.setattr(pairs, "TO_SEND", [])
    monkeypatch.setattr(pairs, "TO_ANSWER", [])
    pair.run()
    pair.line.asked.clear()
    pair.line.bytes = 0
    pair.run()
    assert [path for _method, path, _status in pair.line.asked] == [
        "knock/", "prove/", "hello/", "2/decide/", "2/ack/",
    ]  # fmt: skip
    assert pair.line.bytes <= 2_048


@pytest.mark.parametrize("broken", ["cut", "lost"])
@pytest.mark.parametrize("request_", ["knock", "prove", "hello", "parts/1", "decide", "answer/1", "ack"])
def test_a_run_that_breaks_off_at_a_request_is_taken_up_by_the_next(pair, broken, request_):
    pair.run()
    getattr(pair.line, broken).append(request_)
    with pytest.raises(Unreachable):
        pair.run()
    assert str(pair.fresh.failure) == "cut"
    sent = list(CyclePart.objects.filter(cycle__number=2, kind="sent").values_list("sha256", flat=True))
    pair.run()
    assert str(pair.fresh.failure) == ""
    node, own = pair.node, pair.fresh
    last = 3 if request_ == "ack" else 2  # what was not acknowledged is done all the same, and the next run is another
    assert (node.decided, node.acknowledged, own.applied) == (last, last, last)
    assert own.receipt == node.receipt
    assert pair.cycles() == [(number, CycleState.DONE) for number in range(1, last + 1)] == pair.cycles(own.node)
    assert set(sent) <= set(CyclePart.objects.filter(cycle__number=2, kind="sent").values_list("sha256", flat=True))
    assert node.state == "paired"


def test_the_same_lost_again_and_again_is_one_effect(pair):
    for _time in range(3):
        pair.line.lost.append("decide")
        with pytest.raises(Unreachable):
            pair.run()
    pair.run()
    assert pair.cycles() == [(1, "done")]
    assert pair.node.state == "paired"


def test_a_token_that_has_ended_is_renewed_by_the_way(pair):
    def end(method: str, path: str) -> None:
        if "answer" in path and not pair.line.lost:
            pair.line.lost.append("never")
            Node.objects.filter(pk=pair.fresh.identity).update(bearer_until=timezone.now())

    pair.line.between = end
    pair.run()
    assert [path for _method, path, status in pair.line.asked if status == 401] == ["1/answer/1/"]
    assert pair.cycles() == [(1, "done")]


def test_one_run_at_a_time(pair):
    with running.alone(), pytest.raises(running.RunsAlready):
        pair.run()
    pair.run()


def test_a_request_is_stored_before_it_is_sent(pair):
    seen = []

    def look(method: str, path: str) -> None:
        if "decide" in path:
            seen.append(pair.fresh.request)

    pair.line.between = look
    done = pair.run()
    assert seen == [done.request]


def test_what_breaks_at_the_branch_is_stored_as_a_sentence(pair, monkeypatch):
    def broken(cycle, *, actor):
        raise ZeroDivisionError

    monkeypatch.setattr(running, "apply_answer", broken)
    with pytest.raises(ZeroDivisionError):
        pair.run()
    assert pair.fresh.failure == running.BROKEN()
    monkeypatch.setattr(running, "apply_answer", pairs.small_apply)
    pair.run()
    assert pair.cycles() == [(1, "done")]


def test_what_breaks_at_the_central_is_told_and_shown_there(pair, monkeypatch, caplog):
    def broken(cycle, *, actor):
        raise ZeroDivisionError

    monkeypatch.setattr(receiving, "decide", broken)
    with pytest.raises(CentralRefused) as refused:
        pair.run()
    assert (refused.value.code, refused.value.status) == ("broken", 500)
    assert "broke off" in caplog.text
    assert [(run.state, str(run.failure)) for run in Cycle.objects.filter(node=pair.node)] == [
        ("arriving", str(refused.value.sentences))
    ]
    monkeypatch.setattr(receiving, "decide", pairs.small_decide)
    pair.run()
    assert pair.cycles() == [(1, "done")]


def test_an_answer_that_is_not_what_was_announced_is_not_applied(pair):
    pair.line.instead.append(("answer/1", b"another"))
    with pytest.raises(DamagedPart):
        pair.run()
    assert pair.fresh.applied == 0
    pair.run()
    assert pair.fresh.applied == 1


def test_a_receipt_that_does_not_belong_to_the_run_is_not_taken(pair, monkeypatch):
    monkeypatch.setattr(receiving, "counts_of", lambda run: Counts(sent=1, same=1))
    with pytest.raises(BrokenChain):
        pair.run()
    assert (pair.fresh.applied, pair.fresh.request is not None) == (0, True)
    monkeypatch.undo()


# --- restored -----------------------------------------------------------------------------------------------------


def restore_branch(pair: pairs.Pair, backup: dict[str, Any], **more: Any) -> None:
    """The branch is what it was: of the runs since it knows none, so they hang on another row here."""
    own = pair.fresh
    node = Node.objects.get(pk=own.node_id)
    node.pk = None
    node.save(force_insert=True)
    OwnNode.objects.filter(pk=own.pk).update(**backup, node=node.pk, **more)


def backup_of(pair: pairs.Pair) -> dict[str, Any]:
    kept = ("applied", "receipt", "lease", "request", "sent_up_to", "incarnation")
    return {name: getattr(pair.fresh, name) for name in kept}


@pytest.mark.parametrize("runs_since", [1, 3])
def test_a_restored_branch_goes_on_behind_the_central_and_is_told_what_it_lacks(pair, runs_since, monkeypatch):
    pair.run()
    backup = backup_of(pair)
    for _run in range(runs_since):
        pair.run()
    Node.objects.filter(pk=pair.fresh.identity).update(cursor=17, told_vocabulary={})
    restore_branch(pair, backup, life="another")
    told = []

    def looked(cycle: Cycle, *, actor: Any) -> None:
        node = Node.objects.get(pk=cycle.node_id)
        told.append((node.cursor, node.gets_its_own, node.told_vocabulary))
        pairs.small_decide(cycle, actor=actor)

    monkeypatch.setattr(receiving, "decide", looked)
    done = pair.run()
    assert told == [(7, True, None)]
    node, own = pair.node, pair.fresh
    assert done.number == node.decided == own.applied == runs_since + 2
    assert (node.state, own.receipt) == ("paired", node.receipt)
    assert pair.courses[-1:] == ["you were restored"]
    assert own.incarnation != backup["incarnation"]
    assert str(own.failure) == ""


def test_a_restored_branch_whose_last_answer_was_lost_is_restored_as_well(pair):
    """The run that the central has decided is not the one that the branch would fetch the answer of."""
    backup = backup_of(pair)
    pair.line.lost.append("decide")
    with pytest.raises(Unreachable):
        pair.run()
    restore_branch(pair, backup, life="another")
    assert pair.run().number == 2
    assert pair.courses[-1:] == ["you were restored"]


def test_somebody_says_that_the_branch_was_restored(pair):
    pair.run()
    backup = backup_of(pair)
    pair.run()
    restore_branch(pair, backup)
    assert pair.run(is_restored=True).number == 3


def test_a_branch_restored_without_saying_so_is_held(pair):
    """As for a copy: the central cannot tell the two apart."""
    pair.run()
    backup = backup_of(pair)
    pair.run()
    restore_branch(pair, backup)
    with pytest.raises(CentralRefused) as refused:
        pair.run()
    assert refused.value.code == "quarantined"
    quarantine.release(node=pair.node, heir=quarantine.Heir.OTHER, actor=support(pair.cast))
    assert pair.run().number == 3


@pytest.mark.parametrize("is_answer_lost", [False, True])
@pytest.mark.parametrize("is_other_life", [True, False])
def test_a_restored_central_goes_on_behind_the_branch_and_is_offered_everything(
    pair, is_answer_lost, is_other_life, monkeypatch
):
    pair.run()
    pair.run()
    restore_central(pair, runs_since=3)
    Node.objects.filter(pk=pair.fresh.identity).update(cursor=17)
    if is_other_life:
        for module in (standing, entering):
            monkeypatch.setattr(module, "current_life", lambda: "another")
    if is_answer_lost:
        pair.line.lost.append("hello")
        with pytest.raises(Unreachable):
            pair.run()
    seen: list[Any] = []

    def offered(own: Any, **more: Any) -> None:
        seen.append((more["known"], more["decided"]))
        offer_again(own, **more)

    monkeypatch.setattr(running, "offer_again", offered)
    done = pair.run()
    node, own = pair.node, pair.fresh
    assert seen == [(2, 5)]
    assert done.number == node.decided == own.applied == 6
    assert (node.state, node.known_before, own.receipt) == ("paired", None, node.receipt)
    assert pair.courses[-1:] == ["the central was restored"]
    pair.run()
    assert pair.courses[-1:] == ["go on"]


def restore_central(pair: pairs.Pair, *, runs_since: int) -> None:
    """The central is what it was: the branch has runs of which the central knows none."""
    own = pair.fresh
    applied = own.applied + runs_since
    lease = issue_lease(node=own.identity, cycle=applied).secret
    OwnNode.objects.filter(pk=own.pk).update(applied=applied, receipt="5" * 64, lease=lease, sent_up_to=99)


def test_a_central_with_the_same_number_and_another_past_was_restored(pair, monkeypatch):
    pair.run()
    OwnNode.objects.filter(pk=pair.own.pk).update(receipt="5" * 64)
    Node.objects.filter(pk=pair.fresh.identity).update(cursor=17)
    seen: list[Any] = []

    def offered(own: Any, **more: Any) -> None:
        seen.append(more)
        offer_again(own, **more)

    monkeypatch.setattr(running, "offer_again", offered)
    assert pair.run().number == 2
    assert ([one["known"] for one in seen], pair.node.cursor) == ([0], 0)
    assert pair.courses[-1:] == ["the central was restored"]
    assert pair.fresh.receipt == pair.node.receipt


def test_a_run_that_was_cut_before_a_restore_is_dropped_and_cut_anew(pair):
    pair.run()
    restore_central(pair, runs_since=3)
    pair.line.cut.append("hello")
    with pytest.raises(Unreachable):
        pair.run()
    pairs.small_cut(pair.fresh, actor=pair.actor)
    assert pair.run().number == 5
    assert pair.cycles(pair.fresh.node)[-1] == (5, "done")


# --- copies -------------------------------------------------------------------------------------------------------


def test_a_copy_is_noticed_when_the_second_of_the_two_calls_and_loses_nothing(pair):
    pair.run()
    copy = backup_of(pair)
    pair.run()
    known = backup_of(pair)
    OwnNode.objects.filter(pk=pair.own.pk).update(**copy)
    for _time in range(2):
        with pytest.raises(CentralRefused) as refused:
            pair.run()
        assert refused.value.code == "quarantined"
    node = pair.node
    assert (node.state, node.bearer, node.other_incarnation) == ("quarantined", "", copy["incarnation"])
    assert [one["code"] for one in pair.fresh.failure] == ["quarantined"]
    OwnNode.objects.filter(pk=pair.own.pk).update(**known)
    with pytest.raises(CentralRefused):
        pair.run()
    quarantine.release(node=pair.node, heir=quarantine.Heir.KNOWN, actor=support(pair.cast))
    assert pair.run().number == 3
    OwnNode.objects.filter(pk=pair.own.pk).update(**copy)
    for _time in range(2):
        with pytest.raises(CentralRefused) as refused:
            pair.run()
        assert refused.value.code == "pair_anew"
    assert pair.node.state == "paired"
    pair.pair()
    assert pair.run().number == 1
    assert pair.fresh.sent_up_to == 3


def test_the_copy_can_be_named_the_heir(pair):
    pair.run()
    copy = backup_of(pair)
    pair.run()
    known = backup_of(pair)
    restore_branch(pair, copy)
    with pytest.raises(CentralRefused):
        pair.run()
    quarantine.release(node=pair.node, heir=quarantine.Heir.OTHER, actor=support(pair.cast))
    assert pair.run().number == 3
    OwnNode.objects.filter(pk=pair.own.pk).update(**known)
    with pytest.raises(CentralRefused) as refused:
        pair.run()
    assert refused.value.code == "pair_anew"


def test_a_copy_of_a_branch_that_was_restored_shows_as_well(pair):
    pair.run()
    backup = backup_of(pair)
    pair.run()
    known = backup_of(pair)
    restore_branch(pair, backup)
    pair.run(is_restored=True)
    OwnNode.objects.filter(pk=pair.own.pk).update(**known)
    with pytest.raises(CentralRefused) as refused:
        pair.run()
    assert refused.value.code == "quarantined"


@pytest.mark.parametrize("name", ["anna", "bodo"])
def test_only_support_names_the_heir(pair, name):
    Node.objects.filter(pk=pair.fresh.identity).update(state="quarantined")
    place = "Lübeck" if name == "anna" else "Hamburg"
    with pytest.raises(PermissionDenied):
        quarantine.release(node=pair.node, heir=quarantine.Heir.KNOWN, actor=pair.cast.scope(name, place))


def test_only_who_is_held_is_released(pair):
    with pytest.raises(quarantine.NotQuarantined):
        quarantine.release(node=pair.node, heir=quarantine.Heir.KNOWN, actor=support(pair.cast))


def test_a_retired_node_is_told_to_be_paired_anew(pair):
    quarantine.retire(node=pair.node, actor=pair.cast.scope("anna", "Lübeck"))
    with pytest.raises(CentralRefused) as refused:
        pair.run()
    assert refused.value.code == "pair_anew"
    assert not CustomerBase.objects.get(pk=pair.there.base.pk).has_node
    with pytest.raises(quarantine.Retired):
        quarantine.retire(node=pair.node, actor=pair.cast.scope("anna", "Lübeck"))
    with pytest.raises(MissingRight):
        quarantine.retire(node=pair.node, actor=pair.cast.scope("dirk", "Lübeck"))


def support(cast: Any) -> Any:
    return cast.scope("rita", "Lübeck")
