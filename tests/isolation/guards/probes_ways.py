"""From page to page: the search in the header, the switch of the location, where one starts, how a base begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.urls import set_urlconf

from customers import starting
from customers.admin.customers import CustomerAdmin
from customers.admin.finding import find
from customers.models import Customer, CustomerCount
from locations.permissions import Right
from mcp.central.admin.logins import _page_of
from mcp.console import entry_pages, header, switching
from mcp.console.site import console
from mcp.console.start_location import start_here
from mcp.isolation.addresses import Zone, rule_for
from mcp.isolation.http import CONSOLE_URLCONF
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import User
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, World


@contextmanager
def at_location() -> Iterator[None]:
    """With the addresses of a location, as the middleware mounts them."""
    set_urlconf(CONSOLE_URLCONF)
    try:
        yield
    finally:
        set_urlconf(None)


def _asking(world: World, scope: Scope, **asked: str) -> HttpRequest:
    request: Any = world.request(scope)
    request.GET = QueryDict(urlencode(asked))
    request.META["HTTP_HX_REQUEST"] = "true"
    return request


def _page() -> CustomerAdmin:
    page: Any = console._registry[Customer]
    return page


@probe
@at_location()
def search_in_the_header_finds_customers_of_the_base_alone(world: World) -> None:
    scope = world.scope("anna", "Hamburg")
    number = str(world.customer.customer_number)
    for words in ("Meier", CANARY, number, str(world.foreign_customer.customer_number)):
        shown = find(_page(), _asking(world, scope, q=words)).content.decode()
        assert f">{CANARY}" not in shown, words
    assert "Meier" in find(_page(), _asking(world, scope, q="Meier")).content.decode()
    for foreign in world.foreign_customers:
        request = _asking(world, scope, q=f"{CANARY} {foreign.customer_number}")
        del request.META["HTTP_HX_REQUEST"]
        landed = find(_page(), request)["Location"]
        assert "/change/" not in landed, landed


@probe
@at_location()
def search_in_the_header_asks_for_the_right(world: World) -> None:
    with refused(MissingRight):
        find(_page(), _asking(world, bare(world, "Hamburg", Right.RUN_REPORTS), q="Meier"))
    names = [piece.name for piece in header.shown(bare(world, "Hamburg", Right.RUN_REPORTS))]
    assert "customers" not in names, names
    assert "customers" in [piece.name for piece in header.shown(bare(world, "Hamburg", Right.VIEW_CUSTOMERS))]


@probe
@at_location()
def switching_takes_no_rows_of_another_base_along(world: World) -> None:
    scope = world.scope("anna", "Hamburg")
    asked = {"page": "/customers/customer/?q=x&group=7"}
    for at in ("/10400/4/", "/20800/1/", "nowhere", ""):
        landed = switching.arrival(_asking(world, scope, at=at, **asked), scope, console)
        assert "group" not in landed, at
    landed = switching.arrival(_asking(world, scope, at="/10400/3/", **asked), scope, console)
    assert landed.endswith("?q=x&group=7"), landed


@probe
@at_location()
def switching_leads_only_where_one_may_go(world: World) -> None:
    scope = bare(world, "Hamburg", Right.RUN_REPORTS)
    landed = switching.arrival(_asking(world, scope, page="/customers/customer/?q=x"), scope, console)
    assert "customer" not in landed, landed
    support_only = rule_for(Zone.LOCATION, "admin:transitions_account", {})
    assert support_only is not None
    assert not switching._is_open(support_only, world.scope("anna", "Zentrale"))
    assert switching._is_open(support_only, world.scope("rita", "Zentrale"))


@probe
@at_location()
def somebody_starts_only_where_he_holds_a_right(world: World) -> None:
    with refused(MissingRight):
        start_here(is_wanted=True, actor=bare(world, "Hamburg"))
    User.objects.filter(username="bodo").update(start_location=world.place("Bremen"))
    request = world.request(None)
    request.user = world.cast.user("bodo")
    assert entry_pages._start_of(request) == world.place("Bremen")
    User.objects.filter(username="bodo").update(start_location=world.place("Kiel"))
    request.user = world.cast.user("bodo")
    assert entry_pages._start_of(request) is None


@probe
@at_location()
def base_is_empty_by_its_own_customers(world: World) -> None:
    kiel = world.cast.system("Kiel")
    assert not starting.has_nobody(kiel)
    CustomerCount.objects.in_base(kiel.base).delete()
    assert starting.has_nobody(kiel)


@probe
@at_location()
def ways_to_begin_are_those_of_the_rights(world: World) -> None:
    assert starting.ways(bare(world, "Hamburg", Right.VIEW_CUSTOMERS))["ways"] == []
    assert len(starting.ways(bare(world, "Hamburg", Right.ADD_CUSTOMERS))["ways"]) == 1
    assert len(starting.ways(bare(world, "Hamburg", Right.IMPORT_CUSTOMERS))["ways"]) == 1


@probe
@at_location()
def person_of_another_business_is_named_without_a_link(world: World) -> None:
    request = world.request(world.scope("anna", "Zentrale"))
    assert _page_of(world.foreign_user, request) == ""
    assert _page_of(world.weak, request).endswith(f"/mcp/user/{world.weak.pk}/change/")


@probe
def search_in_the_header_leads_to_customers_of_the_base_only(world: World) -> None:
    for foreign in world.foreign_customers:
        for words in (foreign.customer_number, foreign.last_name):
            answer = world.get("anna", f"/10400/2/customers/customer/find/?q={words}")
            assert f"/{foreign.pk}/change/" not in answer["Location"]
