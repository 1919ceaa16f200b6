"""Switching to another location while staying on the same page.

The list behind the switch links to `/<account>/<client>/switched/?page=…`, an address of the chosen location, so its
scope decides where that leads: to the page that was open, if it exists there and its right is held; else to the nearest
page above it; else to the front page. The address is built anew from the name of the page, so it cannot lead elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest, QueryDict
from django.urls import Resolver404, ResolverMatch, resolve, reverse

from locations.models import Location
from mcp.isolation.addresses import Only, Rule, Served, Zone, rule_for
from mcp.isolation.holdings import holds_everywhere, may_restrict
from mcp.isolation.scope import Scope

_LOCATION = re.compile(r"/([1-9][0-9]{0,8})/([1-9][0-9]{0,4})/", re.ASCII)
_LONGEST = 2000
OF_THE_LIST = "_changelist_filters"
"""The parameter with which the address of a row keeps the search of its list."""
_ANYWHERE = frozenset({"q", "o", "size"})
"""Parameters of a list that hold for any customers: search, sorting, page size."""
_NO_PAGES = frozenset({"set_language", "admin:switched", "admin:panel", "admin:jsi18n"})


def onward(at: str, page: str) -> str:
    """What is added to the address of a location in the list: the page that is open at location `at`, or nothing."""
    here = _LOCATION.fullmatch(at)
    if here is None or not page.startswith(at) or len(page) > _LONGEST:
        return ""
    rest = page[len(at) - 1 :]
    return f"switched/?{urlencode({'at': at, 'page': rest})}" if rest != "/" else ""


def arrival(request: HttpRequest, scope: Scope, site: AdminSite) -> str:
    """The address at the scope's location that is nearest to the page that was open at the other one."""
    has_same_base = _has_same_base(request.GET.get("at", ""), scope)
    return _nearest(request.GET.get("page", ""), request, scope, site, has_same_base=has_same_base)


def stay(request: HttpRequest, scope: Scope, site: AdminSite) -> str:
    """The address of the page of this location from which a form says it was sent, or the nearest one."""
    came_from = request.POST.get("from", "").removeprefix(scope.location.address.rstrip("/"))
    return _nearest(came_from, request, scope, site, has_same_base=True)


def _nearest(page: str, request: HttpRequest, scope: Scope, site: AdminSite, *, has_same_base: bool) -> str:
    path, _mark, query = page[:_LONGEST].replace("\0", "").partition("?")
    asked = QueryDict(query)
    said = asked if has_same_base else _of_any_base(asked)
    if (has_same_base or "id" not in asked) and (found := _open_page(path, request, scope, site)):
        return _address(found, said)
    of_list = QueryDict(asked.get(OF_THE_LIST, ""))
    for above in _above(path):
        if found := _open_page(above, request, scope, site):
            is_list = found.view_name.endswith("_changelist")
            return _address(found, (of_list if has_same_base else _of_any_base(of_list)) if is_list else QueryDict())
    return reverse("admin:index")


def _has_same_base(at: str, scope: Scope) -> bool:
    """Whether the location where the page was open works on the same customer base."""
    numbers = _LOCATION.fullmatch(at)
    if numbers is None:
        return False
    account, client = map(int, numbers.groups())
    places = Location.objects.at_address(account_number=account, client_number=client)
    return places.filter(base=scope.base).exists()


def _of_any_base(asked: QueryDict) -> QueryDict:
    """The parameters that do not name rows, which another base does not have."""
    kept = QueryDict(mutable=True)
    for name in asked:
        if name in _ANYWHERE:
            kept.setlist(name, asked.getlist(name))
    return kept


def _above(path: str) -> Iterator[str]:
    """The paths above this one, the nearest first."""
    parts = [part for part in path.split("/") if part]
    for length in range(len(parts) - 1, 0, -1):
        yield f"/{'/'.join(parts[:length])}/"


def _open_page(path: str, request: HttpRequest, scope: Scope, site: AdminSite) -> ResolverMatch | None:
    """What is at this path, if the scope may open it and its row exists here; else None."""
    try:
        found = resolve(path if path.startswith("/") else "/")
    except Resolver404:
        return None
    rule = None if found.view_name in _NO_PAGES else rule_for(Zone.LOCATION, found.view_name, found.kwargs)
    if rule is None or not _is_open(rule, scope) or not _has_row(found, request, site):
        return None
    return found


def _is_open(rule: Rule, scope: Scope) -> bool:
    """Whether the rule of the page allows it to the scope. A page may ask for more, and then refuses itself."""
    if rule.reads is None or not set(rule.reads) <= scope.rights:
        return False
    is_of_provider = scope.user is not None and scope.user.organization_id is None
    if rule.served is not Served.INSIDER and not (rule.served is Served.SUPPORT and is_of_provider):
        return False
    return all(_is_met(condition, rule, scope) for condition in rule.only)


def _is_met(condition: Only, rule: Rule, scope: Scope) -> bool:
    match condition:
        case Only.SOME_RIGHT:
            return bool(scope.rights)
        case Only.AT_CENTRAL:
            return scope.location.is_central
        case Only.AT_FRANCHISE:
            return scope.location.is_franchise
        case Only.EVERYWHERE:
            return all(holds_everywhere(scope, right) for right in rule.reads or ())
        case Only.OWN_HOUSE:
            return may_restrict(scope)


def _has_row(found: ResolverMatch, request: HttpRequest, site: AdminSite) -> bool:
    """Whether the row that the address names exists for the scope; False for a page of no model."""
    keys = [str(value) for value in found.kwargs.values()]
    if not keys:
        return True
    page = next((page for page in site._registry.values() if _is_of(page, found.view_name)), None)
    return page is not None and page.get_object(request, keys[0]) is not None


def _is_of(page: ModelAdmin, view_name: str) -> bool:
    name = f"admin:{page.opts.app_label}_{page.opts.model_name}"
    return view_name == name or view_name.startswith(f"{name}_")


def _address(found: ResolverMatch, said: QueryDict) -> str:
    address = reverse(found.view_name, args=found.args, kwargs=found.kwargs)
    return f"{address}?{said.urlencode()}" if said else address
