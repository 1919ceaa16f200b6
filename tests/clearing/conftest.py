"""A paired branch and its central."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clearing.branch import by_stick, running
from clearing.central import receiving
from mcp.isolation import row_scope
from tests.clearing import pairs
from tests.clearing.asking import Asks
from tests.conftest import Cast, not_apart


@pytest.fixture
def small_runs(monkeypatch) -> Any:
    """Runs that write no customers."""
    monkeypatch.setattr(running, "cut", pairs.small_cut)
    monkeypatch.setattr(running, "apply_answer", pairs.small_apply)
    monkeypatch.setattr(running, "apply_site", pairs.small_site)
    monkeypatch.setattr(by_stick, "cut", pairs.small_cut)
    monkeypatch.setattr(by_stick, "apply_answer", pairs.small_apply)
    monkeypatch.setattr(by_stick, "apply_site", pairs.small_site)
    monkeypatch.setattr(receiving, "decide", pairs.small_decide)
    monkeypatch.setattr(pairs, "TO_SEND", [{"one": number} for number in range(3)])
    monkeypatch.setattr(pairs, "TO_ANSWER", [{"other": number} for number in range(2)])


@pytest.fixture
def unpaired(cast, small_runs) -> pairs.Pair:
    return pairs.new_pair(cast)


@pytest.fixture(scope="module")
def paired_once(standing) -> Iterator[pairs.Pair]:
    """Paired for all tests of a module; what a test does to it is undone with the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_scope, "apart", not_apart)
        made = pairs.new_pair(Cast())
        made.pair()
        yield made


@pytest.fixture
def pair(paired_once, cast, small_runs) -> pairs.Pair:
    return pairs.Pair(cast, paired_once.fresh)


@pytest.fixture
def asks(pair) -> Asks:
    return Asks(pair)
