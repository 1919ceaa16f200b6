"""What each column says of a person, and what becomes of it when he is erased for good.

    @personal(of="customer", erased=Erasure.ROW_GOES, identity="number", technical="state assigned_at")

beside `keep_history`. Each keyword of a category takes the names of its columns, divided by blanks. Abstract models
declare the columns that they have. Keys and who of the staff has done something need no word: see `by_kind`. A column
that is in no category is a fault (locations/inventory.py); so is one that is in two, or is not there.

From this come the file of a person and the proof of what an erasure does: neither has a list of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import models

_DECLARED = "_personal"


class About(StrEnum):
    """Whom a column says something of."""

    CUSTOMER = "customer"
    STAFF = "staff"
    NOBODY = "nobody"


class Category(StrEnum):
    """What kind of data it is."""

    IDENTITY = "identity"
    """Who somebody is: names, numbers, birthdays."""
    CONTACT = "contact"
    BANK = "bank"
    BEHAVIOUR = "behaviour"
    """What somebody does or likes: purchases, tags, devices."""
    SPECIAL = "special"
    """What somebody has typed about a person: special categories of data (Art. 9) may stand there."""
    CONTRACT = "contract"
    """Terms, amounts, invoices, consents."""
    TECHNICAL = "technical"
    """States, moments and figures; alone they say nothing of anybody."""
    KEYS = "keys"
    """By what rows are found; shown to nobody."""


class Erasure(StrEnum):
    """What becomes of a column, or of a row, when the person is erased for good."""

    ROW_GOES = "row_goes"
    """The row is deleted. Where rows hold several people or a file does: as much of it as may hold him."""
    EMPTIED = "emptied"
    """It is empty, a dash where it cannot be, or has lost what was his; the row stays."""
    KEPT = "kept"
    """It stays as it is for as long as the law wants it (`Kept`); nothing leads from it to anything else of him."""
    STAYS = "stays"
    """It says nothing of him once what else is in the row is gone."""


@dataclass(frozen=True)
class Kept:
    """For how long the law wants something kept."""

    law: str
    years: int
    """From the end of the year in which it arose."""


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What was said of the columns of one class. Names of columns are those of its fields."""

    of: tuple[str, ...] = ()
    """Paths of fields to the customer whom a row is about: to his id, his `uid`, or a set of numbers with his."""
    bulk: str = ""
    """Why rows with many customers each are in nobody's file."""
    is_of_staff: bool = False
    erased: Erasure | None = None
    emptied: frozenset[str] = frozenset()
    kept: Kept | None = None
    categories: Mapping[str, Category] = field(default_factory=dict)
    staff: frozenset[str] = frozenset()
    """Columns that name or identify who of the staff has done something."""
    twice: frozenset[str] = frozenset()
    """Names that were said in two categories."""

    @property
    def names(self) -> frozenset[str]:
        return self.emptied | self.categories.keys() | self.staff

    def over(self, below: Declaration) -> Declaration:
        """This one, and what it does not say as the class below it in the order of inheritance does."""
        return Declaration(
            of=self.of or below.of, bulk=self.bulk or below.bulk, is_of_staff=self.is_of_staff or below.is_of_staff,
            erased=self.erased or below.erased, emptied=self.emptied | below.emptied, kept=self.kept or below.kept,
            categories={**below.categories, **self.categories}, staff=self.staff | below.staff,
            twice=self.twice | below.twice,
        )  # fmt: skip


def said(
    *, of: str = "", bulk: str = "", is_of_staff: bool = False, erased: Erasure | None = None, emptied: str = "",
    kept: Kept | None = None, staff: str = "", **categories: str,
) -> Declaration:  # fmt: skip
    """A declaration; for a table without a class of ours (locations/third_party.py).

    `erased` is about the row, `emptied` names columns. Raises ValueError for a category that is none, for a row that is
    `EMPTIED`, and for one that is `KEPT` and does not say for how long.
    """
    if (erased == Erasure.KEPT) != (kept is not None):
        raise ValueError("What is kept says for how long, and nothing else does")
    if erased == Erasure.EMPTIED:
        raise ValueError("Rows are not emptied: name the columns that are (emptied)")
    by_name = [(name, Category(category)) for category, names in categories.items() for name in names.split()]
    every = [*(name for name, _category in by_name), *staff.split()]
    return Declaration(
        of=tuple(of.split()), bulk=bulk, is_of_staff=is_of_staff, erased=erased, emptied=frozenset(emptied.split()),
        kept=kept, categories=dict(by_name), staff=frozenset(staff.split()),
        twice=frozenset(name for name in every if every.count(name) > 1),
    )  # fmt: skip


def personal[M: models.Model](**words: Any) -> Callable[[type[M]], type[M]]:
    """Class decorator: say of the columns of a model, abstract or not, what `said` takes."""
    declaration = said(**words)

    def decorate(model: type[M]) -> type[M]:
        setattr(model, _DECLARED, declaration)
        return model

    return decorate


def declared(model: type[models.Model]) -> Declaration | None:
    """What was said of a model, by itself and by the classes that it inherits from; None where nothing was."""
    found: Declaration | None = None
    for one in reversed(model.__mro__):
        own: Declaration | None = vars(one).get(_DECLARED)
        if own is not None:
            found = own if found is None else own.over(found)
    return found


_OF_ALL = frozenset({"organization", "base", "base_id", "owner_key"})
_PEOPLE = frozenset({"customers.Customer", "mcp.User"})


def by_kind(column: models.Field[Any, Any]) -> tuple[About, Category] | None:
    """What a column is that nothing was said of, by its kind and name; None where that has to be said.

    Primary keys, references to what is no person, and whose a row is: keys. `user_name` and `…_by` are names of the
    staff, `user`, `user_id` and `…_user` are their keys.
    """
    name = column.name
    if name in {"user", "user_id"} or name.endswith("_user"):
        return (About.STAFF, Category.KEYS) if not isinstance(column, models.CharField) else None
    if name == "user_name" or name.endswith("_by"):
        return About.STAFF, Category.IDENTITY
    if column.is_relation:
        to = column.related_model._meta.label  # type: ignore[union-attr]  # every relation here is one to a model
        return {
            "customers.Customer": (About.CUSTOMER, Category.IDENTITY),
            "mcp.User": (About.STAFF, Category.KEYS),
        }.get(to, (About.NOBODY, Category.KEYS))
    return (About.NOBODY, Category.KEYS) if column.primary_key or name in _OF_ALL else None
