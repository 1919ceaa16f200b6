"""Webhooks: what they are told and how it is signed, to which addresses alone, and what becomes of those that fail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import json
import re
import socket
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from api import webhook_line, webhooks
from api.models import Webhook
from api.tasks import send_webhooks
from api.versions import version_of
from api.webhook_line import Unsendable, is_public, target_of
from api.webhooks import MOST_TRIES, create_webhook, end_webhook, pause_after, retry_webhook
from customers.erasure.erasing import erase_customer
from customers.models import Customer
from customers.operations import change_customer
from locations.permissions import Right
from mcp.isolation import grants, row_scope
from mcp.machines.operations import revoke_device
from mcp.models import LocationGrant, UserGroup
from tests.api.receiving import NAME, Receiver, receiving
from tests.customers.people import customer
from tests.mcp.devices import device_at

pytestmark = pytest.mark.usefixtures("only_own_transactions")

PUBLIC = "93.184.216.34"
URL = f"https://{NAME}/stammhaus?shop=1"
PAGE = "/10400/2/tills/"


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def shop(anna, cast) -> Any:
    """The device of a program at Hamburg that may view customers."""
    group = UserGroup.objects.create(organization=anna.organization, name="Läden")
    grants.add_grants(group, [(Right.VIEW_CUSTOMERS, anna.location.pk)])
    device, _token = device_at(anna.location, group, name="Laden")
    return device


@pytest.fixture
def receiver(tmp_path, monkeypatch) -> Any:
    """Under a public name; whoever calls its public address comes to this machine."""
    with receiving(tmp_path) as told:
        lead(monkeypatch, told)
        yield told


def lead(monkeypatch: pytest.MonkeyPatch, told: Receiver, *addresses: str) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in addresses or (PUBLIC,)]
    called: list[Any] = []

    def connected(address: Any, timeout: Any = None) -> socket.socket:
        called.append(address)
        line = socket.socket()
        line.settimeout(timeout)
        line.connect(("127.0.0.1", told.port))  # and not by what would look the name up
        return line

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_given: found)
    monkeypatch.setattr(socket, "create_connection", connected)
    monkeypatch.setenv("SSL_CERT_FILE", str(told.authority))
    told.called = called  # type: ignore[attr-defined]


def hook(shop: Any, anna: Any, url: str = URL) -> tuple[Webhook, str]:
    with row_scope.rows_of(anna):
        return create_webhook(device=shop, url=url, actor=anna)


def again(one: Webhook) -> Webhook:
    """The webhook as it is now, and due."""
    Webhook.objects.filter(pk=one.pk, state="active").update(next_try_at=timezone.now())
    return Webhook.objects.get(pk=one.pk)


def told(receiver: Receiver) -> list[dict[str, Any]]:
    return [json.loads(body) for _headers, body in receiver.asked]


@pytest.mark.django_db(transaction=True)
def test_changes_are_told_by_number_and_version_signed_and_once(receiver, shop, anna):
    before = customer(anna, last_name="Vorher")
    _one, secret = hook(shop, anna)
    first, second = customer(anna, last_name="Neu"), customer(anna, last_name="Anders")
    first.city = "Kiel"
    change_customer(customer=first, actor=anna)
    send_webhooks(0)
    rows = {row.pk: row for row in Customer.objects.all()}
    [said] = told(receiver)
    assert (said["type"], said["account_number"], said["client_number"]) == ("customers.changed", 10400, 2)
    changed = {(one["number"], one["version"]) for one in said["changes"]}
    assert changed == {(rows[one.pk].customer_number, version_of(rows[one.pk])) for one in (first, second)}
    assert before.customer_number not in {number for number, _version in changed}
    assert all(set(one) == {"number", "version"} for one in said["changes"])
    assert said["gone"] == 0
    # Signed as Standard Webhooks says.
    headers, body = receiver.asked[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert f"v1,{wanted}" in headers["webhook-signature"].split()
    assert headers["host"] == NAME
    assert receiver.called == [(PUBLIC, 443)]
    send_webhooks(0)
    assert len(receiver.asked) == 1
    erase_customer(customer=second.pk, reason="gewünscht", actor=anna)
    send_webhooks(0)
    assert (told(receiver)[1]["changes"], told(receiver)[1]["gone"]) == ([], 1)
    row = Webhook.objects.get()
    assert (row.failures, row.last_status, row.last_error) == (0, 200, "")
    assert row.sent_at is not None


@pytest.mark.django_db(transaction=True)
def test_change_of_keys_is_signed_by_both(receiver, shop, anna, settings):
    _one, secret = hook(shop, anna)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "anders" * 10
    customer(anna)
    send_webhooks(0)
    headers, body = receiver.asked[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    marks = headers["webhook-signature"].split()
    assert len(marks) == 2
    assert f"v1,{base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()}" in marks


@pytest.mark.django_db(transaction=True)
def test_what_fails_is_sent_again_after_growing_pauses_until_it_is_given_up(receiver, shop, anna, monkeypatch):
    one, _secret = hook(shop, anna)
    other, _secret = hook(shop, anna, f"https://{NAME}/other")
    row = customer(anna)
    receiver.status = 500
    send_webhooks(0)
    failed = Webhook.objects.get(pk=one.pk)
    assert (failed.state, failed.failures, failed.last_error, failed.last_status) == ("active", 1, "status", 500)
    assert timedelta(seconds=50) < failed.next_try_at - timezone.now() <= timedelta(minutes=1)
    send_webhooks(0)  # nothing is due
    assert len(receiver.asked) == 2
    assert [pause_after(at) for at in (1, 2, 3, 9, 10, 30)] == [
        timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4), timedelta(minutes=256), timedelta(hours=6),
        timedelta(hours=6),
    ]  # fmt: skip
    # It goes on with the same message, under the same id.
    receiver.status = 204
    again(one)
    send_webhooks(0)
    ids = [headers["webhook-id"] for headers, _body in receiver.asked if headers["webhook-id"].startswith(str(one.pk))]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert Webhook.objects.get(pk=one.pk).failures == 0
    # The other one fails for good. A person tries it again.
    receiver.status = 302
    Webhook.objects.filter(pk=other.pk).update(failures=MOST_TRIES - 1, next_try_at=timezone.now())
    send_webhooks(0)
    dead = Webhook.objects.get(pk=other.pk)
    assert (dead.state, dead.failures, dead.last_status) == ("given_up", MOST_TRIES, 302)
    again(dead)
    asked = len(receiver.asked)
    send_webhooks(0)
    assert len(receiver.asked) == asked
    receiver.status = 200
    retry_webhook(webhook=dead.pk, actor=anna)
    send_webhooks(0)
    assert [one["number"] for one in told(receiver)[-1]["changes"]] == [row.customer_number]
    assert Webhook.objects.get(pk=other.pk).state == "active"


@pytest.mark.django_db(transaction=True)
def test_worker_that_is_killed_while_it_sends_sends_once_more(receiver, shop, anna, monkeypatch):
    one, _secret = hook(shop, anna)
    customer(anna)
    with monkeypatch.context() as killed:
        killed.setattr(webhooks, "_note", lambda *_args: 1 / 0)
        with pytest.raises(ExceptionGroup):
            send_webhooks(0)
    send_webhooks(0)  # it is still claimed
    assert len(receiver.asked) == 1
    again(one)
    send_webhooks(0)
    assert receiver.asked[0][1] == receiver.asked[1][1]
    assert receiver.asked[0][0]["webhook-id"] == receiver.asked[1][0]["webhook-id"]


@pytest.mark.django_db(transaction=True)
def test_many_changes_are_told_in_several_messages(receiver, shop, anna, monkeypatch):
    monkeypatch.setattr(webhooks, "MOST_CHANGES", 2)
    hook(shop, anna)
    numbers = [customer(anna).customer_number for _one in range(5)]
    send_webhooks(0)
    assert [len(one["changes"]) for one in told(receiver)] == [2, 2, 1]
    assert sorted(one["number"] for said in told(receiver) for one in said["changes"]) == sorted(numbers)


@pytest.mark.django_db(transaction=True)
def test_restored_database_begins_anew(receiver, shop, anna):
    one, _secret = hook(shop, anna)
    Webhook.objects.filter(pk=one.pk).update(life="anders", changed_in=2**50)
    send_webhooks(0)
    customer(anna)
    send_webhooks(0)
    assert len(receiver.asked) == 1


@pytest.mark.django_db(transaction=True)
def test_nothing_is_sent_for_a_device_that_may_not_read_and_nothing_of_others(receiver, shop, anna, cast):
    one, _secret = hook(shop, anna)
    south = cast.scope("sven", "München", 20800)
    foreign = customer(south, last_name="Fremd")
    own = customer(anna)
    LocationGrant.objects.filter(group=shop.group).delete()
    send_webhooks(0)
    assert receiver.asked == []
    grants.add_grants(shop.group, [(Right.VIEW_CUSTOMERS, anna.location.pk)])
    send_webhooks(0)
    assert [one["number"] for one in told(receiver)[0]["changes"]] == [own.customer_number]
    assert foreign.base_id != own.base_id
    customer(anna)
    with row_scope.rows_of(anna):
        revoke_device(device=shop, reason="weg", actor=anna)
    send_webhooks(0)
    end_webhook(webhook=one.pk, actor=anna)
    send_webhooks(0)
    assert len(receiver.asked) == 1
    with pytest.raises(Webhook.DoesNotExist):
        retry_webhook(webhook=one.pk, actor=anna)


# --- to which addresses -----------------------------------------------------------------------------------------------


PRIVATE = (
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",  # noqa: S104
    "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_public(address):
    assert not is_public(ipaddress.ip_address(address))
    with pytest.raises(Unsendable):
        target_of(f"https://{f'[{address}]' if ':' in address else address}/")


@pytest.mark.parametrize(
    "address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "https://", "https:///x", "ftp://example.com/", "https://user:x@example.com/",
        "https://user@example.com/", "https://example.com/#x", "https://localhost/", "https://a.localhost/",
        "https://shop.local/", "https://db.internal/", "https://server/", "https://example.com:99999/",
        "https://exa mple.com/", "https://example.com/\r\nHost: x", "https://[::1", "javascript:alert(1)", "",
        "https://2130706433/", "https://0x7f000001/", "https://127.1/x y",
    ],
)  # fmt: skip
def test_what_is_no_address_for_messages_is_refused(url, shop, anna):
    with pytest.raises(Unsendable):
        target_of(url)
    with pytest.raises(ValidationError), row_scope.rows_of(anna):
        create_webhook(device=shop, url=url, actor=anna)
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("addresses", [("127.0.0.1",), (PUBLIC, "10.0.0.1"), ("169.254.169.254",), ("::1",)])
def test_name_that_leads_into_a_private_network_is_not_called(receiver, monkeypatch, addresses):
    """Not even where one of its addresses is public; and what is called is what was looked at."""
    lead(monkeypatch, receiver, *addresses)
    with pytest.raises(Unsendable) as caught:
        webhook_line.post(URL, b"{}", {})
    assert caught.value.code == "private"
    assert receiver.called == []


def test_certificate_must_be_that_of_the_name(tmp_path, monkeypatch, receiver):
    with pytest.raises(Unsendable) as caught:
        webhook_line.post("https://other.example.com/", b"{}", {})
    assert caught.value.code == "certificate"
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Unsendable) as caught:
        webhook_line.post(URL, b"{}", {})
    assert caught.value.code == "certificate"
    assert receiver.asked == []


def test_who_does_not_answer_is_told_from_who_is_not_there(tmp_path, monkeypatch, receiver):
    def failing(error: Exception) -> str:
        def fail(*_args: Any, **_given: Any) -> Any:
            raise error

        monkeypatch.setattr(socket, "create_connection", fail)
        with pytest.raises(Unsendable) as caught:
            webhook_line.post(URL, b"{}", {})
        return caught.value.code

    assert failing(TimeoutError()) == "timeout"
    assert failing(ConnectionRefusedError()) == "no_line"
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_given: 1 / 0)

    def unknown(*_args: Any, **_given: Any) -> Any:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unsendable) as caught:
        webhook_line.post(URL, b"{}", {})
    assert caught.value.code == "no_host"


def test_who_answers_byte_by_byte_is_cut_off(monkeypatch):
    monkeypatch.setattr(webhook_line, "WHOLE_SECONDS", 0.05)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"HTTP/1.1 200")
        with pytest.raises((OSError, http.client.HTTPException)):
            webhook_line._status(ours, target_of(URL), b"{}", {})


# --- the page ---------------------------------------------------------------------------------------------------------


def text(answer: Any) -> str:
    body = re.sub(r"<(script|style|head).*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def test_secret_is_shown_once_and_the_page_tells_how_it_goes(log_in, shop, anna):
    client = log_in("anna")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    assert "Webhooks" in text(client.get(PAGE))
    answer = client.post(f"{PAGE}webhooks/new/", {"device": shop.pk, "url": URL})
    assert answer.status_code == 200
    row = Webhook.objects.get()
    secret = webhooks.secret_of(row)
    assert secret in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    page = client.get(PAGE)
    assert secret not in page.content.decode()
    assert f"Laden {URL}" in text(page)
    assert "In Betrieb" in text(page)
    assert not [value for value in Webhook.objects.values_list().get() if secret.removeprefix("whsec_") in str(value)]
    Webhook.objects.filter(pk=row.pk).update(failures=3, last_error="status", last_status=500)
    said = text(client.get(PAGE))
    assert "Schlägt fehl; wird wieder versucht" in said
    assert "(Status 500)" in said
    assert "3 Fehlschläge in Folge" in said
    client.post(f"{PAGE}webhooks/{row.pk}/retry/")
    assert Webhook.objects.get().failures == 0
    client.post(f"{PAGE}webhooks/{row.pk}/end/")
    assert Webhook.objects.get().state == "ended"
    assert Webhook.objects.get().ended_by == str(anna.user)
    assert "Beendet" in text(client.get(PAGE))
    with pytest.raises(IntegrityError), transaction.atomic():
        Webhook.objects.update(url="https://x.example.com/")


def test_form_says_what_is_wrong(log_in, shop, anna, cast):
    client = log_in("anna")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    answer = client.post(f"{PAGE}webhooks/new/", {"device": shop.pk, "url": "https://192.168.0.1/"})
    assert answer.status_code == 400
    assert "privaten Netz" in text(answer)
    away, _token = device_at(cast.location("Bremen"), shop.group, name="Anderswo")
    assert client.post(f"{PAGE}webhooks/new/", {"device": away.pk, "url": URL}).status_code == 400
    with row_scope.rows_of(anna):
        for at in range(webhooks.MOST_OF_LOCATION):
            create_webhook(device=shop, url=f"{URL}&at={at}", actor=anna)
    assert "10 Webhooks" in text(client.post(f"{PAGE}webhooks/new/", {"device": shop.pk, "url": URL}))
