"""Filters of lists that offer rows of other tables."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from mcp.isolation.guards import guard


def told_by(narrowing: Any, value: str) -> Any:
    """What a filter of a list narrows it to, as a parameter of a sentence that is stored."""
    if hasattr(narrowing, "told"):
        return narrowing.told(value)
    return {str(key): label for key, label in narrowing.lookup_choices}.get(value, value)


class ChosenFilter(DropdownFilter):
    """A choice among rows of the scope. Anything else in the address is refused, whether or not it exists."""

    @guard(off=lambda self, request, queryset: self.narrowed(queryset, self.value()) if self.value() else queryset)
    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value()
        if not value:
            return queryset
        if value not in {key for key, _label in self.lookup_choices}:
            raise IncorrectLookupParameters
        return self.narrowed(queryset, value)

    @guard()
    def has_output(self) -> bool:
        """Also without anything to choose from: what stands in the address is then refused as well."""
        return True

    def narrowed(self, rows: Any, value: str) -> Any:
        """The rows that the chosen value leaves. A filter that forgets it fails, and does not show all."""
        raise NotImplementedError(f"{type(self).__name__} narrows nothing")
