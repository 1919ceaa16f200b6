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
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from customers.columns import CustomerField, HintField, PartField, PersonField, PhoneNumberField
from customers.transfer.reading import Reading, cell_text
from customers.transfer.sheet import IGNORE
from spreadsheets import Cell

PERSON = ("first_name", "last_name")
ADDRESS = ("street", "address_extra", "po_box", "postal_code", "city", "country", "region")
PHONES = ("phone_private", "phone_business", "mobile")
NUMBERS = (*PHONES, "fax")
SEVERAL_VALUES = ":::"
"""What stands between several values in one cell (Google Contacts)."""
_COMPANY_KINDS = frozenset({"company", "firma", "unternehmen", "organisation", "organization", "business"})
_LEGAL_FORM = re.compile(
    r"\b(?:GmbH|gGmbH|mbH|AG|KG|KGaA|OHG|GbR|UG|SE|e\.? ?V\.?|e\.? ?K\.?|eG|Ltd|LLC|Inc|Corp|S\.?A\.?|B\.?V\.?)(?=\W|$)"
)
_MOBILE_KIND, _BUSINESS_KIND, _FAX_KIND, _PRIVATE_KIND = (
    re.compile(words, re.IGNORECASE)
    for words in ("mobil|cell|handy|iphone", "work|business|office|arbeit|gesch|dienst|firma", "fax", "home|privat")
)

type Cells = Sequence[Cell]
type Refusals = dict[int, ValidationError]
type Texts = list[str]


@dataclass
class Combined:
    """The cells of our columns for one block, what was refused by row, and which fields each row leaves unsaid."""

    cells: dict[str, Cells] = field(default_factory=dict)
    refused: dict[int, dict[str, ValidationError]] = field(default_factory=dict)
    unsaid: dict[int, list[str]] = field(default_factory=dict)

    def refuse(self, at: int, name: str, error: ValidationError) -> None:
        self.refused.setdefault(at, {})[name] = error


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
        self._replaced = {at: (replaced or {})[heading] for at, heading in enumerate(headings) if heading in (replaced or {})}
        self._groups = [group for group in (PERSON, ADDRESS) if self._is_group(group)]
        self.columns = self._columns()
        self.is_unsaid_possible = bool(self._of(PhoneNumberField)) or reading.leave_unreadable

    def cells(self, by_column: Sequence[Cells], size: int) -> Combined:
        """The cells of each of our columns; those that stand alone in the file as they are there."""
        if self._replaced:
            by_column = list(by_column)
            for at, replace in self._replaced.items():
                by_column[at] = [replace(text) for text in self._texts(by_column[at])]
        combined = Combined()
        grouped = {name for group in self._groups for name in group}
        for name in self.columns:
            if name not in grouped and (name not in NUMBERS or not self._of(PhoneNumberField)):
                self._one_field(name, by_column, combined, size)
        for group in self._groups:
            self._one_group(group, by_column, combined, size)
        if self._of(PhoneNumberField):
            self._phones(by_column, combined, size)
        return combined

    # --- which columns there are ----------------------------------------------------------------------------------

    def _columns(self) -> dict[str, int]:
        """Where a problem of each of our columns is told: at the first column of the file that fills it."""
        found: dict[str, int] = {}
        for at, target in self._taken:
            for name in self._filled_by(target):
                found.setdefault(name, at)
        return found

    def _filled_by(self, target: str) -> tuple[str, ...]:
        known = self._fields[target]
        match known:
            case PartField():
                return (known.part_of,)
            case PersonField():
                # Alone it stays one column, which is divided when it is converted.
                names = PERSON if PERSON in self._groups else (target,)
                return (*names, "company") if known.may_be_company else names
            case PhoneNumberField():
                return NUMBERS
            case HintField():
                return ()
        return (target,)

    def _is_group(self, group: tuple[str, ...]) -> bool:
        """Whether a file says in several ways what these fields hold."""
        counts = [sum(target == name for _at, target in self._taken) for name in group]
        people = self._of(PersonField) if group is PERSON else []
        return max(counts) > 1 or len(people) > 1 or (bool(people) and (any(counts) or self._may_be_company(people)))

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
        """The ways in which each row may say what the group holds, and which of them it does."""
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
        if group is PERSON:
            ways += [self._people(at, by_column) for at in self._of(PersonField)]
        chosen = self._chosen(names, ways, combined) if len(ways) > 1 else ways[0]
        combined.cells.update(zip(names, chosen, strict=True))

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

    def _people(self, at: int, by_column: Sequence[Cells]) -> list[Cells]:
        """First and last names out of whole ones, divided at the last blank."""
        if self._may_be_company([at]):
            names = ["" if is_company else name for name, is_company in self._are_companies(at, by_column)]
        else:
            names = self._texts(by_column[at])
        pairs = [" ".join(name.split()).rpartition(" ") for name in names]
        return [[first for first, _blank, _last in pairs], [last for *_rest, last in pairs]]

    def _chosen(self, names: Sequence[str], ways: Sequence[Sequence[Cells]], combined: Combined) -> list[Cells]:
        """Of each row the way that it fills. Where it fills two that differ, the row is refused or the first taken."""
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
        rows: list[dict[str, str]] = [{} for _nth in range(size)]
        for name in NUMBERS:
            for at in self._at(name):
                for row, text in zip(rows, map(str.strip, self._texts(by_column[at])), strict=True):
                    if text:
                        row.setdefault(name, text)
        for at in self._of(PhoneNumberField):
            kinds = self._kinds_of_numbers(at, by_column)
            for nth, text in enumerate(self._texts(by_column[at])):
                for number in filter(None, map(str.strip, text.split(SEVERAL_VALUES))):
                    if not _placed(rows[nth], number, kinds[nth]) and self._reading.several != "first":
                        combined.refuse(nth, "phone_private", _too_many_phones(number))
        columned = {name for name in NUMBERS if self._at(name)}
        for name in NUMBERS:
            combined.cells[name] = [row.get(name, "") for row in rows]
        for nth, row in enumerate(rows):
            if left := [name for name in NUMBERS if name not in row and name not in columned]:
                combined.unsaid[nth] = left

    def _kinds_of_numbers(self, at: int, by_column: Sequence[Cells]) -> Texts:
        """What the column before says of a column of numbers, else what its own heading says."""
        before = [place for place in self._at("phone_kind") if place < at]
        if before and not any(place in self._of(PhoneNumberField) for place in range(before[-1], at)):
            return self._texts(by_column[before[-1]])
        return [self._headings[at]] * len(by_column[at])


def _joined(text: str, cell: str, part: PartField, label: str) -> str:
    pair = [label + cell, text.strip()] if part.is_before else [text.strip(), label + cell]
    return part.separator.join(filter(None, pair))


def _words(one: Sequence[str]) -> set[str]:
    return {word for text in one for word in re.split(r"[\s,;]+", text.casefold()) if word}


def _fuller(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...] | None:
    """Of two ways to say the same the one that says more; None where they say different things."""
    if _words(other) <= _words(one):
        return one
    return other if _words(one) < _words(other) and all(other) else None


def _placed(row: dict[str, str], number: str, kind: str) -> bool:
    """Put a number where it belongs, or where a field is still free. Whether it has a place now."""
    if any(_digits(number) == _digits(known) for known in row.values()):
        return True
    wanted = _wanted(number, kind)
    for name in (wanted, *(name for name in PHONES if name != wanted)):
        if name not in row:
            row[name] = number
            return True
    return False


def _digits(number: str) -> str:
    return re.sub(r"[^0-9]", "", number)


def _wanted(number: str, kind: str) -> str:
    if _FAX_KIND.search(kind):
        return "fax"
    if _MOBILE_KIND.search(kind):
        return "mobile"
    if _BUSINESS_KIND.search(kind):
        return "phone_business"
    if _PRIVATE_KIND.search(kind):
        return "phone_private"
    return "mobile" if _is_mobile(number) else "phone_private"


def _is_mobile(number: str) -> bool:
    try:
        parsed = phonenumbers.parse(number, "DE")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.number_type(parsed) == phonenumbers.PhoneNumberType.MOBILE


def _two_values(one: Sequence[str], other: Sequence[str]) -> ValidationError:
    message = _("Two columns say different things: “%(one)s” and “%(other)s”. Keep one of them, or say which counts.")
    params = {"one": " ".join(filter(None, one)), "other": " ".join(filter(None, other))}
    return ValidationError(message, code="two_values", params=params)


def _too_many_phones(number: str) -> ValidationError:
    message = _("There is no place left for the phone number “%(number)s”. Put it into the memo.")
    return ValidationError(message, code="too_many_phones", params={"number": number})


# --- what is refused before anything is read ------------------------------------------------------------------------


def demand_combinable(
    fields: Mapping[str, CustomerField], headings: Sequence[str], targets: Sequence[str], several: str
) -> None:
    """Raise ValidationError unless each field is filled by one column, or by several under a rule that is chosen."""
    for at, (heading, target) in enumerate(zip(headings, targets, strict=True)):
        known = fields.get(target)
        if known is None or target == IGNORE or known.readonly:
            continue
        if target in targets[:at] and not _may_repeat(known) and not several:
            raise ValidationError(
                _("Two columns go to the same field: “%(first)s” and “%(heading)s”. Leave one of them out, "
                  "or choose below how several columns fill one field."),
                code="column_twice",
                params={"first": headings[list(targets).index(target)], "heading": heading},
            )  # fmt: skip
        if isinstance(known, PartField) and not known.is_labelled and known.part_of not in targets:
            raise ValidationError(
                _("“%(heading)s” is a part of the field “%(field)s”, but no column goes there. Choose one, or leave “%(heading)s” out."),
                code="part_alone",
                params={"heading": heading, "field": fields[known.part_of].shown_heading()},
            )  # fmt: skip


def shown_as(known: Any, name: str) -> tuple[str, ...]:
    """The fields in which people see what a column has become."""
    match known:
        case PartField():
            return (known.part_of,)
        case PersonField():
            return (*PERSON, "company") if known.may_be_company else PERSON
        case PhoneNumberField():
            return NUMBERS
        case HintField():
            return ()
    return (name,)


def _may_repeat(known: Any) -> bool:
    return isinstance(known, PartField | PhoneNumberField | HintField)


def rules_of(fields: Mapping[str, CustomerField], headings: Sequence[str], targets: Sequence[str]) -> list[str]:
    """How columns of this file are joined, in sentences for people."""
    found: list[str] = []
    named = list(zip(headings, targets, strict=True))
    mains = {target: heading for heading, target in reversed(named)}
    for heading, target in named:
        known = fields.get(target)
        if isinstance(known, PartField):
            found.append(_part_rule(heading, known, mains))
        elif isinstance(known, PersonField) and any(name in mains for name in PERSON):
            found.append(
                str(_("“%(heading)s” is taken as the name where a row has no other. A row with two different names is rejected, "
                      "unless the first one is to count.")) % {"heading": heading}
            )  # fmt: skip
        elif isinstance(known, PhoneNumberField):
            found.append(
                str(_("“%(heading)s” goes to the phone field that fits and is still free.")) % {"heading": heading}
            )
    return found


def _part_rule(heading: str, part: PartField, mains: Mapping[str, str]) -> str:
    if part.is_labelled:
        return str(_("“%(heading)s” becomes a line of the memo, behind its heading.")) % {"heading": heading}
    main = mains.get(part.part_of, "")
    before = _("“%(heading)s” is put before “%(main)s”.")
    behind = _("“%(heading)s” is put behind “%(main)s”.")
    return str(before if part.is_before else behind) % {"heading": heading, "main": main}
