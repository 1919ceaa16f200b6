"""Rules across rows of the customer master, kept by the database on every path, bulk writes and COPY included."""

import pgtrigger

from customers.triggers.erasure import is_erased_now
from locations.triggers import over_written_rows

STAMP = pgtrigger.Trigger(
    name="stamp",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    func="""
        IF NEW.id <> OLD.id OR NEW.organization_id <> OLD.organization_id OR NEW.base_id <> OLD.base_id
           OR NEW.customer_number <> OLD.customer_number THEN
            RAISE EXCEPTION 'Customer % keeps its number and its base', OLD.customer_number
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_number_and_base_stay';
        END IF;
        IF NEW.uid <> OLD.uid THEN
            RAISE EXCEPTION 'Customer % keeps its uid', OLD.customer_number
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_uid_stays';
        END IF;
        NEW.created_at := OLD.created_at;
        NEW.changed_at := clock_timestamp();
        RETURN NEW;
    """,
)
"""A customer's number, base and uid never change; when it was changed is written by nobody but the database."""

NOT_DELETED = over_written_rows(
    name="not_deleted",
    operation=pgtrigger.Delete,
    declare=[("found", "integer")],
    func=f"""
        SELECT customer_number INTO found FROM old_values AS customer WHERE NOT EXISTS (
            SELECT FROM customers_customerevent AS event
            JOIN customers_importupload AS file ON file.context = event.pgh_context_id AND file.base_id = event.base_id
            WHERE event.pgh_obj_id = customer.id AND event.base_id = customer.base_id
              AND event.pgh_label = 'insert' AND file.state = 'undoing'
        ) AND NOT {is_erased_now("customer.base_id", "customer.id")} LIMIT 1;
        IF found IS NOT NULL THEN
            RAISE EXCEPTION 'Customer % is archived, not deleted', found
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_deleted';
        END IF;
        RETURN NULL;
    """,
)
"""Customers are archived, not deleted. Those that an import has created go again when it is undone, and whoever is
erased for good goes together with a tombstone for exactly him, which this transaction has written."""


def tags_known(name: str, operation: pgtrigger.Operation) -> pgtrigger.Trigger:
    """Each tag of a customer stands in the list of tags of its base.

    The lock is that of a foreign key: nobody removes or renames the tag before this transaction has ended.
    """
    return over_written_rows(
        name=name,
        operation=operation,
        declare=[("unknown", "text")],
        func="""
            PERFORM FROM customers_tag
            WHERE (base_id, name) IN (SELECT base_id, unnest(tags) FROM new_values) ORDER BY id FOR KEY SHARE;
            SELECT used.name INTO unknown
            FROM (SELECT DISTINCT base_id, unnest(tags) AS name FROM new_values) AS used
            WHERE NOT EXISTS (
                SELECT FROM customers_tag WHERE base_id = used.base_id AND customers_tag.name = used.name
            ) LIMIT 1;
            IF unknown IS NOT NULL THEN
                RAISE EXCEPTION 'There is no tag "%" in this customer base', unknown
                    USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'customer_tags_known';
            END IF;
            RETURN NULL;
        """,
    )


TAG_NOT_IN_USE = pgtrigger.Trigger(
    name="not_in_use",
    operation=pgtrigger.Delete | pgtrigger.UpdateOf("name"),
    when=pgtrigger.After,
    func="""
        IF EXISTS (
            SELECT FROM customers_customer WHERE base_id = OLD.base_id AND tags <> '{}' AND tags @> ARRAY[OLD.name]
        ) AND NOT EXISTS (SELECT FROM customers_tag WHERE base_id = OLD.base_id AND name = OLD.name) THEN
            RAISE EXCEPTION 'The tag "%" is in use', OLD.name
                USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'tag_in_use';
        END IF;
        RETURN NULL;
    """,
)

NUMBER_IN_RANGE = over_written_rows(
    name="number_in_range",
    operation=pgtrigger.Insert,
    declare=[("place", "text"), ("outside", "integer"), ("numbers", "int4range")],
    func="""
        SELECT location.name, customer.customer_number, location.number_range INTO place, outside, numbers
        FROM new_values AS customer
        JOIN locations_location AS location ON location.id = customer.home_location_id
        WHERE location.base_id = customer.base_id AND NOT customer.customer_number <@ location.number_range LIMIT 1;
        IF outside IS NOT NULL THEN
            RAISE EXCEPTION 'Customer number % is outside the number range of % (% to %)',
                outside, place, lower(numbers), upper(numbers) - 1
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_number_in_range';
        END IF;
        RETURN NULL;
    """,
)
"""A customer registered at a location bears a number of its range. Who was registered nowhere may bear any."""


def _counting(name: str, operation: pgtrigger.Operation, *steps: str) -> pgtrigger.Trigger:
    """Steps of the number of customers by home location and by customer group; `steps` are signs and tables."""

    def counted(table: str, columns: str) -> str:
        rows = " UNION ALL ".join(
            f"SELECT {columns}, {sign}(archived_at IS NULL)::integer AS active, "
            f"{sign}(archived_at IS NOT NULL)::integer AS archived FROM {written}"
            for sign, written in map(str.split, steps)
        )
        return f"""
            INSERT INTO {table} ({columns}, active, archived)
            SELECT {columns}, sum(active), sum(archived) FROM ({rows}) AS steps
            GROUP BY {columns} HAVING sum(active) <> 0 OR sum(archived) <> 0;
        """

    func = (
        counted("customers_customercount", "organization_id, base_id, home_location_id")
        + counted("customers_customergroupcount", "base_id, customer_group_id")
        + "RETURN NULL;"
    )
    return over_written_rows(name=name, operation=operation, func=func)


COUNT_INSERT = _counting("count_insert", pgtrigger.Insert, "+ new_values")
"""Counting by adding: concurrent registrations write rows of their own and never wait for one another."""

COUNT_UPDATE = _counting("count_update", pgtrigger.Update, "+ new_values", "- old_values")
COUNT_DELETE = _counting("count_delete", pgtrigger.Delete, "- old_values")

_MONTHS = "INSERT INTO customers_customermonth (base_id, month, registered, archived, given, withdrawn)"


def _of_customers(name: str, operation: pgtrigger.Operation, steps: str) -> pgtrigger.Trigger:
    """Steps of the figures of months; `steps` are rows of (base_id, month, registered, archived)."""
    return over_written_rows(
        name=name,
        operation=operation,
        func=f"""
            {_MONTHS}
            SELECT base_id, month, sum(registered), sum(archived), 0, 0
            FROM ({steps}) AS steps (base_id, month, registered, archived)
            GROUP BY base_id, month HAVING sum(registered) <> 0 OR sum(archived) <> 0;
            RETURN NULL;
        """,
    )


MONTHS_INSERT = _of_customers(
    "months_insert",
    pgtrigger.Insert,
    """
        SELECT base_id, customers_month_of(created_at), 1, 0 FROM new_values
        UNION ALL
        SELECT base_id, customers_month_of(archived_at), 0, 1 FROM new_values WHERE archived_at IS NOT NULL
    """,
)
"""What happened in each month, by adding as above. When a customer was registered never changes (see STAMP)."""

MONTHS_UPDATE = _of_customers(
    "months_update",
    pgtrigger.Update,
    """
        SELECT base_id, customers_month_of(archived_at), 0, 1 FROM new_values WHERE archived_at IS NOT NULL
        UNION ALL
        SELECT base_id, customers_month_of(archived_at), 0, -1 FROM old_values WHERE archived_at IS NOT NULL
    """,
)

MONTHS_DELETE = _of_customers(
    "months_delete",
    pgtrigger.Delete,
    """
        SELECT base_id, customers_month_of(created_at), -1, 0 FROM old_values
        UNION ALL
        SELECT base_id, customers_month_of(archived_at), 0, -1 FROM old_values WHERE archived_at IS NOT NULL
    """,
)


def _of_consents(name: str, operation: pgtrigger.Operation, *steps: str) -> pgtrigger.Trigger:
    """Steps of the figures of months by statements that come, go or are struck out; `steps` are signs and tables."""
    rows = " UNION ALL ".join(
        f"SELECT base_id, at, {sign}1 AS step, is_given FROM {table} WHERE holds_here AND struck_out_at IS NULL"
        for sign, table in map(str.split, steps)
    )
    return over_written_rows(
        name=name,
        operation=operation,
        func=f"""
            {_MONTHS}
            SELECT base_id, customers_month_of(at), 0, 0, coalesce(sum(step) FILTER (WHERE is_given), 0),
                   coalesce(sum(step) FILTER (WHERE NOT is_given), 0)
            FROM ({rows}) AS steps GROUP BY base_id, customers_month_of(at) HAVING count(*) > 0;
            RETURN NULL;
        """,
    )


CONSENT_MONTHS_INSERT = _of_consents("months_insert", pgtrigger.Insert, "+ new_values")
CONSENT_MONTHS_UPDATE = _of_consents("months_update", pgtrigger.Update, "+ new_values", "- old_values")
CONSENT_MONTHS_DELETE = _of_consents("months_delete", pgtrigger.Delete, "- old_values")

CONSENT_GOES_WITH_ITS_IMPORT = over_written_rows(
    name="goes_with_its_import",
    operation=pgtrigger.Delete,
    func=f"""
        IF EXISTS (
            SELECT FROM old_values AS consent WHERE NOT EXISTS (
                SELECT FROM customers_importupload AS file
                WHERE file.base_id = consent.base_id AND file.id = consent.upload_id AND (
                    file.state = 'undoing' OR file.state = 'undone' AND EXISTS (
                        SELECT FROM customers_importupload AS later
                        WHERE later.base_id = consent.base_id AND later.state = 'undoing'))
            ) AND NOT {is_erased_now("consent.base_id", "consent.customer_id")}
        ) THEN
            RAISE EXCEPTION 'A statement about a consent is never deleted; withdraw it'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_stays';
        END IF;
        RETURN NULL;
    """,
)
"""What a customer has said stays. Only what an import has brought goes again when it is undone, and all with him.

So does what an import has brought that was undone before a later one that kept it (see customers/imports/undo.py).
"""

APPLIED_STAYS = pgtrigger.Trigger(
    name="applied_stays",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("OLD.state IN ('applied', 'undone') AND NEW.state <> OLD.state"),
    func="""
        IF OLD.state = 'applied' AND NEW.state = 'undoing' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'What was imported can only be undone, and that once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'importupload_applied_stays';
    """,
)
"""An import that was applied stays on record as that, whoever writes by what was true before."""

BULK_APPLIED_STAYS = pgtrigger.Trigger(
    name="applied_stays",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("OLD.state IN ('applied', 'undone') AND NEW.state <> OLD.state"),
    func="""
        IF OLD.state = 'applied' AND NEW.state = 'undoing' THEN
            RETURN NEW;
        END IF;
        RAISE EXCEPTION 'What was changed can only be undone, and that once'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bulkchange_applied_stays';
    """,
)
"""A bulk change that was applied stays on record as that, as an import does."""
