"""What can stand in the side bar: declared by the apps, shown to whoever holds the right.

A ModelAdmin declares itself with `menu_section`, `menu_icon`, `menu_order` and `menu_add` (mcp/console/site.py). Any
other page of the console registers an `Entry` from its app's admin module:

    menu.register(menu.Entry(section=Section.CUSTOMERS, title=_("Import"), url_name="admin:…", icon="upload",
                             right=Right.IMPORT_CUSTOMERS, order=60))
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from locations.permissions import Right
from mcp.isolation.scope import Scope


class Section(StrEnum):
    """A heading of the side bar. A model without a section of its own stands under that of its app."""

    CUSTOMERS = "customers"
    ADMINISTRATION = "mcp"

    @property
    def label(self) -> Promise:
        return _LABELS[self]

    @classmethod
    def of_app(cls, app_label: str) -> Section:
        return cls(app_label) if app_label in set(cls) else cls.ADMINISTRATION


_LABELS = {Section.CUSTOMERS: _("Customers"), Section.ADMINISTRATION: _("Central administration")}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One link of the side bar. It is shown where `right` is held; the page behind it must demand the same."""

    section: Section
    title: str | Promise
    url_name: str
    icon: str
    right: Right
    order: int = 50
    query: str = ""
    """What stands behind the address: a list that is narrowed to something."""
    is_useful: Callable[[Scope], bool] = field(default=lambda scope: True)
    """Whether it is shown at all where the right is held; the page is there in any case."""
    fills_base: bool = False
    """Whether it brings customers into an empty base."""


_entries: dict[str, Entry] = {}


def register(entry: Entry) -> None:
    """Add a link; registered again under the same address name and query, it replaces the earlier one."""
    _entries[entry.url_name + entry.query] = entry


def registered() -> list[Entry]:
    return list(_entries.values())
