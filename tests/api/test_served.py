"""Against a running server: the example till, also without a line; and many requests at the same moment."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.db import connection

from api.models import KeptAnswer
from customers.models import Consent, Customer
from customers.operations import change_customer
from mcp.choices import DeviceKind
from mcp.isolation import row_scope
from mcp.machines.operations import ask_renewal, create_device, revoke_device
from mcp.models import Device
from tests.api.asking import Till
from tests.customers.people import customer

pytestmark = pytest.mark.django_db(transaction=True)
FILE = Path(__file__).resolve().parents[2] / "examples" / "till" / "till.py"
THEKE = "Theke Hamburg und Bremen"
NEW = {"last_name": "Beispiel", "email": "berta@example.com"}


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_till", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FILE.parent)  # its parts lie beside it
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


def sent(server: Any, till: Till, method: str, path: str, body: object, **headers: str) -> tuple[int, bytes]:
    """What is answered over a line of its own."""
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{server.url}{till.place}/api/v1/{path}",
        json.dumps(body).encode(),
        {
            "Authorization": f"Bearer {till.token}",
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        method=method,
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - as above
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


type Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def typed(program, tmp_path) -> Typed:
    """What the till says to what is typed."""

    def do(*words: str) -> tuple[int, str]:
        said: list[str] = []
        code = program.main(["--file", str(tmp_path / "till.sqlite"), *words], say=said.append)
        return code, "\n".join(said)

    return do


@pytest.mark.usefixtures("only_own_transactions")
def test_example_till_works_with_and_without_a_line(typed, live_server, cast, anna, tmp_path, often):
    with row_scope.rows_of(anna):
        _device, code = create_device(
            kind=DeviceKind.TILL, name="Kasse 7", group=cast.group("Theke Hamburg und Bremen"), actor=anna
        )
    known = customer(anna, last_name="Bekannt", email="berta@example.com", city="Kiel")
    assert typed("enrol", live_server.url, code) == (0, "I am Kasse 7 at Hamburg.")
    assert typed("me")[1].startswith("Kasse 7 at Hamburg may: ")
    assert typed("copy") == (0, "1 customers were new or changed.")

    # Without a line: registered, changed and found all the same.
    words = ("--last-name", "Beispiel", "--email", "berta@example.com", "--card", "4711", "--agrees", "newsletter")
    code_of, said = typed("--offline", "register", *words)
    assert (code_of, said) == (0, "Waits until there is a line (no line).")
    typed("--offline", "change", str(known.customer_number), "city=Bonn")
    assert typed("--offline", "find", "bekannt")[1] == f"{known.customer_number} Bekannt · Kiel · berta@example.com"
    assert Customer.objects.count() == 1
    assert typed("queue")[1].count("waiting:") == 4

    # With one: everything is sent in its order, and what was sent is not sent again.
    said = typed("send")[1]
    row = Customer.objects.get(last_name="Beispiel")
    assert f"Perhaps the same: {known.customer_number} Bekannt (same e-mail)." in said
    assert f"{row.customer_number} Beispiel" in said
    assert row.cards.get().number == "4711"
    assert Consent.objects.get().customer_id == row.pk
    assert Customer.objects.get(pk=known.pk).city == "Bonn"
    assert typed("send") == (0, "")
    assert typed("queue") == (0, "")
    assert typed("find", "--card", "4711")[1].startswith(str(row.customer_number))

    # An answer that was lost: the same key, one effect.
    with closing(sqlite3.connect(tmp_path / "till.sqlite")) as store, store:
        store.execute("UPDATE queue SET state = 'waiting'")
    typed("send")
    assert (Customer.objects.count(), Consent.objects.count()) == (2, 1)

    # Twice changed without a line: the second change is based on the first, and both are done.
    typed("copy")
    for value in ("city=Celle", "street=Am Wall 1"):
        typed("--offline", "change", str(known.customer_number), value)
    typed("send")
    known.refresh_from_db()
    assert (known.city, known.street) == ("Celle", "Am Wall 1")

    # Somebody else was quicker: the till says so, and does not try for ever.
    typed("copy")
    row.refresh_from_db()
    row.city = "Ulm"
    change_customer(customer=row, actor=anna)
    typed("--offline", "change", str(row.customer_number), "city=Jena")
    assert "412 changed_meanwhile" in typed("send")[1]
    assert typed("queue")[1].startswith("refused: PATCH")
    assert typed("copy")[1].startswith("1 ")
    assert " · Ulm" in typed("--offline", "find", "Beispiel")[1]


def test_example_till_renews_its_token_and_is_told_when_it_is_revoked(typed, live_server, cast, anna, often):
    with row_scope.rows_of(anna):
        device, code = create_device(
            kind=DeviceKind.TILL, name="Kasse 7", group=cast.group("Theke Hamburg und Bremen"), actor=anna
        )
    typed("enrol", live_server.url, code)
    before = Device.objects.get(pk=device.pk).token
    with row_scope.rows_of(anna):
        ask_renewal(device=device, actor=anna)
    assert typed("me")[1].endswith("The token is renewed.")
    assert Device.objects.get(pk=device.pk).token != before
    assert typed("me")[0] == 0
    with row_scope.rows_of(anna):
        revoke_device(device=device, reason="gestohlen", actor=anna)
    assert typed("me")[1].startswith("401 not_admitted")


def test_same_request_a_hundred_times_at_once_is_one_effect(till, live_server, often):
    """Each over a line of its own; whoever comes while it runs asks once more, as he is told."""

    def ask(_number: int) -> tuple[int, bytes]:
        return sent(live_server, till, "POST", "customers", NEW, idempotency_key="7f1d3c9a-0001")

    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(ask, range(100)))
    answers.append(ask(0))
    counted = Counter(status for status, _body in answers)
    assert set(counted) <= {201, 409}
    assert len({body for status, body in answers if status == 201}) == 1
    running: Any = {json.loads(body)["code"] for status, body in answers if status == 409}
    assert running <= {"still_running"}
    assert (Customer.objects.count(), KeptAnswer.objects.count()) == (1, 1)
    assert connection.in_atomic_block is False


def test_of_several_tills_at_the_same_moment_one_wins(make_till, live_server, anna, cast, often):
    """What they do is about the same customer, number or card: the others are told, and nothing is half done."""
    tills = [make_till("Hamburg"), make_till("Hamburg"), make_till("Bremen"), make_till("Bremen")]
    row = customer(anna)
    address = f"customers/{row.customer_number}"
    etag = tills[0].get(address)["ETag"]
    number = cast.location("Hamburg").first_number + 50

    def at_once(ask: Callable[[Till, int], tuple[int, bytes]], among: list[Till]) -> tuple[list[int], set[str]]:
        with ThreadPoolExecutor(len(among)) as threads:
            answers = list(threads.map(ask, among, range(len(among))))
        codes = {json.loads(body)["code"] for status, body in answers if status >= 400}
        return sorted(status for status, _body in answers), codes

    def change(till: Till, at: int) -> tuple[int, bytes]:
        return sent(live_server, till, "PATCH", address, {"city": f"Ort {at}", "memo": f"Ort {at}"}, if_match=etag)

    def register(till: Till, at: int) -> tuple[int, bytes]:
        body = {"last_name": f"Neu {at}", "number": number}
        return sent(live_server, till, "POST", "customers", body, idempotency_key=f"register-{at}")

    def assign(till: Till, at: int) -> tuple[int, bytes]:
        return sent(live_server, till, "POST", f"{address}/cards", {"number": "4711"}, idempotency_key=f"assign-{at}")

    assert at_once(change, tills) == ([200, 412, 412, 412], {"changed_meanwhile"})
    row.refresh_from_db()
    assert row.city == row.memo
    assert row.city.startswith("Ort ")
    assert at_once(register, tills[:2]) == ([201, 409], {"customer_number_unique"})
    assert Customer.objects.filter(customer_number=number).count() == 1
    assert at_once(assign, tills) == ([201, 409, 409, 409], {"card_number_unique"})
    assert row.cards.count() == 1
