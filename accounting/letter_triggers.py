"""What the database keeps of letters: to whom one went stays, until that customer is erased."""

import pgtrigger

ADDRESS_STAYS = pgtrigger.Trigger(
    name="address_stays",
    operation=pgtrigger.UpdateOf("sent_to", "failure"),
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("OLD.state NOT IN ('waiting', 'sending')"),
    func="""
        IF (NEW.sent_to, NEW.failure) IS DISTINCT FROM (OLD.sent_to, OLD.failure)
            AND (SELECT relowner FROM pg_class WHERE oid = TG_RELID) <> current_user::regrole THEN
            RAISE EXCEPTION 'To whom a letter went stays'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'letter_address_stays';
        END IF;
        RETURN NEW;
    """,
)
"""Once a letter is settled, the function alone that forgets a customer empties its address and what a server said."""
