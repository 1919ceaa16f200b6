"""Decisions about rows of imports that look like known customers, and withdrawals by whoever cannot change them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import openpyxl
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from customers.consents.operations import record_consent
from customers.imports import decisions, lifecycle, preview, receive
from customers.imports.staging import clear
from customers.models import Consent, ImportDecision, ImportUpload
from customers.table.options import Reading
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import BREMEN, CANARY, HAMBURG, World

IMPORT = f"{HAMBURG}/customers/customer/import"
CONTENT = b"Nachname;E-Mail\r\nMeier;meier@example.com\r\nMeier;meier@example.com\r\n"
type Deciding = Callable[[ImportUpload, Scope], Any]
CALLS: list[Deciding] = [
    lambda upload, actor: decisions.decide(upload=upload, decisions={2: "leave"}, actor=actor),
    lambda upload, actor: decisions.decide_all(upload=upload, decision="leave", actor=actor),
    lambda upload, actor: decisions.take_back(upload=upload, actor=actor),
]
EVERY: list[Deciding] = [
    *CALLS,
    lambda upload, actor: decisions.write_similar(upload=upload, file=io.BytesIO(), actor=actor),
]


def similar(world: World, actor: Scope | None = None) -> ImportUpload:
    """A file whose two rows look like the customer Meier of Hamburg, and like nobody of another business."""
    actor = actor or world.scope("anna", "Hamburg")
    made = receive.receive_upload(name="meier.csv", content=CONTENT, actor=actor)
    chosen: dict[str, Any] = {"reading": Reading(), "match": "nothing"}
    receive.choose_columns(upload=made, targets=["last_name", "email"], actor=actor, **chosen)
    lifecycle.check_upload(upload=made, actor=actor)
    return made


@probe
def deciding_asks_for_both_rights(world: World) -> None:
    upload = similar(world)
    for right in (Right.IMPORT_CUSTOMERS, Right.VIEW_CUSTOMERS):
        for call in EVERY:
            with refused(MissingRight):
                call(upload, bare(world, "Hamburg", right, who="anna"))
    both = bare(world, "Hamburg", Right.IMPORT_CUSTOMERS, Right.VIEW_CUSTOMERS, who="anna")
    for call in EVERY:
        call(upload, both)


@probe
def decisions_are_those_of_the_own_file(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    for upload, actor in (
        (similar(world), world.scope("bodo", "Bremen")),
        (similar(world), world.scope("anna", "Bremen")),
        (similar(world, world.south), here),
    ):
        every = Scope(user=actor.user, location=actor.location, rights=frozenset(Right))
        for call in CALLS:
            with refused(PermissionDenied):
                call(upload, every)


@probe
def decisions_are_about_a_preview(world: World) -> None:
    """While a file waits to be checked or applied nobody changes what is decided about it."""
    here, upload = world.scope("anna", "Hamburg"), similar(world)
    lifecycle.start_check(upload=upload, actor=here)
    for call in CALLS:
        with refused(ValidationError):
            call(upload, here)


@probe
def decisions_of_one_file_are_not_those_of_another(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    one, other = similar(world), similar(world)
    assert decisions.decide(upload=one, decisions={2: "same"}, actor=here) == 1
    assert decisions.decide_all(upload=other, decision="leave", actor=here) == 2
    told = {file.pk: [(row.row, row.decision) for row in preview.decided(file, here)] for file in (one, other)}
    assert told == {one.pk: [(2, "same")], other.pk: [(2, "leave"), (3, "leave")]}
    assert [file.choices["decided"] for file in (one, other)] == [{"same": 1}, {"leave": 2}]
    for file, figures in ((one, (1, 0, 0)), (other, (0, 0, 2))):
        lifecycle.check_upload(upload=file, actor=here)
        assert tuple((file.preview or {})[name] for name in ("created", "changed", "rejected")) == figures
    decisions.take_back(upload=one, actor=here)
    assert ImportDecision.objects.filter(file=other).count() == 2
    with refused(ValidationError):
        decisions.decide(upload=one, decisions={9: "leave"}, actor=here)


def listed(world: World, upload: ImportUpload) -> list[tuple[Any, ...]]:
    """The rows of the list that is downloaded: row, decision, and as whom it is known."""
    file, here = io.BytesIO(), world.scope("anna", "Hamburg")
    with row_scope.rows_of(here):
        decisions.write_similar(upload=upload, file=file, actor=here)
    return [row[:4] for row in openpyxl.load_workbook(file).worksheets[0].iter_rows(min_row=2, values_only=True)]


@probe
def list_of_similar_rows_names_customers_of_the_base_only(world: World) -> None:
    """Their ids are no foreign keys."""
    upload = similar(world)
    assert [row[3] for row in listed(world, upload)] == [world.customer.customer_number] * 2
    upload.verdicts.filter(verdict="similar").update(customer_id=world.foreign_customer.pk)
    ImportDecision.objects.create(
        base=upload.base, file=upload, row_number=2, decision="same", customer_id=world.foreign_customer.pk
    )
    assert {row[3] for row in listed(world, upload)} == {None}
    here = world.scope("anna", "Hamburg")
    shown = {3: str(world.foreign_customer.customer_number)}
    with refused(ValidationError):
        decisions.decide(upload=upload, decisions={3: "same"}, shown=shown, actor=here)
    assert [row.customer for row in preview.decided(upload, here)] == [None]
    upload.choices["decided"] = {"same": 1}
    with row_scope.rows_of(here):
        lifecycle.check_upload(upload=upload, actor=here)
    assert ((upload.preview or {})["created"], (upload.preview or {})["changed"]) == (2, 0)


@probe
def decision_is_about_whom_was_shown(world: World) -> None:
    here, upload = world.scope("anna", "Hamburg"), similar(world)
    with refused(ValidationError):
        decisions.decide(upload=upload, decisions={2: "same"}, shown={2: "1234567"}, actor=here)
    shown = {2: str(world.customer.customer_number)}
    assert decisions.decide(upload=upload, decisions={2: "same"}, shown=shown, actor=here) == 1


@probe
def customer_has_one_row_of_a_package_and_packages_are_not_mixed_up(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    one, other = similar(world), similar(world)
    for file, row, again in ((one, 2, 3), (other, 3, 2)):
        file.choices["is_of_package"] = True
        file.save()
        assert decisions.decide(upload=file, decisions={row: "same"}, actor=here) == 1
        with refused(ValidationError):
            decisions.decide(upload=file, decisions={again: "same"}, actor=here)
    clear(one, is_over=True)
    assert list(ImportDecision.objects.values_list("file", flat=True)) == [other.pk]


@probe
def decisions_are_shown_to_whoever_may_see_customers(world: World) -> None:
    here, upload = world.scope("anna", "Hamburg"), similar(world)
    decisions.decide_all(upload=upload, decision="new", actor=here)
    importer = bare(world, "Hamburg", Right.IMPORT_CUSTOMERS, who="anna")
    assert [len(preview.decided(upload, actor)) for actor in (here, importer)] == [2, 0]


@probe
def pages_of_decisions_ask_for_both_rights(world: World) -> None:
    """`blind` holds every right but to see customers."""
    blind = world.scope("blind", "Hamburg")
    upload = similar(world, blind)
    page, file = f"{IMPORT}/{upload.pk}/", b"Zeile;Entscheidung\n2;auslassen\n"
    assert world.get("blind", f"{page}similar/").status_code == 403
    posted = {"file": SimpleUploadedFile("liste.csv", file)}
    assert world.post("blind", f"{page}similar/", posted).status_code == 403
    assert "decision-2" not in world.text("blind", f"{page}?show=similar")
    assert "transfer-figure-similar" not in world.text("blind", page)  # who guesses at people is told nothing
    bodo = Scope(user=world.cast.user("bodo"), location=world.place("Hamburg"), rights=frozenset(Right))
    seen = f"{IMPORT}/{similar(world, bodo).pk}/similar/"  # he may see customers, and not import
    assert world.get("bodo", seen).status_code == 403
    assert world.post("bodo", seen, {"file": SimpleUploadedFile("liste.csv", file)}).status_code == 403
    missing = f"{IMPORT}/00000000-0000-0000-0000-000000000007/"
    assert world.post("blind", missing, {"step": "decide"}).status_code == 403
    for name, address in (("weak", page), ("anna", f"{IMPORT}/{world.foreign_upload.pk}/")):
        user = "schwach" if name == "weak" else name
        assert world.get(user, f"{address}similar/").status_code in {403, 404}
    assert not ImportDecision.objects.exists()
    own = similar(world)
    answer = world.get("anna", f"{IMPORT}/{own.pk}/similar/")
    assert (answer.status_code, CANARY in b"".join(answer.streaming_content).decode("latin-1")) == (200, False)
    world.post("anna", f"{IMPORT}/{own.pk}/similar/", {"file": SimpleUploadedFile("liste.csv", file)})
    assert ImportDecision.objects.get().row_number == 2


@probe
def list_is_there_while_there_is_something_to_decide(world: World) -> None:
    here, upload = world.scope("anna", "Hamburg"), similar(world)
    assert world.get("anna", f"{IMPORT}/{world.upload.pk}/similar/").status_code == 404
    lifecycle.start_check(upload=upload, actor=here)
    assert world.get("anna", f"{IMPORT}/{upload.pk}/similar/").status_code == 404


@probe
def withdrawing_asks_to_see_and_to_hand_over(world: World) -> None:
    """Whoever hands customers over records what they take back, and nothing that they give."""
    said: dict[str, Any] = {"customers": [world.customer.pk], "purpose": "newsletter", "at": None, "source": "spoken"}
    for right in (Right.VIEW_CUSTOMERS, Right.CARRY_OVER):
        with refused(MissingRight):
            record_consent(**said, is_given=False, actor=bare(world, "Hamburg", right, who="anna"))
    both = bare(world, "Hamburg", Right.VIEW_CUSTOMERS, Right.CARRY_OVER, who="anna")
    with refused(MissingRight):
        record_consent(**said, is_given=True, actor=both)
    assert record_consent(**said, is_given=False, actor=both) == 1


@probe
def page_of_withdrawals_asks_to_see_and_to_hand_over(world: World) -> None:
    page = f"{HAMBURG}/customers/customer/{world.customer.pk}/withdraw/"
    before = Consent.objects.count()
    for who in ("blind", "bodo"):
        assert world.post(who, page, {"withdraw": "newsletter:phone"}).status_code == 403
    assert (
        world.post("blind", page, {"purpose": "newsletter", "at": "nie"}).status_code == 403
    )  # nor what is wrong in it
    looking_on = f"{BREMEN}/customers/customer/{world.customer.pk}/consents/"
    assert 'name="withdraw"' not in world.text("carla", looking_on)
    foreign = f"{HAMBURG}/customers/customer/{world.foreign_customer.pk}/withdraw/"
    assert world.post("anna", foreign, {"withdraw": "newsletter:phone"}).status_code == 404
    assert Consent.objects.count() == before
    assert world.post("anna", page, {"withdraw": "newsletter:phone", "give": "birthday:form"}).status_code == 302
    assert not Consent.objects.order_by("-recorded_at")[0].is_given
