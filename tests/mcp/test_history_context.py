"""Who acts is told to the history once in a transaction, and never lost."""

import pghistory
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from customers.models import Tag
from mcp.isolation.history_context import recorded_as

pytestmark = pytest.mark.django_db


@pytest.fixture
def base(cast):
    return cast.location("Zentrale").base


def made(base, name):
    return Tag.objects.create(base=base, name=name)


def facts(tag):
    return tag.history.get().pgh_context.metadata


def told(captured):
    return [query["sql"] for query in captured.captured_queries if "pghistory.context_id" in query["sql"]]


def test_it_is_told_once_and_stays_through_savepoints(base):
    with CaptureQueriesContext(connection) as captured, recorded_as(user=1):
        with transaction.atomic():
            first = made(base, "A")
        second = made(base, "B")
    assert len(told(captured)) == 1
    assert facts(first) == facts(second) == {"user": 1}
    assert first.history.get().pgh_context_id == second.history.get().pgh_context_id


def test_it_stays_where_something_inside_is_rolled_back(base):
    with recorded_as(user=1):
        with transaction.atomic():
            made(base, "A")
            transaction.set_rollback(True)
        kept = made(base, "B")
    assert facts(kept) == {"user": 1}


def test_facts_that_are_added_inside_stay_where_they_were_rolled_back(base):
    with recorded_as(user=1):
        first = made(base, "A")
        with transaction.atomic(), pghistory.context(reason="x"):
            made(base, "B")
            transaction.set_rollback(True)
        with transaction.atomic():
            second = made(base, "C")
        third = made(base, "D")
    assert facts(third) == facts(second) == {"user": 1, "reason": "x"}
    assert first.history.get().pgh_context_id == third.history.get().pgh_context_id


def test_next_block_has_facts_of_its_own(base):
    with recorded_as(user=1):
        first = made(base, "A")
    with recorded_as(user=2):
        second = made(base, "B")
    assert (facts(first), facts(second)) == ({"user": 1}, {"user": 2})
