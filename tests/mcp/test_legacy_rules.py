"""The rules of the customer base 1.0: switched by support, seen by the business, and what is so where one is lifted."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.html import escape

from customers.models import Customer
from customers.operations import register_customer
from locations import legacy
from locations.choices import LegacyRule
from locations.models import LegacySwitch, Location
from locations.operations import Place
from mcp.central import operations
from mcp.isolation import row_scope
from tests.locations.rules import lift

PAGE = "/locations/organization/legacy/"
ENGLISH = {"accept-language": "en"}
FIGURES, OPENING = LegacyRule.CENTRAL_FIGURES, LegacyRule.NEW_LOCATIONS
ADD = "/10400/1/locations/location/add/"


def of_one(cast, account: int = 10400) -> str:
    return f"/locations/organization/{cast.organization(account).pk}/legacy/"


def sent(rule: LegacyRule = FIGURES, wanted: str = "lifted", reason: str = "Auf Wunsch") -> dict[str, str]:
    return {"rule": rule, "wanted": wanted, "reason": reason}


def text(client, address: str) -> str:
    answer = client.get(address, headers=ENGLISH)
    assert answer.status_code == 200
    return answer.content.decode()


def held(cast) -> list[bool]:
    """Whether the rule of the figures holds for Nordlicht, and for Südstern."""
    return [legacy.is_in_force(FIGURES, cast.organization(account)) for account in (10400, 20800)]


# --- switching --------------------------------------------------------------------------------------------------


def test_rule_is_lifted_for_one_business_and_not_for_another(cast, log_in):
    rita = log_in("rita")
    assert rita.post(of_one(cast), sent()).status_code == 302
    assert held(cast) == [False, True]
    assert rita.post(of_one(cast), sent(wanted="as_all", reason="Wieder wie alle")).status_code == 302
    assert held(cast) == [True, True]


def test_rule_is_lifted_for_all_but_a_business_for_which_it_shall_hold(cast, log_in):
    rita = log_in("rita")
    assert rita.post(of_one(cast, 20800), sent(wanted="held")).status_code == 302
    assert rita.post(PAGE, sent()).status_code == 302
    assert held(cast) == [False, True]
    assert "20800 · Südstern Kantinen: Figures at the central, holds" in " ".join(text(rita, PAGE).split())
    assert rita.post(PAGE, sent(wanted="held", reason="Zurück")).status_code == 302
    assert held(cast) == [True, True]


@pytest.mark.parametrize("who", ["anna", "bodo", "carla", "dirk", "frida", "sven", "ines", "dev"])
def test_nobody_else_sees_or_switches(cast, log_in, who):
    client = log_in(who)
    for address in (PAGE, of_one(cast)):
        assert client.get(address).status_code == client.post(address, sent()).status_code == 404
    assert PAGE not in client.get("/?all=1").content.decode()
    with pytest.raises(PermissionDenied):
        operations.switch_legacy_rule(
            rule=FIGURES, organization=None, is_lifted=True, reason="x", support=cast.user(who)
        )
    assert not LegacySwitch.objects.exists()


def test_support_that_was_deactivated_switches_nothing(cast):
    rita = cast.user("rita")
    rita.is_active = False
    with pytest.raises(PermissionDenied):
        operations.switch_legacy_rule(rule=FIGURES, organization=None, is_lifted=True, reason="x", support=rita)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (sent(reason=""), "This field is required."),
        (sent(reason="  "), "This field is required."),
        (sent(wanted="held"), "This is so already."),
    ],
)
def test_refused_switch_says_why_and_keeps_what_was_typed(cast, log_in, data, said):
    answer = log_in("rita").post(PAGE, data, headers=ENGLISH)
    assert answer.status_code == 400
    assert said in answer.content.decode()
    assert f'value="{data["reason"].strip()}"' in answer.content.decode() or not data["reason"].strip()
    assert not LegacySwitch.objects.exists()


def test_two_who_switch_the_same_rule_at_the_same_moment(cast, log_in, monkeypatch):
    """Neither has found a switch; the second is refused by the database, with a sentence."""
    monkeypatch.setattr(LegacySwitch, "full_clean", lambda _switch: lift(FIGURES, cast.organization()))
    answer = log_in("rita").post(of_one(cast), sent(), headers=ENGLISH)
    assert answer.status_code == 400
    assert "Somebody has switched this rule at the same moment. Look at it once more." in answer.content.decode()


@pytest.mark.parametrize(
    "data", [sent(LegacyRule.LEAVING), sent(wanted="gone"), {"reason": "x"}, sent(wanted="as_all")]
)
def test_what_the_page_does_not_offer_is_refused(cast, log_in, data):
    assert log_in("rita").post(PAGE, data).status_code == 400
    assert not LegacySwitch.objects.exists()


@pytest.mark.parametrize("rule", [LegacyRule.LEAVING, LegacyRule.CENTRAL_EDITING])
def test_rule_without_which_something_would_not_work_is_not_lifted(cast, log_in, rule):
    with pytest.raises(ValidationError, match="This rule cannot be lifted yet"):
        operations.switch_legacy_rule(
            rule=rule, organization=None, is_lifted=True, reason="x", support=cast.user("rita")
        )
    shown = text(log_in("rita"), PAGE)
    assert escape(f"Cannot be lifted yet: {rule.without}") in shown
    assert f'name="rule" value="{rule.value}"' not in shown


def test_history_tells_who_when_why_and_for_whom(cast, log_in):
    rita = log_in("rita")
    rita.post(of_one(cast), sent(reason="Probelauf bis März"))
    rita.post(of_one(cast), sent(wanted="as_all", reason="Probelauf vorbei"))
    rita.post(of_one(cast, 20800), sent(reason="Nur dort"))
    events = apps.get_model("locations", "LegacySwitchEvent").objects.order_by("pgh_id")
    assert [(event.pgh_label, event.is_lifted, event.reason) for event in events] == [
        ("insert", True, "Probelauf bis März"),
        ("update", None, "Probelauf vorbei"),
        ("insert", True, "Nur dort"),
    ]
    assert {event.pgh_context.metadata["user_name"] for event in events} == {"Rita Richter"}
    entries = rita.get(PAGE, headers=ENGLISH).context["entries"]
    assert [(entry.whom, entry.rule, entry.is_lifted, entry.reason) for entry in entries] == [
        ("Südstern Kantinen", "Figures at the central", True, "Nur dort"),
        ("Nordlicht Bäckereien", "Figures at the central", None, "Probelauf vorbei"),
        ("Nordlicht Bäckereien", "Figures at the central", True, "Probelauf bis März"),
    ]
    assert [entry.reason for entry in rita.get(of_one(cast, 20800)).context["entries"]] == ["Nur dort"]


def test_page_takes_the_same_queries_for_one_and_three_switches(cast, log_in, django_assert_num_queries):
    rita = log_in("rita")
    for accounts in ([10400], [20800, 30100]):
        for account in accounts:
            lift(FIGURES, cast.organization(account))
        with django_assert_num_queries(5):  # session, user, the rules, other businesses, the history
            rita.get(PAGE)


def test_pages_are_found_from_the_side_bar_and_from_the_business(cast, log_in):
    rita = log_in("rita")
    assert f'href="{PAGE}"' in text(rita, "/?all=1")
    assert f'href="{of_one(cast)}"' in text(rita, of_one(cast).replace("legacy", "change"))
    assert f'href="{of_one(cast, 30100)}"' not in text(rita, of_one(cast, 30100).replace("legacy", "change"))


# --- new locations on 1.0 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("for_all", [True, False])
def test_central_opens_a_location_on_1_0_where_the_rule_is_lifted(cast, log_in, for_all):
    lift(OPENING, None if for_all else cast.organization())
    anna = log_in("anna")
    assert 'name="offline"' in anna.get(ADD).content.decode()
    data = {"name": "Husum", "client_number": 7, "branch_number": 4, "offline": "on"}
    assert anna.post(ADD, data).status_code == 302
    assert cast.location("Husum").base == cast.location("Lübeck").base


def test_rule_that_is_lifted_for_one_business_holds_for_another(cast, log_in):
    lift(OPENING, cast.organization())
    sven = cast.scope("sven", "Zentrale", 20800)
    assert 'name="offline"' not in log_in("sven").get("/20800/1/locations/location/add/").content.decode()
    with row_scope.rows_of(sven), pytest.raises(PermissionDenied):
        operations.open_branch(place=Place(name="Ulm"), offline=True, actor=sven)
    assert not Location.objects.filter(name="Ulm").exists()


def test_within_its_scope_a_business_knows_what_is_lifted_for_it(cast):
    lift(OPENING, cast.organization())
    for who, account, may in (("anna", 10400, True), ("sven", 20800, False), ("rita", 20800, True)):
        scope = cast.scope(who, "Zentrale", account)
        with row_scope.rows_of(scope):
            assert operations.may_open_offline(scope) is may


def test_lifted_rule_gives_nobody_the_right_to_open_locations(cast):
    lift(OPENING)
    frida = cast.scope("frida", "Flensburg")
    with pytest.raises(PermissionDenied):
        operations.open_branch(place=Place(name="Husum"), offline=True, actor=frida)


# --- customers at the central, and what a location is told ------------------------------------------------------


def test_customers_of_a_base_1_0_are_seen_and_changed_at_its_location_alone(cast, log_in):
    luebeck, anna = cast.scope("anna", "Lübeck"), log_in("anna")
    guest = register_customer(customer=Customer(last_name="Ahlers"), actor=luebeck)
    page = f"customers/customer/{guest.pk}/change/"
    assert [anna.get(f"/10400/{place}/{page}").status_code for place in (1, 4)] == [404, 200]
    assert anna.post(f"/10400/1/{page}", {"last_name": "Anders"}).status_code == 404
    with row_scope.rows_of(cast.scope("anna", "Zentrale")):
        assert Customer.objects.filter(pk=guest.pk).update(last_name="Anders") == 0
    guest.refresh_from_db()
    assert guest.last_name == "Ahlers"


@pytest.mark.parametrize(("who", "at"), [("anna", 1), ("anna", 4), ("rita", 1)])
def test_location_on_1_0_says_what_does_not_work_there_and_why(cast, log_in, who, at):
    client, luebeck = log_in(who), cast.location("Lübeck")
    address = f"/10400/{at}/locations/location/{luebeck.pk}/change/"
    for rule in LegacyRule:
        assert escape(f"{rule.sentence}") in text(client, address)
    lift(FIGURES, cast.organization(20800))
    assert escape(str(FIGURES.sentence)) in text(client, address)
    lift(FIGURES, cast.organization())
    shown = text(client, address)
    assert escape(str(FIGURES.sentence)) not in shown
    assert escape(str(LegacyRule.LEAVING.sentence)) in shown
    assert "Auf Wunsch" not in shown


def test_location_on_2_0_is_told_nothing_of_it(cast, log_in):
    hamburg = f"/10400/1/locations/location/{cast.location('Hamburg').pk}/change/"
    assert "What does not work here" not in text(log_in("anna"), hamburg)
