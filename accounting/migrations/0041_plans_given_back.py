"""Functions that plan for the number of their rows give that back when they end.

They set `plan_cache_mode` up to the end of the transaction. So each check of a foreign key at the COMMIT was planned
anew for its one row, and took four times as long. A setting of the function itself ends with it, whatever it sets
inside. What a session has planned when tables were small is forgotten first: checks at the COMMIT would read a table
whole for each row, because it had one page once.
"""

from importlib import import_module

from django.db import migrations

names = import_module("accounting.migrations.0029_names_on_invoices")

POST = "accounting_post(bigint, bigint, text, jsonb)"
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
"""They are called for many rows at a time. POST says itself when it has many."""

PLANNED_ONCE = (
    POST,
    "accounting_owed_of(bigint, bigint, bigint)",
    "accounting_payer_of(bigint, bigint, date)",
    "accounting_number(text, date, bigint)",
)
"""The others than POST are called for one row after the other."""

FORCED = "PERFORM set_config('plan_cache_mode', 'force_custom_plan', true);"
FORGOTTEN = f"DISCARD PLANS;\n        {FORCED}"


def _forgets(function: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        names.changed(function, (FORCED, FORGOTTEN)), names.changed(function, (FORGOTTEN, FORCED))
    )


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
    operations = [
        *(_forgets(function) for function in (POST, *PLANNED_ANEW)),
        *_begins_with(PLANNED_ANEW, "force_custom_plan"),
        *_begins_with(PLANNED_ONCE, "auto"),
    ]
