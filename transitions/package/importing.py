"""A package at its receiver: verified, made an import like any other, and reported to its sender when it is done.

`receive_package` is called by the page and the worker, `note_arrivals` by the pages of the sender and the worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from datetime import datetime, timedelta
from typing import Any, BinaryIO
from uuid import UUID

import pghistory
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from customers import imports
from customers.choices import ConsentSource, MatchBy, UploadState
from customers.consents import save_purpose
from customers.imports import DONE, Statement
from customers.models import Consent, ConsentPurpose, CustomerGroup, ImportUpload
from customers.table import IGNORE, PackageResource, Reading
from files.choices import FileState
from locations.models import HIGHEST_ACCOUNT_NUMBER
from locations.permissions import Right
from locations.text import clean_text
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.progress import Progress
from mcp.worker.upkeep import for_each
from transitions.archive import encrypting
from transitions.archive.package_format import CONSENTS, CUSTOMERS, GIVEN, GROUPS, TAGS, WITHDRAWN, Purpose
from transitions.archive.package_reader import ReceivedPackage, RefusedPackage, demand_storable, verified
from transitions.choices import TransitionKind, TransitionState
from transitions.models import Arrival, Package, Transition, TransitionStep
from transitions.package.same_uid import without_known
from transitions.query_settings import set_by_set

MOST_TAKEN = 1_000
"""So many numbers that somebody else has already are named."""
READING = Reading(decimal_comma=False, day_first=True, null_is_empty=False, accept_doubts=True)
"""A package was written by us: nothing in it is doubtful."""
LATELY = timedelta(days=30)
"""What receivers have done before is noted already; the page of a transition looks at all of it."""
HANDED_OVER = frozenset({TransitionState.EXECUTED, TransitionState.CARRIED_OVER, TransitionState.CLOSED})


def arrivals_of(scope: Scope) -> QuerySet[Arrival]:
    """The packages that were taken in at this location, newest first."""
    found = Arrival.objects.filter(base=scope.base.pk, upload__location=scope.location.pk)
    return found.select_related("upload").order_by("-received_at", "pk")


@transaction.atomic
def receive_package(*, file: BinaryIO, password: str = "", progress: Progress | None = None, actor: Scope) -> Arrival:
    """Verify a package and make an import of it, to be checked and confirmed like any other.

    `password` is that of a package that was encrypted while it was downloaded. Those of one business take turns.
    Raises MissingRight, RefusedPackage with what is wrong and what to do, or what `progress` raises to stop it;
    nothing is written then.
    """
    actor.demand(Right.IMPORT_CUSTOMERS)
    actor.demand(Right.ADD_CUSTOMERS)
    is_locked = encrypting.is_encrypted(file)
    with (
        closing(encrypting.decrypted(file, password=password)) if is_locked else nullcontext(file) as content,
        verified(content, receiver=actor, tell=(progress or Progress()).tell) as package,
    ):
        _take_turn(actor)
        _demand_made_here(package, actor)
        strangers = without_known(_strangers(package, actor), package, actor)
        taken, taken_count = _taken(package, strangers)
        upload = _upload_of(package, taken, strangers, actor)
        purposes = _add_purposes(package, actor)
        manifest = package.manifest
        return Arrival.objects.create(
            organization=actor.organization,
            base=actor.base,
            upload=upload,
            transition=UUID(manifest["transition"]),
            sender_account=manifest["from"]["account_number"],
            sender_name=manifest["from"]["name"][:120],
            sha256=package.sha256,
            manifest=manifest | {"taken": taken, "taken_count": taken_count, "new_purposes": purposes},
            received_by=actor.actor_name,
        )


_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('stammhaus.arrivals', %s))"


def _take_turn(actor: Scope) -> None:
    """Let packages of one business wait for each other: two at once would create the same purposes twice."""
    with connection.cursor() as cursor:
        cursor.execute(_TURN, [actor.organization.pk])


def _demand_made_here(package: ReceivedPackage, actor: Scope) -> None:
    """Raise RefusedPackage unless a package with this hash was made for the receiver.

    Whoever changes a package can compute its inner hashes anew, but not the one on record.
    """
    with row_scope.without_scope(reason="find out whether a package was made for its receiver", actor=actor.actor_name):
        made = Package.objects.filter(
            state=FileState.DONE,
            sha256=package.sha256,
            transition=UUID(package.manifest["transition"]),
            transition__receiver=actor.organization.pk,
        )
        is_known = made.exists()
    if not is_known:
        raise RefusedPackage(
            gettext_lazy(
                "This package was changed after it was made. Download it again from the sender and upload it as it is."
            ),
            code="package_unknown",
        )


def _taken(package: ReceivedPackage, strangers: frozenset[int]) -> tuple[list[int], int]:
    """Numbers of the package that belong to other customers here, at most MOST_TAKEN, and how many they are."""
    if package.manifest["kind"] == TransitionKind.JOIN:
        return [], 0
    found = [number for number in package.numbers if number in strangers]
    return found[:MOST_TAKEN], len(found)


def _strangers(package: ReceivedPackage, actor: Scope) -> frozenset[int]:
    """The numbers here of customers who did not come from this sender.

    Empty for a joining: there the numbers of the package become former ones that name the business.
    """
    if package.manifest["kind"] == TransitionKind.JOIN:
        return frozenset()
    with connection.cursor() as cursor, set_by_set(cursor):
        cursor.execute(
            _STRANGERS,
            {"base": actor.base.pk, "sender": package.manifest["from"]["account_number"]},
        )
        return frozenset(number for (number,) in cursor)


_STRANGERS = """
    SELECT customer.customer_number FROM customers_customer AS customer
    WHERE customer.base_id = %(base)s AND NOT EXISTS (
        SELECT FROM customers_customerevent AS event
        JOIN customers_importupload AS file ON file.base_id = event.base_id AND file.context = event.pgh_context_id
        JOIN transitions_arrival AS arrival ON arrival.base_id = file.base_id AND arrival.upload_id = file.id
        WHERE event.base_id = customer.base_id AND event.pgh_obj_id = customer.id AND event.pgh_label = 'insert'
          AND arrival.sender_account = %(sender)s
    )
"""


def _upload_of(package: ReceivedPackage, taken: list[int], strangers: frozenset[int], actor: Scope) -> ImportUpload:
    """Make the upload. A row whose number belongs to another customer here gets no statements."""
    manifest, is_joining = package.manifest, package.manifest["kind"] == TransitionKind.JOIN
    return imports.take_in(
        name=f"uebernahme-{manifest['from']['account_number']}.csv",
        content=package.content(CUSTOMERS),
        targets=targets_of(package.headings),
        reading=READING,
        match=MatchBy.NUMBER if is_joining else MatchBy.NOTHING,
        is_numbered_by_sender=is_joining,
        groups=dict(_groups_of(package)),
        origin={
            "name": manifest["from"]["name"],
            "account_number": manifest["from"]["account_number"],
            "decided_at": manifest["executed_at"],
            "customers": manifest["counts"]["customers"],
            "taken": taken,
        },
        statements=(one for one in _statements_of(package) if one.number not in strangers),
        actor=actor,
    )


def targets_of(headings: Sequence[str]) -> list[str]:
    """The target of each column. In a joining the customer numbers become former ones."""
    fields = PackageResource().fields
    names = {field.german: name for name, field in fields.items() if field.is_exported and not field.readonly}
    return [names.get(heading, IGNORE) for heading in headings]


def _groups_of(package: ReceivedPackage) -> Iterator[tuple[str, dict[str, object]]]:
    """Price level and discount of the customer groups that the import may create, by name."""
    try:
        for name, price_level, discount in package.rows(GROUPS):
            group = CustomerGroup(name=name, price_level=int(price_level) if price_level else None, discount=discount)
            group.clean_fields(exclude=["base"])
            yield clean_text(name), {"price_level": group.price_level, "discount": str(group.discount)}
        for (tag,) in package.rows(TAGS):
            demand_storable(tag)
    except (ValueError, ValidationError) as error:
        raise _unreadable(GROUPS) from error


# --- consents ---------------------------------------------------------------------------------------------------


def _statements_of(package: ReceivedPackage) -> Iterator[Statement]:
    numbers, now = frozenset(package.numbers), timezone.now()
    purposes = {purpose["code"]: purpose for purpose in package.manifest["purposes"]}
    sender = package.manifest["from"]["account_number"]
    consent: Any = Consent
    lengths = [consent._meta.get_field(name).max_length for name in ("wording_version", "evidence", "recorded_by")]
    given, sources = {GIVEN: True, WITHDRAWN: False}, frozenset(ConsentSource.values)
    try:
        for number, purpose, answer, at, source, version, receiver, evidence, by, _place, said_to in package.rows(
            CONSENTS
        ):
            who, moment = int(number), datetime.fromisoformat(at)
            to = int(receiver) if receiver else None
            given_to = int(said_to) if said_to else sender
            texts = (version, evidence, by)
            demand_storable("".join(texts))
            is_fine = (
                who in numbers
                and purpose in purposes
                and source in sources
                and moment <= now
                and (to is None or 1 <= to <= HIGHEST_ACCOUNT_NUMBER)
                and 1 <= given_to <= HIGHEST_ACCOUNT_NUMBER
                and all(len(text) <= length for text, length in zip(texts, lengths, strict=True))
            )
            if not is_fine:
                raise _unreadable(CONSENTS)
            is_given = given[answer]
            holds_here = not said_to and _holds_here(purposes[purpose], version, is_given=is_given)
            yield Statement(who, purpose, is_given, moment, source, version, to, evidence, by, given_to, holds_here)
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(CONSENTS) from error


def _holds_here(purpose: Purpose, version: str, *, is_given: bool) -> bool:
    """Whether what was said to the sender holds for its receiver as well: only by a wording that says so.

    Otherwise it is evidence of the transfer and nothing else. It reaches one receiver, not those behind him.
    """
    return bool(purpose["holds_for_receiver"] and (not is_given or version == purpose["wording_version"]))


def _unreadable(name: str) -> RefusedPackage:
    return RefusedPackage(
        gettext_lazy(
            "The file %(name)s of the package holds what no package holds. Download it again from the sender."
        ),
        code="package_contents",
        params={"name": name},
    )


def _add_purposes(package: ReceivedPackage, actor: Scope) -> list[str]:
    """Create the purposes of the package that the business does not have, as inactive ones. Returns their names."""
    known = set(ConsentPurpose.objects.of_organization(actor.organization).values_list("code", flat=True))
    missing = [purpose for purpose in package.manifest["purposes"] if purpose["code"] not in known]
    for purpose in missing:
        known_facts = {name: purpose[name] for name in ("code", "name", "wording", "wording_version")}
        save_purpose(purpose=ConsentPurpose(is_active=False, **known_facts), actor=actor)
    return [purpose["name"] or purpose["code"] for purpose in missing]


# --- what the sender learns of it ---------------------------------------------------------------------------------


def note_arrivals(*, transition: UUID | None = None, actor: str) -> None:
    """Record with the transitions, or with one of them, what their receivers have imported or undone since.

    The first import carries a transition on to its next state, as a step of the receiver. Repeated calls change
    nothing.
    """
    with row_scope.without_scope(reason="find whose packages may have arrived", actor=actor):
        found = Transition.objects.filter(state__in=HANDED_OVER, packages__isnull=False).distinct()
        if transition is not None:
            found = found.filter(pk=transition)
        else:
            lately = Arrival.objects.filter(upload__state_since__gt=timezone.now() - LATELY)
            found = found.filter(pk__in=lately.values("transition"))
        pks = list(found.values_list("pk", flat=True))
    for_each(
        pks, lambda pk: _note_arrival(pk, actor), what="What became of the package of transition %s could not be noted"
    )  # fmt: skip


def _note_arrival(pk: UUID, actor: str) -> None:
    with row_scope.without_scope(reason="note at the sender what the receiver has imported", actor=actor):
        _note_arrival_here(pk, actor)


def _note_arrival_here(pk: UUID, actor: str) -> None:
    note = _note(_imports_of(Transition.objects.get(pk=pk)))
    locked = Transition.objects.select_for_update(of=("self",), skip_locked=True)
    row = locked.select_related("organization", "location__organization", "location__base").filter(pk=pk).first()
    if row is None or row.arrival == note:
        return
    is_carried = row.state == TransitionState.EXECUTED and note is not None and _has_arrived(note, row.result or {})
    with pghistory.context(**Scope.of_system(row.location, name=actor).history()):
        row.arrival = note
        if is_carried:
            row.state, row.state_since = TransitionState.CARRIED_OVER, timezone.now()
        row.save(update_fields=["arrival", "state", "state_since"])
        if is_carried:
            TransitionStep.objects.create(
                organization=row.organization, transition=row, state=row.state, user_name=row.receiver_name,
                location_name=str(row.location),
            )  # fmt: skip


def _has_arrived(note: dict[str, Any], result: dict[str, Any]) -> bool:
    """Whether customers have come; where nobody was carried over, whether the package was imported."""
    return note["undone_at"] is None and bool(note["created"] or not result.get("carried"))


def _imports_of(transition: Transition) -> list[Arrival]:
    """The imports of packages of this transition by its receiver, in their order."""
    made = Package.objects.filter(transition=transition, state=FileState.DONE).values("sha256")
    found = Arrival.objects.filter(
        transition=transition.pk, organization=transition.receiver_id, sha256__in=made, upload__state__in=DONE
    )
    return list(found.select_related("upload").order_by("received_at", "pk"))


def _note(imports: list[Arrival]) -> dict[str, Any] | None:
    """What the sender may know of the imports: when and how many, and not by whom.

    The figures of the last import that was not undone, and those of all of them as `imports`.
    """
    told = [_told(arrival) for arrival in imports]
    if not told:
        return None
    holding = [one for one in told if one["undone_at"] is None and one["created"]]
    return {**(holding or told)[-1], "imports": told}


def _told(arrival: Arrival) -> dict[str, Any]:
    upload = arrival.upload
    result = upload.result or {}
    counts = {name: result.get(name, 0) for name in ("created", "changed", "unchanged", "rejected", "consents")}
    is_undone = upload.state == UploadState.UNDONE
    before = arrival.manifest
    taken = min(before.get("taken_count", len(before["taken"])), counts["unchanged"])
    return {
        "at": (arrival.received_at if is_undone else upload.state_since).isoformat(),
        "sha256": arrival.sha256,
        "made_at": before["made_at"],
        **counts,
        "unchanged": counts["unchanged"] - taken,
        "taken": taken,
        "undone_at": upload.state_since.isoformat() if is_undone else None,
    }
