"""The list of customers: which page is shown, in which order, and how many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from unfold.templatetags.unfold_list import result_headers
from unfold.views import ChangeList

from customers import starting
from customers.admin.typed_search import fields_of
from customers.birthdays import BY_CALENDAR
from customers.choices import BIRTHDAY_VAR, REGISTERED_VAR, WINDOWS
from customers.field_groups import withheld
from customers.models import Card, Customer
from customers.paginator import LIMIT, PAGE_SIZES, SHOWN_OF_MORE, CustomerPaginator
from customers.querysets import CustomerQuerySet
from customers.search import SEARCHED_FIELDS
from customers.selection.criteria import Asker, NoSuchChoice
from customers.selection.selecting import Selection, card_of
from mcp.console.site import scope_of

SIZE_VAR = "size"
SORTED_BY = ("customer_number", "sort_name", "city", "created_at", "changed_at")
"""What the list can be sorted by: each has an index that begins with the base."""
SHOWN = (
    "organization", "base", "customer_number", "title", "first_name", "last_name", "company", "alias", "city",
    "postal_code", "mobile", "phone_private", "phone_business", "email", "is_favourite", "is_blocked", "archived_at",
    "created_at", "changed_at", "customer_group__name", "home_location__name", "birthday", "birthday_without_year",
)  # fmt: skip
"""The columns that a row of the list needs; above all not the memo and the search text."""


class CustomerChangeList(ChangeList):
    """A list in the scope's base. It never counts all customers, and reads only the rows of the page."""

    list_per_page: int
    page_num: int
    request: HttpRequest
    limit, shown_of_more = LIMIT, SHOWN_OF_MORE
    page_sizes = PAGE_SIZES

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.scope = scope_of(request)
        self.selection = Selection.of_query(request.GET)
        self.card = card_of(self.scope.base, self.selection.words)
        self.base = self.scope.base
        self.hidden = withheld(self.scope)
        super().__init__(request, *args, **kwargs)
        if self.hidden.intersection(SEARCHED_FIELDS):
            self.search_help_text = _("Number, name, company, city, tag, card")

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Without the page size, which is no filter."""
        found: dict[str, Any] = super().get_filters_params(params)
        found.pop(SIZE_VAR, None)
        return found

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> CustomerQuerySet:
        """Those whom the address means, as an export or a bulk change of them would ask."""
        self.filter_specs, self.has_filters, _rest, _distinct, self.has_active_filters = self.get_filters(request)
        try:
            for spec in self.filter_specs:
                spec.demand_offered()
        except NoSuchChoice as error:
            raise IncorrectLookupParameters from error
        rows = self.selection.rows(Asker.now(self.scope), card=self.card, are_offered=True)
        return rows.order_by(*self.get_ordering(request, rows))

    def get_ordering(self, request: HttpRequest, queryset: CustomerQuerySet) -> list[str]:
        return [self.order, "-id" if self.order.startswith("-") else "id"]

    @cached_property
    def order(self) -> str:
        """The one column that the list is sorted by; by name, where the address says nothing that is known."""
        for part in str(self.params.get("o", "")).split("."):
            sign, digits = ("-", part[1:]) if part.startswith("-") else ("", part)
            if digits.isdecimal() and int(digits) < len(self.list_display):
                field = self.get_ordering_field(self.list_display[int(digits)])
                if field in SORTED_BY:
                    return f"{sign}{field}"
        return self._order_of_filter()

    def _order_of_filter(self) -> str:
        """Birthdays as the calendar has them, new customers with the newest first."""
        if self.params.get(BIRTHDAY_VAR) in WINDOWS:
            return BY_CALENDAR
        return "-created_at" if self.params.get(REGISTERED_VAR) else "sort_name"

    def get_ordering_field_columns(self) -> dict[int, str]:
        key, direction = self.order.removeprefix("-"), "desc" if self.order.startswith("-") else "asc"
        columns = [self.get_ordering_field(name) for name in self.list_display]
        return {columns.index(key): direction} if key in columns else {}

    def apply_select_related(self, queryset: CustomerQuerySet) -> CustomerQuerySet:
        """Nothing: the page's rows are read by themselves, see `get_results`."""
        return queryset

    def get_results(self, request: HttpRequest) -> None:
        size = self.params.get(SIZE_VAR, "")
        self.list_per_page = int(size) if size in {str(known) for known in PAGE_SIZES} else self.list_per_page
        self.paginator = self._paginator()
        if self.order == BY_CALENDAR and self.paginator.is_more:
            self.order = "sort_name"  # no index has them in the order of the calendar, and nobody reads on so far
            self.paginator = self._paginator()
        self.page_num = self.paginator.nearest_page(self.page_num)
        self.result_list = self._rows(self.paginator.ids(self.page_num))
        self.result_count = self.paginator.count
        self.full_result_count, self.show_full_result_count = self.result_count, False
        self.multi_page = self.paginator.num_pages > 1
        self.can_show_all, self.show_admin_actions = False, True

    def _paginator(self) -> CustomerPaginator:
        rows = self.queryset.annotate(**{BY_CALENDAR: F(BY_CALENDAR)}) if self.order == BY_CALENDAR else self.queryset
        total, is_searched = self.selection.total(self.scope), self.selection.is_searched
        return CustomerPaginator(rows, self.list_per_page, order=self.order, total=total, is_searched=is_searched)

    def _rows(self, ids: list[int]) -> list[Customer]:
        rows = Customer.objects.in_base(self.base).select_related("customer_group", "home_location")
        found = rows.only(*(name for name in SHOWN if name not in self.hidden)).in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]

    @cached_property
    def has_nobody(self) -> bool:
        """Whether there is no customer at all, so that nothing but a beginning helps."""
        return not self.result_list and starting.has_nobody(self.scope)

    @property
    def ways(self) -> list[starting.Way]:
        found: list[starting.Way] = starting.ways(self.scope)["ways"]
        return found

    @cached_property
    def blocked_card(self) -> Card | None:
        """The card whose number is searched, where it is blocked."""
        return self.card if self.card is not None and not self.card.is_active else None

    @property
    def is_query_new(self) -> bool:
        """Whether what was searched can become a new customer."""
        return bool(fields_of(self.query))

    def headers(self) -> list[dict[str, Any]]:
        return list(result_headers(self))

    def table(self) -> Iterator[tuple[int, str, Iterable[tuple[str, Any]]]]:
        """For each row its id, its address and its cells, (column, content). The stock table takes three times as
        long as everything else on the page.
        """
        columns = [name for name in self.list_display if name != "action_checkbox"]
        methods = [getattr(self.model_admin, name) for name in columns]
        way_back = f"?{self.preserved_filters}" if self.preserved_filters else ""
        before, _digit, behind = reverse("admin:customers_customer_change", args=[0]).rpartition("0")
        for customer in self.result_list:
            cells = zip(columns, [method(customer) for method in methods], strict=True)
            yield customer.pk, f"{before}{customer.pk}{behind}{way_back}", cells

    def page_links(self) -> list[int | str]:
        """The first, the nearest and the last pages, with an ellipsis between."""
        return list(self.paginator.get_elided_page_range(self.page_num))

    def size_links(self) -> list[tuple[int, str]]:
        """(page size, address) for each page size; the page number does not survive a change."""
        return [(size, self.get_query_string({SIZE_VAR: size})) for size in PAGE_SIZES]
