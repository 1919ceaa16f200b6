"""Rules of the ledger that the database keeps on every path.

What posts is a function of their owner (accounting_post, in the migrations); these keep what it has written.
"""

import pgtrigger

from accounting.choices import FOLLOW_THE_MODE
from locations.triggers import over_written_rows

LOCK_OF_BOOKING = 4_711_006
"""With the number of a location it is the name of the lock under which something is booked there."""
LOCK_OF_OPENING = 4_711_007
"""With the number of a ledger it is the name of the lock under which opening balances of a file are booked there."""
_OWNER = "(SELECT relowner FROM pg_class WHERE oid = TG_RELID) = current_user::regrole"
"""Whoever may change the tables themselves may go around any trigger, and says so in a migration."""


def only_added_to(what: str, constraint: str) -> list[pgtrigger.Trigger]:
    """Nobody but the owner of the table changes or deletes rows, or empties the table.

    It is asked once for each statement, also of one that would meet no row.
    """
    refuse = f"""
            IF {_OWNER} THEN
                RETURN NULL;
            END IF;
            RAISE EXCEPTION '{what} is only added, and reversed by another one'
                USING ERRCODE = 'check_violation', CONSTRAINT = '{constraint}';
            """
    return [
        pgtrigger.Trigger(name=name, operation=operation, level=pgtrigger.Statement, when=pgtrigger.Before, func=refuse)
        for name, operation in (("stays", pgtrigger.Update | pgtrigger.Delete), ("stays_whole", pgtrigger.Truncate))
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
        ) AND (locations_side() <> 'central' OR NOT EXISTS (
            SELECT FROM locations_location AS place WHERE place.base_id = NEW.base_id AND place.has_legacy_accounts
        )) THEN
            RAISE EXCEPTION 'Accounts of a customer base 1.0 are kept at the central, where that is switched on'
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

ALLOCATION_WITHIN_BOTH = pgtrigger.Trigger(
    name="within_both",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    declare=[("payment", "record"), ("item", "record")],
    func="""
        SELECT credit_id, kind, amount, (
            SELECT sum(one.amount) FROM accounting_allocation AS one
            WHERE one.payment_id = NEW.payment_id AND one.base_id = NEW.base_id
        ) AS used INTO payment FROM accounting_movement WHERE id = NEW.payment_id AND base_id = NEW.base_id;
        SELECT debit_id, kind, amount, (
            SELECT sum(one.amount) FROM accounting_allocation AS one
            WHERE one.item_id = NEW.item_id AND one.base_id = NEW.base_id
        ) AS used INTO item FROM accounting_movement WHERE id = NEW.item_id AND base_id = NEW.base_id;
        IF (payment.credit_id, item.debit_id) IS DISTINCT FROM (NEW.account_id, NEW.account_id)
            OR 'reversal' IN (payment.kind, item.kind)
            OR payment.used NOT BETWEEN 0 AND payment.amount OR item.used NOT BETWEEN 0 AND item.amount
        THEN
            RAISE EXCEPTION 'An allocation exceeds the payment or the item, or is between others'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_within_both';
        END IF;
        RETURN NULL;
    """,
)
"""The functions that allocate hold the lock of the account, so nobody adds to the same payment or item meanwhile."""

ALLOCATION_PAYS_INVOICE = pgtrigger.Trigger(
    name="pays_invoice",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    func="""
        UPDATE accounting_invoice SET paid = paid + NEW.amount WHERE base_id = NEW.base_id AND id = (
            SELECT item.invoice_id FROM accounting_invoiceitem AS item
            WHERE item.movement_id = NEW.item_id AND item.is_standing
        );
        RETURN NULL;
    """,
)
"""What is paid of an invoice follows the allocations to its items. It runs as the owner of the tables, as whatever
allocates does, and whoever allocates has locked the account. Both are looked up by their keys alone: of a business that
nobody has counted yet the planner would read all invoices for each allocation.
"""

MOVEMENT_NOT_ON_INVOICE = pgtrigger.Trigger(
    name="not_on_invoice",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    condition=pgtrigger.Condition("NEW.kind = 'reversal'"),
    func="""
        IF EXISTS (
            SELECT FROM accounting_invoiceitem AS item
            WHERE item.movement_id = NEW.reverses_id AND item.base_id = NEW.base_id AND item.is_standing
        ) THEN
            RAISE EXCEPTION 'This movement stands on an invoice'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_not_on_invoice';
        END IF;
        RETURN NULL;
    """,
)
"""What an invoice asks to be paid is taken back with the invoice alone."""

MOVEMENT_IN_LEDGER_OF_NOW = over_written_rows(
    name="in_ledger_of_now",
    operation=pgtrigger.Insert,
    func=f"""
        IF EXISTS (
            SELECT FROM (
                SELECT DISTINCT base_id, location_id, owner_key FROM new_values
                WHERE kind IN ({", ".join(f"'{kind}'" for kind in FOLLOW_THE_MODE)})
            ) AS one WHERE one.owner_key <> coalesce((
                SELECT CASE switched.mode WHEN 'own' THEN switched.location_id ELSE 0 END
                FROM accounting_accountingswitch AS switched
                WHERE switched.base_id = one.base_id AND switched.location_id = one.location_id
                  AND switched.state = 'confirmed' ORDER BY switched.decided_at DESC LIMIT 1
            ), 0)
        ) THEN
            RAISE EXCEPTION 'The location posts to another ledger now'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_in_ledger_of_now';
        END IF;
        RETURN NULL;
    """,
)
"""New business goes to the ledger to which the location has been switched. It is asked behind the lock of
MOVEMENT_AT_OPEN_LOCATION, which a confirmation takes alone: what is posted at that moment is either before it, or
refused."""

SWITCH_BY_TWO = pgtrigger.Trigger(
    name="by_two",
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("state"),
    when=pgtrigger.Before,
    declare=[("who", "bigint"), ("here", "bigint"), ("center", "bigint"), ("own_house", "boolean")],
    func=f"""
        IF TG_OP = 'UPDATE' AND NEW.state = OLD.state THEN
            RETURN NEW;
        END IF;
        who := nullif(current_setting('stammhaus.user', true), '')::bigint;
        here := nullif(current_setting('stammhaus.location', true), '')::bigint;
        SELECT id INTO center FROM locations_location
        WHERE organization_id = NEW.organization_id AND kind = 'central';
        SELECT is_franchise INTO own_house FROM locations_location
        WHERE organization_id = NEW.organization_id AND id = NEW.location_id;
        IF who IS NULL OR NOT (here = center OR here = NEW.location_id AND own_house) THEN
            RAISE EXCEPTION 'A person decides it, at the central or at the franchise itself'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'accountingswitch_by_person';
        END IF;
        IF TG_OP = 'INSERT' THEN
            NEW.asked_user := who;
            NEW.asked_place := here;
            NEW.asked_at := clock_timestamp();
            RETURN NEW;
        END IF;
        NEW.decided_user := who;
        NEW.decided_place := here;
        NEW.decided_at := clock_timestamp();
        IF NEW.state = 'confirmed' THEN
            IF who = NEW.asked_user OR own_house AND here = NEW.asked_place THEN
                RAISE EXCEPTION 'Another person confirms it, of a franchise one of the other side'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'accountingswitch_by_two';
            END IF;
            PERFORM pg_advisory_xact_lock({LOCK_OF_BOOKING}, NEW.location_id::integer);
        END IF;
        RETURN NEW;
    """,
)
"""Who asks and who decides is written by the database. A change takes two people: both at the central, or where the
location is a franchise one on each side. What is being booked there is waited for."""


REVERSAL_OPENS_BANK_ENTRY = pgtrigger.Trigger(
    name="opens_bank_entry",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    condition=pgtrigger.Condition("NEW.kind = 'reversal'"),
    declare=[("entry", "uuid")],
    func="""
        SELECT booking.entry_id INTO entry FROM accounting_bankbooking AS booking
        WHERE booking.movement_id = NEW.reverses_id AND booking.base_id = NEW.base_id;
        IF entry IS NULL THEN
            RETURN NULL;
        END IF;
        IF EXISTS (
            SELECT FROM accounting_bankbooking AS other
            WHERE other.entry_id = entry AND other.base_id = NEW.base_id AND (
                SELECT back.id FROM accounting_movement AS back
                WHERE back.reverses_id = other.movement_id AND back.base_id = NEW.base_id
            ) IS NULL
        ) THEN
            RAISE EXCEPTION 'A payment from the bank for several customers is taken back whole'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_undone_whole';
        END IF;
        UPDATE accounting_bankentry SET
            state = 'open', times_opened = times_opened + 1, decided_at = NULL, decided_by = '', decided_user = NULL
        WHERE id = entry AND base_id = NEW.base_id AND state = 'booked';
        RETURN NULL;
    """,
)
"""An entry of the bank is booked as long as its movements stand, whoever reverses them. It runs as the owner of the
table. All rows of the statement that reverses are there when it runs, so several movements are taken back by one.
"""


BANK_ENTRY_DECIDED = pgtrigger.Trigger(
    name="decided",
    operation=pgtrigger.UpdateOf("state", "note", "decided_at", "decided_by", "decided_user"),
    when=pgtrigger.Before,
    func=f"""
        IF {_OWNER} THEN
            RETURN NEW;
        END IF;
        IF OLD.state NOT IN ('open', 'ignored') OR NEW.state NOT IN ('open', 'ignored') THEN
            RAISE EXCEPTION 'An entry is booked, and opened again, by functions alone'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'bankentry_state_follows_movements';
        END IF;
        NEW.decided_user := NULL;
        NEW.decided_at := NULL;
        IF NEW.state = 'ignored' THEN
            NEW.decided_user := nullif(current_setting('stammhaus.user', true), '')::bigint;
            NEW.decided_at := clock_timestamp();
        END IF;
        RETURN NEW;
    """,
)
"""The role that serves can leave an entry out and take it up again. Who has done so is who has entered."""


NOTICES_IN_ORDER = pgtrigger.Trigger(
    name="in_order",
    operation=pgtrigger.UpdateOf("state"),
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("NEW.state = 'sent'"),
    func="""
        IF NEW.level > 1 AND NOT EXISTS (
            SELECT FROM accounting_dunningnotice AS one
            JOIN accounting_dunningrun AS run ON run.id = NEW.run_id AND run.base_id = NEW.base_id
            WHERE one.invoice_id = NEW.invoice_id AND one.base_id = NEW.base_id AND one.state = 'sent'
              AND one.level = NEW.level - 1 AND one.pay_until < run.day
        ) THEN
            RAISE EXCEPTION 'The level before was not sent, or its days are not over'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'dunningnotice_in_order';
        END IF;
        RETURN NEW;
    """,
)
"""A reminder of a level is sent once that of the level before was, and its days to pay are over."""
