"""The pages of people: who they are, where they work, and to which user groups they belong."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import TextFilter

from locations.models import Location
from locations.permissions import Right
from mcp.central import operations
from mcp.central.admin.logins import after_link, link_page, log_page, own_log_page
from mcp.central.admin.pages import ConsolePages, Fieldsets
from mcp.central.admin.suggestions import people, places
from mcp.central.admin.why import why_page
from mcp.central.forms.choosing import find_places
from mcp.central.forms.users import UserForm
from mcp.console.filters import ChosenFilter
from mcp.console.linked_messages import link as link_to
from mcp.console.linked_messages import said as sentence
from mcp.console.marking import marked
from mcp.console.pages import Link
from mcp.console.site import console, scope_of
from mcp.isolation.branch import is_paired
from mcp.isolation.guards import guard
from mcp.isolation.scope import Scope
from mcp.models import User

WHO = (gettext_lazy("Person"), {"fields": ["username", "first_name", "last_name", "email", "language"]})


class PlaceFilter(TextFilter):
    """People by their own location, which is typed as a number or a name."""

    title = gettext_lazy("location")
    parameter_name = "place"

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if not self.value():
            return queryset
        here = Location.objects.of_organization(scope_of(request).organization)
        return queryset.filter(location__in=find_places(here, str(self.value()).strip()))


class GroupFilter(ChosenFilter):
    """People by one of their user groups."""

    title = gettext_lazy("user group")
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, str]]:
        groups = operations.visible_groups(scope_of(request)).values_list("pk", "name")
        return [(str(pk), name) for pk, name in groups]

    def narrowed(self, rows: QuerySet[User], value: str) -> QuerySet[User]:
        return rows.filter(memberships__group=int(value))


@admin.register(User, site=console)
class UserAdmin(ConsolePages[User]):
    """The pages of people: all of the business at its head, elsewhere those of the location."""

    menu_icon, menu_order = "person", 30
    rights = {"view": Right.MANAGE_USERS, "add": Right.MANAGE_USERS, "change": Right.MANAGE_USERS}
    form = UserForm
    list_display = ["username", "full_name", "place", "group_names", "is_active", "last_login"]
    list_filter = ["is_active", PlaceFilter, GroupFilter]
    search_fields = ["username", "first_name", "last_name", "email"]
    readonly_fields = ["other_groups", "last_login"]

    def rows(self, scope: Scope) -> QuerySet[User]:
        return operations.visible_users(scope)

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).select_related("location__base").prefetch_related("groups")

    def saved_rows(self, request: HttpRequest) -> QuerySet[User]:
        """All people of the business: somebody taken out of the last group of a location is no longer seen there."""
        return User.objects.of_organization(scope_of(request).organization)

    @admin.display(description=gettext_lazy("name"), ordering="last_name")
    def full_name(self, user: User) -> str:
        return user.get_full_name()

    @admin.display(description=gettext_lazy("location"), ordering="location")
    def place(self, user: User) -> str | None:
        return marked(user.location) if user.location else None

    @admin.display(description=gettext_lazy("user groups"))
    def group_names(self, user: User) -> str:
        return ", ".join(group.name for group in user.groups.all())

    @admin.display(description=gettext_lazy("Further user groups"))
    def other_groups(self, user: User) -> str:
        manageable: Collection[int] = getattr(user, "manageable_groups", ())
        return ", ".join(group.name for group in user.groups.all() if group.pk not in manageable)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> User | None:
        user: User | None = super().get_object(request, object_id, from_field)
        if user is not None:
            pks = operations.manageable_groups(scope_of(request)).values_list("pk", flat=True)
            user.manageable_groups = set(pks)  # type: ignore[attr-defined]
        return user

    @guard()
    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Fieldsets:
        place = ["place"] if operations.acts_for_all(scope_of(request)) else []
        if obj is None:
            return [
                WHO,
                (gettext_lazy("Work"), {"fields": [*place, "user_groups"]}),
            ]
        others = ["other_groups"] if self.other_groups(obj) else []
        groups = ["group_names"] if is_paired() else ["user_groups", *others]
        return [
            WHO,
            (gettext_lazy("Work"), {"fields": [*place, *groups]}),
            (gettext_lazy("Access"), {"fields": ["is_active", "last_login"]}),
        ]

    def save_model(self, request: HttpRequest, obj: User, form: UserForm, change: bool) -> None:
        actor, data = scope_of(request), form.cleaned_data
        if change:
            operations.change_user(user=obj, changed=form.changed_fields(), actor=actor)
        else:
            operations.create_user(user=obj, actor=actor)
        seen = form.seen("user_groups") if change else None
        operations.set_memberships(user=obj, groups=data["user_groups"], seen=seen, actor=actor)

    def response_add(self, request: HttpRequest, obj: User, post_url_continue: str | None = None) -> HttpResponse:
        """A new person gets a link to choose a password, by mail or, where that is not possible, on paper."""
        actor = scope_of(request)
        link = operations.make_link(user=obj, is_mailed=operations.can_be_mailed(obj), actor=actor)
        said = sentence(_("%(user)s is entered."), user=link_to(obj, self.object_address(obj)))
        return after_link(request, link, back=self.list_address(), said=said)

    def links(self, request: HttpRequest, object_id: str) -> list[Link]:
        why = f"{reverse('admin:mcp_why')}?person_id={object_id}"
        password = Link(_("New password"), reverse("admin:mcp_user_password", args=[object_id]), "key")
        return [
            Link(_("Why?"), why, "help"),
            *([] if is_paired() else [password]),
            Link(_("Login"), reverse("admin:mcp_user_logins", args=[object_id]), "login"),
        ]


UserAdmin.pages = (
    ("why/", "mcp_why", why_page),
    ("suggest/places/", "mcp_places", places),
    ("suggest/people/", "mcp_people", people),
    ("logins/", "mcp_own_logins", own_log_page),
    ("<int:object_id>/password/", "mcp_user_password", link_page),
    ("<int:object_id>/logins/", "mcp_user_logins", log_page),
)
