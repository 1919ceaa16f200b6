"""What waits for somebody who imports and exports: his own files, while they are kept (mcp/console/waiting.py)."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.choices import UploadState
from customers.exports import files
from customers.imports.lifecycle import uploads_of
from customers.models import ImportUpload
from files import lifecycle
from files.choices import FileState
from locations.permissions import Right
from mcp.console.waiting import Source, Thing, register
from mcp.isolation.scope import Scope

SENTENCES = {
    "import_columns": _("Import of %(name)s: say what its columns are"),
    "import_undecided": _("Import of %(name)s: decide about rows that look like known customers: %(count)s"),
    "import_checked": _("Import of %(name)s: it is checked, look at it and carry it out"),
    "import_failed": _("Import of %(name)s: it broke off, look why"),
    "export_ready": _("Fetch the export %(name)s"),
}


def things(scope: Scope) -> Iterator[Thing]:
    """The user's own imports that are not finished and exports that he has not fetched. Two queries."""
    if scope.allows(Right.IMPORT_CUSTOMERS):
        yield from _imports(scope)
    if scope.allows(Right.EXPORT_CUSTOMERS):
        yield from _exports(scope)


def _imports(scope: Scope) -> Iterator[Thing]:
    states = [UploadState.UPLOADED, UploadState.CHECKED, UploadState.FAILED]
    for upload in uploads_of(scope, now=timezone.now()).filter(state__in=states):
        code, undecided = _code(upload, scope)
        yield Thing(
            code=code,
            values={"name": upload.name, "count": undecided},
            page="admin:customers_import_upload",
            arguments=[str(upload.pk)],
            since=upload.state_since,
            key=f"import {upload.pk} {upload.state_since.isoformat()}",
        )


def _code(upload: ImportUpload, scope: Scope) -> tuple[str, int]:
    """What is to be done with it, and how many rows are to be decided about, for those who may see customers."""
    if upload.state == UploadState.UPLOADED:
        return "import_columns", 0
    if upload.state == UploadState.FAILED:
        return "import_failed", 0
    undecided = (upload.preview or {}).get("similar", 0) if scope.allows(Right.VIEW_CUSTOMERS) else 0
    return ("import_undecided", undecided) if undecided else ("import_checked", 0)


def _exports(scope: Scope) -> Iterator[Thing]:
    now = timezone.now()
    lately = files.exports_of(scope).filter(state=FileState.DONE, state_since__gt=now - files.LIFETIME)
    for export in lately.filter(downloads=None):
        if not lifecycle.is_ready(files.EXPORTS, export, now=now):
            continue
        yield Thing(
            code="export_ready",
            values={"name": export.name},
            page="admin:customers_export_file",
            arguments=[str(export.pk)],
            since=export.state_since,
            key=f"export {export.pk}",
        )


register(
    Source(
        name="customers",
        rights=frozenset({Right.IMPORT_CUSTOMERS, Right.EXPORT_CUSTOMERS}),
        things=things,
        sentences=SENTENCES,
        list_page="admin:customers_import",
    )
)
