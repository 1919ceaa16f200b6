"""What the base class of all pages closes, asked of pages made for it: no page of ours leaves these ways open."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin as DjangoModelAdmin
from django.contrib.admin import TabularInline, action
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse

from customers.models import CustomerGroup
from locations.models import Location
from locations.permissions import Right
from mcp.central.forms.groups import UserGroupForm
from mcp.console.hardened_admin import LEFT_EMPTY
from mcp.console.page_context import can_switch
from mcp.console.site import UNSCOPED_PAGES, ConsoleModelAdmin, ConsoleSite, ProviderSite, console, provider
from mcp.isolation.scope import MissingRight, Scope
from mcp.models import LocationGrant, Membership, OrganizationGrant, Restriction, UserGroup
from tests.isolation.guards.probes_operations import refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import HAMBURG, HEAD, MISSING, World


class MembershipInline(TabularInline):
    model = Membership

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class PlainPage(ConsoleModelAdmin):
    """A page that declares what it must, and deletes as Django does."""

    rights = dict.fromkeys(["view", "add", "change", "delete"], Right.MANAGE_USERS)
    form: Any = UserGroupForm

    def rows(self, scope: Scope) -> QuerySet:
        return UserGroup.objects.of_organization(scope.organization)


class OpenPage(PlainPage):
    """One with an action and inlines, which the sites would refuse."""

    inlines = [MembershipInline]
    actions = ("everything",)

    @action(description="everything")
    def everything(self, request: HttpRequest, queryset: QuerySet) -> HttpResponse:
        return HttpResponse(" ".join(sorted(str(row) for row in queryset)))


class CascadingPage(PlainPage):
    cascades = {
        "mcp.Membership": lambda scope: Membership.objects.filter(organization=scope.organization),
        "mcp.LocationGrant": lambda scope: LocationGrant.objects.filter(organization=scope.organization),
        "mcp.OrganizationGrant": lambda scope: OrganizationGrant.objects.filter(organization=scope.organization),
        "mcp.Restriction": lambda scope: Restriction.objects.filter(organization=scope.organization),
    }


def opened(page: type[ConsoleModelAdmin], world: World, data: Any = None) -> tuple[Any, Any]:
    """A page and a request of Anna at the central."""
    return page(UserGroup, console), world.request(world.scope("anna", "Zentrale"), data)


@probe
def delete_refuses_what_takes_along_rows_out_of_reach(world: World) -> None:
    page, asked = opened(PlainPage, world)
    with refused(PermissionDenied):
        page.get_deleted_objects([world.theke], asked)
    wider, asked = opened(CascadingPage, world)
    shown, *_rest = wider.get_deleted_objects([world.theke], asked)
    assert "Theke" in str(shown)
    with refused(PermissionDenied):
        wider.get_deleted_objects([world.foreign_group], asked)
    Membership.objects.filter(group=world.foreign_group).delete()
    Restriction.objects.filter(group=world.foreign_group).delete()
    with refused(PermissionDenied):
        wider.get_deleted_objects([world.foreign_group], asked)


@probe
def stock_delete_page_asks_for_the_right(world: World) -> None:
    page, asked = opened(CascadingPage, world)
    asked.scope = Scope(user=world.weak, location=world.place("Zentrale"), rights=frozenset())
    with refused(MissingRight):
        page.delete_view(asked, str(world.theke.pk))
    with refused(Http404):
        page.demand(asked, "unknown")


@probe
def nothing_is_deleted_by_the_handful(world: World) -> None:
    page, asked = opened(OpenPage, world)
    assert set(page.get_actions(asked)) == {"everything"}
    with refused(PermissionDenied):
        page.delete_queryset(asked, UserGroup.objects.none())


@probe
def action_reaches_what_was_ticked(world: World) -> None:
    sent = {"action": "everything", "select_across": "1", "index": "0", "_selected_action": [str(world.theke.pk)]}
    page, asked = opened(OpenPage, world, sent)
    answer = page.response_action(asked, page.get_queryset(asked))
    assert answer.content.decode() == world.theke.name


@probe
def inlines_do_not_come_through(world: World) -> None:
    page, asked = opened(OpenPage, world)
    assert page.get_inline_instances(asked, world.theke) == []


@probe
def row_has_no_page_on_a_site(world: World) -> None:
    class Row:
        pk = 1

        def get_absolute_url(self) -> str:
            return "/"

    for page in (*console._registry.values(), *provider._registry.values()):
        assert page.get_view_on_site_url(Row()) is None, page


@probe
def pages_of_all_models_are_left_out(world: World) -> None:
    for site in (ConsoleSite(name="admin"), ProviderSite(name="admin")):
        assert {getattr(url, "name", None) for url in site.get_urls()}.isdisjoint(UNSCOPED_PAGES)


@probe
def history_of_django_is_closed(world: World) -> None:
    theke, bremen = world.theke.pk, world.place("Bremen").pk
    for page in (f"mcp/usergroup/{theke}", f"locations/location/{bremen}"):
        assert world.get("anna", f"{HEAD}/{page}/history/").status_code == 404
    assert world.get("anna", f"{HAMBURG}/customers/customergroup/{world.group.pk}/history/").status_code == 404
    assert world.get("rita", f"/locations/organization/{world.theke.organization_id}/history/").status_code == 404


@probe
def log_of_deletions_is_not_kept(world: World) -> None:
    page, asked = opened(PlainPage, world)
    for log in (page.log_addition, page.log_change):
        assert log(asked, world.theke, "x") is None
    assert page.log_deletions(asked, UserGroup.objects.filter(pk=world.theke.pk)) is None


@probe
def sites_refuse_pages_that_declare_too_little(world: World) -> None:
    class Stock(DjangoModelAdmin):
        pass

    class WithoutRows(ConsoleModelAdmin):
        rights = {"view": Right.MANAGE_USERS}
        form = UserGroupForm

    class WithoutRights(PlainPage):
        rights = {}

    class WithoutForm(PlainPage):
        form = ModelForm

    class SearchesElsewhere(PlainPage):
        search_fields = ["owner__name"]

    class FiltersElsewhere(PlainPage):
        list_filter = ["owner"]

    class FiltersFarAway(PlainPage):
        list_filter = ["owner__name"]

    open_ways = [type("Leaves", (PlainPage,), {option: ["name"]}) for option in LEFT_EMPTY]
    for page in (
        None, Stock, WithoutRows, WithoutRights, WithoutForm, SearchesElsewhere, FiltersElsewhere, FiltersFarAway,
        *open_ways,
    ):  # fmt: skip
        with refused(ImproperlyConfigured):
            ConsoleSite(name="admin").register(UserGroup, page)
    ConsoleSite(name="admin").register([UserGroup], PlainPage)
    with refused(ImproperlyConfigured):
        ProviderSite(name="admin").register(UserGroup, Stock)  # type: ignore[arg-type]  # what is refused


@probe
def page_that_names_no_rows_has_none(world: World) -> None:
    class WithoutRows(ConsoleModelAdmin):
        pass

    page, asked = opened(WithoutRows, world)
    with refused(NotImplementedError):
        page.get_queryset(asked)
    for act in ("view", "add", "change", "delete"):
        assert not page.allows(asked, act)


@probe
def foreign_key_that_is_not_declared_offers_nothing(world: World) -> None:
    page, asked = opened(PlainPage, world)
    owner = UserGroup._meta.get_field("owner")
    assert list(page.get_field_queryset(None, owner, asked)) == []
    assert list(page.formfield_for_foreignkey(owner, asked).queryset) == []
    assert Location.objects.exists()


@probe
def row_of_a_page_is_there_or_not(world: World) -> None:
    page, asked = opened(PlainPage, world)
    assert page.row_or_404(asked, str(world.theke.pk)) == world.theke
    for pk in (MISSING, world.foreign_group.pk):
        with refused(Http404):
            page.row_or_404(asked, str(pk))


@probe
def initial_values_and_to_fields_are_closed_on_every_page(world: World) -> None:
    for page in (*console._registry.values(), *provider._registry.values()):
        asked = world.request(world.scope("anna", "Zentrale"))
        asked.GET = {"name": "Vorgabe", "group": "1"}  # type: ignore[assignment]
        assert page.get_changeform_initial_data(asked) == {}, page
        names = [field.attname for field in page.opts.concrete_fields]
        assert [name for name in names if page.to_field_allowed(asked, name)] == ["id"], page
        assert not page.lookup_allowed("name__startswith", "K", asked), page


@probe
def nobody_without_a_scope_switches(world: World) -> None:
    assert not can_switch(world.request(None))
    assert can_switch(world.request(world.scope("anna", "Hamburg")))
    assert not can_switch(world.request(world.scope("carla", "Bremen")))
    assert CustomerGroup.objects.exists()
