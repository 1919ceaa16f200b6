"""Removing what no customer uses any more. Customers themselves are archived, never removed."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from customers.models import Customer, CustomerGroup, Tag
from customers.querysets import CustomerQuerySet
from customers.write_order import take_order
from locations.permissions import Right
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

MOST_NAMED = 5


class StillUsed(ValidationError):
    """Customers still have the group or the tag; the sentence names some of them."""

    def __init__(self, row: CustomerGroup | Tag, some: Sequence[Customer]) -> None:
        named = ", ".join(str(customer) for customer in some[:MOST_NAMED])
        if len(some) > MOST_NAMED:
            named = _("%(customers)s and others") % {"customers": named}
        super().__init__(
            ngettext_lazy(
                "“%(row)s” is still used by a customer: %(customers)s. Give the customer another one first.",
                "“%(row)s” is still used by customers: %(customers)s. Give them another one first.",
                len(some),
            ),
            code="still_used",
            params={"row": row, "customers": named},
        )


@busy_told()
def delete_customer_group(*, group: CustomerGroup, actor: Scope) -> None:
    """Delete a customer group that no customer has.

    Raises MissingRight, StillUsed, Busy or CustomerGroup.DoesNotExist.
    """
    actor.demand(Right.MANAGE_CUSTOMER_GROUPS)
    take_order(actor.base, is_edit=False)
    stored = CustomerGroup.objects.in_base(actor.base).select_for_update().get(pk=group.pk)
    if refusal := use_of_customer_group(stored, actor):
        raise refusal
    stored.delete()


@busy_told()
def delete_tag(*, tag: Tag, actor: Scope) -> None:
    """Delete a tag that no customer bears.

    Raises MissingRight, StillUsed, Busy or Tag.DoesNotExist.
    """
    actor.demand(Right.MANAGE_CUSTOMER_GROUPS)
    take_order(actor.base, is_edit=False)
    stored = Tag.objects.in_base(actor.base).select_for_update().get(pk=tag.pk)
    if refusal := use_of_tag(stored, actor):
        raise refusal
    stored.delete()


def use_of_customer_group(group: CustomerGroup, scope: Scope) -> StillUsed | None:
    """Why the customer group cannot be deleted now: the refusal that names who has it, or None."""
    return _use(group, Customer.objects.in_base(scope.base).filter(customer_group=group))


def use_of_tag(tag: Tag, scope: Scope) -> StillUsed | None:
    """Why the tag cannot be deleted now: the refusal that names who bears it, or None."""
    return _use(tag, Customer.objects.in_base(scope.base).tagged(tag.name))


def _use(row: CustomerGroup | Tag, users: CustomerQuerySet) -> StillUsed | None:
    some = list(users.order_by("customer_number")[: MOST_NAMED + 1])
    return StillUsed(row, some) if some else None
