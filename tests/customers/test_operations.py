"""What can be done with customers: each asks for its right, stays in its base, and says what is wrong in a sentence."""

import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from customers.models import Customer, CustomerGroup, Tag
from customers.operations import (
    CustomerChangedMeanwhile,
    archive_customers,
    change_customer,
    register_customer,
    restore_customers,
    save_customer_group,
    save_tag,
)
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope


def register(scope, **values):
    row = Customer(**{"last_name": "Jäger", **values})
    return Customer.objects.get(pk=register_customer(customer=row, actor=scope).pk)


def codes(caught):
    return {error.code for errors in caught.value.error_dict.values() for error in errors}


def _save_group(scope):
    return save_customer_group(group=CustomerGroup(name="A"), actor=scope)


def without(scope, *rights):
    return Scope(user=scope.user, location=scope.location, rights=scope.rights - set(rights))


def test_customer_registered_in_hamburg_is_there_for_the_whole_group_and_nobody_else(cast):
    made = register(cast.scope("bodo", "Hamburg"))
    assert (made.base, made.home_location.name) == (cast.location("Bremen").base, "Hamburg")
    for place in ("Zentrale", "Hamburg", "Bremen", "Flensburg"):
        assert made in Customer.objects.in_base(cast.location(place).base)
    for place, account in (("Lübeck", 10400), ("Zentrale", 20800), ("Dresden", 30100)):
        assert made not in Customer.objects.in_base(cast.location(place, account).base)


def test_place_comes_from_the_scope_whatever_the_object_says(cast):
    munich = cast.location("München", 20800)
    made = register(
        cast.scope("bodo", "Hamburg"), organization=munich.organization, base=munich.base, home_location=munich
    )
    assert (made.base, made.organization, made.home_location) == (
        cast.location("Hamburg").base,
        cast.organization(),
        cast.location("Hamburg"),
    )


@pytest.mark.parametrize(
    ("right", "attempt"),
    [
        (Right.ADD_CUSTOMERS, lambda made, scope: register_customer(customer=Customer(last_name="B"), actor=scope)),
        (Right.CHANGE_CUSTOMERS, lambda made, scope: change_customer(customer=made, actor=scope)),
        (Right.ARCHIVE_CUSTOMERS, lambda made, scope: archive_customers(customers=[made.pk], reason="x", actor=scope)),
        (Right.ARCHIVE_CUSTOMERS, lambda made, scope: restore_customers(customers=[made.pk], actor=scope)),
        (Right.MANAGE_CUSTOMER_GROUPS, lambda made, scope: save_tag(tag=Tag(name="A"), actor=scope)),
        (Right.MANAGE_CUSTOMER_GROUPS, lambda made, scope: _save_group(scope)),
    ],
)  # fmt: skip
def test_operation_without_its_right_is_refused_by_name(cast, right, attempt):
    anna = cast.scope("anna", "Hamburg")
    made = register(anna)
    with pytest.raises(MissingRight) as caught:
        attempt(made, without(anna, right))
    assert caught.value.right == right
    attempt(made, anna)


def test_customer_of_another_base_can_be_neither_changed_nor_archived(cast):
    made = register(cast.scope("bodo", "Hamburg"))
    for stranger in (cast.scope("sven", "Zentrale", 20800), cast.system("Lübeck")):
        with pytest.raises(Customer.DoesNotExist):
            change_customer(customer=made, actor=stranger)
        assert archive_customers(customers=[made.pk], reason="weg", actor=stranger) == 0
    made.refresh_from_db()
    assert not made.is_archived


def test_change_keeps_what_is_not_for_changing(cast):
    anna = cast.scope("anna", "Hamburg")
    made = register(anna)
    number, munich = made.customer_number, cast.location("München", 20800)
    made.customer_number, made.base, made.home_location, made.city = 9_999_999, munich.base, munich, "Kiel"
    made.archived_reason = "heimlich"
    change_customer(customer=made, actor=anna)
    stored = Customer.objects.get(pk=made.pk)
    assert (stored.customer_number, stored.base, str(stored.home_location), stored.city, stored.archived_reason) == (
        number,
        anna.base,
        "Hamburg",
        "Kiel",
        "",
    )


def test_change_of_what_somebody_else_changed_meanwhile_is_refused(cast):
    anna = cast.scope("anna", "Hamburg")
    first, second = register(anna), Customer.objects.get()
    seen = first.changed_at
    first.city = "Kiel"
    change_customer(customer=first, seen_at=seen, actor=anna)
    second.city = "Husum"
    with pytest.raises(CustomerChangedMeanwhile) as caught:
        change_customer(customer=second, seen_at=seen, actor=anna)
    assert caught.value.code == "changed_meanwhile"
    assert Customer.objects.get().city == "Kiel"
    first.city = "Bremen"
    change_customer(customer=first, seen_at=first.changed_at, actor=anna)


@pytest.mark.parametrize(("reason", "code"), [("", "no_reason"), ("   ", "no_reason"), ("x" * 201, "reason_too_long")])
def test_archiving_needs_a_reason_that_fits(cast, reason, code):
    anna = cast.scope("anna", "Hamburg")
    made = register(anna)
    with pytest.raises(ValidationError) as caught:
        archive_customers(customers=[made.pk], reason=reason, actor=anna)
    assert caught.value.code == code


def test_archived_customer_is_restored_as_it_was(cast):
    anna = cast.scope("anna", "Hamburg")
    made = register(anna, city="Kiel")
    assert archive_customers(customers=[made.pk], reason=" doppelt ", actor=anna) == 1
    assert archive_customers(customers=[made.pk], reason="noch einmal", actor=anna) == 0
    assert [(c.archived_reason, c.is_archived) for c in Customer.objects.archived()] == [("doppelt", True)]
    assert restore_customers(customers=[made.pk], actor=anna) == 1
    assert [(c.city, c.archived_at, c.archived_reason) for c in Customer.objects.active()] == [("Kiel", None, "")]


def test_unknown_tag_is_refused_with_its_name(cast):
    anna = cast.scope("anna", "Hamburg")
    with pytest.raises(ValidationError) as caught:
        register(anna, tags=["Stammgast"])
    assert codes(caught) == {"unknown_tag"}
    assert "Stammgast" in str(caught.value)
    save_tag(tag=Tag(name="Stammgast"), actor=anna)
    assert register(anna, tags=["Stammgast", "Stammgast"]).tags == ["Stammgast"]


def test_renamed_tag_is_renamed_at_its_customers_and_returned(cast):
    anna = cast.scope("anna", "Hamburg")
    tag = save_tag(tag=Tag(name="Alt"), actor=anna)
    made = register(anna, tags=["Alt"])
    tag.name = "Neu"
    renamed = save_tag(tag=tag, actor=anna)
    made.refresh_from_db()
    assert (made.tags, [t.pk for t in Tag.objects.all()]) == (["Neu"], [renamed.pk])


def test_tag_is_not_renamed_into_one_that_is_there(cast):
    anna = cast.scope("anna", "Hamburg")
    save_tag(tag=Tag(name="A"), actor=anna)
    tag = save_tag(tag=Tag(name="B"), actor=anna)
    tag.name = "A"
    with pytest.raises(ValidationError) as caught:
        save_tag(tag=tag, actor=anna)
    assert codes(caught) == {"tag_name_unique"}


def test_group_and_tag_of_another_base_are_not_there(cast):
    sven = cast.scope("sven", "Zentrale", 20800)
    group = save_customer_group(group=CustomerGroup(name="Stamm"), actor=cast.scope("anna", "Hamburg"))
    tag = save_tag(tag=Tag(name="A"), actor=cast.scope("anna", "Hamburg"))
    with pytest.raises(CustomerGroup.DoesNotExist):
        save_customer_group(group=group, actor=sven)
    with pytest.raises(Tag.DoesNotExist):
        save_tag(tag=tag, actor=sven)
    with pytest.raises(ValidationError) as caught:
        register(sven, customer_group=group)
    assert codes(caught) == {"foreign_row"}


@pytest.mark.django_db(transaction=True)
def test_tag_that_is_being_taken_into_use_cannot_go_meanwhile(cast):
    """One transaction gives the tag to a customer and has not ended yet; the deletion waits for it, and is refused."""
    anna = cast.scope("anna", "Hamburg")
    tag = save_tag(tag=Tag(name="A"), actor=anna)
    outcome: list[BaseException | None] = []

    def delete() -> None:
        try:
            Tag.objects.get(pk=tag.pk).delete()
            outcome.append(None)
        except DatabaseError as refused:
            outcome.append(refused)
        finally:
            connection.close()

    thread = threading.Thread(target=delete)
    with transaction.atomic():
        register(anna, tags=["A"])
        thread.start()
        thread.join(timeout=1)
        assert thread.is_alive()
    thread.join()
    assert "is in use" in str(outcome[0])
    assert Tag.objects.filter(pk=tag.pk).exists()
