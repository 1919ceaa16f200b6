"""One of the two sides was restored from a backup: the branch goes on from where both can agree, and loses nothing.

    go_on_restored(own, …)    the branch was restored: what it has forgotten it gets from the central again
    offer_again(own, …)       the central was restored: what it has forgotten it gets from the branch again

Both go on behind the run that the central names. Whoever was changed at both sides since is a conflict like any other.
"""

from __future__ import annotations

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy

from clearing.branch.cutting import is_emptied, open_runs
from clearing.choices import CycleState
from clearing.models import OwnNode
from clearing.rows import decisions, revisions
from clearing.travelling import offer_again as offer_matters_again
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence

# A deleted customer keeps his revision, so that the deletion is offered and not forgotten. What the central has never
# heard of begins from no revision; where both have him and differ, it is a conflict.
_OFFER = """UPDATE customers_customerrevision SET sequence = %(turn)s, before = NULL, sent = NULL, says_more = true,
        revision = CASE WHEN is_deleted THEN revision END
    WHERE base_id = %(base)s AND (agreed_in > %(known)s OR is_erased)"""
_FORGET_SENT = "UPDATE customers_customerrevision SET sent = NULL WHERE base_id = %(base)s AND sent IS NOT NULL"


DROPPED = stored_sentence(
    "run_dropped",
    gettext_lazy("The answer of this run never came, since one side was restored. Its changes were compared again."),
)


def go_on_from(own: OwnNode, *, decided: int, receipt: str, actor: Scope) -> None:
    """Go on behind the last run that the central has decided; one that was on its way before the backup is dropped.

    Its changes are still here and travel with the next run.
    """
    with row_scope.rows_of_clearing(actor):
        _go_on(own, decided, receipt, actor)


def go_on_restored(own: OwnNode, *, decided: int, receipt: str, actor: Scope) -> None:
    """Go on behind the last run of the central, which tells again all that it has told since the one applied here.

    That this is lacking is kept until it has arrived, and said with each contact: the central may be restored as well.
    """
    with row_scope.rows_of_clearing(actor):
        complete = own.applied if own.lacks_since is None else min(own.applied, own.lacks_since)
        locked = _go_on(own, decided, receipt, actor)
        locked.lacks_since = complete
        locked.save(update_fields=["lacks_since"])


def offer_again(own: OwnNode, *, known: int, decided: int, receipt: str, epoch: str, actor: Scope) -> None:
    """Offer anew all on which both sides have agreed after `known`, the last run that the restored central knows.

    With the conflicts found since and what was decided about any, of which it may have forgotten the last. Runs are
    numbered on behind `decided`, so that no number stands for two of them.
    """
    with row_scope.rows_of_clearing(actor):
        sequence, _cut = revisions.lock_order(actor.base)
        parameters = {"base": actor.base.pk, "turn": sequence + 1, "known": known}
        with connection.cursor() as cursor:
            cursor.execute(_OFFER, parameters)
        revisions.set_sequence(actor.base, sequence + 1)
        decisions.offer_again(actor.base)
        offer_matters_again(actor, known)
        locked = _go_on(own, decided, receipt, actor)
        locked.epoch, locked.agreed_vocabulary = epoch, None
        locked.known_before = known if locked.known_before is None else min(known, locked.known_before)
        locked.save(update_fields=["epoch", "agreed_vocabulary", "known_before"])


def _go_on(own: OwnNode, decided: int, receipt: str, actor: Scope) -> OwnNode:
    locked = OwnNode.objects.select_for_update().get(pk=own.pk)
    drop_open_run(locked)
    locked.applied, locked.receipt, locked.request = decided, receipt, None
    locked.save(update_fields=["applied", "receipt", "request"])
    return locked


def drop_emptied_run(own: OwnNode, *, actor: Scope) -> None:
    """The run that is on its way is collected anew if it cannot be sent any more. The central has not decided it."""
    with row_scope.rows_of_clearing(actor):
        locked = OwnNode.objects.select_for_update().get(pk=own.pk)
        cycle = open_runs(locked).filter(state=CycleState.CUT).first()
        if cycle is not None and is_emptied(cycle):
            drop_open_run(locked)


def drop_open_run(own: OwnNode) -> None:
    """The run that is on its way leads nowhere any more. Its changes are still here and travel with the next one."""
    open_runs(own).filter(state=CycleState.CUT).delete()
    # What the central had decided stays on record.
    open_runs(own).update(state=CycleState.DONE, done_at=timezone.now(), failure=DROPPED())
    revisions.set_cut(own.base, None)
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_SENT, {"base": own.base_id})
