"""The one way in which a format refuses a value."""

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError

if TYPE_CHECKING:  # a name of the stubs only
    from django.utils.functional import _StrPromise

SHOWN_LENGTH = 60


def refused(code: str, message: "str | _StrPromise", value: str, **params: object) -> ValidationError:
    """The error to raise; `message` names the value as %(value)s, shortened to `SHOWN_LENGTH` characters.

    Everything in it that comes from outside belongs into `params`, so that the sentence stays translatable.
    """
    shown = value if len(value) <= SHOWN_LENGTH else value[: SHOWN_LENGTH - 1] + "…"
    return ValidationError(message, code=code, params={"value": shown, **params})
