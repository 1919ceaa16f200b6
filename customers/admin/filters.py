"""The filters beside the list of customers: how the criteria of a selection are chosen (see customers/selection)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter, RadioFilter
from unfold.contrib.filters.forms import HorizontalRadioForm
from unfold.widgets import UnfoldAdminTextInputWidget

from customers.selection.criteria import CRITERIA, Asker, Choice, Criterion, MarkCriterion, NoSuchChoice
from mcp.console.site import scope_of
from mcp.isolation.guards import guard, nothing


class CriterionFilter:
    """Mixin: offers what the criterion offers. The rows are those of the selection, asked by the list itself."""

    criterion: ClassVar[Criterion]
    lookup_choices: Sequence[Choice]
    value: Any

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[Choice]:
        return self.criterion.choices(Asker.now(scope_of(request)))

    def has_output(self) -> bool:
        """Also without anything to choose from: what stands in the address is then refused as well."""
        return True

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset

    @guard(off=nothing)
    def demand_offered(self) -> None:
        """Raise NoSuchChoice for a value that was not offered; what is offered was asked already."""
        value = self.value()
        if value and value not in {key for key, _label in self.lookup_choices}:
            raise NoSuchChoice(self.criterion.name)


class ChoiceFilter(CriterionFilter, DropdownFilter):
    pass


class DateForm(forms.Form):
    """One date, entered as the browser enters dates."""

    def __init__(self, *, name: str, label: Any, data: dict[str, str | None]) -> None:
        super().__init__(data)
        widget = UnfoldAdminTextInputWidget(attrs={"type": "date"})
        self.fields[name] = forms.CharField(label=label, required=False, widget=widget)


class ChangedSinceFilter(CriterionFilter, DropdownFilter):
    def __init__(self, request: HttpRequest, *args: Any) -> None:
        self.asker = Asker.now(scope_of(request))
        super().__init__(request, *args)

    def demand_offered(self) -> None:
        if value := self.value():
            self.criterion.demand(value, self.asker)

    def choices(self, changelist: Any) -> Iterator[dict[str, Any]]:
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
