"""What every page of the console stands on: rights and rows come from the scope, and nothing is open by default.

A ModelAdmin of the console declares four things: which right each action needs (`rights`), which rows exist for a
scope (`rows`), which rows each of its foreign keys may offer (`related_rows`), and its fields. What is not declared
is not there: no right, no rows, no choices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.admin import ActionLocation
from django.contrib.admin.options import InlineModelAdmin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import Field
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext
from unfold.admin import ModelAdmin as UnfoldModelAdmin
from unfold.sites import UnfoldAdminSite

from locations.permissions import Right
from mcp import panels, views
from mcp.context import FAVICONS
from mcp.scope import Scope

type Rows = Callable[[Scope], QuerySet[Any]]


def scope_of(request: HttpRequest) -> Scope:
    """The scope of a request of the console. Raises PermissionDenied where there is none."""
    scope: Scope | None = getattr(request, "scope", None)
    if scope is None:
        raise PermissionDenied
    return scope


class StrictModelAdmin(UnfoldModelAdmin):
    """The base of every model's pages: what is not there answers 404, whosever it is."""

    def get_urls(self) -> list[Any]:
        """Without the nameless address of old, which leads on whoever asks."""
        return [url for url in super().get_urls() if url.name]

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's own log is not kept: it repeats names across locations. Models with a history have a page."""
        raise Http404

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> HttpResponse:
        raise Http404


class ConsoleModelAdmin(StrictModelAdmin):
    """The base of every model's pages at a location."""

    rights: ClassVar[Mapping[str, Right]] = {}
    """Which right 'view', 'add', 'change' and 'delete' need. An action that is missing is impossible."""
    related_rows: ClassVar[Mapping[str, Rows]] = {}
    """For each foreign key the rows that may be chosen in a scope. A key that is missing offers none."""

    is_in_menu: ClassVar[bool] = True
    menu_section: ClassVar[str] = ""
    """The heading of the side bar (see mcp.menu.Section); left empty, the one of the app."""
    menu_icon: ClassVar[str] = "list"
    menu_order: ClassVar[int] = 50
    menu_add: ClassVar[str | Promise] = ""
    """The title of a link to the page for a new one, for what is done every day; empty: none."""
    menu_add_icon: ClassVar[str] = "add_circle"

    list_filter_submit = True
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    compressed_fields = True
    warn_unsaved_form = True
    save_on_top = False

    def rows(self, scope: Scope) -> QuerySet[Any]:
        """The rows of this model that exist for the scope."""
        raise NotImplementedError(f"{type(self).__name__} says nothing about its rows")

    # --- rights -------------------------------------------------------------------------------------------

    def allows(self, request: HttpRequest, action: str) -> bool:
        scope: Scope | None = getattr(request, "scope", None)
        right = self.rights.get(action)
        return scope is not None and right is not None and scope.allows(right)

    def demand(self, request: HttpRequest, action: str) -> None:
        """Raise MissingRight (403, naming the right) unless the action is allowed, Http404 for an impossible one."""
        right = self.rights.get(action)
        if right is None:
            raise Http404
        scope_of(request).demand(right)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "view")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "add")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "view") and self.allows(request, "change")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.allows(request, "view") and self.allows(request, "delete")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.allows(request, "view") or self.allows(request, "add")

    # --- pages: ask first, so that the refusal names the right ----------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        self.demand(request, "view")
        return super().changelist_view(request, extra_context)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.demand(request, "add")
        return super().add_view(request, form_url, extra_context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        self.demand(request, "view")
        if request.method == "POST":
            self.demand(request, "change")
        return super().change_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.demand(request, "delete")
        return super().delete_view(request, object_id, extra_context)

    # --- rows ---------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        scope: Scope | None = getattr(request, "scope", None)
        rows = self.model._default_manager.none() if scope is None else self.rows(scope)
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = self._related(db_field, request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Field | None:
        kwargs["queryset"] = self._related(db_field, request)
        field: Field | None = super().formfield_for_manytomany(db_field, request, **kwargs)
        return field

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        return self._related(db_field, request)

    def _related(self, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        scope: Scope | None = getattr(request, "scope", None)
        rows = self.related_rows.get(db_field.name)
        if scope is None or rows is None:
            empty: QuerySet[Any] = db_field.remote_field.model._default_manager.none()
            return empty
        return rows(scope)

    # --- what Django would keep beside the history ----------------------------------------------------------

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing: the database keeps the history, and Django's log would copy names out of their scope."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """Nothing, as above."""

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Nothing, as above."""

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[InlineModelAdmin[Any, Any]]:
        return []

    def get_actions(self, request: HttpRequest, action_location: Any = ActionLocation.CHANGE_LIST) -> Any:
        actions = super().get_actions(request, action_location)
        actions.pop("delete_selected", None)  # nothing is deleted by the handful
        return actions

    def get_action_choices(
        self,
        request: HttpRequest,
        default_choices: list[tuple[str, Any]] | None = None,
        action_location: Any = ActionLocation.CHANGE_LIST,
    ) -> Any:
        """Django's own: that of the admin look does not know on which page the actions stand."""
        first = default_choices or [("", gettext("Choose an action"))]
        return super(UnfoldModelAdmin, self).get_action_choices(request, first, action_location)


UNSCOPED_PAGES = frozenset({"view_on_site", "autocomplete", "search", "app_list"})
"""Pages of the stock admin that serve every model at once: a redirect to any object, one autocomplete for all
foreign keys, a search whose results are cached by user without regard to the location, and a list of an app's
models, which knows nothing of our side bar."""


def _without(urls: list[Any], names: frozenset[str]) -> list[Any]:
    return [url for url in urls if getattr(url, "name", None) not in names]


class _Site(UnfoldAdminSite):
    """What both sites share: the frame around each page."""

    final_catch_all_view = False
    empty_value_display = "–"

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "site_url": None, "site_favicons": FAVICONS}

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """None: the side bar is ours (see mcp.navigation)."""
        return []

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The next person at this machine starts in the language of his own."""
        response: HttpResponse = super().logout(request, extra_context)
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
        return response


class ConsoleSite(_Site):
    """The pages of one location, mounted at its address."""

    def has_permission(self, request: HttpRequest) -> bool:
        return getattr(request, "scope", None) is not None

    def get_urls(self) -> list[Any]:
        """Without what reaches past the pages of the models: see UNSCOPED_PAGES. The login is outside."""
        panel = path("overview/<slug:name>/", self.admin_view(self.panel), name="panel")
        return [panel, *_without(super().get_urls(), UNSCOPED_PAGES | {"login"})]

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """The title of each page ends with the location, so that two tabs can be told apart."""
        context = super().each_context(request)
        scope: Scope | None = getattr(request, "scope", None)
        return {**context, "site_title": f"{scope.location} · {context['site_title']}"} if scope else context

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The front page: the panels that the rights open. Without any right at all it is refused."""
        scope = scope_of(request)
        if not scope.rights:
            scope.demand(Right.VIEW_CUSTOMERS)
        shown = [
            (panel, "" if panel.is_deferred else panels.render(request, panel, scope)) for panel in panels.shown(scope)
        ]
        return super().index(request, {"title": gettext("Overview"), "panels": shown, **(extra_context or {})})

    def panel(self, request: HttpRequest, name: str) -> HttpResponse:
        """One panel alone, for those that the front page loads afterwards."""
        found, scope = panels.find(name), scope_of(request)
        if found is None:
            raise Http404
        scope.demand(found.right)
        return HttpResponse(panels.render(request, found, scope))


console = ConsoleSite(name="admin")
"""Named 'admin' because the templates of the admin look reverse by that name."""


class ProviderSite(_Site):
    """The pages outside any location: login, chooser, and the businesses for the provider's support."""

    index_template = "shell/chooser.html"

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active)

    def get_urls(self) -> list[Any]:
        return _without(super().get_urls(), UNSCOPED_PAGES)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        response: Any = views.LoginView.as_view()(request)
        return response

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The chooser; whoever works at one location only goes straight there."""
        return views.choose_location(request, super().index)


provider = ProviderSite(name="admin")
