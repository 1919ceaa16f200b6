"""Which page of the central administration answers whom, and how."""

from __future__ import annotations

import pytest

from mcp.models import Restriction

LOGIN = 302
ALL = ["anna", "bodo", "carla", "frida", "sven", "rita", "dev", "anonymous"]

# page, and the answers to anna, bodo, carla, frida, sven, rita, dev and a stranger
TABLE = [
    # at the central of Nordlicht
    ("/10400/1/mcp/user/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/user/add/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/user/{bodo}/change/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/user/{bodo}/password/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/user/{sven}/password/", [404, 403, 403, 403, 404, 404, 404, LOGIN]),
    ("/10400/1/mcp/user/suggest/places/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/user/suggest/people/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/user/why/", [200, 200, 200, 200, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/usergroup/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/usergroup/add/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/usergroup/{theke}/change/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/usergroup/{theke}/delete/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/usergroup/{theke}/rights/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/usergroup/{theke}/rights/log/", [200, 403, 403, 403, 404, 403, 404, LOGIN]),
    ("/10400/1/locations/location/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/locations/location/add/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/locations/location/{hamburg}/change/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/locations/location/{hamburg}/close/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/locations/location/{hamburg}/reopen/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/1/mcp/restriction/", [404, 403, 403, 403, 404, 404, 404, LOGIN]),
    # at a branch
    ("/10400/2/mcp/user/", [200, 403, 403, 403, 404, 200, 404, LOGIN]),
    ("/10400/2/mcp/usergroup/{theke}/rights/", [404, 403, 403, 403, 404, 404, 404, LOGIN]),
    ("/10400/2/locations/location/add/", [403, 403, 403, 403, 404, 403, 404, LOGIN]),
    # at the franchisee's
    ("/10400/6/mcp/user/", [200, 403, 403, 200, 404, 200, 404, LOGIN]),
    ("/10400/6/mcp/user/{frida}/change/", [200, 403, 403, 200, 404, 200, 404, LOGIN]),
    ("/10400/6/mcp/usergroup/{team}/rights/", [403, 403, 403, 200, 404, 403, 404, LOGIN]),
    ("/10400/6/mcp/restriction/", [200, 403, 403, 200, 404, 200, 404, LOGIN]),
    ("/10400/6/mcp/restriction/add/", [403, 403, 403, 200, 404, 403, 404, LOGIN]),
    ("/10400/6/mcp/restriction/{restriction}/delete/", [403, 403, 403, 200, 404, 403, 404, LOGIN]),
    ("/10400/6/locations/location/", [200, 403, 403, 200, 404, 200, 404, LOGIN]),
    ("/10400/6/locations/location/{flensburg}/change/", [200, 403, 403, 200, 404, 200, 404, LOGIN]),
    ("/10400/6/locations/location/{hamburg}/close/", [404, 403, 403, 403, 404, 404, 404, LOGIN]),
    ("/10400/6/locations/location/add/", [403, 403, 403, 403, 404, 403, 404, LOGIN]),
    # outside any location
    ("/locations/organization/", [404, 404, 404, 404, 404, 200, 404, LOGIN]),
    ("/locations/organization/add/", [404, 404, 404, 404, 404, 200, 404, LOGIN]),
    ("/locations/organization/{nordlicht}/change/", [404, 404, 404, 404, 404, 200, 404, LOGIN]),
    ("/locations/organization/legacy/", [404, 404, 404, 404, 404, 200, 404, LOGIN]),
    ("/locations/organization/{nordlicht}/legacy/", [404, 404, 404, 404, 404, 200, 404, LOGIN]),
]


@pytest.fixture
def addresses(cast):
    """The ids that the addresses of the table name."""
    return {
        "bodo": cast.user("bodo").pk,
        "frida": cast.user("frida").pk,
        "sven": cast.user("sven").pk,
        "theke": cast.group("Theke Hamburg und Bremen").pk,
        "team": cast.group("Team Flensburg").pk,
        "hamburg": cast.location("Hamburg").pk,
        "flensburg": cast.location("Flensburg").pk,
        "nordlicht": cast.organization().pk,
        "restriction": Restriction.objects.create(
            organization=cast.organization(),
            location=cast.location("Flensburg"),
            group=cast.group("Theke Hamburg und Bremen"),
            right="export_customers",
        ).pk,
    }


@pytest.mark.parametrize(("page", "answers"), TABLE)
def test_page_answers_each_of_the_cast(page, answers, addresses, log_in, client):
    address = page.format(**addresses)
    given = [(client if name == "anonymous" else log_in(name)).get(address).status_code for name in ALL]
    assert dict(zip(ALL, given, strict=True)) == dict(zip(ALL, answers, strict=True))


@pytest.mark.parametrize("page", ["mcp/user", "mcp/usergroup", "locations/location"])
@pytest.mark.parametrize("key", ["__fk__", "x", "9" * 25])
def test_page_of_no_possible_key_answers_as_that_of_a_missing_one(log_in, page, key):
    anna = log_in("anna")
    answers = [anna.get(f"/10400/1/{page}/{one}/change/").status_code for one in (key, "999999")]
    assert answers[0] == answers[1] != 200
