"""The list of conflicts: which are asked for, how many there are, and what there is to choose from.

Whatever it asks goes along an index, so that it is quick with 100,000 conflicts as well, also right after they came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from clearing.choices import ConflictState
from clearing.models import Conflict, Cycle
from clearing.querysets import ConflictQuerySet
from customers.field_groups import withheld
from customers.models import Customer
from locations.models import CustomerBase
from mcp.isolation.scope import Scope

OPEN, DECIDED, ALL = "open", "decided", "all"
PAGE = 50
MOST_COUNTED = 1_000
"""So many are counted and can be leafed through; whoever has more narrows them down."""
MOST_NAMED = 20
MOST_SOUGHT = 1_000
LONGEST_NUMBER = 9
_SHOWN = ("id", "base", "customer_number", "name", "kind", "happened_at", "state", "decided_by", "decided_at", "cycle")

_EACH_ONCE = """
    WITH RECURSIVE named AS (
        (SELECT {column} AS name FROM clearing_conflict
         WHERE base_id = %(base)s AND {condition} ORDER BY {column} {order} LIMIT 1)
        UNION ALL
        SELECT (SELECT {column} FROM clearing_conflict
                WHERE base_id = %(base)s AND {condition} AND {column} {behind} named.name
                ORDER BY {column} {order} LIMIT 1)
        FROM named WHERE named.name IS NOT NULL
    )
    SELECT name FROM named WHERE name IS NOT NULL LIMIT %(most)s
"""
"""Each value of an indexed column once: as many steps along the index as there are values."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which conflicts are asked for."""

    state: str = OPEN
    kind: str = ""
    run: UUID | None = None
    since: date | None = None
    decided_by: str = ""
    words: str = ""


@dataclass(frozen=True)
class Found:
    """One page of them. `count` is at most MOST_COUNTED, and `is_more` says whether there are more."""

    rows: list[Conflict]
    count: int
    is_more: bool
    page: int

    @property
    def last(self) -> int:
        """The number of the last page."""
        return max(1, -(-self.count // PAGE))


def find(wanted: Wanted, *, page: int, actor: Scope) -> Found:
    """A page of the conflicts of the actor's base that are asked for, the newest first.

    Three queries, and three more where words are sought.
    """
    found = _narrowed(Conflict.objects.in_base(actor.base), wanted)
    if wanted.words:
        sought = _sought(wanted.words, actor)
        found = found.filter(sought)
    count = found.order_by()[: MOST_COUNTED + 1].count()
    shown = min(count, MOST_COUNTED)
    page = max(1, min(page, -(-shown // PAGE)))
    rows = list(found.only(*_SHOWN)[(page - 1) * PAGE : page * PAGE])
    # Joined to them, the runs would keep the planner from the order in which the index has the conflicts.
    of_base = Cycle.objects.in_base(actor.base).select_related("node")
    runs = of_base.in_bulk({row.cycle_id for row in rows if row.cycle_id is not None})
    for row in rows:
        row.cycle = runs.get(row.cycle_id)
    return Found(rows, shown, count > MOST_COUNTED, page)


def _narrowed(found: ConflictQuerySet, wanted: Wanted) -> ConflictQuerySet:
    if wanted.state == OPEN:
        found = found.open()
    elif wanted.state == DECIDED:
        found = found.exclude(state=ConflictState.OPEN)
    if wanted.kind:
        found = found.filter(kind=wanted.kind)
    if wanted.run:
        found = found.filter(cycle=wanted.run)
    if wanted.since:
        begin = timezone.make_aware(datetime.combine(wanted.since, time.min))
        found = found.filter(happened_at__gte=begin)
    if wanted.decided_by:
        found = found.filter(decided_by=wanted.decided_by)
    return found


def _sought(words: str, actor: Scope) -> Q:
    """About a customer whom the search of the list finds; of this number; or whose version leaves him without one.

    Their keys are read first: as one condition with OR no index would serve. Words that find more customers than
    MOST_SOUGHT are common enough to be met soon among the names.
    """
    customers = Customer.objects.in_base(actor.base).matching(words, hidden=withheld(actor))
    uids = list(customers.order_by().values_list("uid", flat=True)[: MOST_SOUGHT + 1])
    if len(uids) > MOST_SOUGHT:
        return Q(name__icontains=words)
    of_base = Conflict.objects.in_base(actor.base).order_by()
    either = [of_base.filter(uid__in=uids), of_base.filter(lost_uid__isnull=False, name__icontains=words)]
    if words.isdecimal() and words.isascii() and len(words) <= LONGEST_NUMBER:
        either.append(of_base.filter(customer_number=int(words)))
    return Q(pk__in={pk for some in either for pk in some.values_list("pk", flat=True)[:MOST_SOUGHT]})


def next_open(after: Conflict | None, actor: Scope) -> Conflict | None:
    """The newest open conflict that is older than this one, else the newest of all."""
    found: Any = Conflict.objects.in_base(actor.base).open().only("id", "base")
    if after is not None:
        older: Conflict | None = found.filter(happened_at__lte=after.happened_at).exclude(pk=after.pk).first()
        if older is not None:
            return older
        found = found.exclude(pk=after.pk)
    first: Conflict | None = found.first()
    return first


def deciders(base: CustomerBase) -> list[str]:
    """Who has decided anything here, by name."""
    return [str(name) for name in _each_once("decided_by", "decided_by <> ''", base, is_descending=False)]


def runs(base: CustomerBase) -> list[Cycle]:
    """The runs that have found conflicts, the latest first. Two queries."""
    keys = _each_once("cycle_id", "cycle_id IS NOT NULL", base, is_descending=True)
    of_base = {run.pk: run for run in Cycle.objects.in_base(base).filter(pk__in=keys).select_related("node")}
    return [of_base[key] for key in keys if key in of_base]


def _each_once(column: str, condition: str, base: CustomerBase, *, is_descending: bool) -> list[Any]:
    order, behind = ("DESC", "<") if is_descending else ("ASC", ">")
    sql = _EACH_ONCE.format(column=column, condition=condition, order=order, behind=behind)
    with connection.cursor() as cursor:
        cursor.execute(sql, {"base": base.pk, "most": MOST_NAMED})
        return [name for (name,) in cursor.fetchall()]
