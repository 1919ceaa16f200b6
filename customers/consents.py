"""What customers agree to and take back: recording it, and what holds at any moment.

A statement is added and never changed. What holds is the latest one up to a moment (ConsentQuerySet.holding).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from customers.choices import Said
from customers.models import Consent, ConsentPurpose, Customer
from customers.querysets import CustomerQuerySet
from locations.models import CustomerBase
from locations.permissions import Right
from mcp.operations import demand_everywhere
from mcp.scope import Scope

FIRST_YEAR = 1900
"""Nobody has said anything before; a year such as 24 is a slip of the keyboard."""
_OF_THE_SCOPE = {"organization", "base", "customer", "location", "upload"}


@dataclass(frozen=True)
class State:
    """Where a customer stands with a purpose at a moment.

    `holding` is what he said for whoever receives the data, `certain` what holds for one receiver instead.
    """

    purpose: ConsentPurpose
    holding: Consent | None
    certain: tuple[Consent, ...] = ()

    @property
    def said(self) -> Said:
        if self.holding is not None:
            return Said.GIVEN if self.holding.is_given else Said.WITHDRAWN
        return Said.CERTAIN if self.certain else Said.NEVER

    @property
    def is_given(self) -> bool:
        return self.said == Said.GIVEN

    @property
    def is_withdrawn(self) -> bool:
        return self.said == Said.WITHDRAWN


def consents_of(customer: Customer, *, at: datetime | None, base: CustomerBase) -> list[State]:
    """The state of every purpose of the business at a moment; None: now. Three queries.

    What is not asked for any more is told only where the customer has said something about it.
    """
    statements = Consent.objects.in_base(base).of_customer(customer)
    said = list(statements if at is None else statements.filter(at__lte=at))
    purposes = ConsentPurpose.objects.of_organization(base.organization)
    states = [_state(purpose, [one for one in said if one.purpose == purpose.code]) for purpose in purposes]
    return [state for state in states if state.purpose.is_active or state.said != Said.NEVER]


def _state(purpose: ConsentPurpose, said: list[Consent]) -> State:
    """Of what was said about the purpose, in the order of LATEST_FIRST."""
    for_all = next((one for one in said if one.receiver is None), None)
    receivers = sorted({one.receiver for one in said if one.receiver is not None})
    latest = [next(one for one in said if one.receiver in (None, receiver)) for receiver in receivers]
    return State(purpose, for_all, tuple(one for one in latest if one.receiver is not None))


@transaction.atomic
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
    actor: Scope,
) -> int:
    """Add what the customers of these ids have said, as far as they are of the actor's base.

    `at` is when they said so; None: now, by the clock of the database. A statement that is there already is not added
    again. Archived customers and purposes that are not asked for any more can still be withdrawn. Returns how many
    statements are new. Raises MissingRight or ValidationError.
    """
    actor.demand(Right.VIEW_CUSTOMERS)
    actor.demand(Right.CHANGE_CUSTOMERS)
    _check_purpose(purpose, is_given=is_given, actor=actor)
    said: dict[str, Any] = {
        "organization": actor.organization, "base": actor.base, "location": actor.location,
        "recorded_by": actor.actor_name[:200], "purpose": purpose, "is_given": is_given, "at": at, "source": source,
        "wording_version": wording_version, "receiver": receiver, "evidence": evidence,
    }  # fmt: skip
    _check_statement(said)
    of_base = Customer.objects.in_base(actor.base).filter(pk__in=list(customers))
    if is_given:
        _refuse_archived(of_base)
    said["at"] = Now() if at is None else at
    made = [Consent(id=uuid4(), customer_id=pk, **said) for pk in of_base.values_list("pk", flat=True)]
    Consent.objects.bulk_create(made, ignore_conflicts=True)
    return Consent.objects.filter(pk__in=[one.pk for one in made]).count()


@transaction.atomic
def save_purpose(*, purpose: ConsentPurpose, actor: Scope) -> ConsentPurpose:
    """Create or change a purpose of the actor's business; its code stays.

    What customers agree to is worded for all locations, also for those with a base of their own: the right must be held
    at all of them. Raises MissingRight or ValidationError.
    """
    demand_everywhere(actor, Right.MANAGE_CUSTOMER_GROUPS)
    purpose.organization = actor.organization
    if purpose.pk is not None:
        of_business = ConsentPurpose.objects.of_organization(actor.organization)
        stored = of_business.select_for_update().get(pk=purpose.pk)
        purpose.code = stored.code
        _check_version(purpose, stored)
    purpose.full_clean()
    purpose.save()
    return purpose


def _check_purpose(code: str, *, is_given: bool, actor: Scope) -> None:
    purpose = ConsentPurpose.objects.of_organization(actor.organization).filter(code=code).first()
    if purpose is None:
        sentence = _("There is no purpose “%(purpose)s” in this business. Choose one from the list.")
        refusal = ValidationError(sentence, code="unknown_purpose", params={"purpose": code})
        raise ValidationError({"purpose": refusal})
    if is_given and not purpose.is_active:
        sentence = _("“%(purpose)s” is not asked for any more. It can only be withdrawn.")
        refusal = ValidationError(sentence, code="purpose_inactive", params={"purpose": purpose})
        raise ValidationError({"purpose": refusal})


def _check_statement(said: dict[str, Any]) -> None:
    """By the rules of the model; when it is said now, that is no question."""
    at = said["at"]
    if at is not None and at.year < FIRST_YEAR:
        raise ValidationError({"at": ValidationError(_("Check the year."), code="at_too_early")})
    Consent(**said).full_clean(exclude=_OF_THE_SCOPE | ({"at"} if at is None else set()))


def _refuse_archived(customers: CustomerQuerySet) -> None:
    archived = customers.archived().order_by("customer_number").first()
    if archived is not None:
        raise ValidationError(
            _("%(customer)s is archived and can only withdraw. Restore the customer first, or leave it out."),
            code="customer_archived",
            params={"customer": archived},
        )


def _check_version(purpose: ConsentPurpose, stored: ConsentPurpose) -> None:
    """What customers have agreed to is told by the version of the wording, so that no two texts may have the same."""
    is_other_text = bool(stored.wording) and purpose.wording != stored.wording
    if is_other_text and purpose.wording_version == stored.wording_version:
        refusal = ValidationError(
            _("The wording has changed. Give it another version, so that one can tell who agreed to which."),
            code="same_version",
        )
        raise ValidationError({"wording_version": refusal})
