"""Rules of a transition that the database keeps on every path."""

import pgtrigger

from transitions.choices import JOINED_ANEW, STEPS, TransitionKind, TransitionState

_REQUESTED = TransitionState.REQUESTED
_CONFIRMED_OR_LATER = ", ".join(
    f"'{state}'"
    for state in (
        TransitionState.CONFIRMED,
        TransitionState.EXECUTED,
        TransitionState.CARRIED_OVER,
        TransitionState.CLOSED,
    )
)
_ALLOWED = ", ".join(f"('{before}', '{after}')" for before, following in STEPS.items() for after in sorted(following))
_ANEW = ", ".join(f"'{state}'" for state in sorted(JOINED_ANEW))

BEGINS_AS_REQUESTED = pgtrigger.Trigger(
    name="begins_as_requested",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func=f"""
        IF NEW.state <> '{TransitionState.REQUESTED}' THEN
            RAISE EXCEPTION 'A transition begins as a request'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_step_allowed';
        END IF;
        RETURN NEW;
    """,
)

STEP_ALLOWED = pgtrigger.Trigger(
    name="step_allowed",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    func=f"""
        IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({_ALLOWED})
           AND NOT (OLD.state IN ({_ANEW}) AND NEW.state = '{_REQUESTED}' AND NEW.kind = '{TransitionKind.JOIN}') THEN
            RAISE EXCEPTION 'A transition cannot go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_step_allowed';
        END IF;
        IF (NEW.organization_id, NEW.location_id, NEW.kind) IS DISTINCT FROM
           (OLD.organization_id, OLD.location_id, OLD.kind) THEN
            RAISE EXCEPTION 'Who leaves stays as it was requested'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_settled';
        END IF;
        IF '{TransitionState.REQUESTED}' NOT IN (OLD.state, NEW.state) AND
           (NEW.receiver_id, NEW.receiver_account, NEW.receiver_client_number) IS DISTINCT FROM
           (OLD.receiver_id, OLD.receiver_account, OLD.receiver_client_number) THEN
            RAISE EXCEPTION 'The receiver is settled'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_settled';
        END IF;
        IF OLD.state IN ('{TransitionState.REVIEWED}', '{TransitionState.CONFIRMED}') AND
           NEW.state IN ('{TransitionState.REQUESTED}', '{TransitionState.NUMBERED}') AND
           (NEW.review IS NOT NULL OR (NEW.basis, NEW.ground, NEW.ground_by, NEW.confirmed_by) <> ('', '', '', '')
            OR NEW.field_groups <> '{{}}' OR NEW.state = '{_REQUESTED}' AND NEW.money_agreement <> '') THEN
            RAISE EXCEPTION 'What goes back is reviewed and confirmed anew'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_settled';
        END IF;
        IF OLD.state IN ({_CONFIRMED_OR_LATER}) AND
           NEW.state NOT IN ('{TransitionState.REQUESTED}', '{TransitionState.NUMBERED}') AND
           (NEW.basis, NEW.ground, NEW.ground_by, NEW.ground_user, NEW.confirmed_by, NEW.confirmed_user,
            NEW.field_groups, NEW.is_narrowed, NEW.review::text) IS DISTINCT FROM
           (OLD.basis, OLD.ground, OLD.ground_by, OLD.ground_user, OLD.confirmed_by, OLD.confirmed_user,
            OLD.field_groups, OLD.is_narrowed, OLD.review::text) THEN
            RAISE EXCEPTION 'What was confirmed stays as it was'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_settled';
        END IF;
        IF OLD.state IN ('{TransitionState.EXECUTED}', '{TransitionState.CARRIED_OVER}', '{TransitionState.CLOSED}') AND
           (NEW.executed_at, NEW.planned_for, NEW.result::text, NEW.money_agreement, NEW.money_by) IS DISTINCT FROM
           (OLD.executed_at, OLD.planned_for, OLD.result::text, OLD.money_agreement, OLD.money_by) THEN
            RAISE EXCEPTION 'What was executed stays as it was'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_settled';
        END IF;
        RETURN NEW;
    """,
)

RECEIVER_FITS = pgtrigger.Trigger(
    name="receiver_fits",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("NEW.receiver_id IS DISTINCT FROM OLD.receiver_id AND NEW.receiver_id IS NOT NULL"),
    declare=[("receiver_kind", "text"), ("number", "integer")],
    func="""
        SELECT kind, account_number INTO receiver_kind, number
        FROM locations_organization WHERE id = NEW.receiver_id;
        IF NEW.receiver_id = NEW.organization_id OR receiver_kind IS NULL OR number <> NEW.receiver_account
           OR (NEW.kind = 'exit') <> (receiver_kind = 'independent') THEN
            RAISE EXCEPTION 'Business % cannot receive location %', NEW.receiver_account, NEW.location_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_receiver_fits';
        END IF;
        IF NEW.kind = 'exit' AND EXISTS (
            SELECT FROM customers_customer AS customer JOIN locations_customerbase AS base ON base.id = customer.base_id
            WHERE base.organization_id = NEW.receiver_id
        ) THEN
            RAISE EXCEPTION 'Business % has customers already', NEW.receiver_account
                USING ERRCODE = 'check_violation', CONSTRAINT = 'transition_receiver_fits';
        END IF;
        RETURN NEW;
    """,
)
"""A location leaves to an independent business without customers, and joins a group (R5). Both rows have to be seen."""
