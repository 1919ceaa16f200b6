"""Locations on their own that bill at the same moment as one another, the central and a switch."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from accounting.invoicing.running import issue_next
from accounting.models import Invoice, NumberSeries
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest, on_its_own
from tests.accounting.invoices import begun, issuer, order
from tests.accounting.own_billing import back_to_the_central
from tests.customers.test_cards_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
ORDERS = 6


@pytest.fixture
def billers(cast) -> dict[Scope, Scope]:
    """By whoever bills the place at which is sold for it."""
    for place in ("Hamburg", "Bremen"):
        on_its_own(cast, place)
    scopes = [cast.scope("anna", place) for place in ("Hamburg", "Bremen", "Zentrale")]
    for scope in scopes:
        issuer(scope)
    return dict(zip(scopes, [*scopes[:2], cast.scope("anna", "Flensburg")], strict=True))


def issue(run: Any, scope: Scope) -> None:
    while issue_next(run.pk, on=timezone.localdate(), actor=scope, most=1) is not None:
        pass


def test_each_numbers_for_itself_and_none_waits_for_ever(billers):
    runs = {}
    for biller, seller in billers.items():
        for turn in range(ORDERS):
            order(seller, guest(seller, last_name=f"Gast{turn}"))
        runs[biller] = begun(biller)
    somebody = next(iter(billers))
    attempts = [lambda run=run, scope=scope: issue(run, scope) for scope, run in runs.items() for _worker in range(2)]
    assert at_once(somebody, *attempts) == [""] * 6
    for scope in billers:
        with row_scope.rows_of(scope):
            owner = 0 if scope.location.is_central else scope.location.pk
            numbers = Invoice.objects.filter(owner_key=owner).values_list("sequence", flat=True)
            assert sorted(numbers) == list(range(1, ORDERS + 1))
            assert NumberSeries.objects.get(owner_key=owner).last == ORDERS


def test_run_goes_on_while_the_location_is_switched_back(cast, billers):
    hamburg = next(iter(billers))
    for turn in range(ORDERS):
        order(hamburg, guest(hamburg, last_name=f"Gast{turn}"))
    run = begun(hamburg)
    assert at_once(hamburg, lambda: issue(run, hamburg), lambda: back_to_the_central(cast)) == ["", ""]
    assert set(Invoice.objects.values_list("owner_key", "sequence")) == {
        (hamburg.location.pk, number) for number in range(1, ORDERS + 1)
    }
