"""Violations of constraints as ValidationErrors with the sentence of the constraint.

Two people who save the same at the same moment both pass the checks of their forms; the second is refused by the
database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models.constraints import BaseConstraint


@contextmanager
def told_as_refusals() -> Iterator[None]:
    """Raise ValidationError where a statement of the block violates a constraint that has a sentence of its own."""
    try:
        yield
    except IntegrityError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error


def refusal_of(error: IntegrityError) -> ValidationError | None:
    """The ValidationError of a violated constraint, with its code; None where it has no sentence of its own."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    constraint = _constraints().get(str(name))
    if constraint is None:
        return None
    # Lazy as it was written, so that one who is told of it later reads it in his own language.
    return ValidationError(
        constraint.violation_error_message or "",
        code=constraint.violation_error_code or constraint.name,
        params={"name": constraint.name},
    )


@cache
def _constraints() -> dict[str, BaseConstraint]:
    """All constraints that have a sentence of their own, by their names."""
    found: dict[str, BaseConstraint] = {}
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            is_told = constraint.violation_error_message != constraint.default_violation_error_message
            if is_told and constraint.violation_error_message:
                found[constraint.name] = constraint
    return found
