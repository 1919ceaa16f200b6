"""What an import did, or would do: counts, changed rows field by field, rejected rows with the reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from customers.transfer.sheet import Sheet


@dataclass(frozen=True)
class Rejection:
    """Why a row was left out. `row` counts as Excel does; column and value are blank where it is the whole row."""

    row: int
    column: str
    value: str
    reason: str
    code: str = ""


@dataclass(frozen=True)
class Difference:
    """One field of a customer before and after, as one reads them."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Touched:
    """A row that creates a customer (`differences` are its filled cells then) or changes one."""

    row: int
    number: int | None
    name: str
    differences: tuple[Difference, ...]


class CountsDiffer(RuntimeError):
    """The program lost count of the rows: nothing is written."""


@dataclass
class Outcome:
    read: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    seconds: float = 0.0
    rejections: list[Rejection] = field(default_factory=list)
    new_customers: list[Touched] = field(default_factory=list)
    changed_customers: list[Touched] = field(default_factory=list)
    seen: dict[int, str] = field(default_factory=dict)

    def check(self) -> None:
        """Raises CountsDiffer unless each row that was read came to exactly one end."""
        if self.read != self.created + self.changed + self.unchanged + self.rejected:
            raise CountsDiffer(f"{self.counts()}: the parts are not the whole")

    def counts(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in ("read", "created", "changed", "unchanged", "rejected")}

    def as_dict(self) -> dict[str, Any]:
        """For a JSON column: everything that was rejected, and the first of the others."""
        return {
            **self.counts(),
            "seconds": self.seconds,
            "rejections": [asdict(rejection) for rejection in self.rejections],
            "new_customers": [asdict(touched) for touched in self.new_customers],
            "changed_customers": [asdict(touched) for touched in self.changed_customers],
            "seen": {str(pk): moment for pk, moment in self.seen.items()},
        }


def rejections(error: ValidationError, row: int, cells: Sequence[Any], sheet: Sheet) -> Iterator[Rejection]:
    """One line for each thing that is wrong with a row."""
    by_name = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    for name, errors in by_name.items():
        heading = sheet.heading_of(name) or ("" if name == NON_FIELD_ERRORS else name)
        at = sheet.file_headings.index(heading) if heading in sheet.file_headings else -1
        value = str(cells[at]) if 0 <= at < len(cells) else ""
        for single in errors:
            yield Rejection(row, heading, value, " ".join(single.messages), single.code or "")
