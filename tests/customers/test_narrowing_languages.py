"""By what a list was narrowed is kept of no language: with an export and with a bulk change."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from customers.bulk import changing
from customers.bulk.changing import Wish
from customers.choices import BulkKind
from customers.models import BulkChange
from customers.selection.selecting import select
from mcp.isolation.scope import Scope
from tests.customers import people

QUERIES = [
    ("q=meier&archived=yes", "Search: meier; Archived: Only archived"),
    ("birthday=2&blocked=yes", "Birthday: February; Blocked: Yes"),
    ("registered=last_month", "Registered in: last month"),
    ("changed_since=2026-03-09", "Changed since: 9 Mar 2026"),
    ("consent=newsletter.given", "Consent: Newsletter: given"),
    ("", ""),
]


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.mark.parametrize(("query", "english"), QUERIES)
def test_filters_that_a_german_has_kept_are_read_in_english(anna, query, english):
    with override("de"):
        found = select(anna, query)
        kept = changing.propose(
            wish=Wish(kind=BulkKind.GROUP, group=people.group(anna, "Gast")), query=query, chosen=found, shown=None,
            actor=anna,
        )  # fmt: skip
        german = str(found.in_words)
    stored = BulkChange.objects.get(pk=kept.pk).narrowed_by
    with override("en"):
        assert str(stored) == english
    with override("de"):
        assert str(stored) == german
    assert (german == english) == (not query)


def test_list_of_exports_says_it_in_the_language_of_who_looks(anna, log_in):
    client = log_in("anna")
    made = client.post(
        f"{people.HAMBURG}{people.LIST}export/?archived=yes", {"format": "plain", "column": ["last_name"]},
        headers={"accept-language": "de"},
    )  # fmt: skip
    assert made.status_code == 200
    assert b"".join(made.streaming_content)
    page = f"{people.HAMBURG}{people.LIST}export/files/"
    assert "Archived: Only archived" in client.get(page, headers={"accept-language": "en"}).content.decode()
    assert "Archived:" not in client.get(page, headers={"accept-language": "de"}).content.decode()
