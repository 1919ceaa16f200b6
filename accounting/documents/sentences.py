"""A sentence with parameters that is put together when it is read, in the language of whoever reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise


@dataclass(frozen=True)
class Sentence:
    text: Promise
    parameters: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return str(self.text) % {name: str(value) for name, value in self.parameters.items()}
