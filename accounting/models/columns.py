"""Columns that many tables of accounts have."""

from __future__ import annotations

from typing import Any

from django.db import models

from locations.personal import Kept

INVOICES = Kept(law="§ 14b UStG, § 147 AO", years=8)
"""Invoices, and what they were based on."""


def money(label: object, **options: object) -> models.DecimalField:
    """A column of an amount: numeric(14,2)."""
    return models.DecimalField(label, max_digits=14, decimal_places=2, **options)  # type: ignore[arg-type]


def refers(to: Any, **options: Any) -> models.ForeignKey[Any, Any]:
    """A reference whose constraint goes over the base or the business as well (see the constraints of the table)."""
    options = {"db_constraint": False, "db_index": False, "related_name": "+", **options}
    return models.ForeignKey(to, models.PROTECT, **options)
