"""How a node is let in: a challenge that it signs, a bearer token for the requests that follow; and how a copy shows.

A lease changes with each decided run. Whoever shows an older one is a copy, unless the answer that held the newer one
was lost: then the node names the request. A node that was restored from a backup shows an older lease as well, and says
so by a new incarnation. The one before it is dead from then on: who shows it is a copy.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.central.problems import NotAdmitted, NotThere, PairAnew, Problem, Quarantined, Switched
from clearing.choices import NodeState
from clearing.lives import current_life
from clearing.models import Node
from clearing.protocol.keys import (
    BEARER_LIFETIME,
    NONCE_LIFETIME,
    Challenge,
    ForgedSignature,
    PublicKey,
    bearer_hash,
    is_lease,
    issue_bearer,
    lease_number,
    new_nonce,
)
from clearing.protocol.messages import Admission, Knock, Proof, Question
from locations.models import Location
from locations.secret_hashes import SecretKind, keyed_hash
from mcp.isolation import row_scope
from mcp.isolation.history_context import recorded_as
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence

type Address = tuple[int, int]
"""Account number and client number."""

LET_IN = "a branch that calls"
TWO_OF_ONE = stored_sentence(
    "two_of_one",
    gettext_lazy(
        "Two installations show the same pairing: a copy was made of this branch, or it was restored from a backup "
        "without saying so. Neither reconciles until support has named the one that goes on."
    ),
)
LONGEST_NAME = 200
"""Of whoever acts, where it is written down."""
MOST_REMEMBERED = 50
"""Of former incarnations and refused leases; older ones are refused all the same, with another sentence."""


def scope_of_node(node: Node) -> Scope:
    """The scope in which a node works: at its location, under that and the name of its device.

    The device says itself how it is called, so that alone would be the name of whomever it likes.
    """
    return Scope.of_system(node.location, name=f"{node.location.name}: {node.name}"[:LONGEST_NAME])


def knock(message: Knock, address: Address) -> Question:
    """A challenge. For a node that does not exist here it is made as well, and leads nowhere."""
    nonce = new_nonce()
    node = _find(address, pk=message.node)
    if node is not None:
        with row_scope.rows_of(scope_of_node(node)):
            Node.objects.filter(pk=node.pk).update(nonce=_of_nonce(nonce), nonce_at=timezone.now())
    return Question(nonce, current_life())


def prove(message: Proof, address: Address) -> Admission | Problem:
    """A bearer token, or why not: a problem is returned, since that two show the same pairing is to be kept.

    Raises NotAdmitted where it is not shown that this is the node.
    """
    node = _find(address, pk=message.challenge.node)
    if node is None:
        raise NotAdmitted
    scope = scope_of_node(node)
    with row_scope.rows_of(scope), recorded_as(**scope.history(node=str(node.pk))):
        return _admission(locked(node), message, now=timezone.now())


def admitted(token: str, address: Address) -> Node:
    """The node that has shown a token that holds, at its own address.

    Raises NotAdmitted without such a token, whether or not the address exists, NotThere at any other address, and
    Switched where its location works with another base now.
    """
    node = _find(None, bearer=bearer_hash(token)) if token else None
    if node is None or not _holds(node, now=timezone.now()):
        raise NotAdmitted
    place = node.location
    if (place.organization.account_number, place.client_number) != address or place.closed_at is not None:
        raise NotThere
    if node.base_id != place.base_id:
        raise Switched
    return node


def is_switched(node: Node) -> bool:
    """Whether its location works with another customer base now. The row of the node is locked.

    Asked of the table: the location that was read with the node may be from before the switch.
    """
    return not Location.objects.filter(pk=node.location_id, base=node.base_id).exists()


def node_of_run(cycle: str, address: Address) -> Node | None:
    """The node of a run at this address, for the worker."""
    return _find(address, cycles=cycle)


def locked_and_admitted(node: Node) -> Node:
    """The row, locked: requests of one node take turns.

    Raises NotAdmitted where its token has ended meanwhile, Switched.
    """
    row = locked(node)
    if row.bearer != node.bearer or not _holds(row, now=timezone.now()):
        raise NotAdmitted
    if is_switched(row):
        raise Switched
    return row


def locked(node: Node) -> Node:
    """The row of a node as it is now, locked, with the location and base that were read before."""
    row = Node.objects.select_for_update(of=("self",)).get(pk=node.pk)
    row.location, row.organization = node.location, node.location.organization
    if row.base_id == node.location.base_id:
        row.base = node.location.base
    return row


def _holds(node: Node, *, now: datetime) -> bool:
    is_in_time = node.bearer_until is not None and now < node.bearer_until
    return node.state == NodeState.PAIRED and is_in_time


def _find(address: Address | None, **found_by: object) -> Node | None:
    nodes = Node.objects.filter(**found_by).select_related("location__organization", "location__base")
    if address is not None:
        account, client = address
        nodes = nodes.filter(location__client_number=client, location__organization__account_number=account)
    with row_scope.without_scope(reason="find out which branch calls", actor=LET_IN):
        return nodes.first()


def _of_nonce(nonce: str) -> str:
    return hashlib.sha256(nonce.encode()).hexdigest()


def _admission(node: Node, message: Proof, *, now: datetime) -> Admission | Problem:
    challenge = message.challenge
    _demand_answered(node, message, now=now)
    node.nonce, node.nonce_at = "", None
    node.save(update_fields=["nonce", "nonce_at"])
    if node.state == NodeState.RETIRED:
        return PairAnew()
    if is_switched(node):
        return Switched()
    if node.location.closed_at is not None or _is_refused(node, challenge):
        return PairAnew()
    if node.state == NodeState.QUARANTINED:
        _note_other(node, challenge, now=now)
        return Quarantined()
    if not is_the_one(node, challenge):
        _quarantine(node, challenge, now=now)
        return Quarantined()
    token = issue_bearer(now=now)
    node.bearer, node.bearer_until = token.stored, token.expires_at
    node.save(update_fields=["bearer", "bearer_until", *live_on(node, challenge)])
    return Admission(token.secret, int(BEARER_LIFETIME.total_seconds()))


def _demand_answered(node: Node, message: Proof, *, now: datetime) -> None:
    """Raise NotAdmitted unless the node has signed the challenge that was put to it, in time."""
    challenge = message.challenge
    is_asked = bool(node.nonce) and node.nonce == _of_nonce(challenge.nonce)
    if not is_asked or node.nonce_at is None or now - node.nonce_at > NONCE_LIFETIME:
        raise NotAdmitted
    if challenge.epoch != current_life():
        raise NotAdmitted
    try:
        challenge.demand_signed_by(message.signature, PublicKey.from_text(node.public_key))
    except ForgedSignature:
        raise NotAdmitted from None


def is_the_one(node: Node, challenge: Challenge) -> bool:
    """Whether it is the installation that has called before: by its lease; or that one, restored from a backup.

    A lease of a later run than any that is known here was issued in a life of the central that it has forgotten.
    """
    if str(challenge.incarnation) in node.former_incarnations:
        return False
    if challenge.incarnation != node.incarnation:
        # A backup holds a lease of ours, however old; who has none was never let in.
        return lease_number(challenge.lease, node=node.pk) is not None and not _is_refused(node, challenge)
    if is_lease(challenge.lease, stored=node.lease):
        return True
    if _is_forgotten(node, challenge):
        return True
    is_lost_answer = challenge.request is not None and challenge.request == node.open_request
    return is_lost_answer and is_lease(challenge.lease, stored=node.earlier_lease)


def _is_forgotten(node: Node, challenge: Challenge) -> bool:
    number = lease_number(challenge.lease, node=node.pk)
    return number is not None and number > node.decided


def live_on(node: Node, challenge: Challenge) -> list[str]:
    """What is noted of the node that was let in; the names of the fields that changed."""
    if challenge.incarnation != node.incarnation or _is_forgotten(node, challenge):
        become(node, lease=_lease_hash(challenge), incarnation=challenge.incarnation)
        return LEASE_FIELDS
    if node.earlier_lease and is_lease(challenge.lease, stored=node.lease):
        node.earlier_lease, node.open_request = "", None  # the answer with the newer one has arrived
        return ["earlier_lease", "open_request"]
    return []


LEASE_FIELDS = ["lease", "earlier_lease", "open_request", "incarnation", "former_incarnations"]


def become(node: Node, *, lease: str, incarnation: UUID | None) -> None:
    """From now on the node is the installation with this lease, stored as its hash, and this incarnation."""
    if incarnation != node.incarnation:
        former = [*node.former_incarnations, *([str(node.incarnation)] if node.incarnation else [])]
        node.former_incarnations = [one for one in former if one != str(incarnation)][-MOST_REMEMBERED:]
    node.lease, node.earlier_lease, node.open_request = lease, "", None
    node.incarnation = incarnation


def _lease_hash(challenge: Challenge) -> str:
    return keyed_hash(SecretKind.LEASE, challenge.lease)


def _is_refused(node: Node, challenge: Challenge) -> bool:
    """Whether this is a copy that support has not named the heir, also where it says now that it was restored."""
    lease = _lease_hash(challenge)
    if challenge.incarnation != node.incarnation:
        return any(one.partition(" ")[0] == lease for one in node.refused_leases)
    return refused(lease, challenge.incarnation) in node.refused_leases


def refused(lease: str, incarnation: UUID | None) -> str:
    """What is kept of an installation that does not go on. After a restore two can differ by the incarnation alone."""
    return f"{lease} {incarnation}"


def _quarantine(node: Node, challenge: Challenge, *, now: datetime) -> None:
    node.state, node.state_since, node.state_reason = NodeState.QUARANTINED, now, TWO_OF_ONE()
    node.bearer, node.bearer_until = "", None
    node.other_lease, node.other_incarnation = _lease_hash(challenge), challenge.incarnation
    node.other_at = now
    node.save(
        update_fields=[
            "state", "state_since", "state_reason", "bearer", "bearer_until", "other_lease", "other_incarnation",
            "other_at",
        ]
    )  # fmt: skip


def _note_other(node: Node, challenge: Challenge, *, now: datetime) -> None:
    """When each of the two has called last: support sees by it which one is in use."""
    if _lease_hash(challenge) == node.other_lease:
        node.other_at = now
        node.save(update_fields=["other_at"])
    elif is_lease(challenge.lease, stored=node.lease):
        node.contacted_at = now
        node.save(update_fields=["contacted_at"])
