"""Withdraws open links for passwords when something about the person changes."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q
from django.utils import timezone

from mcp.isolation.scope import Scope
from mcp.models import PasswordLink


def withdraw_links(people: Iterable[int]) -> None:
    """The open links of these people stop working."""
    _withdraw(Q(user__in=people))


def withdraw_links_of_others(people: Iterable[int], *, actor: Scope) -> None:
    """Withdraw the open links that others than the actor have made for these people, who hold more from now on.

    Whoever makes a link must hold what the person holds at that time. The actor was checked for the new rights too, so
    a link of his own goes on working.
    """
    own = Q(made_by_user=actor.user.pk) if actor.user is not None else Q(made_by_user=None)
    _withdraw(Q(user__in=people) & ~own)


def _withdraw(links: Q) -> None:
    PasswordLink.objects.filter(links, used_at=None, withdrawn_at=None).update(withdrawn_at=timezone.now())
