"""The pages of locations: list, open, change, close and reopen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.contrib.filters.admin import DropdownFilter
from unfold.decorators import display

from locations import legacy
from locations.choices import BaseKind, EditSide, LocationKind
from locations.models import Location
from locations.operations import why_not_closed, why_not_reopened
from locations.permissions import Right
from locations.querysets import LocationQuerySet
from locations.text import LazyText
from mcp.central import operations
from mcp.central.admin.edit_side import edit_side_changes
from mcp.central.admin.pages import ConsolePages, Fieldsets
from mcp.central.forms.locations import LocationForm, NewLocationForm
from mcp.console.linked_messages import link, said
from mcp.console.operation_forms import OperationForm
from mcp.console.pages import Link, Question, ask, done, sentences_of, show
from mcp.console.site import console, scope_of
from mcp.isolation import access
from mcp.isolation.branch import is_branch
from mcp.isolation.guards import guard
from mcp.isolation.scope import Scope
from mcp.models import User

ADDRESS = (gettext_lazy("Location"), {"fields": ["name", "street", "postal_code", "city"]})
NUMBERS = ["client_number", "branch_number", "first_number", "last_number", "is_franchise"]


BASE_COLORS = {BaseKind.OFFLINE.value: "warning", BaseKind.SHARED.value: "info"}


class BaseFilter(DropdownFilter):
    """Locations by the kind of the customer base on which they work."""

    title = gettext_lazy("customer base")
    parameter_name = "base_kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Sequence[tuple[str, LazyText]]:
        return BaseKind.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Location]) -> QuerySet[Location]:
        return queryset.filter(base__kind=self.value()) if self.value() in BaseKind.values else queryset


class ClosedFilter(DropdownFilter):
    """Locations that are open, or closed."""

    title = gettext_lazy("state")
    parameter_name = "closed"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Sequence[tuple[str, LazyText]]:
        return [("no", _("open")), ("yes", _("closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Location]) -> QuerySet[Location]:
        if self.value() not in {"no", "yes"}:
            return queryset
        return queryset.filter(closed_at__isnull=self.value() == "no")


def may_open(scope: Scope) -> bool:
    """Whether branches can be opened here: at the central of a group, by somebody who manages all its locations."""
    return scope.location.is_central and operations.manages_all_locations(scope)


@admin.register(Location, site=console)
class LocationAdmin(ConsolePages[Location]):
    """The pages of locations: all of the business at its central, elsewhere the location itself."""

    menu_icon, menu_order = "store", 10
    rights = dict.fromkeys(["view", "add", "change"], Right.MANAGE_LOCATION)
    form = LocationForm
    list_display = ["client_number", "name", "city", "branch_number", "base_label", "franchise", "state"]
    list_display_links = ["client_number", "name"]
    list_filter = [BaseFilter, ClosedFilter, "is_franchise"]
    search_fields = ["name"]
    ordering = ["client_number"]
    readonly_fields = ["kind", "base_name", "opened_at", "state", "legacy_rules", "edit_side_changes"]

    def rows(self, scope: Scope) -> QuerySet[Location]:
        return operations.visible_locations(scope).select_related("organization", "base")

    def get_search_results(
        self, request: HttpRequest, queryset: LocationQuerySet, search_term: str
    ) -> tuple[LocationQuerySet, bool]:
        return queryset.containing(search_term), False

    @guard()
    def has_add_permission(self, request: HttpRequest, obj: Location | None = None) -> bool:
        return super().has_add_permission(request) and may_open(scope_of(request))

    @guard()
    def demand(self, request: HttpRequest, action: str) -> None:
        super().demand(request, action)
        if action == "add":
            operations.demand_all_locations(scope_of(request))

    @guard()
    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Where it is not the central of a group, the page says where new locations are opened."""
        self.demand(request, "add")
        if scope_of(request).location.is_central:
            return super().add_view(request, form_url, extra_context)
        return _opened_at_central(request)

    @admin.display(description=gettext_lazy("First customer number"))
    def first_number(self, location: Location) -> int:
        return location.first_number

    @admin.display(description=gettext_lazy("Last customer number"))
    def last_number(self, location: Location) -> int:
        return location.last_number

    def base_label(self, location: Location) -> tuple[str, str]:
        return location.base.kind, str(location.base)

    base_label = display(description=gettext_lazy("customer base"), label=BASE_COLORS)(base_label)

    @admin.display(description=gettext_lazy("franchise"), ordering="is_franchise", empty_value="")
    def franchise(self, location: Location) -> str:
        return _("franchise") if location.is_franchise else ""

    @admin.display(description=gettext_lazy("customer base"))
    def base_name(self, location: Location) -> str:
        return str(location.base)

    @admin.display(description=gettext_lazy("state"), ordering="closed_at")
    def state(self, location: Location) -> str:
        if location.closed_at is None:
            return _("open")
        sentence = _("left on %(day)s") if location.has_left else _("closed since %(day)s")
        return sentence % {"day": date_format(timezone.localtime(location.closed_at), "SHORT_DATE_FORMAT")}

    @admin.display(description=gettext_lazy("What does not work here"))
    def legacy_rules(self, location: Location) -> SafeString:
        """The rules of the base 1.0 that hold for the business, each with what it means."""
        held = [standing.rule for standing in legacy.standings(location.organization) if not standing.is_lifted]
        return format_html_join("\n", "<p><strong>{}:</strong> {}</p>", [(rule.label, rule.sentence) for rule in held])

    @admin.display(description=gettext_lazy("Customers are edited"))
    def edit_side(self, location: Location) -> str:
        """For whoever sees it and cannot change it."""
        return str(EditSide(location.base.edit_side).label)

    @admin.display(description=gettext_lazy("Changed so far"))
    def edit_side_changes(self, location: Location) -> SafeString | str:
        return edit_side_changes(location.base)

    def get_form(
        self, request: HttpRequest, obj: Location | None = None, change: bool = False, **kwargs: Any
    ) -> type[OperationForm]:
        kwargs["form"] = LocationForm if change else NewLocationForm
        return super().get_form(request, obj, change=change, **kwargs)

    @guard()
    def get_fieldsets(self, request: HttpRequest, obj: Location | None = None) -> Fieldsets:
        if obj is None:
            offline = ["offline"] if operations.may_open_offline(scope_of(request)) else []
            return [ADDRESS, (gettext_lazy("Numbers"), {"fields": [*NUMBERS, *offline]})]
        rules: Fieldsets = [
            (obj.base.get_kind_display(), {"fields": ["edit_side", "edit_side_changes", "legacy_rules"]})
        ]
        return [
            ADDRESS,
            (gettext_lazy("Numbers"), {"fields": NUMBERS}),
            (gettext_lazy("State"), {"fields": ["kind", "base_name", "opened_at", "state"]}),
            *(rules if obj.base.is_discontinued else []),
        ]

    @guard()
    def get_readonly_fields(self, request: HttpRequest, obj: Location | None = None) -> list[str]:
        fixed = list(super().get_readonly_fields(request, obj))
        if obj is None:
            return fixed
        if not operations.manages_all_locations(scope_of(request)):
            return [*fixed, *NUMBERS, "edit_side"]
        return [*fixed, "branch_number", "is_franchise", "edit_side"] if is_branch() else fixed

    def save_model(self, request: HttpRequest, obj: Location, form: LocationForm, change: bool) -> None:
        actor = scope_of(request)
        if isinstance(form, NewLocationForm):
            offline = form.cleaned_data.get("offline", False)
            made = operations.open_branch(place=form.place(), offline=offline, actor=actor)
            obj.pk, obj.organization_id = made.pk, made.organization_id
        else:
            operations.change_location(location=obj, changed=form.changed_fields(), actor=actor)
            if (side := form.chosen_side()) is not None:
                operations.choose_edit_side(location=obj, side=side, actor=actor)

    def links(self, request: HttpRequest, object_id: str) -> list[Link]:
        location, scope = self.get_object(request, object_id), scope_of(request)
        if location is None:
            return []
        links = [] if location.closed_at else [Link(_("Go there"), location.address, "arrow_forward")]
        if location.is_central or location.has_left or is_branch() or not operations.manages_all_locations(scope):
            return links
        verb, title, icon = (
            ("reopen", _("Reopen"), "lock_open") if location.closed_at else ("close", _("Close"), "lock")
        )
        return [*links, Link(title, reverse(f"admin:locations_location_{verb}", args=[location.pk]), icon)]


def close_page(request: HttpRequest, object_id: int) -> HttpResponse:
    """Ask for confirmation, then close a location."""
    actor, location = scope_of(request), _location(request, object_id)
    people = User.objects.active().at_home_in(location).count()
    staff = ngettext(
        "%(count)s person has this as the own location and can then work only where other rights hold.",
        "%(count)s people have this as their own location and can then work only where other rights hold.",
        people,
    ) % {"count": people}
    question = Question(
        title=_("Close %(location)s?") % {"location": location},
        sentences=[
            _("From now on nobody can work at %(location)s; every address there answers as if it did not exist.")
            % {"location": location},
            *([staff] if people else []),
            _("Numbers, customers and history stay, and the location can be reopened."),
        ],
        button=_("Close the location"),
        back=_address(location),
        hurts=sentences_of(why_not_closed(location)),
    )
    if request.method != "POST":
        return ask(request, question)
    try:
        operations.close_location(location=location, at=timezone.now(), actor=actor)
    except ValidationError as refusal:
        return ask(request, question, refusal=refusal)
    return done(request, said(_("%(location)s is closed."), location=_linked(location)), _address(location))


def reopen_page(request: HttpRequest, object_id: int) -> HttpResponse:
    """Ask for confirmation, then reopen a location."""
    actor, location = scope_of(request), _location(request, object_id)
    question = Question(
        title=_("Reopen %(location)s?") % {"location": location},
        sentences=[_("Everybody who holds rights at %(location)s can work there again.") % {"location": location}],
        button=_("Reopen the location"),
        back=_address(location),
        is_dangerous=False,
        hurts=sentences_of(why_not_reopened(location)),
    )
    if request.method != "POST":
        return ask(request, question)
    try:
        operations.reopen_location(location=location, actor=actor)
    except ValidationError as refusal:
        return ask(request, question, refusal=refusal)
    return done(request, said(_("%(location)s is open again."), location=_linked(location)), _address(location))


def _location(request: HttpRequest, object_id: int) -> Location:
    scope = scope_of(request)
    operations.demand_all_locations(scope)
    location = operations.visible_locations(scope).filter(pk=object_id).first()
    if location is None:
        raise Http404
    return location


def _opened_at_central(request: HttpRequest) -> HttpResponse:
    """403 for somebody with the right at the wrong location; with a link to the central, if he can enter it."""
    scope = scope_of(request)
    there = access.accessible_locations(scope.user) if scope.user else Location.objects.none()
    central = there.filter(organization=scope.organization, kind=LocationKind.CENTRAL).first()
    context = {"title": _("New locations are opened at the central"), "central": central, "here": scope.location}
    return show(request, "mcp/opened_at_central.html", context, status=403)


def _linked(location: Location) -> SafeString:
    return link(location, _address(location))


def _address(location: Location) -> str:
    return reverse("admin:locations_location_change", args=[location.pk])


LocationAdmin.pages = (
    ("<int:object_id>/close/", "locations_location_close", close_page),
    ("<int:object_id>/reopen/", "locations_location_reopen", reopen_page),
)
