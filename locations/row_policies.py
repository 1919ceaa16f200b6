"""Which rows exist for whom, kept by PostgreSQL on every path: form, command, bulk write, raw SQL.

Each table that holds data of a business or of a customer base declares in `Meta.constraints` by which of its fields
a row belongs to somebody. The database compares that field with a setting of the transaction: a plain comparison with
one value, so that the indexes that begin with it serve as before. Where nothing is set nothing is equal: no rows.

Who sets it is the business of a floor above (see mcp/isolation/row_scope.py).
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

PERSON_ROLE = "stammhaus_person"
"""The database role for which one person exists, before it is known where he belongs. Nobody logs in as it.

A role and not a second condition of the policy: with an OR no index that begins with the business would serve.
"""

POLICIES = {"scope": "public", "unscoped": UNSCOPED_ROLE, "person": PERSON_ROLE}
"""The policies that a table can have, each with the role that it is for."""


def current(key: str) -> str:
    """The SQL of a setting's value, NULL where there is none: after `SET LOCAL` it comes back as an empty text."""
    return f"nullif(current_setting('{SETTINGS[key]}', true), '')::bigint"


def enable_sql(table: str, condition: str, check: str | None = None, *, person: str = "") -> str:
    """Let only the rows of `condition` exist in the table, for its owner as well; all of them for UNSCOPED_ROLE.

    `check` is the condition for what is written, where it may be narrower than what is seen; `person` the one for
    PERSON_ROLE, in tables that hold people.
    """
    lines = [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY scope ON {table} USING ({condition}) WITH CHECK ({check or condition})",
        f"CREATE POLICY unscoped ON {table} TO {UNSCOPED_ROLE} USING (true) WITH CHECK (true)",
    ]
    if person:
        lines.append(f"CREATE POLICY person ON {table} TO {PERSON_ROLE} USING ({person}) WITH CHECK ({person})")
    return "; ".join(lines)


def own_or_of_nobody(owner: str, organization: str, person: str, user: str) -> str:
    """The condition that a row is of the entered business, or of nobody and about the entered person."""
    return f"{owner} = {organization} OR ({owner} IS NULL AND {person} = {user})"


def disable_sql(table: str) -> str:
    return f"""
        DROP POLICY IF EXISTS person ON {table};
        DROP POLICY unscoped ON {table};
        DROP POLICY scope ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY
    """


class RowSecurity(BaseConstraint):
    """The rows of this table exist for the transaction whose setting equals the field.

    Either `base` or `organization` names the field that is compared. `person` names the field that says which person
    the row is, in a table of people; for PERSON_ROLE the row of the entered person exists, and no other.
    A condition of several tables is not possible: a policy with a sub-select does not spread over machines.
    """

    def __init__(
        self, *, name: str, base: str | None = None, organization: str | None = None, person: str | None = None
    ) -> None:
        super().__init__(name=name)
        if bool(base) == bool(organization):
            raise ValueError(f"{name}: row security needs one field by which a row belongs to somebody.")
        named = {"base": base, "organization": organization, "person": person}
        self.fields = {key: field for key, field in named.items() if field}

    @property
    def policies(self) -> set[str]:
        """The names of the policies that the table has."""
        return {"scope", "unscoped", *(["person"] if "person" in self.fields else [])}

    def condition(self, model: Any) -> str:
        """As SQL: the field's column equals the setting."""
        key = "base" if "base" in self.fields else "organization"
        return f"{self._column(model, key)} = {current(key)}"

    def condition_of_person(self, model: Any) -> str:
        """As SQL: the row is the entered person. Empty where the table holds no people."""
        return f"{self._column(model, 'person')} = {current('user')}" if "person" in self.fields else ""

    def _column(self, model: Any, key: str) -> str:
        return str(model._meta.get_field(self.fields[key]).column)

    def named(self, name: str) -> RowSecurity:
        """The same rule for another table, such as the history of this one."""
        return RowSecurity(name=name, **self.fields)

    def constraint_sql(self, model: Any, schema_editor: Any) -> str:
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))  # no part of CREATE TABLE
        return ""

    def create_sql(self, model: Any, schema_editor: Any) -> Any:
        sql = enable_sql("%(table)s", self.condition(model), person=self.condition_of_person(model))
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
