"""Rules of a switch between the customer bases 2.0 and 1.0 that the database keeps on every path.

    asked by support       the person is looked up among the provider's people, whom no business sees
    signed by a developer  and by nobody who has asked for it himself
    steps                  nothing goes to 1.0 unsigned (SWITCH_STEPS)
    carried out            in the transaction that has taken the step, and in no other, a location changes its base

Carrying it out takes the history of the customers along: the role that serves may neither write a history nor delete
it.
"""

import pgtrigger

from transitions.choices import SWITCH_STEPS, SwitchState

_ALLOWED = ", ".join(
    f"('{direction}', '{before}', '{after}')"
    for direction, steps in SWITCH_STEPS.items()
    for before, following in steps.items()
    for after in sorted(following)
)


def _is_of_provider(person: str, role: str) -> str:
    return f"EXISTS (SELECT FROM mcp_user WHERE id = {person} AND provider_role = '{role}' AND is_active)"


ASKED_BY_SUPPORT = pgtrigger.Trigger(
    name="asked_by_support",
    operation=pgtrigger.Insert,
    when=pgtrigger.After,
    func=f"""
        IF NEW.state <> '{SwitchState.REQUESTED}' OR NEW.signed_user IS NOT NULL OR NEW.moved_in IS NOT NULL THEN
            RAISE EXCEPTION 'A switch begins as a request'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'baseswitch_step_allowed';
        END IF;
        IF NOT {_is_of_provider("NEW.requested_user", "support")} THEN
            RAISE EXCEPTION 'Only the support of the provider asks for a switch'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'baseswitch_asked_by_support';
        END IF;
        RETURN NULL;
    """,
)

SWITCH_STEP_ALLOWED = pgtrigger.Trigger(
    name="step_allowed",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    func=f"""
        IF (NEW.id, NEW.organization_id, NEW.location_id, NEW.direction, NEW.source_id, NEW.target_id, NEW.starts_with,
            NEW.requested_user, NEW.requested_by, NEW.reason) IS DISTINCT FROM
           (OLD.id, OLD.organization_id, OLD.location_id, OLD.direction, OLD.source_id, OLD.target_id, OLD.starts_with,
            OLD.requested_user, OLD.requested_by, OLD.reason) THEN
            RAISE EXCEPTION 'A switch stays as it was asked for'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'baseswitch_settled';
        END IF;
        IF NEW.state = OLD.state THEN
            IF (NEW.signed_user, NEW.signed_by, NEW.signed_at, NEW.moved_in, NEW.moved_at) IS DISTINCT FROM
               (OLD.signed_user, OLD.signed_by, OLD.signed_at, OLD.moved_in, OLD.moved_at) THEN
                RAISE EXCEPTION 'A switch is signed and carried out by its steps alone'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'baseswitch_settled';
            END IF;
            RETURN NEW;
        END IF;
        IF (NEW.direction, OLD.state, NEW.state) NOT IN ({_ALLOWED}) THEN
            RAISE EXCEPTION 'A switch cannot go from % to %', OLD.state, NEW.state
                USING ERRCODE = 'check_violation', CONSTRAINT = 'baseswitch_step_allowed';
        END IF;
        IF NEW.state = '{SwitchState.SIGNED}' THEN
            IF NEW.signed_user = NEW.requested_user OR NOT {_is_of_provider("NEW.signed_user", "developer")} THEN
                RAISE EXCEPTION 'A developer of the provider signs it, and not who has asked for it'
                    USING ERRCODE = 'check_violation', CONSTRAINT = 'baseswitch_signed_by_developer';
            END IF;
        ELSIF NEW.signed_user IS DISTINCT FROM OLD.signed_user OR NEW.signed_by <> OLD.signed_by THEN
            RAISE EXCEPTION 'What was signed stays so'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'baseswitch_settled';
        END IF;
        IF NEW.state IN ('{SwitchState.EXECUTED}', '{SwitchState.UNDONE}') THEN
            NEW.moved_in := pg_current_xact_id();
            NEW.moved_at := clock_timestamp();
        ELSE
            NEW.moved_in := OLD.moved_in;
            NEW.moved_at := OLD.moved_at;
        END IF;
        RETURN NEW;
    """,
)

_HISTORIES = (
    ("customers_customerevent", "pgh_obj_id"),
    ("customers_cardevent", "customer_id"),
    ("customers_consentevent", "customer_id"),
    ("customers_formernumberevent", "customer_id"),
)

TAKES_HISTORY_ALONG = pgtrigger.Trigger(
    name="takes_history_along",
    operation=pgtrigger.UpdateOf("state"),
    when=pgtrigger.After,
    condition=pgtrigger.Condition(
        f"NEW.state <> OLD.state AND NEW.state IN ('{SwitchState.EXECUTED}', '{SwitchState.UNDONE}')"
    ),
    declare=[("history", "text[]"), ("columns", "text"), ("place_from", "bigint"), ("place_to", "bigint")],
    func=f"""
        place_from := CASE NEW.state WHEN '{SwitchState.EXECUTED}' THEN NEW.source_id ELSE NEW.target_id END;
        place_to := CASE NEW.state WHEN '{SwitchState.EXECUTED}' THEN NEW.target_id ELSE NEW.source_id END;
        FOREACH history SLICE 1 IN ARRAY ARRAY[
            {", ".join(f"['{table}', '{column}']" for table, column in _HISTORIES)}
        ] LOOP
            SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
            WHERE attrelid = history[1]::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
              AND attname <> 'base_id';
            EXECUTE format(
                'INSERT INTO %1$I (base_id, %2$s) SELECT $1, %2$s FROM %1$I WHERE base_id = $2 AND %3$I IN ('
                'SELECT customer_id FROM transitions_switchedcustomer WHERE switch_id = $3 AND is_back = $4) '
                'ON CONFLICT DO NOTHING',
                history[1], columns, history[2]
            ) USING place_to, place_from, NEW.id, NEW.state = '{SwitchState.UNDONE}';
        END LOOP;
        RETURN NULL;
    """,
)
"""The columns are read from the table, so that one which is added later goes along as well."""

BASE_CHANGED_BY_SWITCH = pgtrigger.Trigger(
    name="base_changed_by_switch",
    operation=pgtrigger.UpdateOf("base_id"),
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("NEW.base_id IS DISTINCT FROM OLD.base_id"),
    func=f"""
        IF locations_side() <> 'branch' AND NOT EXISTS (
            SELECT FROM transitions_baseswitch AS switch
            WHERE switch.organization_id = NEW.organization_id AND switch.moved_in = pg_current_xact_id()
              AND switch.moved_at >= now() AND (
                switch.state = '{SwitchState.EXECUTED}'
                    AND (switch.source_id, switch.target_id) = (OLD.base_id, NEW.base_id)
                OR switch.state = '{SwitchState.UNDONE}'
                    AND (switch.target_id, switch.source_id) = (OLD.base_id, NEW.base_id))
              AND (switch.direction = 'shared' OR switch.location_id = NEW.id)
        ) THEN
            RAISE EXCEPTION 'Location % comes to another customer base by a switch alone', OLD.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'location_base_changed_by_switch';
        END IF;
        RETURN NEW;
    """,
)
"""To 2.0 all locations of a base 1.0 go together; to 1.0 the one that was asked for, after a developer has signed it.
(A branch's own installation has a rule of its own: the base stays.)"""
