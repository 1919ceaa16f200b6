"""Rules of cards across states, kept by the database on every path."""

import pgtrigger

from customers.triggers.erasure import is_erased_now
from customers.triggers.revisions import EDITED_AT_OTHER_SIDE
from locations.row_policies import CLEARING_ROLE

CARD_REPLACED_ONCE = pgtrigger.Trigger(
    name="replaced_once",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    condition=pgtrigger.Condition(
        "OLD.successor_id IS NOT NULL AND NEW.successor_id IS DISTINCT FROM OLD.successor_id"
    ),
    func="""
        RAISE EXCEPTION 'Card % has a successor, and keeps it', OLD.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'card_replaced_once';
    """,
)
"""A card that was replaced leads to its successor for good."""

CARD_BLOCKED_STAYS = pgtrigger.Trigger(
    name="blocked_stays",
    operation=pgtrigger.Delete,
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("OLD.state <> 'active'"),
    func=f"""
        IF current_user = '{CLEARING_ROLE}' OR {is_erased_now("OLD.base_id", "OLD.customer_id")} THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'Card % is blocked, and stays so that nobody else gets its number', OLD.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'card_blocked_stays';
    """,
)
"""The number of a lost card is not free again. Only one that was assigned by mistake goes, all of whom is erased for
good, and all of whom a switch takes to another base, where they are as before. A reconciliation lets nobody go who has
one."""

CARD_EDITED_HERE = pgtrigger.Trigger(
    name="edited_here",
    operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    when=pgtrigger.Before,
    declare=[("written", "record"), ("side", "text")],
    func=f"""
        written := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        SELECT base.edit_side INTO side FROM locations_customerbase AS base
        WHERE base.id = written.base_id AND base.kind = 'offline' AND base.has_node
          AND base.edit_side NOT IN ('both', locations_side());
        IF FOUND AND NOT (TG_OP = 'DELETE' AND (
            current_user = '{CLEARING_ROLE}' OR {is_erased_now("written.base_id", "written.customer_id")}
        )) THEN
            RAISE EXCEPTION 'Cards of this base are kept at the %', side
                USING ERRCODE = 'check_violation', CONSTRAINT = '{EDITED_AT_OTHER_SIDE}';
        END IF;
        RETURN written;
    """,
)
"""Cards are not reconciled: they are kept on the side where the customers of their base are edited. With those whom a
switch takes to another base they go."""
