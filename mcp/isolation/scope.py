"""The scope: at which location a user works, and which rights he holds there.

Made once for each request, and never changed.

Operations and queries take their customer base and their rights from it. Without a scope there are no rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from locations.models import CustomerBase, Location, Organization
from locations.permissions import Right

if TYPE_CHECKING:
    from mcp.models import User


_OF_THE_SYSTEM = frozenset({gettext_noop("the worker")})
"""Names of the system where no person acts."""


class MissingRight(PermissionDenied):
    """Somebody asked for something without having the right. The 403 page says which right, where, and who grants it.

    Where it is not enough to hold it at the location, `need` says in a sentence how it must be held.
    """

    def __init__(self, right: Right, location: Location, *, need: str = "") -> None:
        self.right, self.location, self.need = right, location, need
        super().__init__(
            _("You lack the right “%(right)s” at the location %(location)s.")
            % {"right": right.label, "location": location}
        )


class Asked(set[Right]):
    """The rights by which something was allowed.

    They are checked again before the transaction is committed (access.demand_still).
    """

    is_answered_for = False

    def answer_for_change(self) -> None:
        """From now on they are not checked again: this changes rights, and they were checked under the lock."""
        self.is_answered_for = True

    @contextmanager
    def only_looking(self) -> Iterator[None]:
        """What is asked in the block decides only what is shown, such as the side bar; it is not checked again."""
        before = set(self)
        yield
        self.intersection_update(before)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One user at one location with the rights he holds there now; also the `actor` of every operation.

    `user` is None where the system acts: commands and tasks, whose name is in `system`.
    """

    user: User | None
    location: Location
    rights: frozenset[Right]
    system: str = ""
    asked: Asked = field(default_factory=lambda: Asked(), compare=False, repr=False)
    """The rights by which something was allowed so far."""

    @classmethod
    def of_system(cls, location: Location, *, name: str) -> Scope:
        """The scope of a command or task. It holds every right."""
        return cls(user=None, location=location, rights=frozenset(Right), system=name)

    @property
    def base(self) -> CustomerBase:
        """The customer base on which the location works."""
        return self.location.base

    @property
    def organization(self) -> Organization:
        """The business of the location."""
        return self.location.organization

    @property
    def actor_name(self) -> str:
        """The name of whoever acts, for the history and for messages."""
        return str(self.user) if self.user else self.system

    def allows(self, right: Right) -> bool:
        """Whether the right is held here. A right that is held is added to `asked`."""
        if right not in self.rights:
            return False
        self.asked.add(right)
        return True

    def demand(self, right: Right) -> None:
        """Raise MissingRight unless the right is held here."""
        if not self.allows(right):
            raise MissingRight(right, self.location)

    def history(self, **more: object) -> dict[str, object]:
        """What the history records: keys, and the present names, which stay when rows are deleted; and `more`."""
        return {
            "user": self.user.pk if self.user else None,
            "user_name": self.actor_name,
            "organization": self.organization.pk,
            "location": self.location.pk,
            "location_name": str(self.location),
            **more,
        }


def name_shown(kept: str) -> str:
    """A recorded name as it is shown: that of a person as it was, that of the system in the reader's language."""
    return _(kept) if kept in _OF_THE_SYSTEM else kept


def facts_of(user: User) -> dict[str, object]:
    """What the history records of somebody who acts outside of any location, such as changing his own password."""
    return {"user": user.pk, "user_name": str(user), "organization": user.organization_id}
