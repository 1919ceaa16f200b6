"""Nobody sets another's password: links that work once, what is on record about them, and what is mailed."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from locations.permissions import Right
from mcp import tasks
from mcp.central import operations
from mcp.central.operations import LinkUsedUp
from mcp.choices import MailKind, MailState
from mcp.demo import PASSWORD
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight
from mcp.login.history import entries_of
from mcp.models import Mail, PasswordLink, Session, User
from mcp.worker import mailing
from tests.conftest import Browser

NEW_PASSWORD = "Leuchtturm-am-Deich-7"
ENGLISH = {"Accept-Language": "en"}
TOKEN = re.compile(r'(?<=name="csrfmiddlewaretoken" value=")[^"]*')


@pytest.fixture
def mail_server(settings):
    """Mail goes into `outbox.outbox`."""
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
    outbox.outbox = []


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


def link_for(cast, anna, username: str = "bodo", *, is_mailed: bool = False) -> PasswordLink:
    return operations.make_link(user=cast.user(username), is_mailed=is_mailed, actor=anna)


def token_of(link: PasswordLink) -> str:
    return operations.address_of(link.pk).rstrip("/").rpartition("/")[2]


def choose(token: str, password: str = NEW_PASSWORD, again: str | None = None):
    words = {"password1": password, "password2": password if again is None else again}
    return Browser().post(f"/password/{token}/", words, headers=ENGLISH)


def told(user: User) -> list[str]:
    return [entry.sentence for entry in entries_of(user)]


def send_all() -> None:
    """What the worker does with the queued mails."""
    for job in ProcrastinateJob.objects.filter(task_name=mailing.SEND).order_by("id"):
        tasks.send_mail.func(**job.args)


# --- links ------------------------------------------------------------------------------------------------------


def test_password_is_chosen_by_the_link_and_ends_the_sessions(cast, anna, log_in):
    bodo = log_in("bodo")
    assert bodo.get("/10400/2/").status_code == 200
    token = token_of(link_for(cast, anna))
    assert bodo.get("/10400/2/").status_code == 200, "that a link was made ends nothing"
    answer = choose(token)
    assert (answer.status_code, answer["Location"]) == (302, "/login/")
    assert cast.user("bodo").check_password(NEW_PASSWORD)
    assert bodo.get("/10400/2/").status_code == 302


def test_first_login_behind_a_link_leads_to_work(cast, anna):
    browser, token = Browser(), token_of(link_for(cast, anna, "carla"))
    login = browser.post(f"/password/{token}/", {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    page = browser.get(login["Location"])
    assert page.context["form"].initial["account_number"] == 10400
    words = {"account_number": "10400", "username": "carla", "password": NEW_PASSWORD}
    arrived = browser.post(login["Location"], words, follow=True)
    assert (arrived.status_code, arrived.request["PATH_INFO"]) == (200, "/10400/3/")


def test_link_works_once(cast, anna):
    token = token_of(link_for(cast, anna))
    assert choose(token).status_code == 302
    answer = choose(token, "Ganz-etwas-anderes-9")
    assert answer.status_code == 410
    assert cast.user("bodo").check_password(NEW_PASSWORD)


def test_opening_the_page_uses_nothing_up(cast, anna):
    token = token_of(link_for(cast, anna))
    for _ in range(100):
        assert Browser().get(f"/password/{token}/").status_code == 200
    assert choose(token).status_code == 302


@pytest.mark.parametrize("spoilt", ["late", "replaced", "deactivated"])
def test_link_that_does_not_work_says_so(cast, anna, spoilt):
    link = link_for(cast, anna)
    token = token_of(link)
    match spoilt:
        case "late":
            PasswordLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        case "replaced":
            link_for(cast, anna)
        case "deactivated":
            User.objects.filter(username="bodo").update(is_active=False)
    for answer in (Browser().get(f"/password/{token}/", headers=ENGLISH), choose(token)):
        assert answer.status_code == 410
        assert "This link does not work any more." in answer.content.decode()
    assert cast.user("bodo").check_password(PASSWORD)


@pytest.mark.parametrize(
    ("password", "again", "field"),
    [("kurz", "kurz", "password1"), (NEW_PASSWORD, NEW_PASSWORD + "x", "password2"), ("", "", "password1")],
)
def test_password_refused_at_the_field_leaves_the_link(cast, anna, password, again, field):
    token = token_of(link_for(cast, anna))
    answer = choose(token, password, again)
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    assert choose(token).status_code == 302


def test_link_that_was_changed_or_signed_by_another_key_is_none(cast, anna, settings):
    token = token_of(link_for(cast, anna))
    changed = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert choose(changed).status_code == 404
    settings.SECRET_KEY = "another"
    assert choose(token).status_code == 404
    assert cast.user("bodo").check_password(PASSWORD)


def test_link_is_stored_nowhere(cast, anna, mail_server):
    link = link_for(cast, anna, is_mailed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args::text FROM procrastinate_jobs UNION ALL SELECT facts::text FROM mcp_mail")
        stored = "".join(text for (text,) in cursor.fetchall())
    assert token_of(link) not in stored
    assert str(link.pk) in stored


@pytest.mark.django_db(transaction=True)
def test_link_used_twice_at_the_same_moment_sets_one_password():
    user = User.objects.get(username="bodo")
    with row_scope.without_scope(reason="test", actor="test"), transaction.atomic():
        link = operations.issue_link(user=user, is_mailed=False, made_by="test")
    token, chosen = token_of(link), []

    def use(password: str) -> None:
        try:
            operations.choose_password(token=token, password=password)
            chosen.append(password)
        except LinkUsedUp:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=use, args=(f"Leuchtturm-am-Deich-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [password] = chosen
    assert User.objects.get(username="bodo").check_password(password)


def test_password_chosen_while_an_administrator_saves_stays(cast, anna):
    stale = cast.user("bodo")
    choose(token_of(link_for(cast, anna)))
    stale.first_name = "Bodo Maria"
    operations.change_user(user=stale, actor=anna)
    bodo = cast.user("bodo")
    assert bodo.check_password(NEW_PASSWORD)
    assert bodo.first_name == "Bodo Maria"


# --- who may, and what is on record -----------------------------------------------------------------------------


def test_link_needs_the_right_and_at_least_the_rights_of_the_person(cast):
    with pytest.raises(MissingRight) as missing:
        operations.make_link(user=cast.user("carla"), is_mailed=False, actor=cast.scope("bodo", "Hamburg"))
    assert missing.value.right == Right.MANAGE_USERS


def test_support_that_makes_a_link_is_seen_by_the_person_and_the_central(cast, log_in):
    address = f"/10400/1/mcp/user/{cast.user('bodo').pk}"
    shown = log_in("rita").post(f"{address}/password/", {"how": "show"}, headers=ENGLISH)
    assert shown.context["address"] in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    choose(shown.context["address"].rstrip("/").rpartition("/")[2])
    for client, page in ((log_in("anna"), f"{address}/logins/"), (log_in("bodo"), "/10400/2/mcp/user/logins/")):
        text = client.get(page, headers=ENGLISH).content.decode()
        assert "Rita Richter has made a link for the password, which was shown to Rita Richter." in text
        assert "A password was chosen by the link." in text
        assert "Bodo Brandt has changed the password." in text


def test_whoever_writes_a_password_is_on_record_by_the_database(cast):
    before = cast.user("bodo").password_changed_at
    with connection.cursor() as cursor:
        cursor.execute("UPDATE mcp_user SET password = 'x' WHERE username = 'bodo'")
    bodo = cast.user("bodo")
    assert before is None
    assert bodo.password_changed_at is not None
    assert "the system has changed the password." in told(bodo)


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "x"}])
def test_sessions_end_with_access_and_password_whoever_changes_them(cast, log_in, change):
    log_in("bodo"), log_in("bodo"), log_in("carla")
    assert Session.objects.filter(user_id=cast.user("bodo").pk).count() == 2
    User.objects.filter(username="bodo").update(first_name="B")
    assert Session.objects.filter(user_id=cast.user("bodo").pk).count() == 2
    User.objects.filter(username="bodo").update(**change)
    assert not Session.objects.filter(user_id=cast.user("bodo").pk).exists()
    assert Session.objects.filter(user_id=cast.user("carla").pk).count() == 1


def test_own_new_password_leaves_this_session_alone_open(cast, log_in):
    here, elsewhere = log_in("bodo"), log_in("bodo")
    new = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert here.post("/10400/2/password_change/", new).status_code == 302
    assert here.get("/10400/2/").status_code == 200
    assert elsewhere.get("/10400/2/").status_code == 302


def test_failed_logins_are_shown_to_the_person_and_the_central(cast, log_in):
    words = {"account_number": "10400", "username": "bodo", "password": "falsch"}
    Browser().post("/login/", words, REMOTE_ADDR="192.0.2.7")
    bodo = cast.user("bodo")
    for client, page in (
        (log_in("anna"), f"/10400/1/mcp/user/{bodo.pk}/logins/"),
        (log_in("bodo"), "/10400/2/mcp/user/logins/"),
    ):
        assert "A login from 192.0.2.7 failed." in client.get(page, headers=ENGLISH).content.decode()
    assert "192.0.2.7" not in log_in("carla").get("/10400/3/mcp/user/logins/").content.decode()


def test_provider_sees_its_own_log_at_any_location(cast, log_in):
    words = {"username": "rita", "password": "falsch"}
    Browser().post("/provider/login/", words, REMOTE_ADDR="192.0.2.7")
    page = log_in("rita").get("/10400/1/mcp/user/logins/", headers=ENGLISH)
    assert "A login from 192.0.2.7 failed." in page.content.decode()


# --- mail -------------------------------------------------------------------------------------------------------


def test_new_person_is_invited_by_mail_in_his_language(cast, log_in, mail_server):
    emil = {
        "username": "emil", "first_name": "Emil", "email": "emil@example.com", "language": "en", "is_active": "on",
        "place": "",
    }  # fmt: skip
    answer = log_in("anna").post("/10400/1/mcp/user/add/", emil)
    assert answer.status_code == 302
    send_all()
    [sent] = outbox.outbox
    assert (sent.to, sent.subject) == (["emil@example.com"], "Your login to Stammhaus")
    assert "Anna Andresen has made a login to Stammhaus for you, at Nordlicht Bäckereien." in sent.body
    [address] = [line for line in sent.body.splitlines() if line.startswith("http")]
    assert choose(address.rstrip("/").rpartition("/")[2]).status_code == 302
    assert cast.user("emil").check_password(NEW_PASSWORD)


def test_mail_belongs_to_the_transaction(cast, anna, mail_server):
    with transaction.atomic():
        link_for(cast, anna, is_mailed=True)
        transaction.set_rollback(True)
    assert not Mail.objects.exists()
    assert not ProcrastinateJob.objects.filter(task_name=mailing.SEND).exists()


def test_link_that_is_shown_is_told_to_the_person(cast, anna, mail_server):
    link_for(cast, anna)
    send_all()
    [sent] = outbox.outbox
    assert sent.to == ["bodo@example.com"]
    assert "http" not in sent.body
    assert "Anna Andresen" in sent.body


def test_changed_password_is_told_to_the_person(cast, anna, mail_server, log_in):
    new = {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert log_in("bodo").post("/10400/2/password_change/", new).status_code == 302
    assert Mail.objects.get().kind == MailKind.PASSWORD_CHANGED
    send_all()
    assert outbox.outbox[0].subject == "Ihr Passwort wurde geändert"


def test_mail_that_cannot_be_sent_is_tried_again_and_shown_when_given_up(cast, anna, settings):
    settings.MAILERS = {"default": {"BACKEND": "tests.mcp.test_passwords.Broken"}}
    link_for(cast, anna, is_mailed=True)
    mail = Mail.objects.get()
    for number in range(1, mailing.MOST_TRIES):
        with pytest.raises(tasks.NotSent):
            tasks.send_mail.func(mail=mail.pk)
        mail.refresh_from_db()
        assert (mail.state, mail.tries) == (MailState.WAITING, number)
    tasks.send_mail.func(mail=mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.error) == (MailState.FAILED, "OSError: the server is away")
    assert any("could not be mailed to bodo@example.com: OSError" in sentence for sentence in told(cast.user("bodo")))


class Broken:
    """A mail server that is away."""

    def __init__(self, **_options: object) -> None:
        pass

    def send_messages(self, _messages: object) -> None:
        raise OSError("the server is away")


def test_mail_is_sent_once(cast, anna, mail_server):
    link_for(cast, anna, is_mailed=True)
    send_all()
    send_all()
    assert len(outbox.outbox) == 1


def test_without_a_mail_server_nothing_waits_and_mailing_is_refused(cast, anna, settings):
    settings.MAILERS = {}
    with pytest.raises(operations.NoAddress):
        link_for(cast, anna, is_mailed=True)
    link_for(cast, anna)
    assert not Mail.objects.exists()


# --- forgotten --------------------------------------------------------------------------------------------------


def ask(username: str, account_number: str = "10400"):
    words = {"account_number": account_number, "username": username}
    return Browser().post("/password/forgotten/", words, headers=ENGLISH)


def asked_mails() -> None:
    for job in ProcrastinateJob.objects.filter(task_name="mcp.tasks.mail_forgotten_password"):
        tasks.mail_forgotten_password.func(**job.args)


def test_forgotten_password_is_answered_the_same_whoever_asks(cast, mail_server):
    known, unknown = ask("bodo"), ask("niemand")
    assert known.status_code == unknown.status_code == 200
    known_text, unknown_text = (TOKEN.sub("", page.content.decode()) for page in (known, unknown))
    assert known_text == unknown_text
    asked_mails()
    send_all()
    [sent] = outbox.outbox
    assert sent.to == ["bodo@example.com"]


def test_forgotten_password_mails_at_most_one_link_in_a_while(cast, mail_server):
    for _ in range(5):
        assert ask("bodo").status_code == 200
    asked_mails()
    assert PasswordLink.objects.count() == 1
    assert ask("bodo").status_code == 429


def test_forgotten_password_reaches_only_the_person_of_that_business(cast, mail_server):
    ask("bodo", "20800")
    asked_mails()
    assert not PasswordLink.objects.exists()


def test_forgotten_password_without_a_mail_server_says_whom_to_ask(db, settings):
    settings.MAILERS = {}
    page = Browser().get("/password/forgotten/", headers=ENGLISH).content.decode()
    assert "Ask whoever manages the people of your business for a link" in page
    assert "<input" not in page.partition("<main")[2].partition("shell-languages")[0].replace('type="hidden"', "")
