"""Rules of memberships across rows, kept by the database on every path."""

import pgtrigger

MEMBERSHIP_OF_SHARED_BASE = pgtrigger.Trigger(
    name="of_shared_base",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func="""
        IF EXISTS (
            SELECT FROM locations_customerbase AS base WHERE base.id = NEW.base_id AND base.kind = 'offline'
        ) THEN
            RAISE EXCEPTION 'Memberships are kept on a customer base 2.0 alone'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customermembership_of_shared_base';
        END IF;
        RETURN NEW;
    """,
)
"""They do not travel in a reconciliation, and accounts, which they are about, are kept there alone as well."""

MEMBERSHIP_ENDED_STAYS = pgtrigger.Trigger(
    name="ended_stays",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("OLD.ended_at IS NOT NULL"),
    func="""
        RAISE EXCEPTION 'Membership % was ended, and stays as it was', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'customermembership_ended_stays';
    """,
)
"""Who comes back gets a new one, so that it can be seen later who paid when."""


def _period(alias: str) -> str:
    return f"daterange({alias}.valid_from, {alias}.valid_until, '[]')"


MEMBERSHIP_PAYER_PAYS = pgtrigger.Trigger(
    name="payer_pays",
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("invoice_to", "valid_from", "valid_until"),
    when=pgtrigger.After,
    func=f"""
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION 'only in READ COMMITTED it is seen who pays for whom'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customermembership_payer_pays';
        END IF;
        PERFORM FROM customers_customer
        WHERE base_id = NEW.base_id AND id IN (NEW.member_id, NEW.of_id) ORDER BY id FOR NO KEY UPDATE;
        IF TG_OP = 'INSERT' AND EXISTS (
            SELECT FROM customers_customer
            WHERE base_id = NEW.base_id AND id IN (NEW.member_id, NEW.of_id) AND archived_at IS NOT NULL
        ) THEN
            RAISE EXCEPTION 'Who is archived becomes no member and gets none'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customermembership_of_present';
        END IF;
        IF NEW.invoice_to = 'company' AND EXISTS (
            SELECT FROM customers_customermembership AS other
            WHERE other.base_id = NEW.base_id AND other.invoice_to = 'company'
              AND (other.member_id = NEW.of_id OR other.of_id = NEW.member_id)
              AND {_period("other")} && {_period("NEW")}
        ) THEN
            RAISE EXCEPTION 'Who pays for others is paid for by nobody'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customermembership_payer_pays';
        END IF;
        RETURN NULL;
    """,
)
"""Both customers are locked, so two who are joined to one another at the same moment are not overlooked; and nobody is
archived meanwhile."""
