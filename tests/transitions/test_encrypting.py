"""A package under a password: encrypted on its way, taken in with the password and with no other."""

from __future__ import annotations

import io
import unicodedata
import zipfile

import pytest
import pyzipper
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from customers.models import Customer
from mcp.isolation import row_scope
from tests.customers.people import customer
from tests.transitions.carrying import consent, content_of, executed, made, receiver
from transitions.archive import encrypting
from transitions.archive.package_reader import RefusedPackage
from transitions.models import Arrival, PackageDownload
from transitions.package.importing import receive_package

PASSWORD = "Möwen über dem Hafen"
PACKAGE = "uebernahme.zip"


@pytest.fixture
def anna(cast):
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def package(cast, anna):
    consent(customer(anna, last_name="Erlaubt"))
    return made(executed(cast), anna)


def locked(content: bytes, password: str = PASSWORD) -> bytes:
    parts = encrypting.encrypted(io.BytesIO(content), name=PACKAGE, password=password, at=timezone.now())
    return b"".join(parts)


def received(content: bytes, actor, password: str = "") -> Arrival:
    with row_scope.rows_of(actor):
        return receive_package(file=io.BytesIO(content), password=password, actor=actor)


def refusal(content: bytes, actor, password: str = "") -> str | None:
    with pytest.raises(RefusedPackage) as refused:
        received(content, actor, password)
    assert not Arrival.objects.exists()
    return refused.value.code


def test_what_was_encrypted_is_taken_in_with_the_password(cast, package):
    content = content_of(package)
    arrival = received(locked(content), receiver(cast), PASSWORD)
    assert arrival.sha256 == package.sha256  # the package itself is what it was


def test_umlauts_are_the_same_however_they_are_typed(cast, package):
    arrival = received(locked(content_of(package)), receiver(cast), unicodedata.normalize("NFD", PASSWORD))
    assert arrival.sha256 == package.sha256


def test_nothing_can_be_read_without_the_password(package):
    content = content_of(package)
    closed = locked(content)
    with zipfile.ZipFile(io.BytesIO(closed)) as archive:
        [member] = archive.infolist()
        assert (member.filename, member.flag_bits & 1, member.file_size) == (PACKAGE, 1, len(content))
        with pytest.raises((RuntimeError, NotImplementedError)):
            archive.read(member)
    assert content[100:160] not in closed
    assert PASSWORD.encode() not in closed
    assert locked(content) != closed  # another salt each time


def test_it_grows_piece_by_piece():
    parts = list(encrypting.encrypted(io.BytesIO(bytes(3_000_000)), name="x", password=PASSWORD, at=timezone.now()))
    assert len(parts) > 10
    assert max(map(len, parts)) < 1_000_000
    with pyzipper.AESZipFile(io.BytesIO(b"".join(parts))) as archive:
        archive.setpassword(PASSWORD.encode())
        assert archive.read("x") == bytes(3_000_000)


@pytest.mark.parametrize(("password", "code"), [("", "password_missing"), ("Möwen über dem See", "password_wrong")])
def test_without_the_password_nothing_is_taken_in(cast, package, password, code):
    assert refusal(locked(content_of(package)), receiver(cast), password) == code


def test_what_was_changed_on_its_way_is_refused(cast, package):
    changed = bytearray(locked(content_of(package)))
    changed[len(changed) // 2] ^= 1
    assert refusal(bytes(changed), receiver(cast), PASSWORD) == "package_damaged"


def test_something_else_under_a_password_is_refused(cast, package):
    frida = receiver(cast)
    assert refusal(locked(b"Kundennummer;Nachname\n"), frida, PASSWORD) == "not_a_package"
    file = io.BytesIO()
    with pyzipper.AESZipFile(file, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(PASSWORD.encode())
        archive.writestr("bomb", bytes(5_000_000))
    assert refusal(file.getvalue(), frida, PASSWORD) == "package_damaged"


def test_password_of_a_package_that_is_open_is_not_asked(cast, package):
    assert received(content_of(package), receiver(cast), "egal welches").sha256 == package.sha256


class TestPages:
    def download(self, log_in, package, **typed: str):
        page = f"/10400/1/transitions/transition/package/{package.pk}/download/"
        return log_in("anna").post(page, typed, follow="password" in typed and len(typed["password"]) < 12)

    def test_download_is_encrypted_while_it_is_sent(self, log_in, package):
        answer = self.download(log_in, package, password=PASSWORD, again=PASSWORD)
        content = b"".join(answer)
        assert answer["Content-Disposition"].endswith('-encrypted.zip"')
        with encrypting.decrypted(io.BytesIO(content), password=PASSWORD) as file:
            assert file.read() == content_of(package)
        assert PackageDownload.objects.get().is_encrypted
        shown = log_in("anna").get(f"/10400/1/transitions/transition/{package.transition_id}/package/")
        assert PASSWORD not in shown.content.decode()

    def test_download_without_a_password_is_the_package(self, log_in, package):
        assert b"".join(self.download(log_in, package, password="", again="")) == content_of(package)
        assert not PackageDownload.objects.get().is_encrypted

    def test_password_that_is_short_or_typed_differently_is_refused(self, log_in, package):
        short = self.download(log_in, package, password="kurz", again="kurz")
        assert "at least 12 letters" in short.content.decode()
        differs = self.download(log_in, package, password=PASSWORD, again=f"{PASSWORD}!")
        assert differs.status_code == 302
        again = log_in("anna").get(differs["Location"]).content.decode()
        assert '<details class="transition-aside" open>' in again, "what is to be typed once more can be seen"
        assert not PackageDownload.objects.exists()

    @pytest.mark.parametrize(("password", "field"), [("", "password"), ("falsch falsch", "password")])
    def test_upload_asks_for_the_password(self, cast, client, package, password, field):
        client.force_login(receiver(cast).user)
        page = "/40200/2/transitions/transition/arrivals/"
        file = SimpleUploadedFile("x.zip", locked(content_of(package)))
        answer = client.post(page, {"file": file, "password": password})
        assert list(answer.context["form"].errors) == [field]
        file = SimpleUploadedFile("x.zip", locked(content_of(package)))
        assert client.post(page, {"file": file, "password": PASSWORD}).status_code == 302
        assert Arrival.objects.get().sha256 == package.sha256
        assert (
            Customer.objects.filter(organization__account_number=40200).count() == 0
        )  # nothing before it is confirmed
