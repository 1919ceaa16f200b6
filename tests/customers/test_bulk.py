"""Many customers changed at once: whom it is of, what it does, and that undoing brings back what was."""

from __future__ import annotations

from typing import Any

import pghistory
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.bulk import changing, rows
from customers.bulk.changing import MoreThanCounted, Wish
from customers.choices import BulkKind, BulkState
from customers.models import BulkChange, Customer, CustomerCount, CustomerGroup, Tag
from customers.operations import archive_customers, change_customer, restore_customers
from customers.selection.selecting import select
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from mcp.stored_sentences import Sentences
from mcp.worker.task_frame import Stopped
from tests.conftest import forget_author
from tests.customers import people
from tests.proofs.sampling import examples


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


def someone(scope: Scope, name: str, **values: Any) -> Customer:
    """Registered in a transaction of the history of his own, as in the product."""
    with pghistory.context(**scope.history()):
        made = people.customer(scope, last_name=name, **values)
    forget_author()
    return made


def edited(scope: Scope, customer: Customer, **values: Any) -> None:
    row = Customer.objects.get(pk=customer.pk)
    for name, value in values.items():
        setattr(row, name, value)
    with pghistory.context(**scope.history()):
        change_customer(customer=row, actor=scope)
    forget_author()


def counted(scope: Scope, wish: Wish, query: str = "", shown: int | None = None) -> BulkChange:
    found = select(scope, query)
    change = changing.propose(wish=wish, query=query, chosen=found, shown=shown, actor=scope)
    changing.count(change=change, chosen=found, actor=scope)
    return change


def applied(change: BulkChange, scope: Scope) -> BulkChange:
    changing.confirm(change=change, seen=str(change.figures["change"]), actor=scope)
    with pghistory.context(**scope.history(reason=changing.REASON())) as context:
        changing.apply(change=change, context=context.id, actor=scope)
    forget_author()
    return change


def undone(change: BulkChange, scope: Scope) -> dict[str, int]:
    changing.start_undo(change=change, actor=scope)
    with pghistory.context(**scope.history(reason=changing.REASON_UNDONE())) as context:
        changing.undo(change=change, context=context.id, actor=scope)
    forget_author()
    return dict(change.undoing or {})


def stored(scope: Scope) -> list[dict[str, Any]]:
    values = Customer.objects.in_base(scope.base).order_by("pk").values()
    return [{**row, "changed_at": None} for row in values]


def test_figures_say_who_changes_who_has_it_and_who_is_archived(anna):
    group = people.group(anna, "Gast")
    for name in ("A", "B"):
        someone(anna, name)
    someone(anna, "C", customer_group=group)
    gone = someone(anna, "D")
    archive_customers(customers=[gone.pk], reason="weg", actor=anna)
    change = counted(anna, Wish(kind=BulkKind.GROUP, group=group), "archived=all")
    assert change.figures == {"found": 4, "change": 2, "already": 1, "archived": 1}
    assert change.state == BulkState.COUNTED
    applied(change, anna)
    assert change.result == {"changed": 2}
    assert list(Customer.objects.filter(customer_group=group).order_by("last_name").values_list("last_name")) == [
        ("A",), ("B",), ("C",),
    ]  # fmt: skip


def test_all_that_are_found_are_those_of_search_and_filters_and_not_of_a_page(anna):
    people.tag(anna, "VIP")
    for number in range(60):
        someone(anna, f"Muster{number:02}", city="Kiel" if number % 2 else "Bonn")
    change = applied(counted(anna, Wish(kind=BulkKind.ADD_TAG, tag=Tag.objects.get()), "q=kiel"), anna)
    assert change.result == {"changed": 30}
    assert set(Customer.objects.filter(tags=["VIP"]).values_list("city", flat=True)) == {"Kiel"}


def test_whoever_is_found_later_is_not_changed_with_them(anna):
    someone(anna, "A")
    change = counted(anna, Wish(kind=BulkKind.GROUP, group=people.group(anna, "Gast")))
    someone(anna, "B")
    assert applied(change, anna).result == {"changed": 1}
    assert Customer.objects.get(last_name="B").customer_group is None


def test_whoever_would_be_changed_beyond_what_was_counted_stops_it_and_it_is_counted_again(anna):
    people.tag(anna, "VIP")
    wish = Wish(kind=BulkKind.ADD_TAG, tag=Tag.objects.get())
    someone(anna, "A")
    has_it = someone(anna, "B", tags=["VIP"])
    change = counted(anna, wish)
    assert change.figures["change"] == 1
    edited(anna, has_it, tags=[])
    changing.confirm(change=change, seen="1", actor=anna)
    with pytest.raises(MoreThanCounted) as refusal, transaction.atomic():
        changing.apply(change=change, context=change.pk, actor=anna)
    assert refusal.value.params == {"then": 1, "now": 2}
    assert not Customer.objects.filter(tags=["VIP"]).exists()
    changing.recount(change=change, failure=changing.NONE)
    assert (change.state, change.figures["change"]) == (BulkState.COUNTED, 2)
    assert applied(change, anna).result == {"changed": 2}


def test_fewer_than_counted_are_changed_without_asking_again(anna):
    group = people.group(anna, "Gast")
    gone = someone(anna, "A")
    someone(anna, "B")
    change = counted(anna, Wish(kind=BulkKind.GROUP, group=group))
    archive_customers(customers=[gone.pk], reason="weg", actor=anna)
    assert applied(change, anna).result == {"changed": 1}
    assert change.total == 1


def test_history_says_bulk_change(anna):
    customer = someone(anna, "A")
    change = applied(counted(anna, Wish(kind=BulkKind.GROUP, group=people.group(anna, "Gast"))), anna)
    undone(change, anna)
    event: Any = Customer._meta.get_field("history").related_model
    told = event.objects.filter(pgh_obj=customer.pk).order_by("changed_at")
    reasons = [str(Sentences(one.pgh_context.metadata.get("reason") or [])) for one in told]
    assert reasons == ["", "Bulk change", "Bulk change undone"]
    assert {one.pgh_context.metadata["user_name"] for one in told} == {str(anna.user)}


KINDS = {
    "group": lambda: Wish(kind=BulkKind.GROUP, group=CustomerGroup.objects.get(name="Gast")),
    "no group": lambda: Wish(kind=BulkKind.GROUP),
    "tag": lambda: Wish(kind=BulkKind.ADD_TAG, tag=Tag.objects.get(name="VIP")),
    "no tag": lambda: Wish(kind=BulkKind.REMOVE_TAG, tag=Tag.objects.get(name="VIP")),
    "archive": lambda: Wish(kind=BulkKind.ARCHIVE, reason="Verzogen"),
    "restore": lambda: Wish(kind=BulkKind.RESTORE),
}


def words(scope: Scope) -> list[CustomerGroup]:
    for name in ("Alt", "VIP", "Zeitung"):
        people.tag(scope, name)
    return [people.group(scope, name) for name in ("Gast", "Stamm")]


@settings(deadline=None, max_examples=examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from([None, 0, 1]), st.sets(st.sampled_from(["Alt", "VIP", "Zeitung"])), st.booleans()),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(sorted(KINDS)),
)
def test_undoing_is_the_inverse_column_by_column(anna, customers, kind):
    with transaction.atomic():
        groups = words(anna)
        for number, (group, tags, is_archived) in enumerate(customers):
            row = someone(
                anna, f"M{number}", customer_group=None if group is None else groups[group], tags=sorted(tags), memo="x"
            )
            if is_archived:
                with pghistory.context(**anna.history()):
                    archive_customers(customers=[row.pk], reason="weg", actor=anna)
                forget_author()
        before = stored(anna)
        change = counted(anna, KINDS[kind](), "archived=all")
        applied(change, anna)
        changed = (change.result or {})["changed"]
        assert changed == change.figures["change"]
        assert sum(one != other for one, other in zip(before, stored(anna), strict=True)) == changed
        assert undone(change, anna) == {"restored": changed, "left": 0}
        assert stored(anna) == before
        assert CustomerCount.objects.in_base(anna.base).totals() == (
            sum(row["archived_at"] is None for row in before), sum(row["archived_at"] is not None for row in before)
        )  # fmt: skip
        transaction.set_rollback(True)


def test_what_somebody_has_changed_since_stays_and_is_named(anna, cast):
    guest, regular = people.group(anna, "Gast"), people.group(anna, "Stamm")
    kept, elsewhere, free = someone(anna, "A"), someone(anna, "B"), someone(anna, "C")
    change = applied(counted(anna, Wish(kind=BulkKind.GROUP, group=guest)), anna)
    bodo = cast.scope("bodo", "Bremen")
    edited(bodo, kept, customer_group=regular)
    edited(bodo, elsewhere, memo="bringt Kuchen mit")
    assert undone(change, anna) == {"restored": 2, "left": 1}
    assert Customer.objects.get(pk=kept.pk).customer_group == regular
    assert Customer.objects.get(pk=free.pk).customer_group is None
    again = Customer.objects.get(pk=elsewhere.pk)
    assert (again.customer_group, again.memo) == (None, "bringt Kuchen mit")
    [(named, why)] = changing.left_alone(change, anna, page=1)
    assert named == kept
    assert str(bodo.user) in why


def test_tag_of_somebody_else_stays_when_the_own_one_is_undone(anna):
    people.tag(anna, "VIP")
    people.tag(anna, "Alt")
    row = someone(anna, "A")
    change = applied(counted(anna, Wish(kind=BulkKind.ADD_TAG, tag=Tag.objects.get(name="VIP"))), anna)
    edited(anna, row, tags=["Alt", "VIP"])
    assert undone(change, anna) == {"restored": 1, "left": 0}
    assert Customer.objects.get(pk=row.pk).tags == ["Alt"]


def test_group_of_before_that_is_gone_is_named(anna):
    guest, regular = people.group(anna, "Gast"), people.group(anna, "Stamm")
    someone(anna, "A", customer_group=regular)
    change = applied(counted(anna, Wish(kind=BulkKind.GROUP, group=guest)), anna)
    regular.delete()
    assert undone(change, anna) == {"restored": 0, "left": 1}
    [(named, why)] = changing.left_alone(change, anna, page=1)
    assert (named.customer_group, why) == (guest, "The customer group of before does not exist any more.")


def test_tag_or_group_that_is_gone_by_now_is_told_and_nothing_is_changed(anna):
    tag, group = people.tag(anna, "VIP"), people.group(anna, "Gast")
    someone(anna, "A")
    for wish in (Wish(kind=BulkKind.ADD_TAG, tag=tag), Wish(kind=BulkKind.GROUP, group=group)):
        change = counted(anna, wish)
        (wish.tag or wish.group).delete()  # type: ignore[union-attr]
        with pytest.raises(ValidationError, match="does not exist any more"):
            applied(change, anna)


def test_done_twice_is_refused(anna):
    someone(anna, "A")
    change = counted(anna, Wish(kind=BulkKind.GROUP, group=people.group(anna, "Gast")))
    with pytest.raises(ValidationError, match="figures have changed"):
        changing.confirm(change=change, seen="7", actor=anna)
    applied(change, anna)
    with pytest.raises(ValidationError, match="under way or done"):
        changing.confirm(change=change, seen="1", actor=anna)
    with pytest.raises(Stopped):
        changing.apply(change=change, context=change.pk, actor=anna)
    undone(change, anna)
    with pytest.raises(ValidationError, match="undone already"):
        changing.start_undo(change=change, actor=anna)


def test_what_was_applied_cannot_be_made_unapplied_by_hand(anna):
    someone(anna, "A")
    change = applied(counted(anna, Wish(kind=BulkKind.GROUP, group=people.group(anna, "Gast"))), anna)
    with pytest.raises(DatabaseError, match="cannot go from applied to counted"), transaction.atomic():
        BulkChange.objects.filter(pk=change.pk).update(state=BulkState.COUNTED)


@pytest.mark.parametrize(("kind", "right"), [("tag", Right.CHANGE_CUSTOMERS), ("archive", Right.ARCHIVE_CUSTOMERS)])
def test_each_step_asks_for_the_right_itself(anna, kind, right):
    words(anna)
    someone(anna, "A")
    weak = Scope(user=anna.user, location=anna.location, rights=anna.rights - {right})
    wish = KINDS[kind]()
    change = counted(anna, wish)
    calls = [
        lambda: changing.propose(wish=wish, query="", chosen=select(anna, ""), shown=None, actor=weak),
        lambda: changing.count(change=change, chosen=select(anna, ""), actor=weak),
        lambda: changing.confirm(change=change, seen="1", actor=weak),
        lambda: changing.apply(change=change, context=change.pk, actor=weak),
        lambda: changing.start_undo(change=change, actor=weak),
        lambda: changing.undo(change=change, context=change.pk, actor=weak),
        lambda: changing.cancel(change=change, actor=weak),
    ]
    for call in calls:
        with pytest.raises(MissingRight) as refusal:
            call()
        assert refusal.value.right == right


def test_other_bases_and_businesses_are_neither_found_nor_changed(anna, cast):
    sven = cast.scope("sven", "München", 20800)
    dirk = cast.scope("anna", "Lübeck")
    people.tag(anna, "VIP")
    for scope in (anna, sven, dirk):
        someone(scope, "A")
    theirs = people.tag(sven, "VIP")
    change = counted(anna, Wish(kind=BulkKind.ADD_TAG, tag=Tag.objects.in_base(anna.base).get()))
    assert applied(change, anna).result == {"changed": 1}
    assert Customer.objects.filter(tags=["VIP"]).count() == 1
    for scope in (sven, dirk):
        assert not changing.changes_of(scope).exists()
        with pytest.raises(PermissionDenied):
            changing.start_undo(change=change, actor=scope)
    with pytest.raises(PermissionDenied):
        counted(anna, Wish(kind=BulkKind.ADD_TAG, tag=theirs))
    foreign = Customer.objects.get(base=sven.base)
    assert counted(anna, Wish(kind=BulkKind.RESTORE), f"id={foreign.pk}").state == BulkState.FAILED


def test_second_location_of_the_base_sees_and_undoes_it_but_not_a_preview(anna, cast):
    someone(anna, "A")
    bremen = cast.scope("bodo", "Bremen")
    change = counted(anna, Wish(kind=BulkKind.GROUP, group=people.group(anna, "Gast")))
    assert not changing.changes_of(bremen).exists()
    with pytest.raises(PermissionDenied):
        changing.confirm(change=change, seen="1", actor=bremen)
    applied(change, anna)
    assert list(changing.changes_of(bremen)) == [change]
    assert undone(change, bremen) == {"restored": 1, "left": 0}


def test_pieces_are_put_together(anna, monkeypatch):
    monkeypatch.setattr(rows, "PIECE", 2)
    words(anna)
    for number in range(5):
        someone(anna, f"M{number}")
    before = stored(anna)
    change = applied(counted(anna, KINDS["group"]()), anna)
    assert change.result == {"changed": 5}
    assert undone(change, anna) == {"restored": 5, "left": 0}
    assert stored(anna) == before


def test_preview_that_nobody_confirms_goes_after_a_day(anna):
    someone(anna, "A")
    words(anna)
    old, done = counted(anna, KINDS["tag"]()), applied(counted(anna, KINDS["group"]()), anna)
    now = old.state_since + changing.LIFETIME
    assert changing.delete_expired(now=now) == 1
    assert list(BulkChange.objects.all()) == [done]


def test_ids_are_not_read_into_memory_by_pages(anna):
    someone(anna, "A")
    words(anna)
    change = counted(anna, KINDS["tag"]())
    assert "customers" in changing.changes_of(anna).get().get_deferred_fields()
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers FROM customers_bulkchange WHERE id = %s", [change.pk])
        assert cursor.fetchone() == ([Customer.objects.get().pk],)


def test_restored_by_somebody_since_stays_restored(anna):
    row = someone(anna, "A")
    change = applied(counted(anna, Wish(kind=BulkKind.ARCHIVE, reason="Verzogen")), anna)
    restore_customers(customers=[row.pk], actor=anna)
    archive_customers(customers=[row.pk], reason="Doch", actor=anna)
    assert undone(change, anna) == {"restored": 0, "left": 1}
    assert Customer.objects.get(pk=row.pk).archived_reason == "Doch"


def test_what_somebody_has_set_to_something_else_and_back_again_is_his(anna, cast):
    guest, regular = people.group(anna, "Gast"), people.group(anna, "Stamm")
    people.tag(anna, "VIP")
    row = someone(anna, "A")
    grouped = applied(counted(anna, Wish(kind=BulkKind.GROUP, group=guest)), anna)
    tagged = applied(counted(anna, Wish(kind=BulkKind.ADD_TAG, tag=Tag.objects.get(name="VIP"))), anna)
    bodo = cast.scope("bodo", "Bremen")
    for group, tags in ((regular, []), (guest, ["VIP"])):
        edited(bodo, row, customer_group=group, tags=tags)
    for change in (tagged, grouped):
        assert undone(change, anna) == {"restored": 0, "left": 1}
        [(named, why)] = changing.left_alone(change, anna, page=1)
        assert named == row
        assert str(bodo.user) in why
    again = Customer.objects.get(pk=row.pk)
    assert (again.customer_group, again.tags) == (guest, ["VIP"])
