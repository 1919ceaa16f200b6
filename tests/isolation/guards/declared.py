"""Guards that a page declares: which right an action needs, which rows a foreign key offers. Each entry is one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from locations.permissions import Right
from mcp.console.site import console

HELD_BY_ALMOST_ALL = Right.RUN_REPORTS
"""What the probes' weakest person holds; no page asks for it."""


@dataclass(frozen=True)
class Declared:
    """One entry of a mapping of a page, and what it is while it is switched off."""

    page: type
    attribute: str
    key: str
    off: Any

    @property
    def name(self) -> str:
        return f"{self.page.__module__}.{self.page.__qualname__}.{self.attribute}[{self.key}]"

    @contextmanager
    def switched_off(self) -> Iterator[None]:
        entries = getattr(self.page, self.attribute)
        with patch.object(self.page, self.attribute, {**entries, self.key: self.off}):
            yield


def declared() -> list[Declared]:
    """Every right and every choice of rows that a page of the console declares."""
    found = []
    for page in console._registry.values():
        owner: Any = type(page)
        found += [Declared(owner, "rights", action, HELD_BY_ALMOST_ALL) for action in owner.rights]
        for name in owner.related_rows:
            manager: Any = page.opts.get_field(name).related_model
            found.append(Declared(owner, "related_rows", name, lambda scope, m=manager: m._default_manager.all()))
    return found
