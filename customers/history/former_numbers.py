"""The former numbers of a customer in each of his earlier states. They are rows of their own, with their own
history.

Whoever adds or removes one changes the customer before, in the same transaction (see FormerNumber). So their events
between two changes of the customer belong to the first of the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from customers.models import Customer, FormerNumber

FormerNumberEvent: Any = FormerNumber._meta.get_field("history").related_model


class FormerNumbers:
    """Stands for a field of the customer wherever the history and its states go through the fields."""

    name = attname = "former_numbers"
    verbose_name = FormerNumber._meta.verbose_name_plural
    editable, is_relation, choices = True, False, None


def tell_former_numbers(customer: Customer, states: Sequence[Any], *, until: datetime | None = None) -> None:
    """Set `former_numbers` of states of a customer, the newest first; `until` is when the next one began.

    One query, however many there are.
    """
    if not states:
        return
    events = FormerNumberEvent.objects.filter(base=customer.base_id, customer=customer.pk)
    told = list(events.order_by("pgh_at").values_list("pgh_at", "pgh_label", "id", "number"))
    for state in states:
        borne: dict[int, str] = {}
        for at, label, pk, number in told:
            if until is not None and at >= until:
                break
            if label == "insert":
                borne[pk] = number
            else:
                borne.pop(pk, None)
        state.former_numbers = sorted(set(borne.values()))
        until = state.changed_at
