"""Checks all check constraints of a row in one query, where Django runs one query for each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, models, router, transaction
from django.db.models.constraints import BaseConstraint
from django.db.models.sql import Query

from locations.schema import field_of

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

type Errors = dict[str, list[ValidationError]]
"""By the name of the field, or NON_FIELD_ERRORS."""

_LENGTH = re.compile(r"\([\d, ]+\)")


class CheckedRow(models.Model):
    """A model whose `validate_constraints` gives the same errors as Django's, with one query for all check constraints.

    Where a field of a row holds an expression instead of a value, it runs Django's own method. Constraints about
    generated fields are always left to Django.
    """

    _stored: models.Model | None = None

    class Meta:
        abstract = True

    @contextmanager
    def replacing(self, stored: models.Model) -> Iterator[None]:
        """Within the block the row is validated as the new version of `stored`, which is locked.

        Constraints about fields that both have in common are not checked again: the stored row keeps them.
        """
        self._stored = stored
        try:
            yield
        finally:
            self._stored = None

    def _is_kept(self, names: Collection[str]) -> bool:
        """Whether all these fields have the values of the stored row."""
        if self._stored is None or not names:
            return False
        attributes = [field_of(type(self), name).attname for name in names]
        return all(getattr(self, name) == getattr(self._stored, name) for name in attributes)

    def clean_fields(self, exclude: Collection[str] | None = None) -> None:
        """As Django's, without a query for each foreign key that is unchanged since `stored`."""
        keys = (field.name for field in self._meta.concrete_fields if field.is_relation)
        super().clean_fields(exclude={*(exclude or ()), *(name for name in keys if self._is_kept([name]))})

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """As Django's: raises ValidationError with the errors by field.

        `exclude` names fields whose constraints are skipped.
        """
        using = router.db_for_write(type(self), instance=self)
        checks = _checks_of(type(self), using)
        left_out = set(exclude or ())
        asked = [check for check in checks if not check.fields & left_out and not self._is_kept(check.fields)]
        answers = _answers(self, asked, using)
        if answers is None:
            super().validate_constraints(exclude=exclude)
            return
        refused = [check.constraint for check, is_kept in zip(asked, answers, strict=True) if not is_kept]
        errors: Errors = {}
        for check in refused:
            error = ValidationError(check.get_violation_error_message(), code=check.violation_error_code)
            errors = error.update_error_dict(errors)
        at_once = {check.constraint.name for check in checks}
        for constraint in self._meta.constraints:
            if constraint.name not in at_once and not self._is_kept(_fields_of(constraint)):
                errors = _errors_of(constraint, self, left_out, using, errors)
        if errors:
            raise ValidationError(errors)


def fields_about(model: type[models.Model], code: str | None) -> set[str]:
    """The names of the fields that the check constraints with this error code compare."""
    checks = _checks_of(model, router.db_for_write(model))
    about = [check.fields for check in checks if check.constraint.violation_error_code == code]
    names = {field.name for field in model._meta.concrete_fields}
    return names & frozenset[str]().union(*about)


def _errors_of(constraint: BaseConstraint, row: models.Model, exclude: set[str], using: str, errors: Errors) -> Errors:
    """The errors with those of one constraint added; that of a unique field is added to this field, as in Django."""
    try:
        constraint.validate(type(row), row, exclude=exclude, using=using)
    except ValidationError as error:
        fields: Sequence[str] = getattr(constraint, "fields", ())
        if getattr(error, "code", None) != "unique" or len(fields) != 1:
            return error.update_error_dict(errors)
        errors.setdefault(fields[0], []).append(error)
    return errors


@dataclass(frozen=True)
class _Check:
    constraint: models.CheckConstraint
    fields: frozenset[str]
    """The names of the fields that its condition is about."""
    condition: str
    params: tuple[Any, ...]


@cache
def _checks_of(model: type[models.Model], using: str) -> tuple[_Check, ...]:
    """The check constraints of a model as SQL, without those about generated columns."""
    connection = connections[using]
    query = Query(model=model, alias_cols=False)
    compiler = query.get_compiler(connection=connection)

    def found() -> Iterator[_Check]:
        for constraint in model._meta.constraints:
            if not isinstance(constraint, models.CheckConstraint):
                continue
            fields = [field_of(model, name) for name, *_ in model._get_expr_references(constraint.condition)]  # type: ignore[attr-defined]
            if any(field.generated for field in fields):
                continue
            names = frozenset(name for field in fields for name in (field.name, field.attname))
            condition: Any = constraint.condition  # also an expression, which the stubs of build_where leave out
            sql, params = query.build_where(condition).as_sql(compiler, connection)
            yield _Check(constraint, names, sql, tuple(params))

    return tuple(found())


def _fields_of(constraint: BaseConstraint) -> Collection[str]:
    """The names of the fields that alone decide whether a constraint holds; empty where its conditions say more."""
    if getattr(constraint, "condition", None) is not None or getattr(constraint, "expressions", None):
        return ()
    fields: Collection[str] = getattr(constraint, "fields", ())
    return fields


def _answers(row: models.Model, checks: Collection[_Check], using: str) -> Sequence[bool] | None:
    """For each check whether the row satisfies it; None where they cannot be asked in one query.

    A condition that is NULL counts as satisfied, as it does in PostgreSQL.
    """
    if not checks:
        return ()
    connection = connections[using]
    names: frozenset[str] = frozenset().union(*(check.fields for check in checks))
    fields = [field for field in row._meta.concrete_fields if field.name in names]
    values = [getattr(row, field.attname) for field in fields]
    if any(hasattr(value, "resolve_expression") for value in values):
        return None
    columns = ", ".join(f"%s::{_type(field, connection)} AS {_name(field, connection)}" for field in fields)
    conditions = ", ".join(f"({check.condition}) IS NOT FALSE" for check in checks)
    params = [param for check in checks for param in check.params]
    params += [field.get_db_prep_value(value, connection) for field, value in zip(fields, values, strict=True)]
    try:
        with transaction.atomic(using=using), connection.cursor() as cursor:
            cursor.execute(f"SELECT {conditions} FROM (SELECT {columns}) AS checked", params)
            answers: Sequence[bool] = cursor.fetchone()
    except DatabaseError:
        return None
    return answers


def _type(field: models.Field, connection: BaseDatabaseWrapper) -> str:
    """The type of the column without length or precision: a cast to those would cut off a value without an error."""
    return _LENGTH.sub("", field.db_type(connection) or "")


def _name(field: models.Field, connection: BaseDatabaseWrapper) -> str:
    return connection.ops.quote_name(str(field.column))
