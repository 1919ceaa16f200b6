"""Tills at the same moment, over lines of their own: one limit, one key, one order; and what breaks off in between."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from accounting.models import Movement, PaymentOrder, PaymentOrderLine
from api.models import KeptAnswer
from tests.accounting.accounts import amounts, guest
from tests.api.asking import Till, problem
from tests.api.money import MONEY, order, sold

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "7f1d3c9a-0001"


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def tills(make_till, settings) -> list[Till]:
    """Two at Hamburg and one at Bremen, which may ask as often as they like.

    They wait for each other as long as it takes: on a busy machine one of twenty who want the same lock would be told
    that the server is busy, which is right, and is tested where the limits are.
    """
    settings.DEVICE_REQUESTS = {"a_second": 10_000, "burst": 10_000}
    settings.REQUEST_LIMITS = {"statement": 300, "lock": 300}
    return [make_till(place, *MONEY) for place in ("Hamburg", "Hamburg", "Bremen")]


def sent(server: Any, till: Till, path: str, body: Any, key: str) -> tuple[int, Any]:
    """Status and answer of a POST over a line of its own."""
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server.url}{till.place}/api/v1/{path}",
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {till.token}", "Content-Type": "application/json", "Idempotency-Key": key},
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def all_at_once(*calls: Any) -> list[tuple[int, Any]]:
    with ThreadPoolExecutor(len(calls)) as threads:
        return [one.result() for one in [threads.submit(*call) for call in calls]]


def codes(answers: list[tuple[int, Any]]) -> Counter[str]:
    return Counter("done" if status == 201 else said["code"] for status, said in answers)


def test_tills_sell_up_to_the_limit_and_not_a_cent_above(live_server, tills, anna):
    buyer = guest(anna)
    path = f"customers/{buyer.customer_number}/orders"
    answers = all_at_once(*((sent, live_server, tills[at % 3], path, order("30.00"), str(uuid4())) for at in range(9)))
    assert codes(answers) == {"done": 3, "limit": 6}
    assert amounts(anna, buyer) == (90, 0)
    assert (PaymentOrder.objects.count(), PaymentOrderLine.objects.count(), Movement.objects.count()) == (3, 3, 3)


def test_credit_for_three_is_used_three_times(live_server, tills, anna):
    buyer = guest(anna)
    number = buyer.customer_number
    tills[0].post(f"customers/{number}/credit/top-up", {"amount": "15.00"})
    asked = [
        (f"customers/{number}/orders", order("5.00", method="credit")),
        (f"customers/{number}/credit/use", {"amount": "5.00"}),
        (f"customers/{number}/credit/pay-out", {"amount": "5.00"}),
    ]
    answers = all_at_once(*((sent, live_server, till, *one, str(uuid4())) for till in tills for one in asked))
    assert codes(answers) == {"done": 3, "below_zero": 6}
    assert amounts(anna, buyer) == (0, 0)


def test_one_order_is_paid_or_cancelled_once_by_many(live_server, tills, anna):
    buyer = guest(anna)
    one = sold(tills[0], buyer.customer_number, "30.00")["order"]["id"]
    paying: list[Any] = [(sent, live_server, till, f"orders/{one}/pay", {}, str(uuid4())) for till in tills * 2]
    answers = all_at_once(*paying)
    assert codes(answers) == {"done": 1, "order_paid": 5}
    assert amounts(anna, buyer) == (0, 0)
    other = sold(tills[0], buyer.customer_number, "30.00")["order"]["id"]
    back: Any = (sent, live_server, tills[1], f"orders/{other}/cancel", {"reason": "x"}, str(uuid4()))
    pay: Any = (sent, live_server, tills[0], f"orders/{other}/pay", {}, str(uuid4()))
    again: Any = (sent, live_server, tills[0], f"orders/{other}/cancel", {"reason": "x"}, str(uuid4()))
    told = codes(all_at_once(back, pay, again))
    assert told["done"] in (1, 2)
    assert PaymentOrder.objects.get(pk=other).state == "cancelled"
    assert amounts(anna, buyer) == (0, 0)


def test_same_request_by_many_is_one_sale(live_server, tills, anna):
    buyer = guest(anna)
    path, one = f"customers/{buyer.customer_number}/orders", order("3.00")
    calls: list[Any] = [(sent, live_server, tills[0], path + "?late=true" * (at % 2), one, KEY) for at in range(20)]
    answers = [*all_at_once(*calls), sent(live_server, tills[0], path, one, KEY)]
    assert set(codes(answers)) <= {"done", "still_running"}
    assert len({json.dumps(said) for status, said in answers if status == 201}) == 1
    assert (PaymentOrder.objects.count(), Movement.objects.count(), KeptAnswer.objects.count()) == (1, 1, 1)
    assert amounts(anna, buyer) == (3, 0)


def test_what_breaks_off_leaves_nothing_and_is_done_when_it_is_sent_once_more(tills, anna, monkeypatch):
    """Before the answer is kept, and before the transaction ends; of each thing that can be asked."""
    buyer, till = guest(anna), tills[0]
    number = buyer.customer_number
    till.post(f"customers/{number}/credit/top-up", {"amount": "9.00"})
    first, second = (sold(till, number, "1.00")["order"]["id"] for _one in range(2))
    booked = till.post(f"customers/{number}/credit/top-up", {"amount": "1.00"}).json()["movement"]["id"]
    steps = [
        (f"customers/{number}/orders", order("2.00")), (f"orders/{first}/pay", {}),
        (f"orders/{second}/cancel", {"reason": "x"}), (f"movements/{booked}/reverse", {"reason": "x"}),
        (f"customers/{number}/credit/pay-out", {"amount": "3.00"}),
    ]  # fmt: skip
    for at, (path, body) in enumerate(steps):
        before = (amounts(anna, buyer), Movement.objects.count(), PaymentOrder.objects.count())
        for place in ("api.keys.KeptAnswer.objects.create", "api.door.access.demand_still"):
            with monkeypatch.context() as broken:
                broken.setattr(place, lambda *_args, **_given: 1 / 0)
                assert problem(till.post(path, body, idempotency_key=f"{KEY}-{at}")) == (500, "broken")
            assert (amounts(anna, buyer), Movement.objects.count(), PaymentOrder.objects.count()) == before
        assert till.post(path, body, idempotency_key=f"{KEY}-{at}").status_code == 201
    assert amounts(anna, buyer) == (2, 6)
