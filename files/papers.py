"""What is printed: a title, and sections of facts or tables. One declaration for a page and its PDF (paper_pdf)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part: facts with their names, or a table; `empty` is said where there is neither."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    headings: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    widths: tuple[int, ...] = ()
    """How wide the columns are, in parts of their sum."""
    right: frozenset[int] = frozenset()
    """The columns of figures, which stand at the right."""
    empty: str = ""


@dataclass(frozen=True, kw_only=True)
class Paper:
    title: str
    subtitle: str
    as_of: datetime
    """When the last of it happened: the same paper has the same date."""
    sections: tuple[Section, ...]
