"""Two people at once at one switch, and a till that sells at that moment: one decision holds, each booking is in its
ledger.
"""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from accounting.models import AccountingSwitch, Movement
from accounting.operations import (
    ask_accounting_switch,
    confirm_accounting_switch,
    post_sale,
    withdraw_accounting_switch,
)
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.accounting.accounts import guest, key
from tests.customers.test_cards_at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def second(cast) -> Scope:
    return Scope(user=cast.user("bodo"), location=cast.location("Zentrale"), rights=frozenset({Right.MANAGE_LOCATION}))


def asked(cast) -> AccountingSwitch:
    anna = cast.scope("anna", "Zentrale")
    return ask_accounting_switch(location=cast.location("Hamburg").pk, mode="own", reason="x", actor=anna)


def test_confirmed_and_withdrawn_at_once_one_of_both_holds(cast):
    row, anna, other = asked(cast), cast.scope("anna", "Zentrale"), second(cast)
    told = at_once(
        anna,
        lambda: withdraw_accounting_switch(switch=row.pk, actor=anna),
        lambda: confirm_accounting_switch(switch=row.pk, actor=other),
    )
    assert told == ["", "accountingswitch_decided"]
    assert AccountingSwitch.objects.get().state in ("confirmed", "withdrawn")


def test_what_is_sold_while_it_is_confirmed_is_in_the_ledger_of_then(cast):
    """The confirmation waits for the sale that is being booked; one that comes after it goes to the other ledger."""
    hamburg, row, other = cast.scope("anna", "Hamburg"), asked(cast), second(cast)
    whose = guest(hamburg)
    done: list[str] = []

    def confirm() -> None:
        try:
            confirm_accounting_switch(switch=row.pk, actor=other)
            done.append("confirmed")
        finally:
            connection.close()

    with row_scope.rows_of(hamburg):
        post_sale(customer=whose.pk, amount=Decimal(1), key=key(), actor=hamburg)
        person = threading.Thread(target=confirm)
        person.start()
        person.join(0.5)
        assert done == []
    person.join(20)
    assert done == ["confirmed"]
    with pytest.raises(ValidationError, match="no account yet"):
        post_sale(customer=whose.pk, amount=Decimal(1), key=key(), actor=hamburg)
    post_sale(customer=whose.pk, amount=Decimal(1), key=key(), is_late=True, actor=hamburg)
    owners = Movement.objects.order_by("posted_at").values_list("owner_key", flat=True)
    assert list(owners) == [0, hamburg.location.pk]
