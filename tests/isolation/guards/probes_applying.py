"""Imports on their way into the base: whose rows they change, and what they may create."""

from __future__ import annotations

from typing import Any

import pghistory

from customers.imports import lifecycle, receive
from customers.imports.apply import NotWhatWasPreviewed
from customers.models import Customer, CustomerGroup, Tag
from locations.permissions import Right
from mcp.isolation.scope import MissingRight
from tests.conftest import forget_author
from tests.customers.people import bears
from tests.isolation.guards.probes_operations import bare, refused
from tests.isolation.guards.probing import probe
from tests.isolation.guards.world import CANARY, World


@probe
def applying_asks_for_the_rights_of_what_was_previewed(world: World) -> None:
    """They may be gone since the preview."""
    here = world.scope("anna", "Hamburg")
    for line, missing in (
        (f"{world.customer.customer_number};Anders", Right.CHANGE_CUSTOMERS),
        (";Neu", Right.ADD_CUSTOMERS),
    ):
        content = f"Kundennummer;Nachname\r\n{line}\r\n".encode()
        upload = receive.receive_upload(name="neu.csv", content=content, actor=here)
        lifecycle.check_upload(upload=upload, actor=here)
        lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=here)
        rights = {Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS, Right.CHANGE_CUSTOMERS} - {missing}
        with refused(MissingRight):
            lifecycle.apply_upload(upload=upload, actor=bare(world, "Hamburg", *rights, who="anna"))


@probe
def applying_creates_no_group_that_nobody_was_told_of(world: World) -> None:
    here = world.scope("anna", "Hamburg")
    group = CustomerGroup.objects.create(base=here.base, name="Vorhanden")
    content = b"Nachname;Kundengruppe\r\nNeu;Vorhanden\r\n"
    upload = receive.receive_upload(name="neu.csv", content=content, actor=here)
    lifecycle.check_upload(upload=upload, actor=here)
    group.delete()
    lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=here)
    with refused(NotWhatWasPreviewed):
        lifecycle.apply_upload(upload=upload, actor=here)


def imported(world: World, content: str, who: str = "anna") -> dict[str, Any]:
    """What an import of this file did at Hamburg."""
    actor = world.scope(who, "Hamburg")
    upload = receive.receive_upload(name="neu.csv", content=content.encode(), actor=actor)
    lifecycle.check_upload(upload=upload, actor=actor)
    lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=actor)
    with pghistory.context(**actor.history()) as context:
        lifecycle.apply_upload(upload=upload, actor=actor, context=context.id)
    forget_author()
    assert upload.result is not None
    return upload.result


@probe
def import_changes_rows_of_the_base_only(world: World) -> None:
    """The number that the file names exists in three bases."""
    number = world.place("Zentrale").first_number
    assert world.foreign_customer.customer_number == number
    own = world.customer.customer_number
    done = imported(world, f"Kundennummer;Nachname\r\n{own};Geändert\r\n{number};Fremd\r\n")
    assert (done["changed"], done["created"], done["rejected"]) == (1, 0, 1)
    assert Customer.objects.get(pk=world.customer.pk).last_name == "Geändert"
    assert {Customer.objects.get(pk=row.pk).last_name for row in world.foreign_customers} == {"Meier"}


@probe
def former_number_means_a_row_of_the_base(world: World) -> None:
    bears(world.foreign_customer, "A-1")
    done = imported(world, "Frühere Kundennummer;Nachname\r\nA-1;Neu\r\n")
    assert (done["changed"], done["created"]) == (0, 1)
    assert Customer.objects.get(pk=world.foreign_customer.pk).last_name == "Meier"


@probe
def import_finds_groups_and_tags_of_the_base(world: World) -> None:
    lines = f"Nachname;Kundengruppe;Schlagwörter\r\nNeu;{CANARY}ngruppe;{CANARY}nwort\r\nAlt;Stammgast;VIP\r\n"
    imported(world, lines)
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
    upload = receive.receive_upload(name="neu.csv", content=lines.encode(), actor=actor)
    lifecycle.check_upload(upload=upload, actor=actor)
    assert upload.preview is not None
    assert (upload.preview["rejected"], upload.preview["created"], upload.preview["changed"]) == (2, 0, 0)


@probe
def words_need_the_right_to_create_them(world: World) -> None:
    rights = (Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS)
    actor = bare(world, "Hamburg", *rights, who="anna")
    for column, code in (("Kundengruppe", "Unbekannt"), ("Schlagwörter", "unbekannt")):
        lines = f"Nachname;{column}\r\nNeu;{code}\r\n"
        upload = receive.receive_upload(name="neu.csv", content=lines.encode(), actor=actor)
        lifecycle.check_upload(upload=upload, actor=actor)
        assert upload.preview is not None
        assert upload.preview["rejected"] == 1, column
