"""Why the central does not do what a node asks for: each with a status, a code that programs read, and a sentence."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy

from clearing.protocol.messages import COURSE_SENTENCES, Course
from locations.text import LazyText


class Problem(ValidationError):
    """A refusal of the protocol. `more` travels beside the sentence, as numbers do."""

    status: ClassVar[HTTPStatus]
    code_of_problem: ClassVar[str]
    sentence: ClassVar[LazyText]

    def __init__(self, **more: int) -> None:
        self.more = more
        super().__init__(self.sentence, code=self.code_of_problem, params=more or None)


class NotAdmitted(Problem):
    """No bearer token that holds: the node shows anew who it is. Nothing tells which nodes there are."""

    status = HTTPStatus.UNAUTHORIZED
    code_of_problem = "not_admitted"
    sentence = gettext_lazy("The central does not know this branch, or no longer. Pair it anew if this goes on.")


class NotThere(Problem):
    """The address is none of this node's."""

    status = HTTPStatus.NOT_FOUND
    code_of_problem = "not_there"
    sentence = gettext_lazy("There is nothing at this address for this branch.")


class WrongMethod(Problem):
    status = HTTPStatus.METHOD_NOT_ALLOWED
    code_of_problem = "wrong_method"
    sentence = gettext_lazy("This address is not asked in this way. Bring both sides to the same version.")


class TooLong(Problem):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code_of_problem = "too_long"
    sentence = gettext_lazy("This is longer than anything that is sent here. Nothing was taken.")


class LengthMissing(Problem):
    status = HTTPStatus.LENGTH_REQUIRED
    code_of_problem = "length_missing"
    sentence = gettext_lazy("The length of what is sent must be said beforehand. Nothing was taken.")


class NotArrived(Problem):
    status = HTTPStatus.BAD_REQUEST
    code_of_problem = "not_arrived"
    sentence = gettext_lazy("The line was cut before everything had arrived. Nothing was taken; send it once more.")


class NoRoom(Problem):
    status = HTTPStatus.INSUFFICIENT_STORAGE
    code_of_problem = "no_room"
    sentence = gettext_lazy(
        "The central has too little disk for the first run of this branch. Nothing was taken; tell its administrator."
    )


class Busy(Problem):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    code_of_problem = "busy"
    sentence = gettext_lazy("The central is busy with this branch at the moment. It is tried again in a little while.")


class Broken(Problem):
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    code_of_problem = "broken"
    sentence = gettext_lazy(
        "Something went wrong at the central. Nothing was changed there; its log says what. It is tried again later."
    )


class Quarantined(Problem):
    status = HTTPStatus.FORBIDDEN
    code_of_problem = "quarantined"
    sentence = COURSE_SENTENCES[Course.QUARANTINED]


class PairAnew(Problem):
    """A copy that is not the heir, or a node that was retired."""

    status = HTTPStatus.FORBIDDEN
    code_of_problem = "pair_anew"
    sentence = gettext_lazy(
        "The pairing of this branch has ended. What was changed here is kept: pair it anew with a new code, and it is "
        "sent then."
    )


class Switched(Problem):
    """The location works with the customer base 2.0 now."""

    status = HTTPStatus.FORBIDDEN
    code_of_problem = "switched"
    sentence = gettext_lazy(
        "This branch was switched to the customer base 2.0: its customers are at the central now, and people work at "
        "the address of the central. Here everything stays as it was, to be looked at."
    )


class Gap(Problem):
    """The run is not the next one; `expected` is."""

    status = HTTPStatus.CONFLICT
    code_of_problem = "gap"
    sentence = gettext_lazy("The central expects run %(expected)s now. The run begins anew by itself.")


class OtherRun(Problem):
    """Under this number the central knows something else: the node says hello, and learns how it goes on."""

    status = HTTPStatus.CONFLICT
    code_of_problem = "other_run"
    sentence = gettext_lazy("The central knows this run differently. The run begins anew by itself.")


class PartMissing(Problem):
    """The part has not arrived, or not as the manifest says."""

    status = HTTPStatus.CONFLICT
    code_of_problem = "part_missing"
    sentence = gettext_lazy("Part %(expected)s of the run has not arrived at the central. It is sent once more.")


class OtherPart(Problem):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code_of_problem = "other_part"
    sentence = gettext_lazy("Part %(number)s has arrived already, and was another one. The first one stays.")


class PartGone(Problem):
    status = HTTPStatus.GONE
    code_of_problem = "part_gone"
    sentence = gettext_lazy("The central no longer keeps this part. The run begins anew by itself.")


class CodeRefused(Problem):
    """Whatever is wrong with a code: who guesses learns nothing."""

    status = HTTPStatus.FORBIDDEN
    code_of_problem = "code_refused"
    sentence = gettext_lazy(
        "The central does not take this code. Compare it and type it again. If it is older than 24 hours, was used or "
        "typed wrongly too often, let the central show a new one."
    )
