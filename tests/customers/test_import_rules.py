"""What an import refuses, and what it never does."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import CheckConstraint

from customers.imports.broken_rules import NOT_ABOUT_IMPORTS, broken_rules
from customers.models import Customer, CustomerGroup, NumberCounter, Tag
from customers.operations import register_customer
from customers.table.options import Reading
from customers.table.resources import CustomerResource, NoScope
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.people import customer
from tests.customers.transfer import northwind, reasons, state, table, take_in


def with_rights(scope: Scope, *rights: Right) -> Scope:
    return Scope(user=scope.user, location=scope.location, rights=frozenset(rights))


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def test_resource_without_scope_has_no_rows(cast, anna):
    register_customer(customer=Customer(last_name="Meier"), actor=anna)
    assert not CustomerResource().get_queryset().exists()
    with pytest.raises(NoScope):
        CustomerResource().demand(Right.EXPORT_CUSTOMERS)


def test_ways_of_the_library_around_the_scope_are_closed(anna):
    with pytest.raises(NoScope):
        CustomerResource(scope=anna).import_data(None)
    with pytest.raises(NoScope):
        CustomerResource(scope=anna).export()


def test_import_needs_its_right(anna):
    with pytest.raises(MissingRight):
        take_in(with_rights(anna, Right.ADD_CUSTOMERS, Right.CHANGE_CUSTOMERS), table(["Name"], ["Meier"]))


def test_new_rows_need_the_right_to_register_and_known_ones_to_change(anna):
    known = register_customer(customer=Customer(last_name="Meier"), actor=anna)
    content = table(["Kundennummer", "Name"], [known.customer_number, "Maier"], ["", "Neu"])
    importer = with_rights(anna, Right.IMPORT_CUSTOMERS, Right.CHANGE_CUSTOMERS)
    outcome = take_in(importer, content)
    assert (outcome.changed, reasons(outcome)) == (1, [(3, "", "", "missing_right")])
    importer = with_rights(anna, Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS)
    outcome = take_in(importer, content)
    assert (outcome.created, reasons(outcome)) == (1, [(2, "", "", "missing_right")])


def test_bad_values_are_named_with_row_column_value_and_reason(anna):
    content = table(
        ["Name", "Geburtsdatum", "IBAN", "Rabatt %", "Preisebene", "Kreditlimit"],
        ["Gut", "31.12.1990", "", "5", "3", "1.250,00"],
        ["Datum", "31.02.1990", "", "", "", ""],
        ["Bank", "", "DE00370400440532013000", "", "", ""],
        ["Rabatt", "", "", "101", "", ""],
        ["Ebene", "", "", "", "100", ""],
        ["Zwei", "", "", "", "", "1.250"],
        ["", "", "", "5", "", ""],
    )
    outcome = take_in(anna, content)
    assert outcome.counts() == {"read": 7, "created": 1, "changed": 0, "unchanged": 0, "rejected": 6}
    assert reasons(outcome) == [
        (3, "Geburtsdatum", "31.02.1990", "invalid_date"),
        (4, "IBAN", "DE00370400440532013000", "invalid_iban"),
        (5, "Rabatt %", "101", "max_value"),
        (6, "Preisebene", "100", "customer_price_level_range"),
        (7, "Kreditlimit", "1.250", "ambiguous_decimal"),
        (8, "", "", "customer_has_name"),
    ]
    assert all(one.reason for one in outcome.rejections)


def test_decimal_separator_of_the_file_can_be_named(anna):
    content = table(["Name", "Kreditlimit"], ["Zwei", "1.250"])
    assert take_in(anna, content, reading=Reading(decimal_comma=True)).created == 1
    assert Customer.objects.in_base(anna.base).get().credit_limit == 1250


def test_number_outside_of_the_range_is_refused_with_the_range(cast):
    hamburg = cast.system("Hamburg")
    first, last = hamburg.location.first_number, hamburg.location.last_number
    outcome = take_in(
        hamburg, table(["Kundennummer", "Name"], [first - 1, "Vor"], [last, "Letzter"], [last + 1, "Nach"])
    )
    assert (outcome.created, [one.row for one in outcome.rejections]) == (1, [2, 4])
    for rejection in outcome.rejections:
        assert rejection.code == "number_out_of_range"
        assert str(first) in rejection.reason
        assert str(last) in rejection.reason


def test_rows_without_number_get_the_next_ones_that_the_file_does_not_name(anna):
    first = anna.location.first_number
    outcome = take_in(
        anna, table(["Kundennummer", "Name"], ["", "A"], [first + 1, "B"], ["", "C"], [first, "D"], ["", "E"])
    )
    assert outcome.created == 5
    found = Customer.objects.in_base(anna.base).values_list("last_name", "customer_number")
    assert dict(found) == {"A": first + 2, "B": first + 1, "C": first + 3, "D": first, "E": first + 4}


def test_exhausted_range_undoes_everything(cast):
    hamburg = cast.system("Hamburg")
    last = hamburg.location.last_number
    NumberCounter.objects.create(organization=hamburg.organization, location=hamburg.location, next_number=last)
    rows = [[number, "Voll"] for number in range(hamburg.location.first_number, last)]
    with pytest.raises(ValidationError) as refusal:
        take_in(hamburg, table(["Kundennummer", "Name"], *rows, ["", "Passt"], ["", "Zu viel"]))
    assert refusal.value.code == "number_range_exhausted"
    assert not Customer.objects.in_base(hamburg.base).exists()


def test_same_file_again_changes_nothing(cast):
    scope = cast.scope("sven", "Zentrale", 20800)
    northwind(scope)
    before = state(scope)
    assert northwind(scope).counts() == {"read": 91, "created": 0, "changed": 0, "unchanged": 91, "rejected": 0}
    assert state(scope) == before


def test_codes_are_shown_as_words(anna):
    content = table(["Kundennummer", "Name", "Land", "Zahlungsart", "Telefon"], [1, "A", "DE", "card", "040 1000001"])
    [new] = take_in(anna, content, dry_run=True).new_customers
    assert [one.new for one in new.differences] == ["1", "A", "Germany", "Card", "+49 40 1000001"]


def test_only_changed_fields_are_shown(anna):
    customer = Customer(last_name="Meier", city="Kiel", phone_private="+49401000001")
    number = register_customer(customer=customer, actor=anna).customer_number
    outcome = take_in(
        anna,
        table(["Kundennummer", "Name", "Ort", "Telefon"], [number, "Meier", "Bremen", "040 1000001"]),
        dry_run=True,
    )
    [changed] = outcome.changed_customers
    assert [(one.label, one.old, one.new) for one in changed.differences] == [("City (Ort)", "Kiel", "Bremen")]
    assert Customer.objects.get(pk=customer.pk).city == "Kiel"


def test_row_about_a_customer_named_before_is_refused(anna):
    content = table(
        ["Kundennummer", "Frühere Kundennummer", "Name"], [7, "A7", "X"], [7, "", "Y"], ["", "A8", "Z"], ["", "A8", "Z"]
    )
    assert reasons(take_in(anna, content)) == [
        (3, "Kundennummer", "7", "duplicate_row"),
        (5, "Frühere Kundennummer", "A8", "duplicate_row"),
    ]


def test_former_number_of_several_customers_is_refused(anna):
    for name in ("Eins", "Zwei"):
        customer(anna, last_name=name, former_numbers=["A7"])
    outcome = take_in(anna, table(["Frühere Kundennummer", "Name"], ["A7", "Drei"]))
    assert reasons(outcome) == [(2, "Frühere Kundennummer", "A7", "ambiguous_key")]


def test_known_customer_found_by_former_number_keeps_his_number(anna):
    there = customer(anna, last_name="Meier", former_numbers=["A7"])
    outcome = take_in(anna, table(["Kundennummer", "Frühere Kundennummer", "Name"], ["", "A7", "Maier"]))
    assert outcome.changed == 1
    fresh = Customer.objects.get(pk=there.pk)
    assert (fresh.customer_number, fresh.last_name) == (there.customer_number, "Maier")


def test_groups_and_tags_are_created_where_the_right_is_held(anna):
    CustomerGroup.objects.create(base=anna.base, name="Gast")
    content = table(
        ["Name", "Kundengruppe", "Schlagwörter"], ["A", "GAST", "VIP"], ["B", "Firma", 'VIP, "Nüsse, Milch"']
    )
    assert take_in(anna, content).created == 2
    assert list(CustomerGroup.objects.in_base(anna.base).values_list("name", flat=True)) == ["Firma", "Gast"]
    assert list(Tag.objects.in_base(anna.base).values_list("name", flat=True)) == ["Nüsse, Milch", "VIP"]
    found = Customer.objects.in_base(anna.base).values_list("last_name", "customer_group__name", "tags")
    assert sorted(found) == [("A", "Gast", ["VIP"]), ("B", "Firma", ["Nüsse, Milch", "VIP"])]


def test_groups_and_tags_are_refused_without_the_right(anna):
    importer = with_rights(anna, Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS)
    outcome = take_in(importer, table(["Name", "Kundengruppe", "Schlagwörter"], ["A", "Firma", ""], ["B", "", "VIP"]))
    assert reasons(outcome) == [
        (2, "Kundengruppe", "Firma", "unknown_customer_group"),
        (3, "Schlagwörter", "VIP", "unknown_tag"),
    ]


def test_group_of_a_rejected_row_is_not_created(anna):
    take_in(anna, table(["Name", "Kundengruppe", "Geburtsdatum"], ["A", "Firma", "gestern"]))
    assert not CustomerGroup.objects.in_base(anna.base).exists()


def test_dry_run_writes_nothing(anna):
    outcome = take_in(anna, table(["Name", "Kundengruppe", "Schlagwörter"], ["A", "Firma", "VIP"]), dry_run=True)
    assert outcome.created == 1
    assert not Customer.objects.in_base(anna.base).exists()
    assert not CustomerGroup.objects.in_base(anna.base).exists()
    assert not NumberCounter.objects.filter(location=anna.location).exists()


def test_foreign_base_stays_untouched(cast, anna):
    stranger = cast.scope("sven", "Zentrale", 20800)
    foreign = register_customer(customer=Customer(customer_number=7, last_name="Fremd"), actor=stranger)
    before = state(stranger)
    outcome = take_in(anna, table(["Kundennummer", "Name"], [7, "Eigen"]))
    assert outcome.created == 1
    assert state(stranger) == before
    assert Customer.objects.get(pk=foreign.pk).last_name == "Fremd"


def test_columns_that_the_system_keeps_are_not_imported(anna):
    customer = register_customer(customer=Customer(last_name="Meier"), actor=anna)
    outcome = take_in(
        anna,
        table(
            ["Kundennummer", "Registriert in", "Angelegt am", "Archiviert am"],
            [customer.customer_number, "X", "Y", "Z"],
        ),
    )
    assert outcome.unchanged == 1


def test_answers_without_a_field_stand_in_the_memo(anna):
    content = table(
        ["Kundennummer", "Name", "Notiz", "Position", "Region"],
        [7, "A", "Fensterplatz", "Chef", "Nord"],
        [8, "B", "", "", "Süd"],
    )
    take_in(anna, content)
    found = Customer.objects.in_base(anna.base).order_by("customer_number").values_list("memo", flat=True)
    assert list(found) == ["Fensterplatz\n[Position: Chef]\n[Region: Nord]", "[Region: Süd]"]
    assert take_in(anna, content).unchanged == 2


def test_every_check_of_the_database_is_asked_before():
    checks = {constraint.name for constraint in Customer._meta.constraints if isinstance(constraint, CheckConstraint)}
    assert checks == {*broken_rules(), *NOT_ABOUT_IMPORTS}


def test_number_of_queries_does_not_grow_with_the_rows(anna, django_assert_num_queries):
    def content(count: int) -> bytes:
        return table(["Name", "Kundengruppe"], *[[f"Meier {n}", "Gast"] for n in range(count)])

    take_in(anna, content(1))
    counts = []
    for rows in (1, 300):
        before = len(connection.queries_log)
        connection.force_debug_cursor = True
        take_in(anna, content(rows))
        counts.append(len(connection.queries_log) - before)
    connection.force_debug_cursor = False
    assert counts[0] == counts[1]
