"""Rules of cards across states, kept by the database on every path."""

import pgtrigger

from customers.triggers.erasure import is_erased_now

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
        IF {is_erased_now("OLD.base_id", "OLD.customer_id")} THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'Card % is blocked, and stays so that nobody else gets its number', OLD.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'card_blocked_stays';
    """,
)
"""The number of a lost card is not free again. Only one that was assigned by mistake goes, and all of whom
is erased for good."""
