"""Every role at every page of the customers, and what a refusal says."""

import pytest

from customers.models import Customer
from customers.operations import archive_customers
from locations.permissions import Right
from mcp.isolation import grants
from tests.conftest import Cast
from tests.customers.people import customer, group, tag

# What anna (all rights), bodo (view, register, change), carla (view) and ines (of another business) are answered
# at Bremen: 302 is done or sent back, 403 names the right, 404 is what a stranger gets.
CHANGED = {"last_name": "Neu", "seen_at": "{seen}"}
TICKED = {"_selected_action": "{customer}", "index": "0"}
GROUP = {"name": "Neu", "discount": "0"}
PAGES = [
    # method, address, posted, anna, bodo, carla, missing right of the first who lacks one
    ("get", "customer/", {}, 200, 200, 200, None),
    ("get", "customer/add/", {}, 200, 200, 403, Right.ADD_CUSTOMERS),
    ("post", "customer/add/", {"last_name": "Neu"}, 302, 302, 403, Right.ADD_CUSTOMERS),
    ("get", "customer/{customer}/change/", {}, 200, 200, 200, None),
    ("post", "customer/{customer}/change/", CHANGED, 302, 302, 403, Right.CHANGE_CUSTOMERS),
    ("get", "customer/{customer}/history/", {}, 200, 403, 403, Right.SEE_HISTORY),
    ("get", "customer/{customer}/delete/", {}, 404, 404, 404, None),
    ("post", "customer/{customer}/delete/", {"post": "yes"}, 404, 404, 404, None),
    ("post", "customer/", {"action": "archive", **TICKED}, 302, 403, 403, Right.ARCHIVE_CUSTOMERS),
    ("post", "customer/", {"action": "delete_selected", **TICKED}, 302, 403, 403, Right.ARCHIVE_CUSTOMERS),
    ("get", "customer/archive/?id={customer}", {}, 200, 403, 403, Right.ARCHIVE_CUSTOMERS),
    ("post", "customer/archive/?id={customer}", {"reason": "Verzogen"}, 302, 403, 403, Right.ARCHIVE_CUSTOMERS),
    ("get", "customer/restore/?id={archived}", {}, 200, 403, 403, Right.ARCHIVE_CUSTOMERS),
    ("post", "customer/restore/?id={archived}", {}, 302, 403, 403, Right.ARCHIVE_CUSTOMERS),
    ("post", "customer/duplicates/", {"email": "a@b.de"}, 200, 200, 200, None),
    ("get", "customergroup/", {}, 200, 200, 200, None),
    ("get", "customergroup/{group}/change/", {}, 200, 200, 200, None),
    ("get", "customergroup/add/", {}, 200, 403, 403, Right.MANAGE_CUSTOMER_GROUPS),
    ("post", "customergroup/add/", GROUP, 302, 403, 403, Right.MANAGE_CUSTOMER_GROUPS),
    ("post", "customergroup/{group}/change/", GROUP, 302, 403, 403, Right.MANAGE_CUSTOMER_GROUPS),
    ("get", "customergroup/{group}/delete/", {}, 200, 403, 403, Right.MANAGE_CUSTOMER_GROUPS),
    ("post", "customergroup/{group}/delete/", {}, 302, 403, 403, Right.MANAGE_CUSTOMER_GROUPS),
    ("get", "tag/", {}, 200, 200, 200, None),
    ("get", "tag/{tag}/change/", {}, 200, 200, 200, None),
    ("post", "tag/add/", {"name": "Neu"}, 302, 403, 403, Right.MANAGE_CUSTOMER_GROUPS),
    ("post", "tag/{tag}/change/", {"name": "Neu"}, 302, 403, 403, Right.MANAGE_CUSTOMER_GROUPS),
    ("post", "tag/{tag}/delete/", {}, 302, 403, 403, Right.MANAGE_CUSTOMER_GROUPS),
]  # fmt: skip
NAMED = pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page[0]}-{page[1]}")


@pytest.fixture(scope="module")
def made(standing):
    """One row of each kind in the base of Nordlicht."""
    return _rows(Cast(), "anna", "Bremen", 10400)


@pytest.fixture
def rows(made, db):
    return made


def _rows(cast, who, place, account):
    scope = cast.scope(who, place, account)
    gone = customer(scope, last_name="Weg")
    archive_customers(customers=[gone.pk], reason="Verzogen", actor=scope)
    made = customer(scope)
    return {
        "customer": made.pk, "seen": made.changed_at.isoformat(), "archived": gone.pk,
        "group": group(scope, "Gast").pk, "tag": tag(scope, "VIP").pk,
    }  # fmt: skip


def ask(client, page, rows, place="/10400/3"):
    method, address, posted = page[:3]
    data = {name: value.format(**rows) for name, value in posted.items()}
    ask_for = getattr(client, method)
    return ask_for(f"{place}/customers/{address.format(**rows)}", data or None, headers={"accept-language": "en"})


@NAMED
@pytest.mark.parametrize(("who", "column"), [("anna", 3), ("bodo", 4), ("carla", 5)])
def test_page_answers_each_role_as_its_rights_say(rows, log_in, who, column, page):
    answer = ask(log_in(who), page, rows)
    assert answer.status_code == page[column]
    if answer.status_code == 403 and page[6]:
        assert str(page[6].label) in answer.content.decode()


@NAMED
def test_stranger_gets_404_everywhere(rows, log_in, page):
    assert ask(log_in("ines"), page, rows).status_code == 404


@NAMED
def test_somebody_without_a_login_is_sent_to_it(rows, client, page):
    answer = ask(client, page, rows)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/login/")


@pytest.mark.parametrize(
    "page", [p for p in PAGES if "{" in p[1] and "delete/" not in p[1]], ids=lambda p: f"{p[0]}-{p[1]}"
)
def test_row_of_another_base_answers_like_a_missing_one(cast, log_in, page):
    foreign = _rows(cast, "sven", "München", 20800)
    missing = {**foreign, **dict.fromkeys(("customer", "archived", "group", "tag"), 999_999)}
    anna = log_in("anna")
    answers = [ask(anna, page, rows) for rows in (foreign, missing)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_refused_action_changes_nothing(rows, log_in):
    for page in PAGES:
        ask(log_in("carla"), page, rows)
    assert list(Customer.objects.active().values_list("pk", "last_name")) == [(rows["customer"], "Muster")]


def test_who_may_register_but_not_view_is_led_on_and_sees_no_customers(cast, log_in, rows):
    right_of = cast.group("Auskunft Bremen")
    _only(right_of, Right.ADD_CUSTOMERS, cast.location("Bremen"))
    carla = log_in("carla")
    typed = {"last_name": "Muster", "mobile": "0170 1234567"}
    answer = carla.post("/10400/3/customers/customer/add/", typed)
    assert (answer.status_code, answer["Location"]) == (302, "/10400/3/")
    again = carla.post("/10400/3/customers/customer/add/", {**typed, "_continue": "1"})
    assert (again.status_code, again["Location"]) == (302, "/10400/3/")
    assert carla.post("/10400/3/customers/customer/duplicates/", typed).status_code == 403
    assert carla.get("/10400/3/customers/customer/").status_code == 403


def _only(user_group, right, location):
    grants.remove_grants(user_group, [(Right.VIEW_CUSTOMERS, location.pk)])
    grants.add_grants(user_group, [(right, location.pk)])
