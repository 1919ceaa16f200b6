"""Keys over several columns, declared like any other constraint.

A plain foreign key says "this group exists". Over `(base, group)` it says "this group exists *in this base*",
so that a row of one base can never refer to a row of another, whoever writes it and by whatever path.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pgtrigger
from django.apps import apps as live_apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.ddl_references import Statement, Table

from locations.row_policies import UNSCOPED_ROLE
from locations.schema import AddedConstraint, column_of, field_of
from locations.text import LazyText

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor


class CompositeForeignKey(AddedConstraint):
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
        violation_error_message: LazyText | None = None,
    ) -> None:
        if len(fields) != len(to_fields):
            raise ValueError(f"{name}: {len(fields)} fields cannot refer to {len(to_fields)} columns.")
        super().__init__(
            name=name,
            violation_error_code=violation_error_code,
            violation_error_message=violation_error_message,
        )
        self.fields, self.to, self.to_fields = tuple(fields), to, tuple(to_fields)

    def add_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        quote = schema_editor.quote_name
        target = model._meta.apps.get_model(self.to)
        columns = ", ".join(quote(column_of(model, name)) for name in self.fields)
        referenced = ", ".join(quote(column_of(target, name)) for name in self.to_fields)
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (%(columns)s) "
            "REFERENCES %(target)s (%(referenced)s) DEFERRABLE INITIALLY DEFERRED",
            table=Table(model._meta.db_table, quote),
            name=quote(self.name),
            columns=columns,
            target=Table(target._meta.db_table, quote),
            referenced=referenced,
        )

    def drop_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(name)s",
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
        )

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: set[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Ask the database whether the row referred to exists. Raises ValidationError."""
        if exclude and set(self.fields) & set(exclude):
            return
        values = [getattr(instance, field_of(model, name).attname) for name in self.fields]
        if any(value is None for value in values):
            return
        target = live_apps.get_model(self.to)
        wanted = {field_of(target, name).attname: value for name, value in zip(self.to_fields, values, strict=True)}
        if not target._base_manager.using(using).filter(**wanted).exists():
            raise ValidationError(self.get_violation_error_message(), code=self.violation_error_code)

    def deconstruct(self) -> tuple[str, tuple[object, ...], dict[str, Any]]:
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


class StatementForeignKey(CompositeForeignKey):
    """A composite foreign key of a table that is written in bulk, for a few rows that very many refer to.

    A foreign key of the database is checked for each row, which takes a tenth of the time of an import. Here what a
    statement has inserted is checked at once, with the same lock on the rows referred to: nobody deletes them before
    the transaction has ended. It is checked at the end of the statement and not deferred. An update is checked for each
    row in which one of the columns has changed, and whoever deletes a row referred to, or changes its key, is refused
    as by a foreign key. Whoever works on a snapshot (REPEATABLE READ) would not see who has referred to it since, and
    is refused as well.
    """

    def add_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        return Statement(_CHECKED_AT_ONCE, **self._parts(model, schema_editor))

    def drop_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        return Statement(_CHECKED_NO_MORE, **self._parts(model, schema_editor))

    def _parts(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> dict[str, str | Table]:
        quote = schema_editor.quote_name
        target = model._meta.apps.get_model(self.to)
        columns = [quote(column_of(model, name)) for name in self.fields]
        referenced = [quote(column_of(target, name)) for name in self.to_fields]
        is_set = pgtrigger.Statement == settings.TRIGGER_LEVEL
        inserted = "new_values" if is_set else "(SELECT NEW.*) AS new_values"

        def each(pattern: str, joined: str) -> str:
            return joined.join(pattern.format(a=a, b=b) for a, b in zip(columns, referenced, strict=True))

        return {
            "table": Table(model._meta.db_table, quote),
            "plain_table": model._meta.db_table,
            "target": Table(target._meta.db_table, quote),
            "name": quote(self.name),
            "inserted": quote(f"{self.name}_inserted"),
            "changed": quote(f"{self.name}_changed"),
            "kept": quote(f"{self.name}_kept"),
            "kept_key": quote(f"{self.name}_kept_key"),
            "each": "REFERENCING NEW TABLE AS new_values FOR EACH STATEMENT" if is_set else "FOR EACH ROW",
            "of_inserted": self._check(model, target, columns, referenced, rows=inserted),
            "of_changed": self._check(model, target, columns, referenced, rows="(SELECT NEW.*) AS new_values"),
            "columns": ", ".join(columns),
            "referenced": ", ".join(referenced),
            "is_other": each("OLD.{a} IS DISTINCT FROM NEW.{a}", " OR "),
            "is_other_key": each("OLD.{b} IS DISTINCT FROM NEW.{b}", " OR "),
            "refers_to_old": each("{a} = OLD.{b}", " AND "),
            "is_old": each("{b} = OLD.{b}", " AND "),
            "literal": f"'{self.name}'",
            "let_through": f"'{UNSCOPED_ROLE}'",
        }

    def _check(
        self,
        model: type[models.Model],
        target: type[models.Model],
        columns: list[str],
        referenced: list[str],
        *,
        rows: str,
    ) -> str:
        """The check in plpgsql: one scan of the rows written, and one look-up for each different row referred to.

        It costs the same whatever number of rows the plan was made for: a session keeps the plan of its first call.
        """
        known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        same = " AND ".join(f"there.{b} = used.{a}" for a, b in zip(columns, referenced, strict=True))
        return f"""
            PERFORM FROM (SELECT DISTINCT {", ".join(columns)} FROM {rows} WHERE {known}) AS used
            LEFT JOIN LATERAL (
                SELECT true AS is_there FROM {target._meta.db_table} AS there WHERE {same} FOR KEY SHARE
            ) AS referred ON true WHERE referred.is_there IS NULL LIMIT 1;
            IF FOUND THEN
                RAISE EXCEPTION 'insert or update on table "{model._meta.db_table}" violates foreign key "{self.name}"'
                    USING ERRCODE = 'foreign_key_violation', CONSTRAINT = '{self.name}';
            END IF;
            RETURN NULL;
        """


_CHECKED_AT_ONCE = """
    CREATE OR REPLACE FUNCTION %(inserted)s() RETURNS trigger LANGUAGE plpgsql
    AS $check$ BEGIN %(of_inserted)s END $check$;
    CREATE OR REPLACE FUNCTION %(changed)s() RETURNS trigger LANGUAGE plpgsql
    AS $check$ BEGIN %(of_changed)s END $check$;
    CREATE OR REPLACE FUNCTION %(kept)s() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp AS $check$
    BEGIN
        IF to_regclass('%(plain_table)s') IS NULL THEN
            RETURN NULL;
        END IF;
        IF NOT pg_has_role(current_user, %(let_through)s, 'USAGE') THEN
            RAISE EXCEPTION '%% has to be let through by row security, or foreign key %% cannot be kept',
                current_user, %(literal)s USING ERRCODE = 'foreign_key_violation', CONSTRAINT = %(literal)s;
        END IF;
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION 'only in READ COMMITTED it is seen whether others refer to the row: foreign key %%',
                %(literal)s USING ERRCODE = 'foreign_key_violation', CONSTRAINT = %(literal)s;
        END IF;
        IF EXISTS (SELECT FROM %(table)s WHERE %(refers_to_old)s)
            AND NOT EXISTS (SELECT FROM %(target)s WHERE %(is_old)s)
        THEN
            RAISE EXCEPTION 'a row that is referred to is gone: foreign key %%', %(literal)s
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = %(literal)s;
        END IF;
        RETURN NULL;
    END $check$;
    CREATE OR REPLACE TRIGGER %(inserted)s AFTER INSERT ON %(table)s %(each)s EXECUTE FUNCTION %(inserted)s();
    CREATE OR REPLACE TRIGGER %(changed)s AFTER UPDATE ON %(table)s FOR EACH ROW WHEN (%(is_other)s)
    EXECUTE FUNCTION %(changed)s();
    CREATE OR REPLACE TRIGGER %(kept)s AFTER DELETE ON %(target)s FOR EACH ROW EXECUTE FUNCTION %(kept)s();
    CREATE OR REPLACE TRIGGER %(kept_key)s AFTER UPDATE ON %(target)s FOR EACH ROW WHEN (%(is_other_key)s)
    EXECUTE FUNCTION %(kept)s()
"""
"""The functions and triggers of a StatementForeignKey.

A table that is dropped leaves the functions, and the triggers at the other table, behind; they are replaced when it is
created again. The check of a deletion runs with the rights of the owner of the tables (SECURITY DEFINER), because it
has to see rows of every business, as the check of a plain foreign key does. An owner for whom row security hides rows
would find none that refer, so every deletion is refused then.
"""

_CHECKED_NO_MORE = """
    DROP TRIGGER %(inserted)s ON %(table)s;
    DROP TRIGGER %(changed)s ON %(table)s;
    DROP TRIGGER %(kept)s ON %(target)s;
    DROP TRIGGER %(kept_key)s ON %(target)s;
    DROP FUNCTION %(inserted)s(), %(changed)s(), %(kept)s()
"""


class KeyWithBase(AddedConstraint):
    """The primary key is `(<key>, base)` in the database, while Django goes on to use `<key>` alone.

    A table that is spread by base over several machines can have no unique key without the base. The key comes first,
    so that the index also serves a look-up by the key alone, and a composite foreign key may refer to it. Django's own
    CompositePrimaryKey does not do: the admin cannot show its rows.
    """

    def __init__(self, *, name: str) -> None:
        super().__init__(name=name)

    def add_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        return self._key(model, schema_editor, column_of(model, "pk"), column_of(model, "base"))

    def drop_sql(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor) -> Statement:
        return self._key(model, schema_editor, column_of(model, "pk"))

    def _key(self, model: type[models.Model], schema_editor: BaseDatabaseSchemaEditor, *columns: str) -> Statement:
        quote = schema_editor.quote_name
        return Statement(
            "ALTER TABLE %(table)s DROP CONSTRAINT %(key)s, ADD CONSTRAINT %(key)s PRIMARY KEY (%(columns)s)",
            table=Table(model._meta.db_table, quote),
            key=quote(f"{model._meta.db_table}_pkey"),
            columns=", ".join(map(quote, columns)),
        )

    def validate(
        self,
        model: type[models.Model],
        instance: models.Model,
        exclude: set[str] | None = None,
        using: str = DEFAULT_DB_ALIAS,
    ) -> None:
        """Nothing: each row gets a key of its own, so no form can break this constraint."""

    def deconstruct(self) -> tuple[str, tuple[object, ...], dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, tuple(args), kwargs

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyWithBase) and self.name == other.name

    def __hash__(self) -> int:
        return hash((type(self), self.name))
