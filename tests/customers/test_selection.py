"""Whom an address of the list means: never more than it says."""

from __future__ import annotations

import pytest
from django.contrib.admin.exceptions import DisallowedModelAdminLookup

from customers.selection.selecting import Selection, select
from tests.customers.people import customer

LIST = "/10400/2/customers/customer/"


@pytest.mark.parametrize(
    "query", ["id=", "id=x", "id=-1", "id=1234567890123456789", "id=x&q=Meier", "iban__startswith=DE"]
)
def test_what_names_nobody_does_not_mean_everybody(cast, log_in, query):
    scope = cast.scope("anna", "Hamburg")
    customer(scope, last_name="Meier")
    with pytest.raises(DisallowedModelAdminLookup):
        select(scope, query)
    anna = log_in("anna")
    for page in ("export/", "bulk/archive/"):
        assert anna.get(f"{LIST}{page}?{query}").status_code == 400


@pytest.mark.parametrize("words", ["%00", "12%00", "%00Meier", "Meier%00"])
def test_words_with_a_nul_byte_are_searched_without_it(cast, log_in, words):
    scope = cast.scope("anna", "Hamburg")
    customer(scope, last_name="Meier")
    anna = log_in("anna")
    for page in ("", "export/", "bulk/archive/", "find/"):
        assert anna.get(f"{LIST}{page}?q={words}").status_code in {200, 302}, page


def test_ids_mean_these_alone_whatever_else_is_said(cast):
    scope = cast.scope("anna", "Hamburg")
    one, _other = customer(scope, last_name="Meier"), customer(scope, last_name="Meier")
    assert Selection.of_query(f"id={one.pk}&id=x&q=Meier") == Selection(ids=(one.pk,))
    assert list(select(scope, f"id={one.pk}&q=Meier").customers) == [one]
