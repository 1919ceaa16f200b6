"""Whoever reads what is stored as codes, in the one language or the other."""

from __future__ import annotations

from django.utils.translation import override

from mcp.stored_sentences import Sentences


def read(stored: Sentences, language: str) -> str:
    """The sentence as somebody reads it who has chosen this language."""
    with override(language):
        return str(stored)
