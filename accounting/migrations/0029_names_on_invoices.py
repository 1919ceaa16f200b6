"""Nobody is billed without a name, which an invoice has to say; a member without one is named by his alias.

The functions are changed as they stand in the database, in the places that are named here, and nowhere else.
"""

from django.db import migrations, models

CHOOSE = "accounting_choose_orders(bigint, uuid)"
ISSUE = "accounting_issue_invoices(bigint, uuid, text, date, integer)"
NO_ADDRESS = "WHEN payer.street = '' AND payer.po_box = '' OR payer.city = '' OR payer.postal_code = ''"
NO_NAME = NO_ADDRESS + " OR payer.first_name || payer.last_name || payer.company = ''"
ADDRESS = "SELECT id, street, po_box, city, postal_code FROM customers_customer"
NAME = "SELECT id, street, po_box, city, postal_code, first_name, last_name, company FROM customers_customer"
MEMBER = "left(btrim(concat_ws(' ', nullif(first_name, ''), nullif(last_name, ''), nullif(company, ''))), 220)"
ALIAS = (
    "left(coalesce(nullif(btrim(concat_ws(' ', nullif(first_name, ''), nullif(last_name, ''), "
    "nullif(company, ''))), ''), alias), 220)"
)


def changed(function: str, *places: tuple[str, str]) -> str:
    """SQL that puts the second text of each place into the function, where the first one stands."""
    quoted = "\n".join(
        f"""
            IF position($old${old}$old$ IN body) = 0 THEN
                RAISE EXCEPTION '% has not what is to be changed', function;
            END IF;
            body := replace(body, $old${old}$old$, $new${new}$new$);
        """
        for old, new in places
    )
    return f"""
        DO $do$
        DECLARE
            function regprocedure := '{function}'::regprocedure;
            body text := pg_get_functiondef(function);
        BEGIN
            {quoted}
            EXECUTE body;
        END $do$
    """


def back(*places: tuple[str, str]) -> list[tuple[str, str]]:
    return [(new, old) for old, new in places]


OF_CHOOSE = [(NO_ADDRESS, NO_NAME)]
OF_ISSUE = [(NO_ADDRESS, NO_NAME), (ADDRESS, NAME), (MEMBER, ALIAS)]


class Migration(migrations.Migration):
    dependencies = [("accounting", "0028_amounts_that_are_numbers")]
    operations = [
        migrations.AlterField(
            model_name="runorder",
            name="left_out",
            field=models.CharField(
                blank=True,
                choices=[
                    ("no_address", "The customer has no name or no full address"),
                    ("no_account", "Whoever pays has no account"),
                    ("held", "The customer is not billed for now"),
                    ("minimum", "Below the smallest amount"),
                    ("nobody", "The customer was erased for good"),
                    ("changed", "Paid, cancelled or billed since the preview"),
                ],
                db_default="",
                default="",
                max_length=12,
            ),
        ),
        migrations.RunSQL(changed(CHOOSE, *OF_CHOOSE), changed(CHOOSE, *back(*OF_CHOOSE))),
        migrations.RunSQL(changed(ISSUE, *OF_ISSUE), changed(ISSUE, *back(*OF_ISSUE))),
    ]
