"""What is stored as one line of text is one, and shows all of itself, by whichever page it was typed."""

from __future__ import annotations

import pytest
from django.apps import apps
from hypothesis import given
from hypothesis import strategies as st

from customers.models import ConsentPurpose, CustomerGroup, Tag
from locations.fields import LineField, LinesField
from locations.models import Location
from mcp.models import User, UserGroup

TYPED, STORED = "Gr\u202eu\u00adppe\r\n Nord", "Gruppe Nord"
NAMED = {
    "locations_organization": {"name"},
    "locations_location": {"name", "street", "postal_code", "city"},
    "mcp_user": {"first_name", "last_name"},
    "mcp_usergroup": {"name", "description"},
    "customers_customergroup": {"name"},
    "customers_tag": {"name"},
    "customers_savedfilter": {"name"},
    "customers_consentpurpose": {"name", "wording_version", "wording"},
    "customers_consent": {"wording_version", "evidence"},
}


def test_whatever_people_are_shown_by_name_is_such_a_text():
    for table, names in NAMED.items():
        [model] = [model for model in apps.get_models() if model._meta.db_table == table and not model._meta.proxy]
        assert {field.name for field in model._meta.fields if isinstance(field, LineField | LinesField)} == names


@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs"])))
def test_what_was_cleaned_is_clean(text):
    for field in (LineField(max_length=5000, blank=True), LinesField(blank=True)):
        once = field.clean(text, None)
        assert field.clean(once, None) == once


@pytest.mark.parametrize(
    ("address", "words", "model"),
    [
        ("customers/customergroup/add/", {"name": TYPED, "discount": "0"}, CustomerGroup),
        ("customers/tag/add/", {"name": TYPED}, Tag),
        ("mcp/usergroup/add/", {"name": TYPED}, UserGroup),
        ("customers/consentpurpose/add/", {"code": "new", "name": TYPED}, ConsentPurpose),
    ],
)
@pytest.mark.django_db
def test_pages_keep_one_visible_line(log_in, address, words, model):
    answer = log_in("anna").post(f"/10400/1/{address}", {**words, "_save": ""})
    assert answer.status_code == 302, answer.context and answer.context["adminform"].form.errors
    assert model.objects.filter(name=STORED).count() == 1


def test_person_and_location_keep_it_as_well(log_in, cast):
    anna, bodo, place = log_in("anna"), cast.user("bodo"), cast.location("Bremen")
    for address, names in (
        (f"mcp/user/{bodo.pk}", ["last_name"]),
        (f"locations/location/{place.pk}", ["name", "city"]),
    ):
        page = anna.get(f"/10400/1/{address}/change/")
        form = page.context["adminform"].form
        words = {name: form[name].value() or "" for name in form.fields if form[name].value() is not False}
        answer = anna.post(f"/10400/1/{address}/change/", {**words, **dict.fromkeys(names, TYPED), "_save": ""})
        assert answer.status_code == 302, answer.context and answer.context["adminform"].form.errors
    assert User.objects.get(pk=bodo.pk).last_name == STORED
    assert [Location.objects.get(pk=place.pk).name, Location.objects.get(pk=place.pk).city] == [STORED, STORED]


def test_control_character_is_refused_at_its_field(log_in):
    answer = log_in("anna").post("/10400/1/customers/tag/add/", {"name": "a\x07b", "_save": ""})
    assert "control character" in str(answer.context["adminform"].form.errors["name"])
