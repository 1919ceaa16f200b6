"""Each column of each table says whom it is about; one that is added later has to as well."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks
from django.db import connection, models
from django.test.utils import isolate_apps

from customers.models import Card, Customer
from locations.inventory import _table as table_of
from locations.inventory import check_personal, faults, tables
from locations.personal import About, Category, Erasure, Kept, personal, said
from mcp.models import User


def columns_of(model: Any) -> dict[str, tuple[About, Category, Erasure]]:
    return {one.name: (one.about, one.category, one.erasure) for one in table_of(model).columns}


def sentences(model: Any) -> list[str]:
    return [sentence.split(": ", 1)[1] for _model, sentence in faults([table_of(model)])]


def test_each_column_says_whom_it_is_about():
    assert [sentence for _model, sentence in faults()] == []


def test_django_asks_at_each_start():
    registered: set[Any] = {*checks.registry.registry.get_checks()}
    assert check_personal in registered
    assert check_personal() == []


def test_each_column_of_the_database_is_in_the_inventory(db):
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped
        """)
        stored = set(cursor.fetchall())
    assert {(table.name, one.column) for table in tables() for one in table.columns} == stored


@isolate_apps("customers")
def test_column_that_was_added_later_is_a_fault():
    @personal(of="customer", erased=Erasure.ROW_GOES, identity="nickname")
    class Later(models.Model):
        customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
        nickname = models.CharField(max_length=9)
        shoe_size = models.IntegerField()

        class Meta:
            app_label = "customers"

        def __str__(self) -> str:
            return self.nickname

    [(_model, sentence)] = faults([table_of(Later)])
    assert sentence == "customers.Later.shoe_size: say whom it is about (@personal)"


@isolate_apps("customers")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ({"technical": "name colour"}, ["@personal names colour, which is no column"]),
        ({"technical": "name", "keys": "name"}, ["@personal says name twice"]),
        ({"identity": "name"}, ["@personal names data of a person and not whose (of, bulk or is_of_staff)"]),
        (
            {"identity": "name", "bulk": "many"},
            ["@personal does not say what an erasure does with the row (erased)"],
        ),
        (
            {"identity": "name", "of": "owner__customer", "erased": Erasure.STAYS},
            ["@personal leads by owner__customer, which is no path of fields"],
        ),
        ({}, ["say whom it is about (@personal)"]),
    ],
)
def test_declaration_that_is_wrong_is_a_fault(words, expected):
    @personal(**words)
    class Thing(models.Model):
        name = models.CharField(max_length=9)

        class Meta:
            app_label = "customers"

        def __str__(self) -> str:
            return self.name

    assert sentences(Thing) == expected


@isolate_apps("customers")
def test_what_abstract_models_say_is_said_of_those_that_inherit():
    @personal(technical="state", identity="name", bulk="many", erased=Erasure.STAYS)
    class Base(models.Model):
        name = models.CharField(max_length=9)
        state = models.CharField(max_length=9)

        class Meta:
            abstract = True
            app_label = "customers"

        def __str__(self) -> str:
            return self.name

    @personal(keys="name", erased=Erasure.ROW_GOES)
    class Kind(Base):
        class Meta:
            app_label = "customers"

    assert columns_of(Kind) == {
        "id": (About.NOBODY, Category.KEYS, Erasure.ROW_GOES),
        "name": (About.NOBODY, Category.KEYS, Erasure.ROW_GOES),
        "state": (About.NOBODY, Category.TECHNICAL, Erasure.ROW_GOES),
    }


def test_history_says_what_its_table_says():
    now, then = columns_of(Customer), columns_of(Customer._meta.get_field("history").related_model)
    assert then["memo"] == now["memo"] == (About.CUSTOMER, Category.SPECIAL, Erasure.ROW_GOES)
    assert then["pgh_created_at"] == (About.NOBODY, Category.TECHNICAL, Erasure.ROW_GOES)
    paths = {table.name: table.of for table in tables()}
    assert paths["customers_customerevent"] == ("pgh_obj",)
    assert paths["customers_cardevent"] == paths["customers_card"] == ("customer",)


def test_keys_and_names_of_the_staff_need_no_word():
    card, user = columns_of(Card), columns_of(User)
    assert card["base"] == (About.NOBODY, Category.KEYS, Erasure.ROW_GOES)
    assert card["customer"] == (About.CUSTOMER, Category.IDENTITY, Erasure.ROW_GOES)
    assert user["email"] == (About.STAFF, Category.CONTACT, Erasure.STAYS)


def test_what_is_kept_says_for_how_long():
    with pytest.raises(ValueError, match="for how long"):
        said(erased=Erasure.KEPT)
    with pytest.raises(ValueError, match="for how long"):
        said(kept=Kept(law="§ 147 AO", years=8))
    with pytest.raises(ValueError, match="name the columns"):
        said(erased=Erasure.EMPTIED)
    with pytest.raises(ValueError, match="colour"):
        said(colour="name")
