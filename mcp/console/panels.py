"""The registry of panels on the front page of a location. Each app registers its own in a module `dashboard`.

This app knows nothing of customers: it shows the panels that others register, each where its right is held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from locations.permissions import Right
from mcp.isolation.scope import Scope


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One panel: `facts(scope)` gives the context of `template`, and is called only where `right` is held.

    A panel without a right is shown to everybody who has any right here.
    """

    name: str
    title: str | Promise
    right: Right | None
    template: str
    facts: Callable[[Scope], Mapping[str, object]]
    order: int = 50
    is_wide: bool = False
    is_deferred: bool = False
    """Loaded by the page afterwards, because its facts take longer than a page may."""
    is_useful: Callable[[Scope], bool] = field(default=lambda scope: True)
    """Whether it is shown at all where the right is held."""


_panels: dict[str, Panel] = {}


def register(panel: Panel) -> None:
    """Add a panel to every location's front page; registered again under its name, it replaces the earlier one."""
    _panels[panel.name] = panel


def shown(scope: Scope) -> list[Panel]:
    """The panels that the scope's rights allow, in their order."""
    opened = [panel for panel in _panels.values() if panel.right is None or scope.allows(panel.right)]
    return sorted((panel for panel in opened if panel.is_useful(scope)), key=lambda panel: panel.order)


def render(request: HttpRequest, panel: Panel, scope: Scope) -> SafeString:
    """The panel without its heading."""
    return render_to_string(panel.template, panel.facts(scope), request)


def find(name: str) -> Panel | None:
    """The panel of this name, if there is one."""
    return _panels.get(name)
