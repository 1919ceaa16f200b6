"""What happens to an import while somebody else is at it, or at what it is about."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from customers import tasks
from customers.choices import UploadState
from customers.imports import lifecycle, preview
from customers.imports.apply import NotWhatWasPreviewed
from customers.imports.progress import Cancelled
from customers.models import Customer, CustomerGroup, ImportUpload, Tag
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.progress import Progress
from tests.customers.import_browser import previewed
from tests.customers.people import customer, says
from tests.customers.transfer import applied, checked, table, take_in, undone


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def weaker(anna: Scope) -> Scope:
    """Without the right to create groups and tags."""
    return replace(anna, rights=anna.rights - {Right.MANAGE_CUSTOMER_GROUPS})


def test_group_that_was_renamed_after_the_preview_takes_nobodys_group_away(anna):
    kind = CustomerGroup.objects.create(base=anna.base, name="VIP")
    old = CustomerGroup.objects.create(base=anna.base, name="Alt")
    meier = customer(anna, customer_group=old)
    weak = weaker(anna)
    content = table(["Kundennummer", "Kundengruppe"], [meier.customer_number, "VIP"], [7_000, "VIP"])
    upload = checked(weak, content)
    CustomerGroup.objects.filter(pk=kind.pk).update(name="Premium")
    with pytest.raises(NotWhatWasPreviewed):
        applied(upload, weak)
    meier.refresh_from_db()
    assert meier.customer_group == old


def test_group_that_nobody_was_told_of_is_not_created(anna):
    kind = CustomerGroup.objects.create(base=anna.base, name="VIP")
    upload = checked(anna, table(["Name", "Kundengruppe"], ["Neu", "VIP"]))
    kind.delete()
    with pytest.raises(NotWhatWasPreviewed):
        applied(upload, anna)
    assert not CustomerGroup.objects.in_base(anna.base).exists()


def test_tag_that_is_gone_after_the_preview_is_told(anna):
    Tag.objects.create(base=anna.base, name="VIP")
    weak = weaker(anna)
    upload = checked(weak, table(["Name", "Schlagwörter"], ["Neu", "VIP"]))
    Tag.objects.in_base(anna.base).delete()
    with pytest.raises(NotWhatWasPreviewed):
        applied(upload, weak)


def test_customer_who_was_changed_after_the_preview_is_rejected_with_a_reason(anna, tmp_path):
    meier = customer(anna, customer_number=7_000, last_name="Meier")
    upload = checked(anna, table(["Kundennummer", "Name"], [7_000, "Anders"]))
    Customer.objects.filter(pk=meier.pk).update(city="Kiel")
    result = applied(upload, anna).result
    assert result is not None
    assert result["rejected"] == 1
    [verdict] = upload.verdicts.filter(verdict="rejected")
    assert "left alone" in str(verdict.problems[0]["reason"])
    with (tmp_path / "rejected.csv").open("wb") as file:
        preview.write_rejected(upload, file)


def test_preview_that_an_undone_import_has_made_untrue_is_shown_anew(anna):
    """The known customer is gone with the import that had brought him: the row would create one now."""
    first = take_in(anna, table(["Kundennummer", "Name"], [7_000, "Neu"]))
    upload = checked(anna, table(["Kundennummer", "Name"], [7_000, "Anders"]))
    undone(first.upload, anna)
    applied(upload, anna)
    assert upload.preview is not None
    assert (upload.state, upload.result) == (UploadState.CHECKED, None)
    assert (upload.preview["created"], upload.preview["changed"], upload.preview["is_renewed"]) == (1, 0, True)
    assert applied(upload, anna).state == UploadState.APPLIED
    assert Customer.objects.in_base(anna.base).get(customer_number=7_000).last_name == "Anders"


def test_preview_that_another_import_has_not_touched_is_applied(anna):
    upload = checked(anna, table(["Kundennummer", "Name"], [7_000, "Neu"]))
    take_in(anna, table(["Kundennummer", "Name"], [8_000, "Andere"]))
    assert applied(upload, anna).state == UploadState.APPLIED


def test_what_was_said_since_the_preview_stands_though_another_import_came_between(anna):
    """What is worked out again keeps the moment of the preview that somebody has seen."""
    meier = customer(anna, customer_number=7_000)
    upload = checked(anna, table(["Kundennummer", "Newsletter"], [7_000, "ja"]))
    take_in(anna, table(["Kundennummer", "Name"], [8_000, "Andere"]))
    says(anna, meier, "newsletter", False)
    result = applied(upload, anna).result
    assert result is not None
    assert (result["rejected"], result["consents"]) == (1, 0)


def test_import_that_was_applied_stays_that_whoever_writes_by_what_was_before(anna):
    """Two buttons at once: the second has seen the import before it was applied."""
    upload = checked(anna, table(["Name"], ["Neu"]))
    seen_before = ImportUpload.objects.get(pk=upload.pk)
    applied(upload, anna)
    with pytest.raises(DatabaseError, match="are settled"), transaction.atomic():
        lifecycle.go_back(upload=seen_before, actor=anna)
    assert ImportUpload.objects.get(pk=upload.pk).state == UploadState.APPLIED


@pytest.mark.parametrize(("age", "is_left"), [(timedelta(hours=1), True), (timedelta(hours=25), False)])
def test_file_that_is_being_worked_on_does_not_expire(anna, age, is_left):
    upload = checked(anna, table(["Name"], ["Neu"]))
    old, now = timezone.now() - timedelta(hours=30), timezone.now()
    ImportUpload.objects.filter(pk=upload.pk).update(created_at=old, state=UploadState.APPLYING, state_since=now - age)
    tasks.delete_expired_uploads.func(timestamp=0)
    assert ImportUpload.objects.filter(pk=upload.pk).exists() is is_left


class Stopping(Progress):
    """Somebody wants to stop it once everything but the last of it is done."""

    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def tell(self, done: int, total: int) -> None:
        self.told.append((done, total))
        if done == total and self.told.count((done, total)) == 2:
            raise Cancelled


def test_wish_to_stop_is_heard_while_the_last_is_recorded(anna):
    upload = checked(anna, table(["Kundennummer", "Name", "Newsletter"], [7_000, "Neu", "ja"], [7_001, "Neu", "nein"]))
    upload.state = UploadState.APPLYING
    upload.save()
    with pytest.raises(Cancelled), transaction.atomic():
        lifecycle.apply_upload(upload=upload, actor=anna, progress=Stopping())
    assert not Customer.objects.filter(customer_number__in=[7_000, 7_001]).exists()


@pytest.mark.django_db(transaction=True)
def test_second_button_waits_for_nobody_and_is_told(cast, log_in):
    """While the first holds the import, as one does that is being applied."""
    anna = log_in("anna")
    page = previewed(anna)
    held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with row_scope.without_scope(reason="test", actor="test"):
            assert lifecycle.hold(ImportUpload.objects.get()) is not None
            held.set()
            may_end.wait(30)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    assert held.wait(30)
    try:
        shown = anna.post(page, {"step": "back"}, follow=True, headers={"accept-language": "en"})
    finally:
        may_end.set()
        other.join()
    assert "Somebody is at this import at this moment." in shown.content.decode()
    assert ImportUpload.objects.get().state == UploadState.CHECKED
    anna.post(page, {"step": "back"})
    assert ImportUpload.objects.get().state == UploadState.UPLOADED
