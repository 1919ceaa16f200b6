"""What is open in the accounts of all customers, and the items behind each figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounting.balances import ledger_before
from accounting.choices import AgeClass
from accounting.overview import SORTS, Aged, Question, items_of, per_customer
from accounting.pages.forms import PlainForm, day_field
from accounting.pages.frame import (
    BEFORE,
    DOWNLOAD,
    OPEN_ITEMS,
    OVERVIEW,
    address_of,
    ledger_asked,
    may,
    seer,
    show_page,
)
from customers.models import Customer, CustomerGroup
from locations.models import Location
from locations.permissions import Right
from mcp.isolation.scope import Scope

SORT, PAGE = "sort", "p"
_FIRST_SORT = "-total"
_TEXTS = ("name", "number")


class NarrowForm(PlainForm):
    """As of which day, and narrowed to what. What cannot be is as if it were not there."""

    day = day_field(gettext_lazy("At the end of"))
    location = forms.ModelChoiceField(
        label=gettext_lazy("Sold at"), queryset=Location.objects.none(), required=False, empty_label=gettext_lazy("All")
    )
    group = forms.ModelChoiceField(
        label=gettext_lazy("Customer group"), queryset=CustomerGroup.objects.none(), required=False,
        empty_label=gettext_lazy("All"),
    )  # fmt: skip
    company = forms.IntegerField(
        label=gettext_lazy("Number of the company"), required=False, min_value=1, max_value=9_999_999,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "size": 8}),
    )  # fmt: skip
    age = forms.ChoiceField(
        label=gettext_lazy("Overdue"), required=False, choices=[("", gettext_lazy("All")), *AgeClass.choices]
    )

    def __init__(self, *args: Any, scope: Scope, **options: Any) -> None:
        super().__init__(*args, **options)
        places: Any = self.fields["location"]
        places.queryset = Location.objects.filter(organization=scope.organization, base=scope.base)
        groups: Any = self.fields["group"]
        groups.queryset = CustomerGroup.objects.filter(base=scope.base)
        self.fields["day"].required = False
        self.fields["day"].widget.attrs["max"] = timezone.localdate().isoformat()


@dataclass(frozen=True)
class Asked:
    """What a page was asked for: the question, and how its address says so."""

    question: Question
    form: NarrowForm
    kept: dict[str, str]
    """The parameters of the address that narrow it, for links that keep them."""

    def link(self, page: str = "", **changed: Any) -> str:
        """The address of the items (or of `page`) with these parameters changed; None and '' leave one out."""
        values = {name: str(value) for name, value in {**self.kept, **changed}.items() if value not in (None, "")}
        return f"{page}?{urlencode(values)}"

    def narrowed(self, page: str) -> str:
        """The address of a page that takes the same question by ids."""
        names = ("location", "group", "company", "customer", "age")
        values = {name: getattr(self.question, name) for name in names}
        told = {name: value for name, value in values.items() if value not in (None, "")}
        before = {"in": self.kept["in"]} if "in" in self.kept else {}
        return f"{page}?{urlencode({**told, **before, 'day': self.question.day.isoformat()})}"

    @property
    def is_narrowed(self) -> bool:
        return any(name not in ("day", "in", SORT) for name in self.kept)


def asked_by(request: HttpRequest, scope: Scope) -> Asked:
    """The question in an address. Raises Http404 where it asks for a ledger of before that is not there."""
    form = NarrowForm(request.GET, scope=scope)
    form.is_valid()
    found = form.cleaned_data
    company = _company(found.get("company"), scope)
    ledger = ledger_asked(request, scope)
    question = Question.of(
        actor=scope, day=found.get("day"), ledger=ledger, location=_pk(found.get("location")),
        group=_pk(found.get("group")), company=company, customer=_number(request.GET.get("customer")),
        age=found.get("age", ""),
    )  # fmt: skip
    kept = {name: request.GET[name] for name in found if found.get(name) and request.GET.get(name)}
    if question.customer is not None:
        kept["customer"] = str(question.customer)
    if ledger is not None:
        kept["in"] = BEFORE
    shown = NarrowForm(initial={**found, "day": question.day}, scope=scope)
    return Asked(question=question, form=shown, kept=kept)


def _pk(row: Any) -> int | None:
    return None if row is None else row.pk


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 15 else None


def _company(number: int | None, scope: Scope) -> int | None:
    """The id of the customer with this number; 0, which is nobody's, where there is none."""
    if number is None:
        return None
    found = Customer.objects.in_base(scope.base).filter(customer_number=number).values_list("pk", flat=True).first()
    return found or 0


def overview_page(request: HttpRequest) -> HttpResponse:
    """Who owes how much, by how long it has been overdue; ?sort= and ?p= say in which order and which page."""
    scope = seer(request)
    asked = asked_by(request, scope)
    sort = request.GET.get(SORT, _FIRST_SORT)
    sort = sort if sort.removeprefix("-") in SORTS else _FIRST_SORT
    found = per_customer(asked.question, sort=sort, page=page_asked(request))
    items = address_of(OPEN_ITEMS)
    context = {
        **_frame(asked, scope, "overview"),
        "rows": [(one.customer, _figures(one.aged, asked, items, one.customer)) for one in found.rows],
        "places": [(one.location, _figures(one.aged, asked, items, None, one.location.pk)) for one in found.places],
        "total": _figures(found.total, asked, items),
        "found": found,
        "heads": _heads(sort, asked),
        "turning": _turning(found.page, found.pages, asked, sort),
        "ages": AgeClass.choices,
        "before": "" if "in" in asked.kept or not ledger_before(scope) else asked.link(**{"in": BEFORE}),
    }
    return show_page(request, "overview", _("Open items"), context)


def open_items_page(request: HttpRequest) -> HttpResponse:
    """The items behind a figure of the overview: what was sold to whom, since when it is due, what is open of it."""
    scope = seer(request)
    asked = asked_by(request, scope)
    found = items_of(asked.question, page=page_asked(request))
    whose = Customer.objects.in_base(scope.base).filter(pk=asked.question.customer or 0).first()
    context = {
        **_frame(asked, scope, "open-items"),
        "found": found,
        "whose": whose,
        "turning": _turning(found.page, found.pages, asked, ""),
        "back": asked.link(address_of(OVERVIEW), customer=None, age=None),
    }
    title = _("Open items of %(customer)s") % {"customer": whose} if whose else _("Open items, one by one")
    return show_page(request, "overview_items", title, context)


def _frame(asked: Asked, scope: Scope, table: str) -> dict[str, object]:
    return {
        "download": asked.narrowed(address_of(DOWNLOAD, table)) if may(scope, Right.EXPORT_CUSTOMERS) else "",
        "form": asked.form,
        "hidden": {name: value for name, value in asked.kept.items() if name in ("customer", "in")},
        "is_narrowed": asked.is_narrowed,
        "is_before": "in" in asked.kept,
        "of_now": asked.question.is_of_now,
        "day": asked.question.day,
        "home": scope.location if asked.question.home is not None else None,
        "currency": scope.organization.currency,
    }


def _figures(
    aged: Aged, asked: Asked, items: str, customer: Customer | None = None, location: int | None = None
) -> list[tuple[object, Any, str]]:
    """The label of each amount, the amount, and the address of the items behind it; that of all classes is the last."""
    whose = {} if customer is None else {"customer": customer.pk}
    place = {} if location is None else {"location": location}
    amounts: list[tuple[object, Any, str]] = [
        (age.label, amount, asked.link(items, **whose, **place, age=age.value)) for age, amount in aged.amounts.items()
    ]
    return [*amounts, (_("Together"), aged.total, asked.link(items, **whose, **place))]


def _heads(sort: str, asked: Asked) -> list[tuple[str, str, object, str]]:
    """Of each column: its name, the link that sorts by it, its title, and how it is sorted now for a screen reader."""
    titles: list[tuple[str, Promise | str]] = [
        ("name", gettext_lazy("Customer")), *((age.value, age.label) for age in AgeClass),
        ("total", gettext_lazy("Together")),
    ]  # fmt: skip
    return [(name, asked.link(sort=_next(name, sort)), title, _sorted(name, sort)) for name, title in titles]


def _next(name: str, sort: str) -> str:
    """What a click on a heading sorts by: texts from A to Z first, amounts the largest first, and then turned."""
    if sort.removeprefix("-") == name:
        return name if sort.startswith("-") else f"-{name}"
    return name if name in _TEXTS else f"-{name}"


def _sorted(name: str, sort: str) -> str:
    if sort.removeprefix("-") != name:
        return ""
    return "descending" if sort.startswith("-") else "ascending"


def _turning(page: int, pages: int, asked: Asked, sort: str) -> Sequence[tuple[str, str, str]]:
    """The links to the page before and the one after: what they are to each other, the address, the words."""
    kept: dict[str, Any] = {SORT: "" if sort == _FIRST_SORT else sort}
    links = []
    if page > 1:
        links.append(("prev", asked.link(**{**kept, PAGE: page - 1}), _("Previous page")))
    if page < pages:
        links.append(("next", asked.link(**{**kept, PAGE: page + 1}), _("Next page")))
    return links


def page_asked(request: HttpRequest) -> int:
    """The number of the page in the address; 1 where it is none."""
    text = request.GET.get(PAGE, "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) <= 6 else 1
