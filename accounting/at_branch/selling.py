"""A branch with a customer base 1.0 sells on account: the order is kept here until the central has it.

What a branch can know of a limit is what the central has told with the last run: the limit, and what was open then. An
order that the central has not booked yet counts as open besides. What other branches have sold since, it cannot know:
such a sale is booked all the same, and becomes an exception at the central.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import IntegrityError, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounting.amounts import ZERO, Money, exact
from accounting.at_branch.needs import CannotSellHere, need_missing, needs_of_branch
from accounting.choices import Breach
from accounting.models import BranchOrder, ToldTerms
from accounting.operations import Line, OtherContent
from accounting.operations.orders import demand_sum, told_lines
from accounting.operations.posting import check_day
from clearing.models import OwnNode
from customers.models import Customer
from locations.permissions import Right
from locations.text import clean_text
from locations.violations import refusal_of
from mcp.isolation import row_scope
from mcp.isolation.branch import is_branch
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope


class CreditAtBranch(CannotSellHere):
    """Credit is used where it is kept."""

    def __init__(self) -> None:
        super().__init__(
            _("Credit is kept at the central and cannot be used at a branch with a customer base 1.0."),
            code="credit_at_branch",
        )


@dataclass(frozen=True)
class KnownAccount:
    """What is known at the branch: the terms of the last run, and what was sold here and is not booked yet."""

    terms: ToldTerms
    waiting: Decimal

    @property
    def open_amount(self) -> Decimal:
        return self.terms.open_amount + self.waiting

    @property
    def left(self) -> Decimal:
        """For how much he can still buy on account here."""
        return max(ZERO, self.terms.hard_limit - self.open_amount)


@busy_told()
def sell_at_branch(
    *,
    customer: int,
    number: str,
    total: Decimal,
    lines: Sequence[Line],
    key: str,
    business_day: date | None = None,
    sold_at: datetime | None = None,
    fiscal: Mapping[str, str] | None = None,
    is_late: bool = False,
    actor: Scope,
) -> BranchOrder:
    """A customer buys on account at this branch. The same key and content is the same order.

    `is_late` says that the till has sold it without a line to the branch: then it is asked alone whether the branch is
    paired and accounts are switched on. Raises MissingRight, Customer.DoesNotExist, CannotSellHere, OtherContent,
    ValidationError for lines that are not the total, a day that cannot be or a number that the till has used that day,
    and Busy.
    """
    actor.demand(Right.POST_TO_ACCOUNTS)
    demand_sum(total, lines)
    day = business_day or timezone.localdate()
    check_day(day)
    with row_scope.within(actor):
        whose = Customer.objects.in_base(actor.base).select_for_update(no_key=True).get(pk=customer)
        wanted = BranchOrder(
            organization=actor.organization, base=actor.base, location=actor.location, key=key, uid=whose.uid,
            number=clean_text(number).strip(), device=actor.actor_name[:120], business_day=day, sold_at=sold_at,
            total=exact(total), lines=told_lines(lines),
            fiscal={clean_text(name): clean_text(value) for name, value in (fiscal or {}).items()},
        )  # fmt: skip
        known = _known(wanted, is_day_said=business_day is not None)
        if known is None:
            _demand_ready(whose, total, is_late=is_late, actor=actor)
            known = _added(wanted)
        return known


def _known(wanted: BranchOrder, *, is_day_said: bool) -> BranchOrder | None:
    """What was sold under this key before. Raises OtherContent where it was something else."""
    rows = BranchOrder.objects.filter(base=wanted.base_id, location=wanted.location_id, key=wanted.key)
    known = rows.first()
    if known is None:
        return None
    told = ("uid", "number", "total", "lines", "sold_at", *(("business_day",) if is_day_said else ()))
    if any(getattr(known, name) != getattr(wanted, name) for name in told):
        raise OtherContent
    return known


def _added(wanted: BranchOrder) -> BranchOrder:
    """Raises OtherContent where another customer has bought under the same key at this moment, and ValidationError for
    a number that the till has used that day.
    """
    try:
        with transaction.atomic():
            BranchOrder.objects.bulk_create([wanted])
    except IntegrityError as error:
        if getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) == "branchorder_once":
            raise OtherContent from error
        raise refusal_of(error) or error from error
    return wanted


def _demand_ready(customer: Customer, total: Decimal, *, is_late: bool, actor: Scope) -> None:
    if not is_branch():
        raise CannotSellHere(_("This is sold at the branch, on its own installation."), code="sold_at_branch")
    for need in needs_of_branch(actor):
        if not need.is_met and not (is_late and need.code == "reconciled_too_long_ago"):
            raise need.refusal()
    if is_late:
        return
    account = known_account(customer, actor)
    if (refusal := need_missing(customer, account.terms if account else None, actor)) is not None:
        raise refusal
    assert account is not None  # noqa: S101 - else something was missing
    if total > account.left:
        _refuse_limit(customer, account)


def _refuse_limit(customer: Customer, account: KnownAccount) -> None:
    currency = customer.organization.currency
    raise CannotSellHere(
        _(
            "%(customer)s can buy on account for %(left)s more: %(open)s are open, with what is not booked at the "
            "central yet, and the credit limit is %(limit)s."
        ),
        code=Breach.LIMIT,
        params={
            "customer": customer,
            "left": Money(account.left, currency),
            "open": Money(account.open_amount, currency),
            "limit": Money(account.terms.hard_limit, currency),
        },
    )


def known_account(customer: Customer, actor: Scope) -> KnownAccount | None:
    """What this branch knows of the account of a customer; None where the central has told of none."""
    own = OwnNode.objects.filter(base=actor.base).values_list("node", flat=True)[:1]
    terms = ToldTerms.objects.in_base(actor.base).filter(node__in=own, uid=customer.uid).first()
    if terms is None:
        return None
    waiting = BranchOrder.objects.in_base(actor.base).filter(uid=customer.uid).waiting()
    return KnownAccount(terms, waiting.aggregate(total=Sum("total"))["total"] or ZERO)
