"""A paired node that asks the central by hand."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.utils import timezone

from clearing.models import Node
from clearing.protocol.keys import issue_bearer
from clearing.protocol.messages import Decide, Hello
from clearing.protocol.parts import Manifest, pack
from tests.clearing import pairs
from tests.conftest import Browser

AT = "/10400/4/clearing/exchange/"
ADDRESSES = {
    "knock/": "post", "prove/": "post", "hello/": "post", "site/": "get", "1/parts/1/": "put", "1/decide/": "post",
    "1/answer/1/": "get", "1/ack/": "post",
}  # fmt: skip
OF_A_NODE = [path for path in ADDRESSES if path not in {"knock/", "prove/"}]
CONTENT = next(iter(pack([{"one": 1}])))


class Asks:
    """A paired node that asks by hand."""

    def __init__(self, pair: pairs.Pair) -> None:
        self.pair, self.request = pair, uuid4()
        token = issue_bearer(now=timezone.now())
        self.token = token.secret
        Node.objects.filter(pk=pair.fresh.identity).update(bearer=token.stored, bearer_until=token.expires_at)

    def __call__(self, path: str, body: Any = b"", *, token: str | None = None, at: str = AT, method: str = "") -> Any:
        content = body if isinstance(body, bytes) else body.to_bytes()
        shown = self.token if token is None else token
        headers = {"Authorization": f"Bearer {shown}"} if shown else {}
        how = method or ADDRESSES.get(path.partition("?")[0], "post" if "parts" not in path else "put")
        return Browser().generic(how.upper(), at + path, content, content_type="application/json", headers=headers)

    def part(self, part: Any = CONTENT, *, cycle: int = 1, content: bytes | None = None, **said: Any) -> Any:
        facts = part.facts
        query = {"request": self.request, "rows": facts.rows, "sha256": facts.sha256} | said
        named = "&".join(f"{name}={value}" for name, value in query.items())
        return self(f"{cycle}/parts/{facts.number}/?{named}", part.content if content is None else content)

    def decide(self, cycle: int = 1, **more: Any) -> Any:
        node = self.pair.node
        values: dict[str, Any] = {
            "cycle": cycle,
            "request": self.request,
            "previous": node.receipt,
            "sent": Manifest((CONTENT.facts,)),
        }
        return self(f"{cycle}/decide/", Decide(**(values | more)))

    def hello(self, **more: Any) -> Any:
        own = self.pair.fresh
        said: dict[str, Any] = {
            "node": own.identity, "incarnation": own.incarnation, "epoch": own.epoch, "applied": own.applied,
            "receipt": own.receipt, "counter": 1, "program": "1", "clock": timezone.now(),
        }  # fmt: skip
        return self("hello/", Hello(**(said | more)))


def code(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]
