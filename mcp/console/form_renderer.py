"""Renders the common parts of forms without templates: input fields of one line, lists to choose from, labels, errors.

Rendering a template for each of forty fields, for their attributes, and for each of three hundred countries and
languages took most of the time of a customer's form. The output is the same as that of the templates, which a test
checks; all others are rendered as usual.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest
from django.utils.formats import localize
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

type Context = dict[str, Any]
"""What Django gives to the template of a widget, an option, a label or a list of errors."""

LINE_OF_LOOK = "unfold/widgets/text.html"
LIST_OF_LOOK = "unfold/widgets/select.html"
_AROUND_LINE = frozenset({"prefix", "prefix_icon", "suffix", "suffix_icon"})
"""Keys of a widget with something around the field; where there is one, the template is used."""
_ARROW = (
    '<span class="material-symbols-outlined absolute group-[.primary]:text-white pointer-events-none mr-[12px] right-0 '
    "text-base-400 top-0 top-1/2 hover:text-base-700 dark:text-base-500 dark:hover:text-base-200 "
    '-translate-y-1/2">expand_more</span>'
)
"""The arrow over a list to choose from, as unfold's template has it."""


class FormRenderer(TemplatesSetting):
    """Django's renderer, with functions in place of the templates in `_MADE_HERE`."""

    def render(self, template_name: str, context: Context, request: HttpRequest | None = None) -> str:
        make = _MADE_HERE.get(template_name)
        if make is None or (template_name == LINE_OF_LOOK and not _AROUND_LINE.isdisjoint(context["widget"])):
            return super().render(template_name, context, request)
        return make(context)


def _shown(value: Any) -> str:
    """A value as a template shows it: in the reader's language, and escaped unless it is safe."""
    if type(value) is str:
        return html.escape(value)
    return conditional_escape(value if isinstance(value, str) else localize(value))


def _written(value: object) -> str:
    """A value as it is written into an attribute: escaped, and the same in every language."""
    return value if isinstance(value, SafeString) else html.escape(str(value))


def _attributes(attrs: Mapping[str, object]) -> SafeString:
    parts = []
    for name, value in attrs.items():
        if value is True:
            parts.append(f" {html.escape(name)}")
        elif value is not False:
            parts.append(f' {html.escape(name)}="{_written(value)}"')
    return SafeString("".join(parts))


def _input(context: Context) -> str:
    widget = context["widget"]
    value = "" if widget["value"] is None else f' value="{_written(widget["value"])}"'
    name = f'type="{_shown(widget["type"])}" name="{_shown(widget["name"])}"'
    return f"<input {name}{value}{_attributes(widget['attrs'])}>"


def _line_of_look(context: Context) -> str:
    return f'<div class="max-w-2xl relative w-full">{_input(context)}</div>'


def _select(context: Context) -> str:
    widget = context["widget"]
    options = "\n".join(_options(widget["optgroups"]))
    return f'<select name="{_shown(widget["name"])}"{_attributes(widget["attrs"])}>{options}</select>'


def _options(groups: Iterable[tuple[str | None, list[Context], int]]) -> Iterator[str]:
    for name, options, _index in groups:
        if name:
            yield f'<optgroup label="{_shown(name)}">'
        for option in options:
            yield _option(option)
        if name:
            yield "</optgroup>"


def _option(option: Context) -> str:
    return (
        f'<option value="{_written(option["value"])}"{_attributes(option["attrs"])}>{_shown(option["label"])}</option>'
    )


def _list_of_look(context: Context) -> str:
    return f'<div class="grow relative max-w-2xl">{_select(context)}{_ARROW}</div>'


def _label(context: Context) -> str:
    if not context["use_tag"]:
        return _shown(context["label"])
    tag = _shown(context["tag"])
    return f"<{tag}{_attributes(context['attrs'] or {})}>{_shown(context['label'])}</{tag}>"


def _errors(context: Context) -> str:
    errors = context["errors"]
    if not errors:
        return ""
    field = getattr(errors, "field_id", None)
    named = f' id="{_shown(field)}_error"' if field else ""
    lines = "".join(f"<li>{_shown(error)}</li>" for error in errors)
    return f'<ul class="{_shown(context["error_class"])}"{named}>{lines}</ul>'


_INPUTS = ("text", "hidden", "number", "email", "url", "tel", "color", "search", "date", "time", "datetime", "checkbox")
_MADE_HERE: dict[str, Callable[[Context], str]] = {
    **{f"django/forms/widgets/{kind}.html": _input for kind in ("input", *_INPUTS)},
    "django/forms/widgets/select.html": _select,
    "django/forms/label.html": _label,
    "django/forms/errors/list/default.html": _errors,
    "django/forms/errors/list/ul.html": _errors,
    LINE_OF_LOOK: _line_of_look,
    LIST_OF_LOOK: _list_of_look,
}
