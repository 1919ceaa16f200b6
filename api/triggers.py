"""What was answered to a key stays for a week: whoever asks once more in that time gets the same, and one effect."""

import pgtrigger

KEPT_DAYS = 7

KEPT = pgtrigger.Trigger(
    name="kept",
    operation=pgtrigger.Delete,
    when=pgtrigger.Before,
    func=f"""
        IF OLD.at > now() - interval '{KEPT_DAYS} days' THEN
            RAISE EXCEPTION 'An answer is kept for {KEPT_DAYS} days'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'keptanswer_kept';
        END IF;
        RETURN OLD;
    """,
)

WRITTEN_NOW = pgtrigger.Trigger(
    name="written_now",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func="""
        NEW.at := now();
        RETURN NEW;
    """,
)
"""From when the days count is said by the database."""
