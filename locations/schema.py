"""Fields and columns of models, and the base of constraints that are added to a table once it is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.backends.ddl_references import Statement
from django.db.models.constraints import BaseConstraint

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def field_of(model: type[models.Model], name: str) -> models.Field:
    """The field of this name; "pk" is the primary key. Raises TypeError for a relation that has no column here."""
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise TypeError(f"{model._meta.label}.{name} has no column")
    return field


def column_of(model: type[models.Model], name: str) -> str:
    """The name of the column of a field, not quoted."""
    return str(field_of(model, name).column)


class AddedConstraint(BaseConstraint):
    """A constraint that is added by a statement of its own, never as a part of CREATE TABLE.

    What its SQL refers to (another table, a unique key, a role) may be created later in the same migration. A subclass
    says in `add_sql` and `drop_sql` what Django asks for as `create_sql` and `remove_sql`.
    """

    def add_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        raise NotImplementedError(f"{type(self).__name__} does not say how it is added")

    def drop_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        raise NotImplementedError(f"{type(self).__name__} does not say how it is dropped")

    # Django gives a model and an editor, and takes a Statement; its stubs also allow None, and know of texts alone.

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        """Nothing for CREATE TABLE: the statement runs at the end of the migration."""
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        return self.add_sql(model, schema_editor)

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return self.drop_sql(model, schema_editor)
