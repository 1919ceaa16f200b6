"""The example till handles money against a running server: also without a line, killed in between, and as a load."""

from __future__ import annotations

import importlib.util
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from accounting.models import LedgerException, Movement, PaymentOrder
from customers.models import Customer
from tests.accounting.accounts import amounts, guest, terms
from tests.api.money import MONEY

pytestmark = pytest.mark.django_db(transaction=True)
FILE = Path(__file__).resolve().parents[2] / "examples" / "till" / "till.py"
LINES = ("Brötchen=4.20", "Kaffee=2,90")


@pytest.fixture(scope="module")
def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_till_money", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(FILE.parent)
        spec.loader.exec_module(module)
    return module


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def buyer(anna) -> Customer:
    return guest(anna)


@pytest.fixture
def file(tmp_path, make_till, live_server, settings, program) -> Path:
    """What a till at Hamburg knows that was set up."""
    settings.DEVICE_REQUESTS = {"a_second": 10_000, "burst": 10_000}
    return set_up(program, tmp_path / "till.sqlite", live_server, make_till("Hamburg", *MONEY))


def set_up(program: ModuleType, file: Path, server: Any, device: Any) -> Path:
    till = program.Till(file)
    till.know(address=f"{server.url}{device.place}/", token=device.token)
    till.close()
    return file


type Typed = Callable[..., tuple[int, str]]


@pytest.fixture
def typed(program, file) -> Typed:
    def do(*words: str) -> tuple[int, str]:
        said: list[str] = []
        code = program.main(["--file", str(file), *words], say=said.append)
        return code, "\n".join(said)

    return do


def test_till_sells_tops_up_pays_out_and_takes_back(typed, buyer, anna):
    number = str(buyer.customer_number)
    code, said = typed("sell", number, *LINES)
    assert code == 0
    assert said.startswith("Order 1 of 7.10: open (")
    assert said.endswith(f"{number}: open 7.10 of 100.00 EUR, credit 0.00")
    assert "Booked: top_up 50.00" in typed("top-up", number, "50")[1]
    assert "Order 2 of 7.10: paid" in typed("sell", number, *LINES, "--credit")[1]
    assert "Booked: pay_out 2.90" in typed("pay-out", number, "2,90")[1]
    assert amounts(anna, buyer) == (Decimal("7.10"), 40)
    listed = typed("account", number)[1].splitlines()
    assert listed[0] == f"{number}: open 7.10 of 100.00 EUR, credit 40.00"
    order = PaymentOrder.objects.get(number="1")
    assert len(listed) == 2
    assert str(order.pk) in listed[1]
    assert "Order 1 of 7.10: paid" in typed("pay", str(order.pk))[1]
    assert "Order 1 of 7.10: cancelled" in typed("cancel", str(order.pk), "Falscher Kunde")[1]
    top_up = Movement.objects.get(kind="top_up")
    assert "409 below_zero" in typed("reverse", str(top_up.pk), "vertippt")[1]
    assert "Booked: payment 1.00" in typed("payment", number, "1")[1]
    assert typed("queue")[1].startswith("refused: POST movements/")


def test_what_does_not_go_is_told_and_not_booked(typed, buyer, anna):
    terms(anna, buyer, hard_limit=5)
    said = typed("sell", str(buyer.customer_number), *LINES)[1]
    assert said.startswith("Not done: 409 limit: ")
    assert not Movement.objects.exists()


def test_what_was_sold_without_a_line_is_booked_later_once_and_in_its_order(typed, program, buyer, anna, file):
    """Also above the limit: it has happened. A sale that was taken back without a line is taken back then."""
    terms(anna, buyer, hard_limit=5)
    number = str(buyer.customer_number)
    said = typed("--offline", "sell", number, *LINES)[1]
    assert said.splitlines()[-1] == "It is place 1 of the queue."
    typed("--offline", "sell", number, "Kuchen=3")
    typed("--offline", "cancel", "$2", "Falscher Kunde")
    typed("--offline", "top-up", number, "20")
    typed("--offline", "register", "--last-name", "Neu")
    assert not Movement.objects.exists()
    said = typed("send")[1]
    assert "Booked although it breaks a rule: limit. People decide about it." in said
    assert "Order 2 of 3.00: cancelled" in said
    assert [(one.number, one.state) for one in PaymentOrder.objects.order_by("id")] == [
        ("1", "open"), ("2", "cancelled"),
    ]  # fmt: skip
    assert [one.is_late for one in Movement.objects.order_by("posted_at")] == [True, True, False, True]
    assert LedgerException.objects.count() == 2
    before = (amounts(anna, buyer), Movement.objects.count())
    assert typed("send") == (0, "")
    # Every answer was lost: the same keys, no further effect.
    with closing(sqlite3.connect(file)) as store, store:
        store.execute("UPDATE queue SET state = 'waiting'")
    typed("send")
    assert (amounts(anna, buyer), Movement.objects.count()) == before


@pytest.mark.parametrize("point", ["before it is sent", "before the answer is written down"])
def test_till_that_is_killed_loses_nothing_and_books_nothing_twice(file, buyer, anna, point):
    """By SIGKILL, as when somebody pulls the plug: at a named point the program waits, and is killed there."""
    name = "Server.ask" if point == "before it is sent" else "Till.settle"
    code = (
        "import os, sys, time; sys.path.insert(0, os.environ['TILL']); import till\n"
        "def hang(*given, **more): os.write(1, b'here\\n'); time.sleep(600)\n"
        f"till.{name} = hang\n"
        "till.main(sys.argv[1:])\n"
    )
    words = ["--file", str(file), "sell", str(buyer.customer_number), *LINES]
    variables = {**os.environ, "TILL": str(FILE.parent)}
    with subprocess.Popen([sys.executable, "-c", code, *words], env=variables, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
    assert Movement.objects.count() == (0 if point == "before it is sent" else 1)
    for _turn in range(2):
        words = ["--file", str(file), "send"]
        subprocess.run([sys.executable, str(FILE), *words], check=True, capture_output=True, timeout=60)
    assert (PaymentOrder.objects.count(), Movement.objects.count()) == (1, 1)
    with closing(sqlite3.connect(file)) as store:
        assert store.execute("SELECT state, count(*) FROM queue GROUP BY state").fetchall() == [("done", 1)]


def test_load_tells_how_long_answers_take_and_what_fails(program, make_till, live_server, settings, tmp_path, anna):
    settings.DEVICE_REQUESTS = {"a_second": 10_000, "burst": 10_000}
    buyer, blocked = guest(anna), guest(anna, last_name="Gesperrt")
    tills = [make_till(place, *MONEY) for place in ("Hamburg", "Bremen")]
    files = [str(set_up(program, tmp_path / f"{at}.sqlite", live_server, one)) for at, one in enumerate(tills)]
    said: list[str] = []
    tokens = tmp_path / "tokens.txt"
    tokens.write_text(f"{live_server.url}{tills[0].place}/ {tills[0].token}\n")
    words = ["load", *files, "--tokens", str(tokens), "--rate", "60", "--seconds", "0.5"]
    assert program.main(["--file", str(tmp_path / "own.sqlite"), *words], say=said.append) == 0
    assert said[0].startswith(f"{PaymentOrder.objects.count()} sales in ")
    assert said[1].startswith("Answered after p50 ")
    assert said[3] == "0 errors."
    assert PaymentOrder.objects.count() == 30
    assert {one.customer_id for one in PaymentOrder.objects.all()} == {buyer.pk, blocked.pk}
    assert amounts(anna, buyer)[0] + amounts(anna, blocked)[0] == 30
    # What fails is counted by its reason, and who has bought up to his limit pays.
    terms(anna, blocked, is_blocked=True, blocked_reason="x")
    terms(anna, buyer, hard_limit=18)
    said.clear()
    number = f"{buyer.customer_number},{blocked.customer_number}"
    words = ["load", *files, "--customers", number, "--rate", "40", "--seconds", "0.2"]
    program.main(["--file", str(tmp_path / "own.sqlite"), *words], say=said.append)
    assert any("409 blocked" in line for line in said)
    assert Movement.objects.filter(kind="payment").exists()
