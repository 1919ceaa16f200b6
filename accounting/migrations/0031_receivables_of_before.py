"""What is open of the items that were booked before the database kept it."""

from django.db import migrations

_TABLES = ("receivable", "movement", "account", "allocation", "invoiceitem", "invoice")
_FORCE = "".join(f"ALTER TABLE accounting_{one} FORCE ROW LEVEL SECURITY;" for one in _TABLES)
_ALL_ROWS = _FORCE.replace(" FORCE", " NO FORCE")
"""The owner of the tables reads all rows of them while this runs, in one transaction."""

FILL = f"""
    {_ALL_ROWS}
    INSERT INTO accounting_receivable (
        movement_id, base_id, owner_key, account_id, location_id, business_day, due_on, rest
    )
    SELECT item.id, item.base_id, item.owner_key, item.debit_id, item.location_id, item.business_day, invoice.due_on,
        item.amount - coalesce(paid.amount, 0)
    FROM accounting_movement AS item
    JOIN accounting_account AS account ON account.id = item.debit_id AND account.kind = 'owed'
    LEFT JOIN (
        SELECT item_id, sum(amount) AS amount FROM accounting_allocation GROUP BY item_id
    ) AS paid ON paid.item_id = item.id
    LEFT JOIN accounting_movement AS back ON back.reverses_id = item.id
    LEFT JOIN accounting_invoiceitem AS asked ON asked.movement_id = item.id AND asked.is_standing
    LEFT JOIN accounting_invoice AS invoice ON invoice.id = asked.invoice_id
    WHERE item.kind <> 'reversal' AND back.id IS NULL AND item.amount > coalesce(paid.amount, 0);
    {_FORCE}
"""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0030_receivables")]
    operations = [migrations.RunSQL(FILL, f"{_ALL_ROWS} DELETE FROM accounting_receivable; {_FORCE}")]
