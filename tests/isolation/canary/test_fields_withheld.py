"""Whoever may not see contact data, bank data and memos goes everywhere in his own business, and reads none of them.

The same crawl by somebody who may see them reads all of them: they would be found.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from customers.field_groups import EVIDENCE, FIELDS, FieldGroup
from customers.models import Customer
from tests.conftest import logged_in
from tests.customers.people import person_without
from tests.isolation.canary.canaries import Canary
from tests.isolation.canary.crawler import Role, sweep
from tests.isolation.canary.roles import NORDLICHT, SUEDSTERN
from tests.isolation.canary.test_canary_sweep import complaints
from tests.isolation.canary.visitor import Report

WITHHELD = {("customers.Customer", name) for names in FIELDS.values() for name in names} | {
    ("customers.Consent", EVIDENCE)
}
HAMBURG, CENTRAL = f"/{NORDLICHT}/2/", f"/{NORDLICHT}/1/"
AT_EACH = pytest.mark.parametrize("place", [HAMBURG, CENTRAL])


@dataclass
class Reader:
    """Somebody of the business that is planted, and which columns he has read of it."""

    place: str
    may_see: bool
    read: set[tuple[str, str]] = field(default_factory=set)

    def crawl(self, ground: Any) -> Report:
        missing = [] if self.may_see else [group.right for group in FieldGroup]
        person_without(*missing)
        role = Role("teilsicht", (self.place,), foreign=(NORDLICHT,), own=(SUEDSTERN,), may_read=self._may_read)
        return sweep(role, ground, logged_in("teilsicht"), quick=True)

    def _may_read(self, canary: Canary, _address: str) -> bool:
        column = (canary.table, canary.column)
        self.read.add(column)
        return self.may_see or column not in WITHHELD


pytestmark = [
    pytest.mark.proof,
    pytest.mark.sample("crawls", most=1),
    pytest.mark.parametrize("ground", [((NORDLICHT,), (SUEDSTERN,))], indirect=True, ids=["nordlicht"]),
]


@AT_EACH
def test_nothing_is_read_that_is_withheld(ground, db, place):
    report = Reader(place, may_see=False).crawl(ground)
    assert complaints(report) == []
    assert report.responses >= 100
    assert report.read["customers.Customer"] > 0


def test_same_crawl_reads_all_of_it_with_the_rights(ground, db):
    reader = Reader(CENTRAL, may_see=True)
    report = reader.crawl(ground)
    assert complaints(report) == []
    assert WITHHELD - reader.read == set()


def test_canaries_stand_in_every_column(ground, db):
    planted = {(canary.table, canary.column) for some in ground.canaries.planted.values() for canary in some}
    assert planted >= WITHHELD
    assert Customer.objects.count() > 0
