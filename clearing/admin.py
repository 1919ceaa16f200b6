"""Where the pages of reconciliation are mounted, and their links in the side bar."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from clearing.conflicts import telling
from clearing.conflicts.erasing import PLACES
from clearing.conflicts.pages import conflict_urls
from clearing.models import Conflict, Node
from clearing.pages.alarms import alarm_urls
from clearing.pages.frame import IS_BRANCH
from clearing.pages.listed import nodes_of
from clearing.pages.nodes import node_urls
from clearing.pages.own import own_urls
from clearing.pages.pairing import pairing_urls
from clearing.pages.stick import stick_urls
from customers.console import notices
from customers.erasure import register as register_place
from locations.permissions import Right
from mcp.console import menu
from mcp.console.operation_forms import OperationForm
from mcp.console.site import ConsoleModelAdmin, console
from mcp.isolation.scope import Scope


@admin.register(Node, site=console)
class NodeAdmin(ConsoleModelAdmin):
    """Mounts the pages of nodes and runs, which are functions: nobody fills in a form about them."""

    rights = {"view": Right.MANAGE_LOCATION}
    is_in_menu: ClassVar[bool] = False
    form = OperationForm

    def rows(self, scope: Scope) -> QuerySet:
        return nodes_of(scope)

    def get_urls(self) -> list[URLPattern]:
        """Without the five addresses of a model."""
        return [*node_urls(), *alarm_urls(), *own_urls(), *stick_urls(), *pairing_urls()]


def has_to_do_with_nodes(scope: Scope) -> bool:
    """Whether nodes can be seen or paired here: at the central of a group, and at a location on 1.0."""
    return not IS_BRANCH and (scope.location.is_central or scope.base.is_discontinued)


menu.register(
    menu.Entry(
        section=menu.Section.ADMINISTRATION,
        title=_("Branches that reconcile"),
        url_name="admin:clearing_nodes",
        icon="sync_alt",
        right=Right.MANAGE_LOCATION,
        order=17,
        is_useful=has_to_do_with_nodes,
    )
)
menu.register(
    menu.Entry(
        section=menu.Section.CUSTOMERS,
        title=_("Reconciliation"),
        url_name="admin:clearing_own",
        icon="sync",
        right=Right.CLEAR,
        order=70,
        is_useful=lambda scope: IS_BRANCH or scope.base.is_discontinued,
    )
)


@admin.register(Conflict, site=console)
class ConflictAdmin(ConsoleModelAdmin):
    """Mounts the pages of conflicts, which are functions: a decision is no form to be saved."""

    rights = {"view": Right.RESOLVE_CONFLICTS}
    is_in_menu: ClassVar[bool] = False
    form = OperationForm

    def rows(self, scope: Scope) -> QuerySet:
        return Conflict.objects.in_base(scope.base)

    def get_urls(self) -> list[URLPattern]:
        """Without the five addresses of a model."""
        return conflict_urls()


for place in PLACES:
    register_place(place)
notices.register(notices.Notice(name="conflicts", right=Right.RESOLVE_CONFLICTS, tell=telling.about))
menu.register(
    menu.Entry(
        section=menu.Section.CUSTOMERS,
        title=_("Conflicts"),
        url_name="admin:clearing_conflicts",
        icon="call_split",
        right=Right.RESOLVE_CONFLICTS,
        order=30,
        is_useful=lambda scope: scope.base.is_discontinued,
    )
)
