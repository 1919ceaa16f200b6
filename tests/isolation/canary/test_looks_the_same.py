"""To a stranger what belongs to somebody else and what does not exist look the same, to the byte and to the query."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from mcp.models import User
from tests.conftest import Browser, Cast, LogIn
from tests.isolation.canary.crawler import Role
from tests.isolation.canary.pairs import Pair, differences
from tests.isolation.canary.planting import Ground
from tests.isolation.canary.questions import Questions, logins
from tests.isolation.canary.roles import ROLES

type Compared = Callable[..., list[str]]


@pytest.fixture
def compared(cast: Cast, log_in: LogIn, record_property: Callable[[str, object], None]) -> Compared:
    """`compared(role, pairs_of)` gives the differences between the two answers of each pair."""

    def compare(role: Role, pairs_of: Callable[[Ground], Iterator[Pair]]) -> list[str]:
        User.objects.create(username="nora", organization=cast.organization())
        pairs = list(pairs_of(Ground(foreign=role.foreign, own=role.own)))
        client = Browser() if role.name == "anonymous" else log_in(role.name)
        client.raise_request_exception = False
        found = list(differences(client, pairs))
        record_property("pairs", {"role": role.name, "pairs": len(pairs), "differences": len(found)})
        return found

    return compare


@pytest.mark.parametrize("name", ROLES)
def test_their_rows_and_nobodys_rows_look_the_same(compared: Compared, name: str):
    place = ROLES[name].places[0]
    assert compared(ROLES[name], lambda ground: Questions(ground, place).objects()) == []


@pytest.mark.parametrize("name", [name for name in ROLES if name != "rita"])
def test_their_locations_and_nobodys_locations_look_the_same(compared: Compared, name: str):
    """Support may enter every location, and so knows which there are."""

    def asked(ground: Ground) -> Iterator[Pair]:
        questions = Questions(ground, ROLES[name].places[0])
        yield from questions.places()
        yield from questions.place_itself()
        yield from questions.outside()

    assert compared(ROLES[name], asked) == []


@pytest.mark.parametrize("name", ROLES)
def test_their_words_and_nobodys_words_find_the_same(compared: Compared, name: str):
    place = ROLES[name].places[0]
    assert compared(ROLES[name], lambda ground: Questions(ground, place).filters()) == []


@pytest.mark.parametrize("name", ROLES)
def test_their_keys_and_nobodys_keys_are_refused_the_same(compared: Compared, name: str):
    place = ROLES[name].places[0]
    assert compared(ROLES[name], lambda ground: Questions(ground, place).posted()) == []


def test_login_tells_neither_names_nor_businesses(compared: Compared):
    assert compared(ROLES["anonymous"], logins) == []


def test_what_is_ones_own_does_not_look_like_what_does_not_exist(log_in: LogIn):
    own = Pair("get", "/KEY/1/", theirs="10400", nobodys="10477")
    (difference,) = differences(log_in("anna"), [own])
    assert "status: 200 / 404" in difference
