"""The same form sent twice does its work once; two people at the same moment get a sentence and no broken page."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from customers.models import Customer, CustomerGroup, Tag
from mcp import tasks
from mcp.console.sent_once import TOKEN
from mcp.models import PasswordLink, SentForm, User, UserGroup

ADD = "/10400/2/customers/customer/add/"
ENGLISH = {"Accept-Language": "en"}


def token_of(client: Client, page: str) -> str:
    """The token of a page's form, which is another one each time the page is opened."""
    found = re.search(rf'name="{TOKEN}" value="([^"]+)"', client.get(page).content.decode())
    assert found
    return found.group(1)


@pytest.fixture
def bodo(cast, log_in):
    return log_in("bodo")


def register(client: Client, token: str, last_name: str = "Doppelt", **more: str):
    words = {TOKEN: token, "last_name": last_name, "_save": "", **more}
    return client.post(ADD, words, headers=ENGLISH)


def test_form_sent_twice_makes_one_customer_and_leads_to_the_same_place(bodo):
    token = token_of(bodo, ADD)
    first, second = register(bodo, token), register(bodo, token)
    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] == second["Location"]
    assert Customer.objects.filter(last_name="Doppelt").count() == 1
    assert "It was done once." in bodo.get(second["Location"], headers=ENGLISH).content.decode()


def test_same_contents_from_a_page_opened_anew_are_meant(bodo):
    for _ in range(2):
        assert register(bodo, token_of(bodo, ADD)).status_code == 302
    assert Customer.objects.filter(last_name="Doppelt").count() == 2


def test_other_contents_from_the_same_page_are_meant(bodo):
    token = token_of(bodo, ADD)
    register(bodo, token, "Einer")
    register(bodo, token, "Anderer")
    assert set(Customer.objects.values_list("last_name", flat=True)) >= {"Einer", "Anderer"}


def test_refused_form_can_be_sent_again_as_it_is(bodo):
    token = token_of(bodo, ADD)
    assert register(bodo, token, "").status_code == 200
    assert not SentForm.objects.exists()
    assert register(bodo, token, "").status_code == 200


def test_person_who_is_entered_twice_at_once_is_one_and_nothing_is_refused(log_in):
    """The first answer is a page that shows a link, and leads nowhere."""
    anna, page = log_in("anna"), "/10400/1/mcp/user/add/"
    words = {TOKEN: token_of(anna, page), "username": "emil", "language": "de", "is_active": "on", "place": ""}
    first, second = anna.post(page, words), anna.post(page, words)
    assert (first.status_code, second.status_code) == (200, 302)
    assert second["Location"] == first.context["back"]
    assert PasswordLink.objects.filter(user__username="emil").count() == 1


def test_file_with_other_contents_is_another_one(log_in):
    anna, page = log_in("anna"), "/10400/1/customers/customer/import/"
    token = token_of(anna, page)
    led_to = [
        anna.post(page, {TOKEN: token, "file": SimpleUploadedFile("gleich.csv", content)})["Location"]
        for content in (b"Name\r\nAAAA\r\n", b"Name\r\nZZZZ\r\n", b"Name\r\nZZZZ\r\n")
    ]
    assert led_to[0] != led_to[1] == led_to[2]


def test_form_of_somebody_else_is_another_one(cast, log_in, bodo):
    token = token_of(bodo, ADD)
    register(bodo, token)
    assert register(log_in("anna"), token).status_code == 302
    assert Customer.objects.filter(last_name="Doppelt").count() == 2


def test_sent_forms_are_forgotten_after_a_day(bodo):
    register(bodo, token_of(bodo, ADD))
    tasks.forget_sent_forms.func(timestamp=0)
    assert SentForm.objects.count() == 1
    SentForm.objects.update(at=timezone.now() - timedelta(days=1, minutes=1))
    tasks.forget_sent_forms.func(timestamp=0)
    assert not SentForm.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_double_click_makes_one_of_everything():
    """Four equal requests at the same moment, with real transactions."""
    user = User.objects.get(username="anna")
    first = Client()
    first.force_login(user)
    pages = {
        ADD: ({"last_name": "Doppelt"}, lambda: Customer.objects.filter(last_name="Doppelt")),
        "/10400/1/customers/customergroup/add/": (
            {"name": "Doppelt", "discount": "0"},
            lambda: CustomerGroup.objects.filter(name="Doppelt"),
        ),
        "/10400/1/customers/tag/add/": ({"name": "Doppelt"}, lambda: Tag.objects.filter(name="Doppelt")),
        "/10400/1/mcp/usergroup/add/": ({"name": "Doppelt"}, lambda: UserGroup.objects.filter(name="Doppelt")),
    }
    for page, (words, made) in pages.items():
        token = token_of(first, page)
        answers = at_once(4, first, page, {TOKEN: token, "_save": "", **words})
        assert made().count() == 1, page
        assert set(answers) == {302}, page


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("page", "model"),
    [
        ("/10400/1/customers/customergroup/add/", CustomerGroup),
        ("/10400/1/customers/tag/add/", Tag),
        ("/10400/1/mcp/usergroup/add/", UserGroup),
    ],
)
def test_same_name_entered_by_several_at_the_same_moment_is_refused_with_a_sentence(page, model):
    client = Client()
    client.force_login(User.objects.get(username="anna"))
    answers = at_once(4, client, page, {"name": "Gleich", "discount": "0", "_save": ""})
    assert sorted(answers) == [200, 200, 200, 302]
    assert model.objects.filter(name="Gleich").count() == 1


def at_once(times: int, client: Client, page: str, words: dict[str, str]) -> list[int]:
    """The status of so many equal requests that begin at the same moment, each by a thread of its own."""
    start, answers = threading.Barrier(times), []

    def send() -> None:
        own = Client()
        own.cookies = client.cookies
        start.wait()
        try:
            answers.append(own.post(page, words).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
