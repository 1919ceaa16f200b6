"""What the database refuses at the last moment, in the sentence of the constraint.

Two people who save the same at the same moment both pass the checks of a form; the second is refused by the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError


@contextmanager
def told_as_refusals() -> Iterator[None]:
    """Raise the sentence of a violated constraint as a ValidationError, as the checks of a form would have."""
    try:
        yield
    except IntegrityError as error:
        refusal = refusal_of(error)
        if refusal is None:
            raise
        raise refusal from error


def refusal_of(error: IntegrityError) -> ValidationError | None:
    """The sentence of the constraint that was violated, with its code; None for one that has none of its own."""
    name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None)
    constraint = _constraints().get(str(name))
    if constraint is None:
        return None
    sentence = constraint.get_violation_error_message()
    return ValidationError(sentence, code=constraint.violation_error_code or constraint.name)


@cache
def _constraints() -> dict[str, Any]:
    """All constraints that have a sentence of their own, by their names."""
    found = {}
    for model in apps.get_models():
        for constraint in model._meta.constraints:
            is_told = constraint.violation_error_message != constraint.default_violation_error_message
            if is_told and constraint.violation_error_message:
                found[constraint.name] = constraint
    return found
