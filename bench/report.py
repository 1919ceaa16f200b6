"""The table that `make bench` prints."""

from __future__ import annotations

import os
import platform

from django.db import connection

from bench.after_edit import Pair
from bench.billing import Billed
from bench.calling import Crowd, Empty
from bench.carrying import Carried
from bench.debits import Debited
from bench.exporting import Export
from bench.importing import Run
from bench.indexes import WRITTEN, Index
from bench.isolation import Cost
from bench.large import Import, Page
from bench.measure import Series
from bench.noting import Noting, Read
from bench.pages import Row
from bench.reconciling import Kept
from bench.reconciling import Run as Reconciled
from bench.refusing import Refusal
from bench.selling import Bulk, Sold

HEAD = ("| page | median ms | p95 ms | queries | 10,000: p95 ms | ratio | stock: median ms | stock ÷ ours |",
        "|---|--:|--:|--:|--:|--:|--:|--:|")  # fmt: skip


def table(rows: list[Row]) -> str:
    """A Markdown table: ours, ours at ten thousand customers, and the stock admin, with the ratios."""
    return "\n".join([*HEAD, *(_line(row) for row in rows)])


def table_of_isolation(rows: list[Cost]) -> str:
    """A Markdown table: each page with row security and without, and the ratio of the medians."""
    head = ("| page at 1,000,000 customers | with row security: ms | without: ms | ratio |", "|---|--:|--:|--:|")
    lines = [f"| {row.name} | {_ms(row.guarded)} | {_ms(row.open)} | {row.ratio:.2f} |" for row in rows]
    return "\n".join([*head, *lines])


def table_of_indexes(indexes: list[Index]) -> str:
    """A Markdown table: what each index weighs, costs a row, and spares the page that needs it."""
    head = (
        "| index | MB | bytes a customer | µs a row | page | ms | without it: ms |", "|---|--:|--:|--:|---|--:|--:|"
    )  # fmt: skip
    lines = [
        f"| {one.name} | {one.size / 1e6:.0f} | {one.size / one.rows:.0f} | {one.seconds / WRITTEN * 1e6:.1f} | "
        f"{one.page} | {_ms(one.ours) if one.ours else ''} | {_ms(one.without) if one.without else ''} |"
        for one in indexes
    ]
    size, seconds = sum(one.size for one in indexes), sum(one.seconds for one in indexes)
    rows = indexes[0].rows
    total = f"| **all** | {size / 1e6:.0f} | {size / rows:.0f} | {seconds / WRITTEN * 1e6:.1f} | | | |"
    return "\n".join([*head, *lines, total])


def table_of_imports(runs: list[Run]) -> str:
    """A Markdown table; each time in microseconds for a row, divided by that of the first line."""
    head = (
        "| import | rows | seconds | µs a row | ÷ the first | memory MB | list page meanwhile, p95 ms |",
        "|---|--:|--:|--:|--:|--:|--:|",
    )
    lines = [
        f"| {run.name} | {run.rows:,} | {run.seconds:.1f} | {run.per_row:.1f} | {run.per_row / runs[0].per_row:.2f} | "
        f"{'' if run.memory is None else f'{run.memory:.0f}'} | {_ms(run.meanwhile.p95) if run.meanwhile else ''} |"
        for run in runs
    ]
    return "\n".join([*head, *lines])


def table_of_large_pages(pages: list[Page]) -> str:
    """A Markdown table: each page in the large base and in that of a million, and the ratio of the medians."""
    head = ("| page | large base: ms | p95 | a million: ms | p95 | ratio |", "|---|--:|--:|--:|--:|--:|")
    lines = [
        f"| {one.name} | {_ms(one.large)} | {_ms(one.large.p95)} | {_ms(one.small)} | {_ms(one.small.p95)} | "
        f"{one.ratio:.2f} |"
        for one in pages
    ]
    return "\n".join([*head, *lines])


def table_of_large_imports(imports: list[Import]) -> str:
    """A Markdown table: each import, and how many rows of customers the database has read for one of its own."""
    head = (
        "| import | rows | seconds | µs a row | customers read, a row | memory MB |", "|---|--:|--:|--:|--:|--:|"
    )  # fmt: skip
    lines = [
        f"| {run.name} | {run.rows:,} | {run.seconds:.1f} | {run.per_row:.1f} | {one.read / run.rows:.1f} | "
        f"{run.memory or 0:.0f} |"
        for one in imports
        for run in [one.run]
    ]
    return "\n".join([*head, *lines])


def table_of_exports(exports: list[Export]) -> str:
    """A Markdown table; each time for a row, divided by that of the first line."""
    first = exports[0].median / exports[0].rows
    head = ("| export | rows | seconds | ÷ COPY | file MB | memory MB |", "|---|--:|--:|--:|--:|--:|")
    lines = [
        f"| {one.name} | {one.rows:,} | {one.median:.1f} | {one.median / one.rows / first:.2f} | "
        f"{one.size / 1e6:.0f} | {one.memory:.0f} |"
        for one in exports
    ]
    return "\n".join([*head, *lines])


def table_of_pairs(pairs: list[Pair]) -> str:
    """A Markdown table: the same large change in a fresh session and after one edit in it."""
    head = ("| large change | customers | fresh session: s | after one edit: s | ratio |", "|---|--:|--:|--:|--:|")
    lines = [
        f"| {one.name} | {one.rows:,} | {one.fresh:.1f} | {one.after_edit:.1f} | {one.ratio:.2f} |" for one in pairs
    ]
    return "\n".join([*head, *lines])


def table_of_runs(runs: list[Reconciled]) -> str:
    """A Markdown table: each step of each run; and how long a registration at that side took at most meanwhile."""
    head = (
        "| run | step | rows | seconds | µs a row | memory MB | MB on the wire | registration meanwhile: s |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    )
    lines = [
        f"| {run.name} | {step.name} | {step.rows:,} | {step.seconds:.1f} | {step.seconds / step.rows * 1e6:.0f} | "
        f"{step.memory or 0:.0f} | {step.size / 1e6:.1f} | {'' if step.waited is None else f'{step.waited:.1f}'} |"
        for run in runs
        for step in run.steps
    ]
    return "\n".join([*head, *lines])


def table_of_contacts(alone: Empty, crowd: Crowd) -> str:
    """A Markdown table: an empty run alone, and many nodes that call one after the other."""
    head = ("| nodes | contacts | requests | median ms | p95 ms | errors | late s | of all cores |",
            "|--:|--:|--:|--:|--:|--:|--:|--:|")  # fmt: skip
    requests = crowd.requests
    line = (
        f"| {crowd.nodes:,} | {crowd.contacts:,} | {len(requests.seconds):,} | {_ms(requests)} | {_ms(requests.p95)} | "
        f"{crowd.errors} | {crowd.late:.1f} | {crowd.busy:.0%} |"
    )
    said = (
        f"An empty run alone: {alone.requests} requests, {alone.bytes:.0f} bytes in all bodies, "
        f"{alone.processor:.1f} ms of the processor at the central, its database included."
    )
    return "\n".join([*head, line, "", said])


def of_kept(kept: Kept) -> str:
    """What numbering changes costs one edit."""
    return f"An edit in a base 1.0: {kept.numbered:.2f} ms, {kept.plain:.2f} ms without the trigger that numbers it."


def table_of_refusals(refusals: list[Refusal]) -> str:
    """A Markdown table; each time divided by that of the honest file."""
    head = ("| file | MB | answer | seconds | ÷ honest | memory MB |", "|---|--:|---|--:|--:|--:|")
    lines = [
        f"| {one.name} | {one.size / 1e6:.1f} | {one.code} | {one.seconds:.2f} | "
        f"{one.seconds / refusals[0].seconds:.2f} | {one.memory:.0f} |"
        for one in refusals
    ]
    return "\n".join([*head, *lines])


def table_of_carrying(run: Carried) -> str:
    """A Markdown table: each step from the decision to the customers at the receiver."""
    head = ("| carry-over | seconds | µs a customer | memory MB |", "|---|--:|--:|--:|")
    lines = [
        f"| {step.name} | {step.seconds:.1f} | {step.seconds / run.customers * 1e6:.0f} | {step.memory:.0f} |"
        for step in run.steps
    ]
    total = (
        f"| **{run.customers:,} customers and {run.consents:,} statements, package of {run.size / 1e6:.0f} MB** | "
        f"**{run.seconds:.1f}** | {run.seconds / run.customers * 1e6:.0f} | |"
    )
    return "\n".join([*head, *lines, total])


def of_noting(noting: Noting) -> str:
    """A sentence: what an import takes longer since its changes are noted."""
    return (
        f"An import of {noting.rows:,} new customers takes {noting.noted:.1f} s with its changes noted and "
        f"{noting.plain:.1f} s without: {noting.ratio:.3f} times as long."
    )


def table_of_reads(reads: list[Read]) -> str:
    """A Markdown table: pages of the feed, right after the changes were written and with statistics."""
    head = ("| page of the feed | changes of the base | right after: ms | with statistics: ms |", "|---|--:|--:|--:|")
    lines = [f"| {one.name} | {one.rows:,} | {_ms(one.at_once)} | {_ms(one.counted)} |" for one in reads]
    return "\n".join([*head, *lines])


def of_selling(bulk: Bulk, singles: Series, sold: Sold) -> str:
    """A sentence on many movements, and a Markdown table: single ones, sales of tills, and the list meanwhile."""
    first = (
        f"{bulk.rows:,} movements are posted in {bulk.posted:.1f} s; as rows of the bare table with its keys they take "
        f"{bulk.bare:.1f} s: {bulk.ratio:.2f} times as long."
    )
    named = {
        "a movement, eight writers at once": singles,
        f"a sale at the API, 64 tills for {sold.minutes:g} minutes": sold.sales,
        "a page of the list meanwhile": sold.pages,
    }
    head = ("| | times | median ms | p95 ms |", "|---|--:|--:|--:|")
    lines = [f"| {name} | {len(one.seconds):,} | {_ms(one)} | {_ms(one.p95)} |" for name, one in named.items()]
    return "\n".join([first, "", *head, *lines, "", f"{sold.errors} errors."])


def of_billing(billed: Billed) -> str:
    """Sentences on a run of invoices: preview, issuing beside COPY of the same rows, and documents."""
    return (
        f"{billed.orders:,} orders are previewed in {billed.previewed:.2f} s and become {billed.invoices:,} invoices "
        f"in {billed.issued:.1f} s; COPY of the rows that are written then takes {billed.copied:.2f} s: "
        f"{billed.ratio:.1f} times as long. The documents of {billed.documented:,} invoices take "
        f"{billed.each * 1000:.0f} ms each, and {billed.memory:.0f} MB more memory than before."
    )


def of_debits(done: Debited) -> str:
    """A Markdown table of the steps of a debit file, and the bare rows beside them."""
    head = (f"| {done.rows:,} debits | s | a debit, ms |", "|---|--:|--:|")
    every = {**done.steps, **{f"COPY of the rows: {name}": taken for name, taken in done.bare.items()}}
    lines = [f"| {name} | {taken:.2f} | {taken * 1000 / done.rows:.2f} |" for name, taken in every.items()]
    lines += [f"| {name} ÷ COPY of its rows | {ratio:.1f} | |" for name, ratio in done.ratios.items()]
    one = done.returned
    return "\n".join([*head, *lines, "", f"One is returned in {_ms(one.median)} ms, p95 {_ms(one.p95)} ms."])


def machine() -> str:
    """What the figures were measured on."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        version = cursor.fetchone()[0]
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, PostgreSQL {version}. "
        "Times are of the server, without network; ratios count, absolute times drift."
    )


def _line(row: Row) -> str:
    cells = [row.name, _ms(row.ours.median), _ms(row.ours.p95), str(row.queries)]
    cells += [_ms(row.small.p95), f"{row.ours.median / row.small.median:.2f}"] if row.small else ["", ""]
    cells += [_ms(row.stock.median), f"{row.stock.median / row.ours.median:.1f}"] if row.stock else ["", ""]
    return "| " + " | ".join(cells) + " |"


def _ms(value: float | Series) -> str:
    seconds = value.median if isinstance(value, Series) else value
    return f"{seconds * 1000:.1f}"
