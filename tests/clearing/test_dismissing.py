"""Changes held back that are not sent again, because the pairing of their node has ended: dismissed, and never lost."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from clearing.central import switching as nodes
from clearing.central.holding import WAS_ERASED, keep_held
from clearing.choices import CycleState, NodeState
from clearing.conflicts import telling
from clearing.conflicts.dismissing import AnotherWaits, DismissedAlready, NotDismissed, SentAgain, dismiss, take_up
from clearing.models import Cycle, HeldBack, Node
from clearing.protocol.records import CustomerRecord
from customers.models import Customer
from locations.models import CustomerBase
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from tests.clearing.conflicting import UNKNOWN_TAG, held_back, node, version_now, with_values
from tests.conftest import Cast
from tests.customers.people import customer
from transitions import switching
from transitions.choices import SwitchDirection
from transitions.models import BaseSwitch
from transitions.switching.looking import preview

pytestmark = pytest.mark.django_db
HERE = "/10400/4/clearing/conflict/held-back/"


@pytest.fixture
def anna(cast: Cast) -> Scope:
    return cast.scope("anna", "Lübeck")


@pytest.fixture
def eva(anna: Scope) -> Customer:
    return customer(anna, first_name="Eva", last_name="Sommer", city="Kiel")


@pytest.fixture
def held(anna: Scope, eva: Customer) -> HeldBack:
    """A change by an installation whose pairing has ended."""
    made = held_back(anna, CustomerRecord(version_now(eva)), UNKNOWN_TAG)
    Node.objects.filter(pk=made.node_id).update(state=NodeState.RETIRED, held_back=1)
    return made


def waiting(base: Any) -> int:
    return HeldBack.objects.in_base(base).waiting().count()


def text(answer: Any) -> str:
    return unescape(answer.content.decode())


def test_dismissed_on_its_page_it_waits_no_more_and_can_be_read_and_taken_up(
    anna: Scope, held: HeldBack, log_in: Any, cast: Cast
) -> None:
    client, page = log_in("anna"), f"{HERE}{held.pk}/"
    shown = text(client.get(page))
    assert 'value="dismiss"' in shown
    assert [one.params["count"] for one in nodes.obstacles(anna.base)] == [1]
    assert switching.why_not(cast.location("Lübeck"), SwitchDirection.TO_SHARED)

    done = text(client.post(page, {"step": "dismiss", "note": "von Hand eingetragen"}, follow=True))
    assert "von Hand eingetragen" in done
    assert 'value="undo"' in done
    assert "Sommer" in done
    held.refresh_from_db()
    assert (held.dismissed_by, held.dismissed_note) == (str(anna.user), "von Hand eingetragen")
    assert Node.objects.get(pk=held.node_id).held_back == 0
    assert telling.facts(anna)["held_back"] == 0
    assert list(telling.about(Customer.objects.get(uid=held.uid), anna)) == []
    assert list(nodes.obstacles(anna.base)) == []
    assert switching.why_not(cast.location("Lübeck"), SwitchDirection.TO_SHARED) == ""
    assert f"{HERE}{held.pk}/" not in text(client.get(HERE))
    assert f"{HERE}{held.pk}/" in text(client.get(f"{HERE}?show=dismissed"))
    with pytest.raises(DismissedAlready):
        dismiss(held=held.pk, actor=anna)

    client.post(page, {"step": "undo"})
    held.refresh_from_db()
    assert (held.dismissed_at, held.dismissed_by, held.dismissed_note) == (None, "", "")
    assert (waiting(anna.base), Node.objects.get(pk=held.node_id).held_back) == (1, 1)
    with pytest.raises(NotDismissed):
        take_up(held=held.pk, actor=anna)


def test_the_preview_of_a_switch_lists_who_was_dismissed_by_number(anna: Scope, held: HeldBack) -> None:
    dismiss(held=held.pk, note="Frau Sommer", actor=anna)
    asked = BaseSwitch(
        organization=anna.organization, location=anna.location, direction=SwitchDirection.TO_SHARED,
        source=anna.base, target=CustomerBase.objects.of_organization(anna.organization).shared().get(),
    )  # fmt: skip
    seen = preview(asked)
    assert [(one.customer_number, one.dismissed_by) for one in seen.dismissed] == [
        (held.customer_number, str(anna.user))
    ]
    assert seen.is_free


def test_what_a_node_in_use_has_sent_is_not_dismissed_by_anybody(anna: Scope, eva: Customer, log_in: Any) -> None:
    made = held_back(anna, CustomerRecord(version_now(eva)), UNKNOWN_TAG)
    page = f"{HERE}{made.pk}/"
    client = log_in("anna")
    assert 'value="dismiss"' not in text(client.get(page))
    client.post(page, {"step": "dismiss"})
    with pytest.raises(SentAgain):
        dismiss(held=made.pk, actor=anna)
    with pytest.raises(IntegrityError), transaction.atomic():
        HeldBack.objects.filter(pk=made.pk, base=anna.base).update(dismissed_at=made.since, dismissed_by="anna")
    assert waiting(anna.base) == 1


def test_what_was_dismissed_stays_as_it_was_sent(anna: Scope, held: HeldBack) -> None:
    dismiss(held=held.pk, actor=anna)
    for changed in ({"record": None}, {"name": "x"}, {"cycle_number": 9}):
        with pytest.raises(IntegrityError), transaction.atomic():
            HeldBack.objects.filter(pk=held.pk, base=anna.base).update(**changed)
    with pytest.raises(IntegrityError), transaction.atomic():
        HeldBack.objects.filter(pk=held.pk, base=anna.base).update(dismissed_by="")


def test_nothing_is_lost_where_another_node_sends_the_customer(anna: Scope, eva: Customer, held: HeldBack) -> None:
    """Held back anew, taken, the same once more, erased: what the retired node has sent stays but in the last two."""
    other = node(anna, name="Kasse 2")
    run = Cycle.objects.create(base=anna.base, node=other, number=7, state=CycleState.ARRIVING)
    same = CustomerRecord(version_now(eva), base_rev=4)
    changed = replace(same, version=with_values(same.version, city="Bonn"))
    refused = Sentences([UNKNOWN_TAG])  # type: ignore[list-item]
    of_eva = HeldBack.objects.in_base(anna.base).filter(uid=eva.uid).order_by("pk")

    def after(*, taken: CustomerRecord | None = None, **refusal: Any) -> list[tuple[Any, bool]]:
        with transaction.atomic():
            held_now = {eva.uid: (eva.customer_number, refusal["reasons"], refusal["record"])} if refusal else {}
            keep_held(held_now, {eva.uid: taken} if taken else {}, cycle=run, node=other)
            found = [(row.node_id, row.dismissed_at is None) for row in of_eva.all()]
            for row in of_eva.dismissed():
                assert row.record == held.record
                assert (row.dismissed_by, "Kasse 2" in str(row.dismissed_told)) == ("Kasse 2", True)
            transaction.set_rollback(True)
        return found

    assert after(reasons=refused, record=changed) == [(held.node_id, False), (other.pk, True)]
    assert after(taken=changed) == [(held.node_id, False)]
    assert after(reasons=refused, record=same) == [(other.pk, True)]
    assert after(taken=same) == []
    assert after(reasons=WAS_ERASED(), record=None) == [(other.pk, True)]
    dismiss(held=held.pk, actor=anna)
    keep_held({eva.uid: (eva.customer_number, refused, changed)}, {}, cycle=run, node=other)
    with pytest.raises(AnotherWaits):
        take_up(held=held.pk, actor=anna)
    keep_held({eva.uid: (eva.customer_number, WAS_ERASED(), None)}, {}, cycle=run, node=other)
    assert [(row.node_id, row.record) for row in of_eva.all()] == [(other.pk, None)]
