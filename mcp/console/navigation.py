"""The side bar: the links whose right is held, in the order of daily use. None of them leads to a 403."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from mcp.console import menu
from mcp.console.menu import Section
from mcp.console.page_context import can_switch
from mcp.console.site import ConsoleModelAdmin, console, provider, scope_of
from mcp.isolation.addresses import Zone
from mcp.isolation.branch import is_paired, serves_name


@dataclass(frozen=True)
class Link:
    """A link that this user may follow, and its place in the side bar."""

    section: Section | None
    order: int
    title: str | Promise
    icon: str
    address: str


def sidebar(request: HttpRequest) -> list[dict[str, object]]:
    """The groups of links for unfold: those of the location or, outside of one, those of the provider."""
    links = _links_outside(request) if getattr(request, "scope", None) is None else _links_at_location(request)
    here = _best_match(request.get_full_path(), [link.address for link in links])
    return [
        {"title": section.label if section else "", "items": [_item(link, here) for link in links_there]}
        for section, links_there in _by_section(links)
    ]


def account_links(request: HttpRequest) -> list[dict[str, object]]:
    """The links behind the user's name."""
    links: list[dict[str, object]] = []
    if not is_paired():
        links.append({"title": _("Change password"), "link": reverse("admin:password_change")})
    if getattr(request, "scope", None) is not None:
        links.insert(0, {"title": _("My rights"), "link": reverse("admin:mcp_why")})
        links.append({"title": _("My login"), "link": reverse("admin:mcp_own_logins")})
    if can_switch(request):
        links.append({"title": _("All your locations"), "link": "/?all=1"})
    return links


def _links_at_location(request: HttpRequest) -> list[Link]:
    scope = scope_of(request)
    with scope.asked.only_looking():
        held = [entry for entry in menu.registered() if scope.allows(entry.right)]
        links = [_registered(entry) for entry in held if entry.is_useful(scope)]
        for model_admin in console._registry.values():
            links += _links_of(model_admin, request) if isinstance(model_admin, ConsoleModelAdmin) else []
    if scope.rights:
        links.append(Link(None, 0, _("Overview"), "space_dashboard", reverse("admin:index")))
    return links


def _links_of(model_admin: ConsoleModelAdmin, request: HttpRequest) -> list[Link]:
    """The list of a model and, where `menu_add` is set, the page for a new row."""
    meta, order = model_admin.opts, model_admin.menu_order
    section = Section(model_admin.menu_section or Section.of_app(meta.app_label))
    name = f"admin:{meta.app_label}_{meta.model_name}"
    links = []
    is_served = serves_name(Zone.LOCATION, f"{name}_changelist")
    if model_admin.is_in_menu and is_served and model_admin.has_view_permission(request):
        title = capfirst(meta.verbose_name_plural)
        links.append(Link(section, order, title, model_admin.menu_icon, reverse(f"{name}_changelist")))
    if model_admin.menu_add and model_admin.has_add_permission(request):
        links.append(Link(section, order, model_admin.menu_add, model_admin.menu_add_icon, reverse(f"{name}_add")))
    return links


def _links_outside(request: HttpRequest) -> list[Link]:
    links = [Link(None, 0, _("Locations"), "storefront", reverse("admin:index"))]
    for model, model_admin in provider._registry.items():
        if model_admin.has_view_permission(request):
            address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
            icon = getattr(model_admin, "menu_icon", "list")
            links.append(Link(None, 50, capfirst(model._meta.verbose_name_plural), icon, address))
            for title, url_name, icon_of_page in getattr(model_admin, "menu_pages", ()):
                links.append(Link(None, 60, title, icon_of_page, reverse(url_name)))
    return links


def _registered(entry: menu.Entry) -> Link:
    return Link(entry.section, entry.order, entry.title, entry.icon, reverse(entry.url_name) + entry.query)


def _by_section(links: list[Link]) -> list[tuple[Section | None, list[Link]]]:
    """The sections that have links, each with its links; both in their order."""
    groups = []
    for section in (None, *Section):
        there = sorted((link for link in links if link.section == section), key=lambda link: link.order)
        if there:
            groups.append((section, there))
    return groups


def _best_match(path: str, addresses: list[str]) -> str:
    """The link of the open page: the longest address that its path begins with. The front page matches only itself."""
    home = reverse("admin:index")
    is_home = path.partition("?")[0] == home
    within = [address for address in addresses if path.startswith(address) and (address != home or is_home)]
    return max(within, key=len, default="")


def _item(link: Link, here: str) -> dict[str, object]:
    return {"title": link.title, "icon": link.icon, "link": link.address, "active": link.address == here}
