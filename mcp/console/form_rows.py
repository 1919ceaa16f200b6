"""Template tags that render the rows of an admin form, as unfold does, without four templates for each field.

`templates/unfold/helpers/fieldset_row.html` and `fieldsets_tabs.html` use them in place of unfold's own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from django import template
from django.contrib.admin.helpers import AdminField, Fieldline
from django.contrib.admin.utils import flatten
from django.forms import BaseForm, BoundField
from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString
from django.utils.text import slugify

register = template.Library()

_LINE = (
    "field-line flex flex-col grow group group/line px-3 py-2.5 border-b border-base-200 border-dashed min-h-[59px] "
    "group-[.last]/row:border-b-0 lg:flex-row lg:items-center dark:border-base-800"
)
_BESIDE = (
    '<div class="lg:min-w-56 lg:w-56 lg:h-[38px] lg:flex lg:items-center lg:self-start lg:leading-[38px] lg:*:m-0">'
)
_ERRORS = '<div class="mt-2 text-red-600 text-xs dark:text-red-500">'
_HELP = '<div class="leading-relaxed mt-2 text-xs"'


class Fieldset(Protocol):
    """A fieldset of Django's admin, with what its stubs leave out."""

    form: BaseForm
    name: str | None
    fields: list[str | list[str] | tuple[str, ...] | tuple[()]]


@register.simple_tag
def fieldset_row(line: Fieldline, is_last: bool = False) -> SafeString:
    """One line of a fieldset with the fields that stand beside each other."""
    classes = "form-row field-row group/row"
    classes += "" if line.has_visible_field else " hidden"
    classes += " last" if is_last else ""
    return SafeString(f'<div class="{classes}">{"".join(_field(field) for field in line)}</div>')


def _field(field: Any) -> str:
    """One field with its label. Readonly fields have no name and no errors."""
    errors = "" if field.is_readonly or not field.field.errors else field.errors()
    name = "" if field.is_readonly else f" field-{conditional_escape(field.field.name)}"
    shown = _checkbox(field, errors) if field.is_checkbox else _beside(field, errors)
    return f'<div class="{_LINE}{name}{" errors" if errors else ""}">{shown}</div>'


def _beside(field: Any, errors: str) -> str:
    contents = _readonly(field) if field.is_readonly else field.field
    said = f"{_HELP}>{field.field['help_text']}</div>" if field.is_readonly and field.field["help_text"] else ""
    below = (said if field.is_readonly else _help(field.field)) + _told(errors)
    return f'{_BESIDE}{field.label_tag()}</div><div class="grow relative">{contents}{below}</div>'


def _checkbox(field: AdminField, errors: str) -> str:
    said = _help(field.field)
    return (
        '<div class="flex flex-col gap-2 py-2 lg:flex-row">'
        '<div class="font-medium flex items-start -ml-2 min-w-32 w-32 lg:min-w-56 lg:w-56">'
        f'{field.label_tag()}</div><div class="grow"><div class="flex flex-col lg:flex-row">{field.field}'
        f"{f'<div class="lg:-mt-2 lg:ml-2">{said}</div>' if said else ''}</div>{_told(errors)}</div></div>"
    )


def _told(errors: str) -> str:
    return f"{_ERRORS}{errors}</div>" if errors else ""


def _help(field: BoundField) -> str:
    """The help text, which is not escaped: it is a sentence of ours and may hold markup.

    Its id is the one by which Django lets the field name what describes it; the look leaves it out.
    """
    named = f' id="{conditional_escape(field.auto_id)}_helptext"'
    return f"{_HELP}{named}>{field.help_text}</div>" if field.help_text else ""


def _readonly(field: Any) -> str:
    if field.is_file or field.is_json:
        return render_to_string("unfold/helpers/field_readonly_value.html", {"field": field})
    contents = field.contents()
    shown = conditional_escape(contents) if contents and contents != "None" else "-"
    return f'<div class="readonly break-words max-w-2xl *:rounded-default {field.wrapper_class}">{shown}</div>'


@register.filter
def wrong_fields(fieldset: Fieldset) -> int:
    """How many fields of a fieldset have errors."""
    return sum(name in fieldset.form.errors for name in flatten(fieldset.fields))


@register.filter
def open_tab(fieldsets: Sequence[Fieldset]) -> str:
    """The id of the tab that is open at first: the first with errors, where the focus goes, else the first."""
    wrong = [fieldset for fieldset in fieldsets if fieldset.form.errors and wrong_fields(fieldset)]
    return slugify(str((wrong or fieldsets)[0].name), allow_unicode=True)
