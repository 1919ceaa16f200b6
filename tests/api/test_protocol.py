"""How the API is spoken: who is let in, what is read, and how it says what is wrong."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from api.endpoints.customers import router as customers_router
from api.models import KeptAnswer
from customers.models import Customer
from locations.models import Location
from locations.permissions import Right
from mcp.isolation import access
from mcp.machines import enrol
from mcp.machines.operations import revoke_device, show_code
from mcp.models import Device, DevicePace, LocationGrant
from tests.api.asking import problem
from tests.customers.people import customer

READS = ("me", "customer-groups", "customers", "customers?after=", "customers/{number}", "customers/{number}/consents",
         "customers/{number}/cards")  # fmt: skip
WRITES = (
    ("POST", "customers", {"last_name": "Neu"}),
    ("PATCH", "customers/{number}", {"last_name": "Neu"}),
    ("POST", "customers/{number}/consents", {"purpose": "newsletter", "is_given": True}),
    ("POST", "customers/{number}/cards", {"number": "4711"}),
    ("POST", "token/rotate", None),
)
ALL = [*(("GET", path, None) for path in READS), *WRITES]
NEEDED = {
    ("GET", "customer-groups"): [Right.VIEW_CUSTOMERS],
    ("GET", "customers"): [Right.VIEW_CUSTOMERS],
    ("GET", "customers?after="): [Right.VIEW_CUSTOMERS],
    ("GET", "customers/{number}"): [Right.VIEW_CUSTOMERS],
    ("GET", "customers/{number}/consents"): [Right.VIEW_CUSTOMERS],
    ("GET", "customers/{number}/cards"): [Right.VIEW_CUSTOMERS],
    ("POST", "customers"): [Right.ADD_CUSTOMERS],
    ("PATCH", "customers/{number}"): [Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS],
    ("POST", "customers/{number}/consents"): [Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS],
    ("POST", "customers/{number}/cards"): [Right.VIEW_CUSTOMERS, Right.CHANGE_CUSTOMERS],
    ("GET", "me"): [],
    ("POST", "token/rotate"): [],
}


@pytest.fixture
def row(cast):
    return customer(cast.scope("anna", "Hamburg"))


def ask(till, row, line, **more):
    """The answer to a line of ALL, asked as it should be."""
    method, path, body = line
    address = path.format(number=row.customer_number)
    if method == "GET":
        return till.get(address, **more)
    if method == "PATCH":
        etag = f'"{till_version(row)}"'
        return till.patch(address, body, etag, **more)
    return till.post(address, body, **more)


def till_version(row) -> str:
    moment = Customer.objects.get(pk=row.pk).changed_at
    return str(int(moment.timestamp()) * 10**6 + moment.microsecond)


def changed() -> tuple[int, int]:
    return Customer.objects.count(), Customer.objects.filter(last_name="Neu").count()


def test_every_operation_is_asked_here():
    said = {(method, path) for method, path, _body in ALL}
    assert said == set(NEEDED)
    there = {
        (method, path.replace("{int:number}", "{number}").lstrip("/"))
        for path, view in customers_router.path_operations.items()
        for operation in view.operations
        for method in operation.methods
    }
    assert there <= said


@pytest.mark.parametrize("line", ALL, ids=lambda line: f"{line[0]} {line[1]}")
def test_each_is_answered_as_it_should_be(till, row, line):
    assert ask(till, row, line).status_code in (200, 201)


# --- who is let in --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ALL, ids=lambda line: f"{line[0]} {line[1]}")
def test_no_token_no_answer(till, row, line, caplog):
    for shown in (None, "", "Basic abc", "Bearer", "Bearer x", f"Bearer {till.token}x"):
        answer = ask(till, row, line, authorization=shown)
        assert problem(answer) == (401, "not_admitted")
        assert answer["WWW-Authenticate"].startswith("Bearer")
    assert changed() == (1, 0)


@pytest.mark.parametrize("line", ALL, ids=lambda line: f"{line[0]} {line[1]}")
def test_elsewhere_there_is_nothing(till, row, line):
    """At another location, another business, and where nothing is at all."""
    for place in ("/10400/3", "/10400/1", "/20800/2", "/99999/9"):
        assert problem(ask(till, row, line, at=place)) == (404, "not_there")
    assert changed() == (1, 0)


@pytest.mark.parametrize("line", ALL, ids=lambda line: f"{line[0]} {line[1]}")
def test_what_is_revoked_is_not_let_in(till, row, line, cast):
    revoke_device(device=till.device, reason="gestohlen", actor=cast.scope("anna", "Hamburg"))
    assert problem(ask(till, row, line)) == (401, "not_admitted")


@pytest.mark.parametrize("line", ALL, ids=lambda line: f"{line[0]} {line[1]}")
def test_missing_right_is_named(make_till, row, line):
    needed = NEEDED[line[:2]]
    for missing in needed:
        till = make_till("Hamburg", *(set(needed) - {missing}), Right.SEE_HISTORY)
        answer = ask(till, row, line)
        assert problem(answer) == (403, "missing_right")
        assert answer.json()["right"] == missing
    till = make_till("Hamburg", *needed, Right.SEE_HISTORY)
    assert ask(till, row, line).status_code in (200, 201)


@pytest.mark.parametrize("line", WRITES, ids=lambda line: f"{line[0]} {line[1]}")
def test_right_that_is_taken_meanwhile_undoes_the_change(till, row, line, monkeypatch):
    if not NEEDED[line[:2]]:
        return

    def taken(*_given, **_named):
        LocationGrant.objects.filter(group=till.device.group).delete()
        return [], None

    monkeypatch.setattr("api.endpoints.frame.name", taken)
    for module in ("customers", "consents", "cards"):
        monkeypatch.setattr(f"api.endpoints.{module}.name", taken)
    assert problem(ask(till, row, line)) == (403, "missing_right")
    assert changed() == (1, 0)
    assert not row.cards.exists()
    assert not row.consents.exists()


def _revoked(device, anna):
    revoke_device(device=device, reason="gestohlen", actor=anna)


def _another_machine(device, anna):
    enrol(show_code(device=device, actor=anna), nonce=uuid4())


def _closed(device, _anna):
    Location.objects.filter(pk=device.location_id).update(closed_at=timezone.now())


@pytest.mark.parametrize("happens", [_revoked, _another_machine, _closed])
def test_device_that_is_gone_meanwhile_has_done_nothing(till, row, happens, cast, monkeypatch):
    """Whatever happens between the effect and its commit."""
    anna, still = cast.scope("anna", "Hamburg"), access.demand_still
    before = Device.objects.get(pk=till.device.pk)

    def gone(scope):
        happens(till.device, anna)
        still(scope)

    monkeypatch.setattr("api.door.access.demand_still", gone)
    for line in WRITES:
        assert problem(ask(till, row, line)) == (401, "not_admitted"), line
    assert changed() == (1, 0)
    assert not row.cards.exists()
    assert not row.consents.exists()
    assert not KeptAnswer.objects.exists()
    assert Device.objects.get(pk=till.device.pk).next_token == before.next_token


def test_customer_of_another_business_is_none(till, cast):
    other = customer(cast.scope("sven", "München", 20800), last_name="Anderswo")
    assert problem(till.get(f"customers/{other.customer_number}")) == (404, "no_such_customer")
    assert problem(till.get("customers/99999999999999999999")) == (404, "no_such_customer")
    for query in ("q=Anderswo", f"number={other.customer_number}", "after="):
        assert b"Anderswo" not in till.get(f"customers?{query}").content


def test_who_is_logged_in_is_a_stranger_here(log_in, till):
    browser: Client = log_in("anna")
    assert browser.get("/10400/2/api/v1/me").status_code == 401


def test_no_cookie_is_given(till):
    assert not till.get("me").cookies


def test_location_on_the_old_base_is_told_so(make_till, cast):
    till = make_till("Lübeck", Right.VIEW_CUSTOMERS)
    assert problem(till.get("me")) == (409, "on_old_base")


@override_settings(SIDE="branch")
def test_at_a_branch_most_of_the_api_is_told_to_be_at_the_central(till):
    for path in ("customers/5000000/account", "customers/5000000/orders"):
        assert problem(till.get(path)) == (404, "only_at_central")


@override_settings(DEVICE_REQUESTS={"a_second": 0.01, "burst": 2})
def test_too_many_requests_wait(till):
    assert [till.get("me").status_code for _ in range(2)] == [200, 200]
    answer = till.get("me")
    assert problem(answer) == (429, "too_fast")
    assert int(answer["Retry-After"]) >= 1
    assert DevicePace.objects.count() == 1


# --- what is read ---------------------------------------------------------------------------------------------------


def test_address_that_there_is_not(till):
    for path in ("", "nothing", "customers/", "customers/x", "customers/-1", "docs", "openapi.json"):
        assert problem(till.get(path)) == (404, "not_there"), path


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "customers/1", {"GET", "PATCH"}),
        ("PUT", "customers", {"GET", "POST"}),
        ("POST", "me", {"GET"}),
        ("OPTIONS", "customers", {"GET", "POST"}),
        ("HEAD", "me", {"GET"}),
        ("GET", "token/rotate", {"POST"}),
    ],
)
def test_other_methods_are_told_which_there_are(till, method, path, allowed):
    answer = till.ask(method, path, idempotency_key="0123456789")
    assert answer.status_code == 405
    assert {one.strip() for one in answer["Allow"].split(",")} == allowed


@pytest.mark.parametrize(
    ("raw", "kind", "expected"),
    [
        (b"{}", "text/plain", (415, "not_json")),
        (b"{}", "application/x-www-form-urlencoded", (415, "not_json")),
        (b"{}", "application/json; charset=latin-1", (415, "not_json")),
        (b"[]", "application/json", (400, "no_json")),
        (b'{"a": NaN}', "application/json", (400, "no_json")),
        (b'{"last_name": "A", "last_name": "B"}', "application/json", (400, "no_json")),
        (b'{"last_name": "\xff"}', "application/json", (400, "no_json")),
        (b"[" * 100_000, "application/json", (400, "no_json")),
        (b"", "application/json", (422, "unusable")),
        (b'"' + b"x" * 300_000 + b'"', "application/json", (413, "too_long")),
        (b'{"last_name": "A"}', "application/json; charset=UTF-8", None),
    ],
)
def test_body_is_read_strictly(till, raw, kind, expected):
    answer = till.post("customers", raw=raw, content_type=kind)
    assert (problem(answer) if expected else answer.status_code) == (expected or 201)
    assert Customer.objects.count() == (0 if expected else 1)


def test_missing_body_is_named(till):
    assert (
        till.post("customers", raw=b"", content_type="application/json").json()["errors"]["body"][0]["code"]
        == "missing"
    )


@pytest.mark.parametrize(
    ("sent", "field", "code"),
    [
        ({"nickname": "X"}, "nickname", "extra_forbidden"),
        ({"base": 1}, "base", "extra_forbidden"),
        ({"home_location": 1}, "home_location", "extra_forbidden"),
        ({"archived_at": None}, "archived_at", "extra_forbidden"),
        ({"last_name": 7}, "last_name", "string_type"),
        ({"last_name": None}, "last_name", "string_type"),
        ({"last_name": "x" * 101}, "last_name", "string_too_long"),
        ({"is_blocked": "true"}, "is_blocked", "bool_type"),
        ({"is_blocked": 1}, "is_blocked", "bool_type"),
        ({"birthday": "31.12.1990"}, "birthday", "day"),
        ({"birthday": "1990-02-30"}, "birthday", "day"),
        ({"birthday": 7}, "birthday", "day"),
        ({"birthday": "2990-02-03"}, "birthday", "customer_birthday_in_the_past"),
        ({"discount": 12.5}, "discount", "amount"),
        ({"discount": "12,5"}, "discount", "amount"),
        ({"discount": "1e1"}, "discount", "amount"),
        ({"discount": "100.01"}, "discount", "max_value"),
        ({"price_level": "1"}, "price_level", "int_type"),
        ({"price_level": 1.0}, "price_level", "int_type"),
        ({"price_level": True}, "price_level", "int_type"),
        ({"payment_method": "gold"}, "payment_method", "literal_error"),
        ({"tags": "VIP"}, "tags", "list_type"),
        ({"tags": ["VIP"]}, "tags", "unknown_tag"),
        ({"customer_group": 99}, "customer_group", "no_such_group"),
        ({"email": "berta"}, "email", "invalid_email"),
        ({"mobile": "x"}, "mobile", "invalid_phone"),
        ({"iban": "DE00"}, "iban", "invalid_iban"),
        ({"country": "Germany"}, "country", "string_too_long"),
        ({"country": "XX"}, "country", "customer_country_iso"),
        ({"last_name": "a\u0000b"}, "last_name", "invalid_character"),
        ({"number": 0}, "number", "greater_than_equal"),
        ({"number": "7"}, "number", "int_type"),
        ({"former_numbers": [7]}, "former_numbers.0", "string_type"),
    ],
)
def test_values_are_taken_as_they_are_described(till, sent, field, code):
    answer = till.post("customers", {"last_name": "Muster", **sent})
    assert answer.status_code == 422, answer.content
    problem(answer)
    assert {name: [one["code"] for one in found] for name, found in answer.json()["errors"].items()} == {field: [code]}
    assert Customer.objects.count() == 0


@pytest.mark.parametrize(
    "query", ["x=1", "number=abc", "limit=0", "limit=201", "limit=1.5", "state=gone", "page=x", "after=x", "after=&q=x",
              "number=1_0"]
)  # fmt: skip
def test_query_is_taken_as_it_is_described(till, query):
    answer = till.get(f"customers?{query}")
    assert answer.status_code == 422, answer.content
    problem(answer)


def test_name_is_needed(till):
    answer = till.post("customers", {"city": "Kiel"})
    assert problem(answer) == (422, "customer_has_name")


def test_sentences_are_in_the_language_that_is_asked_for(till):
    def detail(language: str | None, **sent) -> str:
        answer = till.post("customers", {"last_name": "M", **sent}, accept_language=language)
        assert answer["Content-Language"] in ("de", "en", "en-gb")
        return answer.json()["errors"][next(iter(sent))][0]["detail"]

    assert detail("en", nickname="X") == "This is not known here."
    assert detail("de-AT,en;q=0.5", nickname="X") == detail(None, nickname="X") == "Das ist hier nicht bekannt."
    assert detail("fr, en;q=0.7, de;q=0.3", mobile="x").startswith("“x” is not a phone number")
    assert detail("de", mobile="x").startswith("„x“ ist keine Telefonnummer")


def test_what_goes_wrong_here_tells_nothing_and_keeps_nothing(till, monkeypatch, caplog):
    def broken(**_given):
        raise ZeroDivisionError("geheim")

    monkeypatch.setattr("api.endpoints.customers.register_customer", broken)
    answer = till.post("customers", {"last_name": "Muster"})
    assert problem(answer) == (500, "broken")
    assert b"geheim" not in answer.content
    assert "geheim" in caplog.text


def test_refusals_have_a_line_with_the_device(make_till, row, caplog):
    till = make_till("Hamburg", Right.SEE_HISTORY)
    till.get("customers")
    (line,) = [one.getMessage() for one in caplog.records if one.name == "mcp.isolation.refusal_log"]
    assert line.startswith("403 GET /10400/2/api/v1/customers by ")
    assert str(till.device.pk) in line
    assert line.endswith("view_customers is missing")


def test_last_use_is_noted(till):
    till.get("me", user_agent="Kasse 3.1")
    assert Device.objects.get(pk=till.device.pk).program == "Kasse 3.1"


def test_json_is_plain(till, row):
    answer = till.get(f"customers/{row.customer_number}")
    assert answer["Content-Type"].startswith("application/json")
    assert json.loads(answer.content)["last_name"] == "Muster"
