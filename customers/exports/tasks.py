"""What the worker does of exports: it makes their files."""

from __future__ import annotations

from contextlib import suppress

from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import override
from procrastinate.contrib.django import app

from customers.exports import files
from mcp.isolation import access, row_scope
from mcp.worker.queueing import AGAIN, NothingThere, when_given_up
from mcp.worker.somebody import language_of

WORKER = "the worker"


@app.task(retry=AGAIN)
def make_export(export: str, **somebody: int) -> None:
    """Make a file of customers; begun anew if a worker has left it. `somebody` is what `for_somebody` gives."""
    try:
        scope = access.enter_as(**somebody)
    except Http404:
        reason = "an export is for nobody who may work there any more"
        with row_scope.without_scope(reason=reason, actor=WORKER), language_of(somebody):
            files.fail_here(pk=export, reason=_("The user may not work at this location any more."))
        return
    with override(scope.user.language if scope.user else None):
        files.make(pk=export, actor=scope)


@when_given_up("customers.exports.tasks.make_export")
def stop_given_up_export(export: str, **somebody: int) -> None:
    """Say so on the page of the export, in the language of whoever waits for it."""
    with row_scope.without_scope(reason="an export is given up", actor=WORKER), suppress(NothingThere):
        with language_of(somebody):
            reason = _("The worker has given it up. Tell support before you try again.")
        files.fail_here(pk=export, reason=reason)
