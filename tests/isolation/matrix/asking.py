"""Asks one address as everybody, everywhere, by every method, and compares with what must be answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection, transaction
from django.http import SimpleCookie
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import reverse
from django.utils.html import escape

from customers.models import ImportRow
from locations.choices import LocationKind
from mcp.isolation.addresses import Zone
from tests.isolation.matrix.forms import Asked
from tests.isolation.matrix.judge import METHODS, READING, Sentence, Verdict, sentence, to_login
from tests.isolation.matrix.recipes import Recipe, recipe_for
from tests.isolation.matrix.rows import Rows, missing
from tests.isolation.matrix.walk import URLCONFS, Line
from tests.isolation.matrix.world import CENTRAL, HAMBURG, MUNICH, NO_LOCATION, Place, Role, World
from tests.proofs.sampling import Sample

OUTSIDE: Place = (0, 0)
ROTATING = 3
"""So many roles ask by every method on any line, in a run that leaves something out."""
STATUS = {
    Verdict.METHODS: 200,
    Verdict.NOT_ALLOWED: 405,
    Verdict.LOGIN: 302,
    Verdict.MISSING: 403,
    Verdict.ELSEWHERE: 403,
    Verdict.NOT_FOUND: 404,
}


@dataclass(frozen=True)
class Case:
    """One request before it is made."""

    line: Line
    role: Role
    place: Place
    row: Any
    row_is: str
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method:7} {self.path:60} {self.row_is:8} {self.role.name}"


@dataclass
class Tally:
    """What was asked of one line of the table, and what was wrong."""

    triples: set[tuple[str, str]] = field(default_factory=set)
    requests: int = 0
    served: set[str] = field(default_factory=set)
    wrote: set[str] = field(default_factory=set)
    deviations: list[str] = field(default_factory=list)


class Asker:
    """Makes the requests of one line, each undone before the next.

    `sample` says who asks by every method: without one everybody does.
    """

    def __init__(self, world: World, line: Line, *, sample: Sample | None = None) -> None:
        self.world, self.line, self.rows = world, line, Rows(world)
        names = [role.name for role in world.roles]
        self.thorough = set(sample.part(names, of=len(names) // ROTATING) if sample else names)
        self.recipe: Recipe = recipe_for(line.rule.name, line.rule.posted)
        self.tally = Tally()

    def ask_all(self) -> Tally:
        cases = list(self._cases())
        self.not_found = {
            True: self.world.role("central").client.get("/10400/1/no/such/page/").content,
            False: self.world.role("anonymous").client.get("/no/such/page/").content,
        }
        """By whether somebody is logged in, as the frame of a page knows that."""
        self.before = rows_of_business()
        for case in cases:
            self._ask(case)
        return self.tally

    # --- what is asked ------------------------------------------------------------------------------------

    def _cases(self) -> Iterator[Case]:
        for role in self.world.roles:
            for place, row_is in self._variants(role):
                row = self._row(role, place, row_is)
                if self.recipe.beside:
                    self.rows.own(self.recipe.beside, role, place)
                path = self._path(place, row)
                for method in self._methods(role, place, row_is):
                    yield Case(self.line, role, place, row, row_is, method, path)

    def _variants(self, role: Role) -> list[tuple[Place, str]]:
        """The row that is there; for those who are served a foreign and a missing one; the page at other places."""
        home = self._home(role)
        may_read = not sentence(self.line, role, home, "GET", row_exists=True).is_refusal
        others = ["foreign", "missing"] if self.recipe.row and may_read else []
        if home == OUTSIDE:
            return [(home, "own"), *((home, row_is) for row_is in others if row_is == "missing")]
        places = [place for place in (HAMBURG, MUNICH, NO_LOCATION) if place != home]
        return [(home, "own"), *((home, row_is) for row_is in others), *((place, "own") for place in places)]

    def _methods(self, role: Role, place: Place, row_is: str) -> tuple[str, ...]:
        """All at the role's own place; with other rows reading and sending; elsewhere the stronger of the two.

        Methods other than these are answered by the table before any page is asked (address_check.py).
        """
        if place == self._home(role):
            if row_is != "own":
                return ("GET", "POST")
            return METHODS if role.name in self.thorough else (*READING, "POST")
        return ("POST",) if self.line.rule.changes is not None else ("GET",)

    def _home(self, role: Role) -> Place:
        if self.recipe.is_of_central:
            return CENTRAL
        is_outside = self.line.pattern.zone is Zone.OUTSIDE
        return OUTSIDE if is_outside else self.world.home(role, self.line.rule)

    def address(self, role: Role, place: Place) -> str:
        """Where the row that exists there is found."""
        return self._path(place, self._row(role, place, "own"))

    def _row(self, role: Role, place: Place, row_is: str) -> Any:
        if not self.recipe.row:
            return None
        if row_is == "own":
            return self.rows.own(self.recipe.row, role, place)
        return self.rows.foreign(self.recipe.row) if row_is == "foreign" else missing(self.recipe.row)

    def _path(self, place: Place, row: Any) -> str:
        rule = self.line.rule
        arguments: dict[str, Any] = dict(rule.arguments)
        if self.recipe.row and "{row}" not in self.recipe.query:
            arguments[self.recipe.argument] = row
        before = "" if place == OUTSIDE else f"/{place[0]}/{place[1]}"
        path = reverse(rule.name, URLCONFS[self.line.pattern.zone], kwargs=arguments)
        return before + path + self.recipe.query.format(row=row)

    # --- what is answered ---------------------------------------------------------------------------------

    def _ask(self, case: Case) -> None:
        must = sentence(case.line, case.role, case.place, case.method, row_exists=self._is_there(case))
        with undone(case.role):
            answer = self._answer(case)
            has_changed = rows_of_business() != self.before
        self._note(case, must, has_changed)
        for wrong in self._wrong(case, must, answer, has_changed=has_changed):
            self.tally.deviations.append(f"{case}  {wrong}")

    def _is_there(self, case: Case) -> bool:
        if case.row_is != "own":
            return False
        place = self.world.places.get(case.place)
        return not (self.recipe.is_of_central and place is not None and place.kind == LocationKind.BRANCH)

    def _answer(self, case: Case) -> Any:
        if case.method in READING:
            return case.role.client.generic(case.method, case.path)
        body = encode_multipart(BOUNDARY, dict(self.recipe.body(self._asked(case))))
        return case.role.client.generic(case.method, case.path, body, MULTIPART_CONTENT)

    def _asked(self, case: Case) -> Asked:
        return Asked(self.world, case.role, case.place, case.row)

    def _note(self, case: Case, must: Sentence, has_changed: bool) -> None:
        self.tally.requests += 1
        self.tally.triples.add((case.role.name, case.method))
        if must.verdict is Verdict.SERVED:
            self.tally.served.add(case.method)
            self.tally.wrote |= {case.method} if has_changed else set()

    def _wrong(self, case: Case, must: Sentence, answer: Any, *, has_changed: bool) -> Iterator[str]:
        status = self._status(case, must)
        if answer.status_code != status:
            yield f"{answer.status_code} instead of {status} ({must.verdict})"
        elif reason := self._wrong_words(case, must, answer):
            yield reason
        if has_changed and (case.method != "POST" or must.verdict is not Verdict.SERVED):
            yield "changed something"

    def _status(self, case: Case, must: Sentence) -> int:
        if must.verdict is not Verdict.SERVED:
            return STATUS[must.verdict]
        status = self.recipe.get if case.method in READING else self.recipe.post
        return status if isinstance(status, int) else status(self._asked(case))

    def _wrong_words(self, case: Case, must: Sentence, answer: Any) -> str:
        """What is wrong with an answer of the right status."""
        text = "" if answer.streaming else answer.content.decode()
        match must.verdict:
            case Verdict.LOGIN if answer["Location"] != to_login(self.recipe.after_login or case.path):
                return f"leads to {answer['Location']}"
            case Verdict.METHODS | Verdict.NOT_ALLOWED if answer["Allow"] != ", ".join(case.line.rule.methods):
                return f"allows {answer['Allow']}"
            case Verdict.MISSING if case.method != "HEAD" and not self._names_right(must, text):
                return f"does not name the right {must.right} at {must.place}"
            case Verdict.NOT_FOUND if (
                case.method != "HEAD" and answer.content != self.not_found[case.role.is_logged_in]
            ):
                return "tells more than that there is no such page"
            case Verdict.SERVED if case.method == "POST" and not self._leads_on(answer):
                return f"leads to {answer['Location']}"
        return ""

    def _not_found(self, case: Case) -> bytes:
        return self.not_found[case.role.is_logged_in]

    def _names_right(self, must: Sentence, text: str) -> bool:
        assert must.right is not None
        assert must.place is not None
        where = escape(f"at the location {self.world.places[must.place].name} ")
        return f"You lack the right “{escape(str(must.right.label))}”" in text and where in text

    def _leads_on(self, answer: Any) -> bool:
        if answer.status_code != 302 or not self.recipe.to:
            return True
        return re.fullmatch(self.recipe.to, answer["Location"]) is not None


@contextmanager
def undone(role: Role) -> Iterator[None]:
    """What happens inside leaves no trace: neither rows nor cookies."""
    cookies = SimpleCookie(role.client.cookies.output(header="", sep=";"))
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    role.client.cookies = cookies


def rows_of_business() -> tuple[int, ...]:
    """How many rows each table of the business has, histories included: a change adds one to some history."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS)
        return tuple(cursor.fetchone())


VIEWS = {"customers_importrow": "customers_import_rows"}
"""Tables that the web role reads through a view only."""


def _counts() -> str:
    tables = [
        model._meta.db_table
        for label in ("locations", "mcp", "files", "customers", "accounting", "transitions", "api", "privacy")
        for model in apps.get_app_config(label).get_models()
        if model is not ImportRow  # nobody may count them; whoever stages rows writes an upload as well
    ]
    seen = [VIEWS.get(table, table) for table in sorted(tables)]
    return "SELECT " + ", ".join(f'(SELECT count(*) FROM "{table}")' for table in seen)


_COUNTS = _counts()
