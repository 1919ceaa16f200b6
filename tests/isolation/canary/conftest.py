"""The ground of the sweep."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcp.models import User
from tests.conftest import Browser, Cast, LogIn
from tests.isolation.canary.crawler import Role, sweep
from tests.isolation.canary.planting import Ground
from tests.isolation.canary.visitor import Report

type Crawled = Callable[..., Report]


@pytest.fixture
def crawled(cast: Cast, log_in: LogIn, record_property: Callable[[str, object], None]) -> Crawled:
    """`crawled(role, quick=True)` plants the ground of the role and gives the report of the crawl.

    `cut` is called in between: what it switches off is off for the crawl.
    """

    def crawl(role: Role, *, quick: bool = False, cut: Callable[[], None] = lambda: None) -> Report:
        User.objects.create(username="nora", organization=cast.organization())
        ground = Ground(foreign=role.foreign, own=role.own)
        username = role.name.split()[0]
        client = Browser() if username == "anonymous" else log_in(username)
        cut()
        report = sweep(role, ground, client, quick=quick)
        record_property("canaries", report.figures())
        return report

    return crawl
