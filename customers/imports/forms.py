"""What people choose on the pages of an import."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.widgets import INPUT_CLASSES, UnfoldAdminFileFieldWidget

from customers.choices import MatchBy, OnKnown
from customers.imports.branch_numbers import BranchNumbers
from customers.table.columns import CustomerField
from customers.table.headings import IGNORE
from customers.table.options import LIMITS, Reading
from locations.models import HIGHEST_CLIENT_NUMBER
from locations.text import LazyText
from spreadsheets import DELIMITERS, ENCODINGS, MOST_ABOVE

_ENDINGS = ".csv,.txt,.tsv,.xlsx,.jsonl,.ndjson,.vcf"
_THREE = {"": None, "yes": True, "no": False}
ENCODING_NAMES: dict[str, str | Promise] = {
    "utf-8": "UTF-8",
    "utf-8-sig": _("UTF-8 with a mark at its beginning (Excel)"),
    "utf-16": _("UTF-16 with a mark at its beginning"),
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "cp1252": _("Windows (Western Europe)"),
    "iso8859-15": "ISO 8859-15",
    "mac-roman": _("Mac (old)"),
}
DELIMITER_NAMES: dict[str, str | Promise] = {
    ";": _("semicolon ;"),
    ",": _("comma ,"),
    "\t": _("tab"),
    "|": _("vertical bar |"),
}


DESCRIBED_BY = "id_file_helptext id_file_error"
"""What belongs to the field of a file (see console/upload.html); Django tells no field of this kind by itself."""


def _number(label: LazyText, help_text: LazyText = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        min_value=1,
        max_value=HIGHEST_CLIENT_NUMBER,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "class": " ".join(INPUT_CLASSES)}),
    )


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "CSV, Excel (XLSX) or JSON Lines, with one heading for each column, or vCards (VCF); at most 1 GB."
        ),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": _ENDINGS, "aria-describedby": DESCRIBED_BY}),
    )

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > LIMITS.file_bytes:
            raise forms.ValidationError(
                _("The file has %(size)s MB; at most %(limit)s MB are allowed. Split it into smaller files."),
                code="file_too_large",
                params={"size": file.size // 1024**2, "limit": LIMITS.file_bytes // 1024**2},
            )
        return file


class OldBaseForm(UploadForm):
    """The first file for a base 1.0: whose old base it is."""

    client_number = _number(
        _("Client number in the old base"),
        _("Of the branch whose customers these are. It is compared with this location."),
    )
    branch_number = _number(_("Branch number in the old base"))
    field_order = ("client_number", "branch_number", "file")

    def said(self) -> BranchNumbers:
        """What was typed."""
        return BranchNumbers(self.cleaned_data["client_number"], self.cleaned_data["branch_number"])


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
    several = forms.ChoiceField(
        label=_("Several columns for one field"),
        required=False,
        choices=[
            ("", _("not allowed")),
            ("one", _("reject two different values")),
            ("first", _("the first filled one counts")),
        ],
    )
    accept_doubts = forms.BooleanField(label=_("Take values that look damaged as they stand"), required=False)
    leave_unreadable = forms.BooleanField(
        label=_("Take customers without the values that cannot be read, instead of rejecting them"), required=False
    )

    @classmethod
    def of(cls, reading: Reading) -> ReadingForm:
        words = {value: word for word, value in _THREE.items()}
        return cls(
            initial={
                "decimal_comma": words[reading.decimal_comma],
                "day_first": words[reading.day_first],
                "null_is_empty": reading.null_is_empty,
                "accept_doubts": reading.accept_doubts,
                "several": reading.several,
                "leave_unreadable": reading.leave_unreadable,
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
            several=values["several"],
            leave_unreadable=values["leave_unreadable"],
        )


@dataclass(frozen=True)
class Option:
    """One of several ways, with what it means in a sentence."""

    value: str
    label: str | Promise
    meaning: str | Promise
    is_chosen: bool


_KNOWN = {
    OnKnown.OVERWRITE: _(
        "What the file says replaces what is stored, and an empty cell empties the field. "
        "Fields without a column in the file stay as they are. Former customer numbers are added, none is taken away."
    ),
    OnKnown.FILL: _(
        "Only fields that are still empty are filled. Nothing that is stored is replaced. "
        "Former customer numbers are added."
    ),
    OnKnown.SKIP: _("Known customers stay exactly as they are. Only new ones are imported."),
}
_MATCH = {
    MatchBy.NUMBER: _(
        "A row with a customer number means that customer. A row without one means the customer "
        "who has one of its former customer numbers."
    ),
    MatchBy.EMAIL: _(
        "A row with a customer number means that customer. A row without one means the customer "
        "who has its e-mail address."
    ),
    MatchBy.NOTHING: _("A row with a customer number means that customer. A row without one is a new customer."),
}


def known_options(chosen: str) -> list[Option]:
    """What can become of known customers."""
    return [Option(way, way.label, _KNOWN[way], way == chosen) for way in OnKnown]


def match_options(chosen: str) -> list[Option]:
    """By what a row can mean a known customer."""
    return [Option(way, way.label, _MATCH[way], way == chosen) for way in MatchBy]


@dataclass(frozen=True)
class ShownColumn:
    """A column of the file, with its first values, and where it goes."""

    heading: str
    examples: list[str]
    target: str


def shown_columns(choices: Mapping[str, Any]) -> list[ShownColumn]:
    """The columns of an upload with these choices."""
    columns = zip(choices["headings"], choices["seen"]["examples"], choices["targets"], strict=True)
    return [ShownColumn(*column) for column in columns]


def column_choices(fields: Mapping[str, CustomerField], language: str) -> list[tuple[str, Any]]:
    """Every field a column can go to, and leaving it out."""
    choices: list[tuple[str, Any]] = [("", _("— please choose —")), (IGNORE, _("leave this column out"))]
    return choices + [(name, _named(field, language)) for name, field in fields.items()]


def _named(field: CustomerField, language: str) -> str:
    """The heading of a field, with the reason why a column cannot go there, if there is one."""
    if not field.readonly:
        return field.heading(language)
    why = _("not imported: you may not see it") if field.is_withheld else _("not imported")
    return f"{field.heading(language)} ({why})"


LINES_ABOVE = tuple(map(str, range(MOST_ABOVE + 1)))
"""How many lines above the headings can be left out."""


def overrules_of(posted: Mapping[str, str], seen: Mapping[str, Any]) -> dict[str, Any]:
    """The encoding and the delimiter that were posted, as far as they were chosen. Raises ValidationError."""
    offered = {"encoding": ENCODINGS, "delimiter": DELIMITERS, "sheet": tuple(seen["sheets"]), "above": LINES_ABOVE}
    chosen: dict[str, Any] = {name: posted[name] for name in offered if posted.get(name)}
    if any(value not in offered[name] for name, value in chosen.items()):
        raise ValidationError(_("Choose from the lists."), code="invalid_choice")
    if "above" in chosen:
        chosen["above"] = int(chosen["above"])
    return chosen
