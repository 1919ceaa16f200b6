"""A block of a run reads its own orders alone: before, each look-up read all that waited in the run."""

from importlib import import_module

from django.db import migrations

names = import_module("accounting.migrations.0029_names_on_invoices")

OF_BLOCK = [
    ("bundle = ANY (chosen)", "bundle = ANY (chosen) AND bundle BETWEEN chosen[1] AND chosen[cardinality(chosen)]")
]
FUNCTIONS = (
    names.ISSUE,
    "accounting_take_over(bigint, uuid, bigint, integer[], uuid[], integer, text, text, date)",
)


class Migration(migrations.Migration):
    dependencies = [("accounting", "0038_undoing_debits_of_entries")]
    operations = [
        migrations.RunSQL(names.changed(one, *OF_BLOCK), names.changed(one, *names.back(*reversed(OF_BLOCK))))
        for one in FUNCTIONS
    ]
