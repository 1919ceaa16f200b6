"""Recording what customers agree to and take back, and finding what holds at a moment.

A statement is added and never changed. The latest one up to a moment holds (ConsentQuerySet.holding). Whoever has
recorded one by mistake can strike it out for some minutes (customers/triggers/slips.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy

from customers.choices import TRANSFER, TRANSFER_ANY, ConsentSource, ConsentState
from customers.models import Consent, ConsentPurpose, Customer
from customers.querysets import CustomerQuerySet
from customers.triggers.slips import MINUTES, REFUSALS
from customers.write_order import take_order
from locations.models import CustomerBase, Location
from locations.permissions import Right
from mcp.central.operations import demand_everywhere
from mcp.central.operations.changing import merged
from mcp.isolation.holdings import holdings_of
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import MissingRight, Scope

FIRST_YEAR = 1900
"""Nobody has said anything before; a year such as 24 is a slip of the keyboard."""
MOST_PLACES = 200
_OF_THE_SCOPE = {"organization", "base", "customer", "location", "upload"}


@dataclass(frozen=True)
class State:
    """What a customer has said about one purpose up to a moment.

    `holding` is the statement that names no receiver, `certain` those that hold for a single receiver. `places` are the
    locations at which a transfer was given that still holds. `evidence` is the last statement made to another business,
    which does not hold here.
    """

    purpose: ConsentPurpose
    holding: Consent | None
    certain: tuple[Consent, ...] = ()
    places: tuple[Location, ...] = ()
    evidence: Consent | None = None

    @property
    def said(self) -> ConsentState:
        if self.holding is not None:
            return ConsentState.GIVEN if self.holding.is_given else ConsentState.WITHDRAWN
        return ConsentState.CERTAIN if self.certain else ConsentState.NEVER

    @property
    def is_given(self) -> bool:
        return self.said == ConsentState.GIVEN

    @property
    def is_withdrawn(self) -> bool:
        return self.said == ConsentState.WITHDRAWN


def consents_of(customer: Customer, *, at: datetime | None, base: CustomerBase) -> list[State]:
    """The state of each purpose of the business at a moment; None: now. Two queries.

    A purpose that is not asked for any more is left out unless the customer has said something about it.
    """
    statements = Consent.objects.in_base(base).of_customer(customer).standing().select_related("location")
    said = list(statements if at is None else statements.filter(at__lte=at))
    purposes = ConsentPurpose.objects.of_organization(base.organization)
    states = [_state(purpose, said) for purpose in purposes]
    return [state for state in states if state.purpose.is_active or state.said != ConsentState.NEVER or state.evidence]


def _state(purpose: ConsentPurpose, everything: list[Consent]) -> State:
    """The state of one purpose. `everything` are all statements of the customer, the latest first."""
    about = [one for one in everything if one.purpose == purpose.code]
    said = [one for one in about if one.holds_here]
    for_all = next((one for one in said if one.receiver is None), None)
    ends = [one for one in everything if one.holds_here and one.purpose == TRANSFER and _ends_all(one)]
    if purpose.code == TRANSFER_ANY and for_all is not None and for_all.is_given and ends:
        for_all = for_all if for_all.at > ends[0].at else ends[0]
    receivers = sorted({one.receiver for one in said if one.receiver is not None})
    latest = [next(one for one in said if one.receiver == receiver or _ends_all(one)) for receiver in receivers]
    return State(
        purpose,
        for_all,
        certain=tuple(one for one in latest if one.receiver is not None),
        places=_places(said, ends) if purpose.code == TRANSFER else (),
        evidence=next((one for one in about if not one.holds_here), None),
    )


def _ends_all(said: Consent) -> bool:
    """Whether a statement is a withdrawal that names no receiver; it ends all earlier consents to its purpose."""
    return said.receiver is None and not said.is_given


def _places(said: list[Consent], ends: list[Consent]) -> tuple[Location, ...]:
    """The locations at which a transfer was given that still holds, by client number."""
    given = [one for one in said if one.is_given and one.receiver is None and not (ends and one.at <= ends[0].at)]
    places = {one.location_id: one.location for one in given if one.location is not None}
    return tuple(sorted(places.values(), key=lambda place: place.client_number))


def places_to_record(actor: Scope) -> list[Location]:
    """The locations for which the actor may record a statement: his own, then up to MOST_PLACES others of the base.

    Whoever works at the central records what was written on paper elsewhere.
    """
    others = Location.objects.on_base(actor.base).open().exclude(pk=actor.location.pk).order_by("client_number")
    held = holdings_of(actor)
    some = [place for place in others[:MOST_PLACES] if held.holds(Right.CHANGE_CUSTOMERS, place.pk)]
    return [actor.location, *some]


@busy_told()
def record_consent(
    *,
    customers: Iterable[int],
    purpose: str,
    is_given: bool,
    at: datetime | None,
    source: str,
    wording_version: str = "",
    receiver: int | None = None,
    evidence: str = "",
    location: Location | None = None,
    actor: Scope,
) -> int:
    """Add what the customers of these ids have said, as far as they are of the actor's base.

    `location` is where they said so; None: where the actor is. `at` is when; None: now, by the clock of the database. A
    statement that is there already is not added again. Archived customers and purposes that are not asked for any more
    can still be withdrawn, also by whoever hands customers over and cannot change them. Returns how many statements are
    new. Raises MissingRight, ValidationError, or Busy.
    """
    actor.demand(Right.VIEW_CUSTOMERS)
    if is_given or not actor.allows(Right.CARRY_OVER):
        actor.demand(Right.CHANGE_CUSTOMERS)
    place = _place(location, actor)
    _check_purpose(purpose, is_given=is_given, actor=actor)
    said: dict[str, Any] = {
        "organization": actor.organization, "base": actor.base, "location": place,
        "recorded_by": actor.actor_name[:200], "recorder_id": actor.user.pk if actor.user else None,
        "purpose": purpose, "is_given": is_given, "at": at, "source": source, "wording_version": wording_version,
        "receiver": receiver, "evidence": evidence,
    }  # fmt: skip
    if source == ConsentSource.IMPORT and actor.device is not None:
        sentence = gettext_lazy("Choose how the customer said so.")
        raise ValidationError({"source": ValidationError(sentence, code="consent_of_person_says_how")})
    _check_statement(said)
    take_order(actor.base, is_edit=False)
    of_base = Customer.objects.in_base(actor.base).filter(pk__in=list(customers))
    if is_given:
        _refuse_archived(of_base)
    said["at"] = Now() if at is None else at
    made = [Consent(id=uuid4(), customer_id=pk, **said) for pk in of_base.values_list("pk", flat=True)]
    Consent.objects.bulk_create(made, ignore_conflicts=True)
    return Consent.objects.filter(pk__in=[one.pk for one in made]).count()


@busy_told()
def strike_out(*, statement: UUID, actor: Scope) -> Consent:
    """Mark a statement of the actor's base as recorded by mistake: it stays on record and counts nowhere.

    What counted before it counts again. Only whoever has recorded it can, for some minutes, and before consents of the
    base have gone out in a file: the database says so (customers/triggers/slips.py). It takes the right by which it was
    recorded. Raises MissingRight, Consent.DoesNotExist, ValidationError, or Busy.
    """
    actor.demand(Right.VIEW_CUSTOMERS)
    take_order(actor.base, is_edit=False)
    slip = Consent.objects.in_base(actor.base).select_for_update(of=("self",)).get(pk=statement)
    if slip.is_given or not actor.allows(Right.CARRY_OVER):
        actor.demand(Right.CHANGE_CUSTOMERS)
    slip.struck_out_at, slip.struck_out_by = timezone.now(), actor.actor_name[:200]
    try:
        with transaction.atomic():
            slip.save(update_fields=["struck_out_at", "struck_out_by"])
    except IntegrityError as error:
        code = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
        if code not in REFUSALS:
            raise
        raise ValidationError(REFUSALS[code], code=code) from error
    return slip


def can_be_struck_out(said: Consent, *, at: datetime, actor: Scope) -> bool:
    """Whether the actor is offered to strike the statement out; the database decides when he does."""
    is_own = actor.user is not None and said.recorder_id == actor.user.pk
    return is_own and said.struck_out_at is None and at <= said.recorded_at + timedelta(minutes=MINUTES)


@transaction.atomic
def save_purpose(*, purpose: ConsentPurpose, changed: Collection[str] | None = None, actor: Scope) -> ConsentPurpose:
    """Create a purpose of the actor's business, or save what somebody has changed of one; its code stays.

    What customers agree to is worded for all locations, also for those with a base of their own: the right must be held
    at all of them. `changed` are the fields in which somebody has changed what he saw; the others stay as somebody else
    may have saved them meanwhile. Raises MissingRight or ValidationError.
    """
    demand_everywhere(actor, Right.MANAGE_CUSTOMER_GROUPS)
    if purpose.pk is None:
        purpose.organization = actor.organization
        purpose.full_clean()
        purpose.save(force_insert=True)
        return purpose
    of_business = ConsentPurpose.objects.of_organization(actor.organization)
    before = of_business.select_for_update(of=("self",)).get(pk=purpose.pk)
    stored = copy(before)
    names = merged(stored, purpose, CHANGED_BY_PEOPLE, changed=changed)
    _check_version(stored, before)
    stored.full_clean()
    stored.save(update_fields=names)
    return purpose


CHANGED_BY_PEOPLE = ("name", "wording", "wording_version", "holds_for_receiver", "is_active")


def _place(location: Location | None, actor: Scope) -> Location:
    """The location of a statement. Raises ValidationError or MissingRight where the actor may not record for it."""
    if location is None or location.pk == actor.location.pk:
        return actor.location
    found = Location.objects.on_base(actor.base).open().filter(pk=location.pk).first()
    if found is None:
        raise ValidationError(
            {"location": ValidationError(gettext_lazy("Choose a location from the list."), code="no_place")}
        )
    if not holdings_of(actor).holds(Right.CHANGE_CUSTOMERS, found.pk):
        raise MissingRight(Right.CHANGE_CUSTOMERS, found)
    return found


def _check_purpose(code: str, *, is_given: bool, actor: Scope) -> None:
    purpose = ConsentPurpose.objects.of_organization(actor.organization).filter(code=code).first()
    if purpose is None:
        sentence = gettext_lazy("There is no purpose “%(purpose)s” in this business. Choose one from the list.")
        refusal = ValidationError(sentence, code="unknown_purpose", params={"purpose": code})
        raise ValidationError({"purpose": refusal})
    if is_given and not purpose.is_active:
        sentence = gettext_lazy("“%(purpose)s” is not asked for any more. It can only be withdrawn.")
        refusal = ValidationError(sentence, code="purpose_inactive", params={"purpose": purpose})
        raise ValidationError({"purpose": refusal})


def _check_statement(said: dict[str, Any]) -> None:
    """Raise ValidationError unless the statement obeys the rules of the model. A missing `at` means now."""
    at = said["at"]
    if at is not None and at.year < FIRST_YEAR:
        raise ValidationError({"at": ValidationError(gettext_lazy("Check the year."), code="at_too_early")})
    Consent(**said).full_clean(exclude=_OF_THE_SCOPE | ({"at"} if at is None else set()))


def _refuse_archived(customers: CustomerQuerySet) -> None:
    archived = customers.archived().order_by("customer_number").first()
    if archived is not None:
        raise ValidationError(
            gettext_lazy(
                "%(customer)s is archived and can only withdraw. Restore the customer first, or leave it out."
            ),
            code="customer_archived",
            params={"customer": archived},
        )


def _check_version(purpose: ConsentPurpose, stored: ConsentPurpose) -> None:
    """Raise ValidationError where another text already has this version of the wording.

    The version says what customers have agreed to. That it holds for the receiver as well is part of that text.
    """
    is_other_text = bool(stored.wording) and purpose.wording != stored.wording
    if purpose.holds_for_receiver and not stored.holds_for_receiver and stored.wording_version:
        is_other_text = True
    if is_other_text and purpose.wording_version == stored.wording_version:
        refusal = ValidationError(
            gettext_lazy("The wording has changed. Give it another version, so that one can tell who agreed to which."),
            code="same_version",
        )
        raise ValidationError({"wording_version": refusal})
