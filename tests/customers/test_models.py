"""Each rule of the customer master: refused by the database on every path, and said in a sentence with a code."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import translation

from customers.models import Customer, CustomerGroup, Tag
from tests.locations.refusals import check_now, refused_by, run, sentences

BELOW = 3_999_999
"""A customer number in the central's range."""


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def customer(cast, **changes):
    central = cast.location("Zentrale")
    values = {
        "organization": central.organization,
        "base": central.base,
        "home_location": central,
        "customer_number": BELOW,
        "last_name": "Jäger",
    }
    return Customer(**{**values, **changes})


def foreign_group(cast):
    return CustomerGroup.objects.create(base=cast.location("Lübeck").base, name="Fremd")


BROKEN: dict[str, Callable[[Any], dict[str, Any]]] = {
    "customer_number_range": lambda cast: {"customer_number": 10_000_000, "home_location": None},
    "customer_has_name": lambda cast: {"last_name": ""},
    "customer_discount_range": lambda cast: {"discount": 101},
    "customer_price_level_range": lambda cast: {"price_level": 100},
    "customer_credit_limit_positive": lambda cast: {"credit_limit": -1},
    "customer_country_iso": lambda cast: {"country": "de"},
    "customer_payment_method_known": lambda cast: {"payment_method": "shells"},
    "customer_archived_reason_when_archived": lambda cast: {"archived_reason": "doppelt"},
    "customer_blocked_reason_when_blocked": lambda cast: {"blocked_reason": "zahlt nicht"},
    "customer_base_of_organization": lambda cast: {"base": cast.location("München", 20800).base, "home_location": None},
    "customer_group_in_base": lambda cast: {"customer_group": foreign_group(cast)},
    "customer_home_of_organization": lambda cast: {"home_location": cast.location("München", 20800)},
}
BY_THE_FIELD = {
    "customer_discount_range": "max_value",
    "customer_credit_limit_positive": "min_value",
    "customer_payment_method_known": "invalid_choice",
    "customer_base_of_organization": "foreign_row",
    "customer_group_in_base": "foreign_row",
    "customer_home_of_organization": "foreign_row",
}


@pytest.mark.parametrize("rule", BROKEN)
def test_customer_that_breaks_a_rule_is_refused_by_the_database(cast, rule):
    with refused_by(rule):
        Customer.objects.bulk_create([customer(cast, **BROKEN[rule](cast))])


@pytest.mark.parametrize("rule", BROKEN)
def test_customer_that_breaks_a_rule_is_told_why(cast, rule):
    assert sentences(customer(cast, **BROKEN[rule](cast)))[BY_THE_FIELD.get(rule, rule)]


def test_customer_number_is_unique_in_its_base_only(cast):
    customer(cast).save()
    with refused_by("customer_number_unique"):
        customer(cast, last_name="Zweite").save()
    assert "customer_number_unique" in sentences(customer(cast, last_name="Zweite"))
    luebeck, munich = cast.location("Lübeck"), cast.location("München", 20800)
    for place in (luebeck, munich):
        customer(cast, organization=place.organization, base=place.base, home_location=None).save()
    assert Customer.objects.filter(customer_number=BELOW).count() == 3


def test_number_outside_the_range_of_the_home_location_is_refused_on_every_path(cast):
    hamburg = cast.location("Hamburg")
    with refused_by("customer_number_in_range"):
        customer(cast, home_location=hamburg).save()
    with refused_by("customer_number_in_range"):
        Customer.objects.bulk_create([customer(cast), customer(cast, home_location=hamburg, customer_number=1)])
    customer(cast, home_location=None, customer_number=5_000_001).save()


def test_home_of_a_customer_is_none_by_whose_numbers_he_is_not_known(cast):
    made, hamburg = customer(cast), cast.location("Hamburg")
    made.save()
    with refused_by("customer_number_in_range"):
        Customer.objects.filter(pk=made.pk).update(home_location=hamburg)
    for home in (None, made.home_location):
        assert Customer.objects.filter(pk=made.pk).update(home_location=home) == 1


def test_refusal_of_a_number_names_the_range(cast):
    hamburg = cast.location("Hamburg")
    sentence = r"3999999 is outside the number range of Hamburg \(5000000 to 5009999\)"
    with pytest.raises(IntegrityError, match=sentence), transaction.atomic():
        customer(cast, home_location=hamburg).save()


@pytest.mark.parametrize(
    "changes",
    [
        {"first_name": "Ŋuyễn Thị", "last_name": ""},
        {"last_name": "", "company": "Bäckerei GmbH"},
        {"last_name": "", "alias": "Der Mittwochsgast"},
        {"first_name": "María-José", "last_name": "Carreño Quiñones"},
        {"first_name": "İsmail", "last_name": "Işık", "birthday": date(1990, 2, 28)},
        {"last_name": "王小明"},
    ],
)
def test_names_from_everywhere_are_kept_as_they_are(cast, changes):
    made = customer(cast, **changes)
    made.full_clean()
    made.save()
    stored = Customer.objects.get(customer_number=BELOW)
    assert {name: getattr(stored, name) for name in changes} == changes


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE customers_customer SET customer_number = 5",
        "UPDATE customers_customer SET base_id = base_id + 1",
        "UPDATE customers_customer SET organization_id = organization_id + 1",
        "UPDATE customers_customer SET id = id + 1000",
    ],
)
def test_number_and_base_never_change(cast, sql):
    customer(cast).save()
    with refused_by("customer_number_and_base_stay"):
        run(sql)


def test_customer_cannot_be_deleted_by_any_path(cast):
    made = customer(cast)
    made.save()
    for attempt in (
        made.delete,
        Customer.objects.all().delete,
        lambda: run("DELETE FROM customers_customer"),
    ):
        with pytest.raises(DatabaseError, match="is archived, not deleted"), transaction.atomic():
            attempt()
    assert Customer.objects.count() == 1


def test_time_of_change_is_written_by_the_database_alone(cast):
    made = customer(cast)
    made.save()
    made.refresh_from_db()
    created, changed = made.created_at, made.changed_at
    Customer.objects.update(city="Kiel", changed_at="1999-01-01T00:00Z", created_at="1999-01-01T00:00Z")
    made.refresh_from_db()
    assert (made.city, made.created_at) == ("Kiel", created)
    assert made.changed_at > changed


def test_unknown_tag_is_refused_on_every_path(cast):
    Tag.objects.create(base=cast.location("Zentrale").base, name="Stammgast")
    Tag.objects.create(base=cast.location("Lübeck").base, name="Fremd")
    customer(cast, tags=["Stammgast"]).save()
    with refused_by("customer_tags_known"):
        customer(cast, customer_number=1, tags=["Stammgast", "Neu"]).save()
    with refused_by("customer_tags_known"):
        Customer.objects.update(tags=["Fremd"])


def test_tag_in_use_stays_and_an_unused_one_goes(cast):
    base = cast.location("Zentrale").base
    used, unused = (Tag.objects.create(base=base, name=name) for name in ("Benutzt", "Unbenutzt"))
    customer(cast, tags=["Benutzt"]).save()
    with refused_by("tag_in_use"):
        used.delete()
    with refused_by("tag_in_use"):
        Tag.objects.filter(pk=used.pk).update(name="Umbenannt")
    Tag.objects.filter(pk=unused.pk).update(name="Anders")
    unused.delete()
    assert [tag.name for tag in Tag.objects.in_base(base)] == ["Benutzt"]


def test_tag_cannot_leave_its_base(cast):
    Tag.objects.create(base=cast.location("Zentrale").base, name="A")
    with refused_by("customers_tag_immutable"):
        Tag.objects.update(base=cast.location("Lübeck").base)


@pytest.mark.parametrize(
    ("values", "rule", "code"),
    [
        ({"name": "STAMM"}, "customergroup_name_unique", "customergroup_name_unique"),
        ({"name": ""}, "customergroup_has_name", "blank"),
        ({"discount": -1}, "customergroup_discount_range", "min_value"),
        ({"price_level": 100}, "customergroup_price_level_range", "customergroup_price_level_range"),
    ],
)
def test_customer_group_that_breaks_a_rule_is_refused_and_told_why(cast, values, rule, code):
    base = cast.location("Zentrale").base
    CustomerGroup.objects.create(base=base, name="Stamm")
    group = CustomerGroup(**{"base": base, "name": "Neu", **values})
    with refused_by(rule):
        CustomerGroup.objects.bulk_create([group])
    assert code in sentences(group)


@pytest.mark.parametrize(
    ("name", "rule", "code"), [("", "tag_has_name", "blank"), ("A", "tag_name_unique", "tag_name_unique")]
)
def test_tag_that_breaks_a_rule_is_refused_and_told_why(cast, name, rule, code):
    base = cast.location("Zentrale").base
    Tag.objects.create(base=base, name="A")
    with refused_by(rule):
        Tag.objects.bulk_create([Tag(base=base, name=name)])
    assert code in sentences(Tag(base=base, name=name))


def test_customer_group_in_use_cannot_be_deleted(cast):
    group = CustomerGroup.objects.create(base=cast.location("Zentrale").base, name="Stamm")
    customer(cast, customer_group=group).save()
    with pytest.raises(ProtectedError):
        group.delete()
    with refused_by("customer_group_in_base"):
        run("DELETE FROM customers_customergroup")


def test_customer_cannot_take_the_group_of_another_base_later(cast):
    customer(cast).save()
    with refused_by("customer_group_in_base"):
        Customer.objects.update(customer_group=foreign_group(cast))
        check_now()


def test_equal_numbers_of_two_bases_are_told_apart(cast):
    for name in ("Lübeck", "Hamburg"):
        place = cast.location(name)
        customer(cast, base=place.base, home_location=None, customer_number=77, last_name=name).save()
    assert [Customer.objects.in_base(cast.location(name).base).get().last_name for name in ("Lübeck", "Hamburg")] == [
        "Lübeck",
        "Hamburg",
    ]
