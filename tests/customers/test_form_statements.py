"""How many questions it takes to open a customer's form and to save it, whatever the customer has."""

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.models import Customer
from customers.operations import change_customer
from locations.permissions import Right
from mcp.models import Restriction, SentForm, UserGroup
from tests.conftest import questions
from tests.customers.people import (
    LIST,
    bears,
    customer,
    form_data,
    group,
    page_of,
    person_without,
    purpose,
    says,
    tag,
)

CENTRAL, FLENSBURG = "/10400/1", "/10400/6"
TO_OPEN = {CENTRAL: 15, FLENSBURG: 17}
"""Session, person, scope (2), customer, former numbers, switch (2), whether there are accounts, cards, consents,
purposes, hand-overs, groups and tags; at a franchise whether somebody wants it to join another business, and
whether it bills on its own."""
TO_SAVE = 16
"""Session, person, scope (2); the sending; customer, former numbers, the chosen group, customer under a lock, the rules
of what was changed, the change, whether he is still in reach; where it led to; person, location and rights once more,
before it is kept."""
TOKEN = {"csrfmiddlewaretoken": "x" * 64}


@pytest.fixture
def guest(cast):
    scope = cast.scope("anna", "Zentrale")
    return customer(scope, last_name="Jäger", city="Kiel", customer_group=group(scope, "Stammgast"))


@pytest.fixture
def at_central(log_in):
    return log_in("anna"), CENTRAL


@pytest.fixture
def restricted(cast, log_in):
    """Somebody who sees no bank data anywhere, and no memos at Flensburg, because the franchisee takes that away."""
    person_without(Right.SEE_BANK_DATA)
    taken = {"group": UserGroup.objects.get(name="teilsicht"), "right": Right.SEE_MEMOS}
    Restriction.objects.create(location=cast.location("Flensburg"), organization=cast.organization(), **taken)
    return log_in("teilsicht"), FLENSBURG


@pytest.fixture(params=["at_central", "restricted"])
def somebody(request):
    return request.getfixturevalue(request.param)


def gains(cast, guest, count):
    """The customer has so many former numbers and statements, and his base so many tags and groups."""
    scope = cast.scope("anna", "Zentrale")
    bears(guest, *(f"A{number}" for number in range(count)))
    for number in range(count):
        tag(scope, f"T{number}"), group(scope, f"G{number}")
        purpose(scope, f"p{number}")
        says(scope, guest, f"p{number}", is_given=True)


@pytest.mark.parametrize("count", [1, 3])
def test_form_opens_with_few_questions(cast, guest, somebody, django_assert_num_queries, count):
    client, place = somebody
    gains(cast, guest, count)
    client.get(page_of(guest, place))
    with django_assert_num_queries(TO_OPEN[place]):
        assert client.get(page_of(guest, place)).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_form_is_saved_with_few_questions(cast, guest, somebody, django_assert_num_queries, count):
    client, place = somebody
    gains(cast, guest, count)
    typed = form_data(client.get(page_of(guest, place)), last_name="Jägerin", street="Neuer Weg 1", country="DE")
    with django_assert_num_queries(TO_SAVE):
        answer = client.post(page_of(guest, place), {**typed, **TOKEN})
    assert (answer.status_code, answer["Location"]) == (302, f"{place}{LIST}")
    assert SentForm.objects.get().led_to == f"{place}{LIST}"
    assert Customer.objects.get(pk=guest.pk).last_name == "Jägerin"


def test_what_no_rule_is_about_is_saved_without_asking_for_the_rules(guest, at_central, django_assert_num_queries):
    client, place = at_central
    typed = form_data(client.get(page_of(guest, place)), city="Husum", **TOKEN)
    with django_assert_num_queries(TO_SAVE - 1):
        client.post(page_of(guest, place), typed)
    assert Customer.objects.get(pk=guest.pk).city == "Husum"


def test_what_refers_to_other_rows_takes_some_more(cast, guest, at_central):
    client, place = at_central
    gains(cast, guest, 3)
    chosen = {"tags": ["T0", "T2"], "customer_group": guest.customer_group_id + 1, "former_numbers": "B1, B2"}
    typed = form_data(client.get(page_of(guest, place)), last_name="Neu", discount="5", **chosen, **TOKEN)
    with CaptureQueriesContext(connection) as captured:
        assert client.post(page_of(guest, place), typed).status_code == 302
    # A group and tags: whether they are of the base, by the form and by the operation; former numbers: out, in.
    assert len(questions(captured)) == 23
    saved = Customer.objects.get(pk=guest.pk)
    assert (saved.tags, saved.customer_group_id, saved.former_numbers) == (
        ["T0", "T2"], chosen["customer_group"], ["B1", "B2"],
    )  # fmt: skip


def test_history_is_told_once_who_acts(guest, at_central):
    client, place = at_central
    typed = form_data(client.get(page_of(guest, place)), city="Husum", **TOKEN)
    with CaptureQueriesContext(connection) as captured:
        client.post(page_of(guest, place), typed)
    assert sum("pghistory.context_id" in query["sql"] for query in captured.captured_queries) == 1
    context = guest.history.get(pgh_label="update").pgh_context.metadata
    assert (context["user_name"], context["location_name"]) == ("Anna Andresen", "Zentrale")


def test_foreign_group_is_refused_although_what_stayed_is_not_asked_again(cast, guest):
    foreign = group(cast.scope("sven", "München", 20800), "Geheim")
    guest.customer_group_id = foreign.pk
    with pytest.raises(ValidationError) as caught:
        change_customer(customer=guest, actor=cast.scope("anna", "Zentrale"))
    assert [error.code for errors in caught.value.error_dict.values() for error in errors] == ["foreign_row"]


def test_changed_customer_knows_when_he_was_changed(cast, guest):
    scope = cast.scope("anna", "Zentrale")
    guest.city = "Husum"
    change_customer(customer=guest, seen_at=guest.changed_at, actor=scope)
    guest.city = "Kiel"
    change_customer(customer=guest, seen_at=guest.changed_at, actor=scope)
    assert Customer.objects.get(pk=guest.pk).changed_at == guest.changed_at
