"""One warm process for all kills of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.isolation.faults.servers import variables
from tests.isolation.faults.warm import Warm, warm_process


@pytest.fixture(scope="module")
def warm(django_db_setup, django_db_blocker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    """It connects to the database of this process only in its copies."""
    with django_db_blocker.unblock():
        environment = variables()
    with warm_process(environment, tmp_path_factory.mktemp("said")) as process:
        yield process
