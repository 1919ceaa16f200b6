"""Packages: fetched and shown at the head of the business that hands over, taken in by the one that they are for."""

from __future__ import annotations

import hashlib
import io
from typing import Any
from uuid import uuid4

from django.utils import timezone

from customers.models import Consent, ConsentPurpose, ImportUpload
from files.choices import FileState
from files.lifecycle import fetch
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight
from tests.isolation.guards.probes_leaving import FAR, PAGES, foreign_exit
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, HAMBURG, HEAD, SOUTHERN, World
from tests.states import in_state, like
from tests.transitions.carrying import (
    consent,
    content_of,
    imported,
    made,
    members,
    received,
    receiver,
    repacked,
    with_manifest,
)
from tests.transitions.moving import exit_in
from transitions.archive.package_reader import RefusedPackage
from transitions.choices import TransitionState
from transitions.incoming import taking
from transitions.models import Arrival, IncomingFile, Package, PackageChunk, PackageDownload, Transition
from transitions.package import lifecycle
from transitions.package.importing import arrivals_of
from transitions.protocol import protocol_of
from transitions.withdrawals.making import make_list
from transitions.withdrawals.taking import lists_taken_in, take_in


def packed(world: World) -> Package:
    """Bremen has left with one customer."""
    anna = world.scope("anna", "Zentrale")
    ConsentPurpose.objects.create(organization=anna.organization, code="rezepte", name="Rezepte")
    consent(world.customer, location=world.place("Bremen"))
    consent(world.customer, purpose="rezepte")
    return made(exit_in(world.cast, TransitionState.EXECUTED, place="Bremen"), anna)


def foreign_package(world: World) -> Package:
    """Südstern's, ready to be fetched."""
    south = world.cast.system("Zentrale", SOUTHERN)
    row = in_state(
        Package, organization=south.organization, base=south.base, location=south.location, user_name=CANARY,
        name=CANARY, transition=foreign_exit(world), state=FileState.DONE, state_since=timezone.now(),
    )  # fmt: skip
    PackageChunk.objects.create(base=south.base, file=row, position=0, content=CANARY.encode())
    return row


def refusal(content: bytes, actor: Any) -> str:
    try:
        received(content, actor)
    except RefusedPackage as refused_package:
        return str(refused_package.code)
    return ""


@probe
def packages_and_protocols_are_those_of_the_own_business_at_its_head(world: World) -> None:
    own, foreign = packed(world), foreign_package(world)
    for page in ("package/", "protocol/", "protocol/pdf/"):
        assert world.get("anna", f"{HEAD}/{PAGES}/{own.transition_id}/{page}").status_code == 200
        assert world.get("anna", f"{HAMBURG}/{PAGES}/{own.transition_id}/{page}").status_code == 403
        for pk in (foreign.transition_id, FAR):
            assert world.get("anna", f"{HEAD}/{PAGES}/{pk}/{page}").status_code == 404
    assert world.post("anna", f"{HEAD}/{PAGES}/{foreign.transition_id}/package/", {}).status_code == 404
    for pk in (foreign.pk, FAR):
        assert world.post("anna", f"{HEAD}/{PAGES}/package/{pk}/download/", {}).status_code == 404
    assert not PackageDownload.objects.exists()
    assert world.post("anna", f"{HEAD}/{PAGES}/package/{own.pk}/download/", {}).status_code == 200


@probe
def packages_and_protocols_need_the_right_to_carry_over(world: World) -> None:
    own = packed(world)
    for page in ("package/", "protocol/", "protocol/pdf/"):
        assert world.get("schwach", f"{HEAD}/{PAGES}/{own.transition_id}/{page}").status_code == 403
    assert world.post("schwach", f"{HEAD}/{PAGES}/{own.transition_id}/package/", {}).status_code == 403
    assert world.post("schwach", f"{HEAD}/{PAGES}/package/{own.pk}/download/", {}).status_code == 403
    weak = bare(world, "Zentrale", Right.VIEW_CUSTOMERS, who="anna")
    transition = Transition.objects.select_related("organization", "location").get(pk=own.transition_id)
    for call in (
        lambda: lifecycle.request_package(transition=transition, actor=weak),
        lambda: fetch(lifecycle.PACKAGES, own, actor=weak).close(),
        lambda: protocol_of(transition=transition, actor=weak),
    ):
        with refused(MissingRight):
            call()
    nearly = bare(world, "Zentrale", *set(Right) - {Right.CARRY_OVER}, who="anna")
    with refused(MissingRight):
        fetch(lifecycle.PACKAGES, own, actor=nearly).close()


def withdrawn(world: World) -> tuple[Package, bytes]:
    """Bremen has left with one customer, who has withdrawn since, and the package is imported."""
    own, anna, frida = packed(world), world.scope("anna", "Zentrale"), receiver(world.cast)
    imported(content_of(own), frida)
    consent(world.customer, given=False, at=timezone.now())
    transition = Transition.objects.select_related("organization", "location").get(pk=own.transition_id)
    return own, make_list(transition=transition, actor=anna).read()


@probe
def lists_of_withdrawals_are_made_at_the_head_of_the_own_business(world: World) -> None:
    own, foreign = packed(world), foreign_package(world)
    page = "withdrawals/"
    assert world.post("anna", f"{HAMBURG}/{PAGES}/{own.transition_id}/{page}", {}).status_code == 403
    assert world.post("schwach", f"{HEAD}/{PAGES}/{own.transition_id}/{page}", {}).status_code == 403
    for pk in (foreign.transition_id, FAR):
        assert world.post("anna", f"{HEAD}/{PAGES}/{pk}/{page}", {}).status_code == 404
    transition = Transition.objects.select_related("organization", "location").get(pk=own.transition_id)
    with refused(MissingRight):
        make_list(transition=transition, actor=bare(world, "Zentrale", *set(Right) - {Right.CARRY_OVER}, who="anna"))


@probe
def list_of_withdrawals_is_taken_in_by_its_receiver_alone_and_signed(world: World) -> None:
    _own, content = withdrawn(world)
    frida, ines = receiver(world.cast), world.scope("ines", "Dresden", 30100)
    weak = type(frida)(user=frida.user, location=frida.location, rights=frida.rights - {Right.IMPORT_CUSTOMERS})
    with refused(MissingRight):
        taken_in(content, weak)
    assert taken_in(content, ines) == "withdrawals_receiver"
    files = members(content)
    forged = files["manifest.json"].replace(b'"statements": 1', b'"statements": 2')
    assert taken_in(repacked({**files, "manifest.json": forged}), frida) == "withdrawals_unsigned"
    assert taken_in(content, frida) == ""
    assert lists_taken_in(frida).count() == 1
    assert not lists_taken_in(world.scope("anna", "Zentrale")).exists()
    assert not lists_taken_in(ines).exists()


@probe
def withdrawal_holds_as_the_packages_of_its_own_transition_say(world: World) -> None:
    own, content = withdrawn(world)
    frida = receiver(world.cast)
    other = received(content_of(own), frida)
    holds = [{**purpose, "holds_for_receiver": True} for purpose in other.manifest["purposes"]]
    Arrival.objects.filter(pk=other.pk).update(transition=uuid4(), manifest={**other.manifest, "purposes": holds})
    assert taken_in(content, frida) == ""
    [said] = Consent.objects.in_base(frida.base).filter(is_given=False)
    assert not said.holds_here


def taken_in(content: bytes, actor: Any) -> str:
    try:
        with row_scope.rows_of(actor):
            take_in(file=io.BytesIO(content), actor=actor)
    except RefusedPackage as refused_list:
        return str(refused_list.code)
    return ""


@probe
def package_of_another_business_is_not_ordered(world: World) -> None:
    foreign = foreign_exit(world)
    with refused(Transition.DoesNotExist):
        lifecycle.request_package(transition=foreign, actor=world.scope("anna", "Zentrale"))


@probe
def package_is_taken_in_by_its_receiver_alone(world: World) -> None:
    content = content_of(packed(world))
    assert refusal(content, world.scope("ines", "Dresden", 30100)) == "package_receiver"
    assert refusal(content, world.scope("anna", "Zentrale")) == "package_receiver"
    frida = receiver(world.cast)
    arrival = received(content, frida)
    assert list(arrivals_of(frida)) == [arrival]
    assert not arrivals_of(world.scope("anna", "Hamburg")).exists()
    assert arrival.manifest["new_purposes"] == ["Rezepte"]


@probe
def package_that_was_not_made_here_is_refused(world: World) -> None:
    content = content_of(packed(world))
    files = members(content)
    changed = files["customers.csv"].replace(b"Meier", b"Maier")

    def describe(manifest: dict[str, Any]) -> None:
        manifest["files"]["customers.csv"]["sha256"] = hashlib.sha256(changed).hexdigest()

    forged = with_manifest(repacked({**files, "customers.csv": changed}), describe)
    assert refusal(forged, receiver(world.cast)) == "package_unknown"


@probe
def package_made_for_another_business_is_not_known_here(world: World) -> None:
    """Its manifest says that it is for this one, and its hash stands on record for the other."""
    content = with_manifest(content_of(packed(world)), lambda manifest: manifest["to"].update(account_number=30100))
    like(Package.objects.all()[0], sha256=hashlib.sha256(content).hexdigest())
    assert refusal(content, world.scope("ines", "Dresden", 30100)) == "package_unknown"


@probe
def taking_in_a_package_needs_its_rights(world: World) -> None:
    content, page = content_of(packed(world)), f"{PAGES}/arrivals/"
    frida = receiver(world.cast)
    for missing in (Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS, Right.MANAGE_CUSTOMER_GROUPS):
        weak = type(frida)(user=frida.user, location=frida.location, rights=frida.rights - {missing})
        for file in (content, b"no package"):
            if file == content or missing != Right.MANAGE_CUSTOMER_GROUPS:
                with refused(MissingRight):
                    received(file, weak)
    assert not Arrival.objects.exists()
    assert not ImportUpload.objects.filter(base=frida.base).exists()
    assert world.get("schwach", f"{HEAD}/{page}").status_code == 403
    assert world.get("anna", f"{HEAD}/{page}").status_code == 200


@probe
def file_that_the_worker_takes_in_is_seen_and_stopped_by_whoever_has_sent_it(world: World) -> None:
    anna, place = world.scope("anna", "Hamburg"), world.place("Hamburg")
    facts = {"organization": place.organization, "base": place.base}
    own, elsewhere, of_dirk = (
        IncomingFile.objects.create(**facts, location=where, user=world.cast.user(who), name=name, sha256=name)
        for name, where, who in (
            ("a", place, "anna"), ("b", world.place("Bremen"), "anna"), ("c", place, "schwach"),
        )
    )  # fmt: skip
    assert list(taking.incoming_of(anna)) == [own]
    assert list(taking.under_way_at(anna)) == [own, of_dirk]
    assert list(taking.incoming_of(world.cast.system("Hamburg"))) == []
    page = f"{PAGES}/arrivals"
    assert world.get("anna", f"{HAMBURG}/{page}/{own.pk}/").status_code == 200
    assert world.get("anna", f"{HAMBURG}/{page}/{of_dirk.pk}/").status_code == 404
    for other in (elsewhere, of_dirk):
        taking.cancel(file=other, actor=anna)
    with refused(MissingRight):
        taking.cancel(file=own, actor=bare(world, "Hamburg", who="anna"))
    assert set(IncomingFile.objects.values_list("state", "is_cancelled")) == {(FileState.WAITING, False)}
    taking.cancel(file=own, actor=anna)
    own.refresh_from_db()
    assert own.state == FileState.CANCELLED


@probe
def keeping_a_file_for_the_worker_needs_the_rights(world: World) -> None:
    for rights in ((Right.IMPORT_CUSTOMERS,), (Right.ADD_CUSTOMERS,)):
        with refused(MissingRight):
            taking.keep_file(file=io.BytesIO(b"x"), name="x", actor=bare(world, "Hamburg", *rights, who="anna"))
    weak = bare(world, "Hamburg", Right.IMPORT_CUSTOMERS, who="anna")
    assert taking.keep_file(file=io.BytesIO(b"x"), name="x", is_list=True, actor=weak).pk
    with refused(MissingRight):
        taking.keep_file(file=io.BytesIO(b"y"), name="y", is_list=True, actor=bare(world, "Hamburg", who="anna"))
    assert world.get("schwach", f"{HAMBURG}/{PAGES}/arrivals/{uuid4()}/").status_code == 403
