"""The two sites of the admin, and the base class of the pages of a location: rights and rows come from the scope.

A ModelAdmin declares four things: the right for each action (`rights`), the rows that exist for a scope (`rows`), the
rows that its foreign keys offer (`related_rows`), and its fields. What it does not declare does not exist: no right, no
rows, no choices. mcp/console/hardened_admin.py switches off what else Django would show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import update_wrapper
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.contrib.admin.utils import NestedObjects
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import BadRequest, ImproperlyConfigured, PermissionDenied
from django.db import router
from django.db.models import Model, QuerySet
from django.db.models.fields.related import RelatedField
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from unfold.sites import UnfoldAdminSite

from locations.permissions import Right
from mcp.console import entry_pages, panels, switching
from mcp.console.hardened_admin import ClosedModelAdmin, ways_left_open
from mcp.console.page_context import FAVICONS
from mcp.console.start_location import StartsNowhere, start_here
from mcp.isolation.branch import demand_made_here
from mcp.isolation.guards import guard, nothing, yes
from mcp.isolation.scope import Scope
from mcp.login.own_password_form import OwnPasswordForm

type Rows = Callable[[Scope], QuerySet]
"""The rows of a model that exist for a scope."""
type Url = URLPattern | URLResolver
type Page = Callable[..., HttpResponseBase]


def scope_of(request: HttpRequest) -> Scope:
    """The scope of a request of the console. Raises PermissionDenied where there is none."""
    scope: Scope | None = getattr(request, "scope", None)
    if scope is None:
        raise PermissionDenied
    return scope


class ConsoleModelAdmin[Row: Model](ClosedModelAdmin[Row]):
    """The base of every model's pages at a location."""

    rights: ClassVar[Mapping[str, Right]] = {}
    """The rights for 'view', 'add', 'change' and 'delete'. An action without one is impossible."""
    related_rows: ClassVar[Mapping[str, Rows]] = {}
    """For each foreign key the rows that it offers in a scope. One that is missing offers none."""
    cascades: ClassVar[Mapping[str, Rows]] = {}
    """For each table without a page ("mcp.Membership") the rows that may be deleted along with a row of this model."""

    is_in_menu: ClassVar[bool] = True
    menu_section: ClassVar[str] = ""
    """The heading in the side bar (see mcp.console.menu.Section); if empty, that of the app."""
    menu_icon: ClassVar[str] = "list"
    menu_order: ClassVar[int] = 50
    menu_add: ClassVar[str | Promise] = ""
    """The title of a link to the page for a new row, where that is done every day; without a title there is no link."""
    menu_add_icon: ClassVar[str] = "add_circle"

    list_filter_submit = True
    warn_unsaved_form = True
    save_on_top = False

    def rows(self, scope: Scope) -> QuerySet[Row]:
        """The rows of this model that exist for the scope.

        Each page defines it; one that does not cannot be registered. It is not an abstract method, because Django's
        pages have another metaclass than ABC.
        """
        raise NotImplementedError(f"{type(self).__name__} says nothing about its rows")

    # --- rights -------------------------------------------------------------------------------------------

    @guard(off=yes)
    def allows(self, request: HttpRequest, action: str) -> bool:
        """Whether the scope of the request has the right for the action ('view', 'add', 'change' or 'delete')."""
        scope: Scope | None = getattr(request, "scope", None)
        right = self.rights.get(action)
        return scope is not None and right is not None and scope.allows(right)

    @guard(off=nothing)
    def demand(self, request: HttpRequest, action: str) -> None:
        """Raise MissingRight unless the action is allowed, and Http404 for an action without a right."""
        right = self.rights.get(action)
        if right is None:
            raise Http404
        scope_of(request).demand(right)

    @guard(off=yes)
    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.allows(request, "view")

    @guard(off=yes)
    def has_add_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.allows(request, "add")

    @guard(off=yes)
    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.allows(request, "view") and self.allows(request, "change")

    @guard(off=yes)
    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return self.allows(request, "view") and self.allows(request, "delete")

    @guard(off=yes)
    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.allows(request, "view") or self.allows(request, "add")

    # --- pages: ask first, so that the refusal names the right ----------------------------------------------

    @guard()
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        self.demand(request, "view")
        return super().changelist_view(request, extra_context)

    @guard()
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        self.demand(request, "add")
        return super().add_view(request, form_url, extra_context)

    @guard()
    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        self.demand(request, "view")
        if request.method == "POST":
            self.demand(request, "change")
        return super().change_view(request, object_id, form_url, extra_context)

    @guard()
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        self.demand(request, "delete")
        return super().delete_view(request, object_id, extra_context)

    # --- rows ---------------------------------------------------------------------------------------------

    @guard()
    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        """The rows that exist for the scope of the request; none without a scope."""
        scope: Scope | None = getattr(request, "scope", None)
        rows = self.model._default_manager.none() if scope is None else self.rows(scope)
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    @guard()
    def get_field_queryset(self, db: str | None, db_field: RelatedField, request: HttpRequest) -> QuerySet:
        """The rows that a foreign key or many-to-many field offers: those of `related_rows`, else none."""
        scope: Scope | None = getattr(request, "scope", None)
        rows = self.related_rows.get(db_field.name)
        if scope is None or rows is None:
            empty: QuerySet = db_field.remote_field.model._default_manager.none()
            return empty
        return rows(scope)

    # --- deleting -----------------------------------------------------------------------------------------

    @guard()
    def get_deleted_objects(
        self, objs: QuerySet[Row] | list[Row], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """For the page that asks, and before deleting.

        Raises PermissionDenied where a row out of reach would be deleted too.
        """
        collector = NestedObjects(using=router.db_for_write(self.model), origin=objs)
        collector.collect(objs)
        going = {model: {row.pk for row in rows} for model, rows in collector.data.items()}
        for row in collector.protected:
            going.setdefault(type(row), set()).add(row.pk)
        for model, pks in going.items():
            if self._reachable(model, request).filter(pk__in=pks).count() != len(pks):
                raise PermissionDenied
        return super().get_deleted_objects(objs, request)

    def _reachable(self, model: type[Model], request: HttpRequest) -> QuerySet:
        rows = self.cascades.get(model._meta.label)
        page = self if model is self.model else self.admin_site._registry.get(model)
        if rows is not None:
            return rows(scope_of(request))
        return model._default_manager.none() if page is None else page.get_queryset(request)


UNSCOPED_PAGES = frozenset({"view_on_site", "autocomplete", "search", "app_list"})
"""Pages of the stock admin that serve every model at once: a redirect to any object, one autocomplete for all
foreign keys, a search whose results are cached by user without regard to the location, and a list of an app's
models, which knows nothing of our side bar."""


def _without(urls: list[Url], names: frozenset[str]) -> list[Url]:
    return [url for url in urls if getattr(url, "name", None) not in names]


class _Site(UnfoldAdminSite):
    """What both sites have in common: the frame of each page."""

    final_catch_all_view = False
    empty_value_display = "–"
    page_class: type[ClosedModelAdmin] = ClosedModelAdmin

    @guard()
    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ClosedModelAdmin] | None = None,
        **options: object,
    ) -> None:
        """Raises ImproperlyConfigured for a page that does not declare what it shows."""
        for model in [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable:
            if admin_class is None or not issubclass(admin_class, self.page_class):
                raise ImproperlyConfigured(f"{admin_class} must be a {self.page_class.__name__}")
            if faults := [*self.faults(admin_class, model)]:
                raise ImproperlyConfigured(f"{admin_class.__name__}: {'; '.join(faults)}")
        super().register(model_or_iterable, admin_class, **options)

    def faults(self, admin_class: type[ClosedModelAdmin], model: type[Model]) -> Iterator[str]:
        """Sentences that say why a page cannot be registered; none for one that can."""
        return ways_left_open(admin_class, model)

    def admin_view(self, view: Page, cacheable: bool = False) -> Page:
        page: Page = super().admin_view(view, cacheable)

        def whole_page(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            self.refuse_popup(request)
            return page(request, *args, **kwargs)

        return update_wrapper(whole_page, page)

    @guard(off=nothing)
    def refuse_popup(self, request: HttpRequest) -> None:
        """Raise BadRequest for a popup: it would hand the rows of a model to whatever page has opened it."""
        if IS_POPUP_VAR in request.GET or IS_POPUP_VAR in request.POST:
            raise BadRequest

    def each_context(self, request: HttpRequest) -> dict[str, object]:
        return {**super().each_context(request), "site_url": None, "site_favicons": FAVICONS}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, object]]:
        """Empty: the side bar is our own (see mcp.console.navigation)."""
        return []

    def password_change(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponseBase:
        """With our form; unfold's page uses its own. Raises MadeAtCentral at a branch that is paired."""
        demand_made_here()
        request.current_app = self.name
        page = PasswordChangeView.as_view(
            form_class=OwnPasswordForm,
            success_url=reverse(f"{self.name}:password_change_done"),
            template_name=self.password_change_template or PasswordChangeView.template_name,
            extra_context={**self.each_context(request), **(extra_context or {})},
        )
        return page(request)

    def logout(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """Also forgets the language, so that the next person at this machine gets his own."""
        response: HttpResponse = super().logout(request, extra_context)
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
        return response


class ConsoleSite(_Site):
    """The pages of one location, mounted at its address."""

    page_class = ConsoleModelAdmin

    def faults(self, admin_class: Any, model: type[Model]) -> Iterator[str]:
        """Also where `rights` or `rows` are missing."""
        yield from super().faults(admin_class, model)
        if "view" not in admin_class.rights and "add" not in admin_class.rights:
            yield "rights says nothing about who may view or add"
        if admin_class.rows is ConsoleModelAdmin.rows:
            yield "rows says nothing about what exists in a scope"

    @guard(off=yes)
    def has_permission(self, request: HttpRequest) -> bool:
        return getattr(request, "scope", None) is not None

    @guard()
    def get_urls(self) -> list[Url]:
        """Without UNSCOPED_PAGES and the login, which is outside of the locations."""
        own = [
            path("overview/<slug:name>/", self.admin_view(self.panel), name="panel"),
            path("switched/", self.admin_view(self.switched), name="switched"),
            path("start/", self.admin_view(self.start), name="start"),
        ]
        return [*own, *_without(super().get_urls(), UNSCOPED_PAGES | {"login"})]

    def each_context(self, request: HttpRequest) -> dict[str, object]:
        """The title of each page ends with the location, so that tabs can be told apart."""
        context = super().each_context(request)
        scope: Scope | None = getattr(request, "scope", None)
        return {**context, "site_title": f"{scope.location} · {context['site_title']}"} if scope else context

    def index(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> TemplateResponse:
        """The front page: the panels that the rights allow. Raises MissingRight without any right."""
        scope = self.scope_with_rights(request)
        shown = [
            (panel, "" if panel.is_deferred else panels.render(request, panel, scope)) for panel in panels.shown(scope)
        ]
        return super().index(request, {"title": gettext("Overview"), "panels": shown, **(extra_context or {})})

    def scope_with_rights(self, request: HttpRequest) -> Scope:
        """The scope, if it has any right. Raises MissingRight."""
        scope = scope_of(request)
        self.demand_any_right(scope)
        return scope

    def switched(self, request: HttpRequest) -> HttpResponse:
        """Redirect to the page that was open at the other location, or to the nearest one that the user may open."""
        return HttpResponseRedirect(switching.arrival(request, self.scope_with_rights(request), self))

    def start(self, request: HttpRequest) -> HttpResponse:
        """Make this the user's start location, or no longer; then redirect to the page from which the form was sent."""
        scope = self.scope_with_rights(request)
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        is_wanted = request.POST.get("start") != "no"
        try:
            start_here(is_wanted=is_wanted, actor=scope)
        except StartsNowhere as refusal:
            messages.info(request, " ".join(refusal.messages))
        else:
            sentence = (
                gettext("You start at %(location)s from now on.")
                if is_wanted
                else gettext("You do not start at %(location)s any more.")
            )
            messages.success(request, sentence % {"location": scope.location})
        return HttpResponseRedirect(switching.stay(request, scope, self))

    def panel(self, request: HttpRequest, name: str) -> HttpResponse:
        """One panel alone; the front page loads it after it was shown."""
        found, scope = panels.find(name), scope_of(request)
        if found is None:
            raise Http404
        if found.right is None:
            self.demand_any_right(scope)
        else:
            scope.demand(found.right)
        return HttpResponse(panels.render(request, found, scope))

    def demand_any_right(self, scope: Scope) -> None:
        """Raise MissingRight where the scope has no rights."""
        if not scope.rights:
            scope.demand(Right.VIEW_CUSTOMERS)


console = ConsoleSite(name="admin")
"""Named 'admin' because the templates of the admin look reverse by that name."""


class ProviderSite(_Site):
    """The pages outside any location: login, chooser, and the businesses for the provider's support."""

    index_template = "shell/chooser.html"

    @guard(off=yes)
    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active)

    @guard()
    def get_urls(self) -> list[Url]:
        return _without(super().get_urls(), UNSCOPED_PAGES)

    def login(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponseBase:
        """The login of a business's people."""
        return entry_pages.LoginView.as_view()(request)

    def index(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        """The chooser of locations; somebody with only one location is redirected there."""
        return entry_pages.choose_location(request, super().index)


provider = ProviderSite(name="admin")
