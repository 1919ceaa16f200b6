"""Consent to the transfer whichever location leaves is a purpose of its own. It is not asked for until a business does."""

from django.db import migrations

GENERAL = 'transfer_any'
BEFORE = ('transfer', 'newsletter', 'birthday', 'profiling')
AFTER = ('transfer', GENERAL, 'newsletter', 'birthday', 'profiling')
INSERT = 'INSERT INTO customers_consentpurpose (organization_id, code, name, wording, wording_version, is_active)'


def function(codes):
    """What the database does with a business that is new."""
    purposes = ', '.join(f"('{code}')" for code in codes)
    return f"""
        CREATE OR REPLACE FUNCTION customers_standard_purposes() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            {INSERT} SELECT NEW.id, code, '', '', '', code <> '{GENERAL}'
            FROM (VALUES {purposes}) AS standard (code);
            RETURN NULL;
        END $$
    """


EXISTING = f"""{INSERT} SELECT id, '{GENERAL}', '', '', '', false FROM locations_organization
    ON CONFLICT (organization_id, code) DO NOTHING"""
UNUSED = f"""DELETE FROM customers_consentpurpose AS purpose WHERE code = '{GENERAL}' AND NOT EXISTS (
        SELECT FROM customers_consent AS consent
        WHERE consent.organization_id = purpose.organization_id AND consent.purpose = purpose.code)"""
NAMED = f"UPDATE customers_consentpurpose SET name = 'Weitergabe mit jedem Standort' WHERE code = '{GENERAL}' AND name = ''"


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0023_consents_know_to_whom_they_were_given'),
        ('locations', '0007_left_for_good'),
    ]

    operations = [
        migrations.RunSQL(function(AFTER), function(BEFORE)),
        migrations.RunSQL(EXISTING, [UNUSED, NAMED]),
    ]
