"""Keys over several columns, declared like any other constraint.

A plain foreign key says "this group exists". Over `(base, group)` it says "this group exists *in this base*",
so that a row of one base can never refer to a row of another, whoever writes it and by whatever path.
"""

from collections.abc import Sequence
from typing import Any

from django.apps import apps as live_apps
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.ddl_references import Statement, Table
from django.db.models.constraints import BaseConstraint


class CompositeForeignKey(BaseConstraint):
    """`fields` of this model refer to `to_fields` of the model `to` ("app.Model").

    A row in which one of the fields is empty refers to nothing and passes (MATCH SIMPLE). The check is deferred
    to the end of the transaction, as Django's own foreign keys are. The referenced columns need a unique
    constraint. `validate` asks the database and raises ValidationError with `violation_error_message`.
    """

    def __init__(
        self,
        *,
        fields: Sequence[str],
        to: str,
        to_fields: Sequence[str],
        name: str,
        violation_error_code: str | None = "foreign_row",
        violation_error_message: Any = None,
    ) -> None:
        if len(fields) != len(to_fields):
            raise ValueError(f"{name}: {len(fields)} fields cannot refer to {len(to_fields)} columns.")
        super().__init__(
            name=name,
            violation_error_code=violation_error_code,
            violation_error_message=violation_error_message,
        )
        self.fields, self.to, self.to_fields = tuple(fields), to, tuple(to_fields)

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        # Not inside CREATE TABLE: the referenced table or its unique key may come later in the same migration.
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        quote = schema_editor.quote_name
        target = model._meta.apps.get_model(self.to)
        columns = ", ".join(quote(model._meta.get_field(name).column) for name in self.fields)
        referenced = ", ".join(quote(target._meta.get_field(name).column) for name in self.to_fields)
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (%(columns)s) "
            "REFERENCES %(target)s (%(referenced)s) DEFERRABLE INITIALLY DEFERRED",
            table=Table(model._meta.db_table, quote),
            name=quote(self.name),
            columns=columns,
            target=Table(target._meta.db_table, quote),
            referenced=referenced,
        )

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
        )

    def validate(
        self,
        model: Any,
        instance: models.Model,
        exclude: Any = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        if exclude and set(self.fields) & set(exclude):
            return
        values = [getattr(instance, model._meta.get_field(name).attname) for name in self.fields]
        if any(value is None for value in values):
            return
        target = live_apps.get_model(self.to)
        wanted = {
            target._meta.get_field(name).attname: value for name, value in zip(self.to_fields, values, strict=True)
        }
        if not target._base_manager.using(using).filter(**wanted).exists():
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return (
            path,
            tuple(args),
            {**kwargs, "fields": self.fields, "to": self.to, "to_fields": self.to_fields},
        )

    def __eq__(self, other: object) -> bool:
        if isinstance(other, CompositeForeignKey):
            return self.deconstruct() == other.deconstruct()
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, self.fields, self.to, self.to_fields))


class KeyWithBase(BaseConstraint):
    """The primary key is `(<key>, base)` in the database, while Django goes on to use `<key>` alone.

    A table that is spread by base over several machines can have no unique key without the base. Leading with the key,
    the same index serves a look-up by the key alone, and a composite foreign key may refer to it. Django's own
    CompositePrimaryKey is no way: the admin cannot serve it.
    """

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        # Not inside CREATE TABLE, where the key is declared with its column.
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))
        return ""

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        return self._key(model, schema_editor, model._meta.pk.column, model._meta.get_field("base").column)

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return self._key(model, schema_editor, model._meta.pk.column)

    def _key(self, model: Any, schema_editor: Any, *columns: str) -> Any:
        quote = schema_editor.quote_name
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(key)s, ADD CONSTRAINT %(key)s PRIMARY KEY (%(columns)s)",
            table=Table(model._meta.db_table, quote),
            key=quote(f"{model._meta.db_table}_pkey"),
            columns=", ".join(map(quote, columns)),
        )

    def validate(self, model: Any, instance: models.Model, exclude: Any = None, using: str = DEFAULT_DB_ALIAS) -> None:
        """Nothing to ask: see above."""

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, tuple(args), kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyWithBase) and self.name == other.name

    def __hash__(self) -> int:
        return hash((type(self), self.name))
