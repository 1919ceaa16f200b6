"""Functions that plan for the number of their rows give that back when they end.

They set `plan_cache_mode` up to the end of the transaction. So each check of a foreign key at the COMMIT was planned
anew for its one row, and took four times as long; and so was what settles one account after the other. A setting of the
function itself ends with it, whatever it sets inside.
"""

from django.db import migrations

PLANNED_ANEW = (
    "accounting_issue_invoices(bigint, uuid, text, date, integer)",
    "accounting_propose_debits(bigint, uuid)",
    "accounting_make_debits(bigint, uuid)",
    "accounting_propose_notices(bigint, uuid)",
    "accounting_send_notices(bigint, uuid, bigint, text, text)",
    "accounting_collect_debits(bigint, uuid, bigint, uuid[], date, text, integer)",
    "accounting_collect_batch(bigint, uuid, uuid, integer, bigint, date, text, integer)",
    "accounting_collect_entries(bigint, bigint, bigint, text, jsonb)",
    "accounting_undo_debits(bigint, uuid, text, text, date)",
)
"""They are called for many rows at a time."""

PLANNED_ONCE = (
    "accounting_post(bigint, bigint, text, jsonb)",
    "accounting_settle(bigint, bigint, numeric, numeric, text, timestamptz)",
    "accounting_take_back(bigint, uuid, uuid, boolean, text, timestamptz)",
    "accounting_choose(bigint, bigint, uuid, jsonb, text, timestamptz)",
)
"""The first one says itself when it has many rows; the others are called for one account after the other."""


def _begins_with(functions: tuple[str, ...], mode: str) -> list[migrations.RunSQL]:
    return [
        migrations.RunSQL(
            f"ALTER FUNCTION {function} SET plan_cache_mode = {mode}",
            f"ALTER FUNCTION {function} RESET plan_cache_mode",
        )
        for function in functions
    ]


class Migration(migrations.Migration):
    dependencies = [("accounting", "0040_order_in_one_run")]
    operations = [*_begins_with(PLANNED_ANEW, "force_custom_plan"), *_begins_with(PLANNED_ONCE, "auto")]
