"""It is said on the page on which side customers are edited, before anybody types; and again where it has changed."""

from __future__ import annotations

from typing import Any

import pytest
from procrastinate.contrib.django import app

from customers.bulk import views as bulk_views
from customers.choices import BulkState, UploadState
from customers.imports import lifecycle
from customers.models import BulkChange, Customer, ImportUpload
from customers.operations import archive_customers
from locations.choices import EditSide
from locations.models import CustomerBase
from mcp.central.operations import choose_edit_side
from mcp.worker.somebody import for_somebody
from tests.conftest import Cast, forget_author
from tests.customers.import_browser import upload
from tests.customers.people import LIST, customer, form_data, tag
from tests.customers.sides import with_node
from tests.customers.transfer import applied, checked, table

LUEBECK = "/10400/4"
PAGE = f"{LUEBECK}{LIST}"
ENGLISH = {"accept-language": "en"}
SAID = "Customers of this customer base 1.0 are edited at the branch, on its node."
REFUSED = "Nothing was saved: customers of this customer base 1.0 are edited at the branch, on its node."
CONTENT = table(["Nachname"], ["Neu"])


class Begun:
    """What somebody has begun at Lübeck before the node came."""

    def __init__(self) -> None:
        self.scope = scope = Cast().scope("anna", "Lübeck")
        self.vip = tag(scope, "VIP")
        self.row, self.archived = customer(scope, last_name="Muster", tags=["VIP"]), customer(scope, last_name="Fort")
        archive_customers(customers=[self.archived.pk], reason="Verzogen", actor=scope)
        self.preview = checked(scope, CONTENT)
        self.imported = applied(checked(scope, table(["Nachname"], ["Herein"])), scope)
        forget_author()


@pytest.fixture(scope="module")
def made(standing) -> Begun:
    return Begun()


@pytest.fixture
def begun(db, made) -> Begun:
    return made


@pytest.fixture
def anna(log_in) -> Any:
    return log_in("anna")


def base(begun: Begun) -> CustomerBase:
    return begun.scope.base


def text(client: Any, address: str) -> str:
    answer = client.get(address, headers=ENGLISH)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def buttons(page: str) -> int:
    """How many buttons of the page itself do something; those of the header and the footer are on every page."""
    return page.count('class="customer-button customer-button-main"') + page.count("transfer-danger")


def pages(begun: Begun) -> dict[str, str]:
    row, archived = begun.row.pk, begun.archived.pk
    return {
        "archive": f"{PAGE}archive/?id={row}",
        "restore": f"{PAGE}restore/?id={archived}",
        "bulk": f"{PAGE}bulk/add_tag/?id={row}",
        "upload": f"{PAGE}import/",
        "imports": f"{PAGE}import/list/",
        "preview": f"{PAGE}import/{begun.preview.pk}/",
        "undo": f"{PAGE}import/{begun.imported.pk}/undo/",
    }


def test_pages_that_edit_say_it_and_have_no_button(begun, anna):
    for name, address in pages(begun).items():
        page = text(anna, address)
        assert (SAID in page, buttons(page)) == (False, 1), name
    with_node(base(begun))
    for name, address in pages(begun).items():
        page = text(anna, address)
        assert (SAID in page, buttons(page)) == (True, 0), name


def test_list_says_it_and_offers_what_is_no_edit(begun, anna):
    before = text(anna, PAGE)
    assert f'href="{PAGE}add/"' in before
    with_node(base(begun))
    page = text(anna, PAGE)
    assert SAID in page
    assert f'href="{PAGE}add/"' not in page
    assert f'href="{PAGE}import/"' not in page
    for action, is_edit in (("set_group", 1), ("add_tag", 1), ("archive", 1), ("restore", 1), ("record_consent", 0)):
        assert (f'value="{action}"' in page) == (not is_edit), action
        assert f'value="{action}"' in before
    assert 'value="export"' in page
    nobody = text(anna, f"{PAGE}?q=Niemand")
    assert "Register “Niemand”" not in nobody


def test_customer_is_shown_and_not_edited(begun, anna):
    with_node(base(begun))
    page = text(anna, f"{PAGE}{begun.row.pk}/change/")
    assert SAID in page
    assert 'name="last_name"' not in page
    assert 'name="_save"' not in page
    assert f"{PAGE}archive/" not in page
    assert "Cards are not reconciled yet: they are assigned and blocked where customers are edited" in page
    assert 'name="step" value="assign"' not in page
    assert f"{PAGE}{begun.row.pk}/consents/" in page
    consents = text(anna, f"{PAGE}{begun.row.pk}/consents/")
    assert SAID not in consents
    assert 'name="give"' in consents


def test_page_of_a_new_customer_says_where_he_is_registered(begun, anna):
    with_node(base(begun))
    page = text(anna, f"{PAGE}add/")
    assert SAID in page
    assert 'name="last_name"' not in page
    assert "New" not in text(anna, f"{LUEBECK}/").partition("Register a customer")[1]


def test_both_sides_are_warned_and_may(begun, anna):
    with_node(base(begun), EditSide.BOTH)
    for address in (PAGE, f"{PAGE}add/", f"{PAGE}{begun.row.pk}/change/", *pages(begun).values()):
        assert "what the branch has stands, and yours waits as a conflict" in text(anna, address), address
    assert 'name="last_name"' in text(anna, f"{PAGE}add/")
    with_node(base(begun), EditSide.CENTRAL)
    assert "customer-note-side" not in text(anna, PAGE)


# --- somebody has the page open while it is changed ---------------------------------------------------------------


def switched(begun: Begun) -> None:
    """The central decides, as it does on the page of the location."""
    with_node(base(begun), EditSide.CENTRAL)
    zentrale = Cast().scope("anna", "Zentrale")
    choose_edit_side(location=begun.scope.location, side=EditSide.BRANCH, actor=zentrale)


def test_what_was_typed_is_still_there(begun, anna):
    add, change = f"{PAGE}add/", f"{PAGE}{begun.row.pk}/change/"
    new = form_data(anna.get(add), last_name="Ahlers", city="Eutin")
    old = form_data(anna.get(change), city="Eutin")
    archive = f"{PAGE}archive/?id={begun.row.pk}"
    switched(begun)
    for address, sent in ((add, new), (change, old)):
        answer = anna.post(address, sent, headers=ENGLISH)
        page = answer.content.decode()
        assert answer.status_code == 200
        assert REFUSED in page
        assert 'value="Eutin"' in page
    for address, sent in ((archive, {"reason": "Umzug"}), (f"{PAGE}restore/?id={begun.archived.pk}", {})):
        answer = anna.post(address, sent, headers=ENGLISH)
        assert (answer.status_code, REFUSED in answer.content.decode()) == (200, True)
    answer = anna.post(f"{PAGE}bulk/add_tag/?id={begun.row.pk}", {"tag": begun.vip.pk, "shown": "1"}, headers=ENGLISH)
    assert (answer.status_code, REFUSED in answer.content.decode()) == (200, True)
    cards = anna.post(f"{PAGE}{begun.row.pk}/cards/", {"step": "assign", "number": "77"}, headers=ENGLISH)
    assert REFUSED in cards.content.decode()
    renamed = anna.post(f"{LUEBECK}/customers/tag/{begun.vip.pk}/change/", {"name": "Gut"}, headers=ENGLISH)
    assert REFUSED in renamed.content.decode()
    begun.row.refresh_from_db()
    assert (begun.row.city, begun.row.is_archived, begun.row.tags) == ("", False, ["VIP"])
    assert not Customer.objects.filter(last_name="Ahlers").exists()


def test_action_of_an_open_list_leads_to_the_page_that_says_it(begun, anna):
    switched(begun)
    sent = {"action": "archive", "_selected_action": [str(begun.row.pk)], "index": "0"}
    answer = anna.post(PAGE, sent)
    assert answer.status_code == 302
    assert SAID in text(anna, answer["Location"])


def test_import_that_waits_for_its_user_says_it(begun, anna):
    address = f"{PAGE}import/{begun.preview.pk}/"
    sent = {"step": "confirm", "fingerprint": lifecycle.fingerprint(begun.preview)}
    switched(begun)
    assert REFUSED in anna.post(address, sent, follow=True, headers=ENGLISH).content.decode()
    undo = anna.post(f"{PAGE}import/{begun.imported.pk}/undo/", {"step": "undo"}, follow=True, headers=ENGLISH)
    assert REFUSED in undo.content.decode()
    states = ImportUpload.objects.filter(pk__in=[begun.preview.pk, begun.imported.pk]).values_list("state", flat=True)
    assert set(states) == {UploadState.CHECKED, UploadState.APPLIED}


@pytest.fixture
def worker(monkeypatch):
    """The tasks that are queued run here, when the test says so."""
    jobs: list[tuple[str, dict[str, Any]]] = []
    for module in ("customers.bulk.views", "customers.imports.steps"):
        monkeypatch.setattr(f"{module}.enqueue", lambda name, **more: jobs.append((name, more)))

    def work() -> None:
        for name, more in jobs:
            app.tasks[name].func(**more)

    return work


def test_what_waits_in_the_worker_is_refused_there_and_the_page_says_so(begun, anna, worker, monkeypatch):
    monkeypatch.setattr(lifecycle, "DIRECT_BYTES", 0)
    monkeypatch.setattr(bulk_views, "CHANGED_DIRECTLY", 0)
    sent = {"step": "confirm", "fingerprint": lifecycle.fingerprint(begun.preview)}
    assert anna.post(f"{PAGE}import/{begun.preview.pk}/", sent).status_code == 302
    page = anna.post(f"{PAGE}bulk/remove_tag/?id={begun.row.pk}", {"tag": begun.vip.pk, "shown": "1"})
    change = BulkChange.objects.get()
    anna.post(page["Location"], {"step": "confirm", "seen": str(change.figures["change"])})
    switched(begun)
    worker()
    begun.preview.refresh_from_db()
    change.refresh_from_db()
    assert (begun.preview.state, change.state) == (UploadState.FAILED, BulkState.FAILED)
    for address in (f"{PAGE}import/{begun.preview.pk}/", page["Location"]):
        assert REFUSED in text(anna, address)
    assert not Customer.objects.filter(last_name="Neu").exists()
    assert for_somebody(begun.scope)


def test_upload_that_was_begun_before_is_refused_with_the_sentence(begun, anna):
    switched(begun)
    with pytest.raises(AssertionError, match="are edited at the branch"):
        upload(anna, address=f"{PAGE}import/")


def test_package_is_not_taken_in_where_nobody_edits(begun, anna):
    with_node(base(begun))
    page = text(anna, f"{LUEBECK}/transitions/transition/arrivals/")
    assert SAID in page
