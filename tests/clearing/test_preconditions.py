"""What must be so before a first run is named with its remedy, at both sides, and keeps the run from beginning."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from clearing import limits
from clearing.branch import preconditions as at_branch
from clearing.branch import running
from clearing.branch.alarms import own_alarms
from clearing.branch.talking import CentralRefused
from clearing.central import pairing
from clearing.central import preconditions as at_central
from clearing.choices import AlarmKind
from clearing.models import HeldBack, Node, OwnNode, PairingCode
from clearing.preconditions import NotReady, Standing, clock, disk, versions
from clearing.program import program_version
from customers.choices import ConsentSource
from customers.models import Consent, ConsentPurpose, Customer
from locations.models import CustomerBase, Location
from mcp.isolation import own_database
from mcp.stored_sentences import sentences_of
from tests.clearing import pairs
from tests.conftest import logged_in

AT = "/10400/4/clearing/node/"
FULL, ROOMY = 1024**2, 100 * 1024**3


def standings(known: Any) -> dict[str, str]:
    return {str(one.subject): str(one.standing) for one in known}


def text(answer: Any) -> str:
    return str(answer.content.decode())


@pytest.fixture
def roomy(monkeypatch) -> None:
    """Both sides have room, whatever this machine has."""
    monkeypatch.setattr(at_branch, "own_free_bytes", lambda: ROOMY)
    monkeypatch.setattr(at_central, "own_free_bytes", lambda: ROOMY)


# --- what both sides ask ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("branch", "central", "protocol", "standing"),
    [
        ("", "1.2", None, Standing.UNKNOWN),
        ("1.2", "", 1, Standing.UNKNOWN),
        ("1.2", "1.2", 1, Standing.MET),
        ("1.1", "1.2", 1, Standing.WARNING),
        ("1.1", "1.2", 0, Standing.MISSING),
        ("1.3", "1.2", 1, Standing.MET),
    ],
)
def test_versions(branch, central, protocol, standing):
    assert versions(branch=branch, central=central, protocol=protocol).standing == standing


@pytest.mark.parametrize(
    ("ahead", "standing", "words"),
    [
        (None, Standing.UNKNOWN, "when the branch calls"),
        (timedelta(minutes=5), Standing.MET, "same time"),
        (timedelta(minutes=6), Standing.WARNING, "6 minutes fast"),
        (timedelta(minutes=-6), Standing.WARNING, "6 minutes slow"),
    ],
)
def test_a_wrong_clock_is_a_warning(ahead, standing, words):
    found = clock(ahead)
    assert found.standing == standing
    assert words in found.sentence


def test_disk_is_estimated_by_what_will_be_cut():
    needed = limits.room_needed(1_000)
    assert disk(needed, 1_000).standing == Standing.MET
    assert disk(needed - 1, 1_000).standing == Standing.MISSING
    assert disk(None, 1_000).standing == Standing.UNKNOWN
    assert disk(limits.ROOM_OF_A_RUN, None).standing == Standing.MET


def test_a_refusal_names_each_missing_thing_in_the_language_of_the_reader():
    refusal = NotReady([disk(FULL, 7), versions(branch="1", central="2", protocol=0)])
    kept = sentences_of(refusal)
    assert [sentence["code"] for sentence in kept] == ["disk_missing", "versions_missing"]
    assert "7 customers" in str(kept)


# --- at the central -----------------------------------------------------------------------------------------------


def test_the_central_says_what_it_knows_before_a_code_is_shown(cast, roomy):
    page = logged_in("anna").get(AT)
    assert standings(page.context["preconditions"]) == {
        "branch_number": "met", "client_number": "met", "vocabulary": "unknown", "versions": "unknown",
        "clock": "unknown", "disk": "unknown",
    }  # fmt: skip
    assert logged_in("anna").get("/10400/2/clearing/node/").context["preconditions"] == []


def test_without_room_at_the_central_no_code_is_shown(cast, roomy, monkeypatch):
    anna = cast.scope("anna", "Lübeck")
    monkeypatch.setattr(at_central, "own_free_bytes", lambda: FULL)
    with pytest.raises(NotReady, match="Make room"):
        pairing.make_pairing_code(location=anna.location, actor=anna)
    assert not PairingCode.objects.exists()
    monkeypatch.setattr(at_central, "own_free_bytes", lambda: None)
    assert pairing.make_pairing_code(location=anna.location, actor=anna)


def test_another_base_than_that_of_the_branch_number_is_missing(cast, roomy):
    place: Location = cast.location("Lübeck")
    place.branch_number = 77
    found = at_central.preconditions_of(place)[0]
    assert (found.standing, found.page, found.arguments) == (
        Standing.MISSING,
        "admin:locations_location_change",
        (str(place.pk),),
    )


def test_page_of_a_node_shows_them_until_its_first_run(pair, roomy):
    node = pair.node
    Node.objects.filter(pk=node.pk).update(
        clock_ahead=timedelta(minutes=9), free_bytes=FULL, waiting=10, program="0.0.1", protocol=0
    )
    anna = logged_in("anna")
    shown = anna.get(f"{AT}{node.pk}/", headers={"Accept-Language": "en"})
    assert standings(shown.context["preconditions"]) == {
        "branch_number": "met", "client_number": "met", "vocabulary": "unknown", "versions": "missing",
        "clock": "warning", "disk": "missing",
    }  # fmt: skip
    assert "9 minutes fast" in text(shown)
    Node.objects.filter(pk=node.pk).update(decided=1)
    assert anna.get(f"{AT}{node.pk}/").context["preconditions"] == []


def test_a_second_installation_under_one_client_number_is_named(pair, roomy):
    found = at_central.preconditions_of(pair.there.location)
    assert standings(found)["client_number"] == "warning"
    assert found[1].arguments == (str(pair.node.pk),)
    assert standings(at_central.preconditions_of(pair.there.location, pair.node))["client_number"] == "met"


def test_a_first_run_begins_only_where_the_central_has_room_for_it(pair, roomy, monkeypatch):
    monkeypatch.setattr(at_central, "own_free_bytes", lambda: FULL)
    with pytest.raises(CentralRefused) as refused:
        pair.run()
    assert (refused.value.code, refused.value.status) == ("no_room", 507)
    assert pair.node.contacted_at is not None, "the contact is kept"
    assert pair.cycles() == []
    monkeypatch.setattr(at_central, "own_free_bytes", lambda: ROOMY)
    pair.run()
    monkeypatch.setattr(at_central, "own_free_bytes", lambda: FULL)
    pair.run()
    assert pair.cycles() == [(1, "done"), (2, "done")]


# --- at the branch ------------------------------------------------------------------------------------------------


def said_by_somebody(pair: Any, purpose: str) -> None:
    location = pair.own.location
    CustomerBase.objects.filter(pk=location.base_id).update(edit_side="both")
    owned = {"organization": location.organization, "base": location.base}
    number = location.first_number + Customer.objects.filter(base=location.base).count()
    customer = Customer.objects.create(**owned, customer_number=number, last_name="Muster")
    Consent.objects.create(
        **owned, location=location, customer=customer, purpose=purpose, is_given=True, at=timezone.now(),
        source=ConsentSource.FORM,
    )  # fmt: skip


def test_purposes_that_the_central_lacks_keep_the_first_run_from_being_cut(pair, roomy, monkeypatch):
    said_by_somebody(pair, "newsletter")
    ConsentPurpose.objects.create(
        organization=pair.own.organization, code="baking_course", name="Baking course", wording="x", wording_version="1"
    )
    said_by_somebody(pair, "baking_course")
    with pytest.raises(NotReady) as refused:
        pair.run()
    assert [error.code for error in refused.value.error_list] == ["vocabulary_missing"]
    assert "(baking_course)" in str(refused.value)
    assert "newsletter" not in str(refused.value)
    assert pair.cycles() == []
    assert pair.fresh.failure[0]["code"] == "vocabulary_missing"
    with pytest.raises(NotReady):
        pair.run()


def test_without_room_the_first_run_is_not_cut_and_the_contact_is_kept(pair, roomy, monkeypatch):
    monkeypatch.setattr(at_branch, "own_free_bytes", lambda: FULL)
    with pytest.raises(NotReady, match="Make room"):
        pair.run()
    own: OwnNode = pair.fresh
    assert (own.central_program, own.applied) == (program_version(), 0)
    assert own.clock_ahead is not None
    assert own.rights_as_of is not None or own.site_hash, "who may work here is known all the same"
    monkeypatch.setattr(at_branch, "own_free_bytes", lambda: ROOMY)
    pair.run()
    monkeypatch.setattr(at_branch, "own_free_bytes", lambda: FULL)
    pair.run()
    assert pair.cycles() == [(1, "done"), (2, "done")], "later ones are not asked"


def test_numbers_that_do_not_fit_are_named_at_the_branch(pair, roomy):
    own: OwnNode = pair.fresh
    own.location.branch_number, own.location.client_number = 9, 1
    found = standings(at_branch.preconditions_of(own))
    assert (found["branch_number"], found["client_number"]) == ("missing", "missing")


def test_too_many_groups_are_named(pair, roomy, monkeypatch):
    monkeypatch.setattr(at_branch, "MOST", -1)
    found = at_branch.preconditions_of(pair.fresh)[2]
    assert (found.standing, found.page) == (Standing.MISSING, "admin:customers_customergroup_changelist")


def test_the_command_says_the_same_and_sends_nothing(pair, roomy, monkeypatch, capsys, settings):
    settings.SIDE = "branch"
    monkeypatch.setattr(own_database, "demand_side", lambda: None)
    call_command("clear", check=True)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6
    assert lines[0] == "Branch number: Met. The branch number 4 is fixed."
    assert pair.line.asked == [] or pair.cycles() == []
    monkeypatch.setattr(at_branch, "own_free_bytes", lambda: FULL)
    with pytest.raises(CommandError, match="Missing before a first run: Disk"):
        call_command("clear", check=True)


# --- alarms at the branch -----------------------------------------------------------------------------------------


@pytest.fixture
def own(pair, roomy) -> OwnNode:
    found: OwnNode = OwnNode.objects.select_related("node").get(pk=pair.own.pk)
    found.succeeded_at, found.central_program = timezone.now(), program_version()
    return found


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({}, []),
        ({"succeeded_at": timezone.now() - timedelta(days=1, hours=1)}, [AlarmKind.LATE]),
        ({"succeeded_at": timezone.now() - timedelta(days=8)}, [AlarmKind.MISSING]),
        ({"failure": running.BROKEN()}, [AlarmKind.FAILING]),
        ({"failure": sentences_of(ValidationError("x", code="quarantined"))}, [AlarmKind.QUARANTINED]),
        ({"central_program": "999.0"}, [AlarmKind.OLD_VERSION]),
    ],
)
def test_the_branch_says_what_concerns_it(own, values, kinds):
    for name, value in values.items():
        setattr(own, name, value)
    assert [alarm.kind for alarm in own_alarms(own, now=timezone.now())] == kinds
    assert all(alarm.sentence and alarm.title for alarm in own_alarms(own, now=timezone.now()))


def test_changes_held_back_and_the_disk_concern_the_branch(own, monkeypatch):
    HeldBack.objects.create(
        base=own.base, uid=own.incarnation, customer_number=1, name="x", node=own.node, cycle_number=1
    )
    assert [alarm.kind for alarm in own_alarms(own, now=timezone.now())] == [AlarmKind.HELD_BACK]
    monkeypatch.setattr("clearing.branch.alarms.own_free_bytes", lambda: FULL)
    assert [alarm.kind for alarm in own_alarms(own, now=timezone.now())][-1] == AlarmKind.DISK
    assert [alarm.kind for alarm in own_alarms(None, now=timezone.now())] == [AlarmKind.DISK]


def test_page_and_front_page_of_a_branch_show_both(pair, roomy, settings, monkeypatch):
    """The branch stands in a business of its own here: its row is hung to the location of anna."""
    settings.SIDE = "branch"
    place = pair.cast.location("Lübeck")
    OwnNode.objects.create(
        base=place.base, organization=place.organization, location=place, node=pair.node, central_url=pairs.URL,
        failure=running.BROKEN(),
    )  # fmt: skip
    anna = logged_in("anna")
    page = anna.get(f"{AT}own/", headers={"Accept-Language": "en"})
    assert page.context["alarms"] == []  # why the last run has failed stands there by itself
    assert standings(page.context["preconditions"])["vocabulary"] == "unknown"
    panel = text(anna.get("/10400/4/overview/own_alarms/", headers={"Accept-Language": "en"}))
    assert "The last run has failed" in panel
