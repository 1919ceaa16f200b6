"""A branch of protocol 1 and format 1, as it was when those were written. It stays as it is: a later central must still
understand it, and what is recorded here may be changed only when a version goes out of use.

It uses nothing of the product. It says hello, fetches what the central has changed, and in a second run sends one of
those customers back with another city; what the central answers it reads as it did then.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import uuid
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key

PROTOCOL, FORMAT = 1, 1


def canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Refused(Exception):
    """The central does not do what it was asked for."""


@dataclass
class Client:
    """What a node knows of itself."""

    port: int
    address: str
    node: str
    incarnation: str
    private_key: str
    lease: str
    epoch: str
    applied: int
    receipt: str
    token: str = ""

    def run(self, records: list[dict[str, Any]]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """One run; what became of what was sent, and the records of the answer."""
        self._show_who_it_is()
        course = self._hello()
        if course["course"] != "go on":
            raise Refused(course)
        number, request = course["cycle"], str(uuid.uuid4())
        sent = [_part(records)] if records else []
        for place, (facts, content) in enumerate(sent, start=1):
            said = f"request={request}&rows={facts['rows']}&sha256={facts['sha256']}"
            self._ask("PUT", f"{number}/parts/{place}/?{said}", content)
        decided = self._object(
            "POST", f"{number}/decide/",
            {"cycle": number, "previous": self.receipt, "request": request, "sent": [facts for facts, _ in sent]},
        )  # fmt: skip
        assert decided["cycle"] == number
        assert set(decided["counts"]) >= {"sent", "applied", "same", "conflict", "held_back"}
        answer: list[dict[str, Any]] = []
        for place, facts in enumerate(decided["answer"], start=1):
            content = self._ask("GET", f"{number}/answer/{place}/", b"")
            assert hashlib.sha256(content).hexdigest() == facts["sha256"]
            answer += [json.loads(line) for line in gzip.decompress(content).splitlines()]
        self._ask("POST", f"{number}/ack/", canonical({"cycle": number, "receipt": decided["receipt"]}))
        self.applied, self.receipt, self.lease = number, decided["receipt"], decided["lease"]
        return decided["counts"], answer

    def _show_who_it_is(self) -> None:
        question = self._object("POST", "knock/", {"node": self.node})
        challenge = {
            "epoch": question["epoch"], "incarnation": self.incarnation, "lease": self.lease, "node": self.node,
            "nonce": question["nonce"], "request": None,
        }  # fmt: skip
        key: Any = load_pem_private_key(self.private_key.encode(), password=None)
        signature = key.sign(b"stammhaus clearing\0challenge\0" + canonical(challenge)).hex()
        self.token = self._object("POST", "prove/", {**challenge, "signature": signature})["token"]

    def _hello(self) -> dict[str, Any]:
        return self._object(
            "POST", "hello/",
            {
                "applied": self.applied, "clock": datetime.now(UTC).isoformat(timespec="microseconds"), "counter": 7,
                "epoch": self.epoch, "free_bytes": None, "held_back": 0, "incarnation": self.incarnation,
                "node": self.node, "program": "0.1.0", "protocol": PROTOCOL, "receipt": self.receipt, "request": None,
                "waiting": 1,
            },
        )  # fmt: skip

    def _object(self, method: str, path: str, said: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._ask(method, path, canonical(said)))
        return found

    def _ask(self, method: str, path: str, body: bytes) -> bytes:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        line.request(method, f"{self.address}clearing/exchange/{path}", body or None, headers)
        answer = line.getresponse()
        content = answer.read()
        line.close()
        if answer.status not in {200, 204}:
            raise Refused(answer.status, content)
        return content


def changed(record: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A customer of an answer, as the branch sends him back."""
    was = {name: record["values"][name] for name in values}
    return {
        **record, "values": {**record["values"], **values}, "base_rev": record["base_rev"], "format": FORMAT,
        "kind": "customer", "says_more": False, "was": was,
    }  # fmt: skip


def _part(records: list[dict[str, Any]]) -> tuple[dict[str, Any], bytes]:
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    content = packer.compress(b"".join(canonical(record) + b"\n" for record in records)) + packer.flush()
    return {"rows": len(records), "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}, content
