"""Filters of lists that offer rows of other tables."""

from __future__ import annotations

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.contrib.filters.admin import DropdownFilter

from mcp.isolation.guards import guard


class ChosenFilter(DropdownFilter):
    """A choice among rows of the scope. A value that is not offered is refused, whether or not such a row exists."""

    @guard(off=lambda self, request, queryset: self.narrowed(queryset, self.value()) if self.value() else queryset)
    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        """The rows that the chosen value leaves. Raises IncorrectLookupParameters for a value that is not offered."""
        value = self.value()
        if not value:
            return queryset
        if value not in {key for key, _label in self.lookup_choices}:
            raise IncorrectLookupParameters
        return self.narrowed(queryset, value)

    @guard()
    def has_output(self) -> bool:
        """Always, also where nothing is offered: a value in the address is refused then."""
        return True

    def narrowed(self, rows: QuerySet, value: str) -> QuerySet:
        """The rows that the chosen value leaves.

        Each filter defines it; without it the list fails instead of showing all rows.
        """
        raise NotImplementedError(f"{type(self).__name__} narrows nothing")
