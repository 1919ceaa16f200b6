"""A switch of a large base: a real worker carries it out and takes it back, and tells what keeps it from doing so."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from clearing.models import Node
from customers.models import Customer
from locations.choices import BaseKind
from locations.models import Location
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.conftest import Cast, as_web_role
from tests.transitions.switched import asked_to_shared, customers, state_of
from tests.worker import empty_queue, work
from transitions import switching
from transitions.choices import SwitchState
from transitions.models import BaseSwitch, SwitchStep
from transitions.switching import ordering
from transitions.tasks import NOT_EXECUTED

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _every_base_is_large(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ordering, "DIRECT_CUSTOMERS", 0)
    empty_queue()
    yield
    empty_queue()


def state(switch: BaseSwitch) -> str:
    return BaseSwitch.objects.get(pk=switch.pk).state


def rita_there(cast: Cast) -> Scope:
    """Support at the location, as a request sees it now."""
    return cast.scope("rita", "Lübeck")


def test_worker_carries_it_out_and_takes_it_back(cast: Cast) -> None:
    place = cast.location("Lübeck")
    customers(place, 4_000_001, 4_000_002)
    before = state_of(place.base)
    asked = asked_to_shared(cast)
    rita = rita_there(cast)
    with as_web_role(), row_scope.rows_of(rita):
        assert switching.execute_now(switch=asked, actor=rita).state == SwitchState.REQUESTED
        with pytest.raises(ValidationError, match=r"at it already|schon"):
            switching.execute_now(switch=asked, actor=rita)
    work()
    assert state(asked) == SwitchState.EXECUTED
    assert Location.objects.get(pk=place.pk).base.kind == BaseKind.SHARED
    assert Customer.objects.filter(base=asked.target_id, customer_number__in=[4_000_001, 4_000_002]).count() == 2
    rita = rita_there(cast)
    with as_web_role(), row_scope.rows_of(rita):
        switching.undo_now(switch=BaseSwitch.objects.get(pk=asked.pk), actor=rita)
    work()
    assert state(asked) == SwitchState.UNDONE
    assert state_of(Location.objects.get(pk=place.pk).base) == before


def test_what_keeps_the_worker_from_it_is_told_at_the_switch(cast: Cast) -> None:
    """A node was paired since it was ordered, and has not heard of it."""
    place = cast.location("Lübeck")
    customers(place, 4_000_001)
    asked, rita = asked_to_shared(cast), rita_there(cast)
    with as_web_role(), row_scope.rows_of(rita):
        switching.execute_now(switch=asked, actor=rita)
    Node.objects.create(
        organization=place.organization, base=place.base, location=place, name="Kasse", public_key="key",
        paired_by="test", receipt="0" * 64,
    )  # fmt: skip
    work()
    assert state(asked) == SwitchState.REQUESTED
    assert Location.objects.get(pk=place.pk).base_id == place.base_id
    told = SwitchStep.objects.filter(switch=asked.pk).latest("pk").told
    assert [sentence["code"] for sentence in told] == [NOT_EXECUTED.code]
    with as_web_role(), row_scope.rows_of(rita):
        assert switching.under_way(asked) == ""
