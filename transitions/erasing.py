"""Where a customer who is erased for good stands in what was handed over: packages, reviews, decisions, withdrawals."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Func, Q, QuerySet, Value
from django.utils.translation import gettext_lazy as _

from customers.erasure import Place
from customers.models import Customer
from files import lifecycle
from files.choices import FileState
from mcp.stored_sentences import stored_sentence
from transitions.models import (
    Package,
    PackageChunk,
    ReviewPage,
    SwitchedCustomer,
    TransitionCustomer,
)
from transitions.package.lifecycle import PACKAGES

STOPPED = stored_sentence(
    "package_stopped_by_erasure",
    _("A customer was erased for good while this package was being made. Have it made anew."),
)


def _decided(customer: Customer) -> QuerySet[TransitionCustomer]:
    return TransitionCustomer.objects.of_customer(customer)


def _packages(customer: Customer) -> QuerySet[Package]:
    """Those in which he is, and those of which nobody knows yet, because they are not whole."""
    carried = list(_decided(customer).filter(reason="").values_list("transition", flat=True))
    return Package.objects.filter(Q(transition__in=carried) | ~Q(state=FileState.DONE), base=customer.base_id)


def _count_packages(customer: Customer) -> int:
    stored = PackageChunk.objects.filter(base=customer.base_id).values("file")
    return _packages(customer).filter(pk__in=stored).count()


def _empty_packages(customer: Customer) -> None:
    """The bytes go; the record and the hash stay, and the package can be made anew, without him."""
    with_him = _packages(customer)
    lifecycle.stop(PACKAGES, with_him.filter(state=FileState.RUNNING), state=FileState.FAILED, reason=STOPPED())
    PackageChunk.objects.filter(base=customer.base_id, file__in=with_him.values("pk")).delete()


def _forget_decisions(customer: Customer) -> None:
    """Reviews and lists of withdrawals lose his number, and the decision about him becomes one about nobody."""
    review: Any = ReviewPage.objects.filter(base=customer.base_id, customers__contains=[customer.pk])
    review.update(
        customers=Func("customers", Value(customer.pk), function="array_remove"),
        numbers=Func("numbers", Value(customer.customer_number), function="array_remove"),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT transitions_erase(%s, %s, %s)", [customer.base_id, customer.pk, customer.customer_number]
        )


def _switched(customer: Customer) -> QuerySet[SwitchedCustomer]:
    """In which switches of his base he has gone along."""
    return SwitchedCustomer.objects.of_customer(customer).filter(number_before__isnull=False)


def _forget_switches(customer: Customer) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT transitions_forget_switched(%s, %s)", [customer.base_id, customer.pk])


PLACES = (
    Place(name="packages", label=_("Packages that lose their content"), count=_count_packages, remove=_empty_packages),
    Place(
        name="decisions",
        label=_("Decisions of leaving and joining that forget him"),
        count=lambda customer: _decided(customer).count(),
        remove=_forget_decisions,
    ),
    Place(
        name="switches",
        label=_("Records of switches that forget his numbers"),
        count=lambda customer: _switched(customer).count(),
        remove=_forget_switches,
    ),
)
"""In this order: which packages he is in is known by the decisions about him."""
