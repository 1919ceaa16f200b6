"""A code is shown once, becomes a node once, and tells whoever guesses nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from clearing.branch import running
from clearing.branch.pairing import OtherNumbers, request_pairing
from clearing.branch.transport import Unreachable, UnusableUrl, usable_url
from clearing.central import pairing
from clearing.models import Node, OwnNode, PairingCode
from clearing.protocol.keys import PrivateKey
from clearing.protocol.pairing_codes import LIFETIME, MOST_TRIES
from clearing.protocol.pairing_messages import Numbers, Pair
from locations.models import CustomerBase, Location
from mcp.isolation.scope import MissingRight
from mcp.login import throttling
from mcp.models import LoginAttempt
from tests.clearing import pairs
from tests.clearing.branches import own_node
from tests.conftest import Browser

KEY = PrivateKey.make().public.text
OURS = Numbers(account=10400, client=4, branch=4, first_number=1, last_number=4_999_999)


@pytest.fixture
def luebeck(cast) -> Any:
    return cast.scope("anna", "Lübeck")


@pytest.fixture
def code(luebeck) -> str:
    return pairing.make_pairing_code(location=luebeck.location, actor=luebeck)


def shown(code: str, **more: Any) -> Pair:
    values: dict[str, Any] = {"machine": "Kasse 1", "program": "1.0", "incarnation": UUID(int=5), "public_key": KEY}
    return Pair(code=code, **(values | more))


def told(code: str, **more: Any) -> Any:
    return Browser().post("/clearing/pair/", shown(code, **more).to_bytes(), content_type="application/json")


def wrong(code: str) -> str:
    """The first half is right."""
    return code[:-1] + ("A" if code[-1] != "A" else "C")


def refusals(code: str, **more: Any) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        pairing.pair(shown(code, **more), address=None)
    return [str(error.code) for error in refused.value.error_list]


def test_a_code_becomes_a_node_of_its_location(cast, luebeck, code):
    paired = pairing.pair(shown(code), address="10.0.0.1")
    place = luebeck.location
    node = Node.objects.get()
    assert (paired.node, paired.business, paired.location) == (node.pk, "Nordlicht Bäckereien", "Lübeck")
    assert (paired.numbers.account, paired.numbers.client, paired.numbers.branch) == (10400, 4, 4)
    assert (paired.numbers.first_number, paired.numbers.last_number) == (place.first_number, place.last_number)
    assert paired.epoch not in {"", "unknown"}
    assert (node.location, node.base, node.name, node.paired_by) == (place, place.base, "Kasse 1", "Anna Andresen")
    assert (node.state, node.public_key, node.receipt) == ("paired", KEY, paired.receipt)
    assert CustomerBase.objects.get(pk=place.base.pk).has_node
    assert not CustomerBase.objects.exclude(pk=place.base.pk).filter(has_node=True).exists()
    assert code.replace("-", "") not in str(PairingCode.objects.values().get())
    assert paired.lease not in str(Node.objects.values().get())


def test_the_same_request_again_gets_the_same_answer(code):
    first = told(code)
    assert [told(code).content for _time in range(3)] == [first.content] * 3
    assert Node.objects.count() == 1


def test_a_used_code_is_refused_to_everybody_else(code):
    told(code)
    assert told(code, public_key=PrivateKey.make().public.text).status_code == 403
    Node.objects.update(contacted_at=timezone.now())
    assert told(code).status_code == 403


def test_all_refusals_are_alike(luebeck, code):
    answers = [told("0000-0000"), told(wrong(code)), told(""), told("x" * 90)]
    PairingCode.objects.update(wrong_tries=MOST_TRIES)
    answers.append(told(code))
    LoginAttempt.objects.all().delete()
    pairing.withdraw_pairing_code(location=luebeck.location, actor=luebeck)
    answers.append(told(code))
    assert {(answer.status_code, answer.content) for answer in answers} == {(403, answers[0].content)}
    assert not answers[0].cookies
    assert not Node.objects.exists()


def test_a_code_holds_for_a_day(code, monkeypatch):
    at = timezone.now() + LIFETIME
    monkeypatch.setattr(timezone, "now", lambda: at)
    assert refusals(code) == ["code_refused"]
    monkeypatch.setattr(timezone, "now", lambda: at - timedelta(minutes=1))
    assert pairing.pair(shown(code), address=None).location == "Lübeck"


def test_five_wrong_tries_use_a_code_up(code):
    for _try in range(MOST_TRIES):
        LoginAttempt.objects.all().delete()
        assert refusals(wrong(code)) == ["code_refused"]
    LoginAttempt.objects.all().delete()
    assert PairingCode.objects.get().wrong_tries == MOST_TRIES
    assert refusals(code) == ["code_refused"]


def test_four_wrong_tries_do_not(code):
    for _try in range(MOST_TRIES - 1):
        assert refusals(wrong(code)) == ["code_refused"]
    pairing.pair(shown(code), address=None)


def test_guessing_is_slowed_down_by_the_address(code):
    for _try in range(throttling.OF_NAME.free):
        told("0000-0000")
    slowed = told(code)
    assert (slowed.status_code, slowed["Retry-After"]) == (429, "1")
    assert slowed.json()["code"] == "too_many_tries"
    from_elsewhere = Browser(REMOTE_ADDR="10.9.9.9")
    answer = from_elsewhere.post("/clearing/pair/", shown(code).to_bytes(), content_type="application/json")
    assert answer.status_code == 200


def test_a_right_code_is_no_failed_try(code):
    LoginAttempt.objects.all().delete()
    told(code)
    assert list(LoginAttempt.objects.values_list("has_succeeded", "device")) == [(True, "pairing")]


def test_one_code_at_a_time(luebeck, code):
    second = pairing.make_pairing_code(location=luebeck.location, actor=luebeck)
    shown_now = pairing.open_code(luebeck.location)
    assert shown_now is not None
    assert shown_now.made_by == "Anna Andresen"
    assert refusals(code) == ["code_refused"]
    pairing.withdraw_pairing_code(location=luebeck.location, actor=luebeck)
    assert pairing.open_code(luebeck.location) is None
    assert refusals(second) == ["code_refused"]
    with pytest.raises(pairing.NoOpenCode):
        pairing.withdraw_pairing_code(location=luebeck.location, actor=luebeck)


def test_codes_that_begin_alike_are_no_two_codes(cast, luebeck, monkeypatch):
    made = iter(["AAAACCCC", "AAAADDDD", "CCCCDDDD"])
    monkeypatch.setattr(pairing, "make_code", lambda: next(made))
    assert pairing.make_pairing_code(location=luebeck.location, actor=luebeck) == "AAAA-CCCC"
    kiel = cast.scope("anna", "Kiel")
    assert pairing.make_pairing_code(location=kiel.location, actor=kiel) == "CCCC-DDDD"


def test_who_does_not_manage_the_location_makes_no_code(cast, code):
    dirk = cast.scope("dirk", "Lübeck")
    for refused in (pairing.make_pairing_code, pairing.withdraw_pairing_code):
        with pytest.raises(MissingRight):
            refused(location=dirk.location, actor=dirk)


def test_a_location_elsewhere_gets_no_code(cast, luebeck):
    with pytest.raises(Location.DoesNotExist):
        pairing.make_pairing_code(location=cast.location("Kiel"), actor=luebeck)


def test_a_location_on_the_shared_base_gets_no_code(cast):
    hamburg = cast.scope("anna", "Hamburg")
    with pytest.raises(pairing.NoOfflineBase):
        pairing.make_pairing_code(location=hamburg.location, actor=hamburg)


@pytest.mark.parametrize(
    ("known", "codes"),
    [
        ({"account": 77700}, ["account_differs"]),
        ({"client": 5}, ["client_differs"]),
        ({"branch": 5}, ["branch_differs"]),
        ({"first_number": 0}, ["range_differs"]),
        ({"last_number": 9_999_999}, ["range_differs"]),
        ({"client": 9, "branch": 9, "last_number": 9_999_999}, ["client_differs", "branch_differs", "range_differs"]),
    ],
)
def test_what_clashes_is_named_before_anything_is_kept(code, luebeck, known, codes):
    place = luebeck.location
    ours = {**vars(OURS), "first_number": place.first_number, "last_number": place.last_number}
    answer = told(code, known=Numbers(**{**ours, **known}))
    assert (answer.status_code, [one["code"] for one in answer.json()["sentences"]]) == (409, codes)
    assert not Node.objects.exists()
    assert told(code, known=Numbers(**ours)).status_code == 200


@pytest.mark.parametrize(("more", "code_of_refusal"), [({"public_key": "x"}, "key_unusable"), ({"protocol": 0}, "")])
def test_what_is_no_key_of_ours_is_refused(code, more, code_of_refusal):
    if code_of_refusal:
        assert refusals(code, **more) == [code_of_refusal]
    else:
        assert told(code, **more).json()["code"] == "message_refused"


def test_a_node_that_never_called_gives_way_to_the_next(luebeck, code):
    told(code)
    told(pairing.make_pairing_code(location=luebeck.location, actor=luebeck))
    assert sorted(Node.objects.values_list("state", flat=True)) == ["paired", "retired"]
    Node.objects.update(contacted_at=timezone.now())
    told(pairing.make_pairing_code(location=luebeck.location, actor=luebeck))
    assert sorted(Node.objects.values_list("state", flat=True)) == ["paired", "paired", "retired"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 411), (b"{", 400), (b"{}", 400), (b"x" * 16_385, 413)],
)
def test_what_is_no_request_is_refused(cast, body, status):
    answer = Browser().post("/clearing/pair/", body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert Browser().get("/clearing/pair/").status_code == 405


def test_a_branch_has_no_address_of_a_central(cast, settings):
    own_node(cast.location("Lübeck"))
    settings.SIDE = "branch"
    assert Browser().post("/clearing/pair/", b"{}", content_type="application/json").status_code == 404
    assert Browser().post("/10400/4/clearing/exchange/knock/", b"{}", content_type="text/plain").status_code == 302


# --- at the branch ------------------------------------------------------------------------------------------------


def test_a_branch_keeps_what_the_central_says(unpaired):
    own = unpaired.pair()
    node = unpaired.node
    assert (own.identity, own.receipt, own.central_url) == (node.pk, node.receipt, pairs.URL)
    assert PrivateKey.from_text(own.private_key).public.text == node.public_key
    assert (own.applied, own.sent_up_to, own.incarnation) == (0, 0, node.incarnation)
    assert CustomerBase.objects.get(pk=own.base_id).has_node


def test_a_pairing_whose_answer_is_lost_goes_on_with_the_same_code_or_another(unpaired):
    for again in (False, True):
        unpaired.line.lost.append("pair")
        code = unpaired.code()
        with pytest.raises(Unreachable):
            unpaired.pair(code)
        if again:
            unpaired.pair(code)
    assert OwnNode.objects.get().node_id
    assert sorted(Node.objects.filter(base=unpaired.there.base).values_list("state", flat=True)) == [
        "paired",
        "retired",
    ]


def test_before_the_first_start_the_central_says_who_the_branch_is(unpaired):
    found = request_pairing(
        code=unpaired.code(), central_url=pairs.URL, machine="Kasse 1", known=None, transport=unpaired.line
    )
    assert (found.paired.location, found.paired.numbers.branch) == ("Lübeck", 4)


def test_a_code_of_another_branch_changes_nothing_here(unpaired, monkeypatch):
    monkeypatch.setattr("clearing.central.pairing._clashes", lambda place, known: [])
    kiel = unpaired.cast.system("Kiel")
    code = pairing.make_pairing_code(location=kiel.location, actor=kiel)
    with pytest.raises(OtherNumbers):
        unpaired.pair(code)
    assert unpaired.fresh.node_id is None


def test_an_unpaired_branch_says_so(unpaired):
    with pytest.raises(running.NotPaired):
        unpaired.run()
    assert [one["code"] for one in unpaired.fresh.failure] == ["not_paired"]


@pytest.mark.parametrize(
    "url",
    ["", "ftp://a.de", "http://zentrale.example.com", "http://192.168.0.1", "https://", "https://u:p@a.de",
     "https://a.de?x=1", "https://a.de#x", "http://127.0.0.1.evil.de", "https://a.de:x", "//a.de"],
)  # fmt: skip
def test_an_address_without_encryption_is_refused(url):
    with pytest.raises(UnusableUrl):
        usable_url(url)


@pytest.mark.parametrize(
    ("url", "used"),
    [("https://a.de/", "https://a.de"), (" https://a.de:8443/x/ ", "https://a.de:8443/x"),
     ("http://127.0.0.1:8000",) * 2, ("http://localhost:8000",) * 2, ("http://[::1]:8000",) * 2],
)  # fmt: skip
def test_an_address_of_a_central_is_taken(url, used):
    assert usable_url(url) == used
