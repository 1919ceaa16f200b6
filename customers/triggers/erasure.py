"""Erasing a customer for good: what the database lets go, and only together with the tombstone of that customer.

A tombstone is of this erasure if this very transaction has written it (`is_erased_now`); TOMBSTONE_STAMP writes which
one that is, so no statement can say it of another. Histories and records that are only ever added to are closed to the
role that serves. What is his in them is deleted by functions of their owner (`customers_erase` and its like in other
apps), each of which asks for the tombstone again.
"""

from collections.abc import Collection

import pgtrigger

from locations.triggers import over_written_rows


def is_erased_now(base: str, customer: str) -> str:
    """SQL condition: this transaction erases the customer. Takes SQL expressions.

    The time is asked besides, because a restored database counts its transactions anew.
    """
    return (
        f"EXISTS (SELECT FROM customers_tombstone AS stone WHERE stone.base_id = {base} "
        f"AND stone.customer_id = {customer} AND stone.written_in = pg_current_xact_id() AND stone.at >= now())"
    )


def forgotten_by_erasure(
    *columns: str, states: Collection[str] = (), name: str = "forgotten_by_erasure"
) -> pgtrigger.Trigger:
    """These columns, in which a customer may be named, change by a transaction alone that erases somebody of the base.

    In one of `states`, or always where none are given.
    """
    changed = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)
    words = ", ".join(f"'{state}'" for state in sorted(states))
    return pgtrigger.Trigger(
        name=name,
        operation=pgtrigger.UpdateOf(*columns),
        when=pgtrigger.Before,
        condition=pgtrigger.Condition(f"OLD.state IN ({words})") if states else None,
        func=f"""
            IF ({changed}) AND NOT EXISTS (
                SELECT FROM customers_tombstone
                WHERE base_id = OLD.base_id AND written_in = pg_current_xact_id() AND at >= now()
            ) THEN
                RAISE EXCEPTION 'These columns of % are settled: {", ".join(columns)}', TG_TABLE_NAME
                    USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_settled';
            END IF;
            RETURN NEW;
        """,
    )


def _stays(what: str, constraint: str, unless: str = "") -> pgtrigger.Trigger:
    """Refuse every change and deletion; `unless` begins the function."""
    return pgtrigger.Trigger(
        name="stays",
        operation=pgtrigger.Update | pgtrigger.Delete,
        when=pgtrigger.Before,
        func=f"""
            {unless}
            RAISE EXCEPTION '{what} stays as it was written'
                USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';
        """,
    )


TOMBSTONE_STAYS = _stays("A tombstone", "tombstone_stays")
MARK_STAYS = _stays("A mark of a tombstone", "tombstonemark_stays")
DISCLOSURE_STAYS = _stays("A hand-over", "disclosure_stays")
DISCLOSED_NUMBERS_STAY = _stays(
    "Whose numbers were handed over",
    "disclosednumbers_stay",
    """
            IF EXISTS (
                SELECT FROM customers_tombstone
                WHERE base_id = OLD.base_id AND written_in = pg_current_xact_id() AND at >= now()
            ) THEN
                IF TG_OP = 'DELETE' THEN
                    RETURN OLD;
                END IF;
                IF NEW.numbers <@ OLD.numbers AND to_jsonb(NEW) - 'numbers' = to_jsonb(OLD) - 'numbers' THEN
                    RETURN NEW;
                END IF;
            END IF;
    """,
)
"""All that ever goes is the number of whom this transaction erases."""

TOMBSTONE_STAMP = pgtrigger.Trigger(
    name="stamp",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func="""
        NEW.at := clock_timestamp();
        NEW.written_in := pg_current_xact_id();
        RETURN NEW;
    """,
)
"""A tombstone is of this transaction, whatever the statement says."""

TOMBSTONE_OF_CUSTOMER = pgtrigger.Trigger(
    name="of_customer",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    func="""
        IF NOT EXISTS (SELECT FROM customers_customer WHERE base_id = NEW.base_id AND id = NEW.customer_id)
            AND NOT EXISTS (
                SELECT FROM customers_tombstone AS other
                WHERE other.id = NEW.id AND other.base_id <> NEW.base_id AND other.customer_id = NEW.customer_id
                  AND other.organization_id = NEW.organization_id
            ) THEN
            RAISE EXCEPTION 'There is no customer % to be erased', NEW.customer_id
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'tombstone_of_customer';
        END IF;
        RETURN NULL;
    """,
)
"""A tombstone is of somebody who is there when it is written; or it is one that goes along where a base is switched, so
that whoever was erased before does not come back by a file. Nobody else sees tombstones of two bases at once."""

TOMBSTONE_OF_NOBODY_THERE = pgtrigger.Trigger(
    name="of_nobody_there",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    timing=pgtrigger.Deferred,
    func="""
        IF NOT EXISTS (SELECT FROM customers_tombstone WHERE base_id = NEW.base_id AND id = NEW.id)
            OR EXISTS (SELECT FROM customers_customer WHERE base_id = NEW.base_id AND id = NEW.customer_id)
            OR EXISTS (
                SELECT FROM customers_customerevent WHERE base_id = NEW.base_id AND pgh_obj_id = NEW.customer_id
            )
            OR EXISTS (SELECT FROM customers_cardevent WHERE base_id = NEW.base_id AND customer_id = NEW.customer_id)
            OR EXISTS (
                SELECT FROM customers_formernumberevent WHERE base_id = NEW.base_id AND customer_id = NEW.customer_id
            )
            OR EXISTS (
                SELECT FROM customers_customermembershipevent
                WHERE base_id = NEW.base_id AND member_id = NEW.customer_id
            )
            OR EXISTS (
                SELECT FROM customers_customermembershipevent WHERE base_id = NEW.base_id AND of_id = NEW.customer_id
            )
            OR NOT EXISTS (
                SELECT FROM customers_tombstonemark
                WHERE base_id = NEW.base_id AND tombstone_id = NEW.id AND kind = 'uid'
            )
        THEN
            RAISE EXCEPTION 'A tombstone is written only for a customer of whom nothing is left'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'tombstone_of_nobody_there';
        END IF;
        RETURN NULL;
    """,
)
"""Asked at the end of the transaction: an erasure is whole, or it is none. Where the tombstone itself is not seen then,
because another base was entered, nothing is known of him, and it is refused as well."""

MARK_OF_THIS_ERASURE = over_written_rows(
    name="of_this_erasure",
    operation=pgtrigger.Insert,
    func="""
        IF EXISTS (
            SELECT FROM new_values AS mark WHERE octet_length(mark.digest) <> 32 OR NOT EXISTS (
                SELECT FROM customers_tombstone AS stone
                WHERE stone.base_id = mark.base_id AND stone.id = mark.tombstone_id
                  AND stone.written_in = pg_current_xact_id() AND stone.at >= now()
            )
        ) THEN
            RAISE EXCEPTION 'A mark is written together with its tombstone'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'tombstonemark_of_this_erasure';
        END IF;
        RETURN NULL;
    """,
)
"""Nobody adds to a tombstone later."""
