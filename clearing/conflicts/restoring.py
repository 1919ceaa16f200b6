"""Undoing a decision: back to what was before, as long as nobody has changed since what the decision has written.

It is compared by values and by no clock, so that a decision can be undone at either side.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clearing.conflicts.versions import LONGEST_REASON, REASON, consents_of, fields_of, values_now, version_of
from clearing.models import Conflict
from clearing.protocol.field_kinds import ARCHIVED, FIELDS, encode_value
from clearing.protocol.versions import Values, Version
from customers.history import label_of
from customers.models import Card, Consent, Customer
from customers.other_versions import overwrite
from locations.text import LazyText
from mcp.isolation.scope import Scope

OF_THE_ARCHIVE = frozenset({ARCHIVED, REASON})


class InTheWay(ValidationError):
    """Something has come since the decision that undoing it would take away, or that keeps it from being undone."""

    def __init__(self, sentence: LazyText, **params: str) -> None:
        super().__init__(
            format_lazy("{} {}", gettext_lazy("The decision cannot be undone."), sentence),
            code="changed_since",
            params=params,
        )


def write_back(conflict: Conflict, customer: Customer | None, *, actor: Scope) -> None:
    """Give the customer the values that he had before fields were taken over. Raises InTheWay, or MissingRight."""
    if customer is None:
        raise InTheWay(gettext_lazy("The customer is not there any more."))
    written: dict[str, dict[str, Any]] = conflict.result.get("fields", {})
    now = values_now(customer)
    _refuse_changed([name for name, value in written.items() if now[name] != value["after"]])
    values, former = fields_of({name: value["before"] for name, value in written.items()}, base=actor.base)
    overwrite(customer=customer, values=values, former_numbers=former, actor=actor)


def put_away(conflict: Conflict, customer: Customer | None, *, actor: Scope) -> None:
    """Archive the customer whom a decision has created: customers are not deleted. Raises as `write_back`."""
    lost = version_of(conflict.lost)
    if customer is None or lost is None:
        return  # he is gone already, as after an erasure
    now = values_now(customer)
    given = conflict.result.get("given", {})
    expected = {**lost.values, **{name: value for name, value in given.items() if name in FIELDS}}
    _refuse_changed([name for name, value in expected.items() if now.get(name) != value])
    if Card.objects.filter(base=customer.base_id, customer=customer.pk).exists():
        raise InTheWay(gettext_lazy("The new customer has been given a card since."))
    said = Consent.objects.filter(base=customer.base_id, customer=customer.pk).count()
    if said != len(consents_of(lost, base=actor.base)):
        raise InTheWay(gettext_lazy("What the new customer agrees to has been recorded since."))
    if customer.archived_at is None:
        reason = _("The decision about the conflict was undone")[:LONGEST_REASON]
        overwrite(customer=customer, values={ARCHIVED: timezone.now(), REASON: reason}, actor=actor)


def bring_back(conflict: Conflict, lost: Version, *, actor: Scope) -> Customer | None:
    """The customer whom an earlier decision has created and its undoing has archived, as he was; None without one."""
    of_base = Customer.objects.in_base(actor.base).select_for_update(of=("self",))
    customer = of_base.select_related("base").filter(uid=conflict.created_uid).first() if conflict.created_uid else None
    if customer is None:
        return None
    before = {name: lost.values.get(name, EMPTY[name]) for name in OF_THE_ARCHIVE}
    values, _former = fields_of(before, base=actor.base)
    overwrite(customer=customer, values=values, actor=actor)
    return customer


EMPTY: Values = {ARCHIVED: None, REASON: encode_value(FIELDS[REASON], "")}


def _refuse_changed(names: list[str]) -> None:
    if names:
        fields = ", ".join(label_of(name) for name in names)
        raise InTheWay(gettext_lazy("Somebody has changed this since: %(fields)s."), fields=fields)
