"""The page that shows an e-invoice of somebody else."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounting.documents.cii import as_xml
from accounting.documents.contents import VatCategory
from accounting.documents.pdf_a3 import as_pdf
from accounting.documents.received import MOST_BYTES
from tests.accounting.documents.invoices import EXEMPT, NOTHING, invoice, line
from tests.customers.people import HAMBURG

pytestmark = pytest.mark.django_db
PAGE = f"{HAMBURG}/accounting/accountterms/received/"
XML = as_xml(invoice(notes=("Danke <b>sehr</b>",)))


@pytest.fixture
def anna(log_in):
    client = log_in("anna")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    return client


def sent(client: Any, data: bytes, name: str = "rechnung.xml") -> Any:
    return client.post(PAGE, {"file": SimpleUploadedFile(name, data)})


def text(response: Any) -> str:
    """What somebody reads on the page."""
    body = re.sub(r"<(script|style|head).*?</\1>", "", response.content.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).replace("\u00a0", " ").split())


def test_an_invoice_is_shown_with_its_sums(anna):
    answer = sent(anna, XML)
    found = text(answer)
    assert answer.status_code == 200
    for said in (
        "Rechnung 2026-17", "rechnung.xml", "28,50 €", "zu zahlen bis 14.04.2026", "Alle Summen stimmen.",
        "Backhaus Nord GmbH", "Kantine am Markt OHG", "40 Stk.", "0,4205", "16,82", "19 %", "1,68",
        "DE02 1203 0000 0000 2020 51", "SEPA-Überweisung", "01.03. – 31.03.2026", "DE123456789", "Danke <b>sehr</b>",
    ):  # fmt: skip
        assert said in found, said


def test_a_pdf_is_opened_and_why_no_vat_is_charged_is_said(anna):
    free = line(1, "Kurs", "1", "9.00", NOTHING, vat_category=VatCategory.EXEMPT, exemption_reason=EXEMPT)
    content = invoice(free)
    found = text(sent(anna, as_pdf(content, as_xml(content)), "rechnung.pdf"))
    assert f"steuerfrei: {EXEMPT}" in found
    assert "Datei im PDF factur-x.xml" in found


def test_what_does_not_fit_stands_above_everything(anna):
    wrong = XML.replace(b"DuePayableAmount>28.50", b"DuePayableAmount>82.50")
    found = text(sent(anna, wrong))
    assert (
        "Sehen Sie sich das an, bevor Sie zahlen: Zu zahlen bleiben 28,50 €, die Rechnung verlangt aber 82,50 €."
        in found
    )
    assert "Alle Summen stimmen" not in found


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "Die Datei ist leer."),
        (b"Rechnung", "weder XML noch PDF"),
        (b"<html/>", "Es beginnt mit „html“."),
        (b"%PDF-1.4 and no more", "Das PDF ist beschädigt"),
        (XML.replace(b">28.50<", b">28,50<"), "In der Rechnung steht „28,50“, wo eine Zahl stehen müsste."),
        (b" " * (MOST_BYTES + 1), "größer als 20 MB"),
    ],
    ids=("empty", "text", "html", "PDF", "comma", "large"),
)
def test_a_file_that_is_none_is_refused_in_a_sentence(anna, data, said):
    answer = sent(anna, data)
    assert answer.status_code == 400
    assert said in text(answer)
    assert "zu zahlen" not in text(answer)


def test_without_a_file_the_form_says_so(anna):
    assert anna.get(PAGE).status_code == 200
    assert anna.post(PAGE).status_code == 400


def test_nothing_of_it_is_stored(anna):
    sent(anna, XML)
    with CaptureQueriesContext(connection) as asked:
        sent(anna, XML)
    statements = [one["sql"] for one in asked]
    assert not [one for one in statements if re.match("INSERT|UPDATE|DELETE", one) and "accounting" in one]
    assert not [one for one in statements if "Kantine am Markt" in one]


def test_menu_leads_to_it(anna):
    assert PAGE in anna.get(f"{HAMBURG}/").content.decode()
