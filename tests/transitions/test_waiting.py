"""What waits for whom while a location leaves or joins: on the front page, and by mail."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core import mail as outbox
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from files.choices import FileState
from locations.permissions import Right
from mcp import tasks
from mcp.choices import MailKind
from mcp.console import reminders
from mcp.console.waiting import registered, things_of
from mcp.isolation.scope import Scope
from mcp.models import LocationGrant, Mail, OrganizationGrant, User
from mcp.worker import mailing
from tests.customers.people import customer
from tests.transitions.carrying import consent, executed, made
from tests.transitions.moving import assigned, exit_in, join_in, named, second
from transitions import operations
from transitions.choices import TransitionState
from transitions.models import Package, PackageDownload, Transition
from transitions.withdrawals.making import make_list

DAY = timedelta(days=1)


def codes(scope: Scope) -> list[str]:
    return [thing.code for source in registered() for thing in things_of(source, scope)]


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


# --- on the front page --------------------------------------------------------------------------------------------


def test_each_step_waits_for_whoever_may_take_it(cast, anna):
    rita, frida = cast.scope("rita", "Zentrale"), cast.scope("frida", "Flensburg")
    asked = exit_in(cast, TransitionState.REQUESTED)
    assert (codes(anna), codes(rita), codes(frida)) == ([], ["account"], [])
    assigned(asked, rita)
    assert (codes(anna), codes(rita), codes(frida)) == (["review"], [], [])
    operations.review(transition=asked, is_narrowed=False, actor=anna)
    assert codes(anna) == ["ground"]
    named(asked, anna)
    zoe = second(anna)
    assert (codes(anna), codes(zoe)) == ([], ["confirm"]), "whoever has named it cannot confirm it"
    operations.confirm(transition=asked, actor=zoe)
    assert (codes(anna), codes(zoe)) == ([], []), "the worker executes it on the day"


def test_what_could_not_be_executed_on_its_day_waits(cast, anna):
    late = exit_in(cast, TransitionState.CONFIRMED)
    Transition.objects.filter(pk=late.pk).update(planned_for=timezone.localdate() - DAY)
    assert codes(anna) == ["execute"]


def test_package_waits_until_somebody_has_fetched_it(cast, anna):
    left = executed(cast)
    assert codes(anna) == [], "the worker makes it"
    package = made(left, anna)
    assert codes(anna) == ["package_ready"]
    assert codes(cast.scope("sven", "Zentrale", 20800)) == []
    PackageDownload.objects.create(base=anna.base, file=package, user_id=1, user_name="Zoe")
    assert codes(anna) == []


def test_package_that_could_not_be_made_is_to_be_made_anew(cast, anna):
    Package.objects.filter(transition=executed(cast)).update(state=FileState.FAILED)
    assert codes(anna) == ["package_failed"]


def test_package_that_is_gone_before_somebody_came_is_to_be_made_anew(cast, anna):
    package = made(executed(cast), anna)
    package.state_since = timezone.now() - 15 * DAY
    package.save(update_fields=["state_since"])
    assert codes(anna) == ["package_expired"]


def test_customers_that_have_arrived_wait_for_the_end(cast, anna):
    made(exit_in(cast, TransitionState.CARRIED_OVER), anna)
    PackageDownload.objects.create(
        base=anna.base, file=anna.organization.transitions.get().packages.get(), user_id=1, user_name="Zoe"
    )
    assert codes(anna) == ["close"]


def test_withdrawals_wait_until_they_are_on_a_list(cast, anna):
    one = customer(anna, last_name="Ahlers", home_location=cast.location("Flensburg"))
    consent(one)
    left = executed(cast)
    PackageDownload.objects.create(base=anna.base, file=made(left, anna), user_id=1, user_name="Zoe")
    assert codes(anna) == []
    consent(one, given=False, at=timezone.now())
    assert codes(anna) == ["withdrawals"]
    make_list(transition=Transition.objects.get(pk=left.pk), actor=anna)
    assert codes(anna) == []


def test_group_that_is_asked_answers(cast, anna):
    join_in(cast, TransitionState.NUMBERED, is_agreed=False)
    ines = cast.scope("ines", "Dresden", 30100)
    assert (codes(anna), codes(ines)) == (["joining"], ["review"])
    assert codes(cast.scope("rita", "Zentrale")) == []
    without = [one.pk for one in OrganizationGrant.objects.filter(permission__codename=Right.MANAGE_LOCATION)]
    OrganizationGrant.objects.filter(pk__in=without).delete()
    assert codes(cast.scope("anna", "Zentrale")) == []


def test_front_page_says_it_in_words_and_leads_there(cast, anna, log_in):
    left = exit_in(cast, TransitionState.NUMBERED)
    page = log_in("anna").get("/10400/1/overview/waiting/", headers={"Accept-Language": "en"}).content.decode()
    assert f'href="/10400/1/transitions/transition/{left.pk}/"' in page
    assert "Review who is carried over: Flensburg" in page
    assert "Nothing waits" in log_in("bodo").get("/10400/2/overview/waiting/").content.decode()


def test_looking_at_what_waits_allows_nothing(cast, anna):
    exit_in(cast, TransitionState.NUMBERED)
    fresh = cast.scope("anna", "Zentrale")
    assert codes(fresh) == ["review"]
    assert fresh.asked == set()


# --- by mail ------------------------------------------------------------------------------------------------------


@pytest.fixture
def mail_server(settings):
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    outbox.outbox = []


def remind(at: datetime) -> list[str]:
    """Who gets a mail at a moment, and as if it were made then."""
    known = set(Mail.objects.values_list("pk", flat=True))
    reminders.remind(now=at, actor="a test")
    fresh = Mail.objects.filter(kind=MailKind.WAITING).exclude(pk__in=known)
    names = sorted(fresh.values_list("user__username", flat=True))
    fresh.update(made_at=at)
    return names


def test_reminded_after_one_three_and_seven_days_and_never_again(cast, anna, mail_server):
    exit_in(cast, TransitionState.NUMBERED)
    now = timezone.now()
    days = {day: remind(now + day * DAY) for day in range(40)}
    assert {day: names for day, names in days.items() if names} == {1: ["anna"], 3: ["anna"], 7: ["anna"]}


def test_the_next_step_is_another_thing(cast, anna, mail_server):
    left = exit_in(cast, TransitionState.NUMBERED)
    now = timezone.now()
    assert [remind(now + day * DAY) for day in range(10)].count(["anna"]) == 3
    operations.review(transition=left, is_narrowed=False, actor=anna)
    assert remind(now + 11 * DAY) == ["anna"]


def test_at_most_one_mail_a_day_for_whatever_waits(cast, anna, mail_server):
    exit_in(cast, TransitionState.NUMBERED)
    join_in(cast, TransitionState.NUMBERED, is_agreed=False)
    at = timezone.now() + 25 * timedelta(hours=1)
    assert remind(at) == ["anna", "ines"]
    assert remind(at + timedelta(minutes=1)) == []
    mails = {mail.user.username: [thing["code"] for thing in mail.facts["things"]] for mail in Mail.objects.all()}
    assert mails == {"anna": ["review", "joining"], "ines": ["review"]}


def test_only_those_are_reminded_who_may_act_now(cast, anna, mail_server):
    asked = exit_in(cast, TransitionState.REQUESTED)
    now = timezone.now()
    assert remind(now + DAY) == ["rita"], "the support of the provider assigns the number"
    assigned(asked, cast.scope("rita", "Zentrale"))
    LocationGrant.objects.filter(permission__codename=Right.CARRY_OVER).delete()
    OrganizationGrant.objects.filter(permission__codename=Right.CARRY_OVER).delete()
    assert remind(now + 2 * DAY) == []


def test_nobody_without_an_address_and_nobody_without_a_mail_server(cast, anna, mail_server, settings):
    exit_in(cast, TransitionState.NUMBERED)
    User.objects.filter(username="anna").update(email="")
    assert remind(timezone.now() + 2 * DAY) == []
    User.objects.filter(username="anna").update(email="anna@example.com")
    settings.MAILERS = {}
    assert remind(timezone.now() + 2 * DAY) == []


@pytest.mark.parametrize(
    ("language", "subject", "line"),
    [
        ("de", "In Stammhaus wartet etwas auf Sie", "Zentrale: Prüfen, wer übernommen wird: Flensburg"),
        ("en", "One thing waits for you in Stammhaus", "Zentrale: Review who is carried over: Flensburg"),
    ],
)
def test_mail_is_in_the_language_of_whoever_gets_it_and_leads_there(
    cast, anna, mail_server, settings, language, subject, line
):
    settings.PUBLIC_URL = "https://stammhaus.example/"
    User.objects.filter(username="anna").update(language=language)
    left = exit_in(cast, TransitionState.NUMBERED)
    remind(timezone.now() + DAY)
    for job in ProcrastinateJob.objects.filter(task_name=mailing.SEND).order_by("id"):
        tasks.send_mail.func(**job.args)
    (mail,) = outbox.outbox
    assert (mail.to, mail.subject) == (["anna@example.com"], subject)
    assert line in mail.body
    assert f"https://stammhaus.example/10400/1/transitions/transition/{left.pk}/" in mail.body


def test_worker_looks_by_itself(cast, anna, mail_server, monkeypatch):
    exit_in(cast, TransitionState.NUMBERED)
    later = timezone.now() + 2 * DAY
    monkeypatch.setattr(tasks, "timezone", SimpleNamespace(now=lambda: later))
    tasks.remind_of_what_waits.func(timestamp=0)
    Mail.objects.update(made_at=later)
    tasks.remind_of_what_waits.func(timestamp=0)
    assert [mail.user.username for mail in Mail.objects.all()] == ["anna"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail(cast, anna, mail_server):
    exit_in(cast, TransitionState.NUMBERED)
    at, workers = timezone.now() + DAY, 3
    together = threading.Barrier(workers)

    def work() -> None:
        together.wait()
        reminders.remind(now=at, actor="a test")
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    mails = [mail for mail in Mail.objects.all() if mail.user.username == "anna"]
    assert len(mails) == 1


def reminded_at(days: list[float], since: datetime) -> list[datetime]:
    return [since + day * DAY for day in days]


@pytest.mark.parametrize(
    ("days", "now", "expected"),
    [
        ([], 0.9, False),
        ([], 1, True),
        ([], 30, True),
        ([1], 2.9, False),
        ([1], 3, True),
        ([1, 3], 6.9, False),
        ([1, 3], 7, True),
        ([1, 3, 7], 300, False),
        ([30], 31, False),
        ([30], 32, True),
        ([30, 32], 35, False),
        ([30, 32], 36, True),
    ],
)
def test_when_a_reminder_is_due(days, now, expected):
    since = timezone.now()
    assert reminders.is_due(since, reminded_at(days, since), since + now * DAY) is expected
