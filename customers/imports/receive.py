"""The beginning of an import: a file is kept for its user, recognised, and its columns are chosen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy

from customers.choices import MatchBy, OnKnown, UploadState
from customers.edit_side import demand_edited_here
from customers.imports import progress
from customers.imports.branch_numbers import BranchNumbers, demand_own_branch, numbers_here
from customers.imports.decisions import forget
from customers.imports.detection import look_at
from customers.imports.lifecycle import demand_open, demand_own, enter, table_of
from customers.models import HeadingChoice, ImportChunk, ImportUpload
from customers.table.headings import IGNORE, folded, is_our_own, match_columns
from customers.table.options import Reading
from customers.table.profiles import Profile, profiles, recognised
from customers.table.resources import CustomerResource
from customers.table.shared_fields import demand_combinable
from files import chunks
from files.quota import count_uploads, within_quota
from locations.permissions import Right
from mcp.isolation.scope import Scope

count_uploads(ImportUpload)


@transaction.atomic
def receive_upload(
    *, name: str, content: bytes | Iterable[bytes], actor: Scope, said: BranchNumbers | None = None
) -> ImportUpload:
    """Keep a file for this user. `said` are the numbers of the branch whose old base it is, where somebody was asked.

    Raises MissingRight, EditedAtOtherSide, OtherBranch, QuotaUsedUp, or ValidationError for a file that cannot be read
    and for branches that share a client number.
    """
    actor.demand(Right.IMPORT_CUSTOMERS)
    demand_edited_here(actor.base)
    demand_own_branch(said, actor)
    here = numbers_here(actor)
    upload = ImportUpload.objects.create(
        organization=actor.organization, base=actor.base, location=actor.location, user=actor.user,
        user_name=actor.actor_name, name=name[:255], client_number=here.client, branch_number=here.branch,
    )  # fmt: skip
    pieces: Iterable[bytes] = [content] if isinstance(content, bytes) else content
    pieces = within_quota(pieces, upload=upload, actor=actor)
    upload.size, upload.sha256 = chunks.store(ImportChunk, file=upload, content=pieces)
    _recognise(upload, actor, {})
    upload.save(update_fields=["size", "sha256", "choices"])
    progress.begin(upload)
    return upload


def _recognise(upload: ImportUpload, actor: Scope, overrules: Mapping[str, object]) -> None:
    """Find out how the file is written and where its columns go. Raises ValidationError."""
    upload.choices = {**upload.choices, "overrules": dict(overrules)}
    with table_of(upload) as table:
        headings, seen = table.headings, look_at(table)
    upload.choices |= {"headings": list(headings), "seen": seen}
    _match(upload, actor, recognised(headings))


def _match(upload: ImportUpload, actor: Scope, profile: Profile | None) -> None:
    """Where the columns go, as their headings say and, if there is one, the profile of a system."""
    fields, headings = CustomerResource(scope=actor).fields, upload.choices["headings"]
    reading = upload.choices.get("reading") or {"null_is_empty": not is_our_own(headings, fields)}
    forget(upload)
    upload.choices |= {
        "profile": profile.key if profile else "",
        "targets": list(match_columns(headings, fields, _remembered(actor), profile)),
        "reading": {**reading, "several": profile.several if profile else ""},
    }


def _remembered(actor: Scope) -> dict[str, str]:
    return dict(HeadingChoice.objects.filter(organization=actor.organization.pk).values_list("heading", "target"))


def profile_of(upload: ImportUpload) -> Profile | None:
    """The profile of the system as whose file this one is read, if there is one."""
    return profiles().get(upload.choices.get("profile", ""))


def declined(upload: ImportUpload) -> Profile | None:
    """The profile that fits the file, if somebody has declined to use it."""
    return None if profile_of(upload) else recognised(upload.choices["headings"])


def undecided(upload: ImportUpload) -> list[str]:
    """The headings of columns about which nobody has decided where they go."""
    pairs = zip(upload.choices["headings"], upload.choices["targets"], strict=True)
    return [heading for heading, target in pairs if not target]


@transaction.atomic
def choose_dialect(*, upload: ImportUpload, overrules: Mapping[str, object], actor: Scope) -> None:
    """Read the file in another encoding or with another delimiter; the columns are matched anew."""
    actor.demand(Right.IMPORT_CUSTOMERS)
    demand_own(upload, actor)
    _demand_choosable(upload)
    _recognise(upload, actor, overrules)
    enter(upload, UploadState.UPLOADED, "choices")


@transaction.atomic
def choose_profile(*, upload: ImportUpload, is_used: bool, actor: Scope) -> None:
    """Read the file as its system writes it, or by its headings alone; the columns are matched anew."""
    actor.demand(Right.IMPORT_CUSTOMERS)
    demand_own(upload, actor)
    _demand_choosable(upload)
    _match(upload, actor, recognised(upload.choices["headings"]) if is_used else None)
    enter(upload, UploadState.UPLOADED, "choices")


@transaction.atomic
def choose_columns(
    *,
    upload: ImportUpload,
    targets: Sequence[str],
    reading: Reading,
    actor: Scope,
    known: str = OnKnown.OVERWRITE,
    match: str = MatchBy.NUMBER,
) -> None:
    """Say for each column where it goes, and what becomes of known customers; the business remembers the columns.

    Raises ValidationError where a column is left open, or two go to one field and nobody has said how.
    """
    actor.demand(Right.IMPORT_CUSTOMERS)
    demand_own(upload, actor)
    _demand_choosable(upload)
    fields = CustomerResource(scope=actor).fields
    headings = upload.choices["headings"]
    if len(targets) != len(headings) or any(target not in {*fields, IGNORE, ""} for target in targets):
        raise ValidationError(gettext_lazy("The columns have changed. Open the page again."), code="unknown_target")
    if known not in OnKnown.values or match not in MatchBy.values:
        raise ValidationError(gettext_lazy("Choose from the lists."), code="invalid_choice")
    _demand_decided(headings, targets)
    demand_combinable(fields, headings, targets, reading.several)
    chosen = [IGNORE if target in fields and fields[target].readonly else target for target in targets]
    _remember(headings, targets, actor, profile_of(upload))
    if chosen != upload.choices["targets"] or match != upload.choices.get("match"):
        forget(upload)
    upload.choices = {
        **upload.choices, "targets": chosen, "reading": asdict(reading), "known": str(known), "match": str(match),
    }  # fmt: skip
    enter(upload, UploadState.UPLOADED, "choices")


def is_of_package(upload: ImportUpload) -> bool:
    """Whether there is nothing to choose, as for a package of another business."""
    return bool(upload.choices.get("is_of_package"))


def _demand_choosable(upload: ImportUpload) -> None:
    demand_open(upload)
    if is_of_package(upload):
        raise ValidationError(gettext_lazy("There is nothing to choose for this file."), code="choices_settled")


def _demand_decided(headings: Sequence[str], targets: Sequence[str]) -> None:
    for heading, target in zip(headings, targets, strict=True):
        if not target:
            message = gettext_lazy("Choose where the column “%(heading)s” goes, or that it is left out.")
            raise ValidationError(message, code="undecided_column", params={"heading": heading})


def _remember(headings: Sequence[str], targets: Sequence[str], actor: Scope, profile: Profile | None) -> None:
    """Store for the business where somebody has decided that columns go, if their headings alone say otherwise."""
    by_themselves = match_columns(headings, CustomerResource(scope=actor).fields, profile=profile)
    chosen = {
        folded(heading)[:200]: HeadingChoice(
            organization=actor.organization, heading=folded(heading)[:200], target=target
        )
        for heading, target, known in zip(headings, targets, by_themselves, strict=True)
        if target != known or folded(heading)[:200] in _remembered(actor)
    }
    HeadingChoice.objects.bulk_create(
        chosen.values(), update_conflicts=True, unique_fields=["organization", "heading"], update_fields=["target"]
    )
