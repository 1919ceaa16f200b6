"""Cards of the customers of the demo: most who have one have lost none. Made by the operations that people use."""

from __future__ import annotations

from customers.cards.operations import assign_card, block_card, replace_card
from customers.choices import CardReason
from customers.models import Customer
from mcp.isolation.scope import Scope

EACH, MOST = 3, 24
"""Every third of so many customers of a place has a card."""
PREFIX = "29"
"""With it begin the numbers that shops give themselves."""


def hand_out_cards(customers: list[Customer], *, actor: Scope) -> None:
    """Assign cards. The first customer has lost his and got another one; that of the second was stolen."""
    account = actor.organization.account_number
    for at, customer in enumerate(customers[:MOST:EACH]):
        number = f"{PREFIX}{account:05}{customer.customer_number:07}"
        card = assign_card(customer=customer.pk, number=f"{number}0", actor=actor)
        if at == 0:
            replace_card(card=card.pk, number=f"{number}1", actor=actor)
        elif at == 1:
            block_card(card=card.pk, reason=CardReason.STOLEN, actor=actor)
