"""Changes of customers in offline bases 1.0 are numbered, whoever writes: reconciling begins with what has changed.

One statement is one number. It is taken from a row of the base that stays locked to the end of the transaction, so the
numbers become visible in their order: whoever reads "all above 17" misses none that is committed later.

Before, it is asked whether the base is edited at this side at all (`CustomerBase.edit_side`, once it has a node). A
decision about a conflict passes on either side: for its transaction it names the one customer whom it writes
(`DECIDED_ABOUT`, see customers/other_versions.py). It is numbered as any change, so it travels.
What a reconciliation itself writes (as CLEARING_ROLE) is neither asked nor numbered; it says what has become of it.
"""

import pgtrigger

from customers.triggers.erasure import is_erased_now
from locations.row_policies import CLEARING_ROLE, DECIDED_ABOUT
from locations.triggers import over_written_rows

EDITED_AT_OTHER_SIDE = "customer_edited_at_other_side"
"""The name of the rule, as of a constraint."""
_REFUSED = f"""
        IF edited.has_node AND edited.edit_side NOT IN ('both', locations_side()) AND EXISTS (
            SELECT FROM {{table}} AS written WHERE written.base_id = edited.id
              AND written.uid::text <> coalesce(current_setting('{DECIDED_ABOUT}', true), '')
        ) {{but}} THEN
            RAISE EXCEPTION 'Customers of this base are edited at the %', edited.edit_side
                USING ERRCODE = 'check_violation', CONSTRAINT = '{EDITED_AT_OTHER_SIDE}';
        END IF;"""
_REFUSED_IF_SWITCHED = f"""
        IF edited.has_node AND edited.edit_side = 'neither'
            AND coalesce(current_setting('{DECIDED_ABOUT}', true), '') = '' THEN
            RAISE EXCEPTION 'This base is switched, and nothing is written in it'
                USING ERRCODE = 'check_violation', CONSTRAINT = '{EDITED_AT_OTHER_SIDE}';
        END IF;"""
_NUMBERED = """
    IF current_user = '{role}' THEN
        RETURN NULL;
    END IF;
    FOR edited IN
        SELECT base.id, base.has_node, base.edit_side FROM locations_customerbase AS base
        WHERE base.kind = 'offline' AND base.id IN (SELECT written.base_id FROM {table} AS written) ORDER BY base.id
    LOOP
        {refused}
        INSERT INTO customers_revisioncounter AS counter (base_id, sequence) VALUES (edited.id, 1)
            ON CONFLICT (base_id) DO UPDATE SET sequence = counter.sequence + 1
            RETURNING counter.sequence, counter.cut INTO turn, sent_up_to;
        INSERT INTO customers_customerrevision AS known
            (base_id, uid, customer_number, revision, sequence, before, is_deleted, is_erased)
        {rows}
        ON CONFLICT (uid, base_id) DO UPDATE SET sequence = EXCLUDED.sequence, {more};
    END LOOP;
    RETURN NULL;
"""
_CHANGED = """
    customer_number = EXCLUDED.customer_number, origin = NULL,
    is_deleted = EXCLUDED.is_deleted, is_erased = EXCLUDED.is_erased,
    revision = CASE locations_side() WHEN 'central' THEN known.revision + 1 ELSE known.revision END,
    before = CASE WHEN known.revision IS NOT NULL AND NOT EXCLUDED.is_erased
        THEN coalesce(known.before, EXCLUDED.before) END,
    sent = CASE WHEN EXCLUDED.is_erased THEN NULL
        WHEN known.sequence <= sent_up_to THEN coalesce(known.sent, EXCLUDED.before) ELSE known.sent END"""
"""A branch keeps the revision that it began from, and what was agreed then."""


def _numbered(
    name: str, operation: pgtrigger.Operation, table: str, rows: str, more: str = _CHANGED, refused: str = ""
) -> pgtrigger.Trigger:
    return over_written_rows(
        name=name,
        operation=operation,
        declare=[("edited", "record"), ("turn", "bigint"), ("sent_up_to", "bigint")],
        func=_NUMBERED.format(role=CLEARING_ROLE, table=table, rows=rows, more=more, refused=refused),
    )


def _rows(table: str, *, before: str, is_deleted: str, is_erased: str = "false") -> str:
    return f"""SELECT base_id, uid, CASE WHEN NOT {is_erased} THEN customer_number END,
            CASE locations_side() WHEN 'central' THEN 1 END, turn,
            CASE WHEN NOT {is_erased} THEN {before} END, {is_deleted}, {is_erased}
        FROM {table} AS customer WHERE base_id = edited.id"""


# A former number is written after its customer, in the same transaction (see FormerNumber); so here they are as before.
_BEFORE = """CASE locations_side() WHEN 'branch' THEN
        to_jsonb(customer) - ARRAY['search_text', 'sort_name'] || jsonb_build_object(
            'former_numbers', coalesce((
                SELECT jsonb_agg(jsonb_build_array(former.number, former.source, former.origin))
                FROM customers_formernumber AS former
                WHERE former.base_id = customer.base_id AND former.customer_id = customer.id
            ), '[]')
        )
    END"""
_IS_ERASED = is_erased_now("customer.base_id", "customer.id")

REVISION_INSERT = _numbered(
    "revision_insert",
    pgtrigger.Insert,
    "new_values",
    _rows("new_values", before="NULL::jsonb", is_deleted="false"),
    refused=_REFUSED.format(table="new_values", but=""),
)
REVISION_UPDATE = _numbered(
    "revision_update",
    pgtrigger.Update,
    "old_values",
    _rows("old_values", before=_BEFORE, is_deleted="false"),
    refused=_REFUSED.format(table="old_values", but=""),
)
REVISION_DELETE = _numbered(
    "revision_delete",
    pgtrigger.Delete,
    "old_values",
    _rows("old_values", before=_BEFORE, is_deleted="true", is_erased=_IS_ERASED),
    refused=_REFUSED.format(
        table="old_values",
        but=f"""AND EXISTS (
            SELECT FROM old_values AS customer WHERE customer.base_id = edited.id AND NOT {_IS_ERASED}
        )""",
    ),
)
"""Whoever is erased for good is so on either side."""


GROUP_RENAMED = _numbered(
    "revision_rename",
    pgtrigger.Update,
    "new_values",
    _rows(
        """(
            SELECT member.* FROM customers_customer AS member
            WHERE (member.base_id, member.customer_group_id) IN (
                SELECT renamed.base_id, renamed.id FROM new_values AS renamed
                WHERE renamed.name <> (SELECT earlier.name FROM old_values AS earlier WHERE earlier.id = renamed.id)
            )
        )""",
        before=_BEFORE,
        is_deleted="false",
    ),
)
"""A customer's group travels by its name, so who is in a renamed one has changed. It may be renamed at either side."""


_SAYS_MORE = f"""
    says_more = true, origin = NULL,
    sent = CASE WHEN known.sequence <= sent_up_to THEN coalesce(known.sent, (
            SELECT {_BEFORE} FROM customers_customer AS customer
            WHERE customer.base_id = known.base_id AND customer.uid = known.uid
        )) ELSE known.sent END"""
"""As he was sent, since by his number nobody sees any more that he was: a change behind it begins from there."""


def _of_consents(
    name: str, operation: pgtrigger.Operation, table: str, refused: str = _REFUSED_IF_SWITCHED
) -> pgtrigger.Trigger:
    """What a customer says changes no revision, and is recorded on either side: their statements are put together.

    On neither while the base is switched to 2.0.
    """
    rows = f"""SELECT DISTINCT customer.base_id, customer.uid, customer.customer_number,
            CASE locations_side() WHEN 'central' THEN 1 END, turn, NULL::jsonb, false, false
        FROM {table} AS statement JOIN customers_customer AS customer
          ON customer.base_id = statement.base_id AND customer.id = statement.customer_id
        WHERE statement.base_id = edited.id"""
    return _numbered(name, operation, table, rows, more=_SAYS_MORE, refused=refused)


CONSENT_REVISION_INSERT = _of_consents("revision_insert", pgtrigger.Insert, "new_values")
CONSENT_REVISION_UPDATE = _of_consents("revision_update", pgtrigger.Update, "new_values")
# Whoever is erased is so on either side; other statements go only with their import, and that is refused by itself.
CONSENT_REVISION_DELETE = _of_consents("revision_delete", pgtrigger.Delete, "old_values", refused="")
