"""Orders of branches forget whom somebody erases; numbers of invoices of a customer base 1.0 name its branch number.

Each base counts its invoices by itself, since no row is of two bases. So that a number of the issuer stands once, those
of a base 1.0 say whose they are: RE-4-2026-000001.
"""

from django.db import migrations

from customers.triggers.erasure import is_erased_now
from locations.row_policies import current

FORGET = f"""
    CREATE FUNCTION accounting_forget_branch_orders(of_base bigint, of_customer bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    AS $$
    DECLARE
        known uuid := (SELECT uid FROM customers_customer WHERE base_id = of_base AND id = of_customer);
    BEGIN
        IF of_base IS DISTINCT FROM {current("base")} OR NOT {is_erased_now("of_base", "of_customer")} THEN
            RAISE EXCEPTION 'Customer % is not being erased', of_customer
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_erased';
        END IF;
        UPDATE accounting_branchorder AS one SET uid = NULL, number = '', fiscal = '{{}}', lines = (
            SELECT coalesce(jsonb_agg(line || '{{"text": "–"}}' ORDER BY place), '[]')
            FROM jsonb_array_elements(one.lines) WITH ORDINALITY AS told (line, place)
        ), note = CASE note WHEN '' THEN '' ELSE '–' END
        WHERE one.base_id = of_base AND one.uid = known;
        DELETE FROM accounting_toldterms WHERE base_id = of_base AND uid = known;
    END $$
"""

NUMBER = f"""
    CREATE OR REPLACE FUNCTION accounting_number(prefix text, on_day date, sequence bigint) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp
    AS $$
        SELECT prefix || coalesce((
            SELECT '-' || branch_number FROM locations_customerbase WHERE id = {current("base")} AND kind = 'offline'
        ), '') || '-' || extract(year FROM on_day) || '-' || lpad(sequence::text, 6, '0')
    $$
"""
NUMBER_BEFORE = """
    CREATE OR REPLACE FUNCTION accounting_number(prefix text, on_day date, sequence bigint) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, public, pg_temp
    AS $$ SELECT prefix || '-' || extract(year FROM on_day) || '-' || lpad(sequence::text, 6, '0') $$
"""


class Migration(migrations.Migration):
    dependencies = [("accounting", "0034_orders_of_branches"), ("locations", "0008_accounts_of_base_1_0")]
    operations = [
        migrations.RunSQL(FORGET, "DROP FUNCTION accounting_forget_branch_orders(bigint, bigint)"),
        migrations.RunSQL(NUMBER, NUMBER_BEFORE),
    ]
