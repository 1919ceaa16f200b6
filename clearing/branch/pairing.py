"""Pairing at the branch: a code that somebody types becomes a key, a lease and a central.

    pairing = request_pairing(code=…, central_url=…, machine=…, known=None)   before the first start: who am I?
    keep_pairing(own, pairing, actor=…)                                       once business, location and base are there

    pair(own, code=…, central_url=…, machine=…, actor=…)                      a branch that worked unpaired until now

A branch that is paired anew is another node: it offers all of its customers, and nothing of it is lost.

The key is derived from the code and the secret of this installation, so whoever types the same code here once more,
after a double click or because this machine died before it had kept the answer, makes the same request and gets the
same answer. Another installation with the same code has another key, and is refused.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy

from clearing.branch.recovering import drop_open_run
from clearing.branch.talking import ask_to_pair
from clearing.branch.transport import Https, Transport, usable_url
from clearing.choices import RIGHTS_TO_PAIR, NodeState
from clearing.lives import current_life
from clearing.models import Node, OwnNode
from clearing.program import program_version
from clearing.protocol.keys import PrivateKey
from clearing.protocol.pairing_codes import normalized
from clearing.protocol.pairing_messages import Numbers, Pair, Paired
from locations.models import CustomerBase
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences


class OtherNumbers(ValidationError):
    """The pairing is of another branch than this one."""

    def __init__(self, here: Numbers, there: Numbers) -> None:
        super().__init__(
            gettext_lazy(
                "The code is of account number %(account)s, client number %(client)s, branch number %(branch)s. This "
                "branch is set up as %(account_here)s, %(client_here)s, %(branch_here)s; nothing was changed here."
            ),
            code="other_numbers",
            params={
                "account": there.account, "client": there.client, "branch": there.branch,
                "account_here": here.account, "client_here": here.client, "branch_here": here.branch,
            },
        )  # fmt: skip


@dataclass(frozen=True)
class Pairing:
    """What the central has answered, and what only the branch knows. It is kept by `keep_pairing`."""

    central_url: str
    key: PrivateKey = field(repr=False)
    incarnation: uuid.UUID
    paired: Paired


def request_pairing(
    *, code: str, central_url: str, machine: str, known: Numbers | None, transport: Transport | None = None
) -> Pairing:
    """Ask the central. `known` are the numbers of a branch that is set up already; the central names what clashes.

    Raises UnusableUrl, Unreachable, StrangeAnswer, and CentralRefused with the sentences of the central.
    """
    url, (key, incarnation) = usable_url(central_url), _identity(code)
    message = Pair(
        code=code,
        public_key=key.public.text,
        machine=machine,
        program=program_version(),
        incarnation=incarnation,
        known=known,
    )
    return Pairing(url, key, incarnation, ask_to_pair(transport or Https(url), message))


def _identity(code: str) -> tuple[PrivateKey, uuid.UUID]:
    """Key and incarnation by which this installation, in this life of its database, answers to a code."""
    said = f"{normalized(code)} {current_life()}"
    seed, life = (
        salted_hmac(f"clearing.pairing {what}", said, algorithm="sha256").digest() for what in ("key", "life")
    )
    return PrivateKey(seed), uuid.UUID(bytes=life[:16], version=4)


def _kept(own: OwnNode, code: str) -> OwnNode | None:
    """The row as it is now, if the branch is paired by this very code already."""
    key = _identity(code)[0].text
    return OwnNode.objects.filter(pk=own.pk, node__isnull=False, private_key=key).first()


def numbers_of(own: OwnNode) -> Numbers:
    """By which numbers this branch works."""
    location = own.location
    return Numbers(
        account=location.organization.account_number,
        client=location.client_number,
        branch=location.branch_number,
        first_number=location.first_number,
        last_number=location.last_number,
    )


@transaction.atomic
def keep_pairing(own: OwnNode, pairing: Pairing, *, actor: Scope) -> OwnNode:
    """From now on this branch is the node that the central knows. A run that was open begins anew.

    Raises MissingRight, OtherNumbers.
    """
    for right in RIGHTS_TO_PAIR:
        actor.demand(right)
    paired, here = pairing.paired, numbers_of(own)
    if (here.account, here.client, here.branch) != (
        paired.numbers.account, paired.numbers.client, paired.numbers.branch,
    ):  # fmt: skip
        raise OtherNumbers(here, paired.numbers)
    # As whoever writes customers does: the base first, and then the order of its changes (customers/write_order.py).
    CustomerBase.objects.select_for_update(no_key=True).get(pk=own.pk)
    row = OwnNode.objects.select_for_update(of=("self",)).get(pk=own.pk)
    if (row.identity, row.private_key) == (paired.node, pairing.key.text):
        return row  # by the same code at the same moment
    if row.node_id is not None:
        drop_open_run(row)
    Node.objects.filter(base=row.base_id).in_use().update(state=NodeState.RETIRED, state_since=timezone.now())
    row.node = Node.objects.create(
        organization=row.organization,
        base=row.base,
        location=row.location,
        name=str(row.location),
        public_key=pairing.key.public.text,
        receipt=paired.receipt,
        paired_by=actor.actor_name,
    )
    row.identity, row.incarnation, row.life = paired.node, pairing.incarnation, current_life()
    row.private_key, row.central_url, row.epoch = pairing.key.text, pairing.central_url, paired.epoch
    row.central_key = paired.central_key
    row.lease, row.request, row.bearer = paired.lease, None, ""
    row.applied, row.receipt, row.sent_up_to = 0, paired.receipt, 0
    row.agreed_vocabulary, row.site_hash, row.failure = None, "", Sentences()
    row.save(
        update_fields=[
            "node", "identity", "incarnation", "life", "private_key", "central_url", "central_key", "epoch", "lease",
            "request", "bearer", "applied", "receipt", "sent_up_to", "agreed_vocabulary", "site_hash", "failure",
        ]
    )  # fmt: skip
    base = row.base
    if not base.has_node:
        base.has_node = True
        base.save(update_fields=["has_node"])
    return row


def pair(
    own: OwnNode, *, code: str, central_url: str, machine: str, actor: Scope, transport: Transport | None = None
) -> OwnNode:
    """Pair a branch that is set up; nothing more where that was done by this code before.

    Raises what `request_pairing` and `keep_pairing` raise.
    """
    for right in RIGHTS_TO_PAIR:
        actor.demand(right)
    if (kept := _kept(own, code)) is not None:
        return kept
    pairing = request_pairing(
        code=code, central_url=central_url, machine=machine, known=numbers_of(own), transport=transport
    )
    return keep_pairing(own, pairing, actor=actor)
