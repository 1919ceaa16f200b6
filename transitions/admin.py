"""Where the pages of locations that leave or join are mounted, and their link in the side bar."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern
from django.utils.translation import gettext_lazy as _

from customers.erasure import register as register_place
from locations.choices import LocationKind
from locations.permissions import Right
from mcp.console import menu
from mcp.console.hardened_admin import ClosedModelAdmin
from mcp.console.operation_forms import OperationForm
from mcp.console.site import ConsoleModelAdmin, console, provider
from mcp.isolation.guards import guard, yes
from mcp.isolation.scope import Scope
from transitions.choices import JoiningAnswer
from transitions.erasing import PLACES
from transitions.models import BaseSwitch, JoiningWord, Transition
from transitions.operations import is_support, visible_transitions
from transitions.pages.incoming import incoming_urls
from transitions.pages.joining import joining_urls
from transitions.pages.package import package_urls
from transitions.pages.signing import is_developer, signing_urls
from transitions.pages.switching import switch_urls
from transitions.pages.transition import transition_urls
from transitions.pages.withdrawals import withdrawal_urls


@admin.register(Transition, site=console)
class TransitionAdmin(ConsoleModelAdmin):
    """Mounts the pages of transitions, which are functions: a process of several people is no form to be saved."""

    rights = {"view": Right.MANAGE_LOCATION}
    is_in_menu: ClassVar[bool] = False
    form = OperationForm

    def rows(self, scope: Scope) -> QuerySet:
        return visible_transitions(scope)

    def get_urls(self) -> list[URLPattern]:
        """Without the five addresses of a model."""
        pages = (transition_urls, package_urls, incoming_urls, withdrawal_urls, joining_urls, switch_urls)
        return [address for urls in pages for address in urls()]


@admin.register(BaseSwitch, site=provider)
class SigningAdmin(ClosedModelAdmin[BaseSwitch]):
    """Mounts the pages on which a developer signs switches to 1.0; to everybody else they do not exist."""

    menu_icon: ClassVar[str] = "draw"
    form = OperationForm

    @guard(off=yes)
    def has_view_permission(self, request: HttpRequest, obj: BaseSwitch | None = None) -> bool:
        return is_developer(request)

    def get_urls(self) -> list[URLPattern]:
        """Without the five addresses of a model."""
        return signing_urls()


def takes_over(scope: Scope) -> bool:
    """Whether packages can come to this location: an independent business, or a branch that was one."""
    if scope.location.kind == LocationKind.INDEPENDENT:
        return True
    if scope.location.kind != LocationKind.BRANCH or Right.IMPORT_CUSTOMERS not in scope.rights:
        return False
    words = JoiningWord.objects.filter(organization=scope.organization, client_number=scope.location.client_number)
    return words.filter(word=JoiningAnswer.AGREED).exists()


for place in PLACES:
    register_place(place)
menu.register(
    menu.Entry(
        section=menu.Section.ADMINISTRATION,
        title=_("Leaving and joining"),
        url_name="admin:transitions",
        icon="logout",
        right=Right.MANAGE_LOCATION,
        order=15,
    )
)
menu.register(
    menu.Entry(
        section=menu.Section.ADMINISTRATION,
        title=_("Customer base 2.0 and 1.0"),
        url_name="admin:transitions_switches",
        icon="swap_horiz",
        right=Right.MANAGE_LOCATION,
        order=16,
        is_useful=lambda scope: scope.base.is_discontinued or is_support(scope),
    )
)
menu.register(
    menu.Entry(
        section=menu.Section.CUSTOMERS,
        title=_("Carry over"),
        url_name="admin:transitions_arrivals",
        icon="move_to_inbox",
        right=Right.IMPORT_CUSTOMERS,
        order=22,
        is_useful=lambda scope: takes_over(scope),
        fills_base=True,
    )
)
