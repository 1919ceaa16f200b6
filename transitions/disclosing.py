"""What leaving and joining tells the customers' pages: who was carried over, by what was fixed at the execution."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import OuterRef, Subquery

from customers.disclosures import Disclosure
from customers.models import Customer
from transitions.choices import TransitionState
from transitions.models import Transition, TransitionCustomer, TransitionStep
from transitions.status_texts import fields_of


def carried_over(customer: Customer) -> Iterator[Disclosure]:
    """The hand-overs of a customer by transitions. Two queries; one where no location has ever left."""
    steps = TransitionStep.objects.filter(transition=OuterRef("pk"), state=TransitionState.EXECUTED).order_by(
        "at", "id"
    )
    executed = Transition.objects.filter(organization=customer.organization_id, executed_at__isnull=False)
    found = executed.select_related("location").annotate(executed_by=Subquery(steps.values("user_name")[:1]))
    by_id = {transition.pk: transition for transition in found}
    if not by_id:
        return
    # By the transitions, few as they are: an index leads from each of them to the customer.
    decided = TransitionCustomer.objects.filter(
        base=customer.base_id, transition__in=list(by_id), customer_id=customer.pk, reason=""
    )
    for pk in decided.values_list("transition", flat=True):
        yield _told(by_id[pk])


def _told(row: Transition) -> Disclosure:
    return Disclosure(
        at=row.executed_at or row.state_since,
        receiver=row.receiver_account or 0,
        receiver_name=row.receiver_name,
        occasion=f"{row.location.name}: {row.get_kind_display()}",
        user=getattr(row, "executed_by", None) or "",
        location=row.location.name,
        ground=". ".join(part for part in (str(row.get_basis_display()), row.ground) if part),
        fields=fields_of(row),
    )
