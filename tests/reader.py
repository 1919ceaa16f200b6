"""Whoever reads what is stored as codes, in the one language or the other, and numbers that are shown in groups."""

from __future__ import annotations

from django.utils.translation import override

from mcp.stored_sentences import Sentences


def read(stored: Sentences, language: str) -> str:
    """The sentence as somebody reads it who has chosen this language."""
    with override(language):
        return str(stored)


def ungrouped(page: str) -> str:
    """The page with account numbers as they are stored and not in groups, so that one can be looked for."""
    return page.replace("</span><wbr><span>", "")
