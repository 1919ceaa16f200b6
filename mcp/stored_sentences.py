"""Sentences that are stored as codes and parameters, and become text in the language of whoever reads them.

    GIVEN_UP = stored_sentence("given_up", gettext_lazy("The worker has given it up."))
    export.failure = GIVEN_UP()                     # stored: [{"code": "given_up", "params": {}}]
    export.failure = sentences_of(refusal)          # of a ValidationError or a MissingRight
    {{ export.failure }}                            # the sentence, in the language of the page

The sentence of a ValidationError is written where it is raised, so its source text is stored with its code, and
translated when it is shown. For that it must be raised with `gettext_lazy`; a text that was translated before is stored
as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NotRequired, TypedDict

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext, override
from django.utils.translation import gettext_lazy as _

from locations.permissions import Right
from locations.text import LazyText
from mcp.isolation.scope import MissingRight

MISSING_RIGHT = "missing_right"
_texts: dict[str, LazyText] = {}


class _Source(TypedDict):
    """The text by which a sentence is translated; where it has two forms, also the other and what chooses it."""

    text: str
    plural: NotRequired[str]
    count: NotRequired[str]
    """The parameter whose number chooses between `text` and `plural`."""


class Stored(TypedDict):
    """One sentence as JSON holds it. Without `text` it is a sentence of `stored_sentence`, known by its code alone."""

    code: str
    params: dict[str, Any]
    text: NotRequired[str]
    plural: NotRequired[str]
    count: NotRequired[str]


class Day(date):
    """A date as a parameter of a sentence: it is formatted for the reader, also after it was stored."""

    @classmethod
    def of(cls, day: date) -> Day:
        """The same date."""
        return cls(day.year, day.month, day.day)

    def __str__(self) -> str:
        return date_format(self, "SHORT_DATE_FORMAT")


class Moment(datetime):
    """A date and time as a parameter of a sentence: it is shown in local time, formatted for the reader."""

    @classmethod
    def of(cls, moment: datetime) -> Moment:
        """The same time."""
        return cls.fromisoformat(moment.isoformat())

    def __str__(self) -> str:
        return date_format(timezone.localtime(self), "SHORT_DATETIME_FORMAT")


class Sentences(list[Stored]):
    """Stored sentences, none or more. `str` gives them in the active language."""

    def __str__(self) -> str:
        return " ".join(_told(stored) for stored in self)

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


@dataclass(frozen=True)
class StoredSentence:
    """A sentence of `stored_sentence`. Called with its parameters, it gives what is stored."""

    code: str
    text: LazyText

    def __call__(self, **params: object) -> Sentences:
        return Sentences([{"code": self.code, "params": _kept_params(params)}])


def stored_sentence(code: str, text: LazyText) -> StoredSentence:
    """Register the sentence of a code.

    `text` is lazy and names its parameters as %(name)s. Raises ValueError for a code in use.
    """
    if code in _texts:
        raise ValueError(f"Two sentences are stored as {code!r}")
    _texts[code] = text
    return StoredSentence(code, text)


def sentences_of(refusal: ValidationError | MissingRight) -> Sentences:
    """The sentences of a refusal, to be stored."""
    if isinstance(refusal, MissingRight):
        params = {"right": str(refusal.right), "location": str(refusal.location)}
        return Sentences([{"code": MISSING_RIGHT, "params": params}])
    return Sentences(_of_error(error) for error in _single(refusal))


class SentencesField(models.JSONField):
    """A JSON column of stored sentences; its value is `Sentences`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"default": Sentences, "blank": True, **options})

    def from_db_value(
        self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper
    ) -> Sentences | None:
        found = super().from_db_value(value, expression, connection)
        return found if found is None else Sentences(found)


def _single(refusal: ValidationError) -> list[ValidationError]:
    """The errors of a refusal one by one, without the fields they are about."""
    if hasattr(refusal, "error_dict"):
        return [one for errors in refusal.error_dict.values() for error in errors for one in _single(error)]
    return list(refusal.error_list)


def _of_error(error: ValidationError) -> Stored:
    params = error.params if isinstance(error.params, dict) else {}
    source = _source(error.message)
    named = {name: value for name, value in params.items() if f"%({name})" in source["text"] + source.get("plural", "")}
    return {"code": error.code or "", **source, "params": _kept_params(named)}


def _source(message: object) -> _Source:
    """The source text of a lazy or plain text; for a text with a plural also that, and the parameter that chooses."""
    if not isinstance(message, Promise):
        return {"text": str(message)}
    reduced: Any = message.__reduce__()[1]  # what pickle would keep of a lazy text
    if reduced[0] is gettext:  # a file may have a million rows to refuse: the text is there without another language
        return {"text": reduced[1][0]}
    forms = reduced[3] if len(reduced) > 3 and isinstance(reduced[3], dict) else {}
    if "plural" in forms:
        return {"text": forms["singular"], "plural": forms["plural"], "count": reduced[2]}
    with override(None):
        return {"text": str(message)}


def _kept_params(params: Mapping[str, object]) -> dict[str, Any]:
    return {name: _kept(value) for name, value in params.items()}


def _kept(value: object) -> Any:
    """A parameter as JSON stores it; what is written differently in each language keeps its kind."""
    match value:
        case None | bool() | int() | float():
            return value
        case Sentences():
            return {"sentences": list(value)}
        case Promise():
            return {"sentences": [{"code": "", **_source(value), "params": {}}]}
        case datetime():
            return {"moment": value.isoformat()}
        case date():
            return {"day": value.isoformat()}
    return str(value)


def _said(value: object) -> object:
    """A parameter as text in the active language."""
    match value:
        case {"sentences": [*sentences]}:
            return str(Sentences(sentences))
        case {"moment": str(moment)}:
            return str(Moment.fromisoformat(moment))
        case {"day": str(day)}:
            return str(Day.fromisoformat(day))
    return value


def _told(stored: Stored) -> str:
    params = {name: _said(value) for name, value in stored["params"].items()}
    if stored["code"] == MISSING_RIGHT:
        params["right"] = Right(str(params["right"])).label
    text = _text(stored, params)
    return text % params if params else text


def _text(stored: Stored, params: Mapping[str, Any]) -> str:
    singular, plural = stored.get("text"), stored.get("plural")
    if singular is None:
        return str(_texts[stored["code"]])
    if plural is not None:
        number = params.get(stored["count"], 0)
        return ngettext(singular, plural, number)
    return gettext(singular) if singular else ""


_texts[MISSING_RIGHT] = _("You lack the right “%(right)s” at the location %(location)s.")
USER_LEFT = stored_sentence("user_left", _("The user may not work at this location any more."))
