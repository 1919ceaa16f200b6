"""Where somebody works and what he may do there: one frozen value, made once for each request.

Everything below a view takes its base and its rights from it. No scope: no rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from locations.models import CustomerBase, Location, Organization
from locations.permissions import Right

if TYPE_CHECKING:
    from mcp.models import User


_OF_THE_SYSTEM = frozenset({gettext_noop("the worker")})
"""What the system calls itself where no person acts."""


class MissingRight(PermissionDenied):
    """Somebody without the right asked for something. The 403 page says which right, where, and who grants it.

    Where holding it at the location is not enough, `need` says in a sentence how it must be held.
    """

    def __init__(self, right: Right, location: Location, *, need: str = "") -> None:
        self.right, self.location, self.need = right, location, need
        super().__init__(
            _("You lack the right “%(right)s” at the location %(location)s.")
            % {"right": right.label, "location": location}
        )


class Asked(set[Right]):
    """The rights that were asked for and held. A change of rights answers for them itself: see `answer_for_change`."""

    is_answered_for = False

    def answer_for_change(self) -> None:
        """Somebody changes rights here, perhaps his own: what holds afterwards says nothing about this change."""
        self.is_answered_for = True

    @contextmanager
    def only_looking(self) -> Iterator[None]:
        """What is asked inside decides what is shown, such as the side bar, and allows nothing."""
        before = set(self)
        yield
        self.intersection_update(before)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One user at one location with the rights he holds there now; also the `actor` of every operation.

    `user` is None for the system itself: commands and tasks, which name themselves in `system`.
    """

    user: User | None
    location: Location
    rights: frozenset[Right]
    system: str = ""
    asked: Asked = field(default_factory=lambda: Asked(), compare=False, repr=False)
    """By which rights something was allowed; before a change is kept they are asked again."""

    @classmethod
    def of_system(cls, location: Location, *, name: str) -> Scope:
        """The scope of a command or task. It holds every right; who may start it is decided by the machine."""
        return cls(user=None, location=location, rights=frozenset(Right), system=name)

    @property
    def base(self) -> CustomerBase:
        return self.location.base

    @property
    def organization(self) -> Organization:
        return self.location.organization

    @property
    def actor_name(self) -> str:
        """How history and messages call whoever acts."""
        return str(self.user) if self.user else self.system

    def allows(self, right: Right) -> bool:
        if right not in self.rights:
            return False
        self.asked.add(right)
        return True

    def demand(self, right: Right) -> None:
        """Raise MissingRight unless the right is held here."""
        if not self.allows(right):
            raise MissingRight(right, self.location)

    def history(self, **more: Any) -> dict[str, Any]:
        """What history records about whoever acts here: names frozen as text, so that they outlive the rows."""
        return {
            "user": self.user.pk if self.user else None,
            "user_name": self.actor_name,
            "organization": self.organization.pk,
            "location": self.location.pk,
            "location_name": str(self.location),
            **more,
        }


def name_shown(kept: str) -> str:
    """How a name that was kept is shown: that of a person as it was, that of the system in the reader's language."""
    return _(kept) if kept in _OF_THE_SYSTEM else kept


def facts_of(user: User) -> dict[str, Any]:
    """What history records of somebody who acts outside of any location, as who changes his own password."""
    return {"user": user.pk, "user_name": str(user), "organization": user.organization_id}
