"""Locations: opened, changed, closed; every refusal stands at its field."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from locations.models import Location
from locations.permissions import Right
from mcp.central import operations
from mcp.isolation import access, grants

LIST = "/10400/1/locations/location/"
ENGLISH = {"accept-language": "en"}


def form(location: Location | None = None, **data):
    values: dict[str, Any] = {
        "name": "",
        "street": "",
        "postal_code": "",
        "city": "",
        "client_number": "",
        "branch_number": "",
    }
    if location is not None:
        values = {name: getattr(location, name) for name in values}
        values |= {"first_number": location.first_number, "last_number": location.last_number}
        values |= {"is_franchise": "on"} if location.is_franchise else {}
    return {**values, **data}


def errors(response) -> dict[str, list[str]]:
    return dict(response.context["adminform"].form.errors)


def change(client, location: Location, *, at: int = 1, **data):
    address = f"/10400/{at}/locations/location/{location.pk}/change/"
    return client.post(address, form(location, **data), headers=ENGLISH)


# --- opening --------------------------------------------------------------------------------------------------


def test_new_branch_works_on_the_shared_base_by_itself(cast, log_in):
    anna = log_in("anna")
    shown = anna.get(f"{LIST}add/").context["adminform"].form
    assert not {"base", "offline"} & shown.fields.keys()
    assert shown.initial["client_number"] == 7
    assert anna.post(f"{LIST}add/", form(name="Husum", city="Husum", client_number=7)).status_code == 302
    husum = cast.location("Husum")
    assert (husum.base, husum.client_number, husum.branch_number) == (cast.location("Zentrale").base, 7, 7)
    assert husum.first_number == cast.location("Flensburg").last_number + 1


def test_new_branch_cannot_be_put_on_a_base_by_extra_fields(cast, log_in):
    luebeck = cast.location("Lübeck")
    data = form(name="Husum", client_number=7, base=luebeck.base_id, offline="on", organization=1)
    assert log_in("anna").post(f"{LIST}add/", data).status_code == 302
    assert cast.location("Husum").base == cast.location("Zentrale").base


def test_new_branch_of_support_can_be_offline(cast, log_in):
    rita = log_in("rita")
    assert 'name="offline"' in rita.get(f"{LIST}add/").content.decode()
    data = form(name="Husum", client_number=7, branch_number=4, offline="on")
    assert rita.post(f"{LIST}add/", data).status_code == 302
    husum = cast.location("Husum")
    assert husum.base == cast.location("Lübeck").base
    assert husum.base.is_discontinued


@pytest.mark.parametrize(
    ("data", "field", "sentence"),
    [
        (
            {"client_number": 2},
            "client_number",
            "Another location of this business already has this client number. Choose a free one.",
        ),
        (
            {"client_number": 1},
            "client_number",
            "Client number 1 is the central and only the central; branches start at 2.",
        ),
        (
            {"first_number": 1, "last_number": 100},
            "first_number",
            "This number range overlaps that of another location on the same customer base. Choose a free block.",
        ),
        ({"first_number": 8_000_000}, "last_number", "Give the first and the last customer number."),
        (
            {"first_number": 8_000_100, "last_number": 8_000_000},
            "last_number",
            "The last number must not lie before the first.",
        ),
        ({"name": ""}, "name", None),
        ({"client_number": 100_000}, "client_number", None),
        ({"first_number": 8_000_000, "last_number": 10_000_000}, "last_number", None),
    ],
)
def test_new_branch_refused_at_the_field(cast, log_in, data, field, sentence):
    answer = log_in("anna").post(f"{LIST}add/", form(**{"name": "Husum", "client_number": 7, **data}), headers=ENGLISH)
    assert answer.status_code == 200
    assert next(iter(errors(answer))) == field
    assert sentence is None or sentence in errors(answer)[field]
    assert not Location.objects.filter(name="Husum").exists()


def test_independent_business_opens_no_branch(log_in):
    ines = log_in("ines")
    assert ines.get("/30100/2/locations/location/").status_code == 200
    refused = ines.get("/30100/2/locations/location/add/", headers=ENGLISH)
    assert refused.status_code == 403
    assert "Only a group opens further locations." in refused.content.decode()


def test_whoever_may_open_a_branch_is_led_to_the_central(log_in):
    refused = log_in("anna").get("/10400/6/locations/location/add/", headers=ENGLISH)
    assert refused.status_code == 403
    assert 'href="/10400/1/locations/location/add/"' in refused.content.decode()


# --- changing -------------------------------------------------------------------------------------------------


def test_location_is_changed(cast, log_in):
    hamburg = cast.location("Hamburg")
    data: dict[str, Any] = {
        "street": "Speicherstadt 4",
        "client_number": 22,
        "first_number": 9_000_000,
        "last_number": 9_000_099,
    }
    assert change(log_in("anna"), hamburg, **data).status_code == 302
    hamburg.refresh_from_db()
    assert (hamburg.street, hamburg.client_number) == ("Speicherstadt 4", 22)
    assert (hamburg.first_number, hamburg.last_number) == (9_000_000, 9_000_099)


def test_numbers_are_changed_by_the_central_only(cast, log_in):
    flensburg, frida = cast.location("Flensburg"), log_in("frida")
    answer = change(frida, flensburg, at=6, street="Am Hafen 1", client_number=66, branch_number=66, first_number=1)
    assert answer.status_code == 302
    after = cast.location("Flensburg")
    assert (after.street, after.client_number, after.branch_number) == ("Am Hafen 1", 6, 6)
    assert (after.number_range, after.is_franchise) == (flensburg.number_range, True)


@pytest.mark.parametrize(
    ("place", "data", "field", "sentence"),
    [
        (
            "Hamburg",
            {"client_number": 3},
            "client_number",
            "Another location of this business already has this client number. Choose a free one.",
        ),
        (
            "Lübeck",
            {"branch_number": 9},
            "branch_number",
            "The offline base 1.0 belongs to branch number 4, but the location has 9.",
        ),
        ("Zentrale", {"is_franchise": "on"}, "is_franchise", "Only a branch of a group can be a franchisee."),
        ("Hamburg", {"first_number": "", "last_number": ""}, "last_number", None),
    ],
)
def test_change_refused_at_the_field(cast, log_in, place, data, field, sentence):
    location = cast.location(place)
    answer = change(log_in("anna"), location, **data)
    assert answer.status_code == 200
    assert list(errors(answer)) == [field]
    assert sentence is None or errors(answer)[field] == [sentence]
    assert cast.location(place).client_number == location.client_number


def test_location_of_another_business_does_not_exist(cast, log_in):
    anna, munich = log_in("anna"), cast.location("München", 20800)
    assert change(anna, munich, name="Meins").status_code == 404
    for verb in ("close", "reopen"):
        assert anna.post(f"{LIST}{munich.pk}/{verb}/").status_code == 404
    munich.refresh_from_db()
    assert (munich.name, munich.closed_at) == ("München", None)


# --- closing --------------------------------------------------------------------------------------------------


def test_location_closed_is_out_on_the_next_request_and_comes_back(cast, log_in):
    bremen, anna, bodo = cast.location("Bremen"), log_in("anna"), log_in("bodo")
    page = anna.get(f"{LIST}{bremen.pk}/close/", headers=ENGLISH).content.decode()
    assert "1 person has this as the own location" in page
    assert bodo.get("/10400/3/").status_code == 200
    assert anna.post(f"{LIST}{bremen.pk}/close/").status_code == 302
    assert bodo.get("/10400/3/").status_code == 404
    assert anna.post(f"{LIST}{bremen.pk}/reopen/").status_code == 302
    assert bodo.get("/10400/3/").status_code == 200


def test_day_of_closing_is_written_as_the_language_of_the_reader_writes_it(cast, log_in):
    at = datetime(2026, 3, 9, 22, 30, tzinfo=UTC)
    Location.objects.filter(pk=cast.location("Bremen").pk).update(closed_at=at)
    anna = log_in("anna")
    for language, sentence in (("en", "closed since 9 Mar 2026"), ("de", "geschlossen seit 09.03.2026")):
        page = anna.get(f"{LIST}?closed=yes", headers={"accept-language": language}).content.decode()
        assert sentence in page


BUTTON = '<button type="submit" class="mcp-button'


def test_central_cannot_be_closed_which_the_page_says_beforehand(cast, log_in):
    page, anna = f"{LIST}{cast.location('Zentrale').pk}/close/", log_in("anna")
    sentence = "The central cannot be closed: without it nobody could manage the group."
    for answer, status in ((anna.get(page, headers=ENGLISH), 200), (anna.post(page, headers=ENGLISH), 400)):
        shown = answer.content.decode()
        assert (answer.status_code, shown.count(sentence), BUTTON in shown) == (status, 1, False)


def test_location_that_has_left_cannot_be_reopened_which_the_page_says_beforehand(cast, log_in):
    bremen = cast.location("Bremen")
    Location.objects.filter(pk=bremen.pk).update(closed_at=datetime(2026, 3, 9, tzinfo=UTC), has_left=True)
    page, anna = f"{LIST}{bremen.pk}/reopen/", log_in("anna")
    for answer, status in ((anna.get(page, headers=ENGLISH), 200), (anna.post(page, headers=ENGLISH), 400)):
        shown = answer.content.decode()
        assert answer.status_code == status
        assert shown.count("has left the business and cannot be opened again.") == 1
        assert BUTTON not in shown


def test_closing_needs_the_right_at_all_locations(cast, log_in):
    """Whoever manages the central alone changes names there, and closes nothing."""
    zentrale = cast.location("Zentrale")
    group = operations.create_user_group(name="Empfang", actor=cast.system("Zentrale"))
    grants.add_grants(group, [(Right.MANAGE_LOCATION, zentrale.pk)])
    operations.set_memberships(user=cast.user("carla"), groups=[group], actor=cast.system("Zentrale"))
    assert access.rights_at(cast.user("carla"), zentrale) == {Right.MANAGE_LOCATION}
    carla = log_in("carla")
    assert carla.get(LIST).status_code == 200
    assert carla.post(f"{LIST}{cast.location('Hamburg').pk}/close/").status_code == 403
    refused = carla.get(f"{LIST}add/", headers=ENGLISH)
    assert refused.status_code == 403
    assert "It counts only if it is held at all locations of the business." in refused.content.decode()


# --- the list -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=brem", ["Bremen"]),
        ("q=5", ["Kiel"]),
        ("q=hamburg", ["Zentrale", "Hamburg"]),
        ("base_kind=offline", ["Lübeck", "Kiel"]),
        ("is_franchise__exact=1", ["Flensburg"]),
        ("closed=yes", []),
    ],
)
def test_list_is_searched_and_filtered(log_in, query, found):
    page = log_in("anna").get(f"{LIST}?{query}")
    assert [location.name for location in page.context["cl"].result_list] == found


def test_list_marks_the_discontinued_base(log_in):
    page = log_in("anna").get(LIST, headers=ENGLISH).content.decode()
    assert page.count("Customer base 1.0 (discontinued)") >= 2


def test_list_at_a_branch_shows_this_location_only(log_in):
    page = log_in("anna").get("/10400/2/locations/location/")
    assert [location.name for location in page.context["cl"].result_list] == ["Hamburg"]
