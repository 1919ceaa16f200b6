"""What an import may become, and what may be deleted while one is undone, whoever writes.

begins    as a file that was uploaded, or that a command checks
applied   by the transaction that has changed the customers, and on record from then on
undoing   and nothing else lets customers and statements go, and only those that it has brought
"""

import pgtrigger

from customers.choices import UPLOAD_BEGINS, UPLOAD_DONE, UPLOAD_STEPS
from customers.triggers.erasure import is_erased_now
from locations.row_policies import CLEARING_ROLE
from locations.triggers import immutable, over_written_rows, settled, stays_on_record, steps_between

CUSTOMER_NOT_DELETED = over_written_rows(
    name="not_deleted",
    operation=pgtrigger.Delete,
    declare=[("found", "integer"), ("undoing", "uuid[]")],
    func=f"""
        IF current_user = '{CLEARING_ROLE}' THEN
            RETURN NULL;
        END IF;
        SELECT array_agg(context) INTO undoing FROM (
            SELECT context FROM customers_importupload
            WHERE base_id IN (SELECT base_id FROM old_values) AND state = 'undoing' FOR SHARE SKIP LOCKED
        ) AS held;
        SELECT customer_number INTO found FROM old_values AS customer WHERE NOT EXISTS (
            SELECT FROM customers_customerevent AS event
            WHERE event.pgh_obj_id = customer.id AND event.base_id = customer.base_id
              AND event.pgh_label = 'insert' AND event.pgh_context_id = ANY(undoing)
        ) AND NOT {is_erased_now("customer.base_id", "customer.id")} LIMIT 1;
        IF found IS NOT NULL THEN
            RAISE EXCEPTION 'Customer % is archived, not deleted', found
                USING ERRCODE = 'check_violation', CONSTRAINT = 'customer_not_deleted';
        END IF;
        RETURN NULL;
    """,
)
"""Customers are archived, not deleted. Those that an import has created go again when it is undone, and whoever is
erased for good goes together with a tombstone for exactly him, which this transaction has written. A reconciliation
lets go whom the other side has let go, and whoever leaves his number to another; of him it keeps all.

The import is held to the end of the transaction, so that nobody stops its undoing meanwhile. One that somebody else
holds does not count: it may wait for its turn, and nobody shall wait for it.
"""

CONSENT_GOES_WITH_ITS_IMPORT = over_written_rows(
    name="goes_with_its_import",
    operation=pgtrigger.Delete,
    func=f"""
        IF current_user = '{CLEARING_ROLE}' THEN
            RETURN NULL;
        END IF;
        PERFORM FROM customers_importupload
        WHERE (base_id, id) IN (SELECT base_id, upload_id FROM old_values) FOR SHARE;
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

APPLIED_NOW = pgtrigger.Trigger(
    name="applied_now",
    operation=pgtrigger.UpdateOf("state"),
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("OLD.state = 'applying' AND NEW.state = 'applied'"),
    func="""
        IF EXISTS (
            SELECT FROM customers_customerevent WHERE base_id = NEW.base_id AND pgh_context_id = NEW.context
        ) AND NOT EXISTS (
            SELECT FROM pghistory_context
            WHERE id = NEW.context AND transaction = pg_current_xact_id() AND created_at = now()
        ) THEN
            RAISE EXCEPTION 'What is applied is what this transaction has done, and not what was done before'
                USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_applied_now';
        END IF;
        RETURN NEW;
    """,
)
"""By its context an import or a bulk change is undone: it is not that of something else."""

_STOPPED_BEFORE_ANYTHING_WENT = pgtrigger.Trigger(
    name="stopped_before_anything_went",
    operation=pgtrigger.UpdateOf("state"),
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("OLD.state = 'undoing' AND NEW.state = 'applied'"),
    func="""
        IF EXISTS (
            SELECT FROM customers_customerevent AS made
            WHERE made.base_id = OLD.base_id AND made.pgh_context_id = OLD.context AND made.pgh_label = 'insert'
              AND NOT EXISTS (
                SELECT FROM customers_customer AS customer
                WHERE customer.base_id = made.base_id AND customer.id = made.pgh_obj_id)
        ) OR EXISTS (
            SELECT FROM customers_consentevent
            WHERE base_id = OLD.base_id AND pgh_label = 'delete' AND upload_id = OLD.id
        ) THEN
            RAISE EXCEPTION 'What was undone of an import stays undone'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'importupload_undone_stays';
        END IF;
        RETURN NEW;
    """,
)
"""An undoing that is stopped has done nothing: it was rolled back."""

_OF_ITS_BRANCH = over_written_rows(
    name="of_its_branch",
    operation=pgtrigger.Insert,
    func="""
        IF EXISTS (
            SELECT FROM new_values AS file WHERE file.client_number IS NOT NULL AND NOT EXISTS (
                SELECT FROM locations_location AS place
                WHERE place.id = file.location_id AND place.client_number = file.client_number
                  AND place.branch_number = file.branch_number)
        ) THEN
            RAISE EXCEPTION 'The customers of an old base come in at the location that has its numbers'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'importupload_of_its_branch';
        END IF;
        RETURN NULL;
    """,
)
"""Client numbers are unique in a business: so no two branches bring in their old bases under the same one."""

UPLOAD_TRIGGERS = [
    steps_between(UPLOAD_STEPS, begins=UPLOAD_BEGINS),
    immutable(
        "id",
        "organization_id",
        "base_id",
        "location_id",
        "user_id",
        "user_name",
        "name",
        "client_number",
        "branch_number",
    ),
    settled(
        UPLOAD_DONE, "size", "sha256", "choices", "preview", "new_rows", "result", "context", but={"choices": "seen"}
    ),
    stays_on_record(UPLOAD_DONE),
    APPLIED_NOW,
    _STOPPED_BEFORE_ANYTHING_WENT,
    _OF_ITS_BRANCH,
]
