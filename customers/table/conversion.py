"""Blocks of a file become lines for COPY: each cell is converted as its column says, whole columns at a time.

The Resource says how a cell becomes a value. Most cells are their own value already, and one check of a whole column
shows it: converting a million rows one by one would take too long. Other cells are converted by the Resource and
remembered, since most columns have few different values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.utils import timezone

from customers.models import Consent, Customer, FormerNumber
from customers.models.problems import Problem
from customers.table.birthday_cells import DAY, one_day, with_and_without_year
from customers.table.cell_types import CellTypes, Strange, without_strange
from customers.table.cells import TRUTH
from customers.table.columns import (
    BirthdayField,
    CustomerField,
    GroupField,
    NoteField,
    PersonField,
)
from customers.table.combined_columns import Cells, Combination, Combined
from customers.table.consent_columns import ConsentDayField, ConsentField
from customers.table.former_number_columns import FormerNumbersField
from customers.table.headings import remaining_problems, stored_problem
from customers.table.options import NULL, UNSAID, Reading
from customers.table.person_names import divided
from customers.table.profiles import replacements
from customers.table.shared_fields import demand_combinable
from locations.models import HIGHEST_CUSTOMER_NUMBER, LOWEST_CUSTOMER_NUMBER
from mcp.stored_sentences import Day, Sentences, sentences_of
from spreadsheets import Cell
from spreadsheets.rows import Block

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MOST_REMEMBERED = 40_000
"""Values of a column that are remembered: all days of a century. One with more is not one in which they come again."""
NOTHING = r"\N"
FORMER_NUMBERS = "former_numbers"
NOT_AHEAD = "consent_not_ahead_of_time"
_WITHOUT_FIELD = (GroupField, NoteField, ConsentField)
"""Columns whose values go to no field of the customer that could check them."""
_NEEDED = frozenset(
    {"customer_number", "former_numbers", "first_name", "last_name", "contact_name", "company", "alias"}
)
"""Without these nobody knows who is meant: a row in which they cannot be read is rejected, whatever was chosen."""
_UNSTORABLE = re.compile("\\\\u0000|[\ud800-\udfff]")
"""In JSON: what the database takes in no text."""
_ESCAPED = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

type Texts = Sequence[str]
type Refusals = dict[int, ValidationError]
type Places = Mapping[tuple[int, str], int]


class Converter:
    """Converts the blocks of one file. `columns` are those of ImportRow that its lines fill.

    `is_typed` is False where all cells of the file are texts, which need not be looked at for that.

    Raises ValidationError where two columns of the file go to one field and no rule joins them.
    """

    def __init__(
        self,
        *,
        fields: Mapping[str, CustomerField],
        headings: Sequence[str],
        targets: Sequence[str],
        reading: Reading,
        profile: str = "",
        is_typed: bool = True,
    ) -> None:
        self._headings, self._reading = tuple(headings), reading
        demand_combinable(fields, headings, targets, reading.several)
        self._combination = Combination(fields, headings, targets, reading, replacements(profile, headings))
        self._types = CellTypes(fields, targets, self._combination, reading) if is_typed else None
        taken = self._combination.columns
        self._columns = [_Column(name, fields[name], at, reading) for name, at in taken.items()]
        self._columns.sort(key=lambda column: (column.name != "country", column.name == "contact_name"))
        names = [name for column in self._columns for name in column.fills]
        self._texts = tuple(dict.fromkeys(names))
        self.columns = (*self._texts, UNSAID) if self._combination.is_unsaid_possible else self._texts
        self.rejected = 0

    @property
    def branches(self) -> Collection[tuple[int | None, int | None]]:
        """Client and branch numbers of the rows so far, where the file says them."""
        return self._combination.branches

    def lines(self, block: Block, *, prefix: str) -> bytes:
        """The block as lines of `prefix`, row number, problems, and `columns`; rejected rows hold problems alone."""
        size = len(block.rows)
        by_column: list[Cells] = list(zip(*block.rows, strict=False))
        strange = self._types.replaced(by_column) if self._types else {}
        combined = self._combination.cells(by_column, size)
        texts = self._converted(combined, strange)
        if self._combination.is_unsaid_possible and self._columns:
            texts[UNSAID] = [self._unsaid(block, at, combined) for at in range(size)]
        refused = combined.refused
        numbers = [f"{prefix}\t{number}\t{NOTHING}" for number in block.numbers]
        lines = list(map("\t".join, zip(numbers, *(texts[name] for name in self.columns), strict=True)))
        for at in {*refused, *block.problems}:
            problems = self._problems(block, at, refused.get(at, {}), combined.places)
            if problems:
                self.rejected += 1
                told = _as_json(problems).translate(_ESCAPED)
                lines[at] = "\t".join([prefix, str(block.numbers[at]), told, *[NOTHING] * len(self.columns)])
        return "\n".join([*lines, ""]).encode() if size else b""

    def _converted(self, combined: Combined, strange: Strange) -> dict[str, Texts]:
        """The texts for COPY by column. A refused cell is added to `combined`, as an error or as not said."""
        texts: dict[str, Texts] = {}
        countries: Texts = ()
        for column in self._columns:
            found, refusals = column.convert(combined.cells[column.name], countries)
            if column.name in strange:
                found = without_strange(column.name, found, strange[column.name], combined)
                refusals = refusals | {at: cell.error for at, cell in strange[column.name].items() if cell.is_alone}
            if DAY in found and DAY in texts:
                found[DAY] = one_day(texts[DAY], found[DAY], refusals)
            texts.update(found)
            if column.name == "country":
                countries = found["country"]
            for at, error in refusals.items():
                if self._reading.leave_unreadable and column.name not in _NEEDED:
                    combined.unsaid.setdefault(at, []).extend({column.name, *column.fills})
                    combined.unread.setdefault(at, {})[column.name] = error
                else:
                    combined.refuse(at, column.name, error)
        return texts

    def _unsaid(self, block: Block, at: int, combined: Combined) -> str:
        """The fields that a row does not say, as JSON; with the problem of each cell that cannot be read."""
        if at not in combined.unsaid:
            return NOTHING
        errors = combined.unread.get(at, {})
        told = dict(zip(errors, self._sentences(block, at, errors, combined.places), strict=True))
        return _as_json({**dict.fromkeys(combined.unsaid[at]), **told}).translate(_ESCAPED)

    def _problems(self, block: Block, at: int, errors: dict[str, ValidationError], places: Places) -> list[Problem]:
        """Everything that is wrong with a row; empty where it was mended by the reader or accepted."""
        found = [*remaining_problems(block.problems.get(at, ()), self._reading)]
        damaged = {(problem.column or 0) - 1 for problem in found if problem.code != "formula_cell"}
        told = [
            self._told(block.rows[at], (problem.column or 0) - 1, stored_problem(problem), problem.code)
            for problem in found
        ]
        return told + self._sentences(block, at, errors, places, damaged)

    def _sentences(
        self,
        block: Block,
        at: int,
        errors: dict[str, ValidationError],
        places: Places,
        damaged: Collection[int] = (),
    ) -> list[Problem]:
        """What the fields refuse; but not that of a damaged cell, of which was told already what is wrong with it."""
        found = {column.name: places.get((at, column.name), column.at) for column in self._columns}
        found |= {name: places[at, name] for name in errors if name not in found}
        return [
            self._told(block.rows[at], found[name], sentences_of(error), error.error_list[0].code or "")
            for name, error in errors.items()
            if found[name] not in damaged
        ]

    def _told(self, cells: Sequence[Cell], at: int, reason: Sentences, code: str) -> Problem:
        value = cells[at] if 0 <= at < len(cells) else ""
        return {
            "column": self._headings[at] if 0 <= at < len(self._headings) else "",
            "value": _shown(value),
            "reason": reason,
            "code": code,
        }


def _shown(cell: Cell) -> str | Sentences:
    """A cell as a spreadsheet shows it in the language of whoever reads it."""
    match cell:
        case None:
            return ""
        case bool():
            return sentences_of(ValidationError(TRUTH[cell]))
        case date() if not isinstance(cell, datetime):
            return sentences_of(ValidationError("%(day)s", params={"day": Day.of(cell)}))
    return without_nul(str(cell))


def _as_json(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(_storable(value), ensure_ascii=False) if _UNSTORABLE.search(text) else text


def _storable(value: object) -> object:
    """What is told of a row as PostgreSQL can store it."""
    match value:
        case str():
            return without_nul(value)
        case dict():
            return {name: _storable(one) for name, one in value.items()}
        case list():
            return [_storable(one) for one in value]
    return value


def without_nul(text: str) -> str:
    """The text as PostgreSQL can store it."""
    return re.sub("[\0\ud800-\udfff]", "�", text)


class _Column:
    """One column of the file: where it is, what it fills, and the results of its cells so far."""

    def __init__(self, name: str, field: CustomerField, at: int, reading: Reading) -> None:
        self.name, self.field, self.at, self._reading = name, field, at, reading
        self._is_by_country = bool(getattr(field.widget, "is_by_country", False))
        self._known: dict[Any, str | ValidationError] = {}
        self._quick: Callable[[Sequence[str], str], Texts | None] | None = getattr(field.widget, "quick", None)
        self._length = _max_length(field, name)
        self.fills = _fills(name, field)

    def convert(self, cells: Cells, countries: Texts) -> tuple[dict[str, Texts], Refusals]:
        """The texts for COPY of each column that is filled, and the cells that were refused."""
        if (texts := self._at_once(cells)) is not None:
            return self._filled(texts), {}
        refusals: Refusals = {}
        found: list[str] = []
        for at, cell in enumerate(cells):
            text = self._of_cell(cell, countries[at] if self._is_by_country and countries else "")
            if isinstance(text, ValidationError):
                refusals[at] = text
                text = NOTHING
            found.append(text)
        return self._filled(found), refusals

    def _filled(self, texts: Texts) -> dict[str, Texts]:
        if len(self.fills) == 1:
            return {self.fills[0]: texts}
        if isinstance(self.field, BirthdayField):
            return dict(zip(self.fills, with_and_without_year(texts), strict=True))
        people = [divided(text) for text in texts]
        return {"first_name": [first for first, _last in people], "last_name": [last for _first, last in people]}

    def _at_once(self, cells: Sequence[Cell]) -> Texts | None:
        """The texts for COPY if all cells are their own value; else None."""
        if self._quick is None:
            return None
        try:
            joined = "\n".join(cells)  # type: ignore[arg-type]
        except TypeError:
            return None  # of a workbook: numbers and dates
        texts: Sequence[str] = cells  # type: ignore[assignment]
        if joined.count("\n") != len(texts) - 1 or (self._reading.null_is_empty and NULL in joined):
            return None
        if self._length and len(max(texts, key=len, default="")) > self._length:
            return None
        return self._quick(texts, joined)

    def _of_cell(self, cell: Cell, country: str) -> str | ValidationError:
        key = (type(cell), cell, country)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= MOST_REMEMBERED:
                self._known.clear()
            found = self._known[key] = self._converted(cell, country)
        return found

    def _converted(self, cell: Cell, country: str) -> str | ValidationError:
        try:
            value = self.field.widget.clean(cell, None, country=country, reading=self._reading)
            return copy_text(self._checked(value))
        except ValidationError as error:
            return error if hasattr(error, "error_list") else ValidationError(error.messages)

    def _checked(self, value: Any) -> Any:
        """The value. Raises ValidationError where it breaks a rule of the customer's fields."""
        if value is None:
            return value
        if self.name == "customer_number":
            if not LOWEST_CUSTOMER_NUMBER <= value <= HIGHEST_CUSTOMER_NUMBER:
                raise ValidationError(_sentence("customer_number_range"), code="customer_number_range")
        elif isinstance(self.field, ConsentDayField):
            if value > timezone.localdate():
                raise ValidationError(_sentence(NOT_AHEAD, Consent), code=NOT_AHEAD)
        else:
            for name, part in self._parts(value):
                _field(name).clean(part, None)
        return value

    def _parts(self, value: Any) -> Iterator[tuple[str, Any]]:
        """The values in a cell, each with the name of the field whose rules apply."""
        if isinstance(self.field, PersonField):
            yield from zip(("first_name", "last_name"), divided(value), strict=True)
        elif isinstance(self.field, FormerNumbersField):
            yield from ((self.name, number) for number in value)
        elif isinstance(self.field, BirthdayField) and isinstance(value, str):
            yield DAY, value
        elif not isinstance(self.field, _WITHOUT_FIELD):
            yield self.name, value


def _field(name: str) -> Any:
    """The model field whose rules apply to a value."""
    return FormerNumber._meta.get_field("number") if name == FORMER_NUMBERS else Customer._meta.get_field(name)


def _fills(name: str, field: CustomerField) -> tuple[str, ...]:
    """The columns of ImportRow that a column of ours fills."""
    match field:
        case PersonField():
            return "first_name", "last_name"
        case BirthdayField():
            return name, DAY
    return (_staged(name, field),)


def _staged(name: str, field: CustomerField) -> str:
    return "group_name" if isinstance(field, GroupField) else name


def _max_length(field: CustomerField, name: str) -> int:
    if isinstance(field, (*_WITHOUT_FIELD, ConsentDayField, PersonField)):
        return 0
    length: int | None = _field(name).max_length
    return length or 0


def _sentence(constraint_name: str, model: type[Model] = Customer) -> str | _StrPromise:
    found = next(rule for rule in model._meta.constraints if rule.name == constraint_name)
    return found.violation_error_message or ""


def copy_text(value: object) -> str:
    """A value in the text format of COPY."""
    match value:
        case None:
            return NOTHING
        case bool():
            return "t" if value else "f"
        case list():
            return _array(value).translate(_ESCAPED)
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
    return str(value).translate(_ESCAPED)


def _array(words: Sequence[str]) -> str:
    inner = ",".join('"{}"'.format(word.replace("\\", r"\\").replace('"', r"\"")) for word in words)
    return f"{{{inner}}}"
