"""Guessing passwords becomes slow, for the guesser alone, and before a password is looked at."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.contrib.auth import authenticate, hashers
from django.db import connection
from django.test import RequestFactory
from django.utils import timezone

from mcp import tasks
from mcp.demo import PASSWORD
from mcp.isolation.http import client_address
from mcp.login import throttling
from mcp.login.history import entries_of
from mcp.login.throttling import OF_ADDRESS, OF_NAME, Claim, Pace, TooBusy, TooManyTries, tried
from mcp.models import LoginAttempt, User
from tests.conftest import Browser

WORDS = {"account_number": "10400", "username": "anna", "password": PASSWORD}
ENGLISH = {"Accept-Language": "en"}


def guess(times: int, *, username: str = "anna", address: str | None = None, device: str = "") -> None:
    """So many failed tries, as they stand in the database."""
    LoginAttempt.objects.bulk_create(
        LoginAttempt(account_number=10400, username=username, address=address, device=device) for _ in range(times)
    )


def log_in(client: Browser | None = None, address: str = "127.0.0.1", **words: str):
    return (client or Browser()).post("/login/", WORDS | words, headers=ENGLISH, REMOTE_ADDR=address)


def test_waits_double_and_end_at_a_bound():
    pace = Pace(free=5, longest=300)
    assert [pace.wait(failures) for failures in (0, 4, 5, 6, 7, 13, 14, 10_000)] == [0, 0, 1, 2, 4, 256, 300, 300]


def test_right_password_has_to_wait_as_well_after_too_many_wrong_ones(cast):
    guess(OF_NAME.free + 3)
    answer = log_in()
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) in range(1, 9)
    assert "There were too many failed tries." in answer.content.decode()
    assert "_auth_user_id" not in answer.wsgi_request.session


def test_no_password_is_hashed_while_somebody_has_to_wait(cast, monkeypatch):
    guess(OF_NAME.free + 3)
    hashed: list[int] = []
    algorithm = type(hashers.get_hasher("default"))
    monkeypatch.setattr(algorithm, "encode", lambda *_args: hashed.append(1))
    monkeypatch.setattr(algorithm, "verify", lambda *_args: hashed.append(1))
    assert log_in().status_code == 429
    assert hashed == []


def test_name_that_nobody_has_is_slowed_down_the_same(cast):
    guess(OF_NAME.free + 3, username="niemand")
    assert log_in(username="Niemand").status_code == 429


def test_tries_of_an_hour_ago_do_not_count(cast):
    guess(100)
    LoginAttempt.objects.update(at=timezone.now() - timedelta(minutes=61))
    assert log_in().status_code == 302


def test_login_that_went_well_lets_the_count_begin_anew(cast):
    guess(OF_NAME.free)
    LoginAttempt.objects.update(at=timezone.now() - timedelta(seconds=30))
    assert log_in().status_code == 302
    guess(OF_NAME.free - 1)
    assert log_in().status_code == 302


def test_strangers_do_not_slow_down_a_device_that_has_logged_in_before(cast):
    client = Browser()
    assert log_in(client).status_code == 302
    client.post("/logout/")
    guess(1_000)
    assert log_in(Browser()).status_code == 429
    assert log_in(client).status_code == 302


def test_device_of_somebody_else_does_not_help(cast):
    client = Browser()
    log_in(client, username="bodo")
    client.post("/logout/")
    guess(1_000)
    assert log_in(client).status_code == 429


def test_device_is_forgotten_with_the_password(cast):
    client = Browser()
    log_in(client)
    client.post("/logout/")
    anna = cast.user("anna")
    anna.set_password("Sauerteig-und-Butter-7")
    anna.save(update_fields=["password"])
    guess(1_000)
    assert log_in(client, password="Sauerteig-und-Butter-7").status_code == 429


def test_address_that_tries_many_names_is_slowed_down(cast):
    for number in range(OF_ADDRESS.free + 3):
        guess(1, username=f"name{number}", address="192.0.2.7")
    assert log_in(address="192.0.2.7").status_code == 429
    assert log_in(address="192.0.2.8").status_code == 302


def test_address_that_somebody_else_has_used_up_does_not_keep_a_known_device_out(cast):
    client = Browser()
    assert log_in(client, address="192.0.2.7").status_code == 302
    client.post("/logout/")
    guess(1_000, username="viele", address="192.0.2.7")
    assert log_in(Browser(), address="192.0.2.7").status_code == 429
    assert log_in(client, address="192.0.2.7").status_code == 302


def test_every_try_is_recorded_with_name_address_and_person(cast):
    log_in(password="falsch", address="192.0.2.7")
    log_in(username="NIEMAND", address="192.0.2.7")
    log_in(address="192.0.2.7")
    found = LoginAttempt.objects.order_by("pk").values_list("username", "address", "has_succeeded", "user__username")
    assert list(found) == [
        ("anna", "192.0.2.7", False, "anna"),
        ("niemand", "192.0.2.7", False, None),
        ("anna", "192.0.2.7", True, "anna"),
    ]


def test_who_waits_for_a_turn_too_long_is_told_so_and_it_was_no_try(cast, monkeypatch):
    monkeypatch.setattr(throttling, "PATIENCE", 0.01)
    monkeypatch.setattr(throttling, "_turns", threading.BoundedSemaphore(1))
    with throttling._turn():
        with pytest.raises(TooBusy):
            authenticate(None, username="anna", password=PASSWORD, account_number=10400)
        assert log_in().status_code == 429
    assert not LoginAttempt.objects.exists()


def test_own_password_cannot_be_guessed_on_an_open_screen(cast):
    client = Browser()
    client.force_login(cast.user("anna"))
    new = {"new_password1": "Roggenmehl-1150-Korn", "new_password2": "Roggenmehl-1150-Korn"}
    answers = [client.post("/10400/1/password_change/", {"old_password": f"x{n}", **new}) for n in range(8)]
    assert "too many failed tries" in answers[-1].content.decode() or "Fehlversuche" in answers[-1].content.decode()
    assert log_in().status_code == 302, "the login itself is not slowed down by it"


@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_count_each_other():
    """Each over connections of its own, as in the product: no more come through than the pace lets."""
    came_through: list[int] = []

    def guess_at_once() -> None:
        try:
            with tried(Claim(10400, "anna", "192.0.2.7"), user=None):
                came_through.append(1)
        except TooManyTries:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=guess_at_once) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(came_through) == OF_NAME.free
    assert LoginAttempt.objects.count() == OF_NAME.free


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "198.51.100.9", "127.0.0.1"),
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        (2, "203.0.113.5, 198.51.100.9", "203.0.113.5"),
        (1, "", "127.0.0.1"),
        (1, "not an address", None),
    ],
)
def test_address_is_what_our_own_proxies_have_seen(settings, proxies, forwarded, seen):
    settings.TRUSTED_PROXIES = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client_address(RequestFactory().get("/", **headers)) == seen


def test_attempts_are_deleted_after_their_time(cast):
    guess(2)
    LoginAttempt.objects.filter(pk=LoginAttempt.objects.latest("pk").pk).update(
        at=timezone.now() - timedelta(days=tasks.KEPT_DAYS + 1)
    )
    tasks.delete_old_login_attempts.func(timestamp=0)
    assert LoginAttempt.objects.count() == 1


def test_hash_of_an_older_kind_is_made_anew_at_the_login(cast, settings):
    settings.PASSWORD_HASHERS = [
        "mcp.login.hashers.PasswordHasher",
        "django.contrib.auth.hashers.MD5PasswordHasher",
    ]
    assert log_in().status_code == 302
    anna = User.objects.get(username="anna")
    assert anna.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    told = [entry.sentence for entry in entries_of(anna)]
    assert sorted(told) == ["Logged in from 127.0.0.1.", "The password was stored in a safer way. It is the same."]


@pytest.mark.parametrize(("typed", "name"), [("ANNA", "anna"), ("\u0131nes", "ines"), ("Ines", "ines")])
def test_look_alike_letters_get_no_tries_of_their_own(typed, name):
    assert Claim(account_number=30100, username=typed, address=None, device="").name == name
