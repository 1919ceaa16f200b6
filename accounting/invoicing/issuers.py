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
from accounting.models.ledgers import OF_ALL
from accounting.owners import demanded_owner, owners_of
from locations.models import Location
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
    """Invoices of this location are made at the central."""

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


def demand_biller(actor: Scope) -> int:
    """The owner of the ledger that is billed here (see accounting.owners).

    Raises MissingRight without the right to bill customers, NotAtCentral at a branch whose invoices the central makes.
    """
    actor.demand(Right.BILL_CUSTOMERS)
    return demanded_owner(actor, NotAtCentral)


def issuer_of(scope: Scope) -> Issuer | None:
    """Who issues the invoices of this location: itself where it has accounts of its own, else the whole business.

    None before anybody has said so. The caller has entered the scope.
    """
    return Issuer.objects.of_owner(scope.organization, owners_of(scope).billing or OF_ALL).first()


def first_issuer(location: Location | None) -> Issuer:
    """What an issuer begins with. Its numbers begin otherwise where it is a location, since both may be one company."""
    if location is None:
        return Issuer()
    number = f"{location.client_number:0>2}"
    prefix, cancellation = (f"{letters}{number}"[-6:] for letters in ("RE", "ST"))
    return Issuer(location=location, owner_key=location.pk, prefix=prefix, cancellation_prefix=cancellation)


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
    """Set what stands on invoices about whoever issues them here, by the names of FIELDS; what is not named stays.

    Invoices that were issued stay as they are. Raises MissingRight, NotAtCentral, or ValidationError by field.
    """
    actor.demand(Right.MANAGE_LOCATION)
    owner = demanded_owner(actor, NotAtCentral)
    with row_scope.within(actor), told_as_refusals(), transaction.atomic():
        first = first_issuer(actor.location if owner != OF_ALL else None)
        first.organization = actor.organization
        Issuer.objects.bulk_create([first], ignore_conflicts=True)
        one = Issuer.objects.of_owner(actor.organization, owner).select_for_update().get()
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
