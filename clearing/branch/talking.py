"""The central as the branch speaks to it: one method for each request, which gives the answer or raises why not.

    central = CentralSide(transport, credentials)
    central.hello(…)

A bearer token that has ended is renewed by the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from clearing.branch.transport import Reply, Transport
from clearing.protocol.canonical import read_object
from clearing.protocol.keys import Challenge, PrivateKey
from clearing.protocol.messages import (
    Ack,
    Admission,
    Decide,
    Decided,
    Hello,
    HelloAnswer,
    Knock,
    Message,
    Proof,
    Question,
)
from clearing.protocol.pairing_messages import Pair, Paired
from clearing.protocol.parts import LIMITS, Part, PartFacts, verify
from clearing.protocol.site import Site
from clearing.protocol.strict import Fields, UnreadableField
from mcp.stored_sentences import Sentences, Stored, sentences_of

MOST_SENTENCES = 20
LONGEST_WAIT = 600
PAIR = "/clearing/pair/"


class StrangeAnswer(ValidationError):
    """Something between has answered, or another program."""

    def __init__(self, status: int) -> None:
        super().__init__(
            gettext_lazy(
                "At the address of the central something else answers (status %(status)s). Check the address; perhaps "
                "a proxy of this network is in between, or the central is just being restarted."
            ),
            code="strange_answer",
            params={"status": status},
        )


class CentralRefused(Exception):
    """The central has refused, and says why. `more` is what its answer says besides, such as the number expected."""

    def __init__(self, code: str, sentences: Sentences, more: Mapping[str, Any], status: int) -> None:
        self.code, self.sentences, self.more, self.status = code, sentences, more, status
        super().__init__(code)

    def __str__(self) -> str:
        return str(self.sentences)


class _Refusal(UnreadableField):
    sentence = gettext_lazy("The refusal of the central is not understood here (%(name)s).")
    code_of_refusal = "refusal_refused"


@dataclass(frozen=True)
class StillDeciding:
    """The central is at it; ask again in so many seconds."""

    seconds: int


@dataclass(frozen=True)
class Credentials:
    """By what the node shows who it is."""

    node: UUID
    incarnation: UUID
    key: PrivateKey
    lease: str = field(repr=False)
    request: UUID | None


class CentralSide:
    """The central, for one run."""

    def __init__(self, transport: Transport, address: str, credentials: Credentials) -> None:
        """`address` is that of the location, with a slash at both ends."""
        self._transport, self._credentials = transport, credentials
        self._at = f"{address}clearing/exchange/"
        self._token = ""

    def hello(self, message: Hello) -> HelloAnswer:
        """Where both stand."""
        return HelloAnswer.from_bytes(self._ask("POST", "hello/", message).body)

    def site(self) -> Site:
        """What the branch is told of its business."""
        return Site.from_bytes(self._ask("GET", "site/").body)

    def send_part(self, part: Part, *, cycle: int, request: UUID) -> None:
        """One part of what is sent."""
        facts = part.facts
        said = urlencode({"request": request, "rows": facts.rows, "sha256": facts.sha256})
        self._ask("PUT", f"{cycle}/parts/{facts.number}/?{said}", part.content)

    def decide(self, message: Decide) -> Decided | StillDeciding:
        """The decision, or that it takes a while."""
        reply = self._ask("POST", f"{message.cycle}/decide/", message)
        if reply.status != HTTPStatus.ACCEPTED:
            return Decided.from_bytes(reply.body)
        said = Fields(_object(reply), refused=_Refusal)
        return StillDeciding(said.number("seconds", least=1, most=LONGEST_WAIT))

    def answer_part(self, facts: PartFacts, *, cycle: int) -> bytes:
        """One part of the answer, as it was announced. Raises DamagedPart."""
        content = self._ask("GET", f"{cycle}/answer/{facts.number}/").body
        verify(content, facts, LIMITS)
        return content

    def acknowledge(self, message: Ack) -> None:
        """Say that the answer is applied."""
        self._ask("POST", f"{message.cycle}/ack/", message)

    def _ask(self, method: str, path: str, body: Message | bytes | None = None) -> Reply:
        if not self._token:
            self._show_who_it_is()
        reply = self._send(method, path, body, token=self._token)
        if reply.status == HTTPStatus.UNAUTHORIZED:
            self._show_who_it_is()
            reply = self._send(method, path, body, token=self._token)
        return demand_good(reply)

    def _show_who_it_is(self) -> None:
        own = self._credentials
        question = Question.from_bytes(demand_good(self._send("POST", "knock/", Knock(own.node))).body)
        challenge = Challenge(
            nonce=question.nonce,
            node=own.node,
            epoch=question.epoch,
            lease=own.lease,
            incarnation=own.incarnation,
            request=own.request,
        )
        proof = Proof(challenge, challenge.signed_by(own.key))
        self._token = Admission.from_bytes(demand_good(self._send("POST", "prove/", proof)).body).token

    def renew(self, lease: str) -> None:
        """The lease of this contact: by it the node shows itself where the token ends before the run does."""
        own = self._credentials
        self._credentials = Credentials(own.node, own.incarnation, own.key, lease, None)

    def _send(self, method: str, path: str, body: Message | bytes | None, *, token: str = "") -> Reply:
        headers = {"Content-Type": "application/octet-stream" if isinstance(body, bytes) else "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        content = body.to_bytes() if isinstance(body, Message) else body
        return self._transport.send(method, self._at + path, body=content, headers=headers)


def ask_to_pair(transport: Transport, message: Pair) -> Paired:
    """Show a code. Raises CentralRefused, Unreachable, StrangeAnswer."""
    headers = {"Content-Type": "application/json"}
    reply = transport.send("POST", PAIR, body=message.to_bytes(), headers=headers)
    return Paired.from_bytes(demand_good(reply).body)


def demand_good(reply: Reply) -> Reply:
    """The reply. Raises CentralRefused for a refusal of ours, StrangeAnswer for anything else that is not good."""
    if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return reply
    found = _object(reply)
    try:
        sentences = Sentences()
        for one in Fields(found, refused=_Refusal).objects("sentences", most=MOST_SENTENCES):
            sentences.append(_stored(one))
        code = Fields(found, refused=_Refusal).text("code", most=100)
        str(sentences)
    except (UnreadableField, KeyError, TypeError, ValueError):
        raise StrangeAnswer(reply.status) from None
    raise CentralRefused(code, sentences, found, reply.status)


def _stored(said: Fields) -> Stored:
    return Stored(
        code=said.text("code", most=100), text=said.text("text", most=2_000), params={**said.mapping("params")}
    )


def _object(reply: Reply) -> dict[str, Any]:
    try:
        return read_object(reply.body)
    except ValueError:
        raise StrangeAnswer(reply.status) from None


def sentences_for(error: Exception) -> Sentences:
    """What is kept of a failure, to be shown."""
    if isinstance(error, CentralRefused):
        return error.sentences
    if isinstance(error, ValidationError):
        return sentences_of(error)
    raise error
