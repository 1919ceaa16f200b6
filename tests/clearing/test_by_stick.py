"""A run that goes by a stick has the effect of one over the line, once; whatever else is on a stick is refused."""

from __future__ import annotations

import gzip
import hashlib
import io
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from clearing.branch import by_stick as at_branch
from clearing.branch.running import said_by
from clearing.branch.transport import Unreachable
from clearing.central import by_stick as at_central
from clearing.central import receiving
from clearing.choices import CycleState
from clearing.models import Cycle, CyclePart, Node, OwnNode
from clearing.protocol import stick as format_of_sticks
from clearing.protocol.keys import PrivateKey, PublicKey
from clearing.protocol.messages import Decide
from clearing.protocol.parts import Manifest, PartFacts
from clearing.protocol.stick import read_header
from clearing.protocol.stick_letters import ToCentral
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight
from mcp.models import User
from tests.clearing import pairs
from tests.clearing.branches import administrator
from tests.conftest import Browser, logged_in
from tests.worker import jobs

AT = "/10400/4/clearing/node/own/stick/"


class Sticks:
    """The two sides of a pair, and what somebody carries between them."""

    def __init__(self, pair: pairs.Pair) -> None:
        self.pair = pair
        self.anna = pair.cast.scope("anna", "Lübeck")

    def save(self) -> bytes:
        with row_scope.rows_of(self.pair.actor):
            at_branch.prepare(actor=self.pair.actor)
            return b"".join(at_branch.written(actor=self.pair.actor)[1])

    def take(self, file: bytes) -> at_central.Taken:
        with row_scope.rows_of(self.anna):
            return at_central.take_in(file=io.BytesIO(file), actor=self.anna)

    def answer(self, run: Cycle | None = None) -> bytes:
        with row_scope.rows_of(self.anna):
            found = run or at_central.answers(self.anna)[0]
            return b"".join(at_central.answer(run=found.pk, actor=self.anna)[1])

    def bring(self, file: bytes) -> at_branch.Taken:
        with row_scope.rows_of(self.pair.actor):
            return at_branch.take_in(file=io.BytesIO(file), actor=self.pair.actor)

    def written(self) -> list[Any]:
        """All that a file could change."""
        nodes = Node.objects.order_by("pk").values()
        return [
            *Cycle.objects.order_by("pk").values(), *CyclePart.objects.order_by("pk").values("pk", "sha256"), *nodes,
            *OwnNode.objects.values(),
        ]  # fmt: skip


@pytest.fixture
def sticks(pair) -> Sticks:
    return Sticks(pair)


def test_a_run_by_stick_is_as_one_over_the_line(sticks):
    pair = sticks.pair
    assert sticks.take(sticks.save()) == at_central.Taken(Cycle.objects.get(node=pair.node), is_new=True)
    assert sticks.bring(sticks.answer()) == at_branch.Taken(1, is_new=True, is_applied=True)
    own, node = pair.fresh, pair.node
    assert (own.applied, node.decided, own.receipt == node.receipt, own.request) == (1, 1, True, None)
    assert pair.cycles() == [(1, "decided")]
    assert pair.cycles(own.node) == [(1, "done")]
    assert set(Cycle.objects.filter(number=1).values_list("is_by_stick", flat=True)) == {True}
    assert (node.contacted_at is not None, node.clock_ahead) == (True, None)
    pair.run()
    assert pair.cycles() == [(1, "done"), (2, "done")]
    assert set(Cycle.objects.filter(number=2).values_list("is_by_stick", flat=True)) == {False}


def test_the_next_run_may_go_by_stick_as_well_and_acknowledges_the_one_before(sticks):
    for number in (1, 2, 3):
        sticks.take(sticks.save())
        assert sticks.bring(sticks.answer()).number == number
    assert sticks.pair.cycles() == [(1, "done"), (2, "done"), (3, "decided")]
    assert sticks.pair.node.acknowledged == 2


def test_the_same_file_again_changes_nothing(sticks):
    file = sticks.save()
    assert read_header(io.BytesIO(file)).cycle == read_header(io.BytesIO(sticks.save())).cycle == 1
    taken = sticks.take(file)
    before = sticks.written()
    again = sticks.take(file)
    assert (again.run, again.is_new, again.is_decided) == (taken.run, False, True)
    assert sticks.written() == before
    answer = sticks.answer()
    sticks.bring(answer)
    before = sticks.written()
    assert sticks.bring(answer) == at_branch.Taken(1, is_new=False, is_applied=True)
    assert (sticks.take(file).is_new, sticks.written()) == (False, before)


def test_if_the_line_is_back_before_the_stick_arrives_it_is_one_run(sticks):
    file, pair = sticks.save(), sticks.pair
    pair.run()
    before = sticks.written()
    assert not sticks.take(file).is_new
    assert sticks.written() == before
    assert pair.cycles() == [(1, "done")]


def test_if_the_line_is_back_before_the_answer_arrives_it_is_one_run(sticks):
    pair = sticks.pair
    sticks.take(sticks.save())
    answer = sticks.answer()
    pair.run()
    assert pair.courses == ["fetch the answer"]
    assert pair.cycles() == [(1, "done")]
    assert not sticks.bring(answer).is_new
    pair.run()
    assert pair.node.state == "paired"


@pytest.mark.parametrize("broken", ["parts", "decide", "answer/1"])
def test_what_the_line_has_begun_the_stick_ends(sticks, broken):
    pair = sticks.pair
    pair.line.lost.append(broken)
    with pytest.raises(Unreachable):
        pair.run()
    sticks.take(sticks.save())
    assert sticks.bring(sticks.answer()).is_applied
    pair.run()
    assert pair.cycles() == [(1, "done"), (2, "done")]


def test_a_large_run_is_left_to_the_worker_at_either_side(sticks, monkeypatch):
    monkeypatch.setattr(receiving, "DECIDED_DIRECTLY", 2)
    monkeypatch.setattr(at_branch, "DIRECTLY", 1)
    pair, file = sticks.pair, sticks.save()
    for _time in range(2):
        assert not sticks.take(file).is_decided
    assert jobs(receiving.DECIDE_TASK) == [("todo", 0)]
    assert at_central.answers(sticks.anna) == []
    receiving.decide_left(str(Cycle.objects.get(node=pair.node).pk), (pairs.CENTRAL, 4))
    assert not sticks.take(file).is_new
    answer = sticks.answer()
    for _time in range(2):
        assert not sticks.bring(answer).is_applied
    assert jobs(at_branch.APPLY_TASK) == [("todo", 0)]
    for _time in range(2):
        at_branch.apply_left()
    assert (pair.fresh.applied, pair.fresh.step, str(pair.fresh.failure)) == (1, "", "")
    monkeypatch.setattr(receiving, "DECIDED_DIRECTLY", 10_000)
    pair.run()
    assert pair.node.state == "paired"


def test_a_run_that_breaks_off_leaves_nothing(sticks, monkeypatch):
    def breaks(*args: Any, **more: Any) -> None:
        raise RuntimeError

    file, before = sticks.save(), sticks.written()
    for module, name in ((receiving, "decide"), (receiving, "_change_lease")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, breaks)
            with pytest.raises(RuntimeError):
                sticks.take(file)
        assert sticks.written() == before
    sticks.take(file)
    answer, before = sticks.answer(), sticks.written()
    for name in ("apply_site", "apply_answer", "note"):
        with monkeypatch.context() as patch:
            patch.setattr(at_branch, name, breaks)
            with pytest.raises(RuntimeError):
                sticks.bring(answer)
        assert sticks.written() == before
    assert sticks.bring(answer).is_applied


# --- what is refused ----------------------------------------------------------------------------------------------


def refusal(call: Any, *args: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        call(*args)
    return str(refused.value.error_list[0].code)


def test_files_that_are_none_for_this_place_or_damaged_change_nothing(sticks):
    file = sticks.save()
    own = PrivateKey.from_text(sticks.pair.fresh.private_key)
    before = sticks.written()
    ends = range(40, len(file), max(1, len(file) // 25))
    flipped = [file[:at] + bytes([file[at] ^ 1]) + file[at + 1 :] for at in ends]
    for wrong in (b"", b"x" * 5_000, gzip.compress(b"\0" * 1_000_000), file[:30], file[:-1], file + b"x", *flipped):
        assert refusal(sticks.take, wrong)
        assert sticks.written() == before
    assert refusal(sticks.bring, file) == "stick_wrong_receiver"
    stranger = PrivateKey.make()
    forged = resealed(sticks, file, sender=stranger)
    assert refusal(sticks.take, forged) == "stick_foreign_sender"
    assert sticks.take(resealed(sticks, file, sender=own)).is_new
    answer, before = sticks.answer(), sticks.written()
    assert refusal(sticks.take, answer) == "stick_wrong_receiver"
    for at in range(40, len(answer), max(1, len(answer) // 25)):
        assert refusal(sticks.bring, answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1 :])
    assert refusal(sticks.bring, answer[:-1])
    assert sticks.written() == before


def resealed(
    sticks: Sticks, file: bytes, *, sender: PrivateKey, parts: list[bytes] | None = None, **facts: Any
) -> bytes:
    """The file, sealed by somebody else or with other parts."""
    own, header = sticks.pair.fresh, read_header(io.BytesIO(file))
    cycle = Cycle.objects.get(node=own.node, number=header.cycle)
    cycle.number += facts.get("ahead", 0)
    header = replace(header, cycle=cycle.number)
    contents = parts or [bytes(part.content) for part in CyclePart.objects.filter(cycle=cycle, kind="sent")]
    found = [
        PartFacts(number, hashlib.sha256(one).hexdigest(), len(one), facts.get("rows", len(pairs.TO_SEND)))
        for number, one in enumerate(contents, start=1)
    ]
    manifest = Manifest(tuple(found))
    decide = Decide(cycle.number, cycle.request, cycle.previous, manifest)
    letter = ToCentral(said_by(own), decide, facts.get("lease", own.lease))
    return b"".join(
        format_of_sticks.write_stick(
            contents, header=header, manifest=manifest, sender=sender, receiver=PublicKey.from_text(own.central_key),
            letter=letter.to_json(),
        )
    )  # fmt: skip


def test_a_bomb_is_refused_in_little_memory(sticks):
    file, own = sticks.save(), PrivateKey.from_text(sticks.pair.fresh.private_key)
    bomb = gzip.compress(b'{"a":"' + b"x" * 200_000_000 + b'"}\n')
    before = sticks.written()
    packed = resealed(sticks, file, sender=own, parts=[bomb], rows=1)
    tracemalloc.start()
    assert refusal(sticks.take, packed) == "part_too_large"
    assert tracemalloc.get_traced_memory()[1] < 60 * 1024**2
    tracemalloc.stop()
    assert sticks.written() == before


def test_a_copy_and_a_run_out_of_order_are_refused(sticks):
    pair, own = sticks.pair, PrivateKey.from_text(sticks.pair.fresh.private_key)
    old = sticks.save()
    copied = resealed(sticks, old, sender=own, lease="0.a lease of another installation")
    before = sticks.written()
    assert refusal(sticks.take, copied) == "stick_of_copy"
    assert sticks.written() == before
    pair.run()
    assert not sticks.take(old).is_new
    later, node = sticks.save(), Node.objects.filter(pk=pair.node.pk)
    node.update(decided=0, acknowledged=0)  # as after a backup of the central
    assert refusal(sticks.take, later) == "stick_needs_line"
    node.update(decided=1, acknowledged=1)
    assert refusal(sticks.take, resealed(sticks, later, sender=own, ahead=1)) == "stick_out_of_order"
    Node.objects.filter(pk=pair.node.pk).update(state="quarantined")
    assert refusal(sticks.take, old) == "quarantined"
    Node.objects.filter(pk=pair.node.pk).update(state="retired")
    assert refusal(sticks.take, old) == "pair_anew"


def test_without_the_key_of_the_central_nothing_is_sealed(sticks):
    OwnNode.objects.update(central_key="")
    assert refusal(sticks.save) == "central_key_unknown"
    sticks.pair.run()
    assert refusal(sticks.save) == "central_key_unknown"  # what the tests take over of a site is nothing


def test_the_secret_of_the_central_may_be_renewed(sticks, settings):
    file = sticks.save()
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one"
    assert sticks.take(file).is_new


# --- the pages ----------------------------------------------------------------------------------------------------


def content_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


def sent(browser: Any, content: bytes, at: str = AT) -> Any:
    return browser.post(at, {"file": SimpleUploadedFile("lauf.stick", content)})


def test_the_page_of_the_central_takes_a_file_in_and_gives_the_answer(sticks):
    browser, file = logged_in("anna"), sticks.save()
    assert "no answer" in browser.get(AT).content.decode()
    refused = sent(browser, file[:-1])
    assert (refused.status_code, "end of the file is missing" in refused.content.decode()) == (400, True)
    assert sent(browser, file)["Location"] == AT
    page = browser.get(AT).content.decode()
    assert "Save the answer to the stick" in page
    run = Cycle.objects.get(node=sticks.pair.node)
    answer = browser.get(f"{AT}{run.pk}/")
    assert "reconciliation-10400-4-run-1-to-branch.stick" in answer["Content-Disposition"]
    assert sticks.bring(content_of(answer)).is_applied
    shown = browser.get(f"/10400/4/clearing/node/run/{run.pk}/").content.decode()
    assert "by stick" in shown
    assert "Take in a stick file" in browser.get(f"/10400/4/clearing/node/{sticks.pair.node.pk}/").content.decode()
    sent(browser, file)
    assert "was taken in before" in browser.get(AT).content.decode()
    assert browser.post(AT, {}).status_code == 400
    for elsewhere in ("/10400/5/clearing/node/own/stick/", "/10400/1/clearing/node/own/stick/"):
        assert browser.get(f"{elsewhere}{run.pk}/").status_code == 404
        assert sent(browser, file, elsewhere).status_code == 400
    assert browser.post(AT, {"step": "prepare"}).status_code == 400


def test_who_lacks_the_right_neither_takes_in_nor_saves(sticks):
    file, dirk = sticks.save(), logged_in("dirk")
    sticks.take(file)
    run = Cycle.objects.get(node=sticks.pair.node)
    assert dirk.get(AT).status_code == dirk.get(f"{AT}{run.pk}/").status_code == sent(dirk, file).status_code == 403
    scope = sticks.pair.cast.scope("dirk", "Lübeck")
    for call in (
        lambda: at_central.take_in(file=io.BytesIO(file), actor=scope),
        lambda: at_central.answer(run=run.pk, actor=scope),
        lambda: at_branch.prepare(actor=scope),
        lambda: at_branch.written(actor=scope),
        lambda: at_branch.take_in(file=io.BytesIO(file), actor=scope),
    ):
        with pytest.raises(MissingRight):
            call()


def test_the_page_of_the_branch_saves_a_file_and_takes_the_answer_in(sticks, settings):
    pair, place = sticks.pair, f"/{pairs.BRANCH}/4/clearing/node/own/stick/"
    administrator(pair.own.location)
    settings.SIDE = "branch"
    karin = Browser()
    karin.force_login(User.objects.get(username="karin", organization=pair.own.organization_id))
    assert karin.post(place, {"step": "prepare"})["Location"] == place
    run = Cycle.objects.get(node=pair.fresh.node)
    assert "Run 1 was collected" in karin.get(place).content.decode()
    file = karin.get(f"{place}{run.pk}/")
    assert "run-1-to-central.stick" in file["Content-Disposition"]
    content = content_of(file)
    assert karin.get(f"{place}{pair.own.pk and '00000000-0000-4000-8000-000000000000'}/").status_code == 404
    settings.SIDE = "central"
    sticks.take(content)
    answer = sticks.answer()
    settings.SIDE = "branch"
    assert sent(karin, content, place).status_code == 400
    assert sent(karin, answer, place)["Location"] == place
    assert "run 1 is done" in karin.get(place).content.decode()
    assert Cycle.objects.get(pk=run.pk).state == CycleState.DONE
