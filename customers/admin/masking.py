"""The pages of a customer for somebody who may not see all of him: masks in place of fields, columns left out.

The field itself stands in no form and on no readonly line then, so that its value is neither sent nor taken.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import admin
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.field_groups import FIELDS, MASK, FieldGroup, unwritable, withheld
from customers.formats import join_list
from customers.models import Customer
from mcp.isolation.scope import Scope

_PREFIX = "withheld_"

type Line = str | tuple[str, ...]
"""One field, or several that stand beside each other."""
type Fieldset = tuple[str | Promise | None, dict[str, Sequence[Line]]]
"""A section of the form: its title, and its options, of which `fields` are the lines."""


class MaskedFields:
    """Mixin of the customers' ModelAdmin: for each field that can be withheld a readonly line `withheld_<name>`.

    Former numbers are no field; for whoever may only look they have a line as well.
    """

    @admin.display(description=_("former customer numbers"))
    def former_numbers(self, customer: Customer) -> str:
        return join_list(customer.former_numbers)


def _line(name: str) -> Callable[[object, Customer], str]:
    def masked(_page: object, _customer: Customer) -> str:
        return MASK

    field: Any = Customer._meta.get_field(name)
    masked.short_description = field.verbose_name  # type: ignore[attr-defined]
    return masked


for _name in (name for names in FIELDS.values() for name in names):
    setattr(MaskedFields, _PREFIX + _name, _line(_name))


def rights_masked(hidden: frozenset[str]) -> list[Promise]:
    """The names of the rights for lack of which these fields are masked."""
    return [group.right.label for group in FieldGroup if hidden.intersection(group.fields)]


def readonly_for(scope: Scope) -> tuple[str, ...]:
    """The readonly lines in place of what the scope may not see or, as the mark of a block, not write."""
    hidden = withheld(scope)
    return (*(_PREFIX + name for name in sorted(hidden)), *sorted(unwritable(scope) - hidden))


def fieldsets_for(scope: Scope, fieldsets: Sequence[Fieldset], *, is_new: bool) -> list[Fieldset]:
    """With masks in place of fields that the scope may not see; of a new customer there is nothing to mask."""
    hidden = withheld(scope)
    left_out = unwritable(scope) if is_new else frozenset[str]()

    def named(name: str) -> list[str]:
        return [] if name in left_out else [_PREFIX + name if name in hidden else name]

    def shown(entry: Line) -> Sequence[Line]:
        if isinstance(entry, str):
            return named(entry)
        line = tuple(shown_name for name in entry for shown_name in named(name))
        return [line] if line else []

    found = [
        (title, {**options, "fields": tuple(line for one in options["fields"] for line in shown(one))})
        for title, options in copy.deepcopy(list(fieldsets))
    ]
    return [(title, options) for title, options in found if options["fields"]]
