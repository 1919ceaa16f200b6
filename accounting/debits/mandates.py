"""Adding a mandate with its evidence, and revoking one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Func
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounting.balances import ledger_of
from accounting.banking.debits import WITHOUT_ADDRESS
from accounting.choices import MandateScheme, MandateState
from accounting.identifiers import iban as stored_iban
from accounting.models import AccountTerms, Ledger, Mandate
from accounting.operations.opening import NoAccount, demand_base
from accounting.owners import owners_of
from customers.models import Customer
from locations.permissions import Right
from locations.text import clean_text
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Day


class MandateRefused(ValidationError):
    """The mandate cannot be added, or is at an end already."""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """Who lets which account be debited, since when, and how that can be proved."""

    iban: str
    holder: str
    signed_on: date
    evidence: str
    evidence_sha256: str = ""


@busy_told()
def add_mandate(
    *,
    customer: int,
    signature: Signature,
    reference: str = "",
    scheme: MandateScheme = MandateScheme.CORE,
    is_recurrent: bool = True,
    notice_days: int = 14,
    last_used_on: date | None = None,
    actor: Scope,
) -> Mandate:
    """Keep a mandate of a customer with an account. Without a reference it gets one from the customer's number.

    `last_used_on` is the day of the last debit for a mandate that was used elsewhere before. Raises MissingRight,
    Customer.DoesNotExist, NoAccount, NotOnThisBase, MandateRefused, ValidationError for what cannot be, or Busy.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    demand_base(actor)
    with row_scope.within(actor):
        whose = Customer.objects.in_base(actor.base).select_for_update(no_key=True).get(pk=customer)
        ledger = _ledger(whose, actor)
        iban = _debitable(signature.iban)
        _demand_past("signed_on", signature.signed_on)
        _demand_past("last_used_on", last_used_on)
        row = Mandate(
            organization=actor.organization, base=actor.base, ledger=ledger, owner_key=ledger.owner_key, customer=whose,
            reference=clean_text(reference).strip().upper() or _next_reference(whose, ledger), iban=iban,
            holder=signature.holder.strip(), signed_on=signature.signed_on, evidence=signature.evidence.strip(),
            evidence_sha256=signature.evidence_sha256.strip().lower(), scheme=scheme, is_recurrent=is_recurrent,
            notice_days=notice_days, last_used_on=last_used_on, created_by=actor.actor_name[:200],
        )  # fmt: skip
        row.clean_fields(exclude=["organization", "base", "ledger", "customer"])
        with told_as_refusals(), transaction.atomic():
            row.save(force_insert=True)
        return row


@busy_told()
def revoke_mandate(*, mandate: int, reason: str, actor: Scope) -> Mandate:
    """End a mandate for a reason; nothing is debited by it any more, and it never becomes valid again.

    Raises MissingRight, Mandate.DoesNotExist, MandateRefused where it was revoked before, ValidationError without a
    reason, or Busy.
    """
    actor.demand(Right.COLLECT_PAYMENTS)
    said = _reason(reason)
    with row_scope.within(actor):
        found = Mandate.objects.in_base(actor.base).filter(owner_key__in=owners_of(actor).all)
        row = found.select_for_update(of=("self",)).get(pk=mandate)
        if row.state == MandateState.REVOKED:
            raise MandateRefused(_("This mandate has ended already."), code="mandate_revoked")
        row.state, row.revoked_by, row.revoked_reason = MandateState.REVOKED, actor.actor_name[:200], said
        row.revoked_at = Func(function="clock_timestamp")
        row.save(update_fields=["state", "revoked_at", "revoked_by", "revoked_reason"])
        row.refresh_from_db(fields=["revoked_at"])
        return row


def _ledger(customer: Customer, actor: Scope) -> Ledger:
    """The ledger in which the customer has an account. Raises NoAccount, and MandateRefused of an archived one."""
    ledger = ledger_of(actor)
    if ledger is None or not AccountTerms.objects.of_customer(customer).filter(ledger=ledger).exists():
        raise NoAccount(customer)
    if customer.is_archived:
        sentence = _("%(customer)s is archived. Restore the customer first.")
        raise MandateRefused(sentence, code="customer_archived", params={"customer": customer})
    return ledger


def _debitable(text: str) -> str:
    """The IBAN as it is stored. Raises ValidationError for none, and for one outside the European Economic Area."""
    try:
        iban = stored_iban(text)
    except ValidationError as refusal:
        raise ValidationError({"iban": refusal}) from refusal
    if not iban:
        raise ValidationError({"iban": ValidationError(_("Enter the IBAN of the account."), code="iban_missing")})
    if iban[:2] not in WITHOUT_ADDRESS:
        sentence = _("Accounts outside the European Economic Area are not debited. Let this customer pay otherwise.")
        raise ValidationError({"iban": ValidationError(sentence, code="iban_outside")})
    return iban


def _demand_past(field: str, day: date | None) -> None:
    if day is not None and day > timezone.localdate():
        sentence = _("%(day)s is still to come. Enter the day on which it has happened.")
        raise ValidationError({field: ValidationError(sentence, code="day_to_come", params={"day": Day.of(day)})})


def _reason(reason: str) -> str:
    field = Mandate._meta.get_field("revoked_reason")
    said = str(field.clean(reason.strip(), None)) if reason.strip() else ""
    if not said:
        sentence = _("Say why the mandate ends.")
        raise ValidationError({"reason": ValidationError(sentence, code="mandate_revoked_with_reason")})
    return said


def _next_reference(customer: Customer, ledger: Ledger) -> str:
    """The number of the customer and how many mandates he has had; the caller has locked him."""
    taken = set(Mandate.objects.filter(base=customer.base_id, ledger=ledger).filter(
        reference__startswith=f"M{customer.customer_number}-"
    ).values_list("reference", flat=True))  # fmt: skip
    number = 1
    while (reference := f"M{customer.customer_number}-{number}") in taken:
        number += 1
    return reference
