"""Several columns of a file that together say one thing: how they become the cells of our columns.

    Straße | Hausnummer                  a part is joined to the field that it belongs to
    Vorname | Nachname | Ansprechpartner alternatives: what each row fills is taken
    Phone 1 - Label | Phone 1 - Value    the kind of a number chooses its field

Nothing is laid over anything else: a row in which two alternatives say different things is refused, unless somebody has
said that the first one counts. What a file does not say of a row, though it could, is told as unsaid: a known customer
keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers.table.columns import (
    BranchNumberField,
    CustomerField,
    HintField,
    PartField,
    PersonField,
    PhoneNumberField,
)
from customers.table.options import Reading, cell_text
from customers.table.person_names import Name, completed
from customers.table.phone_kinds import NUMBERS, PHONES, SEVERAL_VALUES, Row, placed
from spreadsheets import Cell

PERSON = ("first_name", "last_name")
ADDRESS = ("street", "address_extra", "po_box", "postal_code", "city", "country", "region")
_COMPANY_KINDS = frozenset({"company", "firma", "unternehmen", "organisation", "organization", "business"})
_LEGAL_FORM = re.compile(
    r"\b(?:GmbH|gGmbH|mbH|AG|KG|KGaA|OHG|GbR|UG|SE|e\.? ?V\.?|e\.? ?K\.?|eG|Ltd|LLC|Inc|Corp|S\.?A\.?|B\.?V\.?)(?=\W|$)"
)
type Cells = Sequence[Cell]
type Refusals = dict[int, ValidationError]
type Texts = list[str]


@dataclass
class Combined:
    """The cells by column, the refusals by row, and the fields that each row leaves unsaid, for one block."""

    cells: dict[str, Cells] = field(default_factory=dict)
    refused: dict[int, dict[str, ValidationError]] = field(default_factory=dict)
    unsaid: dict[int, list[str]] = field(default_factory=dict)
    unread: dict[int, dict[str, ValidationError]] = field(default_factory=dict)
    """By row the cells that cannot be read, where they are left out instead of costing the row."""

    places: dict[tuple[int, str], int] = field(default_factory=dict)
    """By row and field the column that an error is about, where it is not the first that fills the field."""

    def refuse(self, at: int, name: str, error: ValidationError) -> None:
        self.refused.setdefault(at, {})[name] = error


MOST_BRANCHES = 10_000
"""So many different branches of one file are noted."""
_NO_NUMBER = _("This is no number. Client and branch numbers are whole numbers.")
_OTHER_BRANCH = _(
    "This customer is of the number %(number)s, and this location has %(expected)s. Import him at his own location."
)


def _whole_number(text: str) -> int | None:
    """The number in a cell; None in an empty one. Raises ValueError for what is none."""
    plain = text.strip().removesuffix(".0").removesuffix(",0")
    return int(plain) if plain else None


class Combination:
    """Bound to the columns of one file. `columns` says by name which of ours are filled, and where each stands."""

    def __init__(
        self,
        fields: Mapping[str, CustomerField],
        headings: Sequence[str],
        targets: Sequence[str],
        reading: Reading,
        replaced: Mapping[str, Callable[[str], str]] | None = None,
    ) -> None:
        self._fields, self._headings, self._reading = fields, headings, reading
        self._taken = [
            (at, target) for at, target in enumerate(targets) if target in fields and not fields[target].readonly
        ]
        self._replaced = {
            at: (replaced or {})[heading] for at, heading in enumerate(headings) if heading in (replaced or {})
        }
        self._groups = [group for group in (PERSON, ADDRESS) if self._is_group(group)]
        self.columns = self._columns()
        self.branches: set[tuple[int | None, int | None]] = set()
        self.is_unsaid_possible = (
            bool(self._of(PhoneNumberField)) or reading.leave_unreadable or self._are_titles_in_names
        )

    def cells(self, by_column: Sequence[Cells], size: int) -> Combined:
        """The cells of each of our columns; those that stand alone in the file as they are there."""
        if self._replaced:
            by_column = list(by_column)
            for at, replace in self._replaced.items():
                by_column[at] = [replace(text) for text in self._texts(by_column[at])]
        combined = Combined()
        by_column = self._with_one_address(by_column)
        grouped = {name for group in self._groups for name in group}
        for name in self.columns:
            if name not in grouped and (name not in NUMBERS or not self._of(PhoneNumberField)):
                self._one_field(name, by_column, combined, size)
        for group in self._groups:
            self._one_group(group, by_column, combined, size)
        if self._of(PhoneNumberField):
            self._phones(by_column, combined, size)
        if self._of(BranchNumberField):
            self._branches(by_column, combined)
        return combined

    # --- which columns there are ----------------------------------------------------------------------------------

    def _columns(self) -> dict[str, int]:
        """Our columns that are filled, each with the first column of the file that fills it: problems are told
        there.
        """
        found: dict[str, int] = {}
        for at, target in self._taken:
            for name in self.filled_by(target):
                found.setdefault(name, at)
        return found

    def filled_by(self, target: str) -> tuple[str, ...]:
        """Our columns that a column with this target fills; a hint fills none."""
        known = self._fields[target]
        match known:
            case PartField():
                return (known.part_of,)
            case PersonField():
                # Alone it stays one column, which is divided when it is converted.
                names = (
                    (*PERSON, *(["title"] if self._are_titles_in_names else []))
                    if PERSON in self._groups
                    else (target,)
                )
                return (*names, "company") if known.may_be_company else names
            case PhoneNumberField():
                return NUMBERS
            case HintField() | BranchNumberField():
                return ()
        return (target,)

    def _is_group(self, group: tuple[str, ...]) -> bool:
        """Whether the file has several ways to say what these fields hold."""
        counts = [sum(target == name for _at, target in self._taken) for name in group]
        people = self._of(PersonField) if group is PERSON else []
        return max(counts) > 1 or len(people) > 1 or (bool(people) and (any(counts) or self._may_be_company(people)))

    @property
    def _are_titles_in_names(self) -> bool:
        """Whether titles stand only in whole names."""
        return PERSON in self._groups and bool(self._of(PersonField)) and not self._at("title")

    def _may_be_company(self, people: Sequence[int]) -> bool:
        return any(getattr(self._fields[target], "may_be_company", False) for at, target in self._taken if at in people)

    def _of(self, kind: type[CustomerField]) -> list[int]:
        return [at for at, target in self._taken if isinstance(self._fields[target], kind)]

    def _at(self, name: str) -> list[int]:
        return [at for at, target in self._taken if target == name]

    # --- cells ----------------------------------------------------------------------------------------------------

    def _texts(self, cells: Cells) -> Texts:
        return [cell if type(cell) is str else cell_text(cell, self._reading) for cell in cells]

    def _one_field(self, name: str, by_column: Sequence[Cells], combined: Combined, size: int) -> None:
        ways = [self._with_parts(name, at, by_column, is_first=not nth) for nth, at in enumerate(self._at(name))]
        if name == "company":
            ways += [self._companies(at, by_column) for at in self._of(PersonField) if self._may_be_company([at])]
        if not ways:
            ways = [self._with_parts(name, None, by_column, is_first=True)] if self._parts(name) else []
        if len(ways) == 1:
            combined.cells[name] = ways[0]
        elif ways:
            combined.cells[name] = self._chosen((name,), [[way] for way in ways], combined)[0]

    def _one_group(self, group: tuple[str, ...], by_column: Sequence[Cells], combined: Combined, size: int) -> None:
        """Fill the fields of a group, by the way that each row uses."""
        names = [name for name in group if name in self.columns]
        places = {name: self._at(name) for name in names}
        ways: list[list[Cells]] = []
        blank: Cells = [""] * size
        for nth in range(max(map(len, places.values()), default=0)):
            ways.append(
                [
                    self._with_parts(name, places[name][nth], by_column, is_first=not nth)
                    if nth < len(places[name])
                    else blank
                    for name in names
                ]
            )
        blanks: list[Cells] = [blank for _name in names]
        chosen = self._chosen(names, ways, combined) if len(ways) > 1 else [*ways, blanks][0]
        combined.cells.update(zip(names, chosen, strict=True))
        if group is PERSON and self._of(PersonField):
            self._complete_names(by_column, combined)

    def _parts(self, name: str) -> list[tuple[int, PartField]]:
        found = [(at, self._fields[target]) for at, target in self._taken]
        return [(at, part) for at, part in found if isinstance(part, PartField) and part.part_of == name]

    def _with_parts(self, name: str, at: int | None, by_column: Sequence[Cells], *, is_first: bool) -> Cells:
        """A column with the parts that belong to it; of several columns for one field the first one has them."""
        parts = self._parts(name) if is_first else []
        if at is not None and not parts:
            return by_column[at]
        texts = self._texts(by_column[at]) if at is not None else [""] * len(by_column[parts[0][0]])
        for place, part in parts:
            label = f"{self._headings[place]}: " if part.is_labelled else ""
            texts = [
                _joined(text, cell, part, label) if cell else text
                for text, cell in zip(texts, map(str.strip, self._texts(by_column[place])), strict=True)
            ]
        return texts

    def _with_one_address(self, by_column: Sequence[Cells]) -> Sequence[Cells]:
        """Of several e-mail addresses in one cell the first; the others become a line of the memo, if there is one."""
        [at, *_more] = self._at("email") or [-1]
        memos = self._at("memo")
        if at < 0 or not memos or not any(SEVERAL_VALUES in text for text in self._texts(by_column[at])):
            return by_column
        columns, texts = list(by_column), self._texts(by_column[at])
        firsts = [text.partition(SEVERAL_VALUES) for text in texts]
        others = [", ".join(map(str.strip, rest.split(SEVERAL_VALUES))) for _first, _mark, rest in firsts]
        columns[at] = [first.strip() for first, _mark, _rest in firsts]
        columns[memos[0]] = [
            "\n".join(filter(None, (memo, f"{self._headings[at]}: {other}" if other else "")))
            for memo, other in zip(self._texts(by_column[memos[0]]), others, strict=True)
        ]
        return columns

    def _branches(self, by_column: Sequence[Cells], combined: Combined) -> None:
        """Refuse each row of another branch, and note whose rows there are."""
        named = {target: at for at, target in self._taken if isinstance(self._fields[target], BranchNumberField)}
        columns = {target: self._texts(by_column[at]) for target, at in named.items()}
        for nth, texts in enumerate(zip(*columns.values(), strict=True)):
            found: dict[str, int | None] = {}
            for target, text in zip(columns, texts, strict=True):
                try:
                    found[target] = _whole_number(text)
                except ValueError:
                    combined.places[nth, target] = named[target]
                    combined.refuse(nth, target, ValidationError(_NO_NUMBER, code="no_branch_number"))
            if len(self.branches) < MOST_BRANCHES:
                self.branches.add((found.get("client_number"), found.get("branch_number")))
            for target, number in found.items():
                expected = getattr(self._fields[target], "expected", 0)
                if number not in {None, expected}:
                    combined.places[nth, target] = named[target]
                    said = {"number": number, "expected": expected}
                    combined.refuse(nth, target, ValidationError(_OTHER_BRANCH, code="other_branch", params=said))

    def _kinds(self, by_column: Sequence[Cells]) -> Texts | None:
        places = self._at("name_kind")
        return self._texts(by_column[places[0]]) if places else None

    def _are_companies(self, at: int, by_column: Sequence[Cells]) -> Iterator[tuple[str, bool]]:
        """Each name of a column, and whether it is that of a company."""
        kinds = self._kinds(by_column)
        for nth, name in enumerate(self._texts(by_column[at])):
            kind = kinds[nth].strip().casefold() if kinds else ""
            yield name, kind in _COMPANY_KINDS if kind else bool(_LEGAL_FORM.search(name))

    def _companies(self, at: int, by_column: Sequence[Cells]) -> Texts:
        return [name if is_company else "" for name, is_company in self._are_companies(at, by_column)]

    def _complete_names(self, by_column: Sequence[Cells], combined: Combined) -> None:
        """First and last names with what whole ones say besides. Where they say something else the row is refused."""
        parts = zip(*(map(str.strip, self._texts(combined.cells[name])) for name in PERSON), strict=True)
        names = [Name(*pair) for pair in parts]
        firms = self._texts(by_column[self._at("company")[0]]) if self._at("company") else [""] * len(names)
        for at in self._of(PersonField):
            for nth, whole in enumerate(self._whole_names(at, by_column)):
                known = names[nth]
                is_firm = not known.first and not known.last and _is_same(whole, firms[nth])
                if whole.strip() and not is_firm:
                    names[nth] = self._completed(known, whole, nth, combined)
        combined.cells |= {"first_name": [one.first for one in names], "last_name": [one.last for one in names]}
        if self._are_titles_in_names:
            combined.cells["title"] = [one.title for one in names]
            for nth in (nth for nth, one in enumerate(names) if not one.title):
                combined.unsaid.setdefault(nth, []).append("title")

    def _whole_names(self, at: int, by_column: Sequence[Cells]) -> Texts:
        if self._may_be_company([at]):
            return ["" if is_company else name for name, is_company in self._are_companies(at, by_column)]
        return self._texts(by_column[at])

    def _completed(self, known: Name, whole: str, nth: int, combined: Combined) -> Name:
        said = completed(known.first, known.last, whole)
        if said is not None:
            return Name(said.first, said.last, known.title or said.title)
        if self._reading.several != "first":
            combined.refuse(nth, PERSON[0], _two_values((known.first, known.last), (whole,)))
        return known

    def _chosen(self, names: Sequence[str], ways: Sequence[Sequence[Cells]], combined: Combined) -> list[Cells]:
        """The way that each row uses. If it uses two that differ, the row is refused or the first one counts."""
        rows: list[tuple[str, ...]] = []
        per_way = [list(zip(*(self._texts(cells) for cells in way), strict=True)) for way in ways]
        for at, said in enumerate(zip(*per_way, strict=True)):
            filled = [one for one in said if any(map(str.strip, one))]
            found = filled[0] if filled else ("",) * len(names)
            for other in filled[1:]:
                fuller = _fuller(found, other)
                if fuller is not None:
                    found = fuller
                elif self._reading.several != "first":
                    combined.refuse(at, names[0], _two_values(found, other))
                    break
            rows.append(found)
        return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _name in names]

    # --- phones ---------------------------------------------------------------------------------------------------

    def _phones(self, by_column: Sequence[Cells], combined: Combined, size: int) -> None:
        """Numbers with a field of their own first, then the others where one is free."""
        columned = {name: self._at(name) for name in NUMBERS}
        rows: list[Row] = [{} for _nth in range(size)]
        for name, at in ((name, at) for name, places in columned.items() for at in places):
            for row, text in zip(rows, map(str.strip, self._texts(by_column[at])), strict=True):
                row |= {name: text} if text and name not in row else {}
        for at in self._of(PhoneNumberField):
            self._place_all(at, rows, by_column, combined)
        for name in NUMBERS:
            combined.cells[name] = [row.get(name, "") for row in rows]
        loose = [name for name, places in columned.items() if not places]
        left = {nth: [name for name in loose if name not in row] for nth, row in enumerate(rows)}
        combined.unsaid |= {nth: names for nth, names in left.items() if names}

    def _place_all(self, at: int, rows: list[Row], by_column: Sequence[Cells], combined: Combined) -> None:
        kinds = self._kinds_of_numbers(at, by_column)
        for nth, text in enumerate(self._texts(by_column[at])):
            refusal = placed(rows[nth], text, kinds[nth])
            if refusal is not None and self._reading.several != "first":
                combined.refuse(nth, PHONES[0], refusal)

    def _kinds_of_numbers(self, at: int, by_column: Sequence[Cells]) -> Texts:
        """What the column before says of a column of numbers, else what its own heading says."""
        before = [place for place in self._at("phone_kind") if place < at]
        if before and not any(place in self._of(PhoneNumberField) for place in range(before[-1], at)):
            return self._texts(by_column[before[-1]])
        return [self._headings[at]] * len(by_column[at])


def _joined(text: str, cell: str, part: PartField, label: str) -> str:
    if not part.is_labelled and cell.casefold() in _ends(text.strip().casefold(), is_first=part.is_before):
        return text
    pair = [label + cell, text.strip()] if part.is_before else [text.strip(), label + cell]
    return part.separator.join(filter(None, pair))


def _ends(text: str, *, is_first: bool) -> tuple[str, ...]:
    """The words with which a text begins or ends, one after the other: “musterweg 12” ends with “12”."""
    words = text.split()
    return tuple(" ".join(words[:n] if is_first else words[-n:]) for n in range(1, len(words)))


def _is_same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def _words(one: Sequence[str]) -> set[str]:
    return {word for text in one for word in re.split(r"[\s,;]+", text.casefold()) if word}


def _fuller(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...] | None:
    """The fuller of two ways to say the same; None where they say different things."""
    if _words(other) <= _words(one):
        return one
    return other if _words(one) < _words(other) and all(other) else None


def _two_values(one: Sequence[str], other: Sequence[str]) -> ValidationError:
    message = _("Two columns say different things: “%(one)s” and “%(other)s”. Keep one of them, or say which counts.")
    params = {"one": " ".join(filter(None, one)), "other": " ".join(filter(None, other))}
    return ValidationError(message, code="two_values", params=params)
