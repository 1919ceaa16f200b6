"""Webhooks: whoever keeps a copy of customers is told at once that there is something new to read.

    create_webhook(…)  ──>  Webhook  ──>  deliver(…), each minute by the worker  ──>  the address of a program

A message names numbers and versions of customers and nothing else; what has become of them is read from the feed, which
is the truth. It is signed as Standard Webhooks says (`webhook-id`, `webhook-timestamp`, `webhook-signature`). A webhook
is a place in the order of changes: it goes on when a message was taken, so none is lost, and one may come twice.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from api import webhook_line
from api.choices import WebhookState
from api.models import Webhook
from api.versions import version_of
from api.webhook_line import Unsendable
from customers import feed
from customers.feed import Part, Position
from customers.models import Customer
from locations.permissions import Right
from locations.secret_hashes import SecretKind, keyed_hash, keyed_hashes
from locations.text import LazyText
from mcp.choices import DeviceState
from mcp.isolation import access, row_scope
from mcp.isolation.scope import Scope
from mcp.machines.operations import demand_given
from mcp.models import Device

MOST_TRIES = 20
"""So often in a row it may fail, which takes about three days."""
LONGEST_PAUSE = timedelta(hours=6)
CLAIM = timedelta(minutes=2)
"""So long a message that is being sent is left to whoever sends it. Where he was killed, it is sent once more then."""
MOST_CHANGES, MOST_MESSAGES = 500, 10
MOST_OF_LOCATION = 10
ERRORS: dict[str, LazyText] = {
    "url": _("This is no address for messages. It begins with https:// and names no user and no place in a page."),
    "private": _(
        "This address lies in a private network, or is none of the internet. Messages go to public addresses alone."
    ),
    "no_host": _("The name of this address is not known."),
    "no_line": _("Nobody answers at this address, or what answers is no web server."),
    "timeout": _("Nobody has answered in time."),
    "certificate": _("The certificate at this address is not trusted, or is of another name."),
    "status": _("The message was refused."),
}


class WebhookRefused(ValidationError):
    """A webhook cannot be made or changed so."""


def _refused(code: str) -> WebhookRefused:
    return WebhookRefused({"url": ValidationError(ERRORS[code], code=f"webhook_{code}")})


# --- what people do ---------------------------------------------------------------------------------------------------


def webhooks_here(actor: Scope) -> QuerySet[Webhook]:
    """The webhooks of devices at this location, those in use first. Raises MissingRight."""
    actor.demand(Right.MANAGE_LOCATION)
    rows = Webhook.objects.filter(organization=actor.organization, location=actor.location)
    return rows.select_related("device").order_by("state", "-made_at")


def create_webhook(*, device: Device, url: str, actor: Scope) -> tuple[Webhook, str]:
    """Tell this address of changes from now on; returns the webhook and its secret, which is shown once.

    It is done at the location of the device by whoever could have set it up. Raises MissingRight, Device.DoesNotExist,
    or WebhookRefused for an address to which nothing may be sent, a revoked device, and where there are many.
    """
    actor.demand(Right.MANAGE_LOCATION)
    try:
        webhook_line.target_of(url)
    except Unsendable as refusal:
        raise _refused(refusal.code) from refusal
    with row_scope.within(actor):
        standing = Device.objects.at(actor.location).exclude(state=DeviceState.REVOKED)
        owner = standing.select_for_update(of=("self",)).get(pk=device.pk)
        demand_given(owner, actor)
        mine = Webhook.objects.filter(organization=actor.organization, location=actor.location)
        if mine.exclude(state=WebhookState.ENDED).count() >= MOST_OF_LOCATION:
            raise WebhookRefused(
                _("There are %(most)s webhooks here already. End one that is not needed any more."),
                code="webhook_too_many",
                params={"most": MOST_OF_LOCATION},
            )
        made = Webhook(
            organization=actor.organization, location=actor.location, device=owner, url=url,
            nonce=secrets.token_hex(16), made_by=actor.actor_name, next_try_at=timezone.now(), **_beginning(actor),
        )  # fmt: skip
        made.save(force_insert=True)
        return made, secret_of(made)


def end_webhook(*, webhook: UUID, actor: Scope) -> None:
    """Send nothing more, for good. Raises MissingRight, Webhook.DoesNotExist."""
    _change(webhook, actor, state=WebhookState.ENDED, ended_at=timezone.now(), ended_by=actor.actor_name)


def retry_webhook(*, webhook: UUID, actor: Scope) -> None:
    """Try again at once what was given up or waits. Raises MissingRight, Webhook.DoesNotExist."""
    _change(webhook, actor, state=WebhookState.ACTIVE, failures=0, next_try_at=timezone.now())


def _change(pk: UUID, actor: Scope, **values: object) -> None:
    actor.demand(Right.MANAGE_LOCATION)
    with row_scope.within(actor):
        rows = Webhook.objects.filter(organization=actor.organization, location=actor.location)
        one = rows.select_for_update(of=("self",)).exclude(state=WebhookState.ENDED).get(pk=pk)
        for name, value in values.items():
            setattr(one, name, value)
        one.save(update_fields=list(values))


def secret_of(webhook: Webhook) -> str:
    """The secret as whoever verifies gets it. It is worked out and stored nowhere."""
    return f"whsec_{base64.b64encode(bytes.fromhex(keyed_hash(SecretKind.WEBHOOK, _name(webhook)))).decode()}"


def _name(webhook: Webhook) -> str:
    return f"{webhook.pk} {webhook.nonce}"


# --- what the worker does ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Message:
    """Something that is to be sent, and the place behind it."""

    key: str
    body: bytes
    behind: Position
    has_more: bool


def due(now: datetime) -> list[Webhook]:
    """Webhooks that may be tried now, of all businesses, the ones that have waited longest first.

    For the worker, in a transaction that sees all.
    """
    rows = Webhook.objects.filter(state=WebhookState.ACTIVE, next_try_at__lte=now)
    devices = rows.select_related("device__location__base", "device__location__organization", "device__group")
    return list(devices.order_by("next_try_at"))


def deliver(webhook: Webhook) -> None:
    """Send what is new to the address of a webhook, and note how that went."""
    scope = _scope(webhook)
    if scope is None:
        return
    for _turn in range(MOST_MESSAGES):
        with row_scope.rows_of(scope):
            message = _next(webhook, scope)
        if message is None:
            return
        error, status = _sent(webhook, message)
        with row_scope.rows_of(scope):
            _note(webhook, message, error, status)
        if error or not message.has_more:
            return


def _scope(webhook: Webhook) -> Scope | None:
    """The scope of its device; None where that may not read customers now, or its location does not work here."""
    device = webhook.device
    place = device.location
    if device.state != DeviceState.ACTIVE or place.closed_at is not None or place.base.is_discontinued:
        return None
    place.base.organization = device.organization = place.organization
    with row_scope.rows_of_organization(webhook.organization_id):
        rights = access.rights_of_device(device, place)
    scope = Scope(user=None, device=device, location=place, rights=rights)
    return scope if Right.VIEW_CUSTOMERS in rights else None


def _next(webhook: Webhook, scope: Scope) -> Message | None:
    """Claims the webhook and gives its next message; None where somebody else sends, or nothing is new."""
    now = timezone.now()
    rows = Webhook.objects.select_for_update(of=("self",), skip_locked=True)
    row = rows.filter(pk=webhook.pk, state=WebhookState.ACTIVE, next_try_at__lte=now).first()
    if row is None:
        return None
    if row.life != _life(scope):  # a restored database, or another customer base: places of before mean nothing there
        for name, value in _beginning(scope).items():
            setattr(row, name, value)
        row.save(update_fields=["life", "changed_in", "last_customer"])
    position = Position(Part.CHANGES, row.changed_in, row.last_customer)
    ids, behind, has_more = feed.read(position, base=scope.base, most=MOST_CHANGES)
    webhook.changed_in, webhook.last_customer, webhook.failures = row.changed_in, row.last_customer, row.failures
    if not ids:
        return None
    row.next_try_at = now + CLAIM
    row.save(update_fields=["next_try_at"])
    key = f"{row.pk}.{behind.transaction}.{behind.customer}"
    return Message(key, json.dumps(_told(ids, scope)).encode(), behind, has_more)


def _told(ids: list[int], scope: Scope) -> dict[str, Any]:
    rows = Customer.objects.in_base(scope.base).in_bulk(ids)
    changed = [rows[pk] for pk in ids if pk in rows]
    return {
        "type": "customers.changed",
        "account_number": scope.organization.account_number,
        "client_number": scope.location.client_number,
        "changes": [{"number": one.customer_number, "version": version_of(one)} for one in changed],
        "gone": len(ids) - len(changed),
    }


def _sent(webhook: Webhook, message: Message) -> tuple[str, int]:
    """What went wrong, blank where nothing did, and the status of the answer."""
    try:
        status = webhook_line.post(webhook.url, message.body, _headers(webhook, message))
    except Unsendable as refusal:
        return refusal.code, 0
    return ("" if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES else "status"), status


def _headers(webhook: Webhook, message: Message) -> Mapping[str, str]:
    """With a signature by each key of this installation, so that a change of keys is not noticed."""
    moment = str(int(timezone.now().timestamp()))
    signed = f"{message.key}.{moment}.".encode() + message.body
    keys = [bytes.fromhex(one) for one in keyed_hashes(SecretKind.WEBHOOK, _name(webhook))]
    marks = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
    return {
        "Content-Type": "application/json",
        "User-Agent": "Stammhaus",
        "webhook-id": message.key,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(f"v1,{mark}" for mark in marks),
    }


def _note(webhook: Webhook, message: Message, error: str, status: int) -> None:
    """Write down how it went: the place behind what was taken, or when it is tried again."""
    now = timezone.now()
    values: dict[str, object] = {"last_status": status, "last_error": error}
    if error:
        failures = webhook.failures + 1
        values |= {"failures": failures, "failed_at": now, "next_try_at": now + pause_after(failures)}
        if failures >= MOST_TRIES:
            values["state"] = WebhookState.GIVEN_UP
    else:
        values |= {
            "failures": 0, "sent_at": now, "next_try_at": now, "changed_in": message.behind.transaction,
            "last_customer": message.behind.customer,
        }  # fmt: skip
    where = Q(changed_in=webhook.changed_in, last_customer=webhook.last_customer, state=WebhookState.ACTIVE)
    Webhook.objects.filter(where, pk=webhook.pk).update(**values)


def pause_after(failures: int) -> timedelta:
    """How long it waits after so many failures in a row: each pause is twice the one before, up to six hours."""
    return min(timedelta(minutes=2 ** min(failures - 1, 10)), LONGEST_PAUSE)


def _beginning(scope: Scope) -> dict[str, Any]:
    """The place from which on changes count: now."""
    return {"life": _life(scope), "changed_in": feed.started().transaction, "last_customer": 0}


def _life(scope: Scope) -> str:
    return f"{scope.base.pk}/{feed.life()}"
