"""Customers of a base 1.0 with a node are edited on the agreed side: each operation refuses on the other, in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pghistory
import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from customers import imports
from customers.bulk import changing
from customers.bulk.changing import Wish
from customers.cards.operations import assign_card, block_card, remove_card, replace_card, unblock_card
from customers.choices import BulkKind, CardReason, MatchBy
from customers.consents.operations import strike_out
from customers.edit_side import EditedAtOtherSide, is_edited_here, standing
from customers.erasure.erasing import erase_customer
from customers.filling import fill
from customers.history.changes import CustomerEvent
from customers.history.versions import restore_version
from customers.imports import lifecycle
from customers.models import BulkChange, Card, Consent, Customer, CustomerGroup, ImportUpload, Tag
from customers.operations import (
    archive_customers,
    change_customer,
    register_customer,
    restore_customers,
    save_customer_group,
    save_tag,
)
from customers.removal import delete_customer_group, delete_tag
from customers.selection.selecting import select
from customers.table.options import Reading
from customers.triggers.revisions import EDITED_AT_OTHER_SIDE
from locations.choices import EditSide, Side
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.conftest import Cast, forget_author, questions
from tests.customers.people import customer, says, tag
from tests.customers.sides import with_node, without_node
from tests.customers.transfer import applied, checked, table, undone

type Doing = Callable[["Prepared"], Any]
CONTENT = table(["Nachname"], ["Neu"])


class Prepared:
    """A customer, and what was begun with the base before the node came: each operation would go through."""

    def __init__(self) -> None:
        self.anna: Scope = Cast().scope("anna", "Lübeck")
        anna = self.anna
        self.vip, self.unborne = tag(anna, "VIP"), tag(anna, "Leer")
        self.group = save_customer_group(group=CustomerGroup(name="Gäste"), actor=anna)
        self.row = customer(anna, last_name="Muster", tags=["VIP"])
        self.archived = customer(anna, last_name="Fort")
        archive_customers(customers=[self.archived.pk], reason="Verzogen", actor=anna)
        self.version = CustomerEvent.objects.filter(pgh_obj=self.row.pk).latest("changed_at").pgh_id
        self.row.city = "Kiel"
        change_customer(customer=self.row, actor=anna)
        self.card = assign_card(customer=self.row.pk, number="1", actor=anna)
        self.blocked = assign_card(customer=self.row.pk, number="2", actor=anna)
        block_card(card=self.blocked.pk, reason=CardReason.LOST, actor=anna)
        self.counted, self.applying, self.done, self.undoing = (self._bulk(name) for name in "abcd")
        for change in (self.applying, self.done, self.undoing):
            changing.confirm(change=change, seen=str(change.figures["change"]), actor=anna)
        for change in (self.done, self.undoing):
            bulk_applied(change, anna)
        changing.start_undo(change=self.undoing, actor=anna)
        self.preview = checked(anna, CONTENT)
        self.confirmed = checked(anna, table(["Nachname"], ["Anders"]))
        self.imported = applied(checked(anna, table(["Nachname"], ["Herein"])), anna)
        self.taken_back = applied(checked(anna, table(["Nachname"], ["Zurück"])), anna)
        lifecycle.start_undo(upload=self.taken_back, actor=anna)
        says(anna, self.row, "newsletter", is_given=True)
        forget_author()

    @property
    def muster(self) -> Customer:
        """As he is now."""
        return Customer.objects.get(pk=self.row.pk)

    def _bulk(self, name: str) -> BulkChange:
        wish = Wish(kind=BulkKind.ADD_TAG, tag=tag(self.anna, name))
        found = select(self.anna, "")
        change = changing.propose(wish=wish, query="", chosen=found, shown=None, actor=self.anna)
        changing.count(change=change, chosen=found, actor=self.anna)
        return change


def bulk_applied(change: BulkChange, scope: Scope) -> None:
    with pghistory.context(**scope.history(reason=changing.REASON())) as context:
        changing.apply(change=change, context=context.id, actor=scope)


def bulk_undone(change: BulkChange, scope: Scope) -> None:
    with pghistory.context(**scope.history(reason=changing.REASON_UNDONE())) as context:
        changing.undo(change=change, context=context.id, actor=scope)


def changed(at: Prepared) -> None:
    row = at.muster
    row.city = "Plön"
    change_customer(customer=row, actor=at.anna)


def renumbered(at: Prepared) -> None:
    row = at.muster
    row.former_numbers = ["A-1"]
    change_customer(customer=row, actor=at.anna)


def restored(at: Prepared) -> None:
    row = at.muster
    with pghistory.context(**at.anna.history()):
        restore_version(customer=row, version=at.version, seen_at=row.changed_at, actor=at.anna)


def renamed(row: Tag, scope: Scope) -> Tag:
    stored = Tag.objects.get(pk=row.pk)
    stored.name = f"{row.name} neu"
    return save_tag(tag=stored, actor=scope)


def brought_in(at: Prepared) -> ImportUpload:
    return imports.take_in(
        name="andere.csv", content=[b"Nachname\nMeier\n"], targets=["last_name"], reading=Reading(), statements=[],
        match=MatchBy.NOTHING, is_numbered_by_sender=False, groups={}, origin={"name": "Andere"}, actor=at.anna,
    )  # fmt: skip


def confirmed(at: Prepared) -> None:
    lifecycle.confirm_upload(upload=at.preview, confirmed=lifecycle.fingerprint(at.preview), actor=at.anna)


EDITS: dict[str, Doing] = {
    "register": lambda at: register_customer(customer=Customer(last_name="Neu"), actor=at.anna),
    "register under a number": lambda at: register_customer(
        customer=Customer(last_name="Neu", customer_number=at.anna.location.last_number), actor=at.anna
    ),
    "change": changed,
    "former numbers": renumbered,
    "archive": lambda at: archive_customers(customers=[at.row.pk], reason="Verzogen", actor=at.anna),
    "restore": lambda at: restore_customers(customers=[at.archived.pk], actor=at.anna),
    "an older state": restored,
    "rename a tag that is borne": lambda at: renamed(at.vip, at.anna),
    "assign a card": lambda at: assign_card(customer=at.row.pk, number="9", actor=at.anna),
    "block a card": lambda at: block_card(card=at.card.pk, reason=CardReason.LOST, actor=at.anna),
    "unblock a card": lambda at: unblock_card(card=at.blocked.pk, actor=at.anna),
    "replace a card": lambda at: replace_card(card=at.card.pk, number="9", actor=at.anna),
    "remove a card": lambda at: remove_card(card=at.card.pk, actor=at.anna),
    "propose a bulk change": lambda at: at._bulk("e"),
    "confirm a bulk change": lambda at: changing.confirm(
        change=at.counted, seen=str(at.counted.figures["change"]), actor=at.anna
    ),
    "apply a bulk change": lambda at: bulk_applied(at.applying, at.anna),
    "begin to undo a bulk change": lambda at: changing.start_undo(change=at.done, actor=at.anna),
    "undo a bulk change": lambda at: bulk_undone(at.undoing, at.anna),
    "upload": lambda at: checked(at.anna, CONTENT),
    "package": brought_in,
    "confirm an import": confirmed,
    "apply an import": lambda at: applied(ImportUpload.objects.get(pk=at.confirmed.pk), at.anna),
    "begin to undo an import": lambda at: lifecycle.start_undo(upload=at.imported, actor=at.anna),
    "undo an import": lambda at: lifecycle.undo_upload(upload=at.taken_back, actor=at.anna),
    "fill": lambda at: list(fill(count=2, actor=at.anna)),
}
NO_EDITS: dict[str, Doing] = {
    "consent": lambda at: says(at.anna, at.row, "newsletter", is_given=True),
    "withdrawal": lambda at: says(at.anna, at.row, "newsletter", is_given=False),
    "strike out": lambda at: strike_out(statement=Consent.objects.get(customer=at.row.pk).pk, actor=at.anna),
    "erase": lambda at: erase_customer(customer=at.row.pk, reason="Antrag 7", actor=at.anna),
    "new group": lambda at: save_customer_group(group=CustomerGroup(name="Neu"), actor=at.anna),
    "rename a group": lambda at: save_customer_group(
        group=CustomerGroup(pk=at.group.pk, base=at.group.base, name="Gast"), actor=at.anna
    ),
    "delete a group": lambda at: delete_customer_group(group=at.group, actor=at.anna),
    "new tag": lambda at: tag(at.anna, "Neu"),
    "rename a tag that nobody bears": lambda at: renamed(at.unborne, at.anna),
    "delete a tag": lambda at: delete_tag(tag=at.unborne, actor=at.anna),
    "cancel a bulk change": lambda at: changing.cancel(change=at.counted, actor=at.anna),
}


@pytest.fixture(scope="module")
def made(standing) -> Prepared:
    return Prepared()


@pytest.fixture
def at(db, made) -> Prepared:
    """As it is for a new request: the scope knows what the base is like now."""
    return made


def tried(at: Prepared, doing: Doing) -> str:
    """The code of the refusal, or blank; nothing of it stays. The scope is one of now."""
    at.anna = Cast().scope("anna", "Lübeck")
    code = ""
    with transaction.atomic():
        try:
            with row_scope.rows_of(at.anna):
                doing(at)
        except ValidationError as refusal:
            code = str(refusal.error_list[0].code)
        transaction.set_rollback(True)
    return code


@pytest.mark.parametrize("what", EDITS)
def test_edit_is_refused_on_the_other_side_alone(at, what):
    with_node(at.anna.base)
    assert tried(at, EDITS[what]) == EDITED_AT_OTHER_SIDE
    for side in (EditSide.CENTRAL, EditSide.BOTH):
        with_node(at.anna.base, side)
        assert tried(at, EDITS[what]) == ""
    with_node(at.anna.base)
    without_node(at.anna.base)
    assert tried(at, EDITS[what]) == ""


@pytest.mark.parametrize("what", NO_EDITS)
def test_what_is_no_edit_passes_on_either_side(at, what):
    with_node(at.anna.base)
    assert tried(at, NO_EDITS[what]) == ""


@pytest.mark.parametrize("what", ["register", "change", "archive", "apply an import", "undo an import"])
def test_side_that_is_changed_after_the_request_has_begun_is_noticed(at, what):
    """The scope still says that they are edited here; under the lock of the order it is read anew."""
    anna = Cast().scope("anna", "Lübeck")
    with_node(anna.base)
    assert is_edited_here(anna.base)
    at.anna = anna
    with pytest.raises(EditedAtOtherSide), transaction.atomic(), row_scope.rows_of(anna):
        EDITS[what](at)
    assert not is_edited_here(anna.base)


def test_database_has_the_last_word(at):
    with_node(at.anna.base)
    with row_scope.rows_of(at.anna), pytest.raises(DatabaseError, match="edited at the branch"), transaction.atomic():
        Customer.objects.filter(pk=at.row.pk).update(city="Eutin")


CARDS: dict[str, Doing] = {
    "assigned": lambda at: Card.objects.create(base=at.row.base, customer_id=at.row.pk, number="77"),
    "changed": lambda at: Card.objects.filter(pk=at.blocked.pk).update(reason=CardReason.DAMAGED),
    "removed": lambda at: Card.objects.filter(pk=at.card.pk).delete(),
}


@pytest.mark.parametrize("what", CARDS)
def test_database_keeps_cards_where_customers_are_edited(at, what):
    with_node(at.anna.base)
    with row_scope.rows_of(at.anna), pytest.raises(DatabaseError, match="kept at the branch"), transaction.atomic():
        CARDS[what](at)
    with_node(at.anna.base, EditSide.CENTRAL)
    assert tried(at, CARDS[what]) == ""


def test_both_sides_say_something_else(at, settings):
    base = at.anna.base
    said = set()
    for here in Side:
        settings.SIDE = str(here)
        for side in EditSide:
            base.has_node, base.edit_side = True, side
            found = standing(base)
            assert found is not None
            assert found.is_closed == (side not in (EditSide.BOTH, here.value))
            assert bool(found.sentence) == (found.is_closed or found.is_doubtful)
            said.add(str(found.sentence))
    assert len(said) == 7
    base.has_node = False
    assert standing(base) is None
    assert standing(Cast().scope("anna", "Hamburg").base) is None


def test_command_says_it(at, tmp_path):
    with_node(at.anna.base)
    file = tmp_path / "kunden.csv"
    file.write_bytes(CONTENT)
    with pytest.raises(CommandError, match="edited at the branch, on its node"):
        call_command("import_customers", "--account", "10400", "--client", "4", str(file), "--json")
    assert not ImportUpload.objects.filter(user=None).exists()


def test_undone_import_is_whole_again_where_it_is_edited(at):
    with_node(at.anna.base, EditSide.CENTRAL)
    at.anna = Cast().scope("anna", "Lübeck")
    assert undone(at.imported, at.anna)["removed"] == 1


_TABLES = r'"?customers_(customer|customergroup|consent|formernumber|card|tag)\b'
LOCKING = re.compile(rf"(INSERT INTO|UPDATE|DELETE FROM) {_TABLES}|{_TABLES}.*FOR (NO KEY )?(UPDATE|SHARE)", re.DOTALL)
LOCK_NOTHING = {
    "propose a bulk change", "confirm a bulk change", "begin to undo a bulk change", "cancel a bulk change", "upload",
    "package", "confirm an import", "begin to undo an import", "new tag",
}  # fmt: skip
"""These prepare something, or add a row that nobody knows yet."""


@pytest.mark.parametrize("what", sorted({**EDITS, **NO_EDITS}.keys() - LOCK_NOTHING))
def test_order_is_taken_before_anything_of_the_base_is_locked(at, what):
    with_node(at.anna.base, EditSide.CENTRAL)
    with CaptureQueriesContext(connection) as captured:
        assert tried(at, {**EDITS, **NO_EDITS}[what]) == ""
    asked = questions(captured)
    taken = next(index for index, one in enumerate(asked) if one.startswith("SELECT sequence FROM customers_revision"))
    assert [one for one in asked[:taken] if LOCKING.search(one)] == []
    assert any(map(LOCKING.search, asked[taken:]))
