"""The restrictions of a franchise as one matrix: previewed in words, saved together, and nothing of others undone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from locations.permissions import Right
from mcp.central import operations
from mcp.central.admin.rights_log import entries_of
from mcp.central.operations.restricting import restricted_here
from mcp.isolation import access
from mcp.isolation.scope import MissingRight
from mcp.models import Restriction, UserGroup

MATRIX = "/10400/6/mcp/restriction/matrix/"
CONFIRM = f"{MATRIX}confirm/"
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def frida(cast):
    return cast.scope("frida", "Flensburg")


@pytest.fixture
def central(cast) -> UserGroup:
    return UserGroup.objects.get(organization=cast.organization(), name="Zentralverwaltung")


@pytest.fixture
def office(cast) -> UserGroup:
    return operations.create_user_group(name="Büro", actor=cast.scope("anna", "Zentrale"))


def hidden(page: str) -> dict[str, Any]:
    """What the preview sends on."""
    found: dict[str, Any] = {}
    for name, value in re.findall(r'<input type="hidden" name="(seen|give|take)" value="([^"]*)"', page):
        found.setdefault(name, []).append(value)
    return found


def ticked(restricted: set[tuple[Right, int]], *groups: UserGroup, shown: tuple[int, ...] = ()) -> dict[str, Any]:
    """What a browser sends of rows in which nothing was restricted (or `shown`), with these cells ticked."""
    states = shown or tuple(0 for _group in groups)
    return {
        "row": [f"{group.pk}:{state}" for group, state in zip(groups, states, strict=True)],
        "cell": [f"{right}@{pk}" for right, pk in restricted],
    }


def test_several_are_previewed_in_words_and_saved_together(cast, log_in, frida, central, office):
    client = log_in("frida")
    page = client.get(MATRIX, headers=ENGLISH).content.decode()
    assert f'value="view_customers@{central.pk}"' in page
    assert "Zentralverwaltung" in page
    wanted = {
        (Right.VIEW_CUSTOMERS, central.pk), (Right.EXPORT_CUSTOMERS, central.pk), (Right.EXPORT_CUSTOMERS, office.pk),
    }  # fmt: skip
    preview = client.post(MATRIX, ticked(wanted, central, office), headers=ENGLISH).content.decode()
    assert "3 rights restricted for 2 user groups; for 1 person" in preview
    assert "Not allowed any more" in preview
    assert "Anna Andresen" in preview
    assert not Restriction.objects.exists()
    saved = client.post(CONFIRM, hidden(preview), headers=ENGLISH, follow=True)
    assert "Saved for Flensburg: 3 rights restricted" in saved.content.decode()
    assert restricted_here(frida) == wanted
    assert Right.VIEW_CUSTOMERS not in access.rights_at(cast.user("anna"), cast.location("Flensburg"))
    assert Right.VIEW_CUSTOMERS in access.rights_at(cast.user("anna"), cast.location("Hamburg"))


def test_unticked_ones_are_lifted_and_both_stand_in_the_rights_log(log_in, frida, central):
    operations.restrict(group=central, right=Right.VIEW_CUSTOMERS, actor=frida)
    client = log_in("frida")
    assert "checked" in client.get(MATRIX).content.decode()
    state = 1 << list(Right).index(Right.VIEW_CUSTOMERS)
    preview = client.post(
        MATRIX, ticked({(Right.RUN_REPORTS, central.pk)}, central, shown=(state,)), headers=ENGLISH
    ).content.decode()
    assert "Allowed again" in preview
    assert "1 restriction lifted" in preview
    client.post(CONFIRM, hidden(preview))
    assert restricted_here(frida) == {(Right.RUN_REPORTS, central.pk)}
    said = {entry.sentence for entry in entries_of(central) if entry.who.startswith("Frida")}
    assert len(said) == 2
    assert all("Flensburg" in sentence for sentence in said)


def test_what_somebody_else_changed_between_preview_and_saving_is_told_and_nothing_is_lost(
    log_in, frida, central, office
):
    client = log_in("frida")
    preview = client.post(MATRIX, ticked({(Right.VIEW_CUSTOMERS, central.pk)}, central)).content.decode()
    operations.restrict(group=office, right=Right.RUN_REPORTS, actor=frida)
    stale = client.post(CONFIRM, hidden(preview), headers=ENGLISH)
    assert stale.status_code == 409
    text = stale.content.decode()
    assert "Meanwhile somebody else changed what is restricted here." in text
    assert restricted_here(frida) == {(Right.RUN_REPORTS, office.pk)}
    assert client.post(CONFIRM, hidden(text)).status_code == 302
    assert restricted_here(frida) == {(Right.RUN_REPORTS, office.pk), (Right.VIEW_CUSTOMERS, central.pk)}


def test_matrix_that_was_open_before_undoes_nothing_that_it_did_not_show(log_in, frida, central, office):
    """Only the difference of what was shown and what is ticked counts."""
    opened = ticked({(Right.VIEW_CUSTOMERS, central.pk)}, central, office)
    operations.restrict(group=office, right=Right.RUN_REPORTS, actor=frida)
    client = log_in("frida")
    client.post(CONFIRM, hidden(client.post(MATRIX, opened).content.decode()))
    assert restricted_here(frida) == {(Right.RUN_REPORTS, office.pk), (Right.VIEW_CUSTOMERS, central.pk)}


def test_confirming_without_having_seen_shows_the_preview(log_in, frida, central):
    answer = log_in("frida").post(CONFIRM, {"give": f"view_customers@{central.pk}"})
    assert answer.status_code == 409
    assert not Restriction.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        {"row": "all:0", "cell": "view_customers@all"},
        {"row": "x", "cell": ""},
        {"row": "1:0", "cell": "view_customers@2"},
    ],
)
def test_form_that_no_page_has_sent_is_refused(log_in, body):
    answer = log_in("frida").post(MATRIX, body, headers=ENGLISH)
    assert answer.status_code == 400
    assert "This form did not arrive whole." in answer.content.decode()


def test_groups_of_others_are_neither_offered_nor_taken(cast, log_in, frida):
    own = operations.create_user_group(name="Theke Flensburg", actor=frida)
    foreign = UserGroup.objects.exclude(organization=cast.organization())[0]
    page = log_in("frida").get(MATRIX).content.decode()
    for group in (own, foreign):
        assert f'@{group.pk}"' not in page
        with pytest.raises(ValidationError, match="not one of the central"):
            operations.change_restrictions(wanted={(Right.VIEW_CUSTOMERS, group.pk)}, actor=frida)
    assert not Restriction.objects.exists()


@pytest.mark.parametrize("who", ["anna", "rita"])
def test_only_the_franchisees_own_people_have_it(cast, log_in, central, who):
    assert log_in(who).get(MATRIX).status_code == 403
    assert log_in(who).post(CONFIRM, {"give": f"view_customers@{central.pk}"}).status_code == 403
    with pytest.raises(MissingRight):
        operations.change_restrictions(wanted=set(), actor=cast.scope("anna", "Flensburg"))
    with pytest.raises(MissingRight):
        operations.preview_restrictions(wanted=set(), actor=cast.scope("anna", "Flensburg"))


def test_it_exists_at_a_franchise_only(log_in):
    assert log_in("anna").get("/10400/2/mcp/restriction/matrix/").status_code == 404


def test_restriction_at_another_location_stays(cast, frida, central):
    cast.location("Kiel").__class__.objects.filter(name="Kiel").update(is_franchise=True)
    there = cast.location("Kiel")
    Restriction.objects.create(
        organization=there.organization, location=there, group=central, right=Right.VIEW_CUSTOMERS.value
    )
    operations.change_restrictions(wanted=set(), actor=frida)
    assert Restriction.objects.count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_matrix_is_read_in_one_number_of_questions(cast, log_in, count, django_assert_num_queries):
    for number in range(count):
        operations.create_user_group(name=f"Gruppe {number}", actor=cast.scope("anna", "Zentrale"))
    client = log_in("frida")
    client.get(MATRIX)
    with django_assert_num_queries(QUESTIONS):
        client.get(MATRIX)


QUESTIONS = 12
