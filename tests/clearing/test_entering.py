"""Which nodes are let in at which address, and that a copy shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from clearing.central import entering
from clearing.models import Cycle, Node
from clearing.protocol.keys import Challenge, PrivateKey
from clearing.protocol.messages import Decided, Knock, Proof, Question
from mcp.isolation import row_scope
from tests.clearing.asking import ADDRESSES, AT, OF_A_NODE, Asks, code
from tests.conftest import logged_in


@pytest.mark.parametrize("at", [AT, "/20800/2/clearing/exchange/", "/999/9/clearing/exchange/"])
def test_nobody_is_told_the_same_everywhere(asks, at):
    for path in OF_A_NODE:
        for token in ("", "x", "x" * 5_000, "ü"):
            assert code(asks(path, token=token, at=at)) == (401, "not_admitted")
    assert code(asks("nothing/", at=at)) == (401, "not_admitted")


def test_people_are_nobody_here(asks):
    for name in ("anna", "dirk", "sven", "rita"):
        browser = logged_in(name)
        for path, method in ADDRESSES.items():
            answer = browser.generic(method.upper(), AT + path, b"{}", content_type="application/json")
            assert answer.status_code == (400 if path in {"knock/", "prove/"} else 401), (name, path)
            assert not answer.cookies


@pytest.mark.parametrize("at", ["/10400/5/", "/10400/1/", "/10400/2/", "/20800/2/", "/77700/4/", "/999/9/"])
def test_a_node_is_a_stranger_at_every_other_location(asks, at):
    """Kiel (5) works on the same base."""
    for path in OF_A_NODE:
        assert code(asks(path, at=f"{at}clearing/exchange/")) == (404, "not_there")


def test_a_token_opens_no_page_of_people(asks):
    assert asks("", at="/10400/4/", method="get").status_code == 302
    assert asks("customers/customer/", at="/10400/4/", method="get").status_code == 302


@pytest.mark.parametrize("path", ADDRESSES)
def test_each_address_is_asked_by_its_method_alone(asks, path):
    for method in {"get", "head", "post", "put", "patch", "delete", "options"} - {ADDRESSES[path]}:
        answer = asks(path, method=method)
        assert (answer.status_code, answer["Allow"]) == (405, ADDRESSES[path].upper())


def test_a_token_ends(asks):
    assert asks.hello().status_code == 200
    Node.objects.filter(pk=asks.pair.fresh.identity).update(bearer_until=timezone.now())
    assert code(asks.hello()) == (401, "not_admitted")


@pytest.mark.parametrize("state", ["quarantined", "retired"])
def test_who_is_held_or_retired_is_not_let_in(asks, state):
    Node.objects.filter(pk=asks.pair.fresh.identity).update(state=state)
    for path in OF_A_NODE:
        assert code(asks(path)) == (401, "not_admitted")


def test_a_token_that_ends_meanwhile_writes_nothing(asks, monkeypatch):
    admitted = entering.admitted

    def ended(token: str, address: Any) -> Any:
        node = admitted(token, address)
        with row_scope.without_scope(reason="another request", actor="a test"):
            Node.objects.filter(pk=node.pk).update(bearer="")
        return node

    monkeypatch.setattr(entering, "admitted", ended)
    assert code(asks.part()) == (401, "not_admitted")
    assert not Cycle.objects.filter(node=asks.pair.fresh.identity).exists()


# --- letting in ---------------------------------------------------------------------------------------------------


class Door:
    """Knocks, and proves as it is told."""

    def __init__(self, asks: Asks) -> None:
        self.asks, self.own = asks, asks.pair.fresh
        self.key = PrivateKey.from_text(self.own.private_key)

    def question(self) -> Question:
        return Question.from_bytes(self.asks("knock/", Knock(self.own.identity), token="").content)

    def prove(self, question: Question, *, key: PrivateKey | None = None, at: str = AT, **more: Any) -> Any:
        own = self.own
        challenge = Challenge(question.nonce, own.identity, question.epoch, own.lease, own.incarnation)
        challenge = replace(challenge, **more)
        proof = Proof(challenge, challenge.signed_by(key or self.key))
        return self.asks("prove/", proof, token="", at=at)


def test_a_challenge_is_answered_once_in_time_and_by_the_key_alone(asks):
    door = Door(asks)
    question = door.question()
    refused = [
        door.prove(question, key=PrivateKey.make()),
        door.prove(question, node=uuid4()),
        door.prove(question, epoch="another"),
        door.prove(replace(question, nonce="x" * 32)),
        door.prove(question, at="/10400/5/clearing/exchange/"),
        door.prove(question, at="/999/9/clearing/exchange/"),
    ]
    assert {code(answer) for answer in refused} == {(401, "not_admitted")}
    assert door.prove(question).status_code == 200
    assert code(door.prove(question)) == (401, "not_admitted")
    late = door.question()
    Node.objects.filter(pk=door.own.identity).update(nonce_at=timezone.now() - timedelta(minutes=3))
    assert code(door.prove(late)) == (401, "not_admitted")


def test_who_knocks_learns_nothing(asks):
    known = asks("knock/", Knock(asks.pair.fresh.identity), token="")
    unknown = asks("knock/", Knock(uuid4()), token="")
    elsewhere = asks("knock/", Knock(asks.pair.fresh.identity), token="", at="/20800/2/clearing/exchange/")
    assert {answer.status_code for answer in (known, unknown, elsewhere)} == {200}
    assert len({len(answer.content) for answer in (known, unknown, elsewhere)}) == 1


def test_a_forged_proof_does_not_hold_the_node(asks):
    door = Door(asks)
    door.prove(door.question(), key=PrivateKey.make(), lease="x")
    assert asks.pair.node.state == "paired"


@pytest.mark.parametrize("lease", ["", "x", "0.x", "17.x"])
def test_a_lease_that_was_never_issued_is_that_of_a_copy(asks, lease):
    door = Door(asks)
    assert code(door.prove(door.question(), lease=lease)) == (403, "quarantined")
    assert asks.pair.node.state == "quarantined"


def test_an_old_lease_is_good_with_the_request_of_the_lost_answer_alone(asks):
    door = Door(asks)
    asks.part()
    asks.decide()
    asked = {"request": asks.request}
    assert door.prove(door.question(), **asked).status_code == 200
    assert door.prove(door.question(), **asked).status_code == 200
    assert code(door.prove(door.question(), request=uuid4())) == (403, "quarantined")


def test_once_the_newer_lease_was_shown_the_old_one_is_that_of_a_copy(asks):
    door = Door(asks)
    asks.part()
    lease = Decided.from_bytes(asks.decide().content).lease
    assert door.prove(door.question(), lease=lease).status_code == 200
    assert code(door.prove(door.question(), request=asks.request)) == (403, "quarantined")
