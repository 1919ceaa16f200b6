"""The pages of businesses, outside any location, for the provider's support only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, TypedDict

from django.apps import apps
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from locations.models import Organization
from locations.querysets import OrganizationQuerySet
from mcp.central import operations
from mcp.central.admin.legacy import rules_page
from mcp.central.admin.logins import after_link
from mcp.central.admin.pages import OperationAdmin
from mcp.central.admin.support import demand_support, is_support
from mcp.central.forms.businesses import BusinessForm, NewBusinessForm
from mcp.console.hardened_admin import ClosedModelAdmin
from mcp.console.linked_messages import link as linked
from mcp.console.linked_messages import said
from mcp.console.marking import marked
from mcp.console.operation_forms import OperationForm
from mcp.console.pages import Link
from mcp.console.site import provider
from mcp.isolation.guards import guard, yes
from mcp.isolation.scope import actor_shown

if TYPE_CHECKING:
    from django_stubs_ext import WithAnnotations

SHOWN_LOCATIONS = 100


class _Count(TypedDict):
    count: int
    """How many locations there are."""


type Counted = WithAnnotations[Organization, _Count]
"""A row of `OrganizationAdmin.get_queryset`."""


@admin.register(Organization, site=provider)
class OrganizationAdmin(OperationAdmin[Organization], ClosedModelAdmin[Organization]):
    """Support sees and opens businesses here; to all others these pages do not exist."""

    menu_icon: ClassVar[str] = "domain"
    menu_pages = ((gettext_lazy("Rules of 1.0"), "admin:locations_legacy_rules", "toggle_on"),)
    """Further links of the side bar: the title, the name of the address, and the icon."""
    pages = (
        ("legacy/", "locations_legacy_rules", rules_page),
        ("<int:object_id>/legacy/", "locations_organization_legacy_rules", rules_page),
    )
    actions = None
    list_display = ["account_number", "name", "kind", "location_count", "created_at"]
    list_display_links = ["account_number", "name"]
    list_filter = ["kind"]
    search_fields = ["name"]
    form = BusinessForm
    readonly_fields = ["locations_list", "opened_by", "created_at"]
    fieldsets = [
        (gettext_lazy("Business"), {"fields": ["account_number", "name", "kind"]}),
        (gettext_lazy("Opened"), {"fields": ["opened_by", "created_at"]}),
        (gettext_lazy("Locations"), {"fields": ["locations_list"]}),
    ]
    add_fieldsets = [
        (gettext_lazy("Business"), {"fields": ["account_number", "name", "kind"]}),
        (gettext_lazy("First location"), {"fields": ["place_name", "street", "postal_code", "city"]}),
        (
            gettext_lazy("First administrator"),
            {"fields": ["username", "first_name", "last_name", "email"]},
        ),
    ]

    @guard(off=yes)
    def has_view_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        return is_support(request)

    @guard(off=yes)
    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_support(request)

    @guard(off=yes)
    def has_change_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        return False

    @guard(off=yes)
    def has_delete_permission(self, request: HttpRequest, obj: Organization | None = None) -> bool:
        return False

    @guard(off=yes)
    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_support(request)

    @guard()
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        demand_support(request)
        return super().changelist_view(request, extra_context)

    @guard()
    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, object] | None = None,
    ) -> HttpResponse:
        demand_support(request)
        return super().changeform_view(request, object_id, form_url, extra_context)

    @guard()
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Http404: a business is never deleted, because its records may be asked for."""
        raise Http404

    @guard()
    def get_queryset(self, request: HttpRequest) -> QuerySet[Organization]:
        if not is_support(request):
            return Organization.objects.none()
        return Organization.objects.annotate(count=Count("locations")).order_by("account_number")

    def get_search_results(
        self, request: HttpRequest, queryset: OrganizationQuerySet, search_term: str
    ) -> tuple[OrganizationQuerySet, bool]:
        return queryset.containing(search_term), False

    def links(self, request: HttpRequest, object_id: str) -> list[Link]:
        """Only a group has locations that may work on a base 1.0."""
        business = self.get_object(request, object_id)
        if business is None or not business.is_group:
            return []
        address = reverse("admin:locations_organization_legacy_rules", args=[business.pk])
        return [Link(_("Rules of 1.0"), address, "toggle_on")]

    @admin.display(description=gettext_lazy("locations"))
    def location_count(self, organization: Counted) -> int:
        return int(organization.count)

    @admin.display(description=gettext_lazy("Locations"))
    def locations_list(self, organization: Counted) -> SafeString:
        places = organization.locations.select_related("organization", "base").order_by("client_number")[
            :SHOWN_LOCATIONS
        ]
        shown = [(place.address, place.client_number, marked(place)) for place in places]
        lines = format_html_join("\n", '<a class="mcp-line" href="{}">{} · {}</a>', shown)
        rest = organization.count - len(shown)
        more = ngettext("and %(count)s more", "and %(count)s more", rest) % {"count": rest}
        return format_html("{}<p>{}</p>", lines, more) if rest > 0 else lines

    @admin.display(description=gettext_lazy("opened by"))
    def opened_by(self, organization: Organization) -> str:
        """The name of whoever has opened the business, from its history."""
        events = apps.get_model("locations", "OrganizationEvent")._default_manager.select_related("pgh_context")
        first = events.filter(id=organization.pk, pgh_label="insert").first()
        metadata = first.pgh_context.metadata if first and first.pgh_context else {}
        return actor_shown(metadata) or _("the system")

    def get_form(
        self, request: HttpRequest, obj: Organization | None = None, change: bool = False, **kwargs: Any
    ) -> type[OperationForm]:
        kwargs["form"] = BusinessForm if change else NewBusinessForm
        return super().get_form(request, obj, change=change, **kwargs)

    def save_model(self, request: HttpRequest, obj: Organization, form: NewBusinessForm, change: bool) -> None:
        made = operations.open_business(
            account_number=obj.account_number,
            name=obj.name,
            kind=obj.kind,
            place=form.place(),
            administrator=form.administrator(),
            support=request.user,  # type: ignore[arg-type]
        )
        obj.pk = made.pk

    def response_add(
        self, request: HttpRequest, obj: Organization, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The first administrator gets a link to choose a password, by mail or on paper."""
        back = reverse("admin:locations_organization_change", args=[obj.pk])
        link = operations.first_link_of(obj)
        if link is None:
            return super().response_add(request, obj, post_url_continue)
        told = said(_("%(business)s is opened."), business=linked(obj, back))
        return after_link(request, link, back=back, site=provider, said=told)
