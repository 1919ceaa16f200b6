"""Imports: files and rows of the own base, with the rights of whoever acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from customers.choices import TRANSFER, UploadState, Verdict
from customers.imports import lifecycle, preview, receive
from customers.imports.undo import later_imports
from customers.models import (
    Consent,
    ConsentPurpose,
    Customer,
    HeadingChoice,
    ImportChunk,
    ImportConsent,
    ImportProgress,
    ImportUpload,
    ImportVerdict,
)
from customers.table.options import Reading
from files import quota
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.isolation.guards.probes_applying import imported
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, FILE, HAMBURG, World
from tests.states import brought_to

type Step = Callable[[ImportUpload, Scope], Any]


def _cancelled(upload: ImportUpload, actor: Scope) -> None:
    lifecycle.cancel_upload(upload=upload, actor=actor)
    upload.refresh_from_db()


STEPS: list[Step] = [
    lambda upload, actor: receive.choose_dialect(upload=upload, overrules={}, actor=actor),
    lambda upload, actor: receive.choose_profile(upload=upload, is_used=True, actor=actor),
    lambda upload, actor: receive.choose_columns(
        upload=upload, targets=["customer_number", "last_name"], reading=Reading(), actor=actor
    ),
    lambda upload, actor: lifecycle.check_upload(upload=upload, actor=actor),
    lambda upload, actor: lifecycle.go_back(upload=upload, actor=actor),
    lambda upload, actor: lifecycle.start_check(upload=upload, actor=actor),
    lambda upload, actor: _cancelled(upload, actor),
    lambda upload, actor: lifecycle.check_upload(upload=upload, actor=actor),
    lambda upload, actor: lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=actor),
    lambda upload, actor: lifecycle.apply_upload(upload=upload, actor=actor),
]
"""From a file to customers, with each detour, in an order in which they can be taken."""
UNDOING: list[Step] = [
    lambda upload, actor: lifecycle.start_undo(upload=upload, actor=actor),
    lambda upload, actor: _cancelled(upload, actor),
    lambda upload, actor: lifecycle.start_undo(upload=upload, actor=actor),
    lambda upload, actor: lifecycle.undo_upload(upload=upload, actor=actor),
]


@probe
def import_asks_for_the_right(world: World) -> None:
    actor = bare(world, "Hamburg", Right.ADD_CUSTOMERS, Right.CHANGE_CUSTOMERS, who="anna")
    with refused(MissingRight):
        receive.receive_upload(name="neu.csv", content=FILE, actor=actor)
    for step in STEPS:
        with refused(MissingRight):
            step(world.upload, actor)
    for step in STEPS:
        step(world.upload, world.scope("anna", "Hamburg"))


@probe
def import_takes_own_files_only(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    for upload in (world.foreign_upload, world.offline_upload):
        for step in STEPS:
            with refused(PermissionDenied, ImportUpload.DoesNotExist):
                step(upload, here)
        brought_to(ImportUpload.objects.filter(pk=upload.pk), UploadState.APPLYING)
        upload.refresh_from_db()
        for step in STEPS[-1:]:
            with refused(PermissionDenied):
                step(upload, here)
    assert set(lifecycle.uploads_of(here, now=world.upload.created_at)) == {world.upload, world.imported}
    assert set(lifecycle.imports_of(here)) == {world.imported}


@probe
def undoing_asks_for_the_rights_of_what_it_reverses(world: World) -> None:
    for missing in (Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS, Right.CHANGE_CUSTOMERS):
        rights = {Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS, Right.CHANGE_CUSTOMERS} - {missing}
        actor = bare(world, "Hamburg", *rights, who="anna")
        for state in (UploadState.APPLIED, UploadState.UNDOING):
            ImportUpload.objects.filter(pk=world.imported.pk).update(state=state)
            world.imported.refresh_from_db()
            for step in UNDOING if state == UploadState.UNDOING else UNDOING[:1]:
                with refused(MissingRight):
                    step(world.imported, actor)
    ImportUpload.objects.filter(pk=world.imported.pk).update(state=UploadState.APPLIED)
    for step in UNDOING:
        step(world.imported, world.scope("anna", "Hamburg"))
    assert ImportUpload.objects.get(pk=world.imported.pk).state == UploadState.UNDONE


@probe
def undoing_takes_imports_of_the_location_only(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    for upload in (world.foreign_imported, world.offline_imported):
        for state in (UploadState.APPLIED, UploadState.UNDOING):
            ImportUpload.objects.filter(pk=upload.pk).update(state=state)
            upload.refresh_from_db()
            for step in UNDOING:
                with refused(PermissionDenied, ImportUpload.DoesNotExist):
                    step(upload, here)
        assert Customer.objects.filter(base=upload.base_id, last_name="Nachher").count() == 1


@probe
def each_import_has_its_own_rows_figures_and_progress(world: World) -> None:
    """Two files of one user: what is said of one is not said of the other."""
    here = world.scope("anna", "Hamburg")
    other = receive.receive_upload(name="andere.csv", content=FILE.replace(b"x;", b"y;"), actor=here)
    lifecycle.check_upload(upload=other, actor=here)
    page = f"{HAMBURG}/customers/customer/import/{world.upload.pk}/"
    assert [row.problems[0]["value"] for row in world.get("anna", page).context["shown"].rows] == ["x"]
    assert b"".join(world.get("anna", f"{page}rejected/").streaming_content).count(b"Falsch") == 1
    lifecycle.start_check(upload=other, actor=here)
    lifecycle.start_check(upload=world.upload, actor=here)
    for file, total in ((world.upload, 4), (other, 2)):
        ImportProgress.objects.filter(file=file).update(done=1, total=total)
    other_page = f"{HAMBURG}/customers/customer/import/{other.pk}/"
    assert [world.get("anna", each).context["percent"] for each in (page, other_page)] == [25, 50]
    lifecycle.cancel_upload(upload=world.upload, actor=here)
    assert list(ImportProgress.objects.filter(is_cancelled=True).values_list("file", flat=True)) == [world.upload.pk]
    lifecycle.check_upload(upload=world.upload, actor=here)
    assert ImportVerdict.objects.filter(file=other).exists()
    lifecycle.delete_expired(upload=world.upload)
    assert ImportChunk.objects.filter(file=other).exists()


@probe
def imports_of_others_are_not_listed(world: World) -> None:
    for page, own in (("list/", "fertig.csv"), ("", "eigene.csv")):
        shown = world.text("anna", f"{HAMBURG}/customers/customer/import/{page}")
        assert own in shown
        assert CANARY not in shown
    assert "eigene.csv" not in world.text("blind", f"{HAMBURG}/customers/customer/import/list/")


@probe
def undoing_one_import_leaves_the_other(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    imported(world, "Nachname\r\nZweiter Import\r\n")
    world.post("anna", f"{HAMBURG}/customers/customer/import/{world.imported.pk}/undo/", {"step": "undo"})
    assert Customer.objects.filter(last_name="Zweiter Import").exists()
    assert not Customer.objects.filter(base=here.base, last_name="Nachher").exists()


@probe
def verdicts_name_customers_of_the_base_only(world: World) -> None:
    """Their ids are no foreign keys."""
    here = world.scope("anna", "Hamburg")
    said = {"base": here.base, "customer_id": world.foreign_customer.pk, "row_number": 2}
    for file, verdict in ((world.upload, Verdict.SIMILAR), (world.imported, Verdict.KEPT)):
        problems = [{"code": "same_email", "first": None, "reason": "geändert"}]
        ImportVerdict.objects.create(**said, file=file, verdict=verdict, problems=problems)
    assert [row.customer for row in preview.similar(world.upload, here)] == [None]
    assert [row.customer for row in preview.left(world.imported, Verdict.KEPT, here)] == [None]


@probe
def known_customers_are_shown_to_whoever_may_see_them(world: World) -> None:
    """To import is not to read: the rows of the file are the user's own, those of the base are not."""
    here = world.scope("anna", "Hamburg")
    importer = bare(world, "Hamburg", Right.IMPORT_CUSTOMERS, Right.CHANGE_CUSTOMERS, who="anna")
    content = f"Kundennummer;Nachname\r\n{world.customer.customer_number};Anders\r\n".encode()
    upload = receive.receive_upload(name="neu.csv", content=content, actor=here)
    lifecycle.check_upload(upload=upload, actor=here)
    said = {"base": here.base, "customer_id": world.customer.pk, "row_number": 2}
    for verdict in (Verdict.SIMILAR, Verdict.KEPT, Verdict.ARCHIVED, Verdict.DIFFERS):
        problems = [{"code": "same_email", "first": None, "reason": "geändert"}]
        ImportVerdict.objects.create(**said, file=upload, verdict=verdict, problems=problems)
    for actor, seen in ((here, [world.customer]), (importer, [None])):
        assert [row.customer for row in preview.similar(upload, actor)] == seen
        assert [row.customer for row in preview.left(upload, Verdict.KEPT, actor)] == seen
        with row_scope.rows_of(actor):
            assert len(preview.changed(upload, actor)) == (actor is here)
            assert len(preview.archived(upload, actor)) == (actor is here)
            assert len(preview.differing(upload, actor)) == (actor is here)


@probe
def what_customers_have_said_since_is_shown_to_whoever_may_see_them(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    importer = bare(world, "Hamburg", Right.IMPORT_CUSTOMERS, Right.CHANGE_CUSTOMERS, who="anna")
    said = {"code": "said_since", "column": "", "value": "", "reason": "seit dem 1. Mai"}
    ImportVerdict.objects.create(
        base=here.base, file=world.upload, row_number=2, verdict=Verdict.UNSAID, problems=[said]
    )
    assert [len(preview.unsaid(world.upload, actor)) for actor in (here, importer)] == [1, 0]


@probe
def lists_of_known_customers_are_offered_to_whoever_may_see_them(world: World) -> None:
    content = f"Kundennummer;Nachname\r\n{world.customer.customer_number};Anders\r\n;Neu\r\n".encode()
    for name, offered in (("anna", ["changed", "new"]), ("blind", ["new"])):
        actor = world.scope(name, "Hamburg")
        upload = receive.receive_upload(name="neu.csv", content=content, actor=actor)
        lifecycle.check_upload(upload=upload, actor=actor)
        shown = world.get(name, f"{HAMBURG}/customers/customer/import/{upload.pk}/").context["shown"]
        assert [tab.name for tab in shown.tabs] == offered


@probe
def statements_besides_the_rows_are_of_their_import_alone(world: World) -> None:
    """The same numbers stand in the files of others."""
    here, number = world.scope("anna", "Hamburg"), world.customer.customer_number
    content = f"Kundennummer;Nachname\r\n{number};Meier\r\n".encode()
    upload = receive.receive_upload(name="neu.csv", content=content, actor=here)
    said = {"customer_number": number, "is_given": True, "at": upload.created_at, "source": "form", "recorded_by": "x"}
    for business, name in ((here.organization, "Tombola"), (world.south.organization, CANARY)):
        ConsentPurpose.objects.create(organization=business, code="tombola", name=name)
    ImportConsent.objects.create(base=here.base, file=upload, purpose="tombola", **said)
    for file in (world.upload, world.foreign_upload, world.offline_upload):
        ImportConsent.objects.create(base=file.base, file=file, purpose=TRANSFER, **said)
    lifecycle.check_upload(upload=upload, actor=here)
    assert upload.preview is not None
    assert (upload.preview["besides"], upload.preview["consents"]) == (1, 1)
    shown = world.text("anna", f"{HAMBURG}/customers/customer/import/{upload.pk}/")
    assert "Tombola" in shown
    assert CANARY not in shown
    world.post(
        "anna", f"{HAMBURG}/customers/customer/import/{upload.pk}/",
        {"step": "confirm", "fingerprint": lifecycle.fingerprint(upload)},
    )  # fmt: skip
    added = Consent.objects.exclude(upload=None).values_list("upload", "customer", "purpose")
    assert list(added) == [(upload.pk, world.customer.pk, "tombola")]
    assert set(ImportConsent.objects.values_list("file", flat=True)) == {
        world.upload.pk, world.foreign_upload.pk, world.offline_upload.pk,
    }  # fmt: skip


@probe
def customers_of_the_preview_are_of_the_base(world: World) -> None:
    """A customer is named by his number, which others bear as well."""
    number, here = world.customer.customer_number, world.scope("anna", "Hamburg")
    content = f"Kundennummer;Nachname;Kundengruppe\r\n{number};Anders;Stammgast\r\n".encode()
    upload = receive.receive_upload(name="neu.csv", content=content, actor=here)
    lifecycle.check_upload(upload=upload, actor=here)
    [row] = world.get("anna", f"{HAMBURG}/customers/customer/import/{upload.pk}/").context["shown"].rows
    assert [(one.old, one.new) for one in row.differences] == [("Meier", "Anders")]


@probe
def columns_are_remembered_for_the_own_business(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    HeadingChoice.objects.create(organization=world.south.organization, heading="ding", target="city")
    upload = receive.receive_upload(name="neu.csv", content=b"Ding\r\nMeier\r\n", actor=here)
    assert upload.choices["targets"] == [""]


@probe
def file_of_a_colleague_stays_his(world: World) -> None:
    """At the same location, on the same base."""
    colleague = world.scope("blind", "Hamburg")
    assert not lifecycle.uploads_of(colleague, now=world.upload.created_at).exists()
    system = world.cast.system("Hamburg")
    assert not lifecycle.uploads_of(system, now=world.upload.created_at).exists()
    assert world.get("blind", f"{HAMBURG}/customers/customer/import/{world.upload.pk}/").status_code == 404


@probe
def unknown_step_of_an_import_is_not_there(world: World) -> None:
    page = f"{HAMBURG}/customers/customer/import/{world.upload.pk}/"
    assert world.post("anna", page, {"step": "nothing"}).status_code == 404
    undo = f"{HAMBURG}/customers/customer/import/{world.imported.pk}/undo/"
    assert world.post("anna", undo, {"step": "confirm"}).status_code == 404
    assert world.get("anna", f"{HAMBURG}/customers/customer/import/{world.upload.pk}/undo/").status_code == 404
    with refused(ValidationError):
        lifecycle.confirm_upload(upload=world.upload, confirmed="wrong", actor=world.scope("anna", "Hamburg"))


@probe
def file_without_rejected_rows_has_none_to_download(world: World) -> None:
    page = f"{HAMBURG}/customers/customer/import/{world.upload.pk}/rejected/"
    for figures in (None, {"rejected": 0}):
        ImportUpload.objects.filter(pk=world.upload.pk).update(preview=figures, result=None)
        assert world.get("anna", page).status_code == 404


@probe
def check_that_was_stopped_meanwhile_says_nothing(world: World) -> None:
    """Somebody has cancelled it while the file was read."""
    here = world.scope("anna", "Hamburg")
    upload = receive.receive_upload(name="neu.csv", content=FILE, actor=here)
    lifecycle.start_check(upload=upload, actor=here)
    ImportUpload.objects.filter(pk=upload.pk).update(state=UploadState.CANCELLED)
    with refused(ValidationError):
        lifecycle.check_upload(upload=upload, actor=here)
    upload.refresh_from_db()
    assert (upload.state, upload.preview) == (UploadState.CANCELLED, None)


@probe
def import_in_between_leaves_what_is_said_of_other_files(world: World) -> None:
    """One is previewed anew. The verdicts of another file stay, and so do the numbers that it has reserved."""
    here = world.scope("anna", "Hamburg")
    upload = receive.receive_upload(name="neu.csv", content=b"Nachname\r\nDoppelt\r\n", actor=here)
    lifecycle.check_upload(upload=upload, actor=here)
    lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=here)
    other = {"base": here.base, "file": world.upload}
    ImportVerdict.objects.create(**other, row_number=99, verdict=Verdict.UNSAID)
    with row_scope.rows_of(here), connection.cursor() as cursor:
        cursor.execute("UPDATE customers_importprogress SET reserved = '{[1,2)}' WHERE file_id = %s", [world.upload.pk])
    imported(world, "Nachname\r\nDoppelt\r\n")
    with row_scope.rows_of(here):
        assert not lifecycle.apply_upload(upload=upload, actor=here)
        assert later_imports(world.imported) == []
        assert ImportVerdict.objects.filter(**other, row_number=99).exists()
        assert ImportProgress.objects.filter(file=world.upload, reserved__isnull=False).exists()


@probe
def quota_counts_what_one_has_uploaded_oneself_and_before(world: World) -> None:
    with override_settings(UPLOADS_A_DAY={"files": 1, "megabytes": 1}):
        for who in ("anna", "bodo"):
            actor = bare(world, "Hamburg", Right.IMPORT_CUSTOMERS, who=who)
            ImportUpload.objects.filter(user=actor.user).update(created_at=timezone.now() - 2 * quota.DAY)
            receive.receive_upload(name="eins.csv", content=FILE, actor=actor)
            with refused(quota.QuotaUsedUp):
                receive.receive_upload(name="zwei.csv", content=FILE, actor=actor)
