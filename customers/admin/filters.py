"""The filters beside the list of customers: how the criteria of a selection are chosen (see customers/selection)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar

from django import forms
from django.contrib.admin import ModelAdmin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RadioFilter
from unfold.contrib.filters.forms import HorizontalRadioForm
from unfold.widgets import UnfoldAdminTextInputWidget

from customers.querysets import CustomerQuerySet
from customers.selection.criteria import CRITERIA, Asker, Choice, Criterion, MarkCriterion, NoSuchChoice
from mcp.console.site import scope_of
from mcp.isolation.guards import guard, nothing

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class CriterionFilter:
    """Mixin: offers the values of its criterion. It filters nothing; the list asks the selection for its rows."""

    criterion: ClassVar[Criterion]
    lookup_choices: Sequence[Choice]
    value: Callable[[], str | None]

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> Sequence[Choice]:
        return self.criterion.choices(Asker.now(scope_of(request)))

    def has_output(self) -> bool:
        """True also where there is nothing to choose from, so that a value in the address is refused all the same."""
        return True

    def queryset(self, request: HttpRequest, queryset: CustomerQuerySet) -> CustomerQuerySet:
        return queryset

    @guard(off=nothing)
    def demand_offered(self) -> None:
        """Raise NoSuchChoice for a value that is not among the choices offered."""
        value = self.value()
        if value and value not in {key for key, _label in self.lookup_choices}:
            raise NoSuchChoice(self.criterion.name)


class ChoiceFilter(CriterionFilter, DropdownFilter):
    pass


class DateForm(forms.Form):
    """One date, entered as the browser enters dates."""

    def __init__(self, *, name: str, label: str | _StrPromise, data: dict[str, str | None]) -> None:
        super().__init__(data)
        widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
        self.fields[name] = forms.CharField(label=label, required=False, widget=widget)


class ChangedSinceFilter(CriterionFilter, DropdownFilter):
    def __init__(self, request: HttpRequest, *args: object) -> None:
        self.asker = Asker.now(scope_of(request))
        super().__init__(request, *args)

    def demand_offered(self) -> None:
        if value := self.value():
            self.criterion.demand(value, self.asker)

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, object]]:
        label = _("Changed since")
        yield {"form": DateForm(name=self.parameter_name, label=label, data={self.parameter_name: self.value()})}


class MarkFilter(CriterionFilter, RadioFilter):
    form_class = HorizontalRadioForm


class ArchivedFilter(CriterionFilter, RadioFilter):
    form_class = HorizontalRadioForm
    all_option = ["", _("Hidden")]


_OTHERS = {"changed_since": ChangedSinceFilter, "archived": ArchivedFilter}


def _filter_of(criterion: Criterion) -> type[CriterionFilter]:
    usual = MarkFilter if isinstance(criterion, MarkCriterion) else ChoiceFilter
    options = {"criterion": criterion, "title": criterion.title, "parameter_name": criterion.name}
    return type(f"{type(criterion).__name__}Filter", (_OTHERS.get(criterion.name, usual),), options)


FILTERS = tuple(_filter_of(criterion) for criterion in CRITERIA.values())
