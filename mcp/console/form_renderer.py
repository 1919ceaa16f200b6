"""What forms are made of most, written without a template: fields of one line, lists to choose from, labels, errors.

A template for each of forty fields, for the attributes of each, and for each of three hundred countries and languages
took most of the time of a customer's form. What is made here is what those templates make, or a test fails; every
other template is rendered as usual.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.utils.formats import localize
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

LINE_OF_LOOK = "unfold/widgets/text.html"
LIST_OF_LOOK = "unfold/widgets/select.html"
_AROUND_LINE = frozenset({"prefix", "prefix_icon", "suffix", "suffix_icon"})
"""What the look can put around a field of one line; where it does, its template is taken."""
_ARROW = (
    '<span class="material-symbols-outlined absolute group-[.primary]:text-white pointer-events-none mr-[12px] right-0 '
    "text-base-400 top-0 top-1/2 hover:text-base-700 dark:text-base-500 dark:hover:text-base-200 "
    '-translate-y-1/2">expand_more</span>'
)
"""Stands over a list to choose from, as the look has it."""


class FormRenderer(TemplatesSetting):
    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        make = _MADE_HERE.get(template_name)
        if make is None or (template_name == LINE_OF_LOOK and not _AROUND_LINE.isdisjoint(context["widget"])):
            return super().render(template_name, context, request)
        return make(context)


def _shown(value: Any) -> str:
    """As a template shows it: in the reader's language, and escaped unless it is safe."""
    if type(value) is str:
        return html.escape(value)
    return conditional_escape(value if isinstance(value, str) else localize(value))


def _written(value: Any) -> str:
    """As it stands in an attribute: in no language."""
    return value if isinstance(value, SafeString) else html.escape(str(value))


def _attributes(attrs: Mapping[str, Any]) -> SafeString:
    parts = []
    for name, value in attrs.items():
        if value is True:
            parts.append(f" {html.escape(name)}")
        elif value is not False:
            parts.append(f' {html.escape(name)}="{_written(value)}"')
    return SafeString("".join(parts))


def _input(context: dict[str, Any]) -> str:
    widget = context["widget"]
    value = "" if widget["value"] is None else f' value="{_written(widget["value"])}"'
    name = f'type="{_shown(widget["type"])}" name="{_shown(widget["name"])}"'
    return f"<input {name}{value}{_attributes(widget['attrs'])}>"


def _line_of_look(context: dict[str, Any]) -> str:
    return f'<div class="max-w-2xl relative w-full">{_input(context)}</div>'


def _select(context: dict[str, Any]) -> str:
    widget = context["widget"]
    options = "\n".join(_options(widget["optgroups"]))
    return f'<select name="{_shown(widget["name"])}"{_attributes(widget["attrs"])}>{options}</select>'


def _options(groups: Any) -> Iterator[str]:
    for name, options, _index in groups:
        if name:
            yield f'<optgroup label="{_shown(name)}">'
        for option in options:
            yield _option(option)
        if name:
            yield "</optgroup>"


def _option(option: dict[str, Any]) -> str:
    return (
        f'<option value="{_written(option["value"])}"{_attributes(option["attrs"])}>{_shown(option["label"])}</option>'
    )


def _list_of_look(context: dict[str, Any]) -> str:
    return f'<div class="grow relative max-w-2xl">{_select(context)}{_ARROW}</div>'


def _label(context: dict[str, Any]) -> str:
    if not context["use_tag"]:
        return _shown(context["label"])
    tag = _shown(context["tag"])
    return f"<{tag}{_attributes(context['attrs'] or {})}>{_shown(context['label'])}</{tag}>"


def _errors(context: dict[str, Any]) -> str:
    errors = context["errors"]
    if not errors:
        return ""
    field = getattr(errors, "field_id", None)
    named = f' id="{_shown(field)}_error"' if field else ""
    lines = "".join(f"<li>{_shown(error)}</li>" for error in errors)
    return f'<ul class="{_shown(context["error_class"])}"{named}>{lines}</ul>'


_INPUTS = ("text", "hidden", "number", "email", "url", "tel", "color", "search", "date", "time", "datetime", "checkbox")
_MADE_HERE: dict[str, Callable[[dict[str, Any]], str]] = {
    **{f"django/forms/widgets/{kind}.html": _input for kind in ("input", *_INPUTS)},
    "django/forms/widgets/select.html": _select,
    "django/forms/label.html": _label,
    "django/forms/errors/list/default.html": _errors,
    "django/forms/errors/list/ul.html": _errors,
    LINE_OF_LOOK: _line_of_look,
    LIST_OF_LOOK: _list_of_look,
}
