"""The same request twice at the same moment: one effect, and the same answer to both."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.utils import timezone

from clearing.central import pairing, receiving
from clearing.models import Cycle, CyclePart, Node
from clearing.protocol.keys import PrivateKey, issue_bearer
from clearing.protocol.messages import Decide
from clearing.protocol.pairing_messages import Pair
from clearing.protocol.parts import Manifest, pack
from tests.clearing import pairs
from tests.conftest import Browser, Cast

pytestmark = pytest.mark.django_db(transaction=True)
AT, THREADS = "/10400/4/clearing/exchange/", 4


def at_once(ask: Callable[[int], Any]) -> list[Any]:
    """What all threads are answered, who ask in the same moment."""
    ready = Barrier(THREADS)

    def one(number: int) -> Any:
        try:
            ready.wait()
            return ask(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def test_a_code_becomes_one_node_and_a_run_is_decided_once(monkeypatch):
    anna = Cast().scope("anna", "Lübeck")
    code = pairing.make_pairing_code(location=anna.location, actor=anna)
    keys = [PrivateKey.make().public.text for _thread in range(THREADS)]

    def pair(number: int) -> Any:
        said = Pair(code, keys[number], "Kasse", "1", UUID(int=number))
        return Browser(REMOTE_ADDR=f"10.0.0.{number}").post(
            "/clearing/pair/", said.to_bytes(), content_type="application/json"
        )

    assert sorted(answer.status_code for answer in at_once(pair)) == [200, 403, 403, 403]
    node = Node.objects.get()
    _decide_once(node, monkeypatch)


def _decide_once(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    token, request = issue_bearer(now=timezone.now()), uuid4()
    Node.objects.filter(pk=node.pk).update(bearer=token.stored, bearer_until=token.expires_at)
    part = next(iter(pack([{"one": 1}])))
    times: list[Any] = []

    def decide(run: Cycle, *, actor: Any) -> None:
        times.append(run.pk)
        pairs.small_decide(run, actor=actor)

    monkeypatch.setattr(receiving, "decide", decide)
    monkeypatch.setattr(pairs, "TO_ANSWER", [{"other": 1}])

    def ask(method: str, path: str, content: bytes) -> Any:
        headers = {"Authorization": f"Bearer {token.secret}"}
        return Browser().generic(method, AT + path, content, content_type="application/json", headers=headers)

    said = f"1/parts/1/?request={request}&rows=1&sha256={part.facts.sha256}"
    assert [one.status_code for one in at_once(lambda _number: ask("PUT", said, part.content))] == [204] * THREADS
    assert CyclePart.objects.count() == 1
    body = Decide(1, request, node.receipt, Manifest((part.facts,))).to_bytes()
    answers = at_once(lambda _number: ask("POST", "1/decide/", body))
    assert {(one.status_code, one.content) for one in answers} == {(200, answers[0].content)}
    assert len(times) == 1
    assert list(Cycle.objects.values_list("number", "state")) == [(1, "decided")]
