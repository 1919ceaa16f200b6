"""The constraints of a customer, checked for the rows that an import would write."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import connection, models

from customers.models import Customer
from mcp.stored_sentences import Sentences, sentences_of

NOT_ABOUT_IMPORTS = frozenset({"customer_archived_reason_when_archived"})


def broken_rules() -> dict[str, str]:
    """The constraints of the customer by name, each as an SQL condition that is true where it is broken.

    The conditions are about the columns of `Plan.merged`. They are read from the model, so that a new constraint is
    checked as well.
    """
    editor = connection.SchemaEditorClass(connection, collect_sql=True)
    found: dict[str, str] = {}
    for rule in Customer._meta.constraints:
        if isinstance(rule, models.CheckConstraint) and rule.name not in NOT_ABOUT_IMPORTS:
            sql = str(rule._get_check_sql(Customer, editor))  # type: ignore[attr-defined]
            found[rule.name] = f"NOT ({sql})".replace("%", "%%")
    return found


def sentences() -> dict[str, Sentences]:
    """The sentence of each constraint, by its name."""
    return {
        rule.name: sentences_of(ValidationError(rule.violation_error_message or "", code=rule.name))
        for rule in Customer._meta.constraints
    }
