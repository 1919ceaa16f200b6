"""The ground of the sweep: planted once for all who ask among the same foreign businesses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from mcp.models import User
from tests.conftest import Browser, Cast, logged_in
from tests.isolation.canary.crawler import EVERYTHING, Role, sweep
from tests.isolation.canary.planting import Ground
from tests.isolation.canary.visitor import Report
from tests.proofs.sampling import Sample

type Crawled = Callable[..., Report]


def at_each_place(roles: Iterable[Role]) -> Iterator[Role]:
    """Each role once for each of its places: a full crawl of all of them takes minutes."""
    for role in roles:
        for place in role.places:
            yield replace(role, name=f"{role.name} {place}", places=(place,))


def as_each(roles: Iterable[Role]) -> pytest.MarkDecorator:
    """Parametrizes a test over `role`, each with the ground that is planted for him."""
    cases = [pytest.param(role, (role.foreign, role.own), id=role.name) for role in roles]
    return pytest.mark.parametrize(("role", "ground"), cases, indirect=["ground"])


@pytest.fixture(scope="module")
def ground(request, standing) -> Iterator[Ground]:
    """Canaries in every table of the foreign businesses; stands as long as the next role has the same ones."""
    foreign, own = request.param
    with transaction.atomic():
        User.objects.create(username="nora", organization=Cast().organization())
        yield Ground(foreign=foreign, own=own)
        transaction.set_rollback(True)


def browser_of(role: Role) -> Any:
    username = role.name.split()[0]
    return Browser() if username == "anonymous" else logged_in(username)


@pytest.fixture
def crawled(ground: Ground, db, record_property: Callable[[str, object], None]) -> Crawled:
    """`crawled(role, quick=True)` gives the report of the crawl over the ground of the role.

    `cut` is called before: what it switches off is off for the crawl.
    """

    def crawl(
        role: Role, *, quick: bool = False, cut: Callable[[], None] = lambda: None, sample: Sample = EVERYTHING
    ) -> Report:
        client = browser_of(role)
        cut()
        report = sweep(role, ground, client, quick=quick, sample=sample)
        record_property("canaries", report.figures())
        return report

    return crawl
