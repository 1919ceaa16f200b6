"""Messages that name a thing link it, and escape what it is called."""

from html import unescape

import pytest
from django.contrib.messages import get_messages
from hypothesis import given
from hypothesis import strategies as st

from customers.models import ConsentPurpose, Customer, CustomerGroup, Tag
from locations.permissions import Right
from mcp.console.linked_messages import link, said
from mcp.isolation.grants import add_grants
from mcp.models import User, UserGroup
from tests.customers.people import BREMEN, HAMBURG, LIST, customer, form_data, group, purpose, tag

EVIL = "<img src=x>&%(row)s"


def messages_of(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def shown(client, response):
    """The page to which a saved form leads."""
    return client.get(response["Location"]).content.decode()


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_that_a_thing_is_called_becomes_markup(name, address):
    sentence = said("%(row)s is saved & done.", row=link(name, address or "/x/"))
    assert sentence.count("<") == 2
    assert unescape(sentence.split(">")[1].split("<")[0]) == name
    assert sentence.endswith("</a> is saved &amp; done.")
    assert "<" not in said("%(row)s", row=link(name, ""))


def test_registered_and_changed_customer_is_linked(cast, log_in):
    bodo = log_in("bodo")
    response = bodo.post(f"{HAMBURG}{LIST}add/", {"last_name": EVIL})
    row = Customer.objects.get(last_name=EVIL)
    address = f'<a href="{HAMBURG}{LIST}{row.pk}/change/">&lt;img src=x&gt;&amp;%(row)s ({row.customer_number})</a>'
    assert messages_of(response) == [f"{address} ist erfasst."] or address in messages_of(response)[0]
    page = shown(bodo, response)
    assert address in page
    assert EVIL not in page
    page = bodo.get(f"{HAMBURG}{LIST}{row.pk}/change/")
    response = bodo.post(f"{HAMBURG}{LIST}{row.pk}/change/", form_data(page, city="Kiel"))
    assert address in shown(bodo, response)


def test_whoever_may_not_view_customers_gets_no_link(cast, log_in):
    only_add = UserGroup.objects.create(organization=cast.organization(), name="Nur erfassen")
    add_grants(only_add, [(Right.ADD_CUSTOMERS, cast.location("Hamburg").pk)])
    person = User.objects.create(organization=cast.organization(), username="neu")
    person.memberships.create(organization=cast.organization(), group=only_add)
    neu = log_in("neu")
    page = shown(neu, neu.post(f"{HAMBURG}{LIST}add/", {"last_name": "Meier"}))
    assert "Meier (" in page
    assert f"{HAMBURG}{LIST}" not in page.split("Meier (")[0].rsplit("<li", 1)[1]


@pytest.mark.parametrize(("model", "make"), [(CustomerGroup, group), (Tag, tag), (ConsentPurpose, purpose)])
def test_group_tag_and_purpose_are_linked(cast, log_in, model, make):
    anna = log_in("anna")
    made = make(cast.scope("anna", "Hamburg"), "vip")
    name = model._meta.model_name
    page = anna.get(f"{HAMBURG}/customers/{name}/{made.pk}/change/")
    response = anna.post(
        f"{HAMBURG}/customers/{name}/{made.pk}/change/", form_data(page, name="Neu & fein", discount="0")
    )
    row = model.objects.get(name="Neu & fein")
    assert f'<a href="{HAMBURG}/customers/{name}/{row.pk}/change/">Neu &amp; fein' in shown(anna, response)


def test_what_is_deleted_is_not_linked(cast, log_in):
    anna = log_in("anna")
    row = group(cast.scope("anna", "Hamburg"), "VIP & Co")
    response = anna.post(f"{HAMBURG}/customers/customergroup/{row.pk}/delete/")
    assert not CustomerGroup.objects.filter(pk=row.pk).exists()
    assert "href" not in messages_of(response)[0]


def test_person_and_location_are_linked(cast, log_in):
    anna = log_in("anna")
    page = anna.post("/10400/1/mcp/user/add/", {"username": "emil", "first_name": "E<b>", "language": "de"})
    emil = User.objects.get(username="emil")
    assert f'<a href="/10400/1/mcp/user/{emil.pk}/change/">E&lt;b&gt;</a>' in page.content.decode()
    kiel = cast.location("Kiel")
    response = anna.post(f"/10400/1/locations/location/{kiel.pk}/close/")
    assert f'<a href="/10400/1/locations/location/{kiel.pk}/change/">Kiel</a>' in shown(anna, response)


def test_link_leads_to_the_location_where_it_was_saved(cast, log_in):
    row = customer(cast.scope("anna", "Hamburg"), last_name="Meier")
    bodo = log_in("bodo")
    page = bodo.get(f"{BREMEN}{LIST}{row.pk}/change/")
    response = bodo.post(f"{BREMEN}{LIST}{row.pk}/change/", form_data(page, city="Kiel"))
    assert f'<a href="{BREMEN}{LIST}{row.pk}/change/">' in shown(bodo, response)
