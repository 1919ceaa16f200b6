"""People: who they are, where they work, to which user groups they belong."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import TextFilter

from locations.models import Location
from locations.permissions import Right
from mcp import operations
from mcp.admin.pages import ConsolePages, Link, done, show
from mcp.admin.suggestions import people, places
from mcp.admin.why import why_page
from mcp.console import console, scope_of
from mcp.filters import ChosenFilter
from mcp.forms.choosing import find_places
from mcp.forms.refusals import show_refusal
from mcp.forms.users import PASSWORD_REFUSALS, NewUserForm, PasswordTwice, UserForm
from mcp.guards import guard
from mcp.models import User
from mcp.scope import Scope

WHO = (gettext_lazy("Person"), {"fields": ["username", "first_name", "last_name", "email", "language"]})


class PlaceFilter(TextFilter):
    title = gettext_lazy("location")
    parameter_name = "place"

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if not self.value():
            return queryset
        here = Location.objects.of_organization(scope_of(request).organization)
        return queryset.filter(location__in=find_places(here, str(self.value()).strip()))


class GroupFilter(ChosenFilter):
    title = gettext_lazy("user group")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        groups = operations.visible_groups(scope_of(request)).values_list("pk", "name")
        return [(str(pk), name) for pk, name in groups]

    def narrowed(self, rows: QuerySet, value: str) -> QuerySet:
        return rows.filter(memberships__group=int(value))


@admin.register(User, site=console)
class UserAdmin(ConsolePages):
    menu_icon, menu_order = "person", 30
    rights = {"view": Right.MANAGE_USERS, "add": Right.MANAGE_USERS, "change": Right.MANAGE_USERS}
    form = UserForm
    list_display = ["username", "full_name", "location", "group_names", "is_active", "last_login"]
    list_filter = ["is_active", PlaceFilter, GroupFilter]
    search_fields = ["username", "first_name", "last_name", "email"]
    readonly_fields = ["other_groups", "last_login"]

    def rows(self, scope: Scope) -> QuerySet:
        return operations.visible_users(scope)

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return super().get_queryset(request).select_related("location").prefetch_related("groups")

    def saved_rows(self, request: HttpRequest) -> QuerySet:
        """Who was taken out of the last user group of a location leaves its sight; that is meant."""
        return User.objects.of_organization(scope_of(request).organization)

    @admin.display(description=gettext_lazy("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description=gettext_lazy("user groups"))
    def group_names(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    @admin.display(description=gettext_lazy("Further user groups"))
    def other_groups(self, user: User) -> str:
        manageable: Any = getattr(user, "manageable_groups", ())
        return ", ".join(group.name for group in user.groups.all() if group.pk not in manageable)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        user: User | None = super().get_object(request, object_id, from_field)
        if user is not None:
            pks = operations.manageable_groups(scope_of(request)).values_list("pk", flat=True)
            user.manageable_groups = set(pks)  # type: ignore[attr-defined]
        return user

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = UserForm if change else NewUserForm
        return super().get_form(request, obj, change=change, **kwargs)

    @guard()
    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        place = ["place"] if operations.acts_for_all(scope_of(request)) else []
        if obj is None:
            return [
                WHO,
                (gettext_lazy("Password"), {"fields": ["password1", "password2"]}),
                (gettext_lazy("Work"), {"fields": [*place, "user_groups"]}),
            ]
        others = ["other_groups"] if self.other_groups(obj) else []
        return [
            WHO,
            (gettext_lazy("Work"), {"fields": [*place, "user_groups", *others]}),
            (gettext_lazy("Access"), {"fields": ["is_active", "last_login"]}),
        ]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        actor, data = scope_of(request), form.cleaned_data
        if change:
            operations.change_user(user=obj, actor=actor)
        else:
            operations.create_user(user=obj, password=data["password1"], actor=actor)
        operations.set_memberships(user=obj, groups=data["user_groups"], actor=actor)

    def links(self, request: HttpRequest, object_id: str) -> list[Link]:
        why = f"{reverse('admin:mcp_why')}?person_id={object_id}"
        return [
            Link(_("Why?"), why, "help"),
            Link(_("New password"), reverse("admin:mcp_user_password", args=[object_id]), "key"),
        ]


def password_page(request: HttpRequest, object_id: int) -> HttpResponse:
    """Give a person a new password."""
    actor = scope_of(request)
    actor.demand(Right.MANAGE_USERS)
    user = operations.visible_users(actor).filter(pk=object_id).first()
    if user is None:
        raise Http404
    form, address = PasswordTwice(request.POST or None), reverse("admin:mcp_user_change", args=[user.pk])
    if request.method == "POST" and form.is_valid():
        try:
            operations.set_password(user=user, password=form.cleaned_data["password1"], actor=actor)
        except ValidationError as refusal:
            show_refusal(form, refusal, PASSWORD_REFUSALS)
        else:
            return done(request, _("%(user)s has a new password and must log in with it.") % {"user": user}, address)
    context = {"title": _("New password for %(user)s") % {"user": user}, "form": form, "back": address}
    return show(request, "mcp/password.html", context)


UserAdmin.pages = (
    ("why/", "mcp_why", why_page),
    ("suggest/places/", "mcp_places", places),
    ("suggest/people/", "mcp_people", people),
    ("<int:object_id>/password/", "mcp_user_password", password_page),
)
