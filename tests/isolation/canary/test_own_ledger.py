"""Within one business: whoever goes everywhere else reads no word of what a location on its own bills."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction

from tests.conftest import Cast, logged_in
from tests.isolation.canary.crawler import Role, sweep
from tests.isolation.canary.planting import _NOBODY, Ground
from tests.isolation.canary.planting_own_ledger import OwnLedger
from tests.isolation.canary.test_canary_sweep import complaints
from tests.proofs.sampling import Sample

AT_OTHERS = [Role("anna", ("/10400/1/",), (), ()), Role("bodo", ("/10400/2/",), (), ())]
READ_THERE = {"accounting.Invoice", "accounting.Issuer", "accounting.DunningLevel"}


@pytest.fixture(scope="module")
def ground(standing) -> Iterator[Ground]:
    with transaction.atomic():
        ground: Any = Ground(foreign=(), own=())
        ledger = OwnLedger(Cast().location("Flensburg"), ground.canaries)
        ledger.plant(Cast())
        ground.foreign.append(ledger)
        with connection.cursor() as cursor:
            cursor.execute(_NOBODY)
        yield ground
        transaction.set_rollback(True)


@pytest.mark.proof
@pytest.mark.sample("crawls", most=1)
@pytest.mark.parametrize("role", AT_OTHERS, ids=str)
def test_no_word_of_it_is_read_elsewhere(ground: Any, db, role: Role, sample: Sample):
    report = sweep(role, ground, logged_in(role.name), quick=True, sample=sample)
    assert complaints(report) == []
    assert report.responses >= 100


@pytest.mark.proof
def test_same_crawl_reads_it_at_the_location(ground: Any, db):
    role = Role("anna", ("/10400/6/",), (), (), may_read=lambda _canary, address: address.startswith("/10400/6/"))
    report = sweep(role, ground, logged_in(role.name), quick=True)
    assert complaints(report) == []
    assert set(report.read) >= READ_THERE
