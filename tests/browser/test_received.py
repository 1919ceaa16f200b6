"""An e-invoice of somebody else is read on a phone and at a desk."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from accounting.documents.cii import as_xml
from tests.accounting.documents.invoices import STANDARD, invoice, line
from tests.customers.people import HAMBURG

pytestmark = pytest.mark.browser
INVOICE = invoice(
    line(1, "Mittagstisch & Getränk", "12", "118.80", order_number="A-1041", location="Hamburg Hafen"),
    line(2, "Kaffee", "3", "10.50", STANDARD),
    number="2026-0000000000000000000000000000000000000000000000000017",
)
WRONG = as_xml(INVOICE).replace(b"DuePayableAmount>129.30", b"DuePayableAmount>192.30")


@pytest.mark.parametrize("size", [(390, 844), (1366, 768)], ids=("phone", "desk"))
def test_a_received_invoice_fits_the_screen_and_is_read_out(enter, size):
    page = enter("anna", size=size)
    page.goto(f"{HAMBURG}/accounting/accountterms/received/")
    page.locator("#id_file").set_input_files({"name": "r.xml", "mimeType": "text/xml", "buffer": WRONG})
    page.get_by_role("button", name="Anzeigen").click()
    page.get_by_role("heading", name="Rechnung 2026-00").wait_for()
    assert "Zu zahlen bleiben 129,30" in page.get_by_role("alert").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert Axe().run(page, context="article.invoice-shown").violations_count == 0
