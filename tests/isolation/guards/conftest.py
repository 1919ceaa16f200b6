"""Here the code stands alone: row security is off, so that what one of its guards lets through is seen."""

from __future__ import annotations

import pytest

from tests.isolation.nets import row_security_off


@pytest.fixture(autouse=True)
def _the_code_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    row_security_off(monkeypatch)
