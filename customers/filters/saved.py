"""Filters of the customer list under a name: saved, shared, deleted, and what one asks of the list today."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from django.core.exceptions import PermissionDenied, SuspiciousOperation, ValidationError
from django.db import transaction
from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from customers.field_groups import withheld
from customers.models import SavedFilter
from customers.search import SEARCHED_FIELDS
from customers.selection.criteria import CRITERIA, title_of
from customers.selection.selecting import ORDER, SEARCH, query_of, select
from locations.permissions import Right
from mcp.isolation.scope import Scope

MOST = 50
"""So many filters of his own one can keep in a base; more would be leafed through like the list itself."""


@dataclass(frozen=True)
class Asked:
    """The query of a saved filter for the list as it is today, and sentences about what was left out of it."""

    query: str
    left_out: list[str]


def canonical(asked: QueryDict) -> str:
    """Search, filters and order of a query of the list, in a fixed order.

    Everything else, such as the page, is left out, and so is every field that is no filter.
    """
    kept = QueryDict(mutable=True)
    for name in sorted([SEARCH, ORDER, *CRITERIA]):
        if value := asked.get(name, "").strip():
            kept[name] = value
    return kept.urlencode()


@transaction.atomic
def save_filter(*, saved: SavedFilter, actor: Scope) -> SavedFilter:
    """Create or change a filter of the actor in his base. Raises MissingRight, PermissionDenied or ValidationError."""
    actor.demand(Right.VIEW_CUSTOMERS)
    if actor.user is None:
        raise PermissionDenied
    if saved.pk is None:
        saved.base, saved.organization = actor.base, actor.organization
        saved.user, saved.user_name = actor.user, str(actor.user)
        _check_number(saved)
    else:
        demand_change(saved, actor)
    if saved.is_shared:
        actor.demand(Right.MANAGE_CUSTOMER_GROUPS)
    _check_query(saved, actor)
    saved.name = saved.name.strip()
    saved.full_clean()
    if saved.pk is None:
        saved.save(force_insert=True)
    else:
        saved.save(update_fields=["name", "is_shared"])
    return saved


@transaction.atomic
def delete_filter(*, saved: SavedFilter, actor: Scope) -> None:
    """Delete an own filter, or a shared one. Raises MissingRight or PermissionDenied."""
    actor.demand(Right.VIEW_CUSTOMERS)
    demand_change(saved, actor).delete()


def demand_change(saved: SavedFilter, actor: Scope) -> SavedFilter:
    """The stored row, locked. Raises PermissionDenied for that of somebody else, MissingRight for a shared one."""
    stored = SavedFilter.objects.seen_by(actor).select_for_update(of=("self",)).filter(pk=saved.pk).first()
    if stored is None:
        raise PermissionDenied
    if stored.is_shared:
        actor.demand(Right.MANAGE_CUSTOMER_GROUPS)
    return stored


def may_change(saved: SavedFilter, actor: Scope) -> bool:
    """Whether the actor may change or delete the filter."""
    return not saved.is_shared or actor.allows(Right.MANAGE_CUSTOMER_GROUPS)


def asked_today(saved: SavedFilter, actor: Scope) -> Asked:
    """The query of a filter where the actor works now.

    What does not exist there is left out and named. So are words that somebody else has searched for, where the actor
    may not see all fields that are searched.
    """
    hides_words = _hides_words(saved, actor)
    if not hides_words and _is_served(saved.query, actor):
        return Asked(saved.query, [])
    kept, left_out = QueryDict(mutable=True), []
    for name, value in parse_qsl(saved.query):
        if name == SEARCH and hides_words:
            sentence = _("The filter “%(name)s” searches for words that you may not see. They are left out.")
            left_out.append(sentence % {"name": saved.name})
        elif _is_served(query_of([(name, value)]), actor):
            kept[name] = value
        else:
            sentence = _(
                "The filter “%(name)s” asks for a value of “%(field)s” that does not exist here any more. That part "
                "is left out. Delete the filter and save it anew as you need it."
            )
            left_out.append(sentence % {"name": saved.name, "field": title_of(name)})
    return Asked(kept.urlencode(), left_out)


def _hides_words(saved: SavedFilter, actor: Scope) -> bool:
    """Whether the words of somebody else's filter are left out: they may be an e-mail address or a phone number."""
    is_own = actor.user is not None and saved.user_id == actor.user.pk
    return not is_own and bool(withheld(actor).intersection(SEARCHED_FIELDS))


def _is_served(query: str, actor: Scope) -> bool:
    """Whether the list accepts the query."""
    try:
        select(actor, query)
    except (Http404, SuspiciousOperation):
        return False
    return True


def _check_query(saved: SavedFilter, actor: Scope) -> None:
    if saved.pk is not None:
        return
    saved.query = canonical(QueryDict(saved.query))
    if not saved.query:
        sentence = _("There is nothing to save: search for something or choose a filter first.")
        raise ValidationError(sentence, code="nothing_to_save")
    if not _is_served(saved.query, actor):
        sentence = _("The list is filtered by something that does not exist here. Choose the filters again.")
        raise ValidationError(sentence, code="filter_not_served")


def _check_number(saved: SavedFilter) -> None:
    own = SavedFilter.objects.filter(base=saved.base_id, user=saved.user_id)
    if own.count() >= MOST:
        sentence = _("You have saved %(most)s filters here. Delete one that you do not need any more.")
        raise ValidationError(sentence, code="too_many_filters", params={"most": MOST})
