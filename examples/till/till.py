"""A small till that speaks the API of Stammhaus; it needs Python 3.12 and nothing else.

    python till.py enrol http://127.0.0.1:8000 7KM4-XW2P     becomes the device for which the code was shown
    python till.py copy                                      fetches the customers, and from then on what has changed
    python till.py register --last-name Muster --mobile "040 1000001" --agrees newsletter
    python till.py find --card 4711
    python till.py change 2000001 city=Kiel
    python till.py sell 2000001 "Rolls=4.20" "Coffee=2.90"   on account; with --credit from what was paid in advance
    python till.py top-up 2000001 50.00                      and use, pay-out, payment; account tells the balance
    python till.py cancel '$7' "Wrong customer"              the order of place 7 of the queue; pay '$7' has it paid
    python till.py send                                      sends what was done without a line
    python till.py load --rate 13 --seconds 600 a.sqlite …   many tills at once: how long answers take, and what fails

What is written is put into a queue first, with a key of its own, and sent then. Without a line it waits there and is
sent later with the same key: whatever the line does meanwhile, it has one effect. What was sold without a line is sent
as late, and booked in any case: it has happened. All that the till knows is in one
file of SQLite, to which nobody else should have access: the token in it opens the door.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import urllib.parse
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import till_load  # type: ignore[import-not-found]  # beside this file
import till_money  # type: ignore[import-not-found]
from till_line import PROGRAM, NoLine, Refused, Server, call  # type: ignore[import-not-found]

TABLES = """
CREATE TABLE IF NOT EXISTS known (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS customers (id INTEGER PRIMARY KEY, number INTEGER NOT NULL, customer TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS queue (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, method TEXT NOT NULL, path TEXT NOT NULL, body TEXT NOT NULL,
    version TEXT NOT NULL DEFAULT '', state TEXT NOT NULL DEFAULT 'waiting', answer TEXT NOT NULL DEFAULT ''
);
"""


class Till:
    """What the till knows: its token, its copy of the customers, and what it still has to send."""

    def __init__(self, file: Path, *, offline: bool = False, say: Callable[[str], None] = print) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        self.store = sqlite3.connect(file)
        self.store.executescript(TABLES)
        self.offline, self.say = offline, say

    def close(self) -> None:
        self.store.close()

    def know(self, **values: str) -> None:
        with self.store:
            self.store.executemany("INSERT OR REPLACE INTO known VALUES (?, ?)", values.items())

    def known(self, name: str) -> str:
        found = self.store.execute("SELECT value FROM known WHERE name = ?", [name]).fetchone()
        return found[0] if found else ""

    @property
    def server(self) -> Server:
        """Raises NoLine without a line."""
        if self.offline:
            raise NoLine("no line")
        if not self.known("token"):
            raise SystemExit("This till is not set up. Have a code shown for it and call `enrol`.")
        return Server(self.known("address"), self.known("token"), self.known("language") or "en")

    # --- set up -----------------------------------------------------------------------------------------------------

    def enrol(self, server: str, code: str) -> None:
        """Become the device of this code. Made once more, where the answer was lost, the same call gets its token."""
        nonce = self.known("nonce") or str(uuid.uuid4())
        self.know(nonce=nonce)
        body = {"code": code, "nonce": nonce, "program": PROGRAM}
        said = call("POST", f"{server.rstrip('/')}/devices/enrol/", body, {"User-Agent": PROGRAM}).body
        self.know(address=server.rstrip("/") + said["address"], token=said["token"], nonce="")
        self.say(f"I am {said['name']} at {said['location']['name']}.")

    def me(self) -> None:
        """Who this is, and whether the token is to be renewed."""
        said = self.server.ask("GET", "me").body
        self.say(f"{said['name']} at {said['location']['name']} may: {', '.join(said['rights'])}.")
        if said["renew"]:
            self.rotate()

    def rotate(self) -> None:
        """A new token. It is written down before it is used for the first time, which ends the old one."""
        self.know(token=self.server.ask("POST", "token/rotate").body["token"])
        self.server.ask("GET", "me")
        self.say("The token is renewed.")

    # --- the copy ---------------------------------------------------------------------------------------------------

    def copy(self) -> int:
        """Apply what has changed since last time; gives how many customers that were."""
        count = 0
        while True:
            try:
                said = self.server.ask("GET", f"customers?limit=200&after={self.known('cursor')}").body
            except Refused as refusal:
                if refusal.status != 410 or not self.known("cursor"):
                    raise
                with self.store:  # something has changed that concerns all of it: begin anew
                    self.store.execute("DELETE FROM customers")
                    self.store.execute("DELETE FROM known WHERE name = 'cursor'")
                continue
            with self.store:  # customers and place together: killed in between, nothing is lost
                for change in said["changes"]:
                    self.store.execute("DELETE FROM customers WHERE id = ?", [change["id"]])
                    if change["customer"] is not None:
                        self.keep(change["customer"])
                self.store.execute("INSERT OR REPLACE INTO known VALUES ('cursor', ?)", [said["next"]])
            count += len(said["changes"])
            if not said["has_more"]:
                return count

    def keep(self, customer: dict[str, Any]) -> None:
        row = (customer["id"], customer["number"], json.dumps(customer))
        self.store.execute("INSERT OR REPLACE INTO customers VALUES (?, ?, ?)", row)

    def find(self, **sought: str) -> list[dict[str, Any]]:
        """Customers by card, phone, number, e-mail or words (q); without a line in the copy."""
        asked = {name: value for name, value in sought.items() if value}
        try:
            return list(self.server.ask("GET", f"customers?{urllib.parse.urlencode(asked)}").body["customers"])
        except NoLine:
            rows = self.store.execute("SELECT customer FROM customers ORDER BY number")
            return [one for (text,) in rows if fits(one := json.loads(text), asked)]

    def one(self, number: int) -> dict[str, Any]:
        """The customer of this number as he is known here."""
        try:
            return dict(self.server.ask("GET", f"customers/{number}").body)
        except NoLine:
            found = self.store.execute("SELECT customer FROM customers WHERE number = ?", [number]).fetchone()
            if found is None:
                raise SystemExit(f"Without a line nothing is known of {number}.") from None
            return dict(json.loads(found[0]))

    # --- the queue --------------------------------------------------------------------------------------------------

    def put(self, method: str, path: str, body: dict[str, Any], version: str = "") -> int:
        """Write down what is to be sent, with its key; gives its place.

        `$7` in a path is the number of the customer of place 7, and as a version the one that place 7 leads to.
        """
        with self.store:
            row = self.store.execute(
                "INSERT INTO queue (key, method, path, body, version) VALUES (?, ?, ?, ?, ?)",
                [str(uuid.uuid4()), method, path, json.dumps(body), version],
            )
        return int(row.lastrowid or 0)

    def send(self, fresh: int | None = None) -> bool:
        """Send what waits, in its order. False where the line broke off: the rest waits, and loses nothing.

        What is sold at this moment is `fresh`: nobody has gone away with it yet, so the server may refuse it. All else
        has happened, and is sent as late.
        """
        waiting = "SELECT id, key, method, path, body, version FROM queue WHERE state = 'waiting' ORDER BY id"
        for place, key, method, path, body, version in self.store.execute(waiting).fetchall():
            try:
                is_late = place != fresh and till_money.may_be_late(path)
                address = self.resolved(path) + ("?late=true" if is_late else "")
                based_on = self.based_on(version)
                answer = self.server.ask(method, address, json.loads(body), Idempotency_Key=key, If_Match=based_on)
            except NoLine as reason:
                self.say(f"Waits until there is a line ({reason}).")
                return False
            except Refused as refusal:
                self.settle(place, "refused", refusal.problem)
                self.say(f"Not done: {refusal}")
            else:
                self.settle(place, "done", answer.body)
                self.told(answer.body)
        return True

    def resolved(self, path: str) -> str:
        """The path with the numbers of customers and the ids of orders that this till has made itself."""
        head, mark, rest = path.partition("$")
        if not mark:
            return path
        place, _slash, end = rest.partition("/")
        said: Any = self.answered(place, f"What this belongs to was not done (place {place}).")
        for name in {"orders/": ("order", "id"), "movements/": ("movement", "id")}.get(head, ("number",)):
            said = said[name]
        return f"{head}{said}/{end}"

    def based_on(self, version: str) -> str:
        """The version on which a change is based: the stored one, or that of this till's own change before it."""
        if not version.startswith("$"):
            return version
        return f'"{self.answered(version[1:], "The change before this one was refused.")["version"]}"'

    def answered(self, place: str, otherwise: str) -> dict[str, Any]:
        """What was answered to a place of the queue. Raises Refused with the sentence where it was not done."""
        state, answer = self.store.execute("SELECT state, answer FROM queue WHERE id = ?", [int(place)]).fetchone()
        if state != "done":
            raise Refused(0, {"code": "not_done_before", "detail": otherwise})
        return dict(json.loads(answer))

    def waiting_for(self, method: str, path: str) -> str:
        """The last place of the queue that waits with this; blank where none does."""
        waiting = "SELECT max(id) FROM queue WHERE state = 'waiting' AND method = ? AND path = ?"
        place = self.store.execute(waiting, [method, path]).fetchone()[0]
        return f"${place}" if place else ""

    def settle(self, place: int, state: str, answer: dict[str, Any]) -> None:
        with self.store:
            self.store.execute(
                "UPDATE queue SET state = ?, answer = ? WHERE id = ?", [state, json.dumps(answer), place]
            )

    def told(self, said: dict[str, Any]) -> None:
        """What an answer means to whoever stands at the till."""
        for same in said.get("possible_duplicates", []):
            self.say(f"Perhaps the same: {same['number']} {same['name']} ({', '.join(same['reasons'])}).")
        for sentence in till_money.told(said):
            self.say(sentence)
        customer = said.get("customer") or (said if "display_name" in said else None)
        if customer is not None:
            with self.store:
                self.keep(customer)
            self.say(shown(customer))
        elif "number" in said:
            self.say(f"Registered as {said['number']}.")


def fits(customer: dict[str, Any], asked: dict[str, str]) -> bool:
    """Whether a customer of the copy is meant; simpler than what the server does."""
    if customer["state"] == "archived":
        return False
    phones = [customer.get(name, "") for name in ("mobile", "phone_private", "phone_business")]
    text = " ".join([customer["display_name"], customer.get("company", ""), customer.get("city", "")]).casefold()
    tests: dict[str, Callable[[str], bool]] = {
        "q": lambda value: all(word in text for word in value.casefold().split()),
        "number": lambda value: value == str(customer["number"]),
        "card": lambda value: any(card["number"] == plain(value) for card in customer["cards"]),
        "phone": lambda value: any(digits(value) and digits(phone).endswith(digits(value)) for phone in phones),
        "email": lambda value: customer.get("email", "").casefold() == value.casefold(),
    }
    return all(tests[name](value) for name, value in asked.items())


def plain(card: str) -> str:
    """A card number as it is stored."""
    return "".join(card.split()).upper()


def digits(phone: str) -> str:
    """The digits that stand in every spelling of a number."""
    return "".join(char for char in phone if char.isdigit()).lstrip("0")


def now() -> str:
    """This moment, for what is sent later."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def shown(customer: dict[str, Any]) -> str:
    """One line about a customer."""
    cards = [f"card {one['number']}" + (" BLOCKED" if one["state"] == "blocked" else "") for one in customer["cards"]]
    phone = customer.get("mobile") or customer.get("phone_private") or ""
    facts = [fact for fact in (customer.get("city", ""), phone, customer.get("email", ""), *cards) if fact]
    mark = " (archived)" if customer["state"] == "archived" else ""
    return " · ".join([f"{customer['number']} {customer['display_name']}{mark}", *facts])


# --- the commands ---------------------------------------------------------------------------------------------------

TEXTS = ("first-name", "last-name", "company", "mobile", "email", "street", "postal-code", "city")


def parser() -> argparse.ArgumentParser:
    """What can be typed."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--file", type=Path, default=Path("till.sqlite"), help="where the till keeps what it knows")
    made.add_argument("--offline", action="store_true", help="as if there were no line")
    commands = made.add_subparsers(dest="command", required=True)
    enrol = commands.add_parser("enrol", help="become the device for which a code was shown")
    enrol.add_argument("server", help="such as https://stammhaus.example.com")
    enrol.add_argument("code")
    for name, about in (
        ("me", "who am I, and what may I do"), ("rotate", "renew the token"), ("send", "send what waits"),
        ("copy", "fetch the customers, or what has changed"), ("queue", "what waits, and what was refused"),
    ):  # fmt: skip
        commands.add_parser(name, help=about)
    find = commands.add_parser("find", help="find customers")
    find.add_argument("q", nargs="?", default="", help="words")
    for name in ("card", "phone", "number", "email"):
        find.add_argument(f"--{name}", default="")
    register = commands.add_parser("register", help="register a customer")
    for name in TEXTS:
        register.add_argument(f"--{name}", default="")
    register.add_argument("--card", default="", help="which the customer gets")
    register.add_argument("--agrees", action="append", default=[], metavar="PURPOSE", help="such as newsletter")
    change = commands.add_parser("change", help="change a customer")
    change.add_argument("number", type=int)
    change.add_argument("values", nargs="+", metavar="field=value")
    consent = commands.add_parser("consent", help="record what a customer says")
    consent.add_argument("number", type=int)
    consent.add_argument("purpose")
    consent.add_argument("said", choices=["yes", "no"])
    till_money.describe(commands)
    till_load.describe(commands)
    return made


def enrol(till: Till, typed: argparse.Namespace) -> None:
    till.enrol(typed.server, typed.code)


def copy(till: Till, _typed: argparse.Namespace) -> None:
    till.say(f"{till.copy()} customers were new or changed.")


def queue(till: Till, _typed: argparse.Namespace) -> None:
    left = "SELECT state, method, path, answer FROM queue WHERE state <> 'done' ORDER BY id"
    for state, method, path, answer in till.store.execute(left):
        till.say(f"{state}: {method} {path} {json.loads(answer).get('detail', '') if answer else ''}".strip())


def find(till: Till, typed: argparse.Namespace) -> None:
    found = till.find(q=typed.q, card=typed.card, phone=typed.phone, number=typed.number, email=typed.email)
    for customer in found:
        till.say(shown(customer))
    if not found:
        till.say("Nobody was found.")


def change(till: Till, typed: argparse.Namespace) -> None:
    path = f"customers/{typed.number}"
    values = dict(value.split("=", 1) for value in typed.values)
    before = till.waiting_for("PATCH", path)
    till.put("PATCH", path, values, version=before or f'"{till.one(typed.number)["version"]}"')
    till.send()


def consent(till: Till, typed: argparse.Namespace) -> None:
    said = {"purpose": typed.purpose, "is_given": typed.said == "yes", "at": now()}
    till.put("POST", f"customers/{typed.number}/consents", said)
    till.send()


def register(till: Till, typed: argparse.Namespace) -> None:
    """The customer first, then what he agrees to and his card, which go to the number that he gets."""
    values = {name.replace("-", "_"): getattr(typed, name.replace("-", "_")) for name in TEXTS}
    place = till.put("POST", "customers", {name: value for name, value in values.items() if value})
    for purpose in typed.agrees:
        till.put("POST", f"customers/${place}/consents", {"purpose": purpose, "is_given": True, "at": now()})
    if typed.card:
        till.put("POST", f"customers/${place}/cards", {"number": typed.card})
    till.send()


COMMANDS: dict[str, Callable[[Till, argparse.Namespace], object]] = {
    "enrol": enrol,
    "me": lambda till, _typed: till.me(),
    "rotate": lambda till, _typed: till.rotate(),
    "send": lambda till, _typed: till.send(),
    "copy": copy,
    "queue": queue,
    "find": find,
    "register": register,
    "change": change,
    "consent": consent,
    **till_money.COMMANDS,
    "load": lambda till, typed: till_load.run(typed, call, till.say),
}


def main(arguments: Sequence[str] | None = None, say: Callable[[str], None] = print) -> int:
    """Do what was typed; 1 where the server refused it or does not answer."""
    typed = parser().parse_args(arguments)
    till = Till(typed.file, offline=typed.offline, say=say)
    try:
        COMMANDS[typed.command](till, typed)
    except (NoLine, Refused) as error:
        say(str(error))
        return 1
    finally:
        till.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
