"""Row security: PostgreSQL decides which rows exist for a transaction, in forms, commands, bulk writes and raw SQL.

Each table with data of a business or a customer base declares a `RowSecurity` in `Meta.constraints`. Its policy
compares one column with a setting of the transaction. That is a comparison with a single value, so indexes that begin
with the column are used as before. A setting that is not set equals nothing, and then no row exists.

mcp/isolation/row_scope.py sets them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.ddl_references import Statement, Table

from locations.schema import AddedConstraint, column_of

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

SETTINGS = {
    "base": "stammhaus.base",
    "organization": "stammhaus.organization",
    "location": "stammhaus.location",
    "user": "stammhaus.user",
}
"""What a transaction can say about itself: the base, the business, the location and the user that it works for."""

UNSCOPED_ROLE = "stammhaus_unscoped"
"""The database role for which all rows exist. Nobody logs in as it; the owner and the web role are its members."""

PERSON_ROLE = "stammhaus_person"
"""The database role for which the rows of one person exist, whose business is not known yet. Nobody logs in as it.

It is a role and not a second condition of the policy: with an OR, indexes that begin with the business are not used.
"""

CLEARING_ROLE = "stammhaus_clearing"
"""The database role as which a reconciliation writes customers. Row security binds it like the one that logs in.

What it writes is no edit: it is not refused by the agreed side of a base 1.0, and is not sent to the other side again.
"""

DECIDED_ABOUT = "stammhaus.decided_about"
"""The setting that holds the uid of a customer about whom a conflict is being decided."""

POLICIES = {"scope": "public", "unscoped": UNSCOPED_ROLE, "person": PERSON_ROLE}
"""The policies that a table can have, each with the role that it is for."""

WRITTEN_BY_NOBODY = "false"
"""The condition for rows that are written, where only UNSCOPED_ROLE may write."""


def side_sql(side: str) -> str:
    """SQL that makes the function by which triggers know on which side they run (see Side)."""
    return (
        "CREATE OR REPLACE FUNCTION public.locations_side() RETURNS text "
        f"LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT '{side}' $$"
    )


def current(key: str) -> str:
    """SQL that gives the value of a setting as bigint, or NULL.

    After `SET LOCAL` ends, the setting is '' and not NULL.
    """
    return f"nullif(current_setting('{SETTINGS[key]}', true), '')::bigint"


def enable_sql(table: str, condition: str, check: str | None = None, *, person: str = "") -> str:
    """SQL that turns row security on for a table, for its owner as well: only rows that satisfy `condition` exist.

    `check` is the condition for rows that are written, where it differs. UNSCOPED_ROLE sees all rows. `person` is the
    condition for PERSON_ROLE, in tables that hold people.
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
    """SQL: the row is of the entered business, or it is of no business and about the entered person.

    Takes SQL expressions.
    """
    return f"{owner} = {organization} OR ({owner} IS NULL AND {person} = {user})"


def disable_sql(table: str) -> str:
    """SQL that takes back `enable_sql`."""
    return f"""
        DROP POLICY IF EXISTS person ON {table};
        DROP POLICY unscoped ON {table};
        DROP POLICY scope ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY
    """


class RowSecurity(AddedConstraint):
    """Only rows of the entered base or business exist in this table.

    `base` or `organization` (one of them) names the field that is compared with the setting. `owner` names a field
    that holds the location to which alone the row belongs, or 0 where it belongs to all of the base or business: a row
    of one location does not exist at another one, nor at the central. `person` names the field
    with the person of a row, in a table of people: for PERSON_ROLE only rows of the entered person exist.
    `is_of_provider` is for what the provider decides about businesses: a row without a business is about all of them
    and exists in each, and within a business no row is written. The condition cannot look at other tables: a policy
    with a sub-select does not work on tables that are spread over several machines.
    """

    def __init__(
        self,
        *,
        name: str,
        base: str | None = None,
        organization: str | None = None,
        owner: str | None = None,
        person: str | None = None,
        is_of_provider: bool = False,
    ) -> None:
        super().__init__(name=name)
        if bool(base) == bool(organization):
            raise ValueError(f"{name}: row security needs one field by which a row belongs to somebody.")
        named = {"base": base, "organization": organization, "owner": owner, "person": person}
        self.fields = {key: field for key, field in named.items() if field}
        self.is_of_provider = is_of_provider

    @property
    def policies(self) -> set[str]:
        """The names of the policies that the table has."""
        return {"scope", "unscoped", *(["person"] if "person" in self.fields else [])}

    def condition(self, model: type[models.Model]) -> str:
        """SQL: the column of the base or business equals the setting, and no other location is the row's owner."""
        key = "base" if "base" in self.fields else "organization"
        column, entered = self._column(model, key), current(key)
        of_all = f" OR ({column} IS NULL AND {entered} IS NOT NULL)" if self.is_of_provider else ""
        if "owner" in self.fields:
            owner = self._column(model, "owner")
            return f"{column} = {entered} AND ({owner} = 0 OR {owner} = {current('location')})"
        return f"{column} = {entered}{of_all}"

    @property
    def condition_to_write(self) -> str | None:
        """SQL: the condition for rows that are written, where it is another one."""
        return WRITTEN_BY_NOBODY if self.is_of_provider else None

    def condition_of_person(self, model: type[models.Model]) -> str:
        """SQL: the row is about the entered person; empty where the table holds no people."""
        return f"{self._column(model, 'person')} = {current('user')}" if "person" in self.fields else ""

    def _column(self, model: type[models.Model], key: str) -> str:
        return column_of(model, self.fields[key])

    def named(self, name: str) -> RowSecurity:
        """The same rule under another name, for another table with the same fields, such as the history."""
        return RowSecurity(name=name, **self._options())

    def _options(self) -> dict[str, Any]:
        return {**self.fields, **({"is_of_provider": True} if self.is_of_provider else {})}

    def add_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        person = self.condition_of_person(model)
        sql = enable_sql("%(table)s", self.condition(model), self.condition_to_write, person=person)
        return _statement(sql, model, schema_editor)

    def drop_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        return _statement(disable_sql("%(table)s"), model, schema_editor)

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: set[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Nothing: the database refuses a row of somebody else's, and no form offers one."""

    def deconstruct(self) -> tuple[str, tuple[object, ...], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, tuple(args), {**kwargs, **self._options()}

    def __eq__(self, other: object) -> bool:
        if isinstance(other, RowSecurity):
            return (self.name, self._options()) == (other.name, other._options())
        return NotImplemented

    def __hash__(self) -> int:
        return hash((self.name, *self._options().items()))


def _statement(sql: str, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
    return Statement(sql, table=Table(model._meta.db_table, schema_editor.quote_name))


def row_security_of(model: type[models.Model]) -> RowSecurity | None:
    """The RowSecurity among the constraints of a model; None for a table without."""
    return next((rule for rule in model._meta.constraints if isinstance(rule, RowSecurity)), None)
