"""What is sent and answered about customers. Their fields are those of the table, so that a new one is in it by itself.

Which of them take a right of their own to be seen stands in customers/field_groups.py; those are left out then.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.db import models
from django.utils.translation import override
from pydantic import Field, StringConstraints, create_model

from api.value_types import Amount, Day, Moment, Strict
from customers.choices import CardState, ConsentSource, ConsentState
from customers.field_groups import FieldGroup
from customers.models import Customer

LONGEST_LIST, LONGEST_MEMO = 100, 20_000
LONGEST_FORMER_NUMBER, LONGEST_TAG = 40, 40
_NOT_WRITTEN = {"id", "customer_number"}
WRITABLE = tuple(
    field.name
    for field in Customer._meta.concrete_fields
    if field.editable and not field.generated and field.name not in _NOT_WRITTEN
)
"""The fields of a customer that are written through the API, besides his former numbers."""
SHOWN = (*WRITABLE, "archived_at", "archived_reason", "created_at", "changed_at")

FormerNumbers = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_FORMER_NUMBER)]],
    Field(max_length=LONGEST_LIST),
]


_TYPES: tuple[tuple[type[models.Field], Any], ...] = (
    (models.ForeignKey, int | None),
    (models.BooleanField, bool),
    (models.DateTimeField, Moment | None),  # before the days, of which it is one
    (models.DateField, Day | None),
    (models.DecimalField, Amount | None),
    (models.PositiveSmallIntegerField, Annotated[int, Field(ge=0, le=32767)] | None),
)
_LIST = Annotated[list[Annotated[str, StringConstraints(max_length=LONGEST_TAG)]], Field(max_length=LONGEST_LIST)]


def _type_of(field: models.Field) -> Any:
    if field.choices:
        return Literal[("", *(value for value, _label in field.choices))]
    if isinstance(field, models.CharField | models.TextField):
        return Annotated[str, StringConstraints(max_length=field.max_length or LONGEST_MEMO)]
    return next((kind for of, kind in _TYPES if isinstance(field, of)), _LIST)


def _described(field: models.Field) -> str:
    """In English, as all of the description is."""
    with override("en"):
        groups = [group.right.label for group in FieldGroup if field.name in group.fields]
        name = str(field.verbose_name)
        return f"{name[:1].upper()}{name[1:]}." + (f" Takes the right “{groups[0]}”." if groups else "")


def _fields(names: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in names:
        field: Any = Customer._meta.get_field(name)
        found[name] = (_type_of(field), Field(default=None, description=_described(field)))
    return found


class _Writing(Strict):
    former_numbers: FormerNumbers = Field(
        default=[], description="All numbers by which the customer was known elsewhere or before; others go."
    )


class _Registering(Strict):
    number: Annotated[int, Field(ge=1, le=9_999_999)] | None = Field(
        default=None, description="Of the number range of the location; without it the customer gets the next one."
    )
    only_if_new: bool = Field(
        default=False, description="Register nobody who may be registered already, but answer 409 with who that is."
    )


class Card(Strict):
    number: str
    state: Literal[tuple(CardState.values)]  # type: ignore[valid-type]
    reason: str = Field(description="Why it is blocked.")
    successor: str | None = Field(description="The card that the customer got in its place.")


class _Shown(Strict):
    id: int = Field(description="What the feed names the customer by. The address names him by his number.")
    number: int
    version: str = Field(description="Changes with each change of his own fields; the ETag is made of it.")
    state: Literal["active", "archived"]
    display_name: str
    former_numbers: list[str]
    cards: list[Card]
    withheld: list[str] = Field(description="Fields that this device may not see. They are left out.")


_change = create_model("CustomerChange", __base__=_Writing, **_fields(WRITABLE))
CustomerChange: Any = _change
"""What PATCH sends: what is left out stays as it is."""
NewCustomer: Any = create_model("NewCustomer", __base__=(_Registering, _Writing), **_fields(WRITABLE))
Customer_: Any = create_model("Customer", __base__=_Shown, **_fields(SHOWN))
"""A customer as he is answered."""


class Duplicate(Strict):
    """Somebody who may be the same, as the warning at the counter names him."""

    number: int
    name: str
    state: Literal["active", "archived"]
    reasons: list[str]
    facts: list[str]


class Registered(Strict):
    number: int
    version: str
    customer: Customer_ | None = Field(default=None, description="Left out where this device may not view customers.")
    possible_duplicates: list[Duplicate]


class Found(Strict):
    customers: list[Customer_]
    next: str | None = Field(description="For the parameter `page`; null at the end.")


class Change(Strict):
    id: int
    state: Literal["active", "archived", "erased", "removed"] = Field(
        description="erased: for good, drop all that you have of him. removed: he is in this base no more, since an "
        "import that brought him was undone or his location has come to a base of its own."
    )
    customer: Customer_ | None


class Feed(Strict):
    changes: list[Change]
    next: str = Field(description="For the parameter `after`, also where nothing has changed.")
    has_more: bool = Field(description="Whether to go on at once.")


class Purpose(Strict):
    purpose: str
    name: str
    state: Literal[tuple(ConsentState.values)]  # type: ignore[valid-type]
    is_asked: bool = Field(description="Whether it may be given; one that is not asked for any more is only withdrawn.")
    wording: str
    wording_version: str
    at: Moment | None = Field(description="Since when it is so.")
    source: str


class Consents(Strict):
    purposes: list[Purpose]


class Statement(Strict):
    purpose: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    is_given: bool = Field(description="true: given, false: withdrawn.")
    at: Moment | None = Field(default=None, description="When it was said; without it now.")
    source: Literal[tuple(ConsentSource.values)] = Field(  # type: ignore[valid-type]
        default=ConsentSource.TILL.value, description="How it was said."
    )
    wording_version: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        default=None, description="Of the wording that was shown; without it the one of today, where it is given."
    )
    evidence: Annotated[str, StringConstraints(max_length=500)] = Field(
        default="", description="Where it can be looked up. Takes the right “See memos”."
    )


class NewCard(Strict):
    number: Annotated[str, StringConstraints(min_length=1, max_length=80)]


class Cards(Strict):
    cards: list[Card]


class Group(Strict):
    id: int
    name: str
    price_level: int | None
    discount: Amount | None


class Groups(Strict):
    customer_groups: list[Group]


class Business(Strict):
    name: str
    account_number: int


class Place(Strict):
    name: str
    client_number: int


class Me(Strict):
    """The device, where it stands, and what it may do there."""

    device: str
    name: str
    kind: str
    business: Business
    location: Place
    rights: list[str]
    renew: bool = Field(description="Whether the device is asked to renew its token.")
    version: str = Field(description="Of the program that answers.")
    withheld: list[str] = Field(description="Fields of a customer that this device may not see.")
    first_number: int = Field(description="Where the number range of the location begins.")
    last_number: int
    tags: list[str] = Field(description="The tags that a customer may bear.")
    time: Moment


class Token(Strict):
    token: str = Field(description="The new token. The old one holds until this one is used for the first time.")


class FieldProblem(Strict):
    code: str
    detail: str


class ProblemAnswer(Strict):
    """RFC 9457. `code` is for programs; the sentences are in the language of Accept-Language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: dict[str, list[FieldProblem]] | None = None
    right: str | None = None
    possible_duplicates: list[Duplicate] | None = None
