"""Each net alone: the crawl with the guards of the code cut, and the crawl with row security off."""

from __future__ import annotations

from typing import Any

import pytest

from customers import querysets as of_customers
from locations import querysets as of_locations
from mcp import querysets as of_mcp
from mcp.isolation.scope import Scope
from tests.isolation.canary.conftest import Crawled, as_each
from tests.isolation.canary.crawler import Role
from tests.isolation.canary.roles import ROLES
from tests.isolation.guards.mutants import NARROWING
from tests.isolation.nets import row_security_off

pytestmark = pytest.mark.isolation

CRAWLING = [ROLES[name] for name in ("anna", "frida", "sven")]


def code_guards_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is inside holds every right, and nothing that narrows rows to a base, business or place narrows."""
    monkeypatch.setattr(Scope, "allows", lambda _scope, _right: True)
    monkeypatch.setattr(Scope, "demand", lambda _scope, _right: None)
    for module in (of_locations, of_mcp, of_customers):
        for owner in [thing for thing in vars(module).values() if _is_queryset_of(module, thing)]:
            for name in NARROWING & vars(owner).keys():
                monkeypatch.setattr(owner, name, lambda rows, *_given, **_named: rows.all())


def _is_queryset_of(module: Any, thing: Any) -> bool:
    return isinstance(thing, type) and thing.__module__ == module.__name__ and thing.__name__.endswith("QuerySet")


@pytest.mark.sample("crawls", most=1)
@as_each(CRAWLING)
def test_row_security_alone_lets_no_word_through(crawled: Crawled, monkeypatch, role: Role, note):
    """Pages break without their guards, which is no leak; that they would leak is shown below."""
    report = crawled(role, quick=True, cut=lambda: code_guards_off(monkeypatch))
    note(f"row security alone, as {role.name}: {report.responses} responses, {len(report.found)} canaries")
    assert [str(finding) for finding in report.found] == []
    assert report.responses >= 100


@pytest.mark.sample("crawls", most=1)
@as_each(CRAWLING[:1])
def test_same_crawl_with_both_nets_cut_reads_words_of_others(crawled: Crawled, monkeypatch, role: Role, note):

    def cut() -> None:
        code_guards_off(monkeypatch)
        row_security_off(monkeypatch)

    report = crawled(role, quick=True, cut=cut)
    note(f"both nets cut, as {role.name}: {report.responses} responses, {len(report.found)} canaries")
    assert len({str(finding) for finding in report.found}) >= 10


@pytest.mark.sample("crawls", most=1)
@as_each(CRAWLING)
def test_code_alone_lets_no_word_through(crawled: Crawled, monkeypatch, role: Role, note):
    report = crawled(role, quick=True, cut=lambda: row_security_off(monkeypatch))
    note(f"guards of the code alone, as {role.name}: {report.responses} responses, {len(report.found)} canaries")
    assert [*report.broken, *(str(finding) for finding in report.found)] == []
    assert report.responses >= 100
