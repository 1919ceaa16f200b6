"""The requests of nodes: read strictly, within limits, and answered by one operation each.

A bearer token is asked for before a body is read. Who has none learns the same at every address.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpResponse, JsonResponse
from django.urls import URLPattern, path

from clearing.central import entering, pairing, receiving, standing
from clearing.central.answers import answer, refusal
from clearing.central.problems import LengthMissing, NotAdmitted, TooLong
from clearing.models import Node
from clearing.protocol.messages import MOST_BYTES, Ack, Decide, Hello, Knock, Proof, RefusedMessage
from clearing.protocol.pairing_messages import Pair
from clearing.protocol.parts import LIMITS, PartFacts
from clearing.protocol.strict import Fields
from mcp.isolation.http import ScopedRequest, client_address

type View = Callable[..., HttpResponse]
LONGEST_OF_STRANGER = 16 * 1024
"""Bytes of what somebody sends who has not shown yet who he is."""
LONGEST_NUMBER = 10
BEARER = "Bearer "


def _bytes(request: ScopedRequest, most: int) -> bytes:
    """The body. Raises LengthMissing, TooLong before anything is read; UnreadablePostError where the line is cut."""
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal() or "HTTP_TRANSFER_ENCODING" in request.META:
        raise LengthMissing
    if int(length) > most:
        raise TooLong
    return request.read(int(length))


def _node(request: ScopedRequest) -> Node:
    """The node of the bearer token, at its own address. Raises NotAdmitted, NotThere."""
    shown = request.headers.get("Authorization", "")
    if not shown.startswith(BEARER) or request.address is None:
        raise NotAdmitted
    return entering.admitted(shown.removeprefix(BEARER), request.address)


# --- of anybody ---------------------------------------------------------------------------------------------------


def pair_view(request: ScopedRequest) -> HttpResponse:
    """A code becomes a node."""
    message = Pair.from_bytes(_bytes(request, LONGEST_OF_STRANGER))
    return answer(pairing.pair(message, address=client_address(request)))


def knock_view(request: ScopedRequest) -> HttpResponse:
    """A challenge, for whoever asks."""
    message = Knock.from_bytes(_bytes(request, LONGEST_OF_STRANGER))
    return answer(entering.knock(message, _address(request)))


def prove_view(request: ScopedRequest) -> HttpResponse:
    """A bearer token for a signed challenge."""
    message = Proof.from_bytes(_bytes(request, LONGEST_OF_STRANGER))
    admission = entering.prove(message, _address(request))
    return refusal(request, admission) if isinstance(admission, Exception) else answer(admission)


def _address(request: ScopedRequest) -> entering.Address:
    if request.address is None:
        raise NotAdmitted
    return request.address


# --- of a node ----------------------------------------------------------------------------------------------------


def hello_view(request: ScopedRequest) -> HttpResponse:
    """Where both sides stand."""
    node = _node(request)
    message = Hello.from_bytes(_bytes(request, LONGEST_OF_STRANGER))
    if message.node != node.pk:
        raise RefusedMessage("node")
    return answer(standing.hello(message, node=node))


def site_view(request: ScopedRequest) -> HttpResponse:
    """What the branch is told of its business."""
    return answer(standing.tell_site(node=_node(request)))


def part_view(request: ScopedRequest, cycle: int, number: int) -> HttpResponse:
    """A part from the branch; what is said of it stands in the query."""
    node = _node(request)
    rows = request.GET.get("rows", "")
    is_number = rows.isdecimal() and len(rows) < LONGEST_NUMBER
    fields = Fields({**request.GET.dict(), "rows": int(rows) if is_number else None}, refused=RefusedMessage)
    request_id, sha256 = fields.uuid("request"), fields.hash("sha256")
    rows_said = fields.number("rows", least=1, most=LIMITS.rows)
    content = _bytes(request, LIMITS.part_bytes)
    part = receiving.ArrivingPart(PartFacts(number, sha256, len(content), rows_said), request_id, content)
    receiving.receive_part(part, node=node, cycle=cycle)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def decide_view(request: ScopedRequest, cycle: int) -> HttpResponse:
    """Decides, or says what was decided; 202 while the worker is at it."""
    node = _node(request)
    message = Decide.from_bytes(_bytes(request, MOST_BYTES))
    if message.cycle != cycle:
        raise RefusedMessage("cycle")
    decided = receiving.decide_cycle(message, node=node)
    if isinstance(decided, receiving.Deciding):
        waiting = {"Retry-After": str(decided.seconds)}
        return JsonResponse({"seconds": decided.seconds}, status=HTTPStatus.ACCEPTED, headers=waiting)
    return answer(decided)


def answer_view(request: ScopedRequest, cycle: int, number: int) -> HttpResponse:
    """A part of the answer."""
    node = _node(request)
    content = receiving.answer_part(node=node, cycle=cycle, number=number)
    return HttpResponse(content, content_type="application/gzip")


def ack_view(request: ScopedRequest, cycle: int) -> HttpResponse:
    """The answer is applied."""
    node = _node(request)
    message = Ack.from_bytes(_bytes(request, LONGEST_OF_STRANGER))
    if message.cycle != cycle:
        raise RefusedMessage("cycle")
    receiving.take_ack(message, node=node)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


METHODS: dict[View, str] = {
    pair_view: "POST",
    knock_view: "POST",
    prove_view: "POST",
    hello_view: "POST",
    site_view: "GET",
    part_view: "PUT",
    decide_view: "POST",
    answer_view: "GET",
    ack_view: "POST",
}
"""By which method each address is asked; by no other."""


def outside_urls() -> list[URLPattern]:
    """Outside of any location."""
    return [path("clearing/pair/", pair_view, name="clearing_pair")]


def location_urls() -> list[URLPattern]:
    """At a location."""
    return [
        path("clearing/exchange/knock/", knock_view, name="clearing_knock"),
        path("clearing/exchange/prove/", prove_view, name="clearing_prove"),
        path("clearing/exchange/hello/", hello_view, name="clearing_hello"),
        path("clearing/exchange/site/", site_view, name="clearing_site"),
        path("clearing/exchange/<int:cycle>/parts/<int:number>/", part_view, name="clearing_part"),
        path("clearing/exchange/<int:cycle>/decide/", decide_view, name="clearing_decide"),
        path("clearing/exchange/<int:cycle>/answer/<int:number>/", answer_view, name="clearing_answer"),
        path("clearing/exchange/<int:cycle>/ack/", ack_view, name="clearing_ack"),
    ]
