"""Removing what no customer uses any more. Customers themselves are archived, never removed."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import ngettext_lazy

from customers.models import Customer, CustomerGroup, Tag
from customers.querysets import CustomerQuerySet
from locations.permissions import Right
from mcp.isolation.scope import Scope

MOST_NAMED = 5


class StillUsed(ValidationError):
    """Customers still have the group or the tag; the sentence names some of them."""

    def __init__(self, row: CustomerGroup | Tag, users: CustomerQuerySet) -> None:
        some = list(users.order_by("customer_number")[: MOST_NAMED + 1])
        named = ", ".join(str(customer) for customer in some[:MOST_NAMED])
        more = " …" if len(some) > MOST_NAMED else ""
        super().__init__(
            ngettext_lazy(
                "“%(row)s” is still used by a customer: %(customers)s. Give the customer another one first.",
                "“%(row)s” is still used by customers: %(customers)s. Give them another one first.",
                len(some),
            ),
            code="still_used",
            params={"row": row, "customers": named + more},
        )


@transaction.atomic
def delete_customer_group(*, group: CustomerGroup, actor: Scope) -> None:
    """Delete a customer group that no customer has. Raises MissingRight, StillUsed or CustomerGroup.DoesNotExist."""
    actor.demand(Right.MANAGE_CUSTOMER_GROUPS)
    stored = CustomerGroup.objects.in_base(actor.base).select_for_update().get(pk=group.pk)
    _refuse_if_used(stored, Customer.objects.in_base(actor.base).filter(customer_group=stored))
    stored.delete()


@transaction.atomic
def delete_tag(*, tag: Tag, actor: Scope) -> None:
    """Delete a tag that no customer bears. Raises MissingRight, StillUsed or Tag.DoesNotExist."""
    actor.demand(Right.MANAGE_CUSTOMER_GROUPS)
    stored = Tag.objects.in_base(actor.base).select_for_update().get(pk=tag.pk)
    _refuse_if_used(stored, Customer.objects.in_base(actor.base).tagged(stored.name))
    stored.delete()


def _refuse_if_used(row: CustomerGroup | Tag, users: CustomerQuerySet) -> None:
    if users.exists():
        raise StillUsed(row, users)
