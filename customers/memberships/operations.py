"""Members of companies, groups and families: joined, changed, ended. Each operation asks for the right itself.

A membership holds from its first to its last day. One that was ended stays as it was, so that it can be seen later who
paid when; whoever comes back gets a new one. They are kept on a customer base 2.0 alone, as accounts are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from customers.choices import InvoiceTo, MembershipKind
from customers.models import Customer, CustomerMembership
from customers.write_order import take_order
from locations.permissions import Right
from locations.violations import told_as_refusals
from mcp.isolation.limits import busy_told
from mcp.isolation.scope import Scope

NOW = Func(function="clock_timestamp")


@dataclass(frozen=True, kw_only=True)
class Details:
    """What a membership says besides who belongs to whom. The first and the last day belong to it."""

    valid_from: date
    valid_until: date | None = None
    kind: str = MembershipKind.COMPANY
    role: str = ""
    invoice_to: str = InvoiceTo.PERSON


class NotOnThisBase(ValidationError):
    """The customers of the location are on a base 1.0."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "Memberships are kept on a customer base 2.0 alone, and this location works with 1.0. Ask support to "
                "move it to 2.0."
            ),
            code="customermembership_of_shared_base",
        )


class PayerIsPaidFor(ValidationError):
    """Somebody would get the invoices of others while a third one gets his."""

    def __init__(self, payer: Customer) -> None:
        super().__init__(
            _(
                "%(customer)s would get the invoices of others while his own go to somebody else at that time. Let "
                "the invoices of one of the two memberships go to the person."
            ),
            code="customermembership_payer_pays",
            params={"customer": payer},
        )


class EndedAlready(ValidationError):
    """The membership was ended before and stays as it was."""

    def __init__(self, membership: CustomerMembership) -> None:
        super().__init__(
            _("%(who)s ended this membership and it stays as it was. Add a new one instead."),
            code="customermembership_ended_stays",
            params={"who": membership.ended_by},
        )


@busy_told()
def join_customer(*, member: int, of: int, details: Details, actor: Scope) -> CustomerMembership:
    """Make a customer of the actor's base (`member`, an id) a member of another one (`of`, an id).

    Raises MissingRight, Customer.DoesNotExist, NotOnThisBase, PayerIsPaidFor, ValidationError for an archived customer,
    for himself, or for a time at which he is a member already or another membership says who pays; or Busy.
    """
    actor.demand(Right.CHANGE_CUSTOMERS)
    _demand_shared(actor)
    who = _locked(actor, member, of)
    for customer in who.values():
        _demand_present(customer)
    row = CustomerMembership(base=actor.base, member=who[member], of=who[of], **asdict(details))
    _demand_payer_pays(row)
    with told_as_refusals(), transaction.atomic():
        row.save(force_insert=True)
    return row


@busy_told()
def change_membership(*, membership: int, details: Details, actor: Scope) -> CustomerMembership:
    """Give a membership that was not ended these details.

    Raises MissingRight, CustomerMembership.DoesNotExist, EndedAlready, PayerIsPaidFor, ValidationError as
    `join_customer`, or Busy.
    """
    actor.demand(Right.CHANGE_CUSTOMERS)
    row = _locked_membership(membership, actor)
    values = asdict(details)
    changed = [name for name, value in values.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, values[name])
    if changed:
        _demand_payer_pays(row)
        with told_as_refusals(), transaction.atomic():
            row.save(update_fields=changed)
    return row


@busy_told()
def end_membership(*, membership: int, on: date, actor: Scope) -> CustomerMembership:
    """End a membership with this day, the last one that belongs to it; it stays as it is from then on.

    Raises MissingRight, CustomerMembership.DoesNotExist, EndedAlready, ValidationError for a day before the first one
    or behind the last one, or Busy.
    """
    actor.demand(Right.CHANGE_CUSTOMERS)
    row = _locked_membership(membership, actor)
    if row.valid_until is not None and on > row.valid_until:
        raise ValidationError(
            {"valid_until": ValidationError(_("It ends sooner already. Choose a day up to then."), code="ends_sooner")}
        )
    row.valid_until, row.ended_at, row.ended_by = on, NOW, actor.actor_name
    with told_as_refusals(), transaction.atomic():
        row.save(update_fields=["valid_until", "ended_at", "ended_by"])
    return row


def _demand_shared(actor: Scope) -> None:
    if actor.base.is_discontinued:
        raise NotOnThisBase
    take_order(actor.base)


def _locked(actor: Scope, *ids: int) -> dict[int, Customer]:
    """These customers by their ids, locked in the order of ids. Raises Customer.DoesNotExist where one is missing."""
    rows = Customer.objects.in_base(actor.base).filter(pk__in=ids).order_by("pk")
    found = {row.pk: row for row in rows.select_for_update(of=("self",), no_key=True)}
    if missing := set(ids) - set(found):
        raise Customer.DoesNotExist(f"no customer {min(missing)} in this base")
    return found


def _locked_membership(pk: int, actor: Scope) -> CustomerMembership:
    """The membership, locked after its customers, as whoever joins them does."""
    of_base = CustomerMembership.objects.in_base(actor.base)
    known = of_base.get(pk=pk)
    _locked(actor, known.member_id, known.of_id)
    row = of_base.select_for_update(of=("self",)).select_related("member", "of").get(pk=pk)
    if row.ended_at is not None:
        raise EndedAlready(row)
    return row


def _demand_payer_pays(row: CustomerMembership) -> None:
    """Whoever gets invoices of others pays himself. Both are locked, so nobody else changes that meanwhile."""
    if row.invoice_to != InvoiceTo.COMPANY:
        return
    others = CustomerMembership.objects.in_base(row.base).filter(invoice_to=InvoiceTo.COMPANY).exclude(pk=row.pk)
    others = others.within(row.valid_from, row.valid_until)
    found = others.filter(Q(member=row.of_id) | Q(of=row.member_id)).first()
    if found is not None:
        raise PayerIsPaidFor(row.of if found.member_id == row.of_id else row.member)


def _demand_present(customer: Customer) -> None:
    if customer.is_archived:
        raise ValidationError(
            _("%(customer)s is archived. Restore the customer first."),
            code="customer_archived",
            params={"customer": customer},
        )
