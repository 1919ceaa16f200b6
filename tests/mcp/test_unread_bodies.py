"""A body that does not arrive, and one that is too long for somebody who has not logged in."""

from __future__ import annotations

import io

import pytest

from customers.models import Customer
from mcp.project.middleware import LONGEST_OF_NOBODY
from mcp.project.request_bodies import NotWhole

pytestmark = pytest.mark.django_db
FORM = "application/x-www-form-urlencoded"


class Cut(io.BytesIO):
    """Was announced and does not come."""

    def read(self, _size: int | None = -1, /) -> bytes:
        raise NotWhole("the rest did not come")


def test_form_that_was_cut_off_does_nothing_and_says_so(log_in):
    bodo = log_in("bodo")
    answer = bodo.generic(
        "POST", "/10400/2/customers/customer/add/", b"",
        **{"CONTENT_TYPE": FORM, "wsgi.input": Cut(b"last_name=Halb"), "CONTENT_LENGTH": "500"},
    )  # fmt: skip
    assert answer.status_code == 408
    assert "did not arrive in full" in answer.content.decode()
    assert not Customer.objects.filter(last_name="Halb").exists()


@pytest.mark.parametrize(
    ("length", "status"),
    [(str(LONGEST_OF_NOBODY), 200), (str(LONGEST_OF_NOBODY + 1), 413), ("99999999999", 413), ("-1", 413)],
)
def test_nobody_sends_more_than_a_form(client, cast, length, status):
    answer = client.generic(
        "POST", "/login/", b"",
        **{"CONTENT_TYPE": FORM, "wsgi.input": io.BytesIO(b"username=anna"), "CONTENT_LENGTH": length},
    )  # fmt: skip
    assert answer.status_code == status


def test_length_that_is_not_told_is_refused_before_the_login(client, cast):
    answer = client.generic("POST", "/login/", b"a=1", content_type=FORM, HTTP_TRANSFER_ENCODING="chunked")
    assert answer.status_code == 413
    assert "without a login" in answer.content.decode()


def test_who_has_logged_in_sends_files(log_in):
    bodo = log_in("anna")
    file = io.BytesIO(b"Kundennummer;Name\r\n" + b";Gast\r\n" * 20_000)
    file.name = "gross.csv"
    answer = bodo.post("/10400/1/customers/customer/import/", {"file": file})
    assert answer.status_code == 302
