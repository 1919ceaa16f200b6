"""What waits for those who work with the accounts: things to decide, and what was previewed and not made yet.

Found by the registry in mcp/console/waiting.py. Each kind is one query, of the same rows as its page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, F, Min, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounting.choices import DebitFileState, DunningRunState, RunState
from accounting.models import BankEntry, BranchOrder, LedgerException
from accounting.owners import owners_shown
from accounting.pages import debits, dunning, runs
from accounting.pages.frame import (
    BANK,
    BRANCH_ORDERS,
    DEBIT_FILE,
    DEBITS,
    EXCEPTIONS,
    REMINDERS,
    REMINDERS_RUN,
    RUN,
    RUNS,
)
from locations.permissions import Right
from mcp.console.waiting import MOST_SHOWN, Source, Thing, Values, register
from mcp.isolation.branch import is_branch
from mcp.isolation.scope import Scope

MOST_COUNTED = 1_000
SEE = (Right.SEE_ACCOUNTS, Right.VIEW_CUSTOMERS)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of things that wait for somebody."""

    name: str
    right: Right
    """Needed besides those to see customers and accounts."""
    sentence: str | Promise
    list_page: str
    rows: Callable[[Scope], QuerySet[Any]]
    since: str
    """The field that says since when a row waits."""
    page: str = ""
    """The page of a row; where there is none, the rows are counted and told together."""
    values: Callable[[Any], Values] = field(default=lambda row: {})

    def things(self, scope: Scope) -> Iterator[Thing]:
        """What waits in the scope; nothing at the installation of a branch, where nobody decides about accounts.

        One query, and at a branch one more for all kinds: with whose ledgers it works.
        """
        if not is_branch() and all(scope.allows(right) for right in (*SEE, self.right)):
            yield from self._each(scope) if self.page else self._together(scope)

    def _each(self, scope: Scope) -> Iterator[Thing]:
        for row in self.rows(scope).order_by(self.since)[: MOST_SHOWN + 1]:
            yield Thing(
                code=self.name, values=self.values(row), page=f"admin:{self.page}", arguments=[str(row.pk)],
                since=getattr(row, self.since), key=f"{self.name} {row.pk}",
            )  # fmt: skip

    def _together(self, scope: Scope) -> Iterator[Thing]:
        counted = self.rows(scope).order_by().annotate(waits_since=F(self.since))[: MOST_COUNTED + 1]
        found: Mapping[str, Any] = counted.aggregate(many=Count("pk"), first=Min("waits_since"))
        if found["many"]:
            many = str(found["many"]) if found["many"] <= MOST_COUNTED else f"> {MOST_COUNTED}"
            yield Thing(
                code=self.name, values={"count": many}, page=f"admin:{self.list_page}", since=found["first"],
                key=self.name,
            )  # fmt: skip


def exceptions(scope: Scope) -> QuerySet[LedgerException]:
    return LedgerException.objects.in_base(scope.base).open()


def bank_entries(scope: Scope) -> QuerySet[BankEntry]:
    return BankEntry.objects.in_base(scope.base).filter(owner_key__in=owners_shown(scope).all).open()


def branch_orders(scope: Scope) -> QuerySet[BranchOrder]:
    """Those of a branch with a base 1.0, as the central has got them."""
    found = BranchOrder.objects.in_base(scope.base).filter(location=scope.location).waiting()
    return found if scope.base.is_discontinued else found.none()


KINDS = (
    Kind(
        name="ledger_exceptions", right=Right.CORRECT_ACCOUNTS, rows=exceptions, since="created_at",
        sentence=_("Exceptions of accounts to decide: %(count)s"), list_page=EXCEPTIONS,
    ),
    Kind(
        name="bank_entries", right=Right.COLLECT_PAYMENTS, rows=bank_entries, since="statement__read_at",
        sentence=_("Entries of bank statements to book or to leave out: %(count)s"), list_page=BANK,
    ),
    Kind(
        name="branch_orders", right=Right.CORRECT_ACCOUNTS, rows=branch_orders, since="created_at",
        sentence=_("Orders of the branch that could not be booked yet: %(count)s"), list_page=BRANCH_ORDERS,
    ),
    Kind(
        name="invoice_runs", right=Right.BILL_CUSTOMERS, since="created_at", list_page=RUNS, page=RUN,
        rows=lambda scope: runs.runs_of(scope).filter(state__in=[RunState.PREVIEWED, RunState.FAILED]),
        sentence=_("A run of invoices waits to be issued. Invoices: %(count)s"),
        values=lambda run: {"count": run.invoices},
    ),
    Kind(
        name="debit_files", right=Right.COLLECT_PAYMENTS, since="created_at", list_page=DEBITS, page=DEBIT_FILE,
        rows=lambda scope: debits.files_of(scope).filter(state__in=[DebitFileState.PREVIEWED, DebitFileState.FAILED]),
        sentence=_("A debit file waits to be made. Debits: %(count)s"),
        values=lambda file: {"count": file.count},
    ),
    Kind(
        name="reminder_runs", right=Right.COLLECT_PAYMENTS, since="created_at", list_page=REMINDERS, page=REMINDERS_RUN,
        rows=lambda scope: dunning.runs_of(scope).filter(state=DunningRunState.PREVIEWED),
        sentence=_("A run of reminders waits to be sent. Reminders: %(count)s"),
        values=lambda run: {"count": run.count},
    ),
)  # fmt: skip

for kind in KINDS:
    register(
        Source(
            name=kind.name,
            rights=frozenset({kind.right}),
            things=kind.things,
            sentences={kind.name: kind.sentence},
            list_page=f"admin:{kind.list_page}",
        )
    )
