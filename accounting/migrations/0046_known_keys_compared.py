"""What was posted under a key is compared only where a key is known: a posting looks each key up once less.

Who is judged are those whose key nobody knows. Where that is all of them, nothing was posted under any of the keys.
"""

from importlib import import_module

from django.db import migrations

names = import_module("accounting.migrations.0029_names_on_invoices")

POST = "accounting_post(bigint, bigint, text, jsonb)"
JUDGED = "        fresh := ARRAY(SELECT one FROM accounting_judge(of_base, of_ledger, here, wanted) AS one);\n"
WRONG = "        SELECT coalesce(one.problem,"
MOMENT = "        moment := clock_timestamp();\n"
PLACES = [
    (
        f"{MOMENT}\n        IF EXISTS (",
        f"{MOMENT}{JUDGED}\n        IF cardinality(fresh) < jsonb_array_length(wanted) AND EXISTS (",
    ),
    (f"{JUDGED}{WRONG}", WRONG),
]


class Migration(migrations.Migration):
    dependencies = [("accounting", "0045_newest_open_items_first")]
    operations = [
        migrations.RunSQL(names.changed(POST, *PLACES), names.changed(POST, *names.back(*reversed(PLACES))))
    ]
