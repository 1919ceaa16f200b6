"""Which customers an export is of: a selection, or the list as its address filters it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from django.contrib.admin.options import IncorrectLookupParameters
from django.http import Http404, HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from customers.models.narrowing import Narrowing
from customers.querysets import CustomerQuerySet
from mcp.console.filters import told_by
from mcp.console.site import console
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence

SELECTION = "id"
SELECTED = stored_sentence("selection_ticked", _("Selection"))
SEARCHED = stored_sentence("selection_searched", _("Search: %(words)s"))
NARROWED = stored_sentence("selection_narrowed", "%(title)s: %(value)s")
_DIGITS_OF_AN_ID = 18


@dataclass(frozen=True)
class Chosen:
    customers: CustomerQuerySet
    in_words: Narrowing
    """For people, in their language; empty where all customers that are not archived are meant."""
    count: int
    """How many they are; of very many that were found the limit, and `is_more` says so."""
    is_more: bool = False
    is_searched: bool = False
    """Whether words narrow them, which an index finds."""


def chosen(scope: Scope, query: str, *, asked_on: date | None = None) -> Chosen:
    """The customers that the part of an address behind its question mark names. Raises Http404.

    `asked_on` is the day from which "the next 7 days" and "this month" count; None: today.
    """
    asked = QueryDict(query)
    if ids := _ids(asked.getlist(SELECTION)):
        picked = Customer.objects.in_base(scope.base).filter(pk__in=ids)
        return Chosen(picked, Narrowing(SELECTED()), picked.count(), is_searched=True)
    # The list itself filters, so that the file has exactly the rows that it shows.
    admin: Any = console.get_model_admin(Customer)
    try:
        listed = admin.get_changelist_instance(_request(scope, asked, asked_on))
    except IncorrectLookupParameters as error:
        raise Http404 from error  # a choice that does not exist here, whosever it may be
    return Chosen(
        listed.queryset.order_by(),
        _words(listed),
        listed.limit if listed.paginator.is_more else listed.result_count,
        is_more=listed.paginator.is_more,
        is_searched=bool(listed.query.strip()),
    )


def parameters_of(query: str) -> str:
    """By what was filtered, without the words: who was looked for is nothing for a log."""
    return ", ".join(dict(parse_qsl(query)))


def _ids(values: Sequence[str]) -> list[int]:
    return [int(pk) for pk in values if pk.isascii() and pk.isdigit() and len(pk) <= _DIGITS_OF_AN_ID]


def _request(scope: Scope, asked: QueryDict, asked_on: date | None) -> HttpRequest:
    """As a browser asks for the list: the worker has no request of its own."""
    request: Any = HttpRequest()
    request.method, request.GET, request.scope, request.user = "GET", asked, scope, scope.user
    request.asked_on = asked_on
    return request


def _words(listed: Any) -> Narrowing:
    words = Narrowing(SEARCHED(words=listed.query) if listed.query else [])
    for one in listed.filter_specs:
        if value := one.value():
            words += NARROWED(title=one.title, value=told_by(one, value))
    return words
