"""A base without customers says how to begin, as far as the rights go."""

import pytest

from customers.operations import archive_customers
from tests.customers.people import HAMBURG, LIST, customer
from tests.customers.sides import with_node

NOBODY = "There is no customer here yet"
ENGLISH = {"Accept-Language": "en"}


def ways(client, address):
    """The addresses of the buttons on the page, and the page."""
    page = client.get(address, headers=ENGLISH).content.decode()
    part = page.partition(NOBODY)[2].partition('class="shell-tiles"')[2].partition("</p>")[0]
    return [address.split('"')[0] for address in part.split('href="')[1:]], page


@pytest.mark.parametrize("page", ["/", LIST])
@pytest.mark.parametrize(
    ("person", "place", "expected"),
    [
        ("anna", "/10400/2", ["/customers/customer/add/", "/customers/customer/import/"]),
        ("bodo", "/10400/2", ["/customers/customer/add/"]),
        ("carla", "/10400/3", []),
        ("dirk", "/10400/4", ["/customers/customer/add/"]),
        (
            "ines",
            "/30100/2",
            ["/customers/customer/add/", "/customers/customer/import/", "/transitions/transition/arrivals/"],
        ),
    ],
)
def test_empty_base_leads_to_what_the_person_may_do(log_in, page, person, place, expected):
    found, shown = ways(log_in(person), f"{place}{page}")
    assert NOBODY in shown
    assert [address.removeprefix(place) for address in found] == expected
    if not expected:
        assert "Whoever may register or import them enters the first." in shown


def test_buttons_lead_to_pages_that_open(log_in):
    ines = log_in("ines")
    for address in ways(ines, f"/30100/2{LIST}")[0]:
        assert ines.get(address).status_code == 200


def test_it_is_gone_with_the_first_customer_of_this_base(cast, log_in):
    anna = log_in("anna")
    row = customer(cast.scope("anna", "Hamburg"))
    for page in ("/", LIST):
        assert NOBODY not in anna.get(f"{HAMBURG}{page}", headers=ENGLISH).content.decode()
        assert NOBODY in anna.get(f"/10400/4{page}", headers=ENGLISH).content.decode()
        assert NOBODY in log_in("sven").get(f"/20800/2{page}", headers=ENGLISH).content.decode()
    archive_customers(customers=[row.pk], reason="weg", actor=cast.scope("anna", "Hamburg"))
    page = anna.get(f"{HAMBURG}{LIST}", headers=ENGLISH).content.decode()
    assert NOBODY not in page
    assert "All customers are archived" in page


def test_whoever_sees_no_customers_is_told_nothing_of_them(log_in):
    assert NOBODY not in log_in("rita").get(f"{HAMBURG}/", headers=ENGLISH).content.decode()


def test_search_without_a_hit_leads_to_registering(cast, log_in):
    customer(cast.scope("anna", "Hamburg"))
    page = log_in("bodo").get(f"{HAMBURG}{LIST}", {"q": "Anna <X>"}, headers=ENGLISH).content.decode()
    assert "No customer contains “Anna &lt;X&gt;”" in page
    assert f'href="{HAMBURG}{LIST}add/?typed=Anna%20%3CX%3E"' in page
    page = log_in("carla").get(f"/10400/3{LIST}", {"q": "Anna"}, headers=ENGLISH).content.decode()
    assert "/add/" not in page
    page = log_in("bodo").get(f"{HAMBURG}{LIST}", {"archived": "yes"}, headers=ENGLISH).content.decode()
    assert "No customer fits these filters" in page


@pytest.mark.parametrize("page", ["/", LIST])
def test_base_that_is_edited_on_the_other_side_leads_nowhere_and_says_it(cast, log_in, page):
    with_node(cast.location("Lübeck").base)
    addresses, shown = ways(log_in("anna"), f"/10400/4{page}")
    assert addresses == []
    assert "are edited at the branch, on its node." in shown
    assert "Whoever may register or import them" not in shown
