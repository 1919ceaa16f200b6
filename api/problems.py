"""Why a request is not done: each with a status, a code that programs read, and a sentence for people.

Answered as RFC 9457 says it, in the language that is asked for. Reasons of the operations keep their codes and
sentences; what is wrong with a field stands beside its name.
"""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.translation import gettext_lazy

from accounting.choices import Breach, OrderState
from customers.forms import REFUSED_FIELDS
from customers.operations import CustomerChangedMeanwhile
from customers.triggers.revisions import EDITED_AT_OTHER_SIDE
from mcp.machines.problems import Problem

NUMBER = "number"
"""What the API calls `customer_number`."""


class NoSuchCustomer(Problem):
    status = HTTPStatus.NOT_FOUND
    code_of_problem = "no_such_customer"
    title = gettext_lazy("No such customer")
    sentence = gettext_lazy("There is no customer of this number.")


class NoSuchOrder(Problem):
    status = HTTPStatus.NOT_FOUND
    code_of_problem = "no_such_order"
    title = gettext_lazy("No such order")
    sentence = gettext_lazy("There is no order of this id.")


class NoSuchMovement(Problem):
    status = HTTPStatus.NOT_FOUND
    code_of_problem = "no_such_movement"
    title = gettext_lazy("No such booking")
    sentence = gettext_lazy("There is no booking of this id.")


class MovementOfOrder(Problem):
    status = HTTPStatus.CONFLICT
    code_of_problem = "movement_of_order"
    title = gettext_lazy("Booking of an order")
    sentence = gettext_lazy("This booking is the sale of an order. Cancel the order: its booking goes with it.")


class MovementElsewhere(Problem):
    status = HTTPStatus.CONFLICT
    code_of_problem = "movement_elsewhere"
    title = gettext_lazy("Booked at another location")
    sentence = gettext_lazy("This was booked at another location. A till takes back only what was booked at its own.")


class NotJson(Problem):
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code_of_problem = "not_json"
    title = gettext_lazy("Not sent as JSON")
    sentence = gettext_lazy(
        "What is sent is JSON, and the header Content-Type says application/json. Nothing was done."
    )


class KeyMissing(Problem):
    status = HTTPStatus.BAD_REQUEST
    code_of_problem = "key_missing"
    title = gettext_lazy("Key missing")
    sentence = gettext_lazy(
        "The header Idempotency-Key is missing, or is not 8 to 80 visible characters. Nothing was done: send the "
        "request with a key of its own, and with the same one when you repeat it."
    )


class OtherRequest(Problem):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code_of_problem = "other_request_of_key"
    title = gettext_lazy("Another request under this key")
    sentence = gettext_lazy(
        "Under this Idempotency-Key something else was asked before. Nothing was done: a new request takes a new key."
    )


class StillRunning(Problem):
    status = HTTPStatus.CONFLICT
    code_of_problem = "still_running"
    title = gettext_lazy("Still running")
    sentence = gettext_lazy("The same request is being done at this moment. Ask once more in a second.")
    seconds = 1


class AnswerGone(Problem):
    status = HTTPStatus.GONE
    code_of_problem = "answer_gone"
    title = gettext_lazy("Answer no longer kept")
    sentence = gettext_lazy(
        "This request was done before. Somebody whom its answer named was erased for good since: it is not told again."
    )


class VersionMissing(Problem):
    status = HTTPStatus.PRECONDITION_REQUIRED
    code_of_problem = "version_missing"
    title = gettext_lazy("Version missing")
    sentence = gettext_lazy(
        "The header If-Match is missing, or is not one version. Nothing was done: read the customer, and send the ETag "
        "that you got."
    )


class ChangedMeanwhile(Problem):
    status = HTTPStatus.PRECONDITION_FAILED
    code_of_problem = "changed_meanwhile"
    title = gettext_lazy("Changed meanwhile")
    sentence = gettext_lazy(
        "Somebody else changed the customer since you have read him. Nothing was done: read him again, and decide anew."
    )


class OnlyAtCentral(Problem):
    """At a branch with a customer base 1.0 not everything is served that is at the central."""

    status = HTTPStatus.NOT_FOUND
    code_of_problem = "only_at_central"
    title = gettext_lazy("Not at a branch")
    sentence = gettext_lazy(
        "A branch with a customer base 1.0 reads customers and sells on account. All else is done at its central."
    )


class UnusableCursor(Problem):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code_of_problem = "unusable_cursor"
    title = gettext_lazy("No place to go on from")
    sentence = gettext_lazy("“%(name)s” is none that was answered here. Begin anew, without a value.")


class UnknownParameter(Problem):
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    code_of_problem = "unknown_parameter"
    title = gettext_lazy("Not known here")
    sentence = gettext_lazy("“%(name)s” cannot be asked for here. Nothing was looked for.")


class CursorGone(Problem):
    """The copy was begun in another base, with other rights, or before the database was restored."""

    status = HTTPStatus.GONE
    code_of_problem = "begin_anew"
    title = gettext_lazy("Begin anew")
    sentence = gettext_lazy(
        "From here it does not go on: what this device may see has changed, or the customers were restored from a "
        "backup. Drop the copy and begin anew, with an empty “%(name)s”."
    )


class PossibleDuplicates(Problem):
    """Who may be the same is named in the answer."""

    status = HTTPStatus.CONFLICT
    code_of_problem = "possible_duplicates"
    title = gettext_lazy("Perhaps registered already")
    sentence = gettext_lazy(
        "This customer may already be registered, and only a new one was to be. Nothing was done: compare, and "
        "register him without “only_if_new” if it is somebody else."
    )

    def __init__(self, *, found: list[dict[str, Any]]) -> None:
        super().__init__(more={"possible_duplicates": found})


NOT_SOLD_AT_BRANCH = (
    "accounts_switched_off",
    "branch_not_paired",
    "credit_at_branch",
    "customer_held_back",
    "customer_in_conflict",
    "customer_not_cleared",
    "reconciled_too_long_ago",
)
"""Why a branch with a customer base 1.0 does not sell on account (accounting/at_branch/needs.py)."""
_STATUS = {
    EDITED_AT_OTHER_SIDE: HTTPStatus.CONFLICT,
    "customer_number_unique": HTTPStatus.CONFLICT,
    "number_range_exhausted": HTTPStatus.CONFLICT,
    "card_number_unique": HTTPStatus.CONFLICT,
    "customer_archived": HTTPStatus.CONFLICT,
    "switched_meanwhile": HTTPStatus.CONFLICT,
    "no_account": HTTPStatus.NOT_FOUND,
    **dict.fromkeys(Breach.values, HTTPStatus.CONFLICT),
    **dict.fromkeys(
        (
            "order_number_known",
            "order_elsewhere",
            "order_changed",
            "movement_reversed_once",
            "movement_reverses_one",
            "movement_of_nobody",
            *(f"order_{state}" for state in OrderState.values),
            *NOT_SOLD_AT_BRANCH,
        ),
        HTTPStatus.CONFLICT,
    ),
}
"""Of refusals that are about what is there, and not about what was sent; all others are 422."""
TITLES = {
    HTTPStatus.NOT_FOUND: gettext_lazy("Nothing there"),
    HTTPStatus.CONFLICT: gettext_lazy("Does not go with what is there"),
    HTTPStatus.UNPROCESSABLE_ENTITY: gettext_lazy("Not valid"),
}


def refused(error: ValidationError) -> ValidationError:
    """The same refusal as a till is told it: some sentences of the pages are about pages."""
    return ChangedMeanwhile() if isinstance(error, CustomerChangedMeanwhile) else error


def status_of(error: ValidationError) -> HTTPStatus:
    """The status by which the refusal of an operation is answered: one of TITLES."""
    codes = [str(one.code) for _name, one in single(error)]
    return next((_STATUS[code] for code in codes if code in _STATUS), HTTPStatus.UNPROCESSABLE_ENTITY)


def single(error: ValidationError) -> Iterator[tuple[str, ValidationError]]:
    """Each refusal with the field that it is about, as the API names it; blank where it is about none."""
    by_field = error.error_dict.items() if hasattr(error, "error_dict") else [(NON_FIELD_ERRORS, error.error_list)]
    for name, errors in by_field:
        for one in errors:
            place = REFUSED_FIELDS.get(str(one.code), "") if name == NON_FIELD_ERRORS else name
            yield (NUMBER if place == "customer_number" else place), one
