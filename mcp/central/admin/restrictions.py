"""The pages of restrictions, by which a franchisee takes rights from the central's user groups.

They exist at a franchise only.
"""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.permissions import Right
from mcp.central import operations
from mcp.central.admin.pages import ConsolePages
from mcp.central.admin.restriction_matrix import restriction_confirm_page, restriction_matrix_page
from mcp.central.forms.restrictions import RestrictionForm
from mcp.central.operations.restricting import groups_of_central
from mcp.console.pages import Question
from mcp.console.site import console, scope_of
from mcp.isolation.guards import guard
from mcp.isolation.holdings import may_restrict
from mcp.isolation.scope import Scope
from mcp.models import Restriction


@admin.register(Restriction, site=console)
class RestrictionAdmin(ConsolePages[Restriction]):
    """The pages of restrictions, at a franchise alone."""

    menu_icon, menu_order = "gpp_maybe", 40
    rights = dict.fromkeys(["view", "add", "delete"], Right.MANAGE_USERS)
    related_rows = {"group": groups_of_central}
    form = RestrictionForm
    list_display = ["group", "right_name", "created_at"]
    list_before_template = "mcp/restrictions_note.html"
    search_fields = ["group__name"]

    def rows(self, scope: Scope) -> QuerySet[Restriction]:
        return Restriction.objects.at(scope.location).select_related("group")

    @guard()
    def allows(self, request: HttpRequest, action: str) -> bool:
        scope: Scope | None = getattr(request, "scope", None)
        if scope is None or not scope.location.is_franchise:
            return False
        return super().allows(request, action) and (action == "view" or may_restrict(scope))

    @guard()
    def demand(self, request: HttpRequest, action: str) -> None:
        """As the base; also Http404 outside of a franchise, and MissingRight for all but its own people."""
        scope = scope_of(request)
        super().demand(request, action)
        if not scope.location.is_franchise:
            raise Http404
        if action != "view":
            operations.demand_own_house(scope)

    @admin.display(description=gettext_lazy("right"), ordering="right")
    def right_name(self, restriction: Restriction) -> str:
        return str(Right(restriction.right).label)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        own = {"may_restrict": may_restrict(scope_of(request))}
        return super().changelist_view(request, {**(extra_context or {}), **own})

    def save_model(self, request: HttpRequest, obj: Restriction, form: RestrictionForm, change: bool) -> None:
        made = operations.restrict(group=obj.group, right=Right(obj.right), actor=scope_of(request))
        obj.pk = made.pk

    def before_removal(self, row: Restriction, scope: Scope) -> Question:
        words = {"group": row.group, "right": Right(row.right).label, "location": scope.location}
        return Question(
            title=_("Lift this restriction?"),
            sentences=[
                _("The user group %(group)s of the central may then use “%(right)s” at %(location)s again.") % words
            ],
            button=_("Lift the restriction"),
            back=self.list_address(),
            is_dangerous=False,
        )

    def remove(self, row: Restriction, scope: Scope) -> None:
        operations.unrestrict(restriction=row, actor=scope)


RestrictionAdmin.pages = (
    ("matrix/", "mcp_restriction_matrix", restriction_matrix_page),
    ("matrix/confirm/", "mcp_restriction_matrix_confirm", restriction_confirm_page),
)
