"""The matrix of rights: what may be sent, what is previewed, what is saved."""

from __future__ import annotations

import re

import pytest
from django.http import QueryDict

from locations.models import CustomerBase, Location
from locations.operations import Place
from locations.permissions import Right
from mcp.central import operations
from mcp.central.forms.matrix import bits, read_matrix
from mcp.isolation import access, grants
from mcp.models import Membership, Restriction, UserGroup

OF_ACCOUNTS = (Right.SEE_ACCOUNTS, Right.POST_TO_ACCOUNTS, Right.TOP_UP_CREDIT, Right.RECEIVE_PAYMENTS)


@pytest.fixture
def theke(cast):
    return cast.group("Theke Hamburg und Bremen")


@pytest.fixture
def anna(log_in):
    return log_in("anna")


def address(group: UserGroup, client_number: int = 1) -> str:
    return f"/10400/{client_number}/mcp/usergroup/{group.pk}/rights/"


def row(group: UserGroup, place: Location | None) -> str:
    """The hidden field of a row as the page shows it now."""
    pk = place.pk if place else None
    return f"{pk or 'all'}:{bits(right for right, at in access.grants_of(group) if at == pk)}"


def hidden(page: bytes, name: str) -> list[str]:
    return re.findall(rf'name="{name}" value="([^"]*)"', page.decode())


def confirm(client, group: UserGroup, preview: bytes, **changed):
    data = {"seen": hidden(preview, "seen"), "give": hidden(preview, "give"), "take": hidden(preview, "take")}
    return client.post(f"{address(group)}confirm/", {**data, **changed})


def text(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


# --- preview and saving ---------------------------------------------------------------------------------------


def test_matrix_previews_then_saves_exactly_that(cast, anna, theke):
    hamburg, bremen = cast.location("Hamburg"), cast.location("Bremen")
    before = access.grants_of(theke)
    preview = anna.post(
        address(theke),
        {
            "row": [row(theke, hamburg)],
            "cell": [
                f"view_customers@{hamburg.pk}",
                f"see_contact_data@{hamburg.pk}",
                f"see_memos@{hamburg.pk}",
                f"add_customers@{hamburg.pk}",
                f"change_customers@{hamburg.pk}",
                *(f"{right}@{hamburg.pk}" for right in OF_ACCOUNTS),
                f"import_customers@{hamburg.pk}",
            ],
        },
        headers={"accept-language": "en"},
    )
    assert "1 right at 1 location for 1 person; 1 taken away" in text(preview)
    assert "Bodo Brandt" in text(preview)
    assert access.grants_of(theke) == before

    assert "from its next reconciliation on" not in text(preview)
    answer = confirm(anna, theke, preview.content)
    assert (answer.status_code, answer["Location"]) == (302, address(theke))
    assert access.grants_of(theke) == before - {(Right.RUN_REPORTS, hamburg.pk)} | {
        (Right.IMPORT_CUSTOMERS, hamburg.pk)
    }
    assert (Right.VIEW_CUSTOMERS, bremen.pk) in access.grants_of(theke)


def test_matrix_sent_unchanged_changes_nothing(cast, anna, theke):
    hamburg = cast.location("Hamburg")
    ticked = [f"{right.value}@{pk}" for right, pk in access.grants_of(theke) if pk == hamburg.pk]
    data = {"row": [row(theke, hamburg), row(theke, None)], "cell": ticked}
    preview = anna.post(address(theke), data, headers={"accept-language": "en"})
    assert "Nothing changes." in text(preview)
    assert hidden(preview.content, "give") == hidden(preview.content, "take") == []


def test_matrix_gives_at_all_locations_later_ones_included(cast, anna, theke, log_in):
    preview = anna.post(address(theke), {"row": [row(theke, None)], "cell": ["see_history@all"]})
    assert confirm(anna, theke, preview.content).status_code == 302
    later = operations.open_branch(place=Place(name="Husum"), actor=cast.system("Zentrale"))
    assert access.rights_at(cast.user("bodo"), later) == {Right.SEE_HISTORY}


def test_matrix_change_counts_on_the_next_request(cast, anna, theke, log_in):
    hamburg, bodo = cast.location("Hamburg"), log_in("bodo")
    assert bodo.get("/10400/2/").status_code == 200
    preview = anna.post(address(theke), {"row": [row(theke, hamburg)], "cell": []})
    assert confirm(anna, theke, preview.content).status_code == 302
    assert bodo.get("/10400/2/").status_code == 403
    assert bodo.get("/10400/3/").status_code == 200


def test_matrix_changed_meanwhile_shows_the_preview_anew(cast, anna, theke):
    hamburg = cast.location("Hamburg")
    preview = anna.post(address(theke), {"row": [row(theke, hamburg)], "cell": [f"see_history@{hamburg.pk}"]})
    grants.add_grants(theke, [(Right.EXPORT_CUSTOMERS, hamburg.pk)])
    between = access.grants_of(theke)

    again = confirm(anna, theke, preview.content)
    assert again.status_code == 409
    assert access.grants_of(theke) == between
    assert hidden(again.content, "seen") != hidden(preview.content, "seen")

    assert confirm(anna, theke, again.content).status_code == 302
    assert access.grants_of(theke) == {grant for grant in between if grant[1] != hamburg.pk} | {
        (Right.SEE_HISTORY, hamburg.pk),
        (Right.EXPORT_CUSTOMERS, hamburg.pk),  # somebody else's change stays
    }


def test_matrix_new_member_meanwhile_shows_the_preview_anew(cast, anna, theke):
    preview = anna.post(address(theke), {"row": [row(theke, None)], "cell": ["see_history@all"]})
    Membership.objects.create(organization=cast.organization(), user=cast.user("carla"), group=theke)
    assert confirm(anna, theke, preview.content).status_code == 409


@pytest.mark.parametrize("seen", ["", "0" * 64])
def test_matrix_confirmed_without_a_preview_is_not_saved(cast, anna, theke, seen):
    before = access.grants_of(theke)
    answer = anna.post(f"{address(theke)}confirm/", {"seen": seen, "give": ["see_history@all"]})
    assert answer.status_code == 409
    assert access.grants_of(theke) == before


# --- tampering ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("fly@{hamburg}", "There is no right “fly”"),
        ("view_customers@{munich}", "A location in this form does not exist"),
        ("view_customers@999999999", "A location in this form does not exist"),
        ("view_customers@99999999999999999999", "did not arrive whole"),
        ("view_customers", "did not arrive whole"),
        ("view_customers@{bremen}", "did not arrive whole"),
    ],
)
def test_matrix_refuses_what_the_page_cannot_send(cast, anna, theke, cell, code):
    places = {
        "hamburg": cast.location("Hamburg").pk,
        "bremen": cast.location("Bremen").pk,
        "munich": cast.location("München", 20800).pk,
    }
    cell = cell.format(**places)
    before = access.grants_of(theke)
    place = cell.split("@")[-1]
    shown = place if place != str(places["bremen"]) else places["hamburg"]
    answer = anna.post(address(theke), {"row": [f"{shown}:0"], "cell": [cell]}, headers={"accept-language": "en"})
    assert answer.status_code == 400
    assert code in text(answer)
    answer = anna.post(f"{address(theke)}confirm/", {"seen": "x", "give": [cell]})
    assert answer.status_code in {400, 409}
    assert access.grants_of(theke) == before


def test_matrix_of_a_foreign_group_does_not_exist(cast, anna):
    foreign = UserGroup.objects.get(organization=cast.organization(20800))
    data = {"row": ["all:0"], "cell": ["view_customers@all"]}
    assert anna.get(address(foreign)).status_code == 404
    assert anna.post(address(foreign), data).status_code == 404
    assert anna.post(f"{address(foreign)}confirm/", {"give": ["view_customers@all"], "seen": "x"}).status_code == 404


# --- who may hand out what ------------------------------------------------------------------------------------


def test_matrix_support_cannot_hand_out_what_it_does_not_hold(cast, log_in, theke):
    rita, before = log_in("rita"), access.grants_of(theke)
    page = rita.get(address(theke)).content.decode()
    assert re.search(r'<input type="checkbox" name="cell" value="view_customers@all" disabled ', page)
    assert page.count(" disabled aria-labelledby=") == 7 * len(Right) - 20  # all that the group does not hold
    answer = rita.post(address(theke), {"row": ["all:0"], "cell": ["view_customers@all"]})
    assert answer.status_code == 400
    assert access.grants_of(theke) == before


def test_matrix_of_the_own_group_gives_nothing(cast, anna):
    own = UserGroup.objects.get(organization=cast.organization(), name="Zentralverwaltung")
    hamburg = cast.location("Hamburg")
    page = anna.get(address(own)).content.decode()
    assert f'value="view_customers@{hamburg.pk}" disabled ' in page
    answer = anna.post(
        address(own),
        {"row": [f"{hamburg.pk}:0"], "cell": [f"view_customers@{hamburg.pk}"]},
        headers={"accept-language": "en"},
    )
    assert answer.status_code == 400
    assert "You would give yourself more rights" in text(answer)


def test_matrix_keeps_the_last_user_manager(cast, anna):
    own = UserGroup.objects.get(organization=cast.organization(), name="Zentralverwaltung")
    everything = access.grants_of(own)
    kept = [f"{right.value}@all" for right, _place in everything if right is not Right.MANAGE_USERS]
    preview = anna.post(address(own), {"row": [row(own, None)], "cell": kept})
    answer = confirm(anna, own, preview.content)
    assert answer.status_code == 409
    assert access.grants_of(own) == everything


def test_matrix_of_a_franchisees_group_shows_his_location_only(cast, log_in):
    team, flensburg = cast.group("Team Flensburg"), cast.location("Flensburg")
    frida = log_in("frida")
    page = frida.get(address(team, 6))
    assert [name.split(":")[0] for name in hidden(page.content, "row")] == [str(flensburg.pk)]
    for cell in ("view_customers@all", f"view_customers@{cast.location('Hamburg').pk}"):
        answer = frida.post(address(team, 6), {"row": [f"{cell.split('@')[1]}:0"], "cell": [cell]})
        assert answer.status_code == 400


def test_matrix_shows_the_restriction_of_a_franchisee(cast, anna, theke):
    flensburg = cast.location("Flensburg")
    Restriction.objects.create(
        organization=cast.organization(), location=flensburg, group=theke, right=Right.VIEW_CUSTOMERS
    )
    page = anna.get(address(theke), headers={"accept-language": "en"}).content.decode()
    cell = re.search(rf'<td([^>]*)><input type="checkbox" name="cell" value="view_customers@{flensburg.pk}"', page)
    assert cell is not None
    assert 'class="restricted"' in cell.group(1)
    assert "The franchisee Flensburg does not let this user group do this." in cell.group(1)


def test_matrix_marks_a_base_1_0_as_discontinued(cast, log_in):
    page = log_in("anna").get(f"/10400/1/mcp/usergroup/{cast.group('Auskunft Bremen').pk}/rights/").content.decode()
    luebeck = page[page.index(">Lübeck<") : page.index(">Kiel<")]
    assert "1.0 discontinued" not in page[page.index(">Hamburg<") : page.index(">Bremen<")]
    assert "1.0 discontinued" in luebeck


def test_where_a_branch_works_without_a_network_the_preview_says_from_when_it_counts_there(cast, anna, theke, as_owner):
    CustomerBase.objects.filter(pk=cast.location("Lübeck").base_id).update(has_node=True)
    data = {"row": [row(theke, cast.location("Hamburg"))], "cell": []}
    preview = anna.post(address(theke), data, headers={"accept-language": "en"})
    assert "At a branch that works without a network it counts from its next reconciliation on." in text(preview)


@pytest.mark.parametrize("held", [set(), {list(Right)[-1]}, set(Right)], ids=["none", "the last one", "all"])
def test_row_is_read_whatever_rights_it_has(held):
    read = read_matrix(QueryDict(f"row=7:{bits(held)}&cell={list(Right)[-1]}@7"))
    last = (list(Right)[-1], 7)
    assert read.given == ({last} - {(right, 7) for right in held})
    assert read.taken == {(right, 7) for right in held} - {last}
