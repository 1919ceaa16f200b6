"""An order that a chosen payment has paid is not paid again at a till, and what pays it there pays nothing else; a key
stands for one order with its lines; debits are announced once they are known, and collected once they are made; and
nobody is erased while a debit of his is at the bank.
"""

from importlib import import_module

from django.db import migrations

from locations.row_policies import current

allocating = import_module("accounting.migrations.0008_posting_allocates")
items = import_module("accounting.migrations.0007_allocating")
debits = import_module("accounting.migrations.0018_debit_functions")
orders = import_module("accounting.migrations.0005_order_functions")


def changed(statement: str, old: str, new: str) -> str:
    """The function of before with one place of it changed. Raises ValueError where that place is not there once."""
    if statement.count(old) != 1:
        raise ValueError(f"Not there once: {old}")
    return allocating.again(statement).replace(old, new)


# Under a known key the same order was sold, line by line.
POST_ORDER = changed(
    orders.POST,
    "        IF made IS NOT NULL THEN\n",
    """        IF made IS NOT NULL AND (
            SELECT jsonb_agg(jsonb_build_array(position, text, quantity, amount, vat_rate) ORDER BY position)
            FROM accounting_paymentorderline WHERE order_id = made AND base_id = of_base
        ) IS DISTINCT FROM (
            SELECT jsonb_agg(jsonb_build_array(position, text, quantity, amount, vat_rate) ORDER BY position)
            FROM jsonb_to_recordset(lines) AS one (
                position smallint, text text, quantity numeric(12, 3), amount numeric(14, 2), vat_rate numeric(5, 2)
            )
        ) THEN
            RAISE EXCEPTION 'Something else was posted under this key'
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'movement_key_once';
        END IF;
        IF made IS NOT NULL THEN
""",
)

# What was allocated by age gives way to the payment of the order; what somebody has chosen stays, and has paid it. Under
# a known key this very order was paid, whatever has become of that since.
PAY = changed(
    allocating.PAY,
    "        IF (wanted->>'kind', ",
    f"""        IF is_known AND NOT EXISTS (
            SELECT FROM accounting_allocation WHERE item_id = one.booking_id AND base_id = of_base AND payment_id = (
                SELECT id FROM accounting_movement WHERE base_id = of_base AND ledger_id = one.ledger_id
                  AND location_id = {current("location")} AND key = wanted->>'key'
            )
        ) THEN
            RAISE EXCEPTION 'Something else was posted under this key'
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'movement_key_once';
        END IF;
        IF NOT is_known AND (
            SELECT sum(amount) FROM accounting_allocation
            WHERE item_id = one.booking_id AND base_id = of_base AND is_chosen
        ) > 0 THEN
            RAISE EXCEPTION 'A payment on the account has paid this order'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'paymentorder_paid_on_account';
        END IF;
        IF (wanted->>'kind', """,
)

# What a company takes over, and what was paid for an order at a till, pays just that: the state of the order says so.
ALLOCATE = changed(
    items.ALLOCATE,
    "        moment := clock_timestamp();\n",
    """        IF paid.kind = 'transfer' OR EXISTS (
            SELECT FROM accounting_paymentorder WHERE payment_id = of_payment AND base_id = of_base
        ) THEN
            RAISE EXCEPTION 'This payment is that of an order'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_payment_of_order';
        END IF;
        moment := clock_timestamp();
""",
)

# Nobody has announced the amount and the day of a debit before its file was prepared. The day before is let pass, since
# the days of the database may be those of another time zone.
MAKE = changed(
    debits.MAKE,
    "WHEN item.announced_on IS NULL OR ",
    "WHEN item.announced_on IS NULL OR item.announced_on < file.created_at::date - 1\n                    OR ",
)

COLLECT = changed(
    debits.COLLECT,
    "    BEGIN\n",
    """    BEGIN
        IF on_day < file.made_at::date - 1 THEN
            RAISE EXCEPTION 'This file was not made yet on that day'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'debitfile_collected_once_made';
        END IF;
""",
)

# The accounts are locked first, as whoever makes a file locks them: his debit is at the bank by then, or never gets there.
FORGET = changed(
    debits.FORGET,
    "        DELETE FROM accounting_debitfilechunk ",
    """        PERFORM FROM accounting_account WHERE base_id = of_base AND customer_id = of_customer
        ORDER BY id FOR UPDATE;
        IF EXISTS (
            SELECT FROM accounting_debititem
            WHERE customer_id = of_customer AND base_id = of_base AND state = 'pending'
        ) THEN
            RAISE EXCEPTION 'A debit of customer % is at the bank', of_customer
                USING ERRCODE = 'check_violation', CONSTRAINT = 'debititem_at_the_bank';
        END IF;
        DELETE FROM accounting_debitfilechunk """,
)


class Migration(migrations.Migration):
    dependencies = [("accounting", "0026_issue_by_buyer")]
    operations = [
        migrations.RunSQL(POST_ORDER, allocating.again(orders.POST)),
        migrations.RunSQL(PAY, allocating.PAY),
        migrations.RunSQL(ALLOCATE, allocating.again(items.ALLOCATE)),
        migrations.RunSQL(MAKE, allocating.again(debits.MAKE)),
        migrations.RunSQL(COLLECT, allocating.again(debits.COLLECT)),
        migrations.RunSQL(FORGET, allocating.again(debits.FORGET)),
    ]
