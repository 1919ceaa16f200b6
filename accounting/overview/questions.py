"""What is asked about open items: of which ledger and day, and narrowed to what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from accounting.balances import end_of, ledger_of
from accounting.choices import OVERDUE_FROM, AgeClass
from accounting.invoicing.issuers import issuer_of
from accounting.models import Issuer, Ledger
from accounting.models.ledgers import OF_ALL
from accounting.owners import is_branch
from locations.permissions import Right
from mcp.isolation.scope import Scope

NARROWED_BY = ("location", "group", "company", "customer", "age")
"""By what a question can be narrowed: ids of a location, of a customer group, of customers, and a class of age."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is open in a ledger at the end of a day. What is None, or an empty text, narrows nothing."""

    ledger: Ledger | None
    day: date
    term: int
    """Days to pay where neither the terms of billing nor the master data of the customer say so."""
    home: int | None
    """The location whose customers are asked about, where a branch asks; None for all customers."""
    location: int | None = None
    """Where it was sold."""
    group: int | None = None
    company: int | None = None
    """The customer who is a company: what he owes himself, and what those owe who are his members on the day."""
    customer: int | None = None
    age: AgeClass | str = ""

    @classmethod
    def of(cls, *, actor: Scope, day: date | None = None, ledger: Ledger | None = None, **narrowed: Any) -> Question:
        """What the actor may ask: at a branch in the ledger of the central about its own customers alone.

        Without `day` it is today, without `ledger` the one to which the location posts. Raises MissingRight.
        """
        actor.demand(Right.SEE_ACCOUNTS)
        actor.demand(Right.VIEW_CUSTOMERS)
        ledger = ledger or ledger_of(actor)
        is_shared = ledger is None or ledger.owner_key == OF_ALL
        issuer = issuer_of(actor) or Issuer()
        today = timezone.localdate()
        return cls(
            ledger=ledger, day=min(day or today, today), term=issuer.payment_term,
            home=actor.location.pk if is_shared and is_branch(actor) else None, **narrowed,
        )  # fmt: skip

    @property
    def is_of_now(self) -> bool:
        """Whether it is about what is open at this moment."""
        return self.day >= timezone.localdate()

    @property
    def parameters(self) -> dict[str, Any]:
        """Of the statement that answers it."""
        assert self.ledger is not None  # noqa: S101 - without a ledger nothing is read
        return {
            "base": self.ledger.base_id, "ledger": self.ledger.pk, "owner": self.ledger.owner_key, "day": self.day,
            "at": end_of(self.day), "term": self.term, "bounds": list(OVERDUE_FROM.values()), "home": self.home,
            "location": self.location, "group": self.group, "company": self.company, "customer": self.customer,
            "age": list(AgeClass).index(AgeClass(self.age)) if self.age else None,
        }  # fmt: skip
