"""A business letter as it is printed: who writes to whom, what it says, and the sums (letter_pdf draws it)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sender:
    """Who writes, as each letter says it above and below. Empty texts are left out."""

    name: str
    address: tuple[str, ...]
    """Lines; in the window they stand above whom it goes to."""
    reach: tuple[str, ...] = ()
    """Phone, e-mail."""
    foot: tuple[tuple[str, ...], ...] = ()
    """Columns of lines below each page."""
    below: str = ""
    """What the law wants of a company, below the columns."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One letter. It begins a page."""

    to: tuple[str, ...]
    """The lines in the window."""
    facts: tuple[tuple[str, str], ...]
    """At the right of the window: name and value."""
    subject: str
    opening: tuple[str, ...] = ()
    """Paragraphs above the sums."""
    sums: tuple[tuple[str, str], ...] = ()
    """What, and how much; the last one is the one that counts."""
    closing: tuple[str, ...] = ()
    """Paragraphs below the sums."""
