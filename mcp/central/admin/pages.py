"""What the pages of this package have in common: saving by an operation, further pages, buttons above a page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from locations.text import LazyText
from mcp.console.operation_forms import OperationForm
from mcp.console.pages import Link, Question, ask, done
from mcp.console.refused_saves import RefusedSaves
from mcp.console.site import ConsoleModelAdmin, scope_of
from mcp.isolation.branch import demand_made_here, is_paired
from mcp.isolation.guards import guard
from mcp.isolation.scope import Scope

type View = Callable[..., HttpResponse]
type Fieldsets = list[tuple[LazyText, dict[str, list[str]]]]
"""The headings of a form, each with its fields: {"fields": [names]}."""

_KEY = re.compile(r"[0-9]+")
"""The form of a key; the address of a page can have anything in its place."""


class OperationAdmin[Row: Model](RefusedSaves):
    """Mixin: what is saved goes through one operation, and each of its refusals is shown at the form.

    The form class gets `scope`, and `refusal` while a refused form is shown again (mcp/console/refused_saves.py).
    """

    change_form_template = "mcp/change_form.html"
    pages: ClassVar[tuple[tuple[str, str, View], ...]] = ()
    """Further pages below the model's address: (path, name, view)."""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        links = self.links(request, object_id) if object_id and _KEY.fullmatch(object_id) else []
        extra_context = {**(extra_context or {}), "page_links": links}
        return super().changeform_view(request, object_id, form_url, extra_context)

    def get_form(
        self, request: HttpRequest, obj: Row | None = None, change: bool = False, **kwargs: Any
    ) -> type[OperationForm]:
        """The form for this request, without the declared fields that the page does not show here."""
        parent: Any = super()
        form = parent.get_form(request, obj, change=change, **kwargs)
        bound = {"scope": getattr(request, "scope", None), "refusal": getattr(request, "refusal", None)}
        left_out = form.declared_fields.keys() - self._offered(request, obj, kwargs) if kwargs.get("fields") else ()
        return type(form.__name__, (form,), {**bound, **dict.fromkeys(left_out)})

    def _offered(self, request: HttpRequest, obj: Row | None, options: dict[str, Any]) -> set[str]:
        """The names of the fields that can be edited here."""
        page: Any = self
        return set(options["fields"]) - set(page.get_readonly_fields(request, obj))

    def links(self, request: HttpRequest, object_id: str) -> Iterable[Link]:
        """The buttons above the page of a row."""
        return []

    def get_urls(self) -> list[URLPattern]:
        parent: Any = super()
        site: Any = self.admin_site  # type: ignore[attr-defined]
        return [path(address, site.admin_view(view), name=name) for address, name, view in self.pages] + list(
            parent.get_urls()
        )


class ConsolePages[Row: Model](OperationAdmin[Row], ConsoleModelAdmin[Row]):
    """The base of the pages of the central administration at a location."""

    actions = None  # rights and people are changed one by one, each with its reasons
    menu_section: ClassVar[str] = "mcp"

    def allows(self, request: HttpRequest, action: str) -> bool:
        """At a branch that is paired with its central these pages are only looked at."""
        return super().allows(request, action) and (action == "view" or not is_paired())

    def demand(self, request: HttpRequest, action: str) -> None:
        """As above: raise MadeAtCentral for what is more than looking."""
        super().demand(request, action)
        if action != "view":
            demand_made_here()

    def demand_row(self, row: Row, scope: Scope) -> None:
        """Raise MissingRight unless this row may be changed here. (The right for the action is checked before.)"""

    @guard()
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        if object_id and request.method == "POST":
            self.demand_row(self.row_or_404(request, object_id), scope_of(request))
        return super().changeform_view(request, object_id, form_url, extra_context)

    @guard()
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Ask for confirmation, then delete by the operation; a refusal is shown on the same page."""
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
        """The address of the list of this model."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def object_address(self, row: Row) -> str:
        """The address of the page of a row."""
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[row.pk])

    def before_removal(self, row: Row, scope: Scope) -> Question:
        """The question before a row is deleted. Needed where there is a right for 'delete'."""
        raise NotImplementedError(f"{type(self).__name__} removes nothing")

    def remove(self, row: Row, scope: Scope) -> None:
        """Delete the row by its operation. Needed where there is a right for 'delete'."""
        raise NotImplementedError(f"{type(self).__name__} removes nothing")
