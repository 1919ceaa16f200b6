"""Large imports, undoing, and what is left of an import."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from customers.choices import UploadState, Verdict
from customers.imports import lifecycle, tasks
from customers.imports.progress import Cancelled
from customers.models import Customer, ImportChunk, ImportProgress, ImportUpload, ImportVerdict
from customers.operations import register_customer
from customers.table.resources import CustomerResource
from locations.permissions import Right
from mcp.worker.somebody import for_somebody
from tests.customers.import_browser import (
    EXPORT,
    IMPORT,
    TARGETS,
    choose,
    expire,
    imported,
    people,
    person,
    previewed,
    rows_in_table,
    stored,
    undo,
    upload,
    work,
)
from tests.customers.transfer import table
from tests.states import brought_to, in_state


def test_progress_is_shown_as_a_share(anna, deferred):
    page = previewed(anna)
    assert anna.get(page).context["percent"] is None
    ImportProgress.objects.update(done=1, total=3)
    shown = anna.get(page, headers={"accept-language": "de"})
    assert shown.context["percent"] == 33
    assert '<progress value="1" max="3"' in shown.content.decode()


def test_whoever_asks_how_far_it_is_gets_the_whole_page_when_it_is_done(anna, deferred):
    page = previewed(anna)
    asking = {"hx-request": "true"}
    assert "HX-Refresh" not in anna.get(page, headers=asking)
    work(deferred)
    assert anna.get(page, headers=asking)["HX-Refresh"] == "true"


@pytest.mark.parametrize("state", [UploadState.CHECKING, UploadState.APPLYING, UploadState.UNDOING])
def test_cancelling_is_heard_by_whoever_works_on_it(anna, cast, deferred, state):
    page = upload(anna)
    brought_to(ImportUpload.objects.all(), state, result={"created": 2, "changed": 0})
    ImportProgress.objects.update(done=1, total=2)
    address = f"{page}undo/" if state == UploadState.UNDOING else page
    assert anna.post(address, {"step": "cancel"}).status_code == 302
    assert ImportProgress.objects.get().is_cancelled
    assert anna.get(address).context["progress"].is_cancelled


def test_undoing_can_be_cancelled_by_everybody_who_may_undo(anna, cast, deferred):
    place = cast.location("Zentrale")
    of_bodo = in_state(
        ImportUpload, organization=place.organization, base=place.base, location=place, user=cast.user("bodo"),
        name="a.csv", state=UploadState.UNDOING, result={"created": 2, "changed": 0},
        created_at=timezone.now() - timedelta(days=30),
    )  # fmt: skip
    ImportProgress.objects.create(base=place.base, file=of_bodo)
    page = f"{IMPORT}{of_bodo.pk}/"
    assert anna.post(f"{page}undo/", {"step": "cancel"}).status_code == 302
    assert ImportProgress.objects.get().is_cancelled
    assert stored().state == UploadState.APPLIED


@pytest.mark.parametrize("state", [UploadState.CHECKING, UploadState.APPLYING])
def test_what_nobody_works_on_yet_is_cancelled_at_once(anna, cast, deferred, state):
    """There may be no worker to hear it; one that comes later finds nothing to do."""
    page = previewed(anna)
    brought_to(ImportUpload.objects.all(), state)
    assert anna.post(page, {"step": "cancel"}).status_code == 302
    assert (stored().state, bool(stored().failure)) == (UploadState.CANCELLED, True)
    task = tasks.check_upload if state == UploadState.CHECKING else tasks.apply_upload
    task.func(upload=str(stored().pk), **for_somebody(cast.scope("anna", "Zentrale")))
    assert stored().state == UploadState.CANCELLED
    assert people() == set()


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (UploadState.CHECKING, UploadState.CANCELLED, "check_upload"),
        (UploadState.APPLYING, UploadState.CANCELLED, "apply_upload"),
    ],
)
def test_cancelled_import_says_so_and_leads_back_to_the_columns(anna, cast, monkeypatch, before, after, name):
    page = previewed(anna)
    brought_to(ImportUpload.objects.all(), before)

    def cancelled(**given):
        raise Cancelled

    monkeypatch.setattr(lifecycle, name, cancelled)
    getattr(tasks, name).func(upload=str(stored().pk), **for_somebody(cast.scope("anna", "Zentrale")))
    assert stored().state == after
    shown = anna.get(page, headers={"accept-language": "de"})
    assert "columns" in shown.context
    assert shown.context["upload"].failure
    monkeypatch.undo()
    choose(anna, page, TARGETS)
    assert stored().state == UploadState.CHECKED
    assert not stored().failure


def test_right_taken_away_stops_the_worker(anna, cast):
    previewed(anna)
    ImportUpload.objects.update(state=UploadState.APPLYING)
    somebody = for_somebody(cast.scope("anna", "Zentrale"))
    user = cast.user("anna")
    user.is_active = False
    user.save()
    tasks.apply_upload.func(upload=str(stored().pk), **somebody)
    assert stored().state == UploadState.FAILED
    assert people() == set()


def test_all_imports_of_the_location_are_listed_with_who_and_how_many(anna, log_in):
    imported(anna)
    upload(anna, name="offen.csv")
    shown = log_in("anna").get(f"{IMPORT}list/").context
    [row] = shown["shown"].rows
    assert (row.name, row.user_name, row.result["created"]) == ("kunden.csv", "Anna Andresen", 2)
    assert [one.name for one in shown["unfinished"]] == ["offen.csv"]
    elsewhere = log_in("anna").get(f"{IMPORT}list/".replace("/10400/1/", "/10400/2/")).context
    assert elsewhere["shown"] is None


def test_undo_page_says_what_undoing_does_and_does_it(anna):
    page = imported(anna)
    shown = anna.get(f"{page}undo/", headers={"accept-language": "en"})
    assert "The 2 customers whom it has created are removed." in shown.content.decode()
    done = undo(anna, page)
    assert done.context["undoing"] == {"removed": 2, "restored": 0, "kept": 0, "stuck": 0}
    assert people() == set()


def test_undoing_keeps_who_was_changed_since_and_says_by_whom(anna, cast):
    scope = cast.scope("anna", "Zentrale")
    register_customer(customer=Customer(customer_number=7, last_name="Alt"), actor=scope)
    page = imported(anna)
    customer = Customer.objects.get(customer_number=8)
    customer.city = "Lübeck"
    anna.post(
        f"/10400/1/customers/customer/{customer.pk}/change/",
        {"last_name": "Müller", "city": "Lübeck", "seen_at": customer.changed_at.isoformat()},
    )
    assert Customer.objects.get(customer_number=8).city == "Lübeck"
    shown = undo(anna, page).context
    assert shown["undoing"] == {"removed": 0, "restored": 1, "kept": 1, "stuck": 0}
    [kept] = shown["shown"].rows
    assert (kept.number, kept.customer.pk) == (8, customer.pk)
    assert "Anna Andresen" in kept.reason
    assert people() == {(7, "Alt", ""), (8, "Müller", "Lübeck")}


def test_import_is_undone_once(anna):
    page = imported(anna)
    undo(anna, page)
    undo(anna, page)
    assert stored().state == UploadState.UNDONE


def test_colleague_with_the_rights_may_undo(anna, cast, log_in):
    page = imported(anna)
    person(cast, "kollegin", Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS)
    client = log_in("kollegin")
    assert client.get(page).status_code == 404
    undo(client, page)
    assert people() == set()


def test_import_that_was_undone_leads_to_what_was_undone(anna):
    page = imported(anna)
    undo(anna, page)
    assert anna.get(page)["Location"] == f"{page}undo/"


@pytest.mark.parametrize("step", ["", "confirm", "columns", "delete"])
def test_undo_page_knows_no_other_step(anna, step):
    assert anna.post(f"{imported(anna)}undo/", {"step": step}).status_code == 404


def test_upload_that_was_not_imported_has_no_undo_page(anna):
    for page in (upload(anna), previewed(anna)):
        assert anna.get(f"{page}undo/").status_code == 404
        assert anna.post(f"{page}undo/", {"step": "undo"}).status_code == 404


def test_expired_upload_is_404_and_leaves_nothing(anna, cast):
    page = previewed(anna)
    assert ImportChunk.objects.exists()
    expire()
    assert anna.get(page).status_code == 404
    for model in (ImportUpload, ImportChunk, ImportProgress, ImportVerdict):
        assert not model.objects.exists(), model
    assert rows_in_table() == 0


def test_import_can_be_undone_when_its_file_is_gone(anna):
    page = imported(anna, table(["Kundennummer", "Name", "Ort"], [7, "Meier", "Kiel"], ["x", "", ""]))
    expire()
    assert anna.get(page).status_code == 404
    assert anna.get(f"{IMPORT}list/").context["shown"].tab.count == 1
    assert not ImportChunk.objects.exists()
    assert not ImportVerdict.objects.filter(verdict=Verdict.REJECTED).exists()
    undo(anna, page)
    assert people() == set()


def test_list_is_exported_as_it_is_filtered(log_in, cast):
    anna = cast.scope("anna", "Zentrale")
    for name in ("Eins", "Zwei"):
        register_customer(customer=Customer(last_name=name), actor=anna)
    response = log_in("anna").post(EXPORT + "?q=zwei", {"format": "plain", "column": ["last_name"]})
    assert b"".join(response.streaming_content).decode().splitlines()[1:] == ['"Zwei"']


def test_selection_is_exported_without_rows_of_others(log_in, cast):
    own = register_customer(customer=Customer(last_name="Eigen"), actor=cast.scope("anna", "Zentrale"))
    register_customer(customer=Customer(last_name="Auch"), actor=cast.scope("anna", "Zentrale"))
    foreign = register_customer(customer=Customer(last_name="Fremd"), actor=cast.scope("sven", "Zentrale", 20800))
    client = log_in("anna")
    address = f"{EXPORT}?id={own.pk}&id={foreign.pk}"
    assert client.get(address).context["count"] == 1
    response = client.post(address, {"format": "plain", "column": ["last_name", "search_text"]})
    assert b"".join(response.streaming_content).decode().splitlines()[1:] == ['"Eigen"']


def test_export_page_offers_every_column(log_in):
    shown = log_in("anna").get(EXPORT).context["columns"]
    assert [name for name, _label in shown] == list(CustomerResource().export_columns())
