"""Files of opening balances that wait in any ledger are discarded when somebody whom they name is erased.

A location on its own may hold one that nobody else sees.
"""

from django.db import migrations

from customers.triggers.erasure import is_erased_now
from locations.row_policies import current

FORGET = f"""
    CREATE FUNCTION accounting_forget_balances(of_base bigint, of_customer bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    BEGIN
        IF of_base IS DISTINCT FROM {current("base")} OR NOT {is_erased_now("of_base", "of_customer")} THEN
            RAISE EXCEPTION 'Customer % is not being erased', of_customer
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
        END IF;
        UPDATE accounting_balanceimport SET
            state = 'discarded', lines = '[]', rejected = '[]', closed_at = clock_timestamp(), closed_by = '–'
        WHERE base_id = of_base AND state = 'checked' AND (rejected <> '[]' OR EXISTS (
            SELECT FROM jsonb_array_elements(lines) AS line WHERE line->>1 = of_customer::text
        ));
    END $$
"""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0022_numbers_and_levels_of_owners")]
    operations = [migrations.RunSQL(FORGET, "DROP FUNCTION accounting_forget_balances(bigint, bigint)")]
