"""The error of a field stands at the field and is told with it, in every form."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.customers.people import HAMBURG, LIST, customer, tag

TEMPLATES = Path(__file__).parents[1] / "templates"
ERROR = re.compile(r'<(?:span|p|div)\b[^>]*class="[^"]*-error\b[^>]*>')
ADD = f"{HAMBURG}{LIST}add/"
NOT_POSSIBLE = "31.02.1980"


def test_every_error_in_a_template_has_an_id_by_which_its_field_names_it():
    found = {path: ERROR.findall(path.read_text()) for path in TEMPLATES.rglob("*.html")}
    assert sum(map(len, found.values())) >= 10
    assert [f"{path.name}: {one}" for path, ones in found.items() for one in ones if ' id="' not in one] == []


def wrong_fields(page: str) -> dict[str, list[str]]:
    """By the name of each field that is marked as wrong, the ids of what describes it. All of them are in the page."""
    ids = set(re.findall(r'\sid="([^"]+)"', page))
    described = re.findall(r'aria-describedby="([^"]*)"', page)
    assert {one for words in described for one in words.split()} <= ids
    found = {}
    for tag_of_field in re.findall(r'<(?:input|select|textarea)\b[^>]*aria-invalid="true"[^>]*>', page):
        name, words = (re.search(rf'\s{key}="([^"]*)"', tag_of_field) for key in ("name", "aria-describedby"))
        assert name
        found[name[1]] = words[1].split() if words else []
    return found


def test_customer_form(cast, log_in):
    sent = {
        "last_name": "Groth",
        "birthday": NOT_POSSIBLE,
        "birthday_without_year": "x",
        "discount": "200",
        "email": "x",
    }
    answer = log_in("bodo").post(ADD, sent)
    found = wrong_fields(answer.content.decode())
    assert set(found) == set(answer.context["adminform"].form.errors) == set(sent) - {"last_name"}
    assert all(f"id_{name}_error" in ids for name, ids in found.items())


def test_day_of_birth_is_a_plain_line_without_a_note_about_time_zones(log_in):
    page = log_in("bodo").get(ADD).content.decode()
    assert re.search(r'<input type="text" name="birthday"[^>]*>', page)
    assert "timezone_warning" not in page
    assert "DateTimeShortcuts" not in page


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"purpose": "newsletter", "is_given": "yes", "at": NOT_POSSIBLE, "source": ""}, {"at", "source"}),
        ({"purpose": "x", "is_given": "x", "at": "2026-03-01T12:00", "source": "form"}, {"purpose", "is_given"}),
        ({"purpose": "transfer", "is_given": "yes", "at": "2026-03-01T12:00", "receiver": "0"}, {"receiver", "source"}),
    ],
)
def test_statement_about_a_consent(cast, log_in, sent, wrong):
    row = customer(cast.scope("anna", "Hamburg"))
    page = log_in("anna").post(f"{HAMBURG}{LIST}{row.pk}/consents/", sent).content.decode()
    found = wrong_fields(page)
    assert set(found) == wrong
    assert all(f"id_{name}_error" in ids for name, ids in found.items())


def test_reason_of_archiving(cast, log_in):
    row = customer(cast.scope("anna", "Hamburg"))
    page = log_in("anna").post(f"{HAMBURG}{LIST}archive/?id={row.pk}", {"reason": ""}).content.decode()
    assert wrong_fields(page) == {"reason": ["id_reason_error"]}


def test_request_to_leave(log_in):
    page = log_in("frida").post("/10400/6/transitions/transition/request/", {"planned_for": "x"}).content.decode()
    assert wrong_fields(page) == {"planned_for": ["id_planned_for_helptext", "id_planned_for_error"]}


def test_bulk_change(cast, log_in):
    scope = cast.scope("anna", "Hamburg")
    tag(scope, "VIP")
    page = log_in("anna").post(f"{HAMBURG}{LIST}bulk/add_tag/?id={customer(scope).pk}", {"step": "preview"})
    assert wrong_fields(page.content.decode()) == {"tag": ["id_tag_error"]}


@pytest.mark.parametrize(
    ("person", "page"),
    [
        ("bodo", f"{LIST}add/"),
        ("anna", "/customers/tag/add/"),
        ("anna", "/mcp/user/add/"),
        ("rita", "/locations/organization/add/"),
    ],
)
def test_no_other_script_takes_the_focus_from_the_first_wrong_field(log_in, person, page):
    """That of Django's admin is loaded at any moment, and would put it on the first button or field."""
    answer = log_in(person).get(page if person == "rita" else f"{HAMBURG}{page}")
    shown = answer.content.decode()
    assert (answer.status_code, "console.js" in shown, "change_form.js" in shown) == (200, True, False)
