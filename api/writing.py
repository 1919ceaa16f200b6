"""What is sent about a customer becomes a customer, each value in its stored form, as a form of the console does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers import formats
from customers.field_groups import SAID_WITH, demand_fields, unwritable
from customers.models import Customer, CustomerGroup
from mcp.isolation.scope import Scope

type Given = Mapping[str, Any]
_COUNTRIES = frozenset({"", *(code for code, _name in formats.country_choices("en"))})
PHONES = ("mobile", "phone_private", "phone_business", "fax")
_PLAIN: dict[str, Callable[[str], str]] = {
    "iban": formats.normalize_iban,
    "bic": formats.normalize_bic,
    "email": formats.normalize_email,
    "website": formats.normalize_website,
    "language": formats.normalize_language,
}
_BY_COUNTRY: dict[str, Callable[..., str]] = {
    "vat_id": formats.normalize_vat_id,
    "postal_code": formats.normalize_postal_code,
    **dict.fromkeys(PHONES, formats.normalize_phone),
}


def write(customer: Customer, given: Given, *, scope: Scope) -> None:
    """Put what is given into the customer, without saving him.

    Raises MissingRight for a field that the scope may not see, and ValidationError with what is wrong by field.
    """
    demand_fields([SAID_WITH.get(name, name) for name in given], scope)
    values = dict(given)
    errors: dict[str, ValidationError] = {}
    country = _country(values, customer, errors)
    for name, value in given.items():
        try:
            if normalize := _PLAIN.get(name):
                values[name] = normalize(value)
            elif by_country := _BY_COUNTRY.get(name):
                values[name] = by_country(value, country=country or None)
        except ValidationError as error:
            errors[name] = error
    if "customer_group" in values:
        values["customer_group"] = _group(values["customer_group"], scope, errors)
    if errors:
        raise ValidationError(errors)
    for name, value in values.items():
        setattr(customer, name, value)
    _complete_bank(customer, given, scope)
    _check_block(customer, given, scope)


def _country(values: dict[str, Any], customer: Customer, errors: dict[str, ValidationError]) -> str:
    """The country by which numbers are read: the one that is given, else the one that is stored."""
    if "country" not in values:
        return customer.country
    code = str(values["country"])
    if code not in _COUNTRIES:
        sentence = _("The country must be an ISO code of two letters, such as DE.")
        errors["country"] = ValidationError(sentence, code="customer_country_iso")
        return customer.country
    return code


def _group(pk: int | None, scope: Scope, errors: dict[str, ValidationError]) -> CustomerGroup | None:
    if pk is None:
        return None
    found = CustomerGroup.objects.in_base(scope.base).filter(pk=pk).first()
    if found is None:
        errors["customer_group"] = ValidationError(
            _("There is no such customer group in this customer base."), code="no_such_group"
        )
    return found


def _complete_bank(customer: Customer, given: Given, scope: Scope) -> None:
    """Bank and BIC of the IBAN, where it is given and they are not."""
    bank = formats.bank_of_iban(customer.iban) if given.get("iban") else None
    if bank is None or {"bic", "bank"} & unwritable(scope):
        return
    if not given.get("bic"):
        customer.bic = bank.bic
    if not given.get("bank"):
        customer.bank = bank.name[:120]


def _check_block(customer: Customer, given: Given, scope: Scope) -> None:
    if "blocked_reason" in unwritable(scope) or not {"is_blocked", "blocked_reason"} & set(given):
        return
    if customer.is_blocked and not customer.blocked_reason.strip():
        raise ValidationError(
            {
                "blocked_reason": ValidationError(
                    _("Say why the customer is blocked: your colleagues will ask."), code="no_reason"
                )
            }
        )
    if given.get("blocked_reason") and not customer.is_blocked:
        sentence = _("The customer is not blocked. Send “is_blocked” as well, or leave the reason empty.")
        raise ValidationError({"blocked_reason": ValidationError(sentence, code="reason_without_block")})
