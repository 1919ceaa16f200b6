"""The rows of imports are read through a view, because their table is written by COPY (see ImportRow).

It is a barrier: no condition of a question is asked of a foreign row, which an error could tell of.

`customers_memo` puts answers without a field of their own into a memo, as customers/transfer/notes.py does.
"""

from django.db import migrations

from locations.row_security import current

VIEW = f"""
    CREATE VIEW customers_import_rows WITH (security_barrier) AS
    SELECT * FROM customers_importrow WHERE base_id = {current('base')}
"""
MEMO = r"""
    CREATE FUNCTION customers_memo(old text, body text, answers text[]) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
    DECLARE
        labels CONSTANT text[] := ARRAY['Newsletter', 'Weitergabe erlaubt', 'Position', 'Region'];
        parts text[];
        written text;
        before text;
        found text[] := ARRAY['', '', '', ''];
        in_body text[] := ARRAY['', '', '', ''];
    BEGIN
        parts := customers_memo_parts(coalesce(old, ''));
        before := parts[1];
        found := parts[2:5];
        IF body IS NOT NULL THEN
            parts := customers_memo_parts(body);
            before := parts[1];
            in_body := parts[2:5];
        END IF;
        written := before;
        FOR at IN 1..4 LOOP
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
    CREATE FUNCTION customers_memo_parts(memo text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
    DECLARE
        labels CONSTANT text[] := ARRAY['Newsletter', 'Weitergabe erlaubt', 'Position', 'Region'];
        lines text[];
        line text;
        last_at integer := 5;
        at integer;
        found text[] := ARRAY['', '', '', ''];
        behind integer;
    BEGIN
        IF right(memo, 1) <> ']' THEN
            RETURN ARRAY[memo, '', '', '', ''];
        END IF;
        lines := string_to_array(memo, E'\n');
        behind := cardinality(lines);
        WHILE behind > 0 LOOP
            line := lines[behind];
            at := array_position(labels, substring(line FROM '^\[(Newsletter|Weitergabe erlaubt|Position|Region): .+\]$'));
            EXIT WHEN at IS NULL;
            IF at >= last_at THEN  -- not in our order, or twice: nothing that we have written
                RETURN ARRAY[memo, '', '', '', ''];
            END IF;
            found[at] := substring(line FROM length(labels[at]) + 4 FOR length(line) - length(labels[at]) - 4);
            last_at := at;
            behind := behind - 1;
        END LOOP;
        IF behind > 0 AND lines[1:behind] = ARRAY[''] THEN
            RETURN ARRAY[memo, '', '', '', ''];
        END IF;
        RETURN array_to_string(lines[1:behind], E'\n') || found;
    END $$
"""


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0013_files_in_pieces_and_staging'),
    ]

    operations = [
        migrations.RunSQL(VIEW, 'DROP VIEW customers_import_rows'),
        migrations.RunSQL(PARTS, 'DROP FUNCTION customers_memo_parts(text)'),
        migrations.RunSQL(MEMO, 'DROP FUNCTION customers_memo(text, text, text[])'),
    ]
