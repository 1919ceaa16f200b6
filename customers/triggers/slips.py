"""Statements that were recorded by mistake: whoever recorded one strikes it out within minutes. It stays, struck out.

    striking    for MINUTES, oneself, once, and only what has not gone out yet (the trigger below)
    released    around whatever reads statements to hand them on: nothing is struck out meanwhile, nor afterwards

A file names no customers here: once statements of a base have gone out, all that was recorded before is out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pgtrigger
from django.db.backends.utils import CursorWrapper
from django.utils.translation import gettext_lazy as _

from customers.triggers.open_statements import LOCK as LOCK_OF_OPEN
from locations.row_policies import CLEARING_ROLE, current

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MINUTES = 15
"""For so long a slip can be struck out; whatever is noticed later is put right by the opposite statement."""
LOCK = 4_711_002
"""With the number of the base it is the name of the lock: shared by files in the making, taken alone to strike out."""

CONSENT_STAYS = pgtrigger.Trigger(
    name="stays",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    func=f"""
        IF NEW.struck_out_at IS NULL OR to_jsonb(NEW) - ARRAY['struck_out_at', 'struck_out_by']
            <> to_jsonb(OLD) - ARRAY['struck_out_at', 'struck_out_by'] THEN
            RAISE EXCEPTION 'A statement about a consent is never changed; add another one'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_stays';
        END IF;
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION 'Only in READ COMMITTED it is seen whether the statement has gone out'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_gone_out';
        END IF;
        PERFORM pg_advisory_xact_lock({LOCK}, OLD.base_id::integer);
        PERFORM pg_advisory_xact_lock_shared({LOCK_OF_OPEN}, OLD.base_id::integer);
        IF OLD.struck_out_at IS NOT NULL THEN
            RAISE EXCEPTION 'This statement is struck out already'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_struck_out_once';
        END IF;
        IF current_user = '{CLEARING_ROLE}' THEN
            RETURN NEW;
        END IF;
        IF OLD.recorder_id IS NULL OR OLD.recorder_id IS DISTINCT FROM {current("user")} THEN
            RAISE EXCEPTION 'Only who has recorded a statement strikes it out'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_struck_out_by_recorder';
        END IF;
        IF clock_timestamp() > OLD.recorded_at + interval '{MINUTES} minutes' THEN
            RAISE EXCEPTION 'A statement is struck out within {MINUTES} minutes'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_struck_out_soon';
        END IF;
        IF EXISTS (SELECT FROM customers_consentrelease WHERE base_id = OLD.base_id AND at >= OLD.recorded_at) THEN
            RAISE EXCEPTION 'Statements of this customer base have gone out in a file since'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'consent_gone_out';
        END IF;
        NEW.struck_out_at := clock_timestamp();
        RETURN NEW;
    """,
)
"""What a customer has said stays as it is. All that can be added is that it was recorded by mistake.

A reconciliation adds what was struck out at the other side, where the rest was asked.
"""

REFUSALS: dict[str, str | _StrPromise] = {
    "consent_struck_out_once": _("This statement is struck out already."),
    "consent_struck_out_by_recorder": _("Only who has recorded a statement can strike it out. Record the opposite."),
    "consent_struck_out_soon": _(
        "A statement can be struck out for a quarter of an hour after it was recorded. Record the opposite now."
    ),
    "consent_gone_out": _(
        "Consents of this customer base have gone out in a file since, perhaps with this one. Record the opposite."
    ),
}
"""The sentence of each refusal of the trigger, for people."""


@contextmanager
def released(cursor: CursorWrapper, base: int) -> Iterator[None]:
    """Inside, statements are read to be handed on. None of them is struck out meanwhile or afterwards.

    In the transaction of the cursor. It waits for whoever is striking something out. A transaction that sees one moment
    has to begin reading after this has begun.
    """
    cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s::integer)", [LOCK, base])
    yield
    cursor.execute("INSERT INTO customers_consentrelease (base_id, at) VALUES (%s, clock_timestamp())", [base])
