"""The pages of packages: the file and the protocol at the sender, the upload at the receiver."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from customers.imports.tasks import BROKEN
from customers.models import Customer, ImportUpload
from customers.operations import register_customer
from files.choices import FileState
from locations.models import Location
from locations.permissions import Right
from mcp.central import operations
from mcp.isolation import grants
from mcp.models import User
from tests.conftest import Browser
from tests.customers.people import customer
from tests.transitions.carrying import consent, content_of, executed, imported, made, receiver
from tests.transitions.moving import ACCOUNT
from transitions.choices import TransitionState
from transitions.models import Arrival, Package, PackageDownload, Transition, TransitionCustomer
from transitions.package.lifecycle import request_package

HERE = "/10400/1/transitions/transition"
FILE = f"{HERE}/package/{{}}/download/"
THERE = f"/{ACCOUNT}/2"
ARRIVALS = f"{THERE}/transitions/transition/arrivals/"


@pytest.fixture
def transition(cast) -> Transition:
    anna = cast.scope("anna", "Zentrale")
    for name in ("Meier", "Schulz"):
        consent(customer(anna, last_name=name))
    customer(anna, last_name="Stumm")
    return executed(cast)


@pytest.fixture
def package(cast, transition) -> Package:
    return made(transition, cast.scope("anna", "Zentrale"))


@pytest.fixture
def anna(log_in) -> Browser:
    return log_in("anna")


@pytest.fixture
def frida(cast, package) -> Browser:
    client = Browser()
    client.force_login(User.objects.get(organization__account_number=ACCOUNT))
    return client


def upload(client: Any, content: bytes, address: str = ARRIVALS) -> Any:
    return client.post(address, {"file": SimpleUploadedFile("paket.zip", content)})


def test_page_shows_a_package_that_waits_and_asks_again(anna, transition):
    response = anna.get(f"{HERE}/{transition.pk}/package/")
    assert response["Refresh"] == "1"
    assert "The package waits for its turn." in response.content.decode()


def test_page_shows_what_is_ready_and_who_has_fetched_it(anna, package):
    page = f"{HERE}/{package.transition_id}/package/"
    shown = anna.get(page)
    assert "Refresh" not in shown.headers
    for expected in (package.sha256, "The file is ready.", package.name):
        assert expected in shown.content.decode()
    file = anna.post(FILE.format(package.pk))
    assert (file["Content-Type"], "no-store" in file["Cache-Control"]) == ("application/zip", True)
    assert file.getvalue() == content_of(package)
    assert PackageDownload.objects.get().user_name == "Anna Andresen"
    assert anna.get(page).content.decode().count("Anna Andresen") >= 2
    assert anna.get(FILE.format(package.pk)).status_code == 405


def test_page_says_that_somebody_has_withdrawn_since_the_file_was_made(cast, anna, package):
    page = f"{HERE}/{package.transition_id}/package/"
    sentence = "One customer of it has withdrawn since. Make it anew before you hand it over."
    assert sentence not in anna.get(page).content.decode()
    handed_over = TransitionCustomer.objects.filter(transition=package.transition_id, reason="")[0]
    consent(Customer.objects.get(pk=handed_over.customer_id or 0), given=False, at=timezone.now())
    assert sentence in anna.get(page).content.decode()
    request_package(transition=package.transition, actor=cast.scope("anna", "Zentrale"))
    made(package.transition, cast.scope("anna", "Zentrale"))
    assert sentence not in anna.get(page).content.decode()


def test_expired_package_is_not_given_and_can_be_made_anew(anna, package):
    Package.objects.filter(pk=package.pk).update(state_since=timezone.now() - timedelta(days=15))
    page = f"{HERE}/{package.transition_id}/package/"
    assert anna.post(FILE.format(package.pk), follow=True).redirect_chain
    assert not PackageDownload.objects.exists()
    anna.post(page)
    assert Package.objects.filter(state=FileState.WAITING).count() == 1


def test_protocol_is_a_page_and_a_file(anna, package):
    page = f"{HERE}/{package.transition_id}/protocol/"
    assert "Left out, and why" in anna.get(page).content.decode()
    file = anna.get(f"{page}pdf/")
    assert file["Content-Type"] == "application/pdf"
    assert file.getvalue().startswith(b"%PDF-")


def test_script_that_has_sent_a_package_is_told_where_it_goes_on(frida, package):
    file = SimpleUploadedFile("paket.zip", content_of(package))
    answer = frida.post(ARRIVALS, {"file": file}, headers={"hx-request": "true"})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["HX-Redirect"] == f"{THERE}/customers/customer/import/{Arrival.objects.get().upload_id}/"


@pytest.mark.parametrize("page", ["package/", "protocol/", "protocol/pdf/"])
def test_pages_need_the_right_and_the_central(cast, log_in, package, page):
    group = operations.create_user_group(name="Alles außer Mitnahme", actor=cast.scope("anna", "Zentrale"))
    grants.add_grants(group, [(right, None) for right in Right if right != Right.CARRY_OVER])
    bodo = cast.user("bodo")
    operations.set_memberships(user=bodo, groups=[group], actor=cast.scope("anna", "Zentrale"))
    assert log_in("bodo").get(f"{HERE}/{package.transition_id}/{page}").status_code == 403
    assert log_in("anna").get(f"/10400/2/transitions/transition/{package.transition_id}/{page}").status_code == 403
    assert log_in("sven").get(f"/20800/1/transitions/transition/{package.transition_id}/{page}").status_code == 404


def test_receiver_uploads_sees_what_will_happen_and_imports(frida, package):
    first = frida.get(ARRIVALS)
    assert "No package has been taken in here yet." in first.content.decode()
    answer = upload(frida, content_of(package))
    row = Arrival.objects.get().upload
    assert answer["Location"] == f"{THERE}/customers/customer/import/{row.pk}/"
    preview = frida.get(answer["Location"])
    text = preview.content.decode()
    assert "Package of Nordlicht Bäckereien (business 10400), executed on" in text
    assert "2 customers. It is complete and unchanged." in text
    assert "Back to the columns" not in text
    done = {"step": "confirm", "fingerprint": preview.context["fingerprint"]}
    assert frida.post(answer["Location"], done).status_code == 302
    assert {one.last_name for one in Customer.objects.filter(base=row.base)} == {"Meier", "Schulz"}
    listed = frida.get(ARRIVALS).content.decode()
    assert "Nordlicht Bäckereien" in listed
    assert "Imported" in listed


def test_receiver_learns_beforehand_how_many_numbers_are_free(frida, package):
    place = Location.objects.get(organization__account_number=ACCOUNT)
    page = frida.get(ARRIVALS).content.decode()
    assert (
        f"({place.first_number} to {place.last_number}) {place.last_number - place.first_number + 1:,} are free" in page
    )
    assert "Customers of a business that joins a group get such a number." in page
    german = frida.get(ARRIVALS, headers={"accept-language": "de"}).content.decode()
    assert "Kunden eines Betriebs, der einem Verbund beitritt, bekommen eine solche Nummer." in german


def test_preview_names_the_numbers_that_are_taken(cast, frida, package):
    register_customer(customer=Customer(last_name="Eigene", customer_number=1), actor=receiver(cast))
    text = frida.get(upload(frida, content_of(package))["Location"]).content.decode()
    assert "Somebody else has these customer numbers here already." in text
    assert "yours stay as they are: 1" in text


def test_sender_sees_the_import(anna, cast, package):
    imported(content_of(package), receiver(cast))
    anna.get(f"{HERE}/{package.transition_id}/package/")
    assert Transition.objects.get().state == TransitionState.CARRIED_OVER


def test_refused_package_says_why_and_leaves_nothing(frida, package):
    text = upload(frida, content_of(package)[:-40]).content.decode()
    assert "This file is no package." in text
    assert not Arrival.objects.exists()
    assert not ImportUpload.objects.filter(base__organization__account_number=ACCOUNT).exists()


def test_package_of_another_business_is_refused(log_in, package):
    ines = log_in("ines")
    text = upload(ines, content_of(package), "/30100/2/transitions/transition/arrivals/").content.decode()
    assert "This package is for the business 40200." in text


def test_large_package_is_checked_by_the_worker(frida, package, monkeypatch):
    waiting: list[Any] = []
    monkeypatch.setattr("customers.imports.lifecycle.DIRECT_BYTES", 1)
    monkeypatch.setattr("customers.imports.decided_upload.enqueue", lambda task, **given: waiting.append(task))
    upload(frida, content_of(package))
    assert waiting == ["customers.imports.tasks.check_upload"]


def test_upload_of_a_package_offers_nothing_but_to_check_it(frida, package):
    address = upload(frida, content_of(package))["Location"]
    arrived = ImportUpload.objects.filter(pk__in=Arrival.objects.values("upload"))
    arrived.update(state="failed", failure=BROKEN())
    text = frida.get(address).content.decode()
    assert "The import broke off" in text
    assert 'name="target"' not in text
    frida.post(address, {"step": "check"})
    assert Arrival.objects.get().upload.state == "checked"


def test_looking_at_a_package_of_nobody_opens_nothing(anna, package, caplog):
    caplog.set_level(logging.INFO, logger="mcp.without_scope")
    assert anna.get(f"{HERE}/00000000-0000-0000-0000-000000000007/package/").status_code == 404
    assert [record for record in caplog.records if record.name == "mcp.without_scope"] == []


def test_menu_leads_an_independent_business_to_what_arrives(frida, anna):
    assert ARRIVALS in frida.get(f"{THERE}/").content.decode()
    assert "/arrivals/" not in anna.get("/10400/1/").content.decode()
    assert "/arrivals/" in anna.get("/10400/1/customers/customer/import/").content.decode()
