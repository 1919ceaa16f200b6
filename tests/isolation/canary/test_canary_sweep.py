"""Whoever goes everywhere, and tries everything that others could try, reads no word of another business."""

from __future__ import annotations

import pytest

from tests.isolation.canary.conftest import Crawled, as_each, at_each_place
from tests.isolation.canary.crawler import Role
from tests.isolation.canary.roles import ROLES, TWIN
from tests.isolation.canary.visitor import Report
from tests.proofs.sampling import Sample

READ_BY_THE_TWIN = {
    "locations.Organization",
    "locations.Location",
    "mcp.User",
    "mcp.UserGroup",
    "customers.Customer",
    "customers.CustomerGroup",
    "customers.Tag",
    "customers.CustomerExport",
    "customers.ExportChunk",
    "customers.ImportUpload",
    "customers.ImportVerdict",
    "customers.ImportChunk",
    "pghistory.Context",
}
"""Every table of which some page shows a text."""


def complaints(report: Report) -> list[str]:
    return [*report.broken[:10], *(str(finding) for finding in report.found[:10])]


@pytest.mark.isolation
@pytest.mark.sample("full crawls", most=0)
@as_each(at_each_place(ROLES.values()))
def test_no_word_of_another_business_is_read(crawled: Crawled, role: Role):
    report = crawled(role)
    assert complaints(report) == []
    assert report.responses >= 500


@pytest.mark.proof
@pytest.mark.sample("crawls", most=1)
@as_each([TWIN])
def test_same_crawl_reads_every_table_of_its_own_business(crawled: Crawled, role: Role):
    report = crawled(role, quick=True)
    assert complaints(report) == []
    assert set(report.read) >= READ_BY_THE_TWIN


@pytest.mark.proof
@pytest.mark.sample("crawls", most=1)
@as_each(ROLES.values())
def test_quick_crawl_reads_no_word_of_another_business(crawled: Crawled, role: Role, sample: Sample):
    report = crawled(role, quick=True, sample=sample)
    assert complaints(report) == []
    assert report.responses >= 100
