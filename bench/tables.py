"""The tables of the bench by their names: each is measured, and gives what is printed and which goals it has."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import (
    after_edit,
    billing,
    calling,
    carrying,
    debits,
    exporting,
    goals,
    importing,
    indexes,
    isolation,
    large,
    noting,
    pages,
    reconciling,
    refusing,
    report,
    selling,
)
from bench.goals import Goal
from locations.choices import Side

ON_DEMAND = frozenset({"large", "indexes", "clearing", "changes", "accounts", "billing", "debits"})
"""Measured only where they are named: five have a database of their own, one builds each index anew."""

type Measured = tuple[str, list[Goal]]


def _pages(arguments: argparse.Namespace) -> Measured:
    rows = pages.all_rows(repeat=arguments.repeat)
    return report.table(rows), [*goals.of_pages(rows)]


def _isolation(arguments: argparse.Namespace) -> Measured:
    costs = isolation.all_rows(repeat=max(2, arguments.repeat // 10))
    return report.table_of_isolation(costs), [*goals.of_isolation(costs)]


def _indexes(arguments: argparse.Namespace) -> Measured:
    return report.table_of_indexes(indexes.all_indexes(repeat=arguments.repeat // 2)), []


def _import(arguments: argparse.Namespace) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        runs = importing.all_rows(rows=arguments.rows, stock_rows=arguments.stock_rows, folder=Path(folder))
    return report.table_of_imports(runs), [*goals.of_imports(runs)]


def _export(arguments: argparse.Namespace) -> Measured:
    exports = exporting.all_rows(customers=arguments.customers, repeat=arguments.turns)
    return report.table_of_exports(exports), [*goals.of_exports(exports)]


def _carry_over(arguments: argparse.Namespace) -> Measured:
    return report.table_of_carrying(carrying.carried_over(rows=arguments.carried)), []


def _after_edit(arguments: argparse.Namespace) -> Measured:
    pairs = after_edit.all_pairs(rows=arguments.edited, turns=arguments.turns)
    return report.table_of_pairs(pairs), [*goals.of_pairs(pairs)]


def _large(arguments: argparse.Namespace) -> Measured:
    printed = [report.table_of_large_pages(found := large.all_pages(repeat=arguments.repeat // 2))]
    with tempfile.TemporaryDirectory() as folder:
        imports = large.all_imports(rows=arguments.rows, folder=Path(folder))
    printed.append(report.table_of_large_imports(imports))
    return "\n\n".join(printed), [*goals.of_large(found, imports)]


def _clearing(arguments: argparse.Namespace) -> Measured:
    alone, crowd = calling.measured(nodes=arguments.nodes, minutes=arguments.minutes)
    world = reconciling.World()
    floor = world.fill(arguments.loaded)
    runs = [world.run("first load", arguments.loaded)]
    small = arguments.changed // 10
    for rows, name in ((small, "a tenth of the changes"), (arguments.changed, "changes, 1 % at both sides")):
        world.change(Side.BRANCH, rows=rows, each=1)
        world.change(Side.CENTRAL, rows=rows, each=100)
        runs.append(world.run(name, rows))
    kept = world.kept(turns=arguments.turns)
    printed = [report.table_of_runs([floor, *runs]), report.table_of_contacts(alone, crowd), report.of_kept(kept)]
    return "\n\n".join(printed), [*goals.of_clearing(runs, alone, crowd, kept)]


def _changes(arguments: argparse.Namespace) -> Measured:
    with tempfile.TemporaryDirectory() as folder:
        noted, reads = noting.all_of_it(
            rows=arguments.rows, turns=arguments.turns, repeat=arguments.repeat, folder=Path(folder)
        )
    return f"{report.of_noting(noted)}\n\n{report.table_of_reads(reads)}", [*goals.of_noting(noted, reads)]


def _accounts(arguments: argparse.Namespace) -> Measured:
    shop = selling.Shop(count=arguments.customers, accounts=arguments.small)
    bulk, singles = shop.bulk(rows=arguments.rows, turns=arguments.turns), shop.singles()
    with tempfile.TemporaryDirectory() as folder:
        sold = shop.sold(minutes=arguments.minutes, folder=Path(folder))
    return report.of_selling(bulk, singles, sold), [*goals.of_selling(bulk, singles, sold)]


def _billing(arguments: argparse.Namespace) -> Measured:
    billed = billing.bill(orders=arguments.orders, documents=arguments.documents)
    return report.of_billing(billed), [*goals.of_billing(billed)]


def _debits(arguments: argparse.Namespace) -> Measured:
    done = debits.Creditors(count=arguments.debits).debited()
    return report.of_debits(done), [*goals.of_debits(done)]


def _bombs(_arguments: argparse.Namespace) -> Measured:
    return report.table_of_refusals(refusing.all_refusals()), []


ALL: dict[str, Callable[[argparse.Namespace], Measured]] = {
    "pages": _pages,
    "isolation": _isolation,
    "indexes": _indexes,
    "import": _import,
    "export": _export,
    "carry-over": _carry_over,
    "after-edit": _after_edit,
    "bombs": _bombs,
    "large": _large,
    "clearing": _clearing,
    "changes": _changes,
    "accounts": _accounts,
    "billing": _billing,
    "debits": _debits,
}
