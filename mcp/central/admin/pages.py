"""What the pages of this package share: saving by an operation, and links to more pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _

from mcp.console.pages import Link, Question, ask, done
from mcp.console.refused_saves import RefusedSaves
from mcp.console.site import ConsoleModelAdmin, scope_of
from mcp.isolation.guards import guard
from mcp.isolation.scope import Scope

type View = Callable[..., HttpResponse]

_KEY = re.compile(r"[0-9]+")
"""What can be the key of an object; anything may stand in its place in an address."""


class OperationAdmin(RefusedSaves):
    """Mixin: what is saved goes through one operation, and each of its refusals is shown at the form.

    The form class gets `scope`, and `refusal` while a refused form is shown again (see forms.refusals).
    """

    change_form_template = "mcp/change_form.html"
    pages: ClassVar[tuple[tuple[str, str, View], ...]] = ()
    """Further pages below the model's address: (path, name, view)."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        links = self.links(request, object_id) if object_id and _KEY.fullmatch(object_id) else []
        extra_context = {**(extra_context or {}), "page_links": links}
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """The form for this request, without the fields of its own that the page does not offer here."""
        parent: Any = super()
        form = parent.get_form(request, obj, change=change, **kwargs)
        bound = {"scope": getattr(request, "scope", None), "refusal": getattr(request, "refusal", None)}
        left_out = form.declared_fields.keys() - self._offered(request, obj, kwargs) if kwargs.get("fields") else ()
        return type(form.__name__, (form,), {**bound, **dict.fromkeys(left_out)})

    def _offered(self, request: HttpRequest, obj: Any, options: dict[str, Any]) -> set[str]:
        page: Any = self
        return set(options["fields"]) - set(page.get_readonly_fields(request, obj))

    def links(self, request: HttpRequest, object_id: str) -> Iterable[Link]:
        """The buttons above the page of one object."""
        return []

    def get_urls(self) -> list[Any]:
        parent: Any = super()
        site: Any = self.admin_site  # type: ignore[attr-defined]
        return [path(address, site.admin_view(view), name=name) for address, name, view in self.pages] + list(
            parent.get_urls()
        )


class ConsolePages(OperationAdmin, ConsoleModelAdmin):
    """The base of the central administration's models at a location."""

    actions = None  # rights and people are changed one by one, each with its reasons
    menu_section: ClassVar[str] = "mcp"

    def demand_row(self, row: Any, scope: Scope) -> None:
        """Raise MissingRight unless this very row may be changed here; the right as such is asked before."""

    @guard()
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id and request.method == "POST":
            self.demand_row(self.row_or_404(request, object_id), scope_of(request))
        return super().changeform_view(request, object_id, form_url, extra_context)

    @guard()
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask, then remove by the operation; a refusal is shown on the same page."""
        self.demand(request, "delete")
        row, scope = self.row_or_404(request, object_id), scope_of(request)
        self.demand_row(row, scope)
        question = self.before_removal(row, scope)
        if request.method != "POST":
            return ask(request, question)
        sentence = _("%(row)s is gone.") % {"row": row}
        try:
            self.remove(row, scope)
        except ValidationError as refusal:
            return ask(request, question, refusal=refusal)
        return done(request, sentence, self.list_address())

    def list_address(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def object_address(self, row: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def before_removal(self, row: Any, scope: Scope) -> Question:
        """What is asked first. As `remove`, asked by `delete_view` alone: pages that delete nothing never come here."""
        raise NotImplementedError(f"{type(self).__name__} removes nothing")

    def remove(self, row: Any, scope: Scope) -> None:
        """Delete the row by its operation, which the page of each model names."""
        raise NotImplementedError(f"{type(self).__name__} removes nothing")
