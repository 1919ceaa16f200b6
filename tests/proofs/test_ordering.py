"""The order of the files in a run, and ids of tests that every process of a run gives alike."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from django.core import signing

from tests.proofs import ordering


def items(*names: str) -> list[Any]:
    return [SimpleNamespace(nodeid=name) for name in names]


def test_slow_files_come_first_and_tests_of_a_file_stay_together(tmp_path, monkeypatch):
    durations = tmp_path / "durations.json"
    durations.write_text('{"tests/b.py": 20, "tests/c.py": 30}')
    monkeypatch.setattr(ordering, "DURATIONS", durations)
    found = items("tests/a.py::test_2", "tests/b.py::test_1", "tests/a.py::test_1", "tests/c.py::test_1")
    ordering.pytest_collection_modifyitems(found)
    assert [item.nodeid for item in found] == [
        "tests/c.py::test_1", "tests/b.py::test_1", "tests/a.py::test_2", "tests/a.py::test_1"
    ]  # fmt: skip


@pytest.mark.parametrize("sign", [signing.dumps, signing.TimestampSigner().sign], ids=["dumps", "sign"])
def test_id_that_changes_from_second_to_second_is_refused(sign):
    name = f"tests/a.py::test_link[{sign('x')}]"
    with pytest.raises(pytest.UsageError, match="test_link"):
        ordering.pytest_collection_modifyitems(items("tests/a.py::test_1", name))
