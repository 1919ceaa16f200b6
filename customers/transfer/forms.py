"""What people choose on the pages of an import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget

from customers.columns import CustomerField
from customers.transfer.reading import Reading
from customers.transfer.sheet import IGNORE, Sheet
from customers.transfer.uploads import LIMITS
from spreadsheets import DELIMITERS, ENCODINGS

EXAMPLES = 3
_ENDINGS = ".csv,.txt,.tsv,.xlsx,.jsonl,.ndjson"
_THREE = {"": None, "yes": True, "no": False}


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_("CSV, Excel (XLSX) or JSON Lines with one heading for each column."),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": _ENDINGS}),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > LIMITS.file_bytes:
            raise forms.ValidationError(
                _(
                    "The file has %(size)s MB; in the browser at most %(limit)s MB are allowed. Larger files are "
                    "imported by the command “manage.py import_customers”; ask whoever runs the server."
                ),
                code="file_too_large",
                params={"size": file.size // 1024**2, "limit": LIMITS.file_bytes // 1024**2},
            )
        return file


class ReadingForm(forms.Form):
    decimal_comma = forms.ChoiceField(
        label=_("Numbers such as 1.250"),
        required=False,
        choices=[("", _("reject them")), ("yes", _("the comma divides decimals")), ("no", _("the point does"))],
    )
    day_first = forms.ChoiceField(
        label=_("Dates such as 03/04/1990"),
        required=False,
        choices=[("", _("reject them")), ("yes", _("the day comes first")), ("no", _("the month comes first"))],
    )
    null_is_empty = forms.BooleanField(label=_("The word NULL means an empty cell"), required=False)
    accept_doubts = forms.BooleanField(label=_("Take values that look damaged as they stand"), required=False)

    @classmethod
    def of(cls, reading: Reading) -> ReadingForm:
        words = {value: word for word, value in _THREE.items()}
        return cls(
            initial={
                "decimal_comma": words[reading.decimal_comma],
                "day_first": words[reading.day_first],
                "null_is_empty": reading.null_is_empty,
                "accept_doubts": reading.accept_doubts,
            }
        )

    def reading(self) -> Reading:
        """Raises ValidationError where something was posted that the form does not offer."""
        if not self.is_valid():
            raise forms.ValidationError(_("Choose from the lists."), code="invalid_choice")
        values = self.cleaned_data
        return Reading(
            decimal_comma=_THREE[values["decimal_comma"]],
            day_first=_THREE[values["day_first"]],
            null_is_empty=values["null_is_empty"],
            accept_doubts=values["accept_doubts"],
        )


@dataclass(frozen=True)
class ShownColumn:
    """A column of the file, with its first values, and where it goes."""

    heading: str
    examples: tuple[str, ...]
    target: str


def shown_columns(sheet: Sheet) -> list[ShownColumn]:
    """Blank cells say nothing about a column, so the examples are the first filled ones."""
    columns = []
    for at, (heading, target) in enumerate(zip(sheet.file_headings, sheet.targets, strict=True)):
        filled = (str(row.cells[at]) for row in sheet.rows[:200] if at < len(row.cells) and row.cells[at])
        columns.append(
            ShownColumn(heading, tuple(value for value, _n in zip(filled, range(EXAMPLES), strict=False)), target)
        )
    return columns


def column_choices(fields: Mapping[str, CustomerField], language: str) -> list[tuple[str, Any]]:
    """Every field a column can go to, and leaving it out."""
    choices: list[tuple[str, Any]] = [("", _("— please choose —")), (IGNORE, _("leave this column out"))]
    return choices + [
        (name, field.heading(language) if not field.readonly else f"{field.heading(language)} ({_('not imported')})")
        for name, field in fields.items()
    ]


def overrules_of(posted: Mapping[str, str]) -> dict[str, str]:
    """Encoding and delimiter as chosen; what is left to the detection is not in it."""
    chosen = {
        "encoding": (posted.get("encoding", ""), ENCODINGS),
        "delimiter": (posted.get("delimiter", ""), DELIMITERS),
    }
    return {name: value for name, (value, offered) in chosen.items() if value in offered}
