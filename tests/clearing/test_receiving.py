"""What a node asks of the central: who is refused, what is refused, and that a repeat is one effect."""

from __future__ import annotations

import gzip
import hashlib
import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import OperationalError
from django.utils import timezone
from psycopg import errors

from clearing.branch import running
from clearing.branch.talking import CentralRefused
from clearing.branch.transport import Unreachable
from clearing.central import receiving, views
from clearing.models import Cycle, CyclePart
from clearing.protocol.keys import issue_lease
from clearing.protocol.messages import PROTOCOL, Ack, Decided, HelloAnswer
from clearing.protocol.parts import Manifest, PartFacts, pack
from mcp.isolation import row_scope
from mcp.worker.queueing import NothingThere
from tests.clearing import pairs
from tests.clearing.asking import ADDRESSES, AT, CONTENT, code
from tests.conftest import Browser

# --- parts --------------------------------------------------------------------------------------------------------


def test_the_same_part_a_hundred_times_is_one(asks, django_assert_num_queries):
    assert {asks.part().status_code for _time in range(5)} == {204}
    part = CyclePart.objects.get(kind="sent")
    assert (part.number, part.sha256, part.rows, bytes(part.content)) == (
        1, CONTENT.facts.sha256, 1, CONTENT.content,
    )  # fmt: skip
    assert asks.pair.cycles() == [(1, "arriving")]


def test_another_part_under_the_same_number_is_refused_and_the_first_stays(asks):
    asks.part()
    other = next(iter(pack([{"two": 2}])))
    assert code(asks.part(other)) == (422, "other_part")
    assert CyclePart.objects.get(kind="sent").sha256 == CONTENT.facts.sha256
    asks.decide()
    assert code(asks.part(other)) == (422, "other_part")
    assert asks.part().status_code == 204
    assert code(asks.part(request=uuid4())) == (409, "other_run")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"sha256": "a" * 64}, (422, "part_damaged")),
        ({"content": b"x"}, (422, "part_damaged")),
        ({"content": b""}, (411, "length_missing")),
        ({"rows": 2}, (422, "part_damaged")),
        ({"rows": 0}, (400, "message_refused")),
        ({"rows": "x"}, (400, "message_refused")),
        ({"rows": "9" * 30}, (400, "message_refused")),
        ({"sha256": "x"}, (400, "message_refused")),
        ({"request": "x"}, (400, "message_refused")),
        ({"cycle": 2}, (409, "gap")),
        ({"cycle": 10**30}, (409, "gap")),
        ({"content": b"x" * (4 * 1024**2 + 1)}, (413, "too_long")),
    ],
)
def test_a_part_that_is_not_what_it_says_is_not_taken(asks, said, expected):
    answer = asks.part(**said)
    assert code(answer) == expected
    if expected[1] == "gap":
        assert answer.json()["expected"] == 1
    assert not CyclePart.objects.exists()


@pytest.mark.parametrize("number", [0, 4_001, 10**30])
def test_a_part_beyond_all_numbers_is_not_taken(asks, number):
    part = replace(CONTENT, facts=replace(CONTENT.facts, number=number))
    assert code(asks.part(part)) == (422, "part_missing")


def test_a_part_that_unpacks_beyond_all_limits_is_not_taken(asks):
    bomb = gzip.compress(b"0" * 80 * 1024**2, 9)
    facts = PartFacts(1, hashlib.sha256(bomb).hexdigest(), len(bomb), 1)
    assert code(asks.part(replace(CONTENT, facts=facts, content=bomb))) == (422, "part_too_large")
    assert not CyclePart.objects.exists()


def test_a_body_without_a_length_is_not_read(asks):
    answer = Browser().generic(
        "PUT", f"{AT}1/parts/1/?request={uuid4()}&rows=1&sha256={'a' * 64}", b"x", content_type="x/y",
        headers={"Authorization": f"Bearer {asks.token}", "Transfer-Encoding": "chunked"},
    )  # fmt: skip
    assert code(answer) == (411, "length_missing")


# --- deciding -----------------------------------------------------------------------------------------------------


def test_a_run_is_decided_once_however_often_it_is_asked_for(asks, monkeypatch):
    asks.part()
    times: list[Any] = []

    def counted(run: Cycle, *, actor: Any) -> None:
        times.append(actor)
        pairs.small_decide(run, actor=actor)

    monkeypatch.setattr(receiving, "decide", counted)
    receipt = asks.pair.node.receipt
    answers = [asks.decide(previous=receipt) for _time in range(4)]
    assert {answer.content for answer in answers} == {answers[0].content}
    assert len(times) == 1
    assert (times[0].actor_name, times[0].location.name) == ("Lübeck: Kasse 1", "Lübeck")
    decided = Decided.from_bytes(answers[0].content)
    assert decided.lease == issue_lease(node=asks.pair.node.pk, cycle=1).secret


@pytest.mark.parametrize(
    ("more", "expected", "number"),
    [
        ({"cycle": 2}, (409, "gap"), 1),
        ({"previous": "0" * 64}, (409, "other_run"), None),
        ({"sent": Manifest((CONTENT.facts, replace(CONTENT.facts, number=2)))}, (409, "part_missing"), 2),
        ({"sent": Manifest((replace(CONTENT.facts, rows=2),))}, (409, "part_missing"), 1),
        ({"sent": Manifest((replace(CONTENT.facts, sha256="0" * 64),))}, (409, "part_missing"), 1),
        ({"sent": Manifest()}, (409, "other_run"), None),
        ({"request": UUID(int=9)}, (409, "other_run"), None),
    ],
)
def test_a_run_that_is_not_complete_is_not_decided(asks, more, expected, number):
    asks.part()
    answer = asks.decide(**more)
    assert code(answer) == expected
    assert answer.json().get("expected") == number
    assert asks.pair.node.decided == 0


@pytest.mark.parametrize("more", [{"request": UUID(int=9)}, {"sent": Manifest()}, {"previous": "0" * 64}])
def test_a_decided_run_is_not_told_to_another_one(asks, more):
    asks.part()
    previous = asks.pair.node.receipt
    asks.decide()
    lease = asks.pair.node.lease
    assert code(asks.decide(**({"previous": previous} | more))) == (409, "other_run")
    assert asks.pair.node.lease == lease


def test_a_large_run_is_left_to_the_worker_and_asked_for_again(asks, monkeypatch):
    monkeypatch.setattr(receiving, "DECIDED_DIRECTLY", 0)
    queued = []
    monkeypatch.setattr(receiving, "enqueue", lambda task, **given: queued.append((task, given)))
    asks.part()
    previous = asks.pair.node.receipt
    waiting = asks.decide()
    assert (waiting.status_code, waiting.json(), waiting["Retry-After"]) == (202, {"seconds": 5}, "5")
    [(task, given)] = queued
    assert (task, given["account_number"], given["client_number"]) == (receiving.DECIDE_TASK, 10400, 4)
    with row_scope.no_rows():
        receiving.decide_left(given["cycle"], (10400, 4))
        receiving.decide_left(given["cycle"], (10400, 4))
    assert Decided.from_bytes(asks.decide(previous=previous).content).cycle == 1
    assert asks.pair.cycles() == [(1, "decided")]


def test_a_run_that_does_not_exist_is_tried_again(asks):
    with row_scope.no_rows():
        for cycle, address in [(str(uuid4()), (10400, 4)), (str(uuid4()), (1, 1))]:
            with pytest.raises(NothingThere):
                receiving.decide_left(cycle, address)


def test_a_database_that_is_waited_for_too_long_is_told_as_busy(asks, monkeypatch):
    def waiting(run: Cycle, *, actor: Any) -> None:
        raise OperationalError from errors.LockNotAvailable()

    monkeypatch.setattr(receiving, "decide", waiting)
    asks.part()
    answer = asks.decide()
    assert (*code(answer), answer["Retry-After"]) == (503, "busy", "5")


# --- answers and acknowledgements -----------------------------------------------------------------------------------


def test_the_answer_is_what_is_stored(asks):
    asks.part()
    facts = Decided.from_bytes(asks.decide().content).answer.part(1)
    answer = asks("1/answer/1/")
    assert (hashlib.sha256(answer.content).hexdigest(), answer["Cache-Control"]) == (facts.sha256, "no-store")
    assert code(asks("1/answer/2/", method="get")) == (422, "part_missing")
    assert code(asks("2/answer/1/", method="get")) == (409, "other_run")
    CyclePart.objects.filter(kind="answer").delete()
    assert code(asks("1/answer/1/")) == (410, "part_gone")


def test_an_acknowledgement_is_one_effect(asks):
    asks.part()
    receipt = Decided.from_bytes(asks.decide().content).receipt
    assert code(asks("1/ack/", Ack(1, "0" * 64))) == (409, "other_run")
    assert code(asks("2/ack/", Ack(2, receipt), method="post")) == (409, "other_run")
    assert code(asks("1/ack/", Ack(2, receipt))) == (400, "message_refused")
    assert asks.pair.node.acknowledged == 0
    assert {asks("1/ack/", Ack(1, receipt)).status_code for _time in range(3)} == {204}
    done = Cycle.objects.get(node=asks.pair.node).done_at
    asks("1/ack/", Ack(1, receipt))
    assert (asks.pair.node.acknowledged, Cycle.objects.get(node=asks.pair.node).done_at) == (1, done)


# --- hello --------------------------------------------------------------------------------------------------------


def test_a_contact_is_noted(asks):
    clock = timezone.now() + timedelta(minutes=7)
    asks.hello(clock=clock, waiting=17, held_back=2, free_bytes=5, program="0.9")
    node = asks.pair.node
    assert (node.program, node.protocol, node.waiting, node.held_back, node.free_bytes) == ("0.9", PROTOCOL, 17, 2, 5)
    assert timedelta(minutes=6) < node.clock_ahead < timedelta(minutes=8)
    assert node.contacted_at is not None


def test_too_old_a_node_is_told_so(asks, monkeypatch):
    monkeypatch.setattr("clearing.central.standing.OLDEST_PROTOCOL", PROTOCOL + 1)
    assert HelloAnswer.from_bytes(asks.hello().content).course == "too old"


def test_who_says_to_be_another_node_is_refused(asks):
    assert code(asks.hello(node=uuid4())) == (400, "message_refused")


def test_parts_of_a_run_that_the_branch_does_not_go_on_with_are_dropped(asks):
    asks.part()
    asks.hello(request=asks.request)
    assert asks.pair.cycles() == [(1, "arriving")]
    asks.hello(request=uuid4())
    assert asks.pair.cycles() == []
    assert not CyclePart.objects.exists()


def test_what_breaks_is_told_without_its_reason_and_logged(asks, monkeypatch, caplog):
    monkeypatch.setattr("clearing.central.standing.course_of", lambda node, message: 1 / 0)
    with caplog.at_level(logging.ERROR):
        answer = asks.hello()
    assert code(answer) == (500, "broken")
    assert b"division" not in answer.content
    assert "division by zero" in caplog.text
    assert asks.pair.node.contacted_at is None


def test_every_address_is_in_the_table_of_methods():
    urls = [*views.location_urls(), *views.outside_urls()]
    assert {url.callback for url in urls} == set(views.METHODS)
    assert len(ADDRESSES) == len(views.location_urls())


def test_a_run_whose_parts_went_astray_sends_them_once_more(pair):
    def forget(method: str, path: str) -> None:
        if "decide" in path and not pair.line.lost:
            pair.line.lost.append("never")
            CyclePart.objects.filter(kind="sent", cycle__node=pair.node).delete()

    pair.line.between = forget
    pair.run()
    assert [path for _method, path, status in pair.line.asked if status == 409] == ["1/decide/"]
    assert pair.cycles() == [(1, "done")]


def test_what_never_gets_better_ends(pair):
    def forget(method: str, path: str) -> None:
        if "decide" in path:
            CyclePart.objects.filter(kind="sent", cycle__node=pair.node).delete()

    pair.line.between = forget
    with pytest.raises(CentralRefused):
        pair.run()
    assert len([path for _m, path, _s in pair.line.asked if "decide" in path]) == running.MOST_HELLOS


def test_another_program_at_the_address_is_told_in_a_sentence(pair):
    pair.line.instead.append(("knock", b"<html>"))
    with pytest.raises(Exception) as refused:  # noqa: PT011 - whichever says it
        pair.run()
    assert not isinstance(refused.value, Unreachable)
    assert str(pair.fresh.failure)
