"""The scope: at which location a person or a device works, and which rights it holds there.

Made once for each request, and never changed.

Operations and queries take their customer base and their rights from it. Without a scope there are no rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from locations.models import CustomerBase, Location, Organization
from locations.permissions import Right

if TYPE_CHECKING:
    from mcp.models import Device, User


_OF_THE_SYSTEM = frozenset({gettext_noop("the worker")})
"""Names of the system where no person acts."""
LONGEST_NAME = 200
"""Of whoever acts, where it is written down."""


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


class DeviceGone(PermissionDenied):
    """A device that was let in may no longer work: it was revoked, or its location was closed or switched meanwhile."""

    def __init__(self) -> None:
        super().__init__(_("This device was revoked, or its location no longer works as it did."))


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
    """One actor at one location with the rights held there now; also the `actor` of every operation.

    The actor is a person (`user`), a machine (`device`) or, where both are None, the system: commands and tasks, whose
    name is in `system`.
    """

    user: User | None
    location: Location
    rights: frozenset[Right]
    system: str = ""
    device: Device | None = None
    asked: Asked = field(default_factory=lambda: Asked(), compare=False, repr=False)
    """The rights by which something was allowed so far."""
    shown: dict[str, object] = field(default_factory=dict, compare=False, repr=False)
    """What was found out once about what the pages of this request show. No operation takes anything from it."""

    @classmethod
    def of_system(cls, location: Location, *, name: str) -> Scope:
        """The scope of a command or task. It holds every right."""
        return cls(user=None, location=location, rights=frozenset(Right), system=name)

    @property
    def is_system(self) -> bool:
        """Whether the program itself acts. Who is no person may still be a device, which holds a few rights only."""
        return self.user is None and self.device is None

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
        """The name of whoever acts, for the history and for messages.

        That of a device says where it stands: its own name could be that of somebody.
        """
        if self.device is not None:
            return f"{self.location.name}: {self.device.name}"[:LONGEST_NAME]
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
        device = {"device": str(self.device.pk), "device_kind": self.device.kind} if self.device else {}
        return {
            **device,
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


def actor_shown(facts: Mapping[str, object]) -> str:
    """Who acted, from what the history has recorded: of a device it is said that it is one. Empty if not known."""
    name = name_shown(str(facts.get("user_name") or ""))
    return _("%(name)s (device)") % {"name": name} if facts.get("device") else name


def facts_of(user: User) -> dict[str, object]:
    """What the history records of somebody who acts outside of any location, such as changing his own password."""
    return {"user": user.pk, "user_name": str(user), "organization": user.organization_id}
