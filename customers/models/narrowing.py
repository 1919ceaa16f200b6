"""By what a list of customers was narrowed, as it is stored and as it is read."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Expression
from django.utils.text import capfirst

from mcp.stored_sentences import Sentences, SentencesField


class Narrowing(Sentences):
    """One stored sentence for each filter; as a text they are in the language of whoever asks."""

    @classmethod
    def of(cls, words: Narrowing | str) -> Narrowing:
        """The same; of words that are a text already one sentence that is shown as it is."""
        if isinstance(words, Narrowing):
            return words
        return cls([{"code": "", "text": words, "params": {}}] if words else [])

    def __str__(self) -> str:
        return "; ".join(capfirst(str(Sentences([one]))) for one in self)


class NarrowingField(SentencesField):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{"default": Narrowing, **options})

    def from_db_value(
        self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper
    ) -> Narrowing | None:
        found = super().from_db_value(value, expression, connection)
        if found and isinstance(found[0], str):  # a text that was stored as it is
            return Narrowing.of("".join(map(str, found)))
        return found if found is None else Narrowing(found)
