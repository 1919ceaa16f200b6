"""Rules of the ledger that the database keeps on every path.

What posts is a function of their owner (accounting_post, in the migrations); these keep what it has written.
"""

import pgtrigger

LOCK_OF_BOOKING = 4_711_006
"""With the number of a location it is the name of the lock under which something is booked there."""
_OWNER = "(SELECT relowner FROM pg_class WHERE oid = TG_RELID) = current_user::regrole"
"""Whoever may change the tables themselves may go around any trigger, and says so in a migration."""


def only_added_to(what: str, constraint: str) -> list[pgtrigger.Trigger]:
    """Nobody but the owner of the table changes or deletes a row, or empties the table."""
    refuse = f"""
            RAISE EXCEPTION '{what} is only added, and reversed by another one'
                USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';"""
    return [
        pgtrigger.Trigger(
            name="stays",
            operation=pgtrigger.Update | pgtrigger.Delete,
            when=pgtrigger.Before,
            func=f"""
            IF {_OWNER} THEN
                RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
            END IF;{refuse}
            """,
        ),
        pgtrigger.Trigger(
            name="stays_whole",
            operation=pgtrigger.Truncate,
            level=pgtrigger.Statement,
            when=pgtrigger.Before,
            func=f"""
            IF {_OWNER} THEN
                RETURN NULL;
            END IF;{refuse}
            """,
        ),
    ]


MOVEMENT_AT_OPEN_LOCATION = pgtrigger.Trigger(
    name="at_open_location",
    operation=pgtrigger.Insert,
    level=pgtrigger.Statement,
    when=pgtrigger.Before,
    func=f"""
        IF nullif(current_setting('stammhaus.location', true), '') IS NOT NULL THEN
            PERFORM pg_advisory_xact_lock_shared(
                {LOCK_OF_BOOKING}, current_setting('stammhaus.location', true)::integer);
            IF EXISTS (
                SELECT FROM locations_location
                WHERE id = current_setting('stammhaus.location', true)::bigint AND closed_at IS NOT NULL
            ) THEN
                RAISE EXCEPTION 'Nothing is posted at a location that was closed'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_at_open_location';
            END IF;
        END IF;
        RETURN NULL;
    """,
)
"""Once for each statement, since accounting_post writes for the location that was entered and no other. Whoever posts
shares the lock with others; whoever closes a location that leaves takes it alone (accounting/leaving.py). So what is
posted at that moment is there before he adds up what is open, or refused since he has closed it.
"""

ACCOUNT_BEGINS = pgtrigger.Trigger(
    name="begins",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func="""
        NEW.overdraft := 0;
        NEW.is_nameless := false;
        NEW.balance := NULL;
        NEW.floor := NULL;
        IF NEW.kind IN ('owed', 'credit') THEN
            NEW.balance := 0;
            NEW.floor := 0;
        END IF;
        IF NEW.kind = 'owed' THEN
            SELECT -terms.hard_limit INTO NEW.floor FROM accounting_accountterms AS terms
            WHERE terms.base_id = NEW.base_id AND terms.ledger_id = NEW.ledger_id
              AND terms.customer_id = NEW.customer_id;
            NEW.floor := coalesce(NEW.floor, 0);
        END IF;
        RETURN NEW;
    """,
)
"""An account begins with nothing on it, whatever the statement says. Its limit is that of the terms."""

TERMS_SET_THE_LIMIT = pgtrigger.Trigger(
    name="set_the_limit",
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("hard_limit"),
    when=pgtrigger.After,
    func="""
        PERFORM accounting_set_limit(NEW.base_id, NEW.ledger_id, NEW.customer_id);
        RETURN NULL;
    """,
)
"""The limit of an account follows the terms, whose history says who has set it and when. Nothing else changes it."""

EXCEPTION_DECIDED_ONCE = pgtrigger.Trigger(
    name="decided_once",
    operation=pgtrigger.UpdateOf("state", "decided_at", "decided_by", "decided_user", "note"),
    when=pgtrigger.Before,
    func=f"""
        IF {_OWNER} THEN
            RETURN NEW;
        END IF;
        IF OLD.state = 'decided' THEN
            RAISE EXCEPTION 'An exception is decided once'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledgerexception_decided_once';
        END IF;
        NEW.decided_user := nullif(current_setting('stammhaus.user', true), '')::bigint;
        NEW.decided_at := clock_timestamp();
        RETURN NEW;
    """,
)
"""Who has decided it is who has entered the transaction, whatever the statement says."""

LEDGER_OF_SHARED_BASE = pgtrigger.Trigger(
    name="of_shared_base",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func="""
        IF EXISTS (
            SELECT FROM locations_customerbase AS base WHERE base.id = NEW.base_id AND base.kind = 'offline'
        ) THEN
            RAISE EXCEPTION 'Accounts are kept on a customer base 2.0 alone'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_of_shared_base';
        END IF;
        RETURN NEW;
    """,
)

REVERSAL_OPENS_ORDER = pgtrigger.Trigger(
    name="opens_or_cancels_order",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    condition=pgtrigger.Condition("NEW.kind = 'reversal'"),
    func="""
        UPDATE accounting_paymentorder SET payment_id = NULL, state = 'open'
        WHERE base_id = NEW.base_id AND payment_id = NEW.reverses_id;
        IF EXISTS (
            SELECT FROM accounting_paymentorder AS one
            WHERE one.base_id = NEW.base_id AND one.booking_id = NEW.reverses_id AND (
                one.state = 'invoiced' OR one.payment_id IS NOT NULL AND NOT EXISTS (
                    SELECT FROM accounting_movement AS back
                    WHERE back.base_id = NEW.base_id AND back.reverses_id = one.payment_id
                )
            )
        ) THEN
            RAISE EXCEPTION 'The order of this movement is paid or on an invoice'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'paymentorder_not_open';
        END IF;
        UPDATE accounting_paymentorder SET payment_id = NULL, state = 'cancelled'
        WHERE base_id = NEW.base_id AND booking_id = NEW.reverses_id;
        RETURN NULL;
    """,
)
"""The state of an order follows its movements, whoever reverses them. It runs as the owner of the table.

Sale and payment may be reversed by one statement, in either order: all its rows are there when this runs.
"""
