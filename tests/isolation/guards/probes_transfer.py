"""Import and export: files and rows of the own base, with the rights of whoever acts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError

from customers.choices import UploadState
from customers.models import Customer, CustomerGroup, ImportUpload, Tag
from customers.resources import CustomerResource, NoScope
from customers.transfer import uploads
from customers.transfer.exporting import export_chunks
from customers.transfer.reading import Reading
from locations.permissions import Right
from mcp.scope import MissingRight, Scope
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, FILE, HAMBURG, World

STEPS: list[Callable[[ImportUpload, Scope], Any]] = [
    lambda upload, actor: uploads.choose_dialect(upload=upload, overrules={}, actor=actor),
    lambda upload, actor: uploads.choose_columns(
        upload=upload, targets=["customer_number", "last_name"], reading=Reading(), actor=actor
    ),
    lambda upload, actor: uploads.check_upload(upload=upload, actor=actor),
    lambda upload, actor: uploads.confirm_upload(upload=upload, confirmed=uploads.fingerprint(upload), actor=actor),
]


@probe
def import_asks_for_the_right(world: World) -> None:
    actor = bare(world, "Hamburg", Right.VIEW_CUSTOMERS, who="anna")
    with refused(MissingRight):
        uploads.receive_upload(name="neu.csv", content=FILE, actor=actor)
    for step in STEPS:
        with refused(MissingRight):
            step(world.upload, actor)
    with refused(MissingRight):
        CustomerResource(scope=actor).run(uploads.sheet_of(world.upload), dry_run=True)
    with refused(NoScope):
        CustomerResource().run(uploads.sheet_of(world.upload), dry_run=True)
    for step in STEPS:
        step(world.upload, world.scope("anna", "Hamburg"))


@probe
def import_takes_own_files_only(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    for upload in (world.foreign_upload, world.offline_upload):
        for step in STEPS:
            with refused(PermissionDenied, ImportUpload.DoesNotExist):
                step(upload, here)
        ImportUpload.objects.filter(pk=upload.pk).update(state=UploadState.APPLYING)
        upload.refresh_from_db()
        with refused(PermissionDenied):
            uploads.apply_upload(upload=upload, actor=here)
    assert set(uploads.uploads_of(here, now=world.upload.created_at)) == {world.upload}


@probe
def file_of_a_colleague_stays_his(world: World) -> None:
    """At the same location, on the same base."""
    sven = world.scope("blind", "Hamburg")
    assert not uploads.uploads_of(sven, now=world.upload.created_at).exists()
    system = world.cast.system("Hamburg")
    assert not uploads.uploads_of(system, now=world.upload.created_at).exists()
    assert world.get("blind", f"{HAMBURG}/customers/customer/import/{world.upload.pk}/").status_code == 404


def _imported(world: World, content: str, who: str = "anna") -> dict[str, Any]:
    """What an import of this file did at Hamburg."""
    actor = world.scope(who, "Hamburg")
    upload = uploads.receive_upload(name="neu.csv", content=content.encode(), actor=actor)
    uploads.check_upload(upload=upload, actor=actor)
    uploads.confirm_upload(upload=upload, confirmed=uploads.fingerprint(upload), actor=actor)
    uploads.apply_upload(upload=upload, actor=actor)
    assert upload.result is not None
    return upload.result


@probe
def import_changes_rows_of_the_base_only(world: World) -> None:
    """The number that the file names exists in three bases."""
    number = world.place("Zentrale").first_number
    assert world.foreign_customer.customer_number == number
    own = world.customer.customer_number
    done = _imported(world, f"Kundennummer;Nachname\r\n{own};Geändert\r\n{number};Fremd\r\n")
    assert (done["changed"], done["created"], done["rejected"]) == (1, 0, 1)
    assert Customer.objects.get(pk=world.customer.pk).last_name == "Geändert"
    assert {Customer.objects.get(pk=row.pk).last_name for row in world.foreign_customers} == {"Meier"}


@probe
def former_number_means_a_row_of_the_base(world: World) -> None:
    Customer.objects.filter(pk=world.foreign_customer.pk).update(legacy_number="A-1")
    done = _imported(world, "Frühere Kundennummer;Nachname\r\nA-1;Neu\r\n")
    assert (done["changed"], done["created"]) == (0, 1)
    assert Customer.objects.get(pk=world.foreign_customer.pk).last_name == "Meier"


@probe
def bulk_update_writes_rows_of_the_base_only(world: World) -> None:
    resource = CustomerResource(scope=world.scope("anna", "Hamburg"))
    resource.run(uploads.sheet_of(world.upload), dry_run=True)
    resource.current.is_dry = False
    foreign = Customer.objects.get(pk=world.foreign_customer.pk)
    foreign.last_name = "Geändert"
    foreign.customer_group, foreign.tags = None, []
    resource.update_instances.append(foreign)
    with refused(NoScope):
        resource.bulk_update()
    assert Customer.objects.get(pk=foreign.pk).last_name == "Meier"


@probe
def import_finds_groups_and_tags_of_the_base(world: World) -> None:
    lines = f"Nachname;Kundengruppe;Schlagwörter\r\nNeu;{CANARY}ngruppe;{CANARY}nwort\r\nAlt;Stammgast;VIP\r\n"
    _imported(world, lines)
    new, old = Customer.objects.get(last_name="Neu"), Customer.objects.get(last_name="Alt")
    assert new.customer_group is not None
    assert new.customer_group.base_id == world.customer.base_id
    assert old.customer_group == world.group
    assert Tag.objects.filter(base=world.customer.base, name=f"{CANARY}nwort").exists()
    assert CustomerGroup.objects.filter(name="Stammgast", base=world.customer.base).count() == 1


@probe
def rows_need_the_right_to_add_and_to_change(world: World) -> None:
    actor = bare(world, "Hamburg", Right.IMPORT_CUSTOMERS, who="anna")
    lines = f"Kundennummer;Nachname\r\n{world.customer.customer_number};Anders\r\n;Neu\r\n"
    upload = uploads.receive_upload(name="neu.csv", content=lines.encode(), actor=actor)
    uploads.check_upload(upload=upload, actor=actor)
    assert upload.preview is not None
    assert (upload.preview["rejected"], upload.preview["created"], upload.preview["changed"]) == (2, 0, 0)


@probe
def words_need_the_right_to_create_them(world: World) -> None:
    rights = (Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS)
    actor = bare(world, "Hamburg", *rights, who="anna")
    for column, code in (("Kundengruppe", "Unbekannt"), ("Schlagwörter", "unbekannt")):
        lines = f"Nachname;{column}\r\nNeu;{code}\r\n"
        upload = uploads.receive_upload(name="neu.csv", content=lines.encode(), actor=actor)
        uploads.check_upload(upload=upload, actor=actor)
        assert upload.preview is not None
        assert upload.preview["rejected"] == 1, column


def _exported(world: World, query: str, **sent: Any) -> str:
    data = {"format": "plain", "column": ["customer_number", "first_name", "last_name"], **sent}
    answer = world.post("anna", f"{HAMBURG}/customers/customer/export/{query}", data)
    assert answer.status_code == 200
    content: bytes = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return content.decode()


@probe
def export_has_own_rows_only(world: World) -> None:
    for query in ("", "?archived=all", "?q=Meier"):
        written = _exported(world, query)
        assert "Meier" in written, query
        assert CANARY not in written, query
    ids = "&".join(f"id={row.pk}" for row in [world.customer, *world.foreign_customers])
    chosen = _exported(world, f"?{ids}")
    assert chosen.count("Meier") == 1
    assert CANARY not in chosen
    assert world.get("anna", f"{HAMBURG}/customers/customer/export/?{ids}").context["count"] == 1


@probe
def export_refuses_lookups_of_its_own(world: World) -> None:
    page = f"{HAMBURG}/customers/customer/export/"
    assert world.get("anna", f"{page}?iban__startswith=DE").status_code == 400


@probe
def export_has_exported_columns_only(world: World) -> None:
    written = _exported(world, "", column=["last_name", "search_text", "base", "organization", "id"])
    assert written.splitlines()[0].count(",") == 0
    columns = CustomerResource(scope=world.scope("anna", "Hamburg")).export_columns()
    assert {"base", "organization", "id", "search_text", "sort_name"}.isdisjoint(columns)


@probe
def rows_handed_to_the_export_are_narrowed(world: World) -> None:
    resource = CustomerResource(scope=world.scope("anna", "Hamburg"))
    columns = resource.export_columns(["first_name", "last_name"])
    chunks = export_chunks(resource, Customer.objects.all(), profile="plain", columns=columns, language="de")
    written = b"".join(chunks).decode()
    assert "Meier" in written
    assert CANARY not in written
    with refused(MissingRight):
        weak = CustomerResource(scope=bare(world, "Hamburg", Right.VIEW_CUSTOMERS, who="anna"))
        export_chunks(weak, Customer.objects.all(), profile="plain", columns=columns, language="de")
    with refused(NoScope):
        export_chunks(CustomerResource(), Customer.objects.all(), profile="plain", columns=columns, language="de")


@probe
def resource_alone_reads_and_writes_nothing(world: World) -> None:
    """import-export's own ways are closed: they ask for no right and no base."""
    for resource in (CustomerResource(), CustomerResource(scope=world.scope("anna", "Hamburg"))):
        for call in (resource.import_data, resource.export):
            with refused(NoScope):
                call(None)
        with refused(NoScope):
            assert resource.current


@probe
def unknown_step_of_an_import_is_not_there(world: World) -> None:
    page = f"{HAMBURG}/customers/customer/import/{world.upload.pk}/"
    assert world.post("anna", page, {"step": "nothing"}).status_code == 404
    with refused(ValidationError):
        uploads.confirm_upload(upload=world.upload, confirmed="wrong", actor=world.scope("anna", "Hamburg"))


@probe
def file_without_an_outcome_has_no_rejected_rows(world: World) -> None:
    ImportUpload.objects.filter(pk=world.upload.pk).update(preview=None, result=None)
    page = f"{HAMBURG}/customers/customer/import/{world.upload.pk}/rejected/"
    assert world.get("anna", page).status_code == 404
