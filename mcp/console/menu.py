"""The registry of the side bar: apps declare its links, and each is shown where its right is held.

A ModelAdmin declares its link with `menu_section`, `menu_icon`, `menu_order` and `menu_add` (mcp/console/site.py).
Other pages of the console register an `Entry` in the admin module of their app:

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
from mcp.isolation.addresses import Zone
from mcp.isolation.branch import is_branch, serves_name
from mcp.isolation.scope import Scope


class Section(StrEnum):
    """A heading of the side bar."""

    CUSTOMERS = "customers"
    ACCOUNTING = "accounting"
    ADMINISTRATION = "mcp"

    @property
    def label(self) -> Promise:
        """The heading as it is shown. A branch's own installation is no central."""
        return _AT_BRANCH.get(self, _LABELS[self]) if is_branch() else _LABELS[self]

    @classmethod
    def of_app(cls, app_label: str) -> Section:
        """The section of a model that names none: that of its app, if it has one, else the administration."""
        return cls(app_label) if app_label in set(cls) else cls.ADMINISTRATION


_LABELS = {
    Section.CUSTOMERS: _("Customers"),
    Section.ACCOUNTING: _("Accounting"),
    Section.ADMINISTRATION: _("Central administration"),
}
_AT_BRANCH = {Section.ADMINISTRATION: _("Administration of the branch")}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A link of the side bar, shown where `right` is held; the page behind it must demand the same right."""

    section: Section
    title: str | Promise
    url_name: str
    icon: str
    right: Right
    order: int = 50
    query: str = ""
    """The query of the address, such as the filter of a list; with the question mark."""
    is_useful: Callable[[Scope], bool] = field(default=lambda scope: True)
    """Whether the link is shown where the right is held. The page exists in any case."""
    fills_base: bool = False
    """Whether it brings customers into an empty base."""


_entries: dict[str, Entry] = {}


def register(entry: Entry) -> None:
    """Add a link; registered again under the same address name and query, it replaces the earlier one."""
    _entries[entry.url_name + entry.query] = entry


def registered() -> list[Entry]:
    """All links that were registered and lead to a page that exists at this side."""
    return [entry for entry in _entries.values() if serves_name(Zone.LOCATION, entry.url_name)]
