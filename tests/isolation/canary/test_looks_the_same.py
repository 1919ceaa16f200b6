"""To a stranger what belongs to somebody else and what does not exist look the same, to the byte and to the query."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import LogIn
from tests.isolation.canary.conftest import as_each, browser_of
from tests.isolation.canary.crawler import Role
from tests.isolation.canary.pairs import Pair, differences
from tests.isolation.canary.planting import Ground
from tests.isolation.canary.questions import Questions, logins
from tests.isolation.canary.roles import ROLES
from tests.proofs.sampling import Sample

pytestmark = pytest.mark.isolation

type Compared = Callable[..., list[str]]
EACH = 12
"""In a run that leaves something out each role asks one pair of so many, and each role others."""


@pytest.fixture
def compared(ground: Ground, db, sample: Sample, record_property: Callable[[str, object], None]) -> Compared:
    """`compared(role, pairs_of)` gives the differences between the two answers of each pair."""

    def compare(role: Role, pairs_of: Callable[[Ground], Iterator[Pair]]) -> list[str]:
        pairs = sample.part(pairs_of(ground), of=EACH, shift=list(ROLES).index(role.name))
        client = browser_of(role)
        client.raise_request_exception = False
        found = list(differences(client, pairs))
        record_property("pairs", {"role": role.name, "pairs": len(pairs), "differences": len(found)})
        return found

    return compare


@pytest.mark.sample("roles to whom it looks the same", most=4)
@as_each(ROLES.values())
def test_their_rows_and_nobodys_rows_look_the_same(compared: Compared, role: Role):
    assert compared(role, lambda ground: Questions(ground, role.places[0]).objects()) == []


@pytest.mark.sample("roles to whom it looks the same", most=4)
@as_each(role for name, role in ROLES.items() if name != "rita")
def test_their_locations_and_nobodys_locations_look_the_same(compared: Compared, role: Role):
    """Support may enter every location, and so knows which there are."""

    def asked(ground: Ground) -> Iterator[Pair]:
        questions = Questions(ground, role.places[0])
        yield from questions.places()
        yield from questions.place_itself()
        yield from questions.outside()

    assert compared(role, asked) == []


@pytest.mark.sample("roles to whom it looks the same", most=4)
@as_each(ROLES.values())
def test_their_words_and_nobodys_words_find_the_same(compared: Compared, role: Role):
    assert compared(role, lambda ground: Questions(ground, role.places[0]).filters()) == []


@pytest.mark.sample("roles to whom it looks the same", most=4)
@as_each(ROLES.values())
def test_their_keys_and_nobodys_keys_are_refused_the_same(compared: Compared, role: Role):
    assert compared(role, lambda ground: Questions(ground, role.places[0]).posted()) == []


@as_each([ROLES["anonymous"]])
def test_login_tells_neither_names_nor_businesses(compared: Compared, role: Role):
    assert compared(role, logins) == []


def test_what_is_ones_own_does_not_look_like_what_does_not_exist(log_in: LogIn):
    own = Pair("get", "/KEY/1/", theirs="10400", nobodys="10477")
    (difference,) = differences(log_in("anna"), [own])
    assert "status: 200 / 404" in difference
