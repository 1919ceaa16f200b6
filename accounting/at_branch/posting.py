"""The central's side of a run: orders of a branch become bookings of its customers, or wait with the reason.

An order is known by its location and key, so whatever is sent again has one effect. What cannot be booked waits, and is
tried with each run of the branch; the branch is told what became of it. What was sold is booked whatever limit it
breaks, as that of a till which was offline: it becomes an exception that somebody decides.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction
from django.utils.translation import gettext_lazy

from accounting.amounts import CENT
from accounting.at_branch.contents import MOST_OF_A_RUN, order_read, result_told
from accounting.at_branch.terms import terms_for
from accounting.balances import ledger_of
from accounting.choices import AccountKind, BranchOrderState, SaleMethod
from accounting.models import Account, BranchOrder
from accounting.models.ledgers import OF_ALL
from accounting.operations import Line, post_order
from accounting.querysets import BranchOrderQuerySet
from clearing.models import HeldBack
from clearing.protocol.versions import RefusedRecord
from clearing.travelling import Arrival, Content, Taken
from customers.models import Customer, CustomerRevision
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences, StoredSentence, sentences_of, stored_sentence

log = logging.getLogger(__name__)

SWITCHED_OFF = stored_sentence(
    "branchorder_switched_off",
    gettext_lazy(
        "Accounting for customer base 1.0 was switched off for this location. Switch it on, and the order is booked "
        "with the next reconciliation; or leave it out."
    ),
)
OWN_ACCOUNTS = stored_sentence(
    "branchorder_own_accounts",
    gettext_lazy("The location keeps its accounts on its own. Have it keep them with the central, or leave it out."),
)
NO_ACCOUNT = stored_sentence(
    "branchorder_no_account",
    gettext_lazy(
        "The customer has no account at the central. Set terms of the account there: the order is booked with the next "
        "reconciliation."
    ),
)
ERASED = stored_sentence(
    "branchorder_erased",
    gettext_lazy("The customer was erased for good. Settle it with whoever has bought, and leave the order out."),
)
HELD_BACK = stored_sentence(
    "branchorder_held_back",
    gettext_lazy(
        "The customer is held back in the reconciliation. Mend what holds him back: the order is booked with the next "
        "one."
    ),
)
NOT_THERE = stored_sentence(
    "branchorder_not_there",
    gettext_lazy(
        "The customer is not at the central any more, as where his number was given twice. Take him over from the "
        "conflict, or leave the order out."
    ),
)
OTHER_CONTENT = stored_sentence(
    "branchorder_other_content",
    gettext_lazy(
        "The central has another order under the key of this one. Compare both, and sell it anew if it is missing."
    ),
)
NOT_POSTED = stored_sentence(
    "branchorder_not_posted",
    gettext_lazy("The central could not book this order; its log says why. It is tried again with each run."),
)


def take_orders(contents: Sequence[Content], arrival: Arrival) -> Taken:
    """Keep what has arrived, and book it. Raises RefusedRecord for what no branch of ours sends."""
    read = [order_read(one) for one in contents]
    known = _known(arrival.actor, [one["key"] for one in read])
    if len({one["key"] for one in read}) != len(read):
        raise RefusedRecord("key")
    other = [one["key"] for one in read if one["key"] in known and _is_other(known[one["key"]], one)]
    fresh = [one for one in read if one["key"] not in known]
    again = [one["key"] for one in read if one["key"] in known and one["key"] not in other]
    _rows(arrival.actor).filter(key__in=again).update(is_told=False)
    erased = _erased(arrival.actor, [one["uid"] for one in fresh])
    made = BranchOrder.objects.bulk_create([_arrived(_of_whom(one, erased), arrival) for one in fresh])
    posted = post_waiting(_rows(arrival.actor).filter(pk__in=[one.pk for one in made]), arrival.actor)
    return Taken(
        applied=posted, same=len(again), held_back=len(made) - posted + len(other),
        names_erased=bool(erased),
        answers=[result_told(key, BranchOrderState.WAITING, OTHER_CONTENT()) for key in other],
    )  # fmt: skip


def _erased(actor: Scope, uids: Sequence[UUID]) -> set[UUID]:
    """Who of them was erased for good."""
    known = CustomerRevision.objects.in_base(actor.base).filter(uid__in=uids, is_erased=True)
    return set(known.values_list("uid", flat=True))


def _of_whom(said: dict[str, Any], erased: set[UUID]) -> dict[str, Any]:
    """What was said; of somebody who was erased nothing that is his."""
    if said["uid"] not in erased:
        return said
    lines = [line | {"text": "–"} for line in said["lines"]]
    return said | {"uid": None, "number": "", "fiscal": {}, "lines": lines}


def _arrived(values: dict[str, Any], arrival: Arrival) -> BranchOrder:
    actor = arrival.actor
    return BranchOrder(
        organization=actor.organization, base=actor.base, location=actor.location, node=arrival.node,
        run=arrival.cycle.number, is_sent=True, **values,
    )  # fmt: skip


def _rows(actor: Scope) -> BranchOrderQuerySet:
    return BranchOrder.objects.in_base(actor.base).filter(location=actor.location)


def _known(actor: Scope, keys: Iterable[str]) -> dict[str, BranchOrder]:
    return {one.key: one for one in _rows(actor).filter(key__in=list(keys))}


def _is_other(known: BranchOrder, said: dict[str, Any]) -> bool:
    """Whether something else was sold. The day may be another one where a till has asked a restored branch again."""
    is_of_other = known.uid is not None and said["uid"] is not None and known.uid != said["uid"]
    return is_of_other or known.total != said["total"]


# --- booking ----------------------------------------------------------------------------------------------------------


def post_waiting(rows: BranchOrderQuerySet, actor: Scope) -> int:
    """Book those of these orders that can be; the others wait with their reason. How many were booked.

    They go in the order of the accounts, as all do that lock several. The caller is in a transaction.
    """
    waiting = list(rows.waiting().order_by("id"))
    if not waiting:
        return 0
    with row_scope.rows_of(actor):
        customers, accounts, whole = _customers(actor, waiting), {}, _of_all(actor)
        if whole is None:
            accounts = _accounts(actor, customers.values())
        reasons = {one.pk: whole or _reason(one, customers, accounts, actor) for one in waiting}
        ready = [one for one in waiting if reasons[one.pk] is None][:MOST_OF_A_RUN]
        ready.sort(key=lambda one: (accounts[customers[one.uid]], one.pk))  # type: ignore[index]
        posted = sum(_post(one, customers[one.uid], actor) for one in ready)  # type: ignore[index]
        for one in waiting:
            if (reason := reasons[one.pk]) is not None:
                _wait(one, reason())
    return posted


def _of_all(actor: Scope) -> StoredSentence | None:
    """What keeps every order of this location from being booked."""
    if not actor.location.has_legacy_accounts:
        return SWITCHED_OFF
    ledger = ledger_of(actor)
    return OWN_ACCOUNTS if ledger is not None and ledger.owner_key != OF_ALL else None


def _customers(actor: Scope, orders: Sequence[BranchOrder]) -> dict[UUID, int]:
    uids = {one.uid for one in orders if one.uid is not None}
    return dict(Customer.objects.in_base(actor.base).filter(uid__in=uids).values_list("uid", "pk"))


def _accounts(actor: Scope, customers: Iterable[int]) -> dict[int, int]:
    """By the id of the customer that of what he owes in the ledger of the central."""
    rows = Account.objects.in_base(actor.base).filter(owner_key=OF_ALL, kind=AccountKind.OWED)
    return dict(rows.filter(customer__in=list(customers)).values_list("customer", "pk"))


def _reason(
    order: BranchOrder, customers: dict[UUID, int], accounts: dict[int, int], actor: Scope
) -> StoredSentence | None:
    """Why this order cannot be booked now; None where it may be."""
    customer = customers.get(order.uid) if order.uid is not None else None
    if customer is not None:
        return None if customer in accounts else NO_ACCOUNT
    if order.uid is None or _erased(actor, [order.uid]):
        return ERASED
    is_held = HeldBack.objects.in_base(actor.base).waiting().filter(uid=order.uid).exists()
    return HELD_BACK if is_held else NOT_THERE


def _post(order: BranchOrder, customer: int, actor: Scope) -> bool:
    """Book one, in a savepoint. A lock that is not given breaks the run off, which is sent again."""
    try:
        with transaction.atomic():
            done = post_order(
                customer=customer, method=SaleMethod.ACCOUNT, number=order.number, total=order.total,
                lines=[_line(one) for one in order.lines], key=order.key, business_day=order.business_day,
                sold_at=order.sold_at, fiscal=order.fiscal, is_late=True, actor=actor,
            )  # fmt: skip
    except ValidationError as refusal:
        _wait(order, _nameless(refusal))
        return False
    except (IntegrityError, DataError):
        log.exception("An order of a branch could not be booked")
        _wait(order, NOT_POSTED())
        return False
    BranchOrder.objects.filter(base=order.base_id, pk=order.pk).update(
        state=BranchOrderState.POSTED, reasons=Sentences(), order=done.order.pk, is_told=False
    )
    return True


def _line(said: dict[str, str]) -> Line:
    return Line(
        text=said["text"], quantity=Decimal(said["quantity"]), amount=Decimal(said["amount"]).quantize(CENT),
        vat_rate=Decimal(said["vat_rate"]),
    )  # fmt: skip


def _nameless(refusal: ValidationError) -> Sentences:
    """What is kept of a refusal: nothing that names a customer, since he may be erased."""
    found = sentences_of(refusal)
    return NOT_POSTED() if any("customer" in one["params"] for one in found) else found


def _wait(order: BranchOrder, reasons: Sentences) -> None:
    """A repeat writes nothing."""
    if order.reasons != reasons:
        BranchOrder.objects.filter(base=order.base_id, pk=order.pk).update(reasons=reasons, is_told=False)


# --- what the branch is told ------------------------------------------------------------------------------------------


def told_orders(arrival: Arrival) -> Iterator[Content]:
    """What became of orders since it was told last, those that were waiting included; then how accounts stand."""
    actor = arrival.actor
    if actor.location.has_legacy_accounts:
        post_waiting(_rows(actor).exclude(run=arrival.cycle.number), actor)
    rows = _rows(actor) if arrival.again else _rows(actor).filter(is_told=False)
    told = list(rows.order_by("id"))
    yield from (result_told(one.key, one.state, one.reasons) for one in told)
    if told:
        _rows(actor).filter(pk__in=[one.pk for one in told]).update(is_told=True)
    if actor.location.has_legacy_accounts:
        yield from terms_for(arrival)
