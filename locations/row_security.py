"""Which rows exist for whom, kept by PostgreSQL on every path: form, command, bulk write, raw SQL.

Each table that holds data of a business or of a customer base declares in `Meta.constraints` by which of its fields
a row belongs to somebody. The database compares that field with a setting of the transaction: a plain comparison with
one value, so that the indexes that begin with it serve as before. Where nothing is set nothing is equal: no rows.

Who sets it is the business of a floor above (see mcp/row_security.py).
"""

from __future__ import annotations

from typing import Any

from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.ddl_references import Statement, Table
from django.db.models.constraints import BaseConstraint

SETTINGS = {"base": "stammhaus.base", "organization": "stammhaus.organization", "user": "stammhaus.user"}
"""What a transaction can say about itself: the base, the business and the user that it works for."""

UNSCOPED_ROLE = "stammhaus_unscoped"
"""The database role for which all rows exist. Nobody logs in as it; who is meant to is a member of it."""


def current(key: str) -> str:
    """The SQL of a setting's value, NULL where there is none: after `SET LOCAL` it comes back as an empty text."""
    return f"nullif(current_setting('{SETTINGS[key]}', true), '')::bigint"


def enable_sql(table: str, condition: str, check: str) -> str:
    """Let only the rows of `condition` exist in the table, for its owner as well; all of them for UNSCOPED_ROLE.

    `check` is the condition for what is written, where it may be narrower than what is seen.
    """
    return f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY scope ON {table} USING ({condition}) WITH CHECK ({check});
        CREATE POLICY unscoped ON {table} TO {UNSCOPED_ROLE} USING (true) WITH CHECK (true)
    """


def own_or_of_nobody(owner: str, organization: str, person: str, user: str) -> str:
    """The condition that a row is of the entered business, or of nobody and about the entered person."""
    return f"{owner} = {organization} OR ({owner} IS NULL AND {person} = {user})"


def disable_sql(table: str) -> str:
    return f"""
        DROP POLICY unscoped ON {table};
        DROP POLICY scope ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY
    """


class RowSecurity(BaseConstraint):
    """The rows of this table exist for the transaction whose setting equals the field.

    `base`, `organization` and `user` name the field that is compared with each; a row exists where one of them fits.
    A condition of several tables is not possible: a policy with a sub-select does not spread over machines.
    """

    def __init__(
        self, *, name: str, base: str | None = None, organization: str | None = None, user: str | None = None
    ) -> None:
        super().__init__(name=name)
        named = {"base": base, "organization": organization, "user": user}
        self.fields = {key: field for key, field in named.items() if field}
        if not self.fields:
            raise ValueError(f"{name}: row security needs a field by which a row belongs to somebody.")

    def seen(self, model: Any) -> str:
        """As SQL: the field's column equals the setting."""
        columns = {key: model._meta.get_field(field).column for key, field in self.fields.items()}
        return " OR ".join(f"{column} = {current(key)}" for key, column in columns.items())

    def written(self, model: Any) -> str:
        """As SQL: what may be written. Who sees himself writes himself, but into no business that he is not of."""
        if set(self.fields) != {"organization", "user"}:
            return self.seen(model)
        columns = {key: model._meta.get_field(field).column for key, field in self.fields.items()}
        return own_or_of_nobody(columns["organization"], current("organization"), columns["user"], current("user"))

    def named(self, name: str) -> RowSecurity:
        """The same rule for another table, such as the history of this one."""
        return RowSecurity(name=name, **self.fields)

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))  # no part of CREATE TABLE
        return ""

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        sql = enable_sql("%(table)s", self.seen(model), self.written(model))
        return _statement(sql, model, schema_editor)

    def remove_sql(self, model: Any, schema_editor: Any) -> Any:
        return _statement(disable_sql("%(table)s"), model, schema_editor)

    def validate(self, model: Any, instance: models.Model, exclude: Any = None, using: str = DEFAULT_DB_ALIAS) -> None:
        """Nothing: what does not fit is refused by the database, and no sentence would help whoever tried."""

    def deconstruct(self) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, tuple(args), {**kwargs, **self.fields}

    def __eq__(self, other: object) -> bool:
        if isinstance(other, RowSecurity):
            return (self.name, self.fields) == (other.name, other.fields)
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, *self.fields.items()))


def _statement(sql: str, model: Any, schema_editor: Any) -> Statement:
    return Statement(sql, table=Table(model._meta.db_table, schema_editor.quote_name))


def row_security_of(model: Any) -> RowSecurity | None:
    """What the model declares, if it does."""
    return next((rule for rule in model._meta.constraints if isinstance(rule, RowSecurity)), None)
