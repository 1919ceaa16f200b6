"""Who is not billed for now is left out as well where that was said after the preview of a run.

It is asked once the accounts are locked, so that what was said while the run waited for them counts.
"""

from importlib import import_module

from django.db import migrations

names = import_module("accounting.migrations.0029_names_on_invoices")

_DECLARED = "        reasons text[];\n"
_LOCKED = (
    "        PERFORM FROM accounting_account "
    "WHERE base_id = of_base AND id = ANY (owing) ORDER BY id FOR NO KEY UPDATE;\n"
)
_HELD = """\
        held := ARRAY(
            SELECT one.payer_id FROM unnest(buyers) AS one (payer_id)
            CROSS JOIN LATERAL (
                SELECT is_held FROM accounting_billingterms
                WHERE customer_id = one.payer_id AND base_id = of_base AND ledger_id = run.ledger_id OFFSET 0
            ) AS billing WHERE billing.is_held
        );
"""
_REASON = "ELSE reasons[width_bucket(item.payer_id, buyers)]"
OF_ISSUE = [
    (_DECLARED, _DECLARED + "        held bigint[];\n"),
    (_LOCKED, _LOCKED + _HELD),
    (
        _REASON,
        "ELSE coalesce(reasons[width_bucket(item.payer_id, buyers)], "
        "CASE WHEN item.payer_id = ANY (held) THEN 'held' END)",
    ),
]


class Migration(migrations.Migration):
    dependencies = [("accounting", "0040_order_in_one_run")]
    operations = [
        migrations.RunSQL(
            names.changed(names.ISSUE, *OF_ISSUE), names.changed(names.ISSUE, *names.back(*reversed(OF_ISSUE)))
        )
    ]
