"""The pages of customers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import ActionLocation
from django.db.models import Field
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _text
from django.utils.translation import gettext_lazy as _

from customers.admin import counter, finding, pages
from customers.admin.changelist import SIZE_VAR, CustomerChangeList
from customers.admin.columns import COLUMNS, SHOWS, WITH_BIRTHDAY, CustomerColumns, badges
from customers.admin.fields import FORM_CLASSES, READONLY, customer_widget
from customers.admin.filters import FILTERS
from customers.admin.masking import Fieldset, MaskedFields, fieldsets_for, readonly_for, rights_masked
from customers.admin.pages import ALL_FOUND
from customers.admin.typed_search import fields_of
from customers.bulk.views import bulk_urls
from customers.cards import pages as card_pages
from customers.choices import BIRTHDAY_VAR, BulkKind
from customers.consents.pages import consents_page, consents_section, record_page, withdraw_page
from customers.consents.questions import record_answers
from customers.console import further_pages, notices
from customers.console.base import CustomersAdmin
from customers.console.ticked import chosen_for
from customers.edit_side import is_edited_here, standing
from customers.erasure.pages import erase
from customers.exports.views import export_urls
from customers.field_groups import MASK, withheld
from customers.figures.offline import left_out_of_lists
from customers.filters.saved import canonical
from customers.filters.views import filter_urls
from customers.forms import CustomerForm, TagsField
from customers.history.changes import Change, differences
from customers.imports.views import import_urls
from customers.memberships.pages import memberships
from customers.models import Customer, CustomerGroup, SavedFilter
from customers.operations import CustomerChangedMeanwhile, change_customer, register_customer
from customers.querysets import CustomerQuerySet
from locations.permissions import Right
from mcp.console.site import console, scope_of
from mcp.isolation.guards import guard, yes
from mcp.isolation.scope import Scope

GIVEN = ("customer_number", "home_location", "created_at", "changed_at")
"""What is given to a customer and not typed; the number of a new one may be typed."""
NEEDED = {
    "export": Right.EXPORT_CUSTOMERS,
    **dict.fromkeys(("record_consent", "set_group", "add_tag", "remove_tag"), Right.CHANGE_CUSTOMERS),
}
"""Which right an action of the list needs; the others need that to archive."""
EDITING = frozenset({"set_group", "add_tag", "remove_tag", "archive", "restore"})
"""The actions of the list that edit customers."""
MOST_FILTERS = 30
"""So many saved filters stand beside the list; all of them are on their own page."""


@admin.register(Customer, site=console)
class CustomerAdmin(CustomerColumns, MaskedFields, CustomersAdmin):
    """Customers of the base on which the location works."""

    # Nobody deletes: customers are archived.
    rights = {"view": Right.VIEW_CUSTOMERS, "add": Right.ADD_CUSTOMERS, "change": Right.CHANGE_CUSTOMERS}
    related_rows = {"customer_group": lambda scope: CustomerGroup.objects.in_base(scope.base)}
    menu_icon: ClassVar[str] = "groups"
    menu_order: ClassVar[int] = 10
    menu_add = _("Register a customer")
    menu_add_icon: ClassVar[str] = "person_add"

    form = CustomerForm
    change_form_template = "customers/customer_form.html"
    change_list_template = "customers/customer_list.html"
    list_display = COLUMNS
    list_display_links = ("number", "name")
    list_filter = FILTERS
    list_parameters = frozenset({SIZE_VAR})
    list_fullwidth = True
    list_disable_select_all = True
    search_fields = ("search_text",)  # shows the search box; the selection does the searching
    search_help_text = _("Number, name, company, phone, e-mail, city, tag, card")
    actions = ("set_group", "add_tag", "remove_tag", "record_consent", "archive", "restore", "export")
    ordering = ("sort_name",)
    readonly_preprocess_fields = READONLY
    fieldsets: ClassVar[tuple[Fieldset, ...]] = (
        (
            _("Person or company"),
            {"fields": (("salutation", "title"), ("first_name", "last_name"), ("company", "alias"))},
        ),
        (
            _("Contact"),
            {
                "fields": (
                    ("mobile", "phone_private"),
                    ("email", "phone_business"),
                    ("website", "fax"),
                    ("birthday", "birthday_without_year"),
                    "language",
                )
            },
        ),
        (
            _("Address"),
            {
                "classes": ["tab"],
                "fields": (("street", "address_extra"), ("postal_code", "city"), ("country", "po_box"), "vat_id"),
            },
        ),
        (
            _("Conditions"),
            {
                "classes": ["tab"],
                "fields": (
                    ("customer_group", "price_level"),
                    ("discount", "credit_limit"),
                    ("payment_method", "payment_term"),
                ),
            },
        ),
        (_("Bank"), {"classes": ["tab"], "fields": ("iban", ("bic", "bank"))}),
        (
            _("Memo and tags"),
            {"classes": ["tab"], "fields": ("tags", "memo", ("is_favourite", "is_blocked"), "blocked_reason")},
        ),
        (
            _("Administration"),
            {
                "classes": ["tab"],
                "fields": (
                    ("customer_number", "former_numbers"),
                    ("home_location", "loss_reason"),
                    ("created_at", "changed_at"),
                ),
            },
        ),
    )

    class Media:
        css = {"all": ["customers.css"]}
        js = ["customers.js"]

    # --- rows and rights ----------------------------------------------------------------------------------

    def rows(self, scope: Scope) -> CustomerQuerySet:
        return Customer.objects.in_base(scope.base).select_related("home_location")

    @guard(off=yes)
    def has_archive_permission(self, request: HttpRequest) -> bool:
        scope: Scope | None = getattr(request, "scope", None)
        return scope is not None and scope.allows(Right.ARCHIVE_CUSTOMERS)

    @guard(off=yes)
    def has_export_permission(self, request: HttpRequest) -> bool:
        scope: Scope | None = getattr(request, "scope", None)
        return scope is not None and scope.allows(Right.EXPORT_CUSTOMERS)

    @guard(off=yes)
    def has_record_permission(self, request: HttpRequest) -> bool:
        scope: Scope | None = getattr(request, "scope", None)
        return scope is not None and scope.allows(Right.CHANGE_CUSTOMERS)

    # --- where they are edited: what is sent is refused by the operation, which keeps what was typed ----------

    def has_add_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        return super().has_add_permission(request, obj) and not self._is_shown_only(request)

    def has_change_permission(self, request: HttpRequest, obj: Customer | None = None) -> bool:
        return super().has_change_permission(request, obj) and not self._is_shown_only(request)

    def _is_shown_only(self, request: HttpRequest) -> bool:
        """Whether a page is asked for at which nobody can edit, because that is done on the other side."""
        scope: Scope | None = getattr(request, "scope", None)
        return request.method != "POST" and scope is not None and not is_edited_here(scope.base)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """The form; or, where customers are edited on the other side, a page that says so."""
        self.demand(request, "add")
        if self._is_shown_only(request):
            context = {"title": self.menu_add, "back": self.address("changelist")}
            return self.show(request, "customers/edited_elsewhere.html", context)
        return super().add_view(request, form_url, extra_context)

    def get_actions(
        self, request: HttpRequest, action_location: ActionLocation = ActionLocation.CHANGE_LIST
    ) -> dict[str, Any]:
        """Without those that edit, where that is done on the other side."""
        actions = super().get_actions(request, action_location)
        is_shown_only = self._is_shown_only(request)
        return {name: action for name, action in actions.items() if not (is_shown_only and name in EDITING)}

    # --- list ---------------------------------------------------------------------------------------------

    @guard()
    def get_list_display(self, request: HttpRequest) -> list[str]:
        """The columns that the scope may see. Filtered by birthdays the list has a column with their days."""
        hidden = withheld(scope_of(request))
        shown = WITH_BIRTHDAY if request.GET.get(BIRTHDAY_VAR) else COLUMNS
        return [name for name in shown if SHOWS.get(name) not in hidden]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CustomerChangeList]:
        return CustomerChangeList

    @guard()
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        if request.method == "POST":  # one of the list's actions: the refusal shall name the right that it needs
            scope_of(request).demand(NEEDED.get(request.POST.get("action", ""), Right.ARCHIVE_CUSTOMERS))
            if ALL_FOUND in request.POST:
                self.demand(request, "view")
                return pages.all_found(self, request)
        scope = scope_of(request)
        may = self.has_archive_permission, self.has_record_permission, self.has_export_permission
        context = {
            "title": capfirst(str(self.opts.verbose_name_plural)),
            "may_act": any(is_allowed(request) for is_allowed in may),
            "may_export": self.has_export_permission(request),
            "edit_side": standing(scope.base),
            "not_listed": left_out_of_lists(scope),
            "may_see_locations": Right.MANAGE_LOCATION in scope.rights,
            **self._filters(request),
        }
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def _filters(self, request: HttpRequest) -> dict[str, object]:
        """Context of the list: the saved filters, and the address under which the list as it is would be saved."""
        saved = list(SavedFilter.objects.seen_by(scope_of(request))[:MOST_FILTERS])
        query = canonical(request.GET)
        known = {"filter_query": query, "is_saved_filter": query in {one.query for one in saved}}
        return {"saved_filters": saved, **known}

    @admin.action(description=_("Set the customer group…"), permissions=["record"])
    def set_group(self, request: HttpRequest, queryset: CustomerQuerySet) -> HttpResponse:
        return chosen_for(request, pages.bulk_address(BulkKind.GROUP))

    @admin.action(description=_("Add a tag…"), permissions=["record"])
    def add_tag(self, request: HttpRequest, queryset: CustomerQuerySet) -> HttpResponse:
        return chosen_for(request, pages.bulk_address(BulkKind.ADD_TAG))

    @admin.action(description=_("Remove a tag…"), permissions=["record"])
    def remove_tag(self, request: HttpRequest, queryset: CustomerQuerySet) -> HttpResponse:
        return chosen_for(request, pages.bulk_address(BulkKind.REMOVE_TAG))

    @admin.action(description=_("Archive…"), permissions=["archive"])
    def archive(self, request: HttpRequest, queryset: CustomerQuerySet) -> HttpResponse:
        return pages.chosen(self, request, "archive")

    @admin.action(description=_("Restore"), permissions=["archive"])
    def restore(self, request: HttpRequest, queryset: CustomerQuerySet) -> HttpResponse:
        return pages.chosen(self, request, "restore")

    @admin.action(description=_("Record a consent…"), permissions=["record"])
    def record_consent(self, request: HttpRequest, queryset: CustomerQuerySet) -> HttpResponse:
        return pages.chosen(self, request, "consent")

    @admin.action(description=_("Export…"), permissions=["export"])
    def export(self, request: HttpRequest, queryset: CustomerQuerySet) -> HttpResponse:
        return chosen_for(request, reverse("admin:customers_export"))

    # --- form ---------------------------------------------------------------------------------------------

    @guard()
    def get_readonly_fields(self, request: HttpRequest, obj: Customer | None = None) -> tuple[str, ...]:
        return (*(GIVEN if obj else ()), *readonly_for(scope_of(request)))

    @guard()
    def get_fieldsets(self, request: HttpRequest, obj: Customer | None = None) -> list[Fieldset]:
        *others, (title, options) = self.fieldsets
        if obj is None:
            options = {**options, "fields": (("customer_number", "former_numbers"), "loss_reason")}
        shown = fieldsets_for(scope_of(request), [*others, (title, options)], is_new=obj is None)
        return counter.shortened(shown) if obj is None else shown

    def get_form(
        self, request: HttpRequest, obj: Customer | None = None, change: bool = False, **kwargs: Any
    ) -> type[CustomerForm]:
        """The form class with its two hidden fields, `seen_at` and `known_candidates`, which are in no fieldset."""
        if (fields := kwargs.get("fields")) is not None and self._may_save(request, obj):
            kwargs["fields"] = [*fields, "seen_at", "known_candidates"]
        return super().get_form(request, obj, change=change, **kwargs)

    def _may_save(self, request: HttpRequest, obj: Customer | None) -> bool:
        return self.has_change_permission(request, obj) if obj else self.has_add_permission(request)

    @guard()
    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        if db_field.name == "tags":
            return TagsField(label=capfirst(db_field.verbose_name), required=False, widget=customer_widget("tags"))
        if form_class := FORM_CLASSES.get(db_field.name):
            kwargs["form_class"] = form_class
        if widget := customer_widget(db_field.name):
            kwargs["widget"] = widget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, str]:
        """A new customer begins with the words of a search that has found nobody."""
        return fields_of(request.GET.get("typed", ""))

    def save_model(self, request: HttpRequest, obj: Customer, form: CustomerForm, change: bool) -> None:
        scope = scope_of(request)
        if change:
            change_customer(customer=obj, seen_at=form.cleaned_data["seen_at"], actor=scope)
        else:
            register_customer(customer=obj, actor=scope)
            record_answers(form, obj, actor=scope)
        for label, number in form.unknown_phones():
            sentence = _text("%(label)s “%(number)s” was kept as typed: it is not a complete phone number.")
            messages.warning(request, sentence % {"label": label, "number": number})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        form, customer, scope = context["adminform"].form, kwargs.get("obj"), scope_of(request)
        hidden = withheld(scope)
        context |= {
            "candidates": getattr(form, "candidates", []),
            "masked": rights_masked(hidden),
            "original_id": str(customer.pk) if customer else "",
            "badges": badges(customer) if customer else "",
            **{
                name: MASK if name in hidden else getattr(customer, name, "")
                for name in ("archived_reason", "blocked_reason")
            },
            "salutations": (_text("Ms"), _text("Mr"), _text("Family"), _text("Company")),
            "may_archive": self.has_archive_permission(request) and is_edited_here(scope.base),
            "edit_side": standing(scope.base),
            "may_erase": scope.allows(Right.ERASE_CUSTOMERS),
            "may_see_history": scope.allows(Right.SEE_HISTORY) and scope.allows(Right.VIEW_CUSTOMERS),
            "may_see_candidates": scope.allows(Right.VIEW_CUSTOMERS),
            "differences": self._differences(request, form, customer),
            "notices": notices.told_about(customer, scope) if customer else [],
            "further_pages": further_pages.links_for(customer, scope) if customer else [],
            **(self._sections(request, customer) if customer else counter.context(form)),
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def _sections(self, request: HttpRequest, customer: Customer) -> dict[str, object]:
        """Context of what is shown below the form of a customer: his cards and his consents."""
        return card_pages.section(request, customer) | consents_section(request, customer)

    def _differences(self, request: HttpRequest, form: CustomerForm, customer: Any) -> list[Change]:
        """After a refused save: each field in which the stored customer and what was typed differ."""
        if not isinstance(getattr(request, "refusal", None), CustomerChangedMeanwhile):
            return []
        stored = Customer.objects.in_base(scope_of(request).base).get(pk=customer.pk)
        return differences(stored, form.cleaned_data)

    def response_add(self, request: HttpRequest, obj: Customer, post_url_continue: str | None = None) -> HttpResponse:
        return self.leave(request, _text("%(row)s is registered."), obj)

    def response_change(self, request: HttpRequest, obj: Customer) -> HttpResponse:
        return self.leave(request, _text("%(row)s is changed."), obj)

    # --- further pages ------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        further = [
            path("find/", self._page(finding.find), name="customers_customer_find"),
            path("duplicates/", self._page(pages.duplicates), name="customers_customer_duplicates"),
            path("archive/", self._page(pages.archive), name="customers_customer_archive"),
            path("restore/", self._page(pages.restore), name="customers_customer_restore"),
            path("consent/", self._page(record_page), name="customers_customer_consent"),
            path("<path:object_id>/consents/", self._page(consents_page), name="customers_customer_consents"),
            path("<path:object_id>/erase/", self._page(erase), name="customers_customer_erase"),
            path("<path:object_id>/cards/", self._page(card_pages.cards), name="customers_customer_cards"),
            path("<path:object_id>/memberships/", self._page(memberships), name="customers_customer_memberships"),
            path("version/<uuid:pk>/", self._page(pages.version), name="customers_customer_version"),
            path("<path:object_id>/withdraw/", self._page(withdraw_page), name="customers_customer_withdraw"),
        ]
        mounted = [*import_urls(), *export_urls(), *bulk_urls(), *filter_urls()]
        return [*further, *mounted, *super().get_urls()]

    def _page(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponseBase]:
        def page(request: HttpRequest, **named: str) -> HttpResponse:
            response: HttpResponse = view(self, request, **named)
            return response

        return self.admin_site.admin_view(page)

    @guard()
    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        return pages.history(self, request, object_id)
