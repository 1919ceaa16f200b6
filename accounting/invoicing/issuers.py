"""Who issues invoices, and what is still missing before he may."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounting import identifiers
from accounting.models import Issuer
from locations.choices import LocationKind
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope

FIELDS = (
    "legal_name", "trading_name", "street", "postal_code", "city", "country", "vat_id", "tax_number", "contact",
    "email", "phone", "iban", "bic", "bank", "creditor_id", "payment_term", "is_small_business", "legal_details",
    "closing_text", "prefix", "cancellation_prefix",
)  # fmt: skip
_CHECKED: Mapping[str, Callable[[str], str]] = {
    "vat_id": identifiers.vat_id,
    "iban": identifiers.iban,
    "bic": identifiers.bic,
    "creditor_id": identifiers.creditor_id,
}
_NEEDED: tuple[tuple[Callable[[Issuer], object], Promise], ...] = (
    (lambda one: one.legal_name, _("legal name")),
    (lambda one: one.street, _("street")),
    (lambda one: one.postal_code, _("postal code")),
    (lambda one: one.city, _("city")),
    (lambda one: one.country, _("country")),
    (lambda one: one.vat_id or one.tax_number, _("VAT id or tax number")),
    (lambda one: one.email, _("e-mail")),
    (lambda one: one.phone, _("phone")),
    (lambda one: one.contact, _("contact person")),
    (lambda one: one.iban, _("IBAN")),
)
"""What stands on each invoice. Contact, phone and e-mail are asked for by public authorities, and nobody knows before
whether one is among the customers.
"""


class Listed(tuple[Promise, ...]):
    """Words as a parameter of a sentence: they are written for whoever reads them."""

    def __str__(self) -> str:
        return ", ".join(map(str, self))


class NotAtCentral(ValidationError):
    """Invoices are made at the central."""

    def __init__(self) -> None:
        super().__init__(_("Invoices are made at the central. Switch to it, and make them there."), code="not_central")


class IssuerIncomplete(ValidationError):
    """Something that stands on each invoice is not known yet."""

    def __init__(self, missing: Sequence[Promise]) -> None:
        super().__init__(
            _("No invoice can be issued yet. Enter at “Issuer of invoices” what is missing: %(missing)s."),
            code="issuer_incomplete",
            params={"missing": Listed(missing)},
        )


def demand_biller(actor: Scope) -> None:
    """Raise MissingRight without the right to bill customers, NotAtCentral at a branch."""
    actor.demand(Right.BILL_CUSTOMERS)
    if is_billed_elsewhere(actor):
        raise NotAtCentral


def is_branch(scope: Scope) -> bool:
    """Whether this is a branch of a central."""
    return scope.location.kind == LocationKind.BRANCH


def is_billed_elsewhere(scope: Scope) -> bool:
    """Whether somebody else, the central, makes the invoices of this location.

    Those of a customer base 1.0 are made after switching to its location, since its customers are of another base.
    """
    return is_branch(scope) and not scope.base.is_discontinued


def issuer_of(scope: Scope) -> Issuer | None:
    """Who issues the invoices of this business; None before anybody has said so."""
    return Issuer.objects.of_business(scope.organization).first()


def missing_of(issuer: Issuer | None) -> list[Promise]:
    """In words what is missing before an invoice can be issued."""
    one = issuer or Issuer(country="")
    return [label for holds, label in _NEEDED if not holds(one)]


def demand_issuer(scope: Scope) -> Issuer:
    """The issuer. Raises IssuerIncomplete that names what is missing."""
    found = issuer_of(scope)
    if missing := missing_of(found):
        raise IssuerIncomplete(missing)
    assert found is not None  # noqa: S101 - of none everything is missing
    return found


def set_issuer(*, values: Mapping[str, Any], actor: Scope) -> Issuer:
    """Set what stands on invoices about the business, by the names of FIELDS; what is not named stays.

    Invoices that were issued stay as they are. Raises MissingRight, NotAtCentral, or ValidationError by field.
    """
    actor.demand(Right.MANAGE_LOCATION)
    if is_branch(actor):
        raise NotAtCentral
    with row_scope.within(actor), told_as_refusals(), transaction.atomic():
        Issuer.objects.bulk_create([Issuer(organization=actor.organization)], ignore_conflicts=True)
        one = Issuer.objects.of_business(actor.organization).select_for_update().get()
        for name in FIELDS:
            setattr(one, name, values.get(name, getattr(one, name)))
        _check_numbers(one)
        one.clean_fields(exclude=["organization", "location"])
        one.validate_constraints()
        one.save(update_fields=FIELDS)
        return one


def _check_numbers(one: Issuer) -> None:
    errors: dict[str, ValidationError] = {}
    one.country, one.prefix = one.country.strip().upper(), one.prefix.strip().upper()
    one.cancellation_prefix = one.cancellation_prefix.strip().upper()
    for name, check in _CHECKED.items():
        try:
            setattr(one, name, check(getattr(one, name)))
        except ValidationError as error:
            errors[name] = error
    if errors:
        raise ValidationError(errors)
