"""What the worker does with files that are taken in. Found by the setting PROCRASTINATE_IMPORT_PATHS."""

from __future__ import annotations

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from procrastinate.contrib.django import app

from mcp.isolation import access, row_scope
from mcp.worker.queueing import AGAIN, NothingThere, when_given_up
from transitions.incoming import taking
from transitions.models import IncomingFile

WORKER = "the worker"


@app.task(retry=AGAIN)
def take_in_file(incoming: str, **somebody: int) -> None:
    """Take in what somebody has sent, with the rights that he has now. `somebody` is what `for_somebody` gives."""
    try:
        scope = access.enter_as(**somebody)
    except Http404:
        _fail(incoming, "a file is taken in for nobody who may work there any more", is_told=False)
        return
    with override(scope.user.language if scope.user else None):
        taking.take_in(pk=incoming, actor=scope)


@when_given_up("transitions.incoming.tasks.take_in_file")
def stop_given_up(incoming: str, **somebody: int) -> None:
    """Its worker died again and again."""
    _fail(incoming, "a file that was to be taken in is given up", is_told=True)


def _fail(pk: str, reason: str, *, is_told: bool) -> None:
    """Say so on the page, in the language of whoever has sent it. Raises NothingThere, but not where it is told."""
    with row_scope.without_scope(reason=reason, actor=WORKER):
        found = IncomingFile.objects.select_related("user").filter(pk=pk).first()
        if found is None:
            if is_told:
                return
            raise NothingThere("incoming file", pk)
        with override(found.user.language if found.user else None):
            sentence = (
                _("The worker has given it up, and nothing of it was taken in. Tell support before you try again.")
                if is_told
                else _("The user may not work at this location any more.")
            )
            taking.fail(pk, sentence)


@app.periodic(cron="37 * * * *")
@app.task(queueing_lock="delete_expired_incoming")
def delete_expired_incoming(timestamp: int) -> None:
    with row_scope.without_scope(reason="delete files that were taken in", actor=WORKER):
        taking.delete_expired(now=timezone.now())
