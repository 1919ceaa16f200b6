"""What the pages of customers, customer groups and tags share: saving goes through one operation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import messages
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from customers.edit_side import standing
from mcp.console.linked_messages import link, said
from mcp.console.pages import show
from mcp.console.refused_saves import RefusedSaves
from mcp.console.site import ConsoleModelAdmin, scope_of


class CustomersAdmin(RefusedSaves, ConsoleModelAdmin):
    """The base of the pages of this package.

    `save_model` calls an operation. What it refuses undoes the whole save, and the form is shown again with each
    sentence at the field it is about.
    """

    menu_section: ClassVar[str] = "customers"

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """The page of a new row, titled as its link in the side bar (`menu_add`)."""
        title = {"title": self.menu_add} if self.menu_add else {}
        return super().add_view(request, form_url, {**title, **(extra_context or {})})

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.scope, form.refusal = scope_of(request), getattr(request, "refusal", None)
        return form

    def address(self, page: str, *args: object) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)

    def show(
        self, request: HttpRequest, template: str, context: Mapping[str, object], *, status: int = 200
    ) -> HttpResponse:
        """A page of the model in the frame of the console."""
        side = standing(scope_of(request).base)
        shown = {"opts": self.opts, "edit_side": side, **context}
        return show(request, template, shown, site=self.admin_site, status=status)

    def leave(self, request: HttpRequest, sentence: str, row: Model) -> HttpResponse:
        """Redirect after a row was saved, with a message that links to it.

        Where to depends on the button and on the rights: to the same page, to a new form, or to the list. `sentence`
        contains `%(row)s`.
        """
        address = self.address("change", row.pk) if self.has_view_permission(request) else ""
        messages.success(request, said(sentence, row=link(row, address)))
        if "_addanother" in request.POST and self.has_add_permission(request):
            return HttpResponseRedirect(self.address("add"))
        if not self.has_view_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        if "_continue" in request.POST:
            return HttpResponseRedirect(self.address("change", row.pk))
        filters = {"preserved_filters": self.get_preserved_filters(request), "opts": self.opts}
        return HttpResponseRedirect(add_preserved_filters(filters, self.address("changelist")))
