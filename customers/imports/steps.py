"""What the buttons on the pages of an import do: a small file at once, a large one by the worker."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from customers.imports import decisions, lifecycle, receive, tasks
from customers.imports.decided_upload import have_checked
from customers.imports.forms import ReadingForm, overrules_of
from customers.imports.problems import IMPORTED, UNDONE
from customers.imports.staging import clear
from customers.models import ImportUpload
from mcp.isolation.scope import Scope
from mcp.stored_sentences import sentences_of
from mcp.worker.queueing import enqueue
from mcp.worker.somebody import for_somebody

DIRECT_CUSTOMERS = 500
"""So many customers are brought back while the browser waits, well below a second; more by the worker."""

type Step = Callable[[QueryDict, ImportUpload, Scope], None]


def choose_dialect(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """Read the file in another encoding or with another delimiter, as posted."""
    receive.choose_dialect(upload=upload, overrules=overrules_of(posted, upload.choices["seen"]), actor=scope)


def choose_columns(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """Keep what was chosen, and check the file by it."""
    receive.choose_columns(
        upload=upload,
        targets=posted.getlist("target"),
        reading=ReadingForm(posted).reading(),
        known=posted.get("known", ""),
        match=posted.get("match", ""),
        actor=scope,
    )
    check(upload, scope)


def use_profile(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """Read the file as its system writes it."""
    receive.choose_profile(upload=upload, is_used=True, actor=scope)


def decline_profile(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """Read the file by its headings alone."""
    receive.choose_profile(upload=upload, is_used=False, actor=scope)


def check_package(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """Check a file for which there is nothing to choose."""
    if not receive.is_of_package(upload):
        raise ValidationError(gettext_lazy("Say first where each column goes."), code="not_settled")
    check(upload, scope)


def check(upload: ImportUpload, scope: Scope) -> None:
    """Check the upload: a small one at once, a large one by the worker. A refusal is stored with the upload."""
    if upload.size > lifecycle.DIRECT_BYTES:
        have_checked(upload=upload, actor=scope)
        return
    try:
        lifecycle.check_upload(upload=upload, actor=scope)
    except ValidationError as refusal:
        lifecycle.stop_upload(upload=upload, reason=sentences_of(refusal))


def confirm(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """Apply what was previewed: a small import at once, a large one by the worker.

    An import that is refused while it is applied can be confirmed again.
    """
    with transaction.atomic():
        lifecycle.confirm_upload(upload=upload, confirmed=posted.get("fingerprint", ""), actor=scope)
        if upload.size > lifecycle.DIRECT_BYTES:
            enqueue(tasks.apply_upload.name, upload=str(upload.pk), **for_somebody(scope))
            return
        # The history's context is that of the request, in which nothing else is changed.
        with pghistory.context(reason=IMPORTED(name=upload.name)) as context:
            if lifecycle.apply_upload(upload=upload, actor=scope, context=context.id):
                clear(upload, is_judged=False, is_over=True)


def decide(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """What was chosen row by row on a page of the preview."""
    prefix = "decision-"
    names = [name for name in posted if name.startswith(prefix)]
    chosen = {name.removeprefix(prefix): str(posted[name]) for name in names}
    if not all(row.isascii() and row.isdigit() and len(row) <= 9 for row in chosen):
        raise ValidationError(gettext_lazy("Choose from the lists."), code="invalid_choice")
    shown = {int(row): str(posted[f"known-{row}"]) for row in chosen if f"known-{row}" in posted}
    keep_decisions({int(row): value for row, value in chosen.items()}, upload, scope, shown)


def keep_decisions(
    chosen: Mapping[int, str], upload: ImportUpload, scope: Scope, shown: Mapping[int, str] | None = None
) -> None:
    """Keep decisions and check the file by them. Raises ValidationError where there are none."""
    seen = {row: number for row, number in (shown or {}).items() if chosen.get(row)}
    if not decisions.decide(upload=upload, decisions=chosen, actor=scope, shown=seen):
        raise ValidationError(gettext_lazy("Nothing was decided: no row has a choice."), code="nothing_decided")
    check(upload, scope)


def decide_all(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """One choice for all rows that are still open."""
    if decisions.decide_all(upload=upload, decision=posted.get("all", ""), actor=scope):
        check(upload, scope)


def take_back(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """Forget what was decided, and check the file as it is."""
    decisions.take_back(upload=upload, actor=scope)
    check(upload, scope)


def go_back(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """Back to the choice of the columns."""
    lifecycle.go_back(upload=upload, actor=scope)


def cancel(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """Stop the step that is under way."""
    lifecycle.cancel_upload(upload=upload, actor=scope)


def undo(posted: QueryDict, upload: ImportUpload, scope: Scope) -> None:
    """Undo an applied import: a small one at once, a large one by the worker."""
    with transaction.atomic():
        lifecycle.start_undo(upload=upload, actor=scope)
        if touched(upload) > DIRECT_CUSTOMERS:
            enqueue(tasks.undo_upload.name, upload=str(upload.pk), **for_somebody(scope))
            return
        with pghistory.context(reason=UNDONE(name=upload.name)):
            lifecycle.undo_upload(upload=upload, actor=scope)


def touched(upload: ImportUpload) -> int:
    """How many customers an applied import has created or changed."""
    result = upload.result or {}
    return int(result.get("created", 0) + result.get("changed", 0))


STEPS: Mapping[str, Step] = {
    "dialect": choose_dialect,
    "profile": use_profile,
    "no_profile": decline_profile,
    "columns": choose_columns,
    "check": check_package,
    "back": go_back,
    "confirm": confirm,
    "decide": decide,
    "decide_all": decide_all,
    "take_back": take_back,
    "cancel": cancel,
}
"""By the name of the button, on the pages of whoever has uploaded the file."""
DECIDING = frozenset({"decide", "decide_all", "take_back"})
"""Steps that are only for those who may see customers."""
UNDOING: Mapping[str, Step] = {"undo": undo, "cancel": cancel}
"""On the page where an import is undone, which is for everybody who may."""
