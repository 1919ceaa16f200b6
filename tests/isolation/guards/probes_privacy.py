"""Files of persons: a right of its own, nobody of another base, and no file of another location."""

from __future__ import annotations

from typing import Any

from django.utils.html import escape
from django.utils.translation import override

from customers.models import Customer
from files import lifecycle
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from privacy.models import PersonFile, PersonFileDownload
from privacy.person_files import PERSON_FILES, order_person_file, person_files_of
from tests.customers.people import customer
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probes_pages import NO_UPLOAD
from tests.isolation.guards.probes_revoked import revoke
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, HAMBURG, HEAD, World

PAGES = "/privacy/personfile/"
ENOUGH = (Right.VIEW_CUSTOMERS, Right.PROTECT_DATA)


def page_of(place: str, row: Customer) -> str:
    return f"{place}{PAGES}{row.pk}/"


def made(actor: Scope, row: Customer) -> PersonFile:
    file = order_person_file(customer=row, actor=actor)
    lifecycle.make(PERSON_FILES, pk=str(file.pk), actor=actor)
    return PersonFile.objects.get(pk=file.pk)


@probe
def file_of_a_person_takes_both_rights(world: World) -> None:
    for right in ENOUGH:
        lacking = bare(world, "Hamburg", *(one for one in ENOUGH if one != right), who="anna")
        with refused(MissingRight):
            order_person_file(customer=world.customer, actor=lacking)


@probe
def file_of_a_person_is_made_for_whoever_still_has_the_rights(world: World) -> None:
    anna = world.scope("anna", "Hamburg")
    waiting = order_person_file(customer=world.customer, actor=anna)
    lifecycle.make(PERSON_FILES, pk=str(waiting.pk), actor=bare(world, "Hamburg", Right.VIEW_CUSTOMERS, who="anna"))
    assert PersonFile.objects.get(pk=waiting.pk).state == "failed"


@probe
def file_of_a_person_is_fetched_with_both_rights(world: World) -> None:
    anna = world.scope("anna", "Hamburg")
    made(anna, world.customer)
    for right in ENOUGH:
        lacking = bare(world, "Hamburg", *(one for one in ENOUGH if one != right), who="anna")
        [file] = person_files_of(world.customer, anna)
        with refused(MissingRight):
            lifecycle.fetch(PERSON_FILES, file, actor=lacking).close()


@probe
def page_of_a_person_needs_the_rights_and_is_offered_to_nobody_else(world: World) -> None:
    page, form = page_of(HAMBURG, world.customer), f"{HAMBURG}/customers/customer/{world.customer.pk}/change/"
    assert world.get("anna", page).status_code == 200
    assert page in world.text("anna", form)
    assert page not in world.text("bodo", form)
    for who, right in (("bodo", Right.PROTECT_DATA), ("blind", Right.VIEW_CUSTOMERS)):
        refusal = world.get(who, page)
        with override("de"):
            label = escape(str(right.label))
        assert refusal.status_code == 403, who
        assert f"„{label}“" in refusal.content.decode(), who


@probe
def nobody_of_another_base_has_a_page(world: World) -> None:
    for row in world.foreign_customers:
        for method in (world.get, world.post):
            ask: Any = method
            assert ask("anna", page_of(HAMBURG, row), *([{}] if ask == world.post else [])).status_code == 404
    assert not PersonFile.objects.exists()


@probe
def files_of_another_location_are_not_shown_or_fetched(world: World) -> None:
    file = made(world.scope("anna", "Hamburg"), world.customer)
    assert f"{file.pk}" in world.text("anna", page_of(HAMBURG, world.customer))
    assert f"{file.pk}" not in world.text("anna", page_of(HEAD, world.customer))
    assert world.post("anna", f"{HEAD}{PAGES}file/{file.pk}/", {}).status_code == 404
    assert not PersonFileDownload.objects.exists()
    assert world.post("anna", f"{HAMBURG}{PAGES}file/{file.pk}/", {}).status_code == 200


@probe
def file_of_another_business_is_not_fetched(world: World) -> None:
    theirs = made(world.south, customer(world.south, last_name=CANARY))
    assert world.post("anna", f"{HAMBURG}{PAGES}file/{theirs.pk}/", {}).status_code == 404


@probe
def download_of_a_person_names_the_right(world: World) -> None:
    """Also of a file that is not there: so nobody learns whether it is."""
    file = made(world.scope("anna", "Hamburg"), world.customer)
    for pk in (file.pk, NO_UPLOAD):
        assert world.post("bodo", f"{HAMBURG}{PAGES}file/{pk}/", {}).status_code == 403


@probe
def file_of_a_person_is_not_kept_where_the_right_was_taken_meanwhile(world: World) -> None:
    anna = world.scope("anna", "Hamburg")
    waiting = order_person_file(customer=world.customer, actor=anna)
    revoke(Right.PROTECT_DATA)
    lifecycle.make(PERSON_FILES, pk=str(waiting.pk), actor=anna)
    assert PersonFile.objects.get(pk=waiting.pk).state == "failed"
