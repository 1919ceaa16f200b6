"""Links for a password that are open: which of them stop working when something about the person changes."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.utils import timezone

from mcp.isolation.scope import Scope
from mcp.models import PasswordLink


def withdraw_links(people: Iterable[int]) -> None:
    """Whichever are open stop working."""
    _withdraw(Q(user__in=people))


def withdraw_links_of_others(people: Iterable[int], *, actor: Scope) -> None:
    """Those that somebody else than the actor has made stop working: the people hold more from now on.

    Whoever makes a link is asked whether he holds what the person holds then. The actor was asked whether he holds what
    he gives, so an invitation of his own goes on working.
    """
    own = Q(made_by_user=actor.user.pk) if actor.user is not None else Q(made_by_user=None)
    _withdraw(Q(user__in=people) & ~own)


def _withdraw(links: Q) -> None:
    PasswordLink.objects.filter(links, used_at=None, withdrawn_at=None).update(withdrawn_at=timezone.now())
