"""Files made to fill memory or time are refused, in less than a hundred megabytes. `make bench` tells how quickly."""

from pathlib import Path

import pytest

from tests.spreadsheets.bombs import BOMBS, opened


@pytest.mark.isolation
@pytest.mark.sample("bombs", most=9)
@pytest.mark.parametrize("reading", ["rows", "blocks"])
@pytest.mark.parametrize("kind", BOMBS)
def test_bomb_is_refused_in_little_memory(kind: str, reading: str, tmp_path: Path) -> None:
    make, expected = BOMBS[kind]
    refused = opened(make(), tmp_path, reading=reading)
    assert refused.code in expected
    assert refused.megabytes < 100
