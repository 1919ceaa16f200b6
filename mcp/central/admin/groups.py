"""The pages of user groups."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from locations.permissions import Right
from mcp.central import operations
from mcp.central.admin.copying import copy_page, like_page
from mcp.central.admin.matrix import confirm_page, matrix_page
from mcp.central.admin.pages import ConsolePages
from mcp.central.admin.rights_log import rights_log_page
from mcp.central.forms.groups import UserGroupForm
from mcp.console.pages import Link, Question
from mcp.console.site import console, scope_of
from mcp.isolation import access
from mcp.isolation.branch import is_branch, is_paired
from mcp.isolation.guards import guard
from mcp.isolation.scope import Scope
from mcp.models import UserGroup
from mcp.querysets import GroupWithCounts

SHOWN_MEMBERS = 100


@admin.register(UserGroup, site=console)
class UserGroupAdmin(ConsolePages[GroupWithCounts]):
    """The pages of user groups, at the central for all of the business and at a location for its own."""

    menu_icon, menu_order = "badge", 20
    rights = dict.fromkeys(["view", "add", "change", "delete"], Right.MANAGE_USERS)
    form = UserGroupForm
    list_display = ["name", "description", "owner", "member_count", "rights_summary"]
    search_fields = ["name", "description"]
    readonly_fields = ["owner", "members_list", "rights_summary"]

    def rows(self, scope: Scope) -> QuerySet[GroupWithCounts]:
        return access.with_counts(operations.visible_groups(scope)).select_related("owner")

    @guard()
    def has_change_permission(self, request: HttpRequest, obj: GroupWithCounts | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed if obj is None else allowed and operations.may_manage_group(obj, scope_of(request))

    @guard()
    def has_delete_permission(self, request: HttpRequest, obj: GroupWithCounts | None = None) -> bool:
        return self.has_change_permission(request, obj)

    def demand_row(self, row: UserGroup, scope: Scope) -> None:
        operations.demand_group(row, scope)

    def get_fields(self, request: HttpRequest, obj: GroupWithCounts | None = None) -> list[str]:
        own = ["name", "description"]
        return own if obj is None else [*own, "owner", "members_list", "rights_summary"]

    @admin.display(description=gettext_lazy("members"), ordering="member_count")
    def member_count(self, group: GroupWithCounts) -> int:
        return group.member_count

    @admin.display(description=gettext_lazy("rights"))
    def rights_summary(self, group: GroupWithCounts) -> str:
        general, single = group.general_count, group.single_count
        parts = [ngettext("%(count)s at all locations", "%(count)s at all locations", general) % {"count": general}]
        if single:
            places = group.place_count
            where = ngettext("%(count)s location", "%(count)s locations", places) % {"count": places}
            parts.append(_("%(rights)s at %(places)s") % {"rights": single, "places": where})
        return "; ".join(parts if general else parts[1:]) or _("none yet")

    @admin.display(description=gettext_lazy("members"))
    def members_list(self, group: UserGroup) -> SafeString | str:
        members = group.members.order_by("username")[:SHOWN_MEMBERS]
        addresses = [(reverse("admin:mcp_user_change", args=[user.pk]), str(user)) for user in members]
        return format_html_join(", ", '<a href="{}">{}</a>', addresses) or _("nobody yet")

    def save_model(self, request: HttpRequest, obj: UserGroup, form: UserGroupForm, change: bool) -> None:
        actor, name, description = scope_of(request), obj.name, obj.description
        if change:
            said = {field: getattr(obj, field) for field in form.changed_fields() & {"name", "description"}}
            operations.rename_user_group(group=obj, **said, actor=actor)
        else:
            made = operations.create_user_group(name=name, description=description, actor=actor)
            obj.pk, obj.organization_id = made.pk, made.organization_id

    def links(self, request: HttpRequest, object_id: str) -> list[Link]:
        copy = Link(_("Take over rights of …"), reverse("admin:mcp_usergroup_copy", args=[object_id]), "content_copy")
        like = Link(_("Use for a new user group"), reverse("admin:mcp_usergroup_like", args=[object_id]), "library_add")
        links = [Link(_("Rights"), reverse("admin:mcp_usergroup_rights", args=[object_id]), "grid_on")]
        if not is_branch():
            links.append(copy)
        if not is_paired():
            links.append(like)
        if scope_of(request).allows(Right.SEE_HISTORY):
            history = reverse("admin:mcp_usergroup_rights_log", args=[object_id])
            links.append(Link(_("Changes of rights"), history, "history"))
        return links

    def before_removal(self, row: GroupWithCounts, scope: Scope) -> Question:
        members, rights = row.member_count, row.general_count + row.single_count
        hurts = ngettext(
            "%(group)s still has %(count)s member. Take this person out of the group first.",
            "%(group)s still has %(count)s members. Take them out of the group first.",
            members,
        ) % {"group": row, "count": members}
        devices = operations.devices_of(row)
        working = _("%(devices)s work with the rights of %(group)s. Give them another user group first.") % {
            "group": row,
            "devices": devices,
        }
        goes = ngettext("%(count)s right goes with it.", "%(count)s rights go with it.", rights) % {"count": rights}
        return Question(
            title=_("Delete the user group %(group)s?") % {"group": row},
            sentences=[_("Nobody belongs to this user group, so nobody loses a right."), goes],
            button=_("Delete the user group"),
            back=self.object_address(row),
            hurts=((hurts,) if members else ()) + ((working,) if devices else ()),
        )

    def remove(self, row: UserGroup, scope: Scope) -> None:
        operations.delete_user_group(group=row, actor=scope)


UserGroupAdmin.pages = (
    ("<int:group_id>/rights/", "mcp_usergroup_rights", matrix_page),
    ("<int:group_id>/rights/confirm/", "mcp_usergroup_rights_confirm", confirm_page),
    ("<int:group_id>/rights/copy/", "mcp_usergroup_copy", copy_page),
    ("<int:group_id>/like/", "mcp_usergroup_like", like_page),
    ("<int:group_id>/rights/log/", "mcp_usergroup_rights_log", rights_log_page),
)
