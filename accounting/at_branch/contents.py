"""Orders of branches, what became of them, and terms of accounts: as they travel in a run (see clearing.travelling)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from accounting.amounts import CENT
from accounting.choices import BranchOrderState
from accounting.models import BranchOrder
from clearing.protocol.canonical import Json
from clearing.protocol.strict import Fields, write_moment
from clearing.protocol.versions import RefusedRecord
from clearing.travelling import Content
from mcp.stored_sentences import Sentences

ORDER, RESULT, TERMS, NO_TERMS, ALL_TERMS = "order", "result", "terms", "no terms", "all terms"
LONGEST_KEY, LONGEST_NUMBER, LONGEST_DEVICE, LONGEST_TEXT, LONGEST_FISCAL = 64, 60, 120, 200, 1000
MOST_LINES, MOST_FISCAL, MOST_REASONS = 500, 40, 20
MOST_OF_A_RUN = 500
"""Orders that are sent, and booked, with one run: the branch waits meanwhile, some seconds for so many."""
LONGEST_AMOUNT = 20
MOST_MONEY = Decimal("999999999999.99")


@dataclass(frozen=True)
class Terms:
    """How the account of a customer stands and what it allows, as the central says it."""

    uid: UUID
    may_buy: bool
    is_blocked: bool
    hard_limit: Decimal
    open_amount: Decimal


@dataclass(frozen=True)
class Result:
    """What has become of an order at the central."""

    key: str
    state: BranchOrderState
    reasons: Sentences


def kind_of(content: Content) -> str:
    """What a content says."""
    return Fields(content, refused=RefusedRecord).text("kind", most=20)


# --- orders -----------------------------------------------------------------------------------------------------------


def order_told(order: BranchOrder) -> Content:
    """The order as it travels."""
    return {
        "business_day": order.business_day.isoformat(),
        "device": order.device,
        "fiscal": order.fiscal,
        "key": order.key,
        "kind": ORDER,
        "lines": order.lines,
        "number": order.number,
        "sold_at": write_moment(order.sold_at) if order.sold_at else None,
        "total": str(order.total),
        "uid": str(order.uid) if order.uid else None,
    }


def order_read(content: Content) -> dict[str, Any]:
    """The columns of an order that has arrived. Raises RefusedRecord for what no branch of ours sends."""
    fields = Fields(content, refused=RefusedRecord)
    if kind_of(content) != ORDER:
        raise RefusedRecord("kind")
    lines = [_line(one) for one in fields.objects("lines", most=MOST_LINES)]
    total = _amount(fields, "total")
    if total <= 0 or sum(Decimal(line["amount"]) for line in lines) != total:
        raise RefusedRecord("total")
    return {
        "key": fields.text("key", most=LONGEST_KEY),
        "uid": fields.uuid_or_none("uid"),
        "number": fields.text_or_empty("number", most=LONGEST_NUMBER),
        "device": fields.text_or_empty("device", most=LONGEST_DEVICE),
        "business_day": _day(fields, "business_day"),
        "sold_at": _moment(fields, "sold_at"),
        "total": total,
        "lines": lines,
        "fiscal": _fiscal(fields.mapping("fiscal")),
    }


def _line(said: Fields) -> dict[str, str]:
    quantity, rate = _number(said, "quantity", places=3), _amount(said, "vat_rate")
    if not Decimal(0) <= rate < Decimal(100) or abs(quantity) >= Decimal(10**9):
        raise RefusedRecord("lines")
    return {
        "amount": str(_amount(said, "amount")),
        "quantity": str(quantity),
        "text": said.text("text", most=LONGEST_TEXT),
        "vat_rate": str(rate),
    }


def _fiscal(said: Mapping[str, Json]) -> dict[str, str]:
    if len(said) > MOST_FISCAL:
        raise RefusedRecord("fiscal")
    return {name: Fields(said, refused=RefusedRecord).text_or_empty(name, most=LONGEST_FISCAL) for name in said}


def _number(said: Fields, name: str, *, places: int) -> Decimal:
    try:
        number = Decimal(said.text(name, most=LONGEST_AMOUNT))
    except InvalidOperation:
        raise RefusedRecord(name) from None
    if not number.is_finite() or number != round(number, places):
        raise RefusedRecord(name)
    return number


def _amount(said: Fields, name: str) -> Decimal:
    amount = _number(said, name, places=2)
    if abs(amount) > MOST_MONEY:
        raise RefusedRecord(name)
    return amount.quantize(CENT)


def _day(said: Fields, name: str) -> date:
    try:
        return date.fromisoformat(said.text(name, most=10))
    except ValueError:
        raise RefusedRecord(name) from None


def _moment(said: Fields, name: str) -> datetime | None:
    return said.moment_or_none(name)


# --- what became of them ----------------------------------------------------------------------------------------------


def result_told(key: str, state: str, reasons: Sentences) -> Content:
    """What has become of an order, as it travels."""
    told: list[Any] = reasons[:MOST_REASONS]
    return {"key": key, "kind": RESULT, "reasons": told, "state": state}


def result_read(content: Content) -> Result:
    """What has become of an order. Raises RefusedRecord."""
    fields = Fields(content, refused=RefusedRecord)
    reasons = fields.objects("reasons", most=MOST_REASONS)
    for reason in reasons:
        reason.text("code", most=100)
        reason.mapping("params")
    told: list[Any] = [reason.as_sent for reason in reasons]
    state = fields.choice("state", BranchOrderState)
    return Result(fields.text("key", most=LONGEST_KEY), state, Sentences(told))


# --- terms ------------------------------------------------------------------------------------------------------------


def terms_told(terms: Terms) -> Content:
    """Terms as they travel."""
    return {
        "hard_limit": str(terms.hard_limit),
        "is_blocked": terms.is_blocked,
        "kind": TERMS,
        "may_buy": terms.may_buy,
        "open_amount": str(terms.open_amount),
        "uid": str(terms.uid),
    }


def terms_read(content: Content) -> Terms:
    """Terms of an account. Raises RefusedRecord."""
    fields = Fields(content, refused=RefusedRecord)
    return Terms(
        fields.uuid("uid"),
        fields.flag("may_buy"),
        fields.flag("is_blocked"),
        _amount(fields, "hard_limit"),
        _amount(fields, "open_amount"),
    )
