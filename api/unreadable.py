"""What is wrong with a value that is not as it is described, in the reader's language.

The library that reads JSON says it in English; each of its reasons that our descriptions can lead to has a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from locations.text import LazyText

_UNKNOWN: LazyText = _("This is not known here.")
_SENTENCES: dict[str, LazyText] = {
    "missing": _("This is missing."),
    "extra_forbidden": _UNKNOWN,
    "string_type": _("This is a text, in quotation marks."),
    "string_too_long": _("This has more than %(max_length)s characters."),
    "string_too_short": _("This has less than %(min_length)s characters."),
    "string_pattern_mismatch": _("This is not written as it is described."),
    "int_type": _("This is a whole number, without quotation marks."),
    "int_parsing": _("This is a whole number."),
    "int_from_float": _("This is a whole number."),
    "int_parsing_size": _("This number is too large."),
    "bool_type": _("This is true or false, without quotation marks."),
    "bool_parsing": _("This is true or false."),
    "list_type": _("This is a list."),
    "too_long": _("This is a list of %(max_length)s at most."),
    "name_twice": _("One name stands there twice."),
    "dict_type": _("This is an object with named values."),
    "model_type": _("This is an object with named values."),
    "model_attributes_type": _("This is an object with named values."),
    "literal_error": _("This is one of %(expected)s."),
    "greater_than_equal": _("This is %(ge)s at least."),
    "less_than_equal": _("This is %(le)s at most."),
    "day": _("This is a day, written as 1990-12-31."),
    "moment": _("This is a moment with its time zone, written as 2026-11-30T14:05:00+01:00."),
    "amount": _('This is a number as a text, with a point and two decimals at most, such as "12.50".'),
    "signed_amount": _('This is an amount as a text, with a point and two decimals at most, such as "-1.50".'),
    "quantity": _('This is a quantity as a text, with a point and three decimals at most, such as "0.350".'),
}


def sentence_of(error: Mapping[str, Any]) -> str:
    """The sentence for one error of the library."""
    sentence = _SENTENCES.get(str(error["type"]))
    if sentence is None:
        return gettext("This is not valid here.")
    given = error.get("ctx") or {}
    return str(sentence) % given if "%(" in str(sentence) else str(sentence)
