"""An operation that refuses undoes the whole save, and the form is shown again with each error at its field."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from locations.violations import told_as_refusals


class RefusedSaves:
    """Mixin of a model's pages whose `save_model` calls an operation. The form reads the refusal from the request."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        """Saves. Where the operation refuses, the form is made again, outside of the transaction that was undone."""
        parent: Any = super()
        try:
            with told_as_refusals():
                return parent.changeform_view(request, object_id, form_url, extra_context)
        except ValidationError as refusal:
            request.refusal = refusal  # type: ignore[attr-defined]
            return parent.changeform_view(request, object_id, form_url, extra_context)
