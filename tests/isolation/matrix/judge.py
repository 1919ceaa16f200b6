"""What must be answered: follows from the line of the table, the role and the place, and from nothing else.

The order is that of the pages: who is it, does the place exist for him, which right is missing, does the row exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from locations.permissions import Right
from mcp.isolation.addresses import AtBranch, Only, Rule, Served, Zone
from tests.isolation.matrix.walk import Line
from tests.isolation.matrix.world import CENTRAL, FLENSBURG, Place, Role

READING = ("GET", "HEAD")
METHODS = (*READING, "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Verdict(StrEnum):
    """In which way a request is answered."""

    SERVED = "served"
    METHODS = "told the methods"
    NOT_ALLOWED = "method refused"
    LOGIN = "sent to the login"
    MISSING = "told which right is missing"
    ELSEWHERE = "told that it is done at the central"
    NOT_FOUND = "not found"


@dataclass(frozen=True)
class Sentence:
    """The verdict; where a right is missing, which and where."""

    verdict: Verdict
    right: Right | None = None
    place: Place | None = None

    @property
    def is_refusal(self) -> bool:
        return self.verdict not in {Verdict.SERVED, Verdict.METHODS}


def sentence(line: Line, role: Role, place: Place, method: str, *, row_exists: bool) -> Sentence:
    rule = line.rule
    if rule.at_branch is AtBranch.ONLY:
        is_asked_who = line.pattern.zone is Zone.LOCATION and not role.is_logged_in
        return Sentence(Verdict.LOGIN if is_asked_who else Verdict.NOT_FOUND)
    refused = _outside(rule, role) if line.pattern.zone is Zone.OUTSIDE else _at_location(rule, role, place, method)
    if refused is not None:
        return refused
    if not row_exists:
        return Sentence(Verdict.NOT_FOUND)
    for right in rule.changes_of_row if method == "POST" else ():
        if right not in role.rights_at(place):
            return Sentence(Verdict.MISSING, right, place)
    if method == "OPTIONS":
        return Sentence(Verdict.METHODS)
    return Sentence(Verdict.SERVED if method in rule.methods else Verdict.NOT_ALLOWED)


def _outside(rule: Rule, role: Role) -> Sentence | None:
    if rule.served is Served.ANYBODY:
        return None
    if not role.is_logged_in:
        return Sentence(Verdict.LOGIN)
    is_closed = (
        rule.served is Served.NOBODY
        or (rule.served is Served.SUPPORT and not role.is_support)
        or (rule.served is Served.DEVELOPER and not role.is_developer)
    )
    return Sentence(Verdict.NOT_FOUND) if is_closed else None


def _at_location(rule: Rule, role: Role, place: Place, method: str) -> Sentence | None:
    if not role.is_logged_in:
        return Sentence(Verdict.LOGIN)
    if not role.belongs_to(place) or rule.served is Served.NOBODY:
        return Sentence(Verdict.NOT_FOUND)
    if rule.served is Served.SUPPORT and not role.is_support:
        return Sentence(Verdict.NOT_FOUND)
    for right in _needed(rule, method):
        if right not in role.rights_at(place):
            return Sentence(Verdict.MISSING, right, place)
    return _condition(rule, role, place, method)


def _needed(rule: Rule, method: str) -> tuple[Right, ...]:
    """Methods that the address does not know are refused as reading would be."""
    if method == "POST" and rule.changes is not None:
        return rule.changes
    return (rule.changes or ()) if rule.reads is None else rule.reads


def _condition(rule: Rule, role: Role, place: Place, method: str) -> Sentence | None:
    """The first of the further conditions that is not met."""
    is_change = method == "POST" and rule.changes is not None
    right = (_needed(rule, method) or (Right.VIEW_CUSTOMERS,))[-1]
    conditions = rule.only + (rule.only_to_change if is_change else ())
    central = CENTRAL if place[0] == CENTRAL[0] else (place[0], 1)
    unmet = {
        Only.SOME_RIGHT: (not role.rights_at(place), Sentence(Verdict.MISSING, right, place)),
        Only.EVERYWHERE: (right not in role.everywhere, Sentence(Verdict.MISSING, right, central)),
        Only.AT_CENTRAL: (place[1] != 1, Sentence(Verdict.ELSEWHERE)),
        Only.AT_FRANCHISE: (place != FLENSBURG, Sentence(Verdict.NOT_FOUND)),
        Only.OWN_HOUSE: (role.house != place, Sentence(Verdict.MISSING, right, place)),
    }
    return next((refused for only in conditions for is_unmet, refused in [unmet[only]] if is_unmet), None)


def to_login(path: str) -> str:
    return f"/login/?next={quote(path)}"
