"""What the database does for the accounts beside constraints and triggers: functions of the owner of the tables.

The role that serves can only read movements, invoices and numbers. Each function works in no base but the one that was
entered, and in no ledger that does not exist at the location that was entered. They stand in the folder `functions`, one
file for each subject. A file is as frozen as a migration: who changes a function later writes it anew in a migration.
"""

import re
from pathlib import Path

from django.db import migrations

SUBJECTS = (
    "posting", "allocating", "orders", "invoice_runs", "issuing", "invoices", "bank_entries", "debits",
    "debits_of_entries", "reminders", "letters", "opening_balances", "branch_orders",
)
FOLDER = Path(__file__).parent / "functions"
BODIES_LATER = "SET LOCAL check_function_bodies = off"
"""Functions name each other, in whichever order the files stand."""


def _drops(statements: str) -> str:
    """What takes the functions and types of a file away again, the last one first."""
    made = re.findall(r"^CREATE (FUNCTION|TYPE) (\w+)", statements, re.MULTILINE)
    return ";\n".join(f"DROP {kind} {name}" for kind, name in reversed(made))


def _of_subject(name: str) -> migrations.RunSQL:
    statements = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    return migrations.RunSQL(f"{BODIES_LATER};\n{statements}", _drops(statements))


class Migration(migrations.Migration):
    dependencies = [("accounting", "0001_tables")]
    operations = [_of_subject(name) for name in SUBJECTS]
