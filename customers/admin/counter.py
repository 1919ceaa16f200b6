"""Registering at the counter: name, phone or e-mail and what he agrees to in sight, all the rest folded beneath."""

from __future__ import annotations

from collections.abc import Iterable

from customers.admin.masking import Fieldset, Line
from customers.consents.questions import questions
from customers.forms import CustomerForm

SHORT: tuple[tuple[str, ...], ...] = (("first_name", "last_name"), ("company",), ("mobile", "email"))
"""What is asked of everybody; the whole form lies folded beneath it, so that nothing typed is lost on the way."""
_IN_SHORT = frozenset(name for line in SHORT for name in line)


def shortened(fieldsets: Iterable[Fieldset]) -> list[Fieldset]:
    """The same fields with the short form first, as far as they are there; sections that become empty go."""
    there = {name for _name, options in fieldsets for line in options["fields"] for name in _names(line)}
    short = [names for line in SHORT if (names := tuple(name for name in line if name in there))]
    rest: list[Fieldset] = []
    for name, options in fieldsets:
        lines = [kept for line in options["fields"] if (kept := _without_short(line))]
        if lines:
            rest.append((name, {**options, "fields": lines}))
    return [(None, {"fields": short, "description": ""}), *rest]


def context(form: CustomerForm) -> dict[str, object]:
    """What the page of a new customer shows besides the fields, and whether the folded part has to lie open."""
    wrong = [name for name in form.errors if name not in _IN_SHORT and name != "__all__"]
    asked = questions(form)
    return {
        "questions": asked,
        "is_unfolded": bool(set(wrong) - {question.name for question in asked}),
    }


def _names(line: Line) -> tuple[str, ...]:
    return (line,) if isinstance(line, str) else tuple(line)


def _without_short(line: Line) -> Line:
    kept = tuple(name for name in _names(line) if name not in _IN_SHORT)
    return kept[0] if len(kept) == 1 else kept
