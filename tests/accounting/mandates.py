"""Mandates of customers, with dull data."""

from __future__ import annotations

from datetime import date
from typing import Any

from accounting.debits.mandates import Signature, add_mandate
from accounting.models import Mandate
from customers.models import Customer
from mcp.isolation.scope import Scope

IBAN = "DE89370400440532013000"
OTHER_IBAN = "AT611904300234573201"


def signature(**values: Any) -> Signature:
    """Signed on paper on 2 January 2026."""
    said = {"iban": IBAN, "holder": "Gast", "signed_on": date(2026, 1, 2), "evidence": "Auf Papier, Ordner 3"}
    return Signature(**{**said, **values})


def mandate(scope: Scope, whose: Customer, **values: Any) -> Mandate:
    """A recurrent basic mandate of a customer with an account. `values` are those of the signature or of it."""
    of_signature = {name: values.pop(name) for name in Signature.__dataclass_fields__ if name in values}
    return add_mandate(customer=whose.pk, signature=signature(**of_signature), **values, actor=scope)
