"""Pairing at the central: a code is shown once to whoever manages the location, and becomes a node once.

The code alone says which location is meant: it is found by the hash of its first half, and only then is the whole
compared, so that wrong tries are counted at the code they come close to. Guessing is slowed down by the address as at
the login.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.central.preconditions import preconditions_of
from clearing.central.problems import CodeRefused
from clearing.choices import RIGHTS_TO_PAIR, NodeState
from clearing.lives import current_life
from clearing.models import Node, PairingCode
from clearing.preconditions import demand_met
from clearing.program import program_version
from clearing.protocol.keys import PublicKey, central_keys, issue_lease
from clearing.protocol.messages import OLDEST_PROTOCOL
from clearing.protocol.pairing_codes import (
    LIFETIME,
    CodeVerdict,
    check_code,
    make_code,
    normalized,
    shown,
    start_hash,
    stored_hash,
)
from clearing.protocol.pairing_messages import Numbers, Pair, Paired
from clearing.protocol.receipts import start_of_chain
from locations.choices import LocationKind
from locations.models import Location
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.history_context import recorded_as
from mcp.isolation.scope import Scope
from mcp.login import throttling

PAIRING = "the pairing"
SAME_START = "pairingcode_unique"
REMEMBERED = LIFETIME + timedelta(hours=1)
"""How long after it was made a code is looked at; then it is as if there had been none."""


class NoOfflineBase(ValidationError):
    """There is nothing to pair with a location on 2.0."""

    def __init__(self, location: Location) -> None:
        super().__init__(
            gettext_lazy(
                "%(location)s works with the customer base 2.0, which needs no reconciliation. Only a branch on a "
                "customer base 1.0 is paired."
            ),
            code="no_offline_base",
            params={"location": str(location)},
        )


class NoOpenCode(ValidationError):
    """There is no code that could be withdrawn."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("The code was used or withdrawn meanwhile. Look at the page again."), code="no_open_code"
        )


class TooOldToPair(ValidationError):
    """The branch speaks a version of the protocol that is no longer spoken here."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("This version is too old for the central. Upgrade the branch before you pair it."),
            code="too_old",
        )


# --- at the console -----------------------------------------------------------------------------------------------


@transaction.atomic
def make_pairing_code(*, location: Location, actor: Scope) -> str:
    """A new code, in two groups as it is shown: now and never again. The one before it is withdrawn.

    Raises MissingRight, NoOfflineBase, NotReady.
    """
    for right in RIGHTS_TO_PAIR:
        actor.demand(right)
    place = _locked(location, actor)
    if not place.base.is_discontinued:
        raise NoOfflineBase(place)
    demand_met(preconditions_of(place))
    PairingCode.objects.open().filter(location=place).update(withdrawn_at=timezone.now())
    while True:
        code = make_code()
        try:
            with transaction.atomic():
                PairingCode.objects.create(
                    organization=place.organization,
                    base=place.base,
                    location=place,
                    code=stored_hash(code),
                    start=start_hash(code),
                    made_at=timezone.now(),
                    made_by=actor.actor_name,
                )
        except IntegrityError as error:  # another open code, of whatever business, begins in the same way
            if SAME_START not in str(error):
                raise
        else:
            return shown(code)


@transaction.atomic
def withdraw_pairing_code(*, location: Location, actor: Scope) -> None:
    """The code that is shown holds no longer. Raises MissingRight, NoOpenCode."""
    actor.demand(Right.MANAGE_LOCATION)
    place = _locked(location, actor)
    if not PairingCode.objects.open().filter(location=place).update(withdrawn_at=timezone.now()):
        raise NoOpenCode


def open_code(location: Location) -> PairingCode | None:
    """The code that can be used now; it can no longer be read."""
    codes = PairingCode.objects.open().filter(location=location, made_at__gt=timezone.now() - LIFETIME)
    return codes.first()


def _locked(location: Location, actor: Scope) -> Location:
    """The location, locked: codes and pairings of one location take turns. It is that at which the actor works."""
    places = Location.objects.select_for_update(of=("self",)).select_related("organization", "base").open()
    return places.filter(organization=actor.organization, pk=actor.location.pk).get(pk=location.pk)


# --- asked by a node ----------------------------------------------------------------------------------------------


def pair(message: Pair, *, address: str | None) -> Paired:
    """The node that the code becomes. The same request again gets the same answer, as long as nothing has followed.

    Raises CodeRefused for whoever has no code that holds, TooManyTries; and for whoever has one: UnusableKey,
    TooOldToPair, and a ValidationError that names all clashes of numbers. These leave the code as it is.
    """
    attempt = throttling.count_code(throttling.PAIRING, address=address)
    found = _found(message.code)
    if found is None:
        raise CodeRefused
    if not _is_right(found, message):
        raise CodeRefused
    throttling.end_code(attempt)
    actor = Scope.of_system(found.location, name=PAIRING)
    with row_scope.rows_of(actor), recorded_as(**actor.history()):
        code = _locked_code(found)
        if not _is_accepted(code, message, now=timezone.now()):
            raise CodeRefused
        return _paired(code, found.location, message)


def _is_right(found: PairingCode, message: Pair) -> bool:
    """Whether the code holds for this node. A wrong try is counted, and committed."""
    actor = Scope.of_system(found.location, name=PAIRING)
    with row_scope.rows_of(actor), recorded_as(**actor.history()):
        return _is_accepted(_locked_code(found), message, now=timezone.now())


def _locked_code(found: PairingCode) -> PairingCode:
    """The row, locked. Its node is read afterwards: joined, one would be missed that was made while this waited."""
    return PairingCode.objects.select_for_update(of=("self",)).get(pk=found.pk)


def _found(typed: str) -> PairingCode | None:
    """The code that is meant: of those that begin so the one that is the same, else the open one."""
    start = start_hash(normalized(typed))
    with row_scope.without_scope(reason="find the location of a pairing code", actor=PAIRING):
        codes = PairingCode.objects.filter(start=start, made_at__gt=timezone.now() - REMEMBERED)
        places = codes.select_related("location__organization", "location__base")
        known = list(places.order_by(F("withdrawn_at").desc(nulls_first=True), "-made_at"))
    same = [code for code in known if code.code == stored_hash(normalized(typed))]
    return next(iter([*same, *known]), None)


def _is_accepted(code: PairingCode, message: Pair, *, now: datetime) -> bool:
    """Whether the code holds for this node. A wrong try is counted."""
    if _is_repeat(code, message):
        return True
    verdict = check_code(
        message.code,
        stored=code.code,
        made_at=code.made_at,
        wrong_tries=code.wrong_tries,
        is_used=code.used_at is not None or code.withdrawn_at is not None,
        now=now,
    )
    if verdict is CodeVerdict.WRONG:
        code.wrong_tries += 1
        code.save(update_fields=["wrong_tries"])
    return verdict is CodeVerdict.ACCEPTED


def _is_repeat(code: PairingCode, message: Pair) -> bool:
    """Whether the node that the code has become asks again, since the answer was lost."""
    node = code.node
    return (
        node is not None
        and node.contacted_at is None
        and node.state == NodeState.PAIRED
        and code.code == stored_hash(normalized(message.code))
        and node.public_key == message.public_key
    )


def _paired(code: PairingCode, location: Location, message: Pair) -> Paired:
    places = Location.objects.select_for_update(of=("self",)).select_related("organization", "base")
    place = places.get(pk=location.pk)
    node = code.node or _new_node(code, place, message)
    return Paired(
        node=node.pk,
        business=place.organization.name,
        location=place.name,
        numbers=_numbers(place),
        epoch=current_life(),
        receipt=node.receipt,
        program=program_version(),
        lease=issue_lease(node=node.pk, cycle=0).secret,
        central_key=central_keys(node.pk)[0].public.text,
    )


def _numbers(place: Location) -> Numbers:
    return Numbers(
        account=place.organization.account_number,
        client=place.client_number,
        branch=place.branch_number,
        first_number=place.first_number,
        last_number=place.last_number,
    )


def _new_node(code: PairingCode, place: Location, message: Pair) -> Node:
    PublicKey.from_text(message.public_key)
    if message.protocol < OLDEST_PROTOCOL:
        raise TooOldToPair
    if clashes := [*_clashes(place, message.known)]:
        raise ValidationError(clashes)
    made = uuid.uuid4()
    # Of a pairing whose answer never arrived there is nothing but its row.
    never = Node.objects.filter(location=place, state=NodeState.PAIRED, contacted_at=None)
    never.update(state=NodeState.RETIRED, state_since=timezone.now())
    node = Node(
        pk=made,
        organization=place.organization,
        base=place.base,
        location=place,
        name=message.machine.strip() or place.name,
        public_key=message.public_key,
        paired_at=timezone.now(),
        paired_by=code.made_by,
        incarnation=message.incarnation,
        lease=issue_lease(node=made, cycle=0).stored,
        receipt=start_of_chain(node=made, epoch=current_life()),
        program=message.program,
        protocol=message.protocol,
    )
    node.full_clean()
    node.save(force_insert=True)
    code.node, code.used_at = node, timezone.now()
    code.save(update_fields=["node", "used_at"])
    if not place.base.has_node:
        place.base.has_node = True
        place.base.save(update_fields=["has_node"])
    return node


_CLASHES = {
    "account": gettext_lazy("The branch works under the account number %(there)s, but the code is of %(here)s."),
    "client": gettext_lazy("The branch works under the client number %(there)s, but the code is of %(here)s."),
    "branch": gettext_lazy(
        "The branch works with the branch number %(there)s, but at the central the location has %(here)s."
    ),
}


def _clashes(place: Location, known: Numbers | None) -> Iterator[ValidationError]:
    """What keeps a branch that was set up by itself from being paired with this location: each with both numbers."""
    if place.closed_at is not None or not place.base.is_discontinued or place.kind != LocationKind.BRANCH:
        yield NoOfflineBase(place)
    if known is None:
        return
    ours = _numbers(place)
    for name, sentence in _CLASHES.items():
        here, there = getattr(ours, name), getattr(known, name)
        if here != there:
            yield ValidationError(sentence, code=f"{name}_differs", params={"here": here, "there": there})
    if known.first_number < ours.first_number or known.last_number > ours.last_number:
        yield ValidationError(
            gettext_lazy(
                "The branch gives customer numbers from %(first)s to %(last)s, but at the central its range goes from "
                "%(first_here)s to %(last_here)s. Change one of the two ranges, then pair."
            ),
            code="range_differs",
            params={
                "first": known.first_number,
                "last": known.last_number,
                "first_here": ours.first_number,
                "last_here": ours.last_number,
            },
        )
