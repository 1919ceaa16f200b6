"""The numbers of customers that the database keeps equal what counting would give: of a base, of each location, of each
customer group.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from uuid import UUID

import pghistory
import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.choices import UploadState
from customers.figures.counts import compact_counts, crowded_bases
from customers.models import Customer, CustomerCount, CustomerGroup, CustomerGroupCount, ImportUpload
from customers.operations import register_customer
from customers.querysets import CustomerQuerySet
from customers.removal import delete_customer_group
from locations.models import CustomerBase, Location
from tests.customers.transfer import table, take_in, undone
from tests.proofs.sampling import examples
from tests.states import in_state

Figures = dict[tuple[str, int | None, bool], int]


def counted(base: CustomerBase) -> Figures:
    """For each location and each group, and for none, how many are not and how many are archived; by a plain rule."""
    found: Counter[tuple[str, int | None, bool]] = Counter()
    for customer in Customer.objects.in_base(base):
        found["home", customer.home_location_id, customer.is_archived] += 1
        found["group", customer.customer_group_id, customer.is_archived] += 1
    return dict(found)


def kept(base: CustomerBase) -> Figures:
    found: Counter[tuple[str, int | None, bool]] = Counter()
    for home in CustomerCount.objects.in_base(base):
        found["home", home.home_location_id, False] += home.active
        found["home", home.home_location_id, True] += home.archived
    for group in CustomerGroupCount.objects.in_base(base):
        found["group", group.customer_group_id, False] += group.active
        found["group", group.customer_group_id, True] += group.archived
    return {key: number for key, number in found.items() if number}


def assert_exact(base: CustomerBase) -> None:
    """The kept rows, and what is read from them."""
    assert kept(base) == counted(base)
    customers, counts = Customer.objects.in_base(base), CustomerCount.objects.in_base(base)
    totals = (customers.active().count(), customers.archived().count())
    assert counts.totals() == totals
    for place in base.organization.locations.all():
        here = customers.filter(home_location=place).count()
        assert counts.with_registered_at(place) == (*totals, here)
    groups = {key: number for key, number in CustomerGroupCount.objects.in_base(base).active().items() if number}
    assert groups == Counter(customers.active().values_list("customer_group", flat=True))


def step(kind: str, place: Location, size: int, number: int) -> None:
    customers = Customer.objects.in_base(place.base)
    some = customers.filter(pk__in=list(customers.order_by("pk").values_list("pk", flat=True)[:size]))
    if kind.startswith("insert"):
        insert(place, size, number, is_here=kind == "insert", is_archived=kind == "insert archived")
    elif kind.startswith("move"):
        move(some, kind, place, number // 10 + size)
    elif kind == "compact":
        compact_counts([place.base.pk] if size % 2 else None)
    else:
        CHANGES[kind](some)


def move(some: CustomerQuerySet, kind: str, place: Location, turn: int) -> None:
    """To the location by whose numbers they are known, or to another group, in turns, and to none."""
    targets: list[Location | CustomerGroup | None]
    if kind == "move home":
        field, targets = "home_location", [place, None]
    else:
        field, targets = "customer_group", [*CustomerGroup.objects.in_base(place.base).order_by("pk"), None]
    some.update(**{field: targets[turn % len(targets)]})


def touch(some: CustomerQuerySet) -> None:
    rows = list(some)
    for row in rows:
        row.city = "Kiel"
    Customer.objects.bulk_update(rows, ["city"])


def take_back(some: CustomerQuerySet) -> None:
    """Delete by one statement, as undoing an import does (see `importing`)."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM customers_customer WHERE id = ANY(%s)", [[customer.pk for customer in some]])


def swap(some: CustomerQuerySet) -> None:
    """In both directions in one statement, of all bases."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer SET archived_at = CASE WHEN archived_at IS NULL THEN now() END "
            "WHERE id %% 2 = %s",
            [some.count() % 2],
        )


CHANGES: dict[str, Callable[[CustomerQuerySet], object]] = {
    "archive": lambda some: some.update(archived_at=timezone.now()),
    "restore": lambda some: some.update(archived_at=None),
    "touch": touch,
    "take back": take_back,
    "swap": swap,
}
INSERTS = ["insert", "insert archived", "insert elsewhere"]
KINDS = [*INSERTS, *INSERTS, *CHANGES, "move home", "move group", "compact"]
STEPS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.sampled_from(["Zentrale", "Lübeck"]), st.integers(1, 7)), max_size=14
)


def insert(place: Location, size: int, number: int, *, is_here: bool = False, is_archived: bool = False) -> None:
    """Customers registered at the location, or at none."""
    groups = [None, *CustomerGroup.objects.in_base(place.base).order_by("pk")]
    Customer.objects.bulk_create(
        Customer(
            organization=place.organization, base=place.base, last_name="Muster",
            customer_number=place.number_range.lower + number + n, home_location=place if is_here else None,
            customer_group=groups[n % len(groups)], archived_at=timezone.now() if is_archived else None,
        )
        for n in range(size)
    )  # fmt: skip


def importing(place: Location, context: UUID) -> None:
    """What is written in this context was brought by a file whose import is being undone: the database lets it go."""
    in_state(
        ImportUpload, organization=place.organization, base=place.base, location=place, name="x.csv",
        state=UploadState.UNDOING, context=context,
    )  # fmt: skip


@given(steps=STEPS)
@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_kept_numbers_equal_counted_ones_after_any_sequence_of_changes(cast, steps):
    with transaction.atomic(), pghistory.context() as context:
        places = {name: cast.location(name) for name in ("Zentrale", "Lübeck")}
        for place in places.values():
            importing(place, context.id)
            CustomerGroup.objects.bulk_create(CustomerGroup(base=place.base, name=name) for name in "AB")
        for index, (kind, name, size) in enumerate(steps):
            step(kind, places[name], size, 10 * index)
            for place in places.values():
                assert kept(place.base) == counted(place.base)
        for place in places.values():
            assert_exact(place.base)
        compact_counts()
        for place in places.values():
            assert_exact(place.base)
        assert crowded_bases() == []
        transaction.set_rollback(True)


def test_insert_that_becomes_an_update_counts_once(cast):
    central = cast.location("Zentrale")
    insert(central, 3, 0, is_here=True)
    Customer.objects.bulk_create(
        [
            Customer(organization=central.organization, base=central.base, customer_number=n, last_name="Neu")
            for n in (central.number_range.lower + 2, central.number_range.lower + 3)
        ],
        update_conflicts=True,
        unique_fields=["base", "customer_number"],
        update_fields=["last_name"],
    )
    assert CustomerCount.objects.in_base(central.base).totals() == (4, 0)
    assert_exact(central.base)


def test_base_without_customers_counts_nothing(cast):
    dresden = cast.location("Dresden", 30100)
    counts = CustomerCount.objects.in_base(dresden.base)
    assert (counts.totals(), counts.with_registered_at(dresden)) == ((0, 0), (0, 0, 0))
    assert CustomerGroupCount.objects.in_base(dresden.base).active() == {}


def test_customers_of_an_undone_import_are_counted_nowhere(cast):
    anna = cast.scope("anna", "Hamburg")
    register_customer(customer=Customer(last_name="Meier"), actor=anna)
    before = kept(anna.base)
    done = take_in(anna, table(["Nachname", "Kundengruppe"], ["Ahlers", "Vereine"], ["Behn", ""]))
    assert CustomerCount.objects.in_base(anna.base).with_registered_at(anna.location) == (3, 0, 3)
    assert_exact(anna.base)
    undone(done.upload, anna)
    assert kept(anna.base) == before == counted(anna.base)


def test_compaction_leaves_one_row_each_and_none_of_what_comes_to_nothing(cast):
    places = [cast.location(name) for name in ("Zentrale", "Hamburg", "Bremen")]
    base = places[0].base
    for number, place in enumerate(places):
        insert(place, number or 1, 10 * number, is_here=True)
        insert(place, 1, 10 * number + 5)
    insert(places[1], 1, 16, is_here=True)
    Customer.objects.filter(home_location=places[2]).update(home_location=None)
    lone = CustomerCount.objects.get(home_location=places[0])
    assert compact_counts() == 1
    rows = CustomerCount.objects.in_base(base).order_by("home_location")
    assert [(row.home_location, row.active) for row in rows] == [(places[0], 1), (places[1], 2), (None, 5)]
    assert rows.get(home_location=places[0]).pk == lone.pk  # what has one row is left as it is
    assert_exact(base)
    assert compact_counts() == 0


def test_group_that_nobody_has_any_more_is_deleted_with_its_count(cast):
    anna = cast.scope("anna", "Hamburg")
    group = CustomerGroup.objects.create(base=anna.base, name="Vereine")
    customer = register_customer(customer=Customer(last_name="Meier", customer_group=group), actor=anna)
    Customer.objects.filter(pk=customer.pk).update(customer_group=None)
    delete_customer_group(group=group, actor=anna)
    assert_exact(anna.base)
    compact_counts()
    assert [row.customer_group_id for row in CustomerGroupCount.objects.in_base(anna.base)] == [None]
