"""Whoever has the disk of a branch, a stolen lease, or a right too few: what the central lets him have."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from clearing.branch.applying import REASON_NOT_KNOWN, _told
from clearing.branch.pairing import keep_pairing
from clearing.branch.pairing import pair as pair_with
from clearing.branch.talking import CentralRefused
from clearing.central import pairing, quarantine, receiving
from clearing.choices import RIGHTS_TO_PAIR, CycleState
from clearing.models import Cycle, CyclePart, Node, OwnNode, PairingCode
from clearing.protocol.records import HeldBackRecord
from customers.erasure import erase_customer
from customers.models import CustomerRevision
from locations.choices import EditSide
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.clearing import pairs
from tests.clearing.asking import code
from tests.clearing.conflicting import edited_at
from tests.clearing.people import EVA
from tests.conftest import forget_author, logged_in
from tests.customers.people import customer
from tests.transitions.switched import asked_to_shared
from transitions import switching

LEASES = ("applied", "receipt", "lease", "request", "sent_up_to", "incarnation")


def disk_of(pair: pairs.Pair) -> dict[str, Any]:
    return {name: getattr(pair.fresh, name) for name in LEASES}


def runs_with(pair: pairs.Pair, disk: dict[str, Any], **more: Any) -> str:
    """What the central says to whoever calls with this disk; empty where he is let in."""
    OwnNode.objects.filter(pk=pair.own.pk).update(**disk)
    try:
        pair.run(**more)
    except CentralRefused as refusal:
        return refusal.code
    return ""


# --- a stolen disk ------------------------------------------------------------------------------------------------


def test_whoever_is_not_the_heir_is_not_let_in_by_saying_that_he_was_restored(pair):
    pair.run()
    stolen = disk_of(pair)
    pair.run()
    ours = disk_of(pair)
    assert runs_with(pair, stolen) == "quarantined"
    quarantine.release(node=pair.node, heir=quarantine.Heir.KNOWN, actor=pair.cast.scope("rita", "Lübeck"))
    for _time in range(2):
        assert runs_with(pair, stolen, is_restored=True) == "pair_anew"
    assert runs_with(pair, ours) == ""
    assert runs_with(pair, disk_of(pair), is_restored=True) == ""  # the heir may be restored all the same


def test_nobody_was_restored_who_has_no_lease_of_ours(pair):
    pair.run()
    assert runs_with(pair, disk_of(pair) | {"lease": "1." + "0" * 32}, is_restored=True) == "quarantined"


def test_a_node_does_not_follow_its_location_to_another_base(pair, asks):
    assert asks("site/").status_code == 200
    asked = asked_to_shared(pair.cast)
    Node.objects.filter(pk=pair.node.pk).update(knows_side=EditSide.NEITHER)
    switching.execute(switch=asked, actor=pair.cast.scope("rita", "Lübeck"))
    assert {path: code(asks(path)) for path in ("site/", "hello/", "1/answer/1/")} == dict.fromkeys(
        ("site/", "hello/", "1/answer/1/"), (403, "switched")
    )
    forget_author()
    assert runs_with(pair, {}) == "switched"


def test_a_device_does_not_write_under_the_name_of_whomever_it_likes(pair, monkeypatch):
    Node.objects.filter(pk=pair.fresh.identity).update(name="Anna Andresen")
    names: list[str] = []

    def looked(run: Cycle, *, actor: Scope) -> None:
        names.append(actor.actor_name)
        pairs.small_decide(run, actor=actor)

    monkeypatch.setattr(receiving, "decide", looked)
    pair.run()
    assert names == ["Lübeck: Anna Andresen"]


def test_no_number_of_a_message_is_larger_than_what_keeps_it(asks):
    highest = 2**63 - 1
    assert [asks.hello(applied=number).status_code for number in (highest, highest - 1)] == [400, 200]
    for name in ("protocol", "counter", "waiting", "held_back", "free_bytes"):
        assert asks.hello(**{name: highest}).status_code == (400 if name == "protocol" else 200), name


def test_behind_the_highest_run_that_is_believed_there_is_another_one(asks):
    asks.hello(applied=2**63 - 2, receipt="a" * 64)
    assert asks.part(cycle=2**63 - 1).status_code == 204
    assert code(asks.part(cycle=2**63)) == (409, "gap")


# --- rights -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", RIGHTS_TO_PAIR)
def test_a_code_is_shown_to_nobody_who_may_not_have_all_that_a_branch_gets(cast, missing):
    anna = cast.scope("anna", "Lübeck")
    lacking = Scope(user=anna.user, location=anna.location, rights=frozenset(Right) - {missing})
    with pytest.raises(MissingRight) as refused:
        pairing.make_pairing_code(location=anna.location, actor=lacking)
    assert refused.value.right == missing


@pytest.mark.parametrize("missing", RIGHTS_TO_PAIR)
def test_a_branch_is_handed_to_no_central_by_whoever_may_not_have_all_of_it(pair, missing):
    """Else whoever manages the location alone could take all customers to a central of his own."""
    lacking = Scope(user=None, location=pair.actor.location, rights=frozenset(Right) - {missing}, system="x")
    nothing: Any = None
    with pytest.raises(MissingRight):
        keep_pairing(pair.own, nothing, actor=lacking)
    with pytest.raises(MissingRight):
        pair_with(pair.own, code="", central_url="", machine="", actor=lacking)


def test_support_makes_no_code_and_is_told_why(cast):
    """Else it would read all customers at a branch of its own."""
    rita, kiel = cast.scope("rita", "Kiel"), "/10400/5/clearing/node/"
    with pytest.raises(MissingRight):
        pairing.make_pairing_code(location=rita.location, actor=rita)
    support = logged_in("rita")
    page = support.get(kiel).content.decode()
    assert "all customers of this location" in page
    assert "Show a code" not in page
    assert "Show a code" in logged_in("anna").get(kiel).content.decode()
    assert support.post(f"{kiel}code/").status_code == 403
    assert not PairingCode.objects.filter(location=rita.location).exists()


# --- what takes long, and what is kept ----------------------------------------------------------------------------


def test_a_run_after_which_much_is_to_be_told_is_left_to_the_worker(asks, monkeypatch):
    asks.part()
    monkeypatch.setattr(receiving, "DECIDED_DIRECTLY", 3)
    base = asks.pair.node.base_id
    CustomerRevision.objects.bulk_create(
        CustomerRevision(base_id=base, uid=uuid4(), customer_number=number, revision=1, sequence=number)
        for number in range(1, 4)
    )
    assert asks.decide().status_code == 202
    Node.objects.filter(pk=asks.pair.fresh.identity).update(cursor=1)
    assert asks.decide().status_code == 200


@pytest.mark.parametrize("is_erased", [True, False])
def test_the_bytes_of_a_run_on_which_somebody_was_erased_go_with_its_end(asks, is_erased):
    asks.part()
    asks.decide()
    there = asks.pair.there
    edited_at(there.base, EditSide.BOTH)
    row = customer(there, last_name="Gegangen")
    if is_erased:
        erase_customer(customer=row.pk, reason="Auf Wunsch", actor=there)
    run = Cycle.objects.get(node=asks.pair.node)
    assert CyclePart.objects.filter(cycle=run).exists()
    asks.hello(applied=1, receipt=run.receipt)
    run.refresh_from_db()
    assert run.state == CycleState.DONE
    assert CyclePart.objects.filter(cycle=run).exists() is not is_erased


@pytest.mark.parametrize(
    "reason", [{"code": "of_a_newer_version", "params": {}}, {"code": "x", "text": "%(a)s", "params": {"b": 1}}]
)
def test_a_reason_that_only_a_newer_central_knows_is_told_as_one(reason):
    assert _told(HeldBackRecord(EVA, 1, (reason,))) == REASON_NOT_KNOWN()
