"""What was typed into a form that was refused comes back: to be read, and to be sent again with one click."""

import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict

from customers.models import Customer
from locations.permissions import Right
from mcp.console import kept_forms
from mcp.demo import PASSWORD
from mcp.isolation.grants import add_grants, remove_grants
from mcp.login import devices
from mcp.models import Session
from tests.conftest import Browser, Cast
from tests.customers.people import BREMEN, HAMBURG, LIST, customer, form_data

OURS = {"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}
TYPED = {
    "last_name": "Meier <b>", "city": "Kiel", "iban": "DE89 3704 0044 0532 0130 00", "memo": "eins\nzwei",
    "payment_method": "invoice", "is_favourite": "on", "tags": ["VIP", "Stamm"], "customer_group": "7",
    "seen_at": "2026", "known_candidates": "", "_continue": "1", "csrfmiddlewaretoken": "x" * 64,
}  # fmt: skip
ADD = f"{BREMEN}{LIST}add/"


def send(client, data, address=ADD, headers=OURS):
    """As a browser sends a form without files."""
    body = urlencode(data, doseq=True)
    return client.post(address, body, content_type="application/x-www-form-urlencoded", headers=headers)


def sent_again(page: str) -> dict[str, list[str]]:
    """What the button of the page would send, without the token."""
    form = page.split('class="shell-kept"')[1].split("<form")[1].split("</form>")[0]
    fields: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form):
        fields.setdefault(unescape(name), []).append(unescape(value))
    fields.pop("csrfmiddlewaretoken", None)
    return fields


def listed(page: str) -> dict[str, str]:
    found = re.findall(
        r"<dt>(.*?)</dt><dd>(.*?)</dd>", page.partition('class="shell-kept"')[2].partition("</dl>")[0], re.DOTALL
    )
    return {unescape(label): unescape(text) for label, text in found}


def test_form_refused_for_a_right_comes_back(log_in):
    response = log_in("carla").post(ADD, TYPED, headers=OURS)
    page = response.content.decode()
    assert response.status_code == 403
    assert "You lack the right “Register customers”" in page
    assert listed(page) == {
        "Last name": "Meier <b>",
        "City": "Kiel",
        "IBAN": "… 3000",
        "Memo": "eins<br>zwei",
        "Payment method": "Invoice",
        "Favourite": "Yes",
        "Tags": "Stamm",
    }
    assert "Meier &lt;b&gt;" in page
    again = {name: value if isinstance(value, list) else [value] for name, value in TYPED.items()}
    again.pop("csrfmiddlewaretoken")
    assert sent_again(page) == again
    assert f'action="{ADD}"' in page
    assert Customer.objects.count() == 0


def test_it_is_saved_by_one_click_once_the_right_is_back(cast, log_in):
    carla = log_in("carla")
    page = carla.post(ADD, {"last_name": "Meier", "city": "Kiel"}, headers=OURS).content.decode()
    add_grants(cast.group("Auskunft Bremen"), [(Right.ADD_CUSTOMERS, cast.location("Bremen").pk)])
    assert carla.post(ADD, sent_again(page), headers=OURS).status_code == 302
    assert Customer.objects.get(last_name="Meier").city == "Kiel"


def test_change_whose_right_is_taken_while_somebody_types_comes_back(cast, log_in):
    row = customer(cast.scope("anna", "Hamburg"), last_name="Meier")
    bodo = log_in("bodo")
    address = f"{HAMBURG}{LIST}{row.pk}/change/"
    data = form_data(bodo.get(address), city="Kiel", memo="lange getippt")
    remove_grants(cast.group("Theke Hamburg und Bremen"), [(Right.CHANGE_CUSTOMERS, cast.location("Hamburg").pk)])
    response = bodo.post(address, data, headers=OURS)
    assert response.status_code == 403
    assert listed(response.content.decode())["Memo"] == "lange getippt"
    assert Customer.objects.get(pk=row.pk).memo == ""


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://testserver"},
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {**OURS, "HX-Request": "true"},
    ],
)
def test_form_of_somebody_elses_page_is_not_given_back(cast, log_in, headers):
    assert "Meier" not in log_in("carla").post(ADD, TYPED, headers=headers).content.decode()
    stranger = send(Browser(), TYPED, headers=headers)
    assert (stranger.status_code, stranger["Location"]) == (302, f"/login/?next={ADD}")
    forged = Browser(enforce_csrf_checks=True)
    forged.force_login(cast.user("bodo"))
    refused = forged.post(ADD, TYPED, headers=headers)
    assert refused.status_code == 403
    assert "Meier" not in refused.content.decode()


def test_browser_that_says_its_origin_alone_is_believed(log_in):
    page = log_in("carla").post(ADD, TYPED, headers={"Origin": "http://testserver"}).content.decode()
    assert "Meier &lt;b&gt;" in page


def test_form_with_the_token_of_another_login_comes_back(cast):
    client = Browser(enforce_csrf_checks=True)
    client.force_login(cast.user("bodo"))
    response = client.post(ADD, {**TYPED, "csrfmiddlewaretoken": "y" * 64}, headers=OURS)
    page = response.content.decode()
    assert response.status_code == 403
    assert "This form is no longer valid" in page
    assert listed(page)["City"] == "Kiel"
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
    again = {**sent_again(page), "customer_group": "", "tags": [], "iban": "", "csrfmiddlewaretoken": token}
    assert client.post(ADD, again, headers=OURS).status_code == 302
    assert Customer.objects.get().last_name == "Meier <b>"


# --- the session has ended ----------------------------------------------------------------------------------------


def device_of(username: str, client: Browser | None = None) -> Browser:
    """A browser in which this person has logged in last, and is not logged in any more."""
    client, response = client or Browser(), HttpResponse()
    devices.remember(HttpRequest(), response, Cast().user(username))
    client.cookies.update(response.cookies)
    return client


def after_login(page: str, username: str = "bodo", **more: str):
    """Log in by the form of the page."""
    fields = dict(re.findall(r'name="(next|kept)" value="([^"]*)"', page))
    client = Browser()
    client.cookies["django_language"] = "en"
    words = {"account_number": "10400", "username": username, "password": PASSWORD, **fields, **more}
    return client, client.post("/login/", words, headers=OURS)


def test_form_sent_after_the_session_has_ended_goes_through_the_login(cast, log_in):
    bodo = device_of("bodo", log_in("bodo"))
    Session.objects.all().delete()
    response = send(bodo, {"last_name": "Meier", "city": "Kiel"})
    page = response.content.decode()
    assert response.status_code == 403
    assert "Your session has ended" in page
    assert listed(page) == {"Last name": "Meier", "City": "Kiel"}
    assert 'name="account_number" value="10400"' in page
    client, behind = after_login(page)
    assert behind.status_code == 200
    shown = behind.content.decode()
    assert listed(shown) == {"Last name": "Meier", "City": "Kiel"}
    assert "sessionid" in behind.cookies
    assert "device" in behind.cookies
    assert client.post(ADD, sent_again(shown), headers=OURS).status_code == 302
    assert Customer.objects.get().city == "Kiel"


def test_wrong_password_in_between_loses_nothing(cast):
    page = send(device_of("bodo"), {"last_name": "Meier"}).content.decode()
    _client, refused = after_login(page, password="falsch")
    assert refused.status_code == 200
    _client, behind = after_login(refused.content.decode())
    assert listed(behind.content.decode()) == {"Last name": "Meier"}


@pytest.mark.parametrize("last", ["carla", None])
def test_nobody_else_gets_it_back_to_send_it_under_his_name(cast, log_in, last):
    page = send(device_of(last) if last else Browser(), {"last_name": "Meier"}).content.decode()
    _client, behind = after_login(page, "bodo")
    assert (behind.status_code, behind["Location"]) == (302, ADD)
    fields = dict(re.findall(r'name="(next|kept)" value="([^"]*)"', page))
    assert log_in("bodo").post("/login/", fields, headers=OURS).status_code == 302


def test_whoever_has_lost_the_right_meanwhile_is_refused_and_keeps_it(cast):
    page = send(device_of("carla"), {"last_name": "Meier"}).content.decode()
    client, behind = after_login(page, "carla")
    response = client.post(ADD, sent_again(behind.content.decode()), headers=OURS)
    assert response.status_code == 403
    assert listed(response.content.decode()) == {"Last name": "Meier"}


def test_whoever_has_logged_in_in_another_tab_gets_it_back(cast, log_in):
    page = send(device_of("bodo"), {"last_name": "Meier"}).content.decode()
    fields = dict(re.findall(r'name="(next|kept)" value="([^"]*)"', page))
    behind = log_in("bodo").post("/login/", fields, headers=OURS)
    assert listed(behind.content.decode()) == {"Last name": "Meier"}
    assert log_in("bodo").post("/login/", {"next": "/10400/2/"}, headers=OURS).status_code == 302
    refused = Browser(enforce_csrf_checks=True).post("/login/", fields, headers=OURS)
    assert (refused.status_code, listed(refused.content.decode())) == (403, {"Last name": "Meier"})
    forged = Browser(enforce_csrf_checks=True).post("/login/", fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert "Meier" not in forged.content.decode()


@pytest.mark.parametrize(
    "make", [lambda: "", lambda: "x", lambda: "x:y", lambda: signing.dumps(["/10400/2/", [], True], salt="other")]
)
def test_what_we_have_not_signed_is_not_taken(make):
    sent = QueryDict(mutable=True)
    sent["kept"] = make()
    assert kept_forms.kept_through_login(sent) is None


def test_it_is_the_same_at_a_place_that_does_not_exist(db):
    there = send(Browser(), {"last_name": "Meier"}, "/10400/2/customers/customer/add/")
    nowhere = send(Browser(), {"last_name": "Meier"}, "/99999/2/customers/customer/add/")
    assert there.status_code == nowhere.status_code == 403
    assert listed(there.content.decode()) == listed(nowhere.content.decode())


def test_of_a_stranger_no_more_is_read_than_a_form(db):
    assert send(Browser(), {"last_name": "Meier"}).status_code == 403
    assert send(Browser(), {"last_name": "x" * (kept_forms._LARGEST + 1)}).status_code == 302
    assert Browser().post(ADD, "last_name=Meier", content_type="text/plain", headers=OURS).status_code == 302
    assert Browser().post(ADD, {"last_name": "Meier"}, headers=OURS).status_code == 302  # multipart


# --- what is never shown ------------------------------------------------------------------------------------------


def test_no_field_for_a_password_is_kept(log_in):
    names = kept_forms._secret_names()
    assert {"password1", "new_password1", "old_password", "password", "again"} <= names
    typed = {"last_name": "Meier", **dict.fromkeys(names, "geheim-geheim-1")}
    page = log_in("carla").post(ADD, typed, headers=OURS).content.decode()
    assert "Meier" in page
    assert "geheim" not in page


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        *[(name, True) for name in ("pin", "new_pin", "pin_1", "otp", "secret", "api_token", "passphrase", "passwort")],
        *[(name, False) for name in ("shipping", "opinion", "memo", "postal_code", "customer_number", "spinat")],
    ],
)
def test_secrets_are_known_by_their_names_as_well(name, is_one):
    assert kept_forms.is_secret(name) is is_one


def test_form_of_passwords_alone_leads_to_the_login(db):
    words = {"old_password": PASSWORD, "new_password1": "geheim-geheim-1", "new_password2": "geheim-geheim-1"}
    assert send(Browser(), words, f"{HAMBURG}/password_change/").status_code == 302


def test_form_with_a_secret_or_a_file_cannot_be_sent_again(log_in):
    page = (
        log_in("carla").post(ADD, {"last_name": "Meier", "password": "geheim-geheim-1"}, headers=OURS).content.decode()
    )
    assert "geheim" not in page
    assert "Try again" not in page
    assert "Passwords and files are not kept" in page


def test_what_names_no_field_is_not_kept(log_in):
    response = log_in("carla").post(f"{BREMEN}{LIST}", {"action": "archive", "_selected_action": "1"}, headers=OURS)
    assert (response.status_code, response.context["kept"]) == (403, None)


def test_field_named_as_a_relation_to_the_row_is_not_kept_as_one(log_in):
    response = log_in("carla").post(ADD, {"last_name": "Meier", "cards": "7", "history": "8"}, headers=OURS)
    assert (response.status_code, response.context["kept"].shown()) == (403, [("Last name", "Meier")])


def test_stranger_of_another_business_gets_the_page_that_everybody_gets(log_in):
    sven = log_in("sven")
    foreign = sven.post(ADD, {"last_name": "Meier"}, headers=OURS)
    missing = sven.post("/99999/2/customers/customer/add/", {"last_name": "Meier"}, headers=OURS)
    assert foreign.status_code == 404
    assert foreign.content == missing.content
    assert "Meier" not in foreign.content.decode()
