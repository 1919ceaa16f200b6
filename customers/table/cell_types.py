"""Cells of a workbook or JSON line of a type that their field does not take: a truth value, a date, a list as name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from customers.table.columns import CustomerField, PhoneNumberField
from customers.table.combined_columns import Cells, Combination, Combined
from customers.table.options import Reading

NOTHING = r"\N"


@dataclass(frozen=True, slots=True)
class StrangeCell:
    """A cell that was refused: the column of the file in which it stands, and why.

    `is_alone` says that it can be left out by itself. Of one of several numbers nobody knows which field it would fill.
    """

    place: int
    error: ValidationError
    is_alone: bool


type Strange = dict[str, dict[int, StrangeCell]]
"""By the field that they would fill, and by row."""


class CellTypes:
    """Bound to the columns of one file."""

    def __init__(
        self, fields: Mapping[str, CustomerField], targets: Sequence[str], combination: Combination, reading: Reading
    ) -> None:
        self._reading = reading
        self._columns = [
            (at, fields[target], names[0])
            for at, target in enumerate(targets)
            if target in fields and not fields[target].readonly and (names := combination.filled_by(target))
        ]

    def replaced(self, by_column: list[Cells]) -> Strange:
        """Empty the cells of `by_column` that no field takes, and make texts of the lists that one does.

        It is done before columns are joined: of a house number that has become a date nothing must get into the street.
        """
        strange: Strange = {}
        for at, field, name in self._columns:
            widget, cells = field.widget, by_column[at]
            if widget.takes.issuperset(map(type, cells)):
                continue
            taken = by_column[at] = [*cells]
            for row, cell in enumerate(cells):
                try:
                    taken[row] = widget.taken(cell, self._reading)
                except ValidationError as error:
                    taken[row] = ""
                    is_alone = not isinstance(field, PhoneNumberField)
                    strange.setdefault(name, {}).setdefault(row, StrangeCell(at, error, is_alone))
        return strange


def without_strange(
    name: str, texts: dict[str, Sequence[str]], strange: Mapping[int, StrangeCell], combined: Combined
) -> dict[str, Sequence[str]]:
    """What the column of a field was converted to, and nothing of it where a part of it was refused."""
    for row, cell in strange.items():
        combined.places[row, name] = cell.place
        if not cell.is_alone:
            combined.refuse(row, name, cell.error)
        elif len(texts) == 1:
            texts = {filled: [*all_texts[:row], NOTHING, *all_texts[row + 1 :]] for filled, all_texts in texts.items()}
    return texts
