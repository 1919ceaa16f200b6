"""Many tills at once: so many sales a second, for so long. Tells how long answers take, and what fails.

    python till.py load --rate 13 --seconds 600 a.sqlite b.sqlite …     each file is a till that was set up
    python till.py load --rate 13 --seconds 600 --tokens tokens.txt     or each line names address and token

Sales come by the clock and not when the one before is answered: a server that is slow is not asked less. Each sale is
1.00 on account. Where a customer has bought up to his limit, he pays what is open, which is not counted.
"""

from __future__ import annotations

import argparse
import math
import sqlite3
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

PRICE = "1.00"
LOW = Decimal(5)
"""Of whom less than this is left of his limit, pays first."""

type Call = Callable[[str, str, object, dict[str, str]], Any]


@dataclass
class Measured:
    """What all tills have seen together."""

    seconds: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, took: float, behind: float, error: str = "") -> None:
        with self.lock:
            self.seconds.append(took)
            self.late.append(behind)
            if error:
                self.errors[error] += 1


@dataclass(frozen=True)
class Door:
    """Where a till asks, and with which token."""

    address: str
    token: str
    call: Call

    def ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}", "Accept-Language": "en", "User-Agent": "Example till, load"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        answer: dict[str, Any] = self.call(method, f"{self.address}api/v1/{path}", body, headers).body
        return answer


def describe(commands: Any) -> None:
    """Add what can be typed."""
    load = commands.add_parser("load", help="many tills at once")
    load.add_argument("files", nargs="*", type=Path, help="of tills that were set up")
    load.add_argument("--tokens", type=Path, help="a file with lines of address and token")
    load.add_argument("--rate", type=float, default=13.0, help="sales a second, of all tills together")
    load.add_argument("--seconds", type=float, default=60.0)
    load.add_argument("--customers", default="", help="numbers, with commas between; else those who have accounts")


def run(typed: argparse.Namespace, call: Call, say: Callable[[str], None]) -> Measured:
    """Sell until the time is over, and say what was measured."""
    doors = [*map(_of_file, typed.files), *(_of_tokens(typed.tokens) if typed.tokens else [])]
    if not doors:
        raise SystemExit("Name the files of tills, or a file of tokens.")
    tills = [Door(address, token, call) for address, token in doors]
    chosen = [int(number) for number in typed.customers.split(",") if number]
    customers = chosen or _with_accounts(tills[0])
    if not customers:
        raise SystemExit("Nobody there has an account on which could be sold.")
    measured, start = Measured(), time.monotonic()
    pause = len(tills) / typed.rate
    ends = start + typed.seconds
    threads = [
        threading.Thread(target=_sell_on, args=(till, customers, at, start + at / typed.rate, pause, ends, measured))
        for at, till in enumerate(tills)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for line in report(measured, time.monotonic() - start):
        say(line)
    return measured


def report(measured: Measured, took: float) -> list[str]:
    """What was measured, in lines."""
    ordered, behind = sorted(measured.seconds), sorted(measured.late)
    lines = [f"{len(ordered)} sales in {took:.1f} s, {len(ordered) / took:.1f} a second."]
    if ordered:
        shares = ", ".join(f"p{share} {_at(ordered, share) * 1000:.0f} ms" for share in (50, 95, 99))
        lines.append(f"Answered after {shares}, at most {ordered[-1] * 1000:.0f} ms.")
        lines.append(f"Begun behind the clock by p95 {_at(behind, 95) * 1000:.0f} ms.")
    lines.append(f"{measured.errors.total()} errors.")
    lines += [f"  {count} × {error}" for error, count in measured.errors.most_common()]
    return lines


def _at(ordered: list[float], share: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * share // 100)]


def _of_file(file: Path) -> tuple[str, str]:
    store = sqlite3.connect(file)
    try:
        known = dict(store.execute("SELECT name, value FROM known"))
    finally:
        store.close()
    return known["address"], known["token"]


def _of_tokens(file: Path) -> list[tuple[str, str]]:
    pairs = [line.split() for line in file.read_text().splitlines() if line.strip()]
    return [(address, token) for address, token in pairs]


def _with_accounts(till: Door) -> list[int]:
    """The first customers of the list on whose accounts something can be sold."""
    found = []
    for one in till.ask("GET", "customers?limit=200")["customers"]:
        try:
            said = till.ask("GET", f"customers/{one['number']}/account")
        except Exception:  # noqa: S112 - has no account
            continue
        if said["may_buy_on_account"] and not said["is_blocked"] and Decimal(said["credit_limit"]) >= LOW:
            found.append(int(one["number"]))
    return found


def _sell_on(
    till: Door, customers: list[int], first: int, begins: float, pause: float, ends: float, measured: Measured
) -> None:
    """Sales of one till, each at its moment, to one customer after the other; each till begins with another one."""
    day = datetime.now().astimezone().date().isoformat()
    line = {"text": "Load", "quantity": "1", "amount": PRICE, "vat_rate": "7.00"}
    for nth in range(math.ceil(round((ends - begins) / pause, 6))):  # rounded: 0.5 s are 10 times 0.05 s, not 11
        at = begins + nth * pause
        time.sleep(max(0.0, at - time.monotonic()))
        began = time.monotonic()
        number = customers[(first + nth) % len(customers)]
        order = {"number": uuid.uuid4().hex, "method": "account", "total": PRICE, "lines": [line], "business_day": day}
        try:
            said = till.ask("POST", f"customers/{number}/orders", order)
        except Exception as error:
            measured.add(time.monotonic() - began, began - at, str(error)[:120])
        else:
            measured.add(time.monotonic() - began, began - at)
            _pay(till, number, said.get("account"), measured)


def _pay(till: Door, number: int, account: dict[str, Any] | None, measured: Measured) -> None:
    """Where little is left of the limit, the customer pays what is open."""
    if account is None or Decimal(account["left"]) >= LOW or Decimal(account["open_amount"]) <= 0:
        return
    try:
        till.ask("POST", f"customers/{number}/account/payments", {"amount": account["open_amount"]})
    except Exception as error:
        with measured.lock:
            measured.errors[f"payment: {error}"[:120]] += 1
