"""What a till sells at a location with accounts of its own is billed there, and nowhere else."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from accounting.models import Invoice
from tests.accounting.accounts import guest, on_its_own
from tests.accounting.debits import creditor
from tests.accounting.invoices import issued, prepared
from tests.api.asking import problem
from tests.api.money import MONEY, sold

pytestmark = pytest.mark.django_db


def test_order_of_a_till_is_billed_by_its_location_and_locked(cast, make_till):
    on_its_own(cast, "Hamburg")
    hamburg, central = cast.scope("anna", "Hamburg"), cast.scope("anna", "Zentrale")
    for scope in (hamburg, central):
        creditor(scope)
    cash, whose = make_till("Hamburg", *MONEY), guest(hamburg)
    done = sold(cash, whose.customer_number, "13.00")
    with pytest.raises(ValidationError, match="nothing to bill"):
        prepared(central)
    [one] = issued(hamburg)
    assert (one.gross, one.owner_key) == (13, hamburg.location.pk)
    pk = done["order"]["id"]
    assert cash.get(f"orders/{pk}").json()["state"] == "invoiced"
    assert problem(cash.post(f"orders/{pk}/cancel", {"reason": "Irrtum"})) == (409, "order_invoiced")
    assert Invoice.objects.count() == 1
