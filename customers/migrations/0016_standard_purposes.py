"""Every business has the standard purposes of consents from its first moment: the database makes them with it."""

from django.db import migrations

CODES = ('transfer', 'newsletter', 'birthday', 'profiling')
PURPOSES = ', '.join(f"('{code}')" for code in CODES)
VALUES = "code, '', '', '', true FROM (VALUES {}) AS standard (code)".format(PURPOSES)
INSERT = 'INSERT INTO customers_consentpurpose (organization_id, code, name, wording, wording_version, is_active)'
FUNCTION = f"""
    CREATE FUNCTION customers_standard_purposes() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        {INSERT} SELECT NEW.id, {VALUES};
        RETURN NULL;
    END $$
"""
TRIGGER = """
    CREATE TRIGGER standard_purposes AFTER INSERT ON locations_organization
    FOR EACH ROW EXECUTE FUNCTION customers_standard_purposes()
"""
EXISTING = f"""{INSERT} SELECT business.id, standard.code, '', '', '', true
    FROM locations_organization AS business CROSS JOIN (VALUES {PURPOSES}) AS standard (code)
    ORDER BY business.id, array_position(ARRAY{list(CODES)!r}, standard.code)"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0015_consents'),
    ]

    operations = [
        migrations.RunSQL([FUNCTION, TRIGGER], [
            'DROP TRIGGER standard_purposes ON locations_organization',
            'DROP FUNCTION customers_standard_purposes()',
        ]),
        migrations.RunSQL(EXISTING, migrations.RunSQL.noop),
    ]
