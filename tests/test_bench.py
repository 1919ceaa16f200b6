"""The bench says of each figure whether it is what it is to be."""

from __future__ import annotations

from bench import goals, tables
from bench.__main__ import TABLES
from bench.goals import Goal
from bench.importing import Run
from bench.measure import Series
from bench.noting import Noting, Read
from bench.pages import Row


def runs(ours: float, stock: float) -> list[Run]:
    names = {"floor": 10.0, "ours": ours, "again": 1.0, "stock": stock}
    return [Run(name=name, rows=100, seconds=seconds) for name, seconds in names.items()]


def test_figure_that_falls_short_is_marked():
    assert [goal.is_reached for goal in goals.of_imports(runs(12.5, 87.5))] == [True, True]
    assert [goal.is_reached for goal in goals.of_imports(runs(13.0, 87.5))] == [False, False]
    lines = goals.table([*goals.of_imports(runs(13.0, 130.0))])
    assert "| import of new customers ÷ floor | 1.30 | ≤ 1.25 | **falls short** |" in lines
    assert "| stock import-export ÷ import of new customers | 10.00 | ≥ 7 |  |" in lines
    assert lines.endswith("1 of 2 goals are reached.")


def test_pages_have_theirs():
    rows = [
        Row(name="list", ours=Series((0.05,)), queries=13),
        Row(name="list, page in the middle", ours=Series((0.12,)), small=Series((0.08,)), queries=13),
        Row(name="save a customer", ours=Series((0.03,)), queries=21),
        Row(name="dashboard", ours=Series((0.07,)), queries=9),
    ]
    assert {goal.name: goal.is_reached for goal in goals.of_pages(rows)} == {
        "list: p95": True,
        "list, page in the middle: p95": False,
        "list, page in the middle": False,
        "save a customer": True,
        "save a customer: statements": False,
        "dashboard": False,
    }


def test_noting_changes_has_its_goals():
    reads = [Read(name="nothing new", rows=9, at_once=Series((0.02,)), counted=Series((0.001,)))]
    noted, feed = goals.of_noting(Noting(rows=9, noted=1.04, plain=1.0), reads)
    assert (noted.is_reached, feed.is_reached, feed.measured) == (True, False, 20.0)


def test_bounds_belong_to_what_is_reached():
    assert (Goal("a", 2.0, most=2.0).is_reached, Goal("a", 2.0, least=2.0).is_reached) == (True, True)


def test_every_table_can_be_chosen_by_its_name():
    assert tuple(tables.ALL) == TABLES
