"""Triggers that keep the rules across rows of this app, whoever writes.

They compare only columns that never change once they are written, so they need no locks.
"""

import re
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

import pgtrigger
from django.conf import settings


def over_written_rows(*, func: str, **options: Any) -> pgtrigger.Trigger:
    """An AFTER trigger whose `func` reads the written rows in the tables `new_values` and `old_values`.

    It runs once for each statement, which for a bulk write costs a tenth of a call for each row. A database that
    spreads tables over machines has no transition tables: there (TRIGGER_LEVEL is pgtrigger.Row) the same text runs for
    each row, and both tables hold that one row. `options` go to pgtrigger.Trigger.
    """
    used = {name: f"{name}_values" for name in ("old", "new") if re.search(rf"\b{name}_values\b", func)}
    if pgtrigger.Statement == settings.TRIGGER_LEVEL:
        options |= {"level": pgtrigger.Statement, "referencing": pgtrigger.Referencing(**used)}
    else:
        options["level"], func = pgtrigger.Row, of_one_row(func)
    return pgtrigger.Trigger(when=pgtrigger.After, func=func, **options)


def of_one_row(func: str) -> str:
    """The text of such a trigger for one row: `FROM new_values` becomes `FROM (SELECT NEW.*)`."""

    def row(found: re.Match[str]) -> str:
        alias = found["alias"] or f"{found['which']}_values"
        return f"FROM (SELECT {found['which'].upper()}.*) AS {alias}"

    return re.sub(r"\bFROM\s+(?P<which>new|old)_values\b(?:\s+AS\s+(?P<alias>\w+))?", row, func)


def immutable(*columns: str) -> pgtrigger.Trigger:
    """Refuse every change of these columns."""
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
    return pgtrigger.Trigger(
        name="immutable_columns",
        operation=pgtrigger.Update,
        when=pgtrigger.Before,
        func=f"""
            IF {changed} THEN
                RAISE EXCEPTION 'These columns of % can never change: {", ".join(columns)}', TG_TABLE_NAME
                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_immutable';
            END IF;
            RETURN NEW;
        """,
    )


def steps_between[State: str](
    steps: Mapping[State, Collection[State]], *, begins: Collection[State]
) -> pgtrigger.Trigger:
    """A row begins in one of the states `begins`, and goes from a state only to those that `steps` names for it.

    It may stay where it is.
    """
    pairs = sorted((str(before), str(after)) for before, following in steps.items() for after in following)
    allowed = ", ".join(f"('{before}', '{after}')" for before, after in pairs if before != after)
    return pgtrigger.Trigger(
        name="steps",
        operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),
        when=pgtrigger.Before,
        func=f"""
            IF TG_OP = 'INSERT' THEN
                IF NEW.state NOT IN ({_quoted(begins)}) THEN
                    RAISE EXCEPTION 'A row of % does not begin as %', TG_TABLE_NAME, NEW.state
                        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';
                END IF;
            ELSIF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({allowed}) THEN
                RAISE EXCEPTION 'A row of % cannot go from % to %', TG_TABLE_NAME, OLD.state, NEW.state
                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_steps';
            END IF;
            RETURN NEW;
        """,
    )


def settled(states: Collection[str], *columns: str, but: Mapping[str, str] = MappingProxyType({})) -> pgtrigger.Trigger:
    """Once a row is in one of these states, these columns stay as they are. Who leaves them alone pays nothing.

    `but` names by column of JSON the key that may change.
    """
    values = {column: f"{column} - '{but[column]}'" if column in but else column for column in columns}
    changed = " OR ".join(f"NEW.{value} IS DISTINCT FROM OLD.{value}" for value in values.values())
    return pgtrigger.Trigger(
        name="settled",
        operation=pgtrigger.UpdateOf(*columns),
        when=pgtrigger.Before,
        condition=pgtrigger.Condition(f"OLD.state IN ({_quoted(states)})"),
        func=f"""
            IF {changed} THEN
                RAISE EXCEPTION 'These columns of % are settled: {", ".join(columns)}', TG_TABLE_NAME
                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_settled';
            END IF;
            RETURN NEW;
        """,
    )


def stays_on_record(states: Collection[str]) -> pgtrigger.Trigger:
    """A row in one of these states is not deleted."""
    return pgtrigger.Trigger(
        name="stays_on_record",
        operation=pgtrigger.Delete,
        when=pgtrigger.Before,
        condition=pgtrigger.Condition(f"OLD.state IN ({_quoted(states)})"),
        func="""
            RAISE EXCEPTION 'What is % in % stays on record', OLD.state, TG_TABLE_NAME
                USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_stays_on_record';
        """,
    )


def _quoted(states: Collection[str]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


BASE_OF_ORGANIZATION = pgtrigger.Trigger(
    name="create_shared_base",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    func="""
        INSERT INTO locations_customerbase (organization_id, kind, branch_number)
        VALUES (NEW.id, 'shared', NULL);
        RETURN NULL;
    """,
)
"""Creates the shared base of an organization together with it."""

LOCATION_DEFAULTS = pgtrigger.Trigger(
    name="a_defaults",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func="""
        NEW.branch_number := COALESCE(NEW.branch_number, NEW.client_number);
        IF NEW.base_id IS NULL THEN
            SELECT id INTO NEW.base_id FROM locations_customerbase
            WHERE organization_id = NEW.organization_id AND kind = 'shared';
        END IF;
        RETURN NEW;
    """,
)
"""Fills in the branch number (the client number) and the base (the shared one) of a new location."""

LOCATION_RULES = pgtrigger.Trigger(
    name="b_rules",
    operation=pgtrigger.Insert | pgtrigger.Update,
    when=pgtrigger.Before,
    declare=[("organization_kind", "text"), ("base_kind", "text"), ("base_branch_number", "integer")],
    func="""
        SELECT kind INTO organization_kind FROM locations_organization WHERE id = NEW.organization_id;
        IF (organization_kind = 'independent') <> (NEW.kind = 'independent') THEN
            RAISE EXCEPTION 'A location of kind % cannot belong to an organization of kind %',
                NEW.kind, organization_kind
                USING ERRCODE = 'check_violation', CONSTRAINT = 'location_kind_fits_organization';
        END IF;
        SELECT kind, branch_number INTO base_kind, base_branch_number
        FROM locations_customerbase WHERE id = NEW.base_id;
        IF base_kind = 'offline' AND NEW.kind <> 'branch' THEN
            RAISE EXCEPTION 'Only a branch can work on an offline base'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'location_offline_only_branch';
        END IF;
        IF base_kind = 'offline' AND base_branch_number <> NEW.branch_number THEN
            RAISE EXCEPTION 'The offline base belongs to branch number %, the location has %',
                base_branch_number, NEW.branch_number
                USING ERRCODE = 'check_violation', CONSTRAINT = 'location_offline_base_of_branch_number';
        END IF;
        RETURN NEW;
    """,
)

LOCATION_LEFT = pgtrigger.Trigger(
    name="left_for_good",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("OLD.has_left AND NOT NEW.has_left"),
    func="""
        RAISE EXCEPTION 'Location % has left its business for good', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'location_left_for_good';
    """,
)

LOCATION_STAYS_ON_BASE = pgtrigger.Trigger(
    name="stays_on_base_of_branch",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("NEW.base_id IS DISTINCT FROM OLD.base_id"),
    func="""
        IF locations_side() = 'branch' THEN
            RAISE EXCEPTION 'The branch number of this installation is fixed, and so is its customer base'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'location_stays_on_base_of_branch';
        END IF;
        RETURN NEW;
    """,
)
"""At a branch's own installation the base stays, and with it the branch number, which the first start has confirmed."""
