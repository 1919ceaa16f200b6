"""What the figures are to reach, beside what they are: printed at the end, with a mark where one falls short.

Milliseconds are meant for a quiet machine; ratios hold on any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from bench.after_edit import Pair
from bench.billing import Billed
from bench.calling import Crowd, Empty
from bench.debits import Debited
from bench.exporting import Export
from bench.importing import Run
from bench.isolation import Cost
from bench.large import Import, Page
from bench.measure import Series
from bench.noting import Noting, Read
from bench.pages import Row
from bench.reconciling import Kept
from bench.reconciling import Run as Reconciled
from bench.selling import Bulk, Sold

LISTED = ("list", "search")
"""How the names of rows begin that are pages of the list."""
PAGE_MS, FRONT_MS, OPEN_MS, SAVE_MS, SAVE_STATEMENTS, MIDDLE = 100, 60, 45, 35, 20, 1.2
EMPTY_BYTES, EMPTY_MS, CROWD_MS, KEPT = 2_048, 40, 300, 1.1
LOADED_S, LOADED_MB, LOADED_MEMORY, CHANGED_S, WAIT_S, FLAT = 300 / 1e6, 100 / 1e6, 300, 60 / 100_000, 5.0, 1.1
"""Of a run by the customer, but for the memory and what a registration may wait."""
IMPORT, STOCK, EXPORT, SECURITY, AFTER_EDIT, LARGE = 1.25, 7.0, 1.5, 1.2, 1.2, 1.3
NOTED, FEED_MS = 1.05, 10
DEBITS_S = 2 / 10_000
BULK, SINGLE_MS, TILL_MS, LIST_MS = 2.0, 25, 50, 300
ISSUED_S, DOCUMENT_MS, DOCUMENTS_MEMORY = 10 / 100_000, 15 * 60 * 1000 / 20_000, 50
"""Of an order, and of an invoice; the memory is that of any number of them."""


@dataclass(frozen=True)
class Goal:
    """One figure and what it is to be: at most `most`, or at least `least`."""

    name: str
    measured: float
    most: float | None = None
    least: float | None = None
    unit: str = ""

    @property
    def is_reached(self) -> bool:
        return (self.most is None or self.measured <= self.most) and (self.least is None or self.measured >= self.least)

    def line(self) -> str:
        wanted = f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}"
        mark = "" if self.is_reached else "**falls short**"
        return f"| {self.name} | {self.measured:.2f}{self.unit} | {wanted}{self.unit} | {mark} |"


def of_pages(rows: list[Row]) -> Iterator[Goal]:
    """The goals of the pages: percentiles of the lists, medians of the others."""
    for row in rows:
        if row.name.startswith(LISTED):
            yield Goal(f"{row.name}: p95", row.ours.p95 * 1000, most=PAGE_MS, unit=" ms")
    medians: dict[str, tuple[float, Callable[[Row], float], str]] = {
        "dashboard": (FRONT_MS, _median, " ms"),
        "open a customer": (OPEN_MS, _median, " ms"),
        "save a customer": (SAVE_MS, _median, " ms"),
        "list, page in the middle": (MIDDLE, _ratio, " × the small base"),
    }
    for row in rows:
        if row.name in medians:
            most, measured, unit = medians[row.name]
            yield Goal(row.name, measured(row), most=most, unit=unit)
        if row.name == "save a customer":
            yield Goal(f"{row.name}: statements", row.queries, most=SAVE_STATEMENTS)


def of_imports(runs: list[Run]) -> Iterator[Goal]:
    """The goals of the imports. `runs` are the floor, ours, ours again, and stock, in this order."""
    floor, ours, _again, stock = runs
    yield Goal("import of new customers ÷ floor", ours.per_row / floor.per_row, most=IMPORT)
    yield Goal("stock import-export ÷ import of new customers", stock.per_row / ours.per_row, least=STOCK)


def of_exports(exports: list[Export]) -> Iterator[Goal]:
    """The goals of the exports, each against the baseline."""
    first = exports[0]
    for one in exports[1:]:
        if one.rows == first.rows:
            yield Goal(f"{one.name} ÷ {first.name}", one.median / first.median, most=EXPORT)


def of_isolation(costs: list[Cost]) -> Iterator[Goal]:
    """The goals of row security: how much slower a page may be with it."""
    for cost in costs:
        yield Goal(f"{cost.name}: with ÷ without row security", cost.ratio, most=SECURITY)


def of_pairs(pairs: list[Pair]) -> Iterator[Goal]:
    """The goals of large changes after one edit in the same session."""
    for pair in pairs:
        yield Goal(f"{pair.name}: after one edit ÷ fresh", pair.ratio, most=AFTER_EDIT)


def of_large(pages: list[Page], imports: list[Import]) -> Iterator[Goal]:
    for page in pages:
        yield Goal(f"{page.name}: large base ÷ a million", page.ratio, most=LARGE)
    small, large = (one.run for one in imports[:2])
    yield Goal("import into the large base ÷ into a million", large.per_row / small.per_row, most=LARGE)


def of_clearing(runs: list[Reconciled], alone: Empty, crowd: Crowd, kept: Kept) -> Iterator[Goal]:
    """The goals of reconciling; those of a run hold for any number of rows. `runs`: first load, a tenth, changes."""
    load, few, changes = runs
    yield Goal("empty run: bodies", alone.bytes, most=EMPTY_BYTES, unit=" bytes")
    yield Goal("empty run: processor at the central", alone.processor, most=EMPTY_MS, unit=" ms")
    yield Goal(f"{crowd.nodes:,} nodes: p95 of a request", crowd.requests.p95 * 1000, most=CROWD_MS, unit=" ms")
    yield Goal(f"{crowd.nodes:,} nodes: errors", crowd.errors, most=0)
    for run, each in ((load, LOADED_S), (changes, CHANGED_S)):
        yield Goal(f"{run.rows:,}, {run.name}: branch", run.at_branch, most=each * run.rows, unit=" s")
        yield Goal(f"{run.rows:,}, {run.name}: central", run.at_central, most=each * run.rows, unit=" s")
    yield Goal(f"{load.rows:,}, {load.name}: on the wire", load.size / 1e6, most=LOADED_MB * load.rows, unit=" MB")
    yield Goal(f"{load.rows:,}, {load.name}: memory", load.memory, most=LOADED_MEMORY, unit=" MB")
    yield Goal(f"memory of {changes.rows:,} changes ÷ of {few.rows:,}", changes.memory / few.memory, most=FLAT)
    for name, side in (("cut", "branch"), ("decide", "central"), ("apply", "branch")):
        step = changes.of(name)
        waited = Goal(f"registration at the {side} during {name}", step.waited or 0.0, most=WAIT_S * 1.2, unit=" s")
        yield waited
        yield Goal(f"those refused during {name} and not told why", float(not step.is_told), most=0)
    yield Goal("an edit with its number ÷ without", kept.ratio, most=KEPT)


def of_noting(noting: Noting, reads: list[Read]) -> Iterator[Goal]:
    """The goals of noting changes for tills: what an import takes longer, and how long each page of the feed takes."""
    yield Goal("import with its changes noted", noting.ratio, most=NOTED, unit=" × without")
    for one in reads:
        slowest = max(one.at_once.median, one.counted.median)
        yield Goal(f"feed of {one.rows:,} changes: {one.name}", slowest * 1000, most=FEED_MS, unit=" ms")


def of_selling(bulk: Bulk, singles: Series, sold: Sold) -> Iterator[Goal]:
    """The goals of accounts: what a booking takes, and how long tills and people wait for one another."""
    yield Goal(f"{bulk.rows:,} movements ÷ rows of the bare table", bulk.ratio, most=BULK)
    yield Goal("a movement, eight writers: p95", singles.p95 * 1000, most=SINGLE_MS, unit=" ms")
    yield Goal(f"64 tills for {sold.minutes:g} minutes: p95 of a sale", sold.sales.p95 * 1000, most=TILL_MS, unit=" ms")
    yield Goal("64 tills: errors", sold.errors, most=0)
    yield Goal("the list meanwhile: p95", sold.pages.p95 * 1000, most=LIST_MS, unit=" ms")


def of_billing(billed: Billed) -> Iterator[Goal]:
    """The goals of a run of invoices, for any number of orders."""
    yield Goal(f"{billed.orders:,} orders issued", billed.issued, most=ISSUED_S * billed.orders, unit=" s")
    yield Goal("PDF and XML of an invoice", billed.each * 1000, most=DOCUMENT_MS, unit=" ms")
    yield Goal(f"memory of {billed.documented:,} invoices' documents", billed.memory, most=DOCUMENTS_MEMORY, unit=" MB")


def of_debits(done: Debited) -> Iterator[Goal]:
    """The goal of debits: what the database takes for a file. The worker collects it, and no till waits for it long."""
    in_database = done.steps["propose"] + done.steps["make, in the database"]
    yield Goal(f"{done.rows:,} debits: propose and make", in_database, most=DEBITS_S * done.rows, unit=" s")


def table(goals: list[Goal]) -> str:
    """A Markdown table of all goals. Returns it with the number of goals that are reached."""
    reached = sum(goal.is_reached for goal in goals)
    head = ("| figure | measured | goal | |", "|---|--:|--:|---|")
    return "\n".join([*head, *(goal.line() for goal in goals), f"\n{reached} of {len(goals)} goals are reached."])


def _median(row: Row) -> float:
    return row.ours.median * 1000


def _ratio(row: Row) -> float:
    return row.ours.median / row.small.median if row.small else 0.0
