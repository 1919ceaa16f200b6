"""A list of withdrawals at its receiver: verified by the sender's key, and noted with the customers."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from base64 import b64decode
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID, uuid4
from zipfile import BadZipFile, ZipFile

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from customers.choices import ConsentSource
from customers.imports import DONE
from customers.models import Consent
from customers.write_order import take_order
from locations.permissions import Right
from mcp.isolation.scope import Scope
from spreadsheets import Limits, UnreadableFile
from spreadsheets.formulas import restore
from spreadsheets.xlsx_archive import damage_reported, open_archive
from transitions.archive.package_format import WITHDRAWN
from transitions.archive.package_reader import RefusedPackage, demand_storable
from transitions.archive.withdrawals_format import (
    COLUMNS,
    FORMAT,
    HASHED,
    KEY,
    MANIFEST,
    MEMBERS,
    PURPOSES,
    READ,
    SIGNATURE,
    TABLE,
    ListManifest,
)
from transitions.choices import TransitionKind
from transitions.models import Arrival, WithdrawalList
from transitions.query_settings import set_by_set

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

LIMITS = Limits(file_bytes=64 * 1024**2, members=8, unpacked_bytes=256 * 1024**2)
type Statement = tuple[int, str, datetime, str, str, int | None, str, str]


def is_list(file: BinaryIO) -> bool:
    """Whether a file is meant to be a list of withdrawals. Whether it is a valid one is checked by `take_in`."""
    file.seek(0)
    try:
        with ZipFile(file) as archive:
            return not {SIGNATURE, TABLE}.isdisjoint(archive.namelist())
    except (BadZipFile, ValueError, NotImplementedError):
        return False
    finally:
        file.seek(0)


@transaction.atomic
def take_in(*, file: BinaryIO, actor: Scope) -> WithdrawalList:
    """Record the withdrawals with the customers who came from the same sender. A repeated call adds nothing.

    Raises MissingRight, or RefusedPackage with what is wrong and what to do; nothing is written then.
    """
    actor.demand(Right.IMPORT_CUSTOMERS)
    manifest, said, sha256 = _verified(file, actor)
    take_order(actor.base, is_edit=False)
    known = _known(manifest, actor)
    added = _record([one for one in said if one[0] in known], known, manifest, actor)
    return WithdrawalList.objects.create(
        organization=actor.organization, base=actor.base, transition=UUID(manifest["transition"]), is_taken_in=True,
        partner_account=manifest["from"]["account_number"], partner_name=manifest["from"]["name"][:120],
        sha256=sha256, numbers=sorted({known[one[0]][1] for one in said if one[0] in known}), statements=len(said),
        added=added, unknown=len({one[0] for one in said} - set(known)),
        user_id=actor.user.pk if actor.user else 0, user_name=actor.actor_name,
    )  # fmt: skip


def lists_taken_in(scope: Scope) -> QuerySet[WithdrawalList]:
    """The lists that were taken in at this location, newest first."""
    return WithdrawalList.objects.filter(base=scope.base.pk, is_taken_in=True)


# --- verifying ----------------------------------------------------------------------------------------------------


def _refused(code: str, sentence: str | _StrPromise) -> RefusedPackage:
    return RefusedPackage(sentence, code=code)


def _damaged() -> RefusedPackage:
    return _refused(
        "withdrawals_damaged",
        gettext_lazy(
            "This list of withdrawals is damaged or was changed. Download it again from the sender and "
            "upload it as it is."
        ),
    )


def _verified(file: BinaryIO, actor: Scope) -> tuple[ListManifest, list[Statement], str]:
    files = _unpacked(file)
    file.seek(0)
    sha256 = hashlib.sha256(file.read()).hexdigest()
    try:
        demand_storable(files[MANIFEST].decode())
        manifest: Any = json.loads(files[MANIFEST])
        _check_format(manifest)
        _demand_receiver(manifest, actor)
        _demand_signed(manifest, files, actor)
        for name in HASHED:
            if hashlib.sha256(files[name]).hexdigest() != manifest["files"][name]["sha256"]:
                raise _damaged()
        return manifest, list(_statements(files[TABLE])), sha256
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise _damaged() from error


def _unpacked(file: BinaryIO) -> dict[str, bytes]:
    try:
        with open_archive(file, limits=LIMITS) as archive, damage_reported():
            names = [member.filename for member in archive.infolist()]
            if sorted(names) != sorted(MEMBERS):
                raise _damaged()
            return {name: archive.read(name) for name in names}
    except UnreadableFile as error:
        raise _damaged() from error


def _check_format(manifest: Any) -> None:
    if not isinstance(manifest, dict) or manifest["format"] != FORMAT or manifest["version"] not in READ:
        raise _refused(
            "withdrawals_version",
            gettext_lazy("This list of withdrawals has a format that is not read here. Tell support."),
        )


def _demand_receiver(manifest: ListManifest, actor: Scope) -> None:
    to = manifest["to"]
    is_here = to["account_number"] == actor.organization.account_number and (
        manifest["kind"] != TransitionKind.JOIN or to["client_number"] == actor.location.client_number
    )
    if not is_here:
        raise RefusedPackage(
            gettext_lazy("This list is for the business %(number)s, location %(place)s. Upload it there."),
            code="withdrawals_receiver",
            params={"number": to["account_number"], "place": to["client_number"]},
        )


def _demand_signed(manifest: ListManifest, files: dict[str, bytes], actor: Scope) -> None:
    """Raise RefusedPackage unless the list is signed by the key of a package taken in here, of the same sender."""
    transition = UUID(manifest["transition"])
    arrived = Arrival.objects.filter(base=actor.base.pk, transition=transition)
    if not arrived.exists():
        raise _refused(
            "withdrawals_before_package",
            gettext_lazy(
                "The package to which this list belongs has not been taken in here. Upload the package first."
            ),
        )
    if not arrived.filter(upload__state__in=DONE).exists():
        raise _refused(
            "withdrawals_before_import",
            gettext_lazy(
                "The package to which this list belongs has not been imported yet. Import it first, then upload "
                "the list."
            ),
        )
    signature, signed = b64decode(files[SIGNATURE], validate=True), files[MANIFEST]
    from_sender = arrived.filter(sender_account=manifest["from"]["account_number"])
    keys = {one[KEY] for one in from_sender.values_list("manifest", flat=True) if one.get(KEY)}
    if not any(_is_signed(key, signature, signed) for key in keys):
        raise _refused(
            "withdrawals_unsigned",
            gettext_lazy(
                "This list does not come from whoever has handed the customers over, or was changed. Ask the "
                "sender for it."
            ),
        )


def _is_signed(key: str, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(b64decode(key)).verify(signature, signed)
    except InvalidSignature:
        return False
    return True


def _statements(table: bytes) -> Iterator[Statement]:
    """The rows of the table. Raises ValueError for what no list of ours holds."""
    rows = csv.reader(io.StringIO(table.decode(), newline=""), strict=True)
    if tuple(next(rows)) != COLUMNS:
        raise ValueError("headings")
    now = timezone.now()
    for cells in rows:
        number, purpose, answer, at, source, version, receiver, evidence, by = map(restore, cells)
        moment = datetime.fromisoformat(at)
        is_fine = answer == WITHDRAWN and purpose in PURPOSES and source in ConsentSource.values and moment <= now
        if not is_fine:
            raise ValueError("row")
        yield int(number), purpose, moment, source, version[:40], int(receiver) if receiver else None, evidence, by


# --- recording ----------------------------------------------------------------------------------------------------

_KNOWN = """
    SELECT {number}, customer.id, customer.customer_number FROM customers_customer AS customer {borne}
    WHERE customer.base_id = %(base)s AND EXISTS (
        SELECT FROM customers_customerevent AS event
        JOIN customers_importupload AS file ON file.base_id = event.base_id AND file.context = event.pgh_context_id
        JOIN transitions_arrival AS arrival ON arrival.base_id = file.base_id AND arrival.upload_id = file.id
        WHERE event.base_id = customer.base_id AND event.pgh_obj_id = customer.id AND event.pgh_label = 'insert'
          AND arrival.transition = %(transition)s
    )
"""


_BORNE_AT_SENDER = """
    JOIN customers_formernumber AS borne ON borne.base_id = customer.base_id AND borne.customer_id = customer.id
     AND borne.source = 'joining' AND borne.origin = %(sender)s
"""
_BY_DECISION = """
    SELECT said.number, customer.id, customer.customer_number FROM customers_importdecision AS said
    JOIN customers_importupload AS file ON file.base_id = said.base_id AND file.id = said.file_id
     AND file.state = 'applied'
    JOIN transitions_arrival AS arrival ON arrival.base_id = file.base_id AND arrival.upload_id = file.id
    JOIN customers_customer AS customer ON customer.base_id = said.base_id AND customer.id = said.customer_id
    WHERE said.base_id = %(base)s AND said.number IS NOT NULL AND arrival.transition = %(transition)s
"""
"""Whoever was here already, and of whom somebody has said that he is one of the package."""


def _known(manifest: ListManifest, actor: Scope) -> dict[int, tuple[int, int]]:
    """The customers who came with the packages of this transition: {number at the sender: (id, number here)}.

    Whoever came by a joining has the number at the sender as a former one.
    """
    is_joining = manifest["kind"] == TransitionKind.JOIN
    number, borne = ("borne.number::integer", _BORNE_AT_SENDER) if is_joining else ("customer.customer_number", "")
    asked: dict[str, int | str] = {
        "base": actor.base.pk, "transition": manifest["transition"], "sender": str(manifest["from"]["account_number"]),
    }  # fmt: skip
    with connection.cursor() as cursor, set_by_set(cursor):
        cursor.execute(_KNOWN.format(number=number, borne=borne), asked)
        known = {at_sender: (pk, here_number) for at_sender, pk, here_number in cursor.fetchall()}
        cursor.execute(_BY_DECISION, asked)
        return known | {at_sender: (pk, here_number) for at_sender, pk, here_number in cursor.fetchall()}


def _record(said: list[Statement], known: dict[int, tuple[int, int]], manifest: ListManifest, actor: Scope) -> int:
    """Add the statements that are not there yet. Returns how many.

    They were made to the sender, and hold here only if the purpose holds for the receiver
    (transitions/package/importing.py).
    """
    sender, holding = manifest["from"]["account_number"], _holding_here(manifest, actor)
    made = [
        Consent(
            id=uuid4(), organization=actor.organization, base=actor.base, location=actor.location,
            customer_id=known[number][0], purpose=purpose, is_given=False, at=at, source=source,
            wording_version=version, receiver=receiver, evidence=evidence[:255], recorded_by=by[:200],
            given_to=sender, holds_here=purpose in holding,
        )
        for number, purpose, at, source, version, receiver, evidence, by in said
    ]  # fmt: skip
    Consent.objects.bulk_create(made, ignore_conflicts=True)
    return Consent.objects.filter(pk__in=[one.pk for one in made]).count()


def _holding_here(manifest: ListManifest, actor: Scope) -> frozenset[str]:
    """The purposes that hold for the receiver as well, by the packages of this transition."""
    arrived = Arrival.objects.filter(base=actor.base.pk, transition=UUID(manifest["transition"]))
    said = [purpose for one in arrived.values_list("manifest", flat=True) for purpose in one["purposes"]]
    return frozenset(purpose["code"] for purpose in said if purpose.get("holds_for_receiver"))
