"""Why a machine is not let in, or not served: each with a status, a code that programs read, and a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from locations.text import LazyText


class Problem(ValidationError):
    """A refusal that a machine gets. `title` says what kind of thing it is, the sentence what to do.

    `seconds` is after how long it may be tried again, 0 where that is not known; `allow` how the address is asked;
    `more` are further named values of the answer.
    """

    status: ClassVar[HTTPStatus]
    code_of_problem: ClassVar[str]
    title: ClassVar[LazyText]
    sentence: ClassVar[LazyText]
    seconds: int = 0
    allow: str = ""

    def __init__(self, *, more: Mapping[str, object] | None = None, **params: object) -> None:
        self.more: Mapping[str, object] = more or {}
        super().__init__(self.sentence, code=self.code_of_problem, params=params or None)


class NotAdmitted(Problem):
    """No token that holds. Nothing tells which devices or addresses there are."""

    status = HTTPStatus.UNAUTHORIZED
    code_of_problem = "not_admitted"
    title = gettext_lazy("Not let in")
    sentence = gettext_lazy(
        "The token is missing, unknown or revoked. Have a new code shown for this device, and set it up with it."
    )


class NotThere(Problem):
    """The address is none of this device's, or does not exist."""

    status = HTTPStatus.NOT_FOUND
    code_of_problem = "not_there"
    title = gettext_lazy("Nothing there")
    sentence = gettext_lazy("There is nothing at this address for this device.")


class OnOldBase(Problem):
    """The location of the device works with a customer base 1.0, which is not at the central."""

    status = HTTPStatus.CONFLICT
    code_of_problem = "on_old_base"
    title = gettext_lazy("Works with the customer base 1.0")
    sentence = gettext_lazy(
        "This location works with a customer base 1.0, so its customers are at the location itself and not here. "
        "Devices are served again once it works with 2.0."
    )


class CodeRefused(Problem):
    """Whatever is wrong with a code: who guesses learns nothing."""

    status = HTTPStatus.FORBIDDEN
    code_of_problem = "code_refused"
    title = gettext_lazy("Code not taken")
    sentence = gettext_lazy(
        "This code is not taken. Compare it and type it again. If it is older than 24 hours, was used or typed wrongly "
        "too often, have a new one shown."
    )


class TooFast(Problem):
    """The device asks more than it may; it waits for `seconds`."""

    status = HTTPStatus.TOO_MANY_REQUESTS
    code_of_problem = "too_fast"
    title = gettext_lazy("Too many requests")
    sentence = gettext_lazy("This device asks more often than it may. It can go on in %(seconds)s s.")

    def __init__(self, *, seconds: int) -> None:
        super().__init__(seconds=seconds)
        self.seconds = seconds


class Unusable(Problem):
    """What was sent cannot be read; `where` names the part."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code_of_problem = "unusable"
    title = gettext_lazy("Cannot be read")
    sentence = gettext_lazy("“%(where)s” is missing or is not as it is described. Nothing was done.")

    def __init__(self, where: str) -> None:
        super().__init__(where=where)


class NoJson(Problem):
    status = HTTPStatus.BAD_REQUEST
    code_of_problem = "no_json"
    title = gettext_lazy("No JSON")
    sentence = gettext_lazy("What was sent is not one object of JSON in UTF-8. Nothing was done.")


class WrongMethod(Problem):
    status = HTTPStatus.METHOD_NOT_ALLOWED
    code_of_problem = "wrong_method"
    title = gettext_lazy("Not asked in this way")
    sentence = gettext_lazy("This address is not asked in this way. The header Allow says how.")

    def __init__(self, *, allow: str) -> None:
        super().__init__()
        self.allow = allow


class TooLong(Problem):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code_of_problem = "too_long"
    title = gettext_lazy("Too long")
    sentence = gettext_lazy("This is longer than anything that is sent here. Nothing was done.")


class LengthMissing(Problem):
    status = HTTPStatus.LENGTH_REQUIRED
    code_of_problem = "length_missing"
    title = gettext_lazy("Length missing")
    sentence = gettext_lazy("The length of what is sent must be said beforehand. Nothing was done.")


class NotArrived(Problem):
    status = HTTPStatus.BAD_REQUEST
    code_of_problem = "not_arrived"
    title = gettext_lazy("Not arrived")
    sentence = gettext_lazy("The line was cut before everything had arrived. Nothing was done; send it once more.")


class Busy(Problem):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    code_of_problem = "busy"
    title = gettext_lazy("Busy")
    sentence = gettext_lazy("The server is busy at the moment. Nothing was done; try again in a few seconds.")
    seconds = 5


class Broken(Problem):
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code_of_problem = "broken"
    title = gettext_lazy("Something went wrong")
    sentence = gettext_lazy("Something went wrong here. Nothing was done; the log of the server says what.")
