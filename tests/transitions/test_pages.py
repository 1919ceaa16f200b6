"""The pages: what each of the people sees, what they can do there, and in plain words."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tests.customers.people import customer
from tests.transitions.moving import GROUND, exit_in, fresh, join_in, say, second
from transitions import operations
from transitions.choices import TransitionState
from transitions.models import Transition
from transitions.pages import transition as transition_pages

CENTRAL, FLENSBURG = "/10400/1/transitions/transition/", "/10400/6/transitions/transition/"
ACCOUNT = {
    "account_number": "40200", "name": "Flensburger Backstube", "username": "freda", "first_name": "Frida",
    "last_name": "Friis",
}  # fmt: skip


def page(transition, place=CENTRAL):
    return f"{place}{transition.pk}/"


def step(client, transition, name, place=CENTRAL, **data):
    """As if the page had just been looked at."""
    seen = transition.steps.last().pk
    return client.post(f"{page(transition, place)}step/", {"step": name, "seen": seen, **data})


def text(client, address):
    answer = client.get(address, headers={"accept-language": "de"})
    assert answer.status_code == 200
    return answer.content.decode()


def test_frida_asks_and_sees_how_far_it_is(cast, log_in):
    frida = log_in("frida")
    answer = frida.post(f"{FLENSBURG}request/", {"planned_for": timezone.localdate().isoformat(), "note": "Bald"})
    asked = Transition.objects.get()
    assert answer["Location"] == page(asked, FLENSBURG)
    seen = text(frida, page(asked, FLENSBURG))
    assert "Der Support des Anbieters vergibt" in seen
    assert "Bald" in seen
    assert f"{asked.pk}" in text(frida, f"{FLENSBURG}")


def test_central_chooses_the_location(cast, log_in):
    anna = log_in("anna")
    offered = anna.get(f"{CENTRAL}request/").context["form"].fields["location"].queryset
    assert [place.name for place in offered] == ["Hamburg", "Bremen", "Lübeck", "Kiel", "Flensburg"]
    data = {"planned_for": timezone.localdate().isoformat(), "location": cast.location("Bremen").pk}
    anna.post(f"{CENTRAL}request/", data)
    assert Transition.objects.get().location.name == "Bremen"
    offered = anna.get(f"{CENTRAL}request/").context["form"].fields["location"].queryset
    assert "Bremen" not in [place.name for place in offered]


def test_location_of_another_business_cannot_be_chosen(cast, log_in):
    data = {"planned_for": timezone.localdate().isoformat(), "location": cast.location("München", 20800).pk}
    assert log_in("anna").post(f"{CENTRAL}request/", data).status_code == 200
    assert not Transition.objects.exists()


@pytest.mark.parametrize(("place", "words"), [("Lübeck", "Kundenstamm 1.0")])
def test_who_cannot_leave_is_told_why_instead_of_a_form(cast, log_in, place, words):
    answer = log_in("anna").get("/10400/4/transitions/transition/request/", headers={"accept-language": "de"})
    assert words in answer.content.decode()
    assert "planned_for" not in answer.content.decode()


def test_refused_request_shows_the_sentence_at_its_field(cast, log_in):
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
    answer = log_in("frida").post(f"{FLENSBURG}request/", {"planned_for": yesterday})
    assert answer.status_code == 200
    assert "planned_for" in answer.context["form"].errors


def test_independent_business_asks_to_join(cast, log_in):
    ines = log_in("ines")
    place = "/30100/2/transitions/transition/"
    assert "Einem Verbund beitreten" in text(ines, f"{place}request/")
    ines.post(f"{place}request/", {"planned_for": timezone.localdate().isoformat()})
    assert Transition.objects.get().kind == "join"


class TestSupport:
    def test_assigns_the_number(self, cast, log_in):
        asked, rita = exit_in(cast, TransitionState.REQUESTED), log_in("rita")
        assert f"{page(asked)}account/" in text(rita, page(asked))
        shown = rita.post(f"{page(asked)}account/", ACCOUNT)
        assert (shown.templates[0].name, shown.context["back"]) == ("mcp/password_link.html", page(asked))
        assert shown.context["person"].organization_id == fresh(asked).receiver_id
        assert fresh(asked).receiver_account == 40200

    @pytest.mark.parametrize("number", ["10400", "20800", "30100"])
    def test_refusal_stands_at_the_number(self, cast, log_in, number):
        asked = exit_in(cast, TransitionState.REQUESTED)
        answer = log_in("rita").post(f"{page(asked)}account/", {**ACCOUNT, "account_number": number})
        assert list(answer.context["form"].errors) == ["account_number"]

    def test_page_leads_on_when_it_is_assigned(self, cast, log_in):
        asked = exit_in(cast, TransitionState.NUMBERED)
        assert log_in("rita").get(f"{page(asked)}account/")["Location"] == page(asked)

    def test_enters_the_group_that_is_joined(self, cast, log_in):
        asked = join_in(cast, TransitionState.REQUESTED)
        place = "/30100/2/transitions/transition/"
        log_in("rita").post(f"{page(asked, place)}account/", {"account_number": "10400", "client_number": "7"})
        assert fresh(asked).receiver_client_number == 7

    def test_page_does_not_exist_for_others(self, cast, log_in):
        asked = exit_in(cast, TransitionState.REQUESTED)
        for who, place in (("anna", CENTRAL), ("frida", FLENSBURG)):
            assert log_in(who).get(f"{page(asked, place)}account/").status_code == 404

    def test_sees_no_figures_and_no_customers(self, cast, log_in):
        customer(cast.scope("anna", "Hamburg"), last_name="Geheim")
        asked = exit_in(cast, TransitionState.REVIEWED)
        answer = log_in("rita").get(page(asked))
        assert answer.context["figures"] is None
        assert "Geheim" not in answer.content.decode()


class TestDeciding:
    def test_review_confirm_execute_close(self, cast, log_in):
        say(customer(cast.scope("anna", "Hamburg")))
        asked, anna = exit_in(cast, TransitionState.NUMBERED), log_in("anna")
        assert step(anna, asked, "review")["Location"] == page(asked)
        step(anna, asked, "ground", basis="consent", ground=GROUND)
        second(cast.scope("anna", "Zentrale"))
        step(log_in("zweite"), asked, "confirm")
        assert step(anna, asked, "execute").status_code == 200  # it asks once
        assert fresh(asked).state == TransitionState.CONFIRMED
        step(anna, asked, "execute", is_sure="on")
        assert fresh(asked).state == TransitionState.EXECUTED
        step(anna, asked, "close", note="Der neue Betrieb fängt leer an.")
        assert fresh(asked).state == TransitionState.CLOSED

    def test_what_was_typed_is_still_there_after_a_refusal(self, cast, log_in):
        asked = exit_in(cast, TransitionState.REVIEWED)
        answer = step(log_in("anna"), asked, "ground", basis="consent", ground="zu kurz")
        assert answer.status_code == 200
        shown = answer.content.decode()
        assert "zu kurz" in shown
        assert "Nothing was done. What is wrong stands at the field “Reason”." in shown
        assert shown.count(" autofocus") == 1
        assert fresh(asked).state == TransitionState.REVIEWED

    def test_reasons_and_left_out_customers_by_name(self, cast, log_in):
        left = customer(cast.scope("anna", "Hamburg"), last_name="Ohnezusage")
        asked, anna = exit_in(cast, TransitionState.REVIEWED), log_in("anna")
        seen = text(anna, page(asked))
        assert "Ohnezusage" in seen
        assert str(left.customer_number) in seen
        assert "haben nie eingewilligt" in seen

    def test_location_that_leaves_sees_its_request_but_not_the_review(self, cast, log_in):
        customer(cast.scope("frida", "Flensburg"), last_name="Ohnezusage")
        asked = exit_in(cast, TransitionState.REVIEWED)
        answer = log_in("frida").get(page(asked, FLENSBURG))
        assert answer.context["figures"] is None
        assert "Ohnezusage" not in answer.content.decode()
        assert (
            log_in("frida").get(page(exit_in(cast, TransitionState.REQUESTED, place="Hamburg"), FLENSBURG)).status_code
            == 404
        )

    def test_execution_is_offered_on_its_day_only(self, cast, log_in):
        asked, anna = exit_in(cast, TransitionState.CONFIRMED), log_in("anna")
        assert 'value="execute"' in text(anna, page(asked))
        tomorrow = (timezone.localdate() + timedelta(days=1)).isoformat()
        step(anna, asked, "move", planned_for=tomorrow)
        assert 'value="execute"' not in text(anna, page(asked))
        assert step(anna, asked, "execute", is_sure="on").status_code == 200
        assert fresh(asked).state == TransitionState.CONFIRMED

    def test_who_loses_a_race_sees_what_is_so_now(self, cast, log_in, monkeypatch):
        """Somebody cancels it between the click and the step."""
        asked, before = exit_in(cast, TransitionState.CONFIRMED), transition_pages._taken

        def too_late(*given, **named):
            operations.cancel(transition=fresh(asked), actor=cast.system("Zentrale"))
            return before(*given, **named)

        monkeypatch.setattr(transition_pages, "_taken", too_late)
        seen = step(log_in("anna"), asked, "move", planned_for=timezone.localdate().isoformat()).content.decode()
        assert "the state is “Cancelled”" in seen
        assert "This was cancelled." in seen
        assert "executed by itself" not in seen
        assert 'name="step"' not in seen

    def test_support_that_loses_a_race_is_led_to_what_is_so_now(self, cast, log_in, monkeypatch):
        asked, before = exit_in(cast, TransitionState.REQUESTED), transition_pages._assign

        def too_late(*given):
            operations.cancel(transition=fresh(asked), actor=cast.system("Zentrale"))
            return before(*given)

        monkeypatch.setattr(transition_pages, "_assign", too_late)
        answer = log_in("rita").post(f"{page(asked)}account/", ACCOUNT, follow=True)
        assert answer.redirect_chain[-1][0] == page(asked)
        assert "the state is “Cancelled”" in answer.content.decode()

    def test_cancelling_is_asked_for_twice(self, cast, log_in):
        asked, anna = exit_in(cast, TransitionState.CONFIRMED), log_in("anna")
        assert step(anna, asked, "cancel").status_code == 200
        assert fresh(asked).state == TransitionState.CONFIRMED
        step(anna, asked, "cancel", is_sure="on")
        assert fresh(asked).state == TransitionState.CANCELLED
        assert "abgebrochen" in text(anna, page(asked))

    def test_frida_cancels_what_she_has_asked_for(self, cast, log_in):
        frida = log_in("frida")
        frida.post(f"{FLENSBURG}request/", {"planned_for": timezone.localdate().isoformat()})
        asked = Transition.objects.get()
        step(frida, asked, "cancel", FLENSBURG, is_sure="on")
        assert fresh(asked).state == TransitionState.CANCELLED

    def test_step_that_somebody_has_done_meanwhile_is_told(self, cast, log_in):
        asked = exit_in(cast, TransitionState.CONFIRMED)
        answer = step(log_in("anna"), asked, "review")
        assert "This step was done already by Anna Andresen on" in answer.content.decode()

    @pytest.mark.parametrize("name", ["", "assign", "fly"])
    def test_unknown_step_does_not_exist(self, cast, log_in, name):
        assert step(log_in("anna"), exit_in(cast, TransitionState.NUMBERED), name).status_code == 404

    def test_who_closes_the_joining_still_looks_at_the_old_business(self, cast, log_in):
        asked, ines, place = (
            join_in(cast, TransitionState.CARRIED_OVER),
            log_in("ines"),
            "/30100/2/transitions/transition/",
        )
        assert "Der alte Betrieb bleibt, wie er ist" in text(ines, page(asked, place))
        assert step(ines, asked, "close", place)["Location"] == page(asked, place)
        assert fresh(asked).state == TransitionState.CLOSED
        assert ines.get(page(asked, place)).status_code == 200


@pytest.mark.parametrize("state", list(TransitionState))
def test_page_of_each_state_in_both_languages(cast, log_in, state):
    asked, anna = exit_in(cast, state), log_in("anna")
    for language in ("de", "en"):
        answer = anna.get(page(asked), headers={"accept-language": language})
        assert answer.status_code == 200


def test_refused_step_without_a_field_is_told_at_the_top(cast, log_in):
    asked = exit_in(cast, TransitionState.CONFIRMED)
    customer(cast.system("Flensburg", 40200))
    answer = step(log_in("anna"), asked, "execute")
    assert "40200" in answer.content.decode()
    assert fresh(asked).state == TransitionState.CONFIRMED


@pytest.mark.parametrize("count", [1, 3])
def test_list_is_asked_for_in_one_number_of_questions(cast, log_in, django_assert_num_queries, count):
    for place, number in (("Flensburg", 40201), ("Hamburg", 40202), ("Bremen", 40203))[:count]:
        exit_in(cast, TransitionState.NUMBERED, place=place, number=number)
    anna = log_in("anna")
    anna.get(f"{CENTRAL}")
    with django_assert_num_queries(10):
        anna.get(f"{CENTRAL}")


def test_pages_load_the_styles_that_they_use():
    folder = Path(__file__).parents[2]
    classes = set(re.findall(r"\.(transition-[a-z]+)", (folder / "static/transitions.css").read_text()))
    pages = {path.name: path.read_text() for path in (folder / "templates/transitions").glob("*.html")}
    using = {
        name for name, page in pages.items()
        if "{% extends" in page and classes.intersection(re.findall("transition-[a-z]+", page))
    }  # fmt: skip
    assert "package.html" in using
    assert [name for name in using if '{% extends "transitions/base.html" %}' not in pages[name]] == []
