"""Answers that name a customer who is erased for good lose their content; that the request was done stays known."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext_lazy as _

from api.models import KeptAnswer
from customers.erasure import Place
from customers.models import Customer


def _naming(customer: Customer) -> Any:
    return KeptAnswer.objects.filter(base=customer.base_id, customers__contains=[customer.pk])


def _forget(customer: Customer) -> None:
    _naming(customer).update(status=HTTPStatus.GONE, body="", headers={}, customers=[])


PLACE = Place(
    name="kept_answers",
    label=_("Answers to tills that lose their content"),
    count=lambda customer: _naming(customer).count(),
    remove=_forget,
)
