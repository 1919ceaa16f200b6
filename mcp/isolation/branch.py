"""What is different where this installation stands at a branch (SIDE=branch): which addresses exist, who makes rights.

Once a branch is paired with its central, people, user groups and rights are made at the central alone, and the branch
gets them from there. The database says so of the base: `has_node`.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_lazy

from locations.choices import Side
from locations.models import CustomerBase, Location
from locations.text import LazyText
from mcp.isolation import row_scope
from mcp.isolation.addresses import AtBranch, Rule, Zone, rule_for


class MadeAtCentral(PermissionDenied):
    """Somebody wanted to change at a paired branch what is made at its central. The 403 page shows the sentence."""

    sentence: LazyText = gettext_lazy(
        "This branch is paired with its central. People, user groups, rights, passwords and the location itself are "
        "changed there; the branch gets them with the next reconciliation."
    )

    def __init__(self) -> None:
        super().__init__(self.sentence)


def is_branch() -> bool:
    """Whether this installation stands at a branch."""
    return settings.SIDE == Side.BRANCH


def serves(rule: Rule) -> bool:
    """Whether the address of this rule exists at this side."""
    return rule.at_branch is not AtBranch.CLOSED if is_branch() else rule.at_branch is not AtBranch.ONLY


def serves_name(zone: Zone, name: str, **arguments: object) -> bool:
    """Whether the address of this name exists at this side; menus and pages ask before they lead there."""
    rule = rule_for(zone, name, arguments)
    return rule is not None and serves(rule)


def is_paired() -> bool:
    """Whether this is a branch that is paired with its central. At the central it asks nothing of the database.

    It looks among the rows of the business that was entered.
    """
    return is_branch() and CustomerBase.objects.offline().filter(has_node=True).exists()


def has_customers_here(location: Location) -> bool:
    """Whether the customers of this location are at this installation: those of a base 1.0 are at its branch."""
    return is_branch() or not location.base.is_discontinued


def has_branches_with_nodes() -> bool:
    """Whether rights travel: at a central, whether a branch of the business works at a node of its own."""
    return not is_branch() and CustomerBase.objects.offline().filter(has_node=True).exists()


def demand_made_here() -> None:
    """Raise MadeAtCentral at a branch that is paired."""
    if is_paired():
        raise MadeAtCentral


def own_location() -> Location | None:
    """The location of this branch, whoever asks, such as the login; None at the central, or before it is set up."""
    if not is_branch():
        return None
    with row_scope.without_scope(reason="name the branch itself", actor="a branch"):
        return next((location for found in _knowing if (location := found()) is not None), None)


_knowing: list[Callable[[], Location | None]] = []


def told_by(found: Callable[[], Location | None]) -> None:
    """Ask this function which location the branch is: an app above this one knows it."""
    _knowing[:] = [found]
