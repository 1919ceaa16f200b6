"""Registering at the counter: the short form first, consents with how they were given, all of it in one transaction."""

import pytest
from django.core.exceptions import ValidationError

from customers.admin import counter
from customers.admin.customers import CustomerAdmin
from customers.choices import ASKED
from customers.consents import questions
from customers.models import Consent, ConsentPurpose, Customer
from locations.permissions import Right
from mcp.isolation import grants
from tests.customers.people import BREMEN, HAMBURG, LIST, SOUTH, customer, purpose

ADD = f"{HAMBURG}{LIST}add/"


@pytest.fixture
def bodo(log_in):
    return log_in("bodo")


def recorded():
    return list(Consent.objects.order_by("purpose").values_list("purpose", "is_given", "source", "recorded_by"))


def asked(page):
    return [question.name for question in page.context["questions"]]


def test_consents_are_recorded_with_the_customer_each_with_how_it_was_given(cast, bodo):
    newsletter = ConsentPurpose.objects.filter(organization=cast.organization(10400), code="newsletter")
    newsletter.update(wording="Ja.", wording_version="7")
    sent = {"last_name": "Theke", "mobile": "0170 1234567", "says_newsletter": "counter", "says_birthday": "form"}
    assert bodo.post(ADD, {**sent, "says_profiling": ""})["Location"] == f"{HAMBURG}{LIST}"
    made = Customer.objects.get(last_name="Theke")
    assert recorded() == [
        ("birthday", True, "form", "Bodo Brandt"), ("newsletter", True, "counter", "Bodo Brandt"),
    ]  # fmt: skip
    said = Consent.objects.get(purpose="newsletter")
    assert (said.customer, said.wording_version, said.location) == (made, "7", cast.location("Hamburg"))
    assert said.at == said.recorded_at


@pytest.mark.parametrize("how", ["import", "spoken", "till", "pigeon"])
def test_way_that_is_not_asked_about_is_refused_at_its_purpose(bodo, how):
    answer = bodo.post(ADD, {"last_name": "Theke", "says_newsletter": how})
    assert list(answer.context["adminform"].form.errors) == ["says_newsletter"]
    assert not Customer.objects.exists()


def test_purposes_that_are_not_asked_for_and_those_of_others_are_not_there(cast, bodo):
    purpose(cast.scope("anna", "Hamburg"), "fax", is_active=False)
    purpose(cast.scope("sven", "München", 20800), "kantine")
    assert asked(bodo.get(ADD)) == ["says_transfer", "says_newsletter", "says_birthday", "says_profiling"]
    assert bodo.post(ADD, {"last_name": "Theke", "says_fax": "form", "says_kantine": "form"}).status_code == 302
    assert recorded() == []


def test_refused_consent_undoes_the_registration(bodo, monkeypatch):
    def refuse(**_said):
        raise ValidationError("Heute nicht.", code="not_today")

    monkeypatch.setattr(questions, "record_consent", refuse)
    answer = bodo.post(ADD, {"last_name": "Theke", "says_newsletter": "form"})
    assert "Heute nicht." in answer.content.decode()
    assert not Customer.objects.exists()


def test_who_may_only_register_is_not_asked_and_records_nothing(cast, log_in):
    """Recording takes the right to change customers; without it one still registers."""
    grants.add_grants(cast.group("Auskunft Bremen"), [(Right.ADD_CUSTOMERS, cast.location("Bremen").pk)])
    carla = log_in("carla")
    page = carla.get(f"{BREMEN}{LIST}add/")
    assert (page.status_code, asked(page)) == (200, [])
    assert carla.post(f"{BREMEN}{LIST}add/", {"last_name": "Theke", "says_newsletter": "form"}).status_code == 302
    assert (Customer.objects.count(), recorded()) == (1, [])
    assert carla.post(ADD, {"last_name": "Theke"}).status_code in (403, 404)


def test_other_location_and_other_business_register_in_the_same_way(cast, bodo, log_in):
    bodo.post(f"{BREMEN}{LIST}add/", {"last_name": "Theke", "says_newsletter": "phone"})
    log_in("sven").post(f"{SOUTH}{LIST}add/", {"last_name": "Theke", "says_newsletter": "mail"})
    said = Consent.objects.order_by("recorded_at").values_list(
        "organization__account_number", "location__name", "source"
    )
    assert list(said) == [(10400, "Bremen", "phone"), (20800, "München", "mail")]


def test_possible_duplicate_keeps_what_was_chosen_and_records_once(cast, bodo):
    known = customer(cast.scope("bodo", "Hamburg"), last_name="Theke", email="theke@example.com")
    sent = {"last_name": "Theke", "email": "theke@example.com", "says_newsletter": "counter"}
    answer = bodo.post(ADD, sent)
    assert 'value="counter" id="id_says_newsletter_2" checked' in answer.content.decode().replace(' class=""', "")
    assert recorded() == []
    assert bodo.post(ADD, {**sent, "known_candidates": str(known.pk)}).status_code == 302
    assert (Customer.objects.count(), len(recorded())) == (2, 1)


def test_form_sent_twice_registers_and_records_once(bodo):
    token = bodo.get(ADD).content.decode().partition('name="csrfmiddlewaretoken" value="')[2][:64]
    sent = {"last_name": "Theke", "says_newsletter": "counter", "csrfmiddlewaretoken": token}
    assert [bodo.post(ADD, sent)["Location"] for _time in range(2)] == [f"{HAMBURG}{LIST}"] * 2
    assert (Customer.objects.count(), len(recorded())) == (1, 1)


def test_short_form_holds_the_same_fields_as_the_whole_one(bodo):
    """Each once: what is folded is sent along."""

    def names(fieldsets):
        lines = [line for _name, options in fieldsets for line in options["fields"]]
        return sorted(name for line in lines for name in ((line,) if isinstance(line, str) else line))

    assert names(counter.shortened(CustomerAdmin.fieldsets)) == names(CustomerAdmin.fieldsets)
    short = counter.shortened(CustomerAdmin.fieldsets)[0][1]["fields"]
    assert short == [("first_name", "last_name"), ("company",), ("mobile", "email")]
    masked = [(name, options) for name, options in CustomerAdmin.fieldsets if "mobile" not in str(options)]
    assert counter.shortened(masked)[0][1]["fields"] == [("first_name", "last_name"), ("company",)]


@pytest.mark.parametrize(
    ("wrong", "is_open"),
    [
        ({"email": "x"}, False),
        ({"says_newsletter": "x"}, False),
        ({"city": "Kiel"}, False),
        ({"discount": "200"}, True),
    ],
)
def test_folded_part_lies_open_where_something_in_it_is_wrong(bodo, wrong, is_open):
    page = bodo.post(ADD, {"last_name": "" if "city" in wrong else "Theke", **wrong})
    assert page.status_code == 200
    assert ('<details class="customer-folded" open>' in page.content.decode()) is is_open


def test_ways_that_are_asked_about_are_those_of_the_button(bodo):
    assert [how.value for how in ASKED] == ["form", "counter", "phone", "mail", "web"]
