"""Who has withdrawn since he was handed over, and the signed list of them for the receiver."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from customers.choices import TRANSFER, TRANSFER_ANY
from customers.consents import released
from customers.field_groups import FieldGroup
from customers.models import Consent
from customers.querysets import ConsentQuerySet
from locations.permissions import Right
from mcp.isolation.scope import Scope
from spreadsheets.formulas import neutralise
from transitions.archive.package_format import WITHDRAWN
from transitions.archive.withdrawals_format import (
    COLUMNS,
    FORMAT,
    MANIFEST,
    PURPOSES,
    README,
    SIGNATURE,
    TABLE,
    VERSION,
    ListManifest,
)
from transitions.choices import TransitionState
from transitions.models import Transition, TransitionCustomer, TransitionKey, WithdrawalList
from transitions.withdrawals.readme import readme

HANDED_OVER = frozenset({TransitionState.EXECUTED, TransitionState.CARRIED_OVER, TransitionState.CLOSED})
"""A withdrawal reaches the receiver whenever it is made, also when all else is closed."""


def withdrawals_since(transition: Transition) -> QuerySet[Consent]:
    """The withdrawals since the execution by customers who were carried over and do not agree any more; in order.

    They still agree if a consent holds by which they would be carried over (see deciding.py): another one, or one that
    was given again.
    """
    if transition.executed_at is None:
        return Consent.objects.none()
    base, receiver = transition.location.base_id, transition.receiver_account
    for_receiver = Q(receiver=None) | Q(receiver=receiver)
    said = Consent.objects.counting().filter(for_receiver, base=base, purpose__in=PURPOSES)
    carried = TransitionCustomer.objects.filter(
        base=base, transition=transition, reason="", customer_id=OuterRef("customer")
    )
    taken_back = said.filter(Exists(carried), is_given=False, recorded_at__gt=transition.executed_at)
    given, general = _holding(said, transition)
    return taken_back.filter(~Exists(given), ~Exists(general)).order_by("at", "id")


def _holding(said: ConsentQuerySet, transition: Transition) -> tuple[ConsentQuerySet, ConsentQuerySet]:
    """For the customer of an outer query: the consents to this transfer that hold, and the general ones that hold."""
    of_customer = said.filter(customer=OuterRef("customer"))
    later = of_customer.filter(is_given=False, at__gte=OuterRef("at"))
    given = of_customer.filter(
        Q(receiver=transition.receiver_account) | Q(receiver=None, location=transition.location_id),
        ~Exists(later.filter(purpose=TRANSFER)), purpose=TRANSFER, is_given=True,
    )  # fmt: skip
    return given, of_customer.filter(~Exists(later), purpose=TRANSFER_ANY, is_given=True)


def withdrawn_since(transition: Transition) -> list[int]:
    """The ids of the customers who have withdrawn since, ascending."""
    return sorted(set(withdrawals_since(transition).values_list("customer", flat=True)))


def public_key(transition: Transition) -> str:
    """The public key by which the receiver verifies lists of withdrawals; the key is made with the first package."""
    return b64encode(_key_of(transition).public_key().public_bytes_raw()).decode()


def _key_of(transition: Transition) -> Ed25519PrivateKey:
    fresh = Ed25519PrivateKey.generate().private_bytes_raw()
    made = TransitionKey(organization_id=transition.organization_id, transition=transition, private_key=fresh)
    TransitionKey.objects.bulk_create([made], ignore_conflicts=True)
    kept = TransitionKey.objects.get(transition=transition, organization=transition.organization_id)
    return Ed25519PrivateKey.from_private_bytes(bytes(kept.private_key))


def file_name(transition: Transition) -> str:
    """The name of the file, with both account numbers and the day."""
    day = timezone.localdate().isoformat()
    return f"widerrufe-{transition.organization.account_number}-{transition.receiver_account}-{day}.zip"


@transaction.atomic
def make_list(*, transition: Transition, actor: Scope) -> IO[bytes]:
    """The signed list of all who have withdrawn up to now; that it was made is noted.

    Raises MissingRight, or ValidationError where nobody was handed over or nobody has withdrawn.
    """
    actor.demand(Right.CARRY_OVER)
    actor.demand(FieldGroup.MEMO.right)
    if transition.state not in HANDED_OVER:
        raise ValidationError(gettext_lazy("Nobody has been handed over yet."), code="not_handed_over")
    with connection.cursor() as cursor, released(cursor, actor.base.pk):
        said = list(withdrawals_since(transition).select_related("customer"))
    if not said:
        raise ValidationError(gettext_lazy("Nobody has withdrawn since the execution."), code="nobody_withdrew")
    content = _packed(transition, said, actor)
    receiver: Any = transition.receiver_account  # never null once it is executed
    numbers = sorted({one.customer.customer_number for one in said})
    WithdrawalList.objects.create(
        organization=actor.organization, base=actor.base, transition=transition.pk, is_taken_in=False,
        partner_account=receiver, partner_name=transition.receiver_name,
        sha256=hashlib.sha256(content).hexdigest(), numbers=numbers, statements=len(said),
        user_id=actor.user.pk if actor.user else 0, user_name=actor.actor_name,
    )  # fmt: skip
    return io.BytesIO(content)


def lists_of(transition: Transition) -> QuerySet[WithdrawalList]:
    """The lists that were made for the receiver of a transition, newest first."""
    made = WithdrawalList.objects.filter(organization=transition.organization_id, is_taken_in=False)
    return made.filter(transition=transition.pk).order_by("-at", "-pk")


def _packed(transition: Transition, said: Sequence[Consent], actor: Scope) -> bytes:
    manifest = _manifest(transition, said, actor)
    files = {TABLE: _table(said), README: readme(manifest).encode()}
    manifest["files"] = {
        name: {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()} for name, content in files.items()
    }
    files[MANIFEST] = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
    files[SIGNATURE] = b64encode(_key_of(transition).sign(files[MANIFEST]))
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _manifest(transition: Transition, said: Sequence[Consent], actor: Scope) -> ListManifest:
    executed: Any = transition.executed_at  # no one of the three is null once it is executed
    account: Any = transition.receiver_account
    client: Any = transition.receiver_client_number
    return {
        "format": FORMAT,
        "version": VERSION,
        "transition": str(transition.pk),
        "kind": transition.kind,
        "from": {"account_number": transition.organization.account_number, "name": transition.organization.name},
        "to": {
            "account_number": account,
            "client_number": client,
            "name": transition.receiver_name,
        },
        "executed_at": _moment(executed),
        "made_at": _moment(timezone.now()),
        "made_by": actor.actor_name,
        "counts": {"customers": len({one.customer_id for one in said}), "statements": len(said)},
    }


def _table(said: Sequence[Consent]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in said:
        cells = (one.wording_version, str(one.receiver or ""), one.evidence, one.recorded_by)
        number, at = one.customer.customer_number, one.at.isoformat()
        writer.writerow([number, one.purpose, WITHDRAWN, at, one.source, *map(neutralise, cells)])
    return file.getvalue().encode()


def _moment(at: datetime) -> str:
    return at.astimezone(timezone.get_default_timezone()).isoformat()
