"""The pages of saved filters. Mounted by the customers' admin: `*filter_urls()` in its get_urls."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers import formats
from customers.console.frame import LIST, show_page
from customers.filters.saved import asked_today, canonical, delete_filter, may_change, save_filter
from customers.models import SavedFilter
from customers.selection.selecting import select
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope

FILTERS, NEW, OPEN, ONE = (
    "customers_filters", "customers_filter_new", "customers_filter_open", "customers_filter",
)  # fmt: skip


class NameForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("name"), max_length=60, required=False)
    is_shared = forms.BooleanField(label=gettext_lazy("for everybody who works with these customers"), required=False)

    def clean_name(self) -> str:
        return formats.without_invisible(self.cleaned_data["name"]).strip()


def filter_urls() -> list[URLPattern]:
    """The addresses of saved filters, to be put in front of the others of the customers' admin."""
    return [
        path("filters/", console.admin_view(filters_page), name=FILTERS),
        path("filters/new/", console.admin_view(new_page), name=NEW),
        path("filters/<int:pk>/", console.admin_view(open_page), name=OPEN),
        path("filters/<int:pk>/change/", console.admin_view(change_page), name=ONE),
    ]


def filters_page(request: HttpRequest) -> HttpResponse:
    """One's own filters, and those that are shared."""
    scope = _viewer(request)
    found = [(saved, may_change(saved, scope)) for saved in SavedFilter.objects.seen_by(scope)]
    return show_page(request, "filters/list", _("Saved filters"), saved=found)


def new_page(request: HttpRequest) -> HttpResponse:
    """Save the filters of the list under a name."""
    scope = _viewer(request)
    query = canonical(request.GET)
    form = NameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        saved = SavedFilter(query=query, **form.cleaned_data)
        if _saved(form, saved, scope):
            messages.success(request, _("The filter “%(name)s” is saved.") % {"name": saved.name})
            return HttpResponseRedirect(f"{reverse(LIST)}?{saved.query}")
    wanted = select(scope, query)
    return show_page(
        request, "filters/filter", _("Save these filters"), form=form, words=wanted.in_words,
        may_share=_may_share(scope), back=f"{reverse(LIST)}?{query}",
    )  # fmt: skip


def open_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Redirect to the list with the filter, with a message about what was left out of it."""
    scope = _viewer(request)
    asked = asked_today(_seen_or_404(scope, pk), scope)
    for sentence in asked.left_out:
        messages.warning(request, sentence)
    return HttpResponseRedirect(f"{reverse(LIST)}?{asked.query}")


def change_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename a filter, share it or not, or delete it."""
    scope = _viewer(request)
    saved = _seen_or_404(scope, pk)
    if request.POST.get("step") == "delete":
        delete_filter(saved=saved, actor=scope)
        messages.success(request, _("The filter “%(name)s” is deleted.") % {"name": saved.name})
        return HttpResponseRedirect(reverse(f"admin:{FILTERS}"))
    name = saved.name
    form = NameForm(request.POST or None, initial={"name": name, "is_shared": saved.is_shared})
    if request.method == "POST" and form.is_valid():
        saved.name, saved.is_shared = form.cleaned_data["name"], form.cleaned_data["is_shared"]
        if _saved(form, saved, scope):
            messages.success(request, _("The filter “%(name)s” is saved.") % {"name": saved.name})
            return HttpResponseRedirect(reverse(f"admin:{FILTERS}"))
    may = may_change(saved, scope)
    return show_page(
        request, "filters/filter", name, form=form, saved=saved, may_share=_may_share(scope), may_change=may,
        back=reverse(f"admin:{FILTERS}"),
    )  # fmt: skip


def _saved(form: forms.Form, saved: SavedFilter, scope: Scope) -> bool:
    try:
        with told_as_refusals():
            save_filter(saved=saved, actor=scope)
    except ValidationError as refusal:
        form.add_error("name", ValidationError(refusal.messages))
        return False
    return True


def _may_share(scope: Scope) -> bool:
    return scope.allows(Right.MANAGE_CUSTOMER_GROUPS)


def _viewer(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    scope.demand(Right.VIEW_CUSTOMERS)
    return scope


def _seen_or_404(scope: Scope, pk: int) -> SavedFilter:
    saved = SavedFilter.objects.seen_by(scope).filter(pk=pk).first()
    if saved is None:
        raise Http404
    return saved
