"""What must be so before a branch with a customer base 1.0 sells on account: each with its remedy.

needs_of_branch(actor)              what the branch knows of itself
need_missing(customer, actor)       what keeps this customer from buying there
needs_at_central(location)          what the central knows of a location
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounting.choices import Breach
from accounting.models import ToldTerms
from clearing.models import Conflict, HeldBack, Node, OwnNode
from customers.models import Customer, CustomerRevision
from locations.models import Location
from locations.text import LazyText
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Moment

FRESH = timedelta(hours=48)
"""So old the last reconciliation may be: what is known of accounts is older than nobody should sell by."""


class CannotSellHere(ValidationError):
    """A precondition of selling on account at a branch does not hold; `code` says which."""


@dataclass(frozen=True)
class Need:
    """One precondition, and its remedy where it does not hold."""

    code: str
    title: LazyText
    is_met: bool
    remedy: LazyText
    params: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """What is to be done, in the active language."""
        return str(self.remedy) % self.params

    def refusal(self) -> CannotSellHere:
        """That it keeps somebody from selling."""
        return CannotSellHere(self.remedy, code=self.code, params=dict(self.params))


_TITLES: dict[str, LazyText] = {
    "accounts_switched_off": _("Accounting for customer base 1.0"),
    "branch_not_paired": _("Paired with the central"),
    "reconciled_too_long_ago": _("Reconciled within 48 hours"),
    "accounts_elsewhere": _("Accounts with the central"),
}


def _need(code: str, is_met: bool, remedy: LazyText, **params: Any) -> Need:
    return Need(code, _TITLES[code], is_met, remedy, params)


def needs_of_branch(actor: Scope) -> list[Need]:
    """What the branch knows of itself. Runs in its scope."""
    own = OwnNode.objects.filter(base=actor.base).first()
    return [
        _need(
            "branch_not_paired",
            own is not None and own.node_id is not None,
            _("This branch is not paired with its central. Have a code shown there, and pair it."),
        ),
        _need(
            "accounts_switched_off",
            actor.location.has_legacy_accounts,
            _(
                "Nothing is sold on account here. Whoever manages locations at the central switches on “Accounting for "
                "customer base 1.0” for this one; it holds here from the next reconciliation on."
            ),
        ),
        _fresh(own.succeeded_at if own else None),
    ]


def _fresh(at: datetime | None) -> Need:
    code = "reconciled_too_long_ago"
    if at is None:
        return _need(code, False, _("There was no reconciliation yet. Reconcile with the central first."))
    remedy = _(
        "The last reconciliation was on %(at)s, more than 48 hours ago. Look at the line, reconcile with the central, "
        "and sell on account then."
    )
    return _need(code, timezone.now() - at <= FRESH, remedy, at=Moment.of(at))


def need_missing(customer: Customer, terms: ToldTerms | None, actor: Scope) -> CannotSellHere | None:
    """What keeps this customer from buying on account at the branch; None where nothing does, limits aside."""
    found = [*_of_clearing(customer, actor), *_of_account(customer, terms)]
    named = {"customer": customer}
    return next((CannotSellHere(sentence, code=code, params=named) for code, holds, sentence in found if holds), None)


def _of_clearing(customer: Customer, actor: Scope) -> Iterator[tuple[str, bool, LazyText]]:
    known = CustomerRevision.objects.in_base(actor.base).filter(uid=customer.uid, revision__isnull=False)
    yield (
        "customer_not_cleared",
        not known.exists(),
        _("The central does not know %(customer)s yet. Reconcile with it first."),
    )
    conflicts = Conflict.objects.in_base(actor.base).open().filter(Q(uid=customer.uid) | Q(lost_uid=customer.uid))
    yield (
        "customer_in_conflict",
        conflicts.exists(),
        _("A conflict of %(customer)s is open. Decide it under “Conflicts” first."),
    )
    yield (
        "customer_held_back",
        HeldBack.objects.in_base(actor.base).waiting().filter(uid=customer.uid).exists(),
        _("A change of %(customer)s is held back. Mend it first; the page “Held back” says how."),
    )


def _of_account(customer: Customer, terms: ToldTerms | None) -> Iterator[tuple[str, bool, LazyText]]:
    yield (
        "no_account",
        terms is None,
        _(
            "As of the last reconciliation %(customer)s has no account. Whoever sets terms of accounts opens one at "
            "the central."
        ),
    )
    yield (
        Breach.ARCHIVED,
        customer.archived_at is not None,
        _("%(customer)s is archived. Restore the customer first."),
    )
    yield (
        Breach.BLOCKED,
        customer.is_blocked or (terms is not None and terms.is_blocked),
        _("%(customer)s is blocked. Ask whoever manages the terms of accounts."),
    )
    yield (
        Breach.NOT_ON_ACCOUNT,
        terms is not None and not terms.may_buy,
        _("%(customer)s may not buy on account. The terms of the account can allow it."),
    )
    yield (
        Breach.NO_ADDRESS,
        (not customer.street and not customer.po_box) or not customer.city,
        _("%(customer)s has no complete address, so nothing can be billed. Enter street and city first."),
    )


def needs_at_central(location: Location, nodes: list[Node], *, is_with_central: bool) -> list[Need]:
    """What the central knows of a location with a customer base 1.0, whose `nodes` are in use."""
    at = max((one.decided_at for one in nodes if one.decided_at), default=None)
    return [
        _need(
            "accounts_switched_off",
            location.has_legacy_accounts,
            _("It is switched off. Whoever manages locations switches it on here, at the central."),
        ),
        _need(
            "accounts_elsewhere",
            is_with_central,
            _("The location keeps accounts of its own. Have it keep them with the central first."),
        ),
        _need(
            "branch_not_paired",
            bool(nodes),
            _("No installation is paired. Switch to the location, have a code shown, and type it at the branch."),
        ),
        _need(
            "reconciled_too_long_ago",
            at is not None and timezone.now() - at <= FRESH,
            _("It has not reconciled within 48 hours, so nothing is sold on account there. Look at its line."),
        ),
    ]
