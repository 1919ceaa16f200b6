"""The official rules, compiled once for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.accounting.documents.official_rules import Rules, official_rules


@pytest.fixture(scope="module")
def rules() -> Iterator[Rules]:
    with official_rules() as found:
        yield found
