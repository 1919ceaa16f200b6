"""Whose ledgers a location works with: that of the central, one of its own, or, after a switch, both (R35).

Each row of a ledger says in `owner_key` to whom it belongs: the location that keeps accounts of its own, or OF_ALL.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import ValidationError

from accounting.choices import AccountingMode
from accounting.models import AccountingSwitch, Ledger
from accounting.models.ledgers import OF_ALL
from locations.choices import LocationKind
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope


@dataclass(frozen=True)
class Owners:
    """The owners of the ledgers with which a location works, as rows have them in `owner_key`."""

    now: int
    """Of the ledger to which it posts."""
    billing: int | None
    """Of the ledger out of which it makes invoices, debits and reminders; None where the central does so for it."""

    @property
    def billed(self) -> frozenset[int]:
        """The one of `billing`; none where the central bills."""
        return frozenset() if self.billing is None else frozenset({self.billing})

    @property
    def all(self) -> frozenset[int]:
        """Of those whose bank statements, mandates, disputes and opening balances are dealt with here."""
        return self.billed | {self.now}

    @property
    def bills_on_its_own(self) -> bool:
        """Whether it is a branch with accounts of its own, or has been one."""
        return self.billing not in (None, OF_ALL)

    @property
    def is_back(self) -> bool:
        """Whether it has kept accounts of its own and posts to the ledger of the central again."""
        return self.bills_on_its_own and self.now == OF_ALL


OF_CENTRAL = Owners(now=OF_ALL, billing=OF_ALL)
"""Of a central and of an independent business."""


def is_branch(scope: Scope) -> bool:
    """Whether the location shares the accounts of a central, or did before it kept some of its own.

    The customers of a base 1.0 are of no other location: the central makes their invoices after switching to it.
    """
    return scope.location.kind == LocationKind.BRANCH and not scope.base.is_discontinued


def owners_of(scope: Scope) -> Owners:
    """With whose ledgers the location works. The caller has entered the scope. One query at a branch, else none.

    A branch bills out of the ledger of its own, also after it was switched back: what was sold on its own stays there.
    """
    if not is_branch(scope):
        return OF_CENTRAL
    modes = list(AccountingSwitch.objects.confirmed_of(scope.base, scope.location).values_list("mode", flat=True))
    own = scope.location.pk if AccountingMode.OWN in modes else None
    return Owners(now=own if own is not None and modes[0] == AccountingMode.OWN else OF_ALL, billing=own)


def owners_shown(scope: Scope) -> Owners:
    """As `owners_of`, found out once for all that a page shows. Operations ask anew."""
    found = scope.shown.get("owners")
    if not isinstance(found, Owners):
        scope.shown["owners"] = found = owners_of(scope)
    return found


def demanded_owner(actor: Scope, refusal: Callable[[], ValidationError]) -> int:
    """The owner of the ledger out of which is billed here. Raises what `refusal` makes where the central does so."""
    if not is_branch(actor):
        return OF_ALL
    with row_scope.within(actor):
        owner = owners_of(actor).billing
    if owner is None:
        raise refusal()
    return owner


def ledger_of_owner(owner: int, scope: Scope) -> Ledger | None:
    """The ledger of this owner in the base; None before anybody has an account in it. The scope was entered."""
    return Ledger.objects.in_base(scope.base).filter(owner_key=owner).first()
