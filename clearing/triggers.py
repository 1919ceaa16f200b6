"""Rules of reconciliation that the database keeps on every path."""

import pgtrigger

NUMBER_CONFIRMED_ONCE = pgtrigger.Trigger(
    name="number_confirmed_once",
    operation=pgtrigger.UpdateOf("number_confirmed_at"),
    when=pgtrigger.Before,
    condition=pgtrigger.Condition(
        "OLD.number_confirmed_at IS NOT NULL AND NEW.number_confirmed_at IS DISTINCT FROM OLD.number_confirmed_at"
    ),
    func="""
        RAISE EXCEPTION 'The branch number is confirmed once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'ownnode_number_confirmed_once';
    """,
)
"""Keeps when the branch number was confirmed; the number itself never changes, because it is that of the base."""

BASE_HAS_NODE = pgtrigger.Trigger(
    name="base_has_node",
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("node_id"),
    when=pgtrigger.After,
    func="""
        UPDATE locations_customerbase SET has_node = NEW.node_id IS NOT NULL
        WHERE id = NEW.base_id AND has_node <> (NEW.node_id IS NOT NULL);
        RETURN NULL;
    """,
)
"""Lets the base of this branch say whether it is paired; from then on people and rights are made at the central."""

_NOBODY_IS_ERASED = """NOT EXISTS (
                SELECT FROM customers_tombstone
                WHERE base_id = OLD.base_id AND written_in = pg_current_xact_id() AND at >= now()
            )"""
"""Unless this very transaction erases somebody of the base; see customers/triggers/erasure.py."""

VERSIONS_STAY = pgtrigger.Trigger(
    name="versions_stay",
    operation=pgtrigger.UpdateOf("common", "stood", "lost", "name", "customer_number"),
    when=pgtrigger.Before,
    func=f"""
        IF (NEW.common, NEW.stood, NEW.lost, NEW.name, NEW.customer_number)
            IS DISTINCT FROM (OLD.common, OLD.stood, OLD.lost, OLD.name, OLD.customer_number)
            AND {_NOBODY_IS_ERASED} THEN
            RAISE EXCEPTION 'The versions of a conflict stay as they were'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'conflict_versions_stay';
        END IF;
        RETURN NEW;
    """,
)
"""What a decision does, it does to the customer."""

CONFLICT_STAYS = pgtrigger.Trigger(
    name="stays",
    operation=pgtrigger.Delete,
    when=pgtrigger.Before,
    func=f"""
        IF {_NOBODY_IS_ERASED} THEN
            RAISE EXCEPTION 'A conflict stays, decided or not'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'conflict_stays';
        END IF;
        RETURN OLD;
    """,
)

DISMISSED_OF_ENDED_PAIRING = pgtrigger.Trigger(
    name="dismissed_of_ended_pairing",
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("dismissed_at", "node_id"),
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("NEW.dismissed_at IS NOT NULL"),
    func="""
        IF NOT EXISTS (
                SELECT FROM clearing_node WHERE id = NEW.node_id AND base_id = NEW.base_id AND state = 'retired'
            ) THEN
            RAISE EXCEPTION 'Only what is not sent again can be dismissed'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'heldback_dismissed_of_ended_pairing';
        END IF;
        RETURN NEW;
    """,
)
"""What a node in use has sent comes again with its next run, and is mended there. A retired node stays so."""

DISMISSED_STAYS = pgtrigger.Trigger(
    name="dismissed_stays",
    operation=pgtrigger.UpdateOf("record", "reasons", "name", "customer_number", "node_id", "cycle_number", "since"),
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("OLD.dismissed_at IS NOT NULL"),
    func="""
        IF (NEW.record, NEW.reasons, NEW.name, NEW.customer_number, NEW.node_id, NEW.cycle_number, NEW.since)
            IS DISTINCT FROM
            (OLD.record, OLD.reasons, OLD.name, OLD.customer_number, OLD.node_id, OLD.cycle_number, OLD.since) THEN
            RAISE EXCEPTION 'What was dismissed stays as it was sent'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'heldback_dismissed_stays';
        END IF;
        RETURN NEW;
    """,
)
"""What is sent later is a row of its own."""

ALARM_GOES_FORWARD = pgtrigger.Trigger(
    name="goes_forward",
    operation=pgtrigger.UpdateOf("told_at", "ended_at"),
    when=pgtrigger.Before,
    condition=pgtrigger.Condition(
        "((OLD.told_at IS NOT NULL AND NEW.told_at IS DISTINCT FROM OLD.told_at)"
        " OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at))"
    ),
    func="""
        RAISE EXCEPTION 'An alarm is told once and ends once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'alarm_goes_forward';
    """,
)
"""What comes back is an alarm of its own."""
