"""A series of numbers belongs to whom its issuer belongs, and reminders follow the levels of whose ledger they are of."""

from importlib import import_module

from django.db import migrations

from accounting.function_changes import changed

invoices = import_module("accounting.migrations.0011_invoice_functions")
dunning = import_module("accounting.migrations.0020_dunning_functions")


NUMBERS = changed(
    invoices.NUMBERS,
    (
        """
        INSERT INTO accounting_numberseries (base_id, organization_id, issuer_id, kind, year, last, last_on)
        VALUES (of_base, of_organization, of_issuer, of_kind, of_year, 0, on_day) ON CONFLICT DO NOTHING;""",
        """
        INSERT INTO accounting_numberseries (base_id, organization_id, owner_key, issuer_id, kind, year, last, last_on)
        SELECT of_base, of_organization, owner_key, of_issuer, of_kind, of_year, 0, on_day
        FROM accounting_issuer WHERE id = of_issuer ON CONFLICT DO NOTHING;""",
    ),
)

PROPOSE = changed(
    dunning.PROPOSE,
    (
        "ON level.organization_id = run.organization_id AND level.level",
        "ON level.organization_id = run.organization_id AND level.owner_key = run.owner_key AND level.level",
    ),
)


class Migration(migrations.Migration):
    dependencies = [("accounting", "0021_owners_of_issuers")]
    operations = [
        migrations.RunSQL(NUMBERS, changed(invoices.NUMBERS)),
        migrations.RunSQL(PROPOSE, changed(dunning.PROPOSE)),
    ]
