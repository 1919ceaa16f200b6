"""Here the code stands alone: row security is off, so that what one of its guards lets through is seen."""

from __future__ import annotations

import pytest

from tests.conftest import Cast, logged_in
from tests.isolation.guards.reach import Reach
from tests.isolation.guards.world import World
from tests.isolation.nets import row_security_off


@pytest.fixture(scope="module")
def the_code_alone(standing):
    with pytest.MonkeyPatch.context() as patch:
        row_security_off(patch)
        yield


@pytest.fixture(autouse=True)
def _row_security_is_off(request) -> None:
    """Also where a test asks for nothing but the database."""
    if "standing" not in request.fixturenames and "db" in request.fixturenames:
        row_security_off(request.getfixturevalue("monkeypatch"))


@pytest.fixture(scope="module")
def world(the_code_alone) -> World:
    """Stands for all tests of a file; each works on a twin, and what it does is undone."""
    return World(Cast(), logged_in)


@pytest.fixture(scope="session")
def reach(tmp_path_factory: pytest.TempPathFactory) -> Reach:
    """What the probes run; the folder is one for all processes of a run."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if own.name.startswith("popen-") else own) / "reach"
    folder.mkdir(exist_ok=True)
    return Reach(folder)
