"""The rules about a single row that the database keeps (see Customer.Meta.constraints), asked in Python.

Django asks the database about each constraint of each row: a dozen questions for each of ten thousand rows. The
sentences are those of the constraints themselves; a test compares both for every constraint.
"""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from customers.models import HIGHEST_PRICE_LEVEL, Customer
from locations.models import HIGHEST_CUSTOMER_NUMBER, LOWEST_CUSTOMER_NUMBER

RULES: dict[str, tuple[str, Callable[[Customer], bool]]] = {
    "customer_number_range": (
        "customer_number",
        lambda row: (
            row.customer_number is None or LOWEST_CUSTOMER_NUMBER <= row.customer_number <= HIGHEST_CUSTOMER_NUMBER
        ),
    ),
    "customer_has_name": (
        NON_FIELD_ERRORS,
        lambda row: bool(row.first_name or row.last_name or row.company or row.alias),
    ),
    "customer_price_level_range": (
        "price_level",
        lambda row: row.price_level is None or 0 <= row.price_level <= HIGHEST_PRICE_LEVEL,
    ),
    "customer_blocked_reason_when_blocked": ("blocked_reason", lambda row: row.is_blocked or not row.blocked_reason),
}
BY_FIELD = frozenset(
    {
        "customer_country_iso",
        "customer_payment_method_known",
        "customer_discount_range",
        "customer_credit_limit_positive",
    }
)
"""Kept by the way in which a cell becomes a value, or by the validators of the field."""
NOT_TOUCHED = frozenset({"customer_archived_reason_when_archived"})
_CONSTRAINTS = {constraint.name: constraint for constraint in Customer._meta.constraints}


def broken_rules(customer: Customer) -> dict[str, list[ValidationError]]:
    """The rules that the customer breaks, by the field that they are about."""
    errors: dict[str, list[ValidationError]] = {}
    for name, (field, is_kept) in RULES.items():
        if not is_kept(customer):
            sentence = _CONSTRAINTS[name].get_violation_error_message()
            errors.setdefault(field, []).append(ValidationError(sentence, code=name))
    return errors
