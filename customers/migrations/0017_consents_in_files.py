"""Consents are columns of files. What an older program has staged means something else, so it is checked anew."""

from django.db import migrations, models

from locations.row_security import current

VIEW = f"""
    CREATE VIEW customers_import_rows WITH (security_barrier) AS
    SELECT * FROM customers_importrow WHERE base_id = {current('base')}
"""
MEMO = r"""
    CREATE OR REPLACE FUNCTION customers_memo(old text, body text, answers text[]) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
    DECLARE
        labels CONSTANT text[] := ARRAY[{labels}];
        parts text[];
        written text;
        before text;
        found text[] := ARRAY[{blanks}];
        in_body text[] := ARRAY[{blanks}];
    BEGIN
        parts := customers_memo_parts(coalesce(old, ''));
        before := parts[1];
        found := parts[2:{last}];
        IF body IS NOT NULL THEN
            parts := customers_memo_parts(body);
            before := parts[1];
            in_body := parts[2:{last}];
        END IF;
        written := before;
        FOR at IN 1..{count} LOOP
            parts[1] := coalesce(answers[at], CASE WHEN in_body[at] <> '' THEN in_body[at] ELSE found[at] END);
            IF parts[1] <> '' THEN
                written := written || CASE WHEN written = '' THEN '' ELSE E'\n' END
                    || '[' || labels[at] || ': ' || parts[1] || ']';
            END IF;
        END LOOP;
        RETURN written;
    END $$
"""
PARTS = r"""
    CREATE OR REPLACE FUNCTION customers_memo_parts(memo text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
    DECLARE
        labels CONSTANT text[] := ARRAY[{labels}];
        lines text[];
        line text;
        last_at integer := {last};
        at integer;
        found text[] := ARRAY[{blanks}];
        behind integer;
    BEGIN
        IF right(memo, 1) <> ']' THEN
            RETURN ARRAY[memo, {blanks}];
        END IF;
        lines := string_to_array(memo, E'\n');
        behind := cardinality(lines);
        WHILE behind > 0 LOOP
            line := lines[behind];
            at := array_position(labels, substring(line FROM '^\[({pattern}): .+\]$'));
            EXIT WHEN at IS NULL;
            IF at >= last_at THEN  -- not in our order, or twice: nothing that we have written
                RETURN ARRAY[memo, {blanks}];
            END IF;
            found[at] := substring(line FROM length(labels[at]) + 4 FOR length(line) - length(labels[at]) - 4);
            last_at := at;
            behind := behind - 1;
        END LOOP;
        IF behind > 0 AND lines[1:behind] = ARRAY[''] THEN
            RETURN ARRAY[memo, {blanks}];
        END IF;
        RETURN array_to_string(lines[1:behind], E'\n') || found;
    END $$
"""
BEFORE, AFTER = ('Newsletter', 'Weitergabe erlaubt', 'Position', 'Region'), ('Position', 'Region')


def functions(labels):
    """Both functions for these labels; what is no label is what people wrote."""
    values = {
        '{labels}': ', '.join(f"'{label}'" for label in labels),
        '{blanks}': ', '.join("''" for _label in labels),
        '{pattern}': '|'.join(labels),
        '{count}': str(len(labels)),
        '{last}': str(len(labels) + 1),
    }
    written = []
    for function in (PARTS, MEMO):
        for name, value in values.items():
            function = function.replace(name, value)
        written.append(function)
    return written


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0016_standard_purposes'),
    ]

    operations = [
        migrations.RunSQL('DROP VIEW customers_import_rows', VIEW),
        migrations.RunSQL('TRUNCATE customers_importrow', migrations.RunSQL.noop),
        migrations.RemoveField(model_name='importrow', name='newsletter'),
        migrations.RemoveField(model_name='importrow', name='transfer_allowed'),
        migrations.AddField(model_name='importrow', name='newsletter', field=models.BooleanField(null=True)),
        migrations.AddField(model_name='importrow', name='newsletter_on', field=models.DateField(null=True)),
        migrations.AddField(model_name='importrow', name='transfer_allowed', field=models.BooleanField(null=True)),
        migrations.AddField(model_name='importrow', name='transfer_allowed_on', field=models.DateField(null=True)),
        migrations.RunSQL(migrations.RunSQL.noop, 'TRUNCATE customers_importrow'),
        migrations.RunSQL(VIEW, 'DROP VIEW customers_import_rows'),
        migrations.RunSQL(functions(AFTER), functions(BEFORE)),
        migrations.RemoveConstraint(model_name='importverdict', name='importverdict_known'),
        migrations.AlterField(
            model_name='importverdict',
            name='verdict',
            field=models.CharField(
                choices=[
                    ('rejected', 'Rejected'), ('changed', 'Changed'), ('similar', 'Perhaps known already'),
                    ('unsaid', 'Consents left out'), ('kept', 'Kept'), ('stuck', 'Could not be reversed'),
                ],
                max_length=10,
            ),
        ),
        migrations.RunSQL(
            migrations.RunSQL.noop, "DELETE FROM customers_importverdict WHERE verdict = 'unsaid'"
        ),
        migrations.AddConstraint(
            model_name='importverdict',
            constraint=models.CheckConstraint(
                condition=models.Q(('verdict__in', ['rejected', 'changed', 'similar', 'unsaid', 'kept', 'stuck'])),
                name='importverdict_known',
            ),
        ),
    ]
