"""What is sent and answered about accounts of customers, their credit, and orders of tills.

Amounts are texts with a point and two decimals, as everywhere in the API.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from accounting.choices import BranchOrderState, Breach, MovementKind, OrderState, SaleMethod
from api.schemas import Place
from api.value_types import Amount, Day, Moment, Quantity, SignedAmount, Strict, said, truth

MOST_LINES, MOST_FISCAL = 500, 40
Document = Annotated[str, StringConstraints(max_length=60)]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200)]
FiscalName = Annotated[str, StringConstraints(min_length=1, max_length=60)]
FiscalValue = Annotated[str, StringConstraints(max_length=1000)]
BUSINESS_DAY = Field(default=None, description="Without it today.")


class Sent(Strict):
    """What may be said of a request when it is sent once more, so it is no part of what its key stands for."""

    late: Annotated[bool, BeforeValidator(truth)] = Field(
        default=False,
        description="It has happened without a line: it is booked whatever limit it breaks, and people decide later. "
        "A request that was sent without it before may be sent with it under its key.",
    )


class OrderLine(Strict):
    text: Annotated[str, StringConstraints(min_length=1, max_length=200), AfterValidator(said)]
    quantity: Quantity
    amount: SignedAmount = Field(description="Of the whole line, VAT included; negative where something is taken off.")
    vat_rate: Amount = Field(le=Decimal("99.99"), description="In percent.")


class NewOrder(Strict):
    number: Annotated[str, StringConstraints(min_length=1, max_length=60), AfterValidator(said)] = Field(
        description="The number at the till; once on each business day."
    )
    method: Literal[tuple(SaleMethod.values)]  # type: ignore[valid-type]
    total: Amount = Field(description="What the lines sum to.")
    lines: Annotated[list[OrderLine], Field(min_length=1, max_length=MOST_LINES)]
    business_day: Day | None = BUSINESS_DAY
    sold_at: Moment | None = Field(default=None, description="By the clock of the till.")
    fiscal: dict[FiscalName, FiscalValue] = Field(
        default={}, description=f"What the security device of the till has said; up to {MOST_FISCAL} values by name."
    )

    @model_validator(mode="after")
    def _few(self) -> Self:
        if len(self.fiscal) > MOST_FISCAL:
            raise PydanticCustomError("too_long", "too many", {"max_length": MOST_FISCAL})
        if len({said(name) for name in self.fiscal}) < len(self.fiscal):
            raise PydanticCustomError("name_twice", "a name twice")
        return self


class Paid(Strict):
    business_day: Day | None = BUSINESS_DAY


class TakenBack(Strict):
    reason: Reason = Field(description="Why; it stays with the booking.")
    business_day: Day | None = BUSINESS_DAY


class Reversed(Strict):
    reason: Reason = Field(description="Why; it stays with the booking.")


class NewBooking(Strict):
    amount: Amount
    document: Document = Field(default="", description="Such as the number of the receipt.")
    business_day: Day | None = BUSINESS_DAY


class OrderShort(Strict):
    id: UUID
    number: str
    state: Literal[tuple(OrderState.values)]  # type: ignore[valid-type]
    method: Literal[tuple(SaleMethod.values)]  # type: ignore[valid-type]
    total: Amount
    business_day: Day
    location: Place


class Order(OrderShort):
    customer: int | None = Field(description="His number; null where he was erased for good.")
    sold_at: Moment | None
    posted_at: Moment
    lines: list[OrderLine]
    fiscal: dict[str, str]
    booking: UUID = Field(description="The booking of the sale.")
    payment: UUID | None = Field(description="The booking by which it was paid at a till.")
    exceptions: list[Literal[tuple(Breach.values)]] = Field(  # type: ignore[valid-type]
        description="What it has broken and was booked all the same, because it was late."
    )


class Orders(Strict):
    orders: list[OrderShort]
    next: UUID | None = Field(description="For the parameter `page`; null at the end.")


class Account(Strict):
    customer: int
    currency: str
    open_amount: SignedAmount = Field(description="What the customer owes; negative where more was paid than that.")
    credit: SignedAmount = Field(description="What the customer has paid in advance.")
    credit_limit: Amount = Field(description="No sale takes the open amount above it.")
    warn_above: Amount | None = Field(description="Above it a sale goes through with a warning.")
    left: Amount = Field(description="For how much the customer can still buy on account.")
    may_buy_on_account: bool
    may_hold_credit: bool
    is_blocked: bool = Field(description="The customer or the account.")
    blocked_reason: str = Field(default="", description="Left out without the right “See memos”.")


class AccountWithItems(Account):
    open_items: list[OrderShort] = Field(description="Orders that are to be paid, the oldest first; at most 200.")
    open_items_total: Amount = Field(description="Of all open items, also of those that are not listed.")


class Movement(Strict):
    id: UUID
    kind: Literal[tuple(MovementKind.values)]  # type: ignore[valid-type]
    amount: Amount
    open_amount_by: SignedAmount = Field(description="By how much it has changed what the customer owes.")
    credit_by: SignedAmount = Field(description="By how much it has changed his credit.")
    document: str
    business_day: Day
    location: Place
    posted_at: Moment
    is_late: bool
    reverses: UUID | None
    is_reversed: bool
    reason: str


class Movements(Strict):
    movements: list[Movement]
    next: UUID | None = Field(description="For the parameter `page`; null at the end.")


_ACCOUNT = Field(default=None, description="Left out where this device may not see accounts.")
_WARNINGS = Field(description="Sentences for whoever stands at the till.")


class Posted(Strict):
    """The order as it is now."""

    order: Order
    account: Account | None = _ACCOUNT
    warnings: list[str] = _WARNINGS


class SoldHere(Strict):
    """An order that a branch with a customer base 1.0 has taken; the central books it with the next reconciliation."""

    number: str
    total: Amount
    business_day: Day
    customer: int
    state: Literal[tuple(BranchOrderState.values)]  # type: ignore[valid-type]
    open_amount: SignedAmount | None = Field(
        default=None, description="As known here: as of the last reconciliation, with what was sold here since."
    )
    left: Amount | None = Field(default=None, description="For how much the customer can still buy here.")


class Booked(Strict):
    """The booking, as it was made."""

    movement: Movement
    account: Account | None = _ACCOUNT
    warnings: list[str] = _WARNINGS
    exceptions: list[Literal[tuple(Breach.values)]] = Field(  # type: ignore[valid-type]
        description="What it has broken and was booked all the same, because it was late."
    )
