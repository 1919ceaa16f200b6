"""A selection of customers as a value: single ones by their ids, or all whom search and criteria find."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.contrib.admin.exceptions import DisallowedModelAdminLookup
from django.core.exceptions import ValidationError
from django.http import Http404, QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy

from customers.field_groups import withheld
from customers.models import Card, Customer, CustomerCount
from customers.models.narrowing import Narrowing
from customers.paginator import LIMIT, PAGE_SIZES, CustomerPaginator
from customers.querysets import CustomerQuerySet
from customers.selection.criteria import ARCHIVED_VAR, CRITERIA, Asker, NoSuchChoice
from locations.models import CustomerBase
from mcp.isolation.scope import Scope
from mcp.stored_sentences import stored_sentence

TICKED = stored_sentence("selection_ticked", gettext_lazy("Selection"))
SEARCHED = stored_sentence("selection_searched", gettext_lazy("Search: %(words)s"))
NARROWED = stored_sentence("selection_narrowed", "%(title)s: %(value)s")
SEARCH, ORDER, IDS = "q", "o", "id"
OF_THE_PAGE = frozenset({ORDER, "p", "size", "e", "all", "_facets", "_to_field"})
"""What the address of the list says beside whom it is about."""
_DIGITS_OF_AN_ID = 18


@dataclass(frozen=True)
class Selection:
    """Which customers are meant: with `ids` these, else those that match `words` and `values`."""

    ids: tuple[int, ...] = ()
    words: str = ""
    values: dict[str, str] = field(default_factory=dict)
    """For each criterion that narrows what was chosen."""
    order: str = ""
    """As the address says it; empty: the usual one."""

    @classmethod
    def of_query(cls, query: str | QueryDict) -> Selection:
        """The selection that a query of the list means.

        Raises DisallowedModelAdminLookup for an unknown field: with `?iban__startswith=` a hidden one could be read
        letter by letter.
        """
        asked = QueryDict(query) if isinstance(query, str) else query
        if ids := _ids(asked.getlist(IDS)):
            return cls(ids=ids)
        if unknown := asked.keys() - CRITERIA.keys() - OF_THE_PAGE - {SEARCH}:  # ids that are none do not mean all
            raise DisallowedModelAdminLookup(f"The list of customers does not know {', '.join(sorted(unknown))}")
        return cls(
            words=asked.get(SEARCH, ""),
            values={name: value for name in CRITERIA if (value := asked.get(name))},
            order=asked.get(ORDER, ""),
        )

    @property
    def is_searched(self) -> bool:
        """Whether there are words to search for."""
        return bool(self.words.strip())

    @property
    def criteria(self) -> str:
        """The names of the criteria, for a log; without the words that were searched for."""
        if self.ids:
            return IDS
        return ", ".join([SEARCH] * self.is_searched + list(self.values))

    def rows(self, asker: Asker, *, card: Card | None = None, are_offered: bool = False) -> CustomerQuerySet:
        """The customers, unsorted; with `card` also the one whose card was scanned. Raises NoSuchChoice.

        `are_offered` says that the values were checked already, as the filters of the list do.
        """
        rows = Customer.objects.in_base(asker.scope.base)
        if self.ids:
            return rows.filter(pk__in=self.ids)
        for name, criterion in CRITERIA.items():
            if value := self.values.get(name):
                if not are_offered:
                    criterion.demand(value, asker)
                rows = criterion.narrowed(rows, value, asker)
            else:
                rows = criterion.unless_asked(rows)
        if not self.is_searched:
            return rows
        also = card.customer_id if card else None
        return rows.matching(self.words, hidden=withheld(asker.scope), also=also)

    def total(self, scope: Scope) -> int | None:
        """How many customers they are by the kept counts; None where the selection is narrowed."""
        if self.ids or self.is_searched or self.values.keys() - {ARCHIVED_VAR}:
            return None
        active, archived = CustomerCount.objects.in_base(scope.base).totals()
        return {"": active, "yes": archived, "all": active + archived}.get(self.values.get(ARCHIVED_VAR, ""))

    def in_words(self, asker: Asker) -> Narrowing:
        """For people, in their language; empty where all customers that are not archived are meant."""
        if self.ids:
            return Narrowing(TICKED())
        words = Narrowing(SEARCHED(words=self.words) if self.words else [])
        for name, value in self.values.items():
            words += NARROWED(title=CRITERIA[name].title, value=CRITERIA[name].told(value, asker))
        return words


@dataclass(frozen=True)
class Selected:
    """The customers that a selection means now."""

    customers: CustomerQuerySet
    in_words: Narrowing
    """For people, in their language; empty where all customers that are not archived are meant."""
    count: int
    """How many they are; of very many that were found the limit, and `is_more` says so."""
    is_more: bool = False
    is_searched: bool = False
    """Whether an index finds them."""


def select(scope: Scope, query: str, *, asked_on: date | None = None) -> Selected:
    """The customers of the scope's base that an address of the list means, so that a file has the rows that it shows.

    `asked_on` is the day from which "the next 7 days" and "this month" count; None: today. Raises Http404 for a choice
    that does not exist here, whosever it may be, and DisallowedModelAdminLookup as `Selection.of_query`.
    """
    try:
        return _selected(Selection.of_query(query), Asker(scope, asked_on or timezone.localdate()))
    except NoSuchChoice as error:
        raise Http404 from error


def select_still(scope: Scope, query: str, *, asked_on: date | None = None) -> Selected:
    """The same for the worker. Raises ValidationError where a choice does not exist any more."""
    try:
        return select(scope, query, asked_on=asked_on)
    except Http404 as gone:
        raise ValidationError(
            gettext_lazy("What the list was filtered by does not exist any more."), code="filter_gone"
        ) from gone


def _selected(selection: Selection, asker: Asker) -> Selected:
    rows = selection.rows(asker, card=card_of(asker.scope.base, selection.words))
    if selection.ids:
        return Selected(rows, selection.in_words(asker), rows.count(), is_searched=True)
    counted = CustomerPaginator(
        rows, PAGE_SIZES[0], order="sort_name", total=selection.total(asker.scope), is_searched=selection.is_searched
    )
    return Selected(
        rows,
        selection.in_words(asker),
        LIMIT if counted.is_more else counted.count,
        is_more=counted.is_more,
        is_searched=selection.is_searched,
    )


def card_of(base: CustomerBase, words: str) -> Card | None:
    """The card of the base whose number this is, with its successor."""
    if not words.strip():
        return None
    return Card.objects.in_base(base).sought(words).select_related("successor").first()


def _ids(values: Sequence[str]) -> tuple[int, ...]:
    return tuple(int(pk) for pk in values if pk.isascii() and pk.isdigit() and len(pk) <= _DIGITS_OF_AN_ID)


def query_of(pairs: Iterable[tuple[str, str]]) -> str:
    """The query with these parameters."""
    asked = QueryDict(mutable=True)
    for name, value in pairs:
        asked[name] = value
    return asked.urlencode()
