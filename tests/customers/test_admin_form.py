"""The customer's form: what it takes, refuses, warns about, and never overwrites."""

import pytest

from customers.models import Customer
from customers.operations import change_customer
from locations.permissions import Right
from tests.customers.people import (
    BREMEN,
    HAMBURG,
    LIST,
    SOUTH,
    customer,
    form_data,
    group,
    page_of,
    person_without,
    tag,
)

ADD = f"{HAMBURG}{LIST}add/"


@pytest.fixture
def bodo(log_in):
    return log_in("bodo")


@pytest.fixture
def anna(log_in):
    return log_in("anna")


def errors(response):
    return response.context["adminform"].form.errors.as_data()


def codes(response, field):
    return [error.code for error in errors(response)[field]]


def test_new_customer_gets_the_next_number_and_his_location(cast, bodo):
    answer = bodo.post(ADD, {"last_name": "Jäger", "phone_private": "040 1000001"})
    made = Customer.objects.get(last_name="Jäger")
    assert (answer.status_code, answer["Location"]) == (302, f"{HAMBURG}{LIST}")
    assert made.customer_number == cast.location("Hamburg").first_number
    assert (str(made.home_location), made.phone_private) == (str(cast.location("Hamburg")), "+49401000001")


def test_customer_registered_at_bremen_is_seen_at_hamburg_at_once(bodo):
    bodo.post(f"{BREMEN}{LIST}add/", {"last_name": "Bremerin"})
    assert "Bremerin" in bodo.get(f"{HAMBURG}{LIST}").content.decode()


def test_number_outside_of_the_range_is_refused_at_the_field_with_the_range_named(cast, bodo):
    place = cast.location("Hamburg")
    outside = place.last_number + 1
    answer = bodo.post(ADD, {"last_name": "Jäger", "customer_number": outside})
    assert answer.status_code == 200
    assert codes(answer, "customer_number") == ["number_out_of_range"]
    sentence = errors(answer)["customer_number"][0].messages[0]
    assert str(place.first_number) in sentence
    assert str(place.last_number) in sentence
    assert not Customer.objects.exists()


def test_number_that_is_taken_is_refused_at_the_field(cast, bodo):
    taken = customer(cast.scope("bodo", "Hamburg")).customer_number
    answer = bodo.post(ADD, {"last_name": "Jäger", "customer_number": taken})
    assert list(errors(answer)) == ["customer_number"]


def test_customer_without_any_name_is_refused_at_the_name(bodo):
    assert list(errors(bodo.post(ADD, {"city": "Kiel"}))) == ["last_name"]


def test_block_needs_a_reason(bodo):
    answer = bodo.post(ADD, {"last_name": "Jäger", "is_blocked": "on"})
    assert codes(answer, "blocked_reason") == ["no_reason"]


def test_reason_without_the_block_is_refused_and_not_lost(anna):
    """Whoever types it means that the customer is blocked. Who lifts a block need not clear its reason."""
    answer = anna.post(ADD, {"last_name": "Jäger", "blocked_reason": "zahlt nicht"})
    assert codes(answer, "blocked_reason") == ["reason_without_block"]
    assert not Customer.objects.exists()
    anna.post(ADD, {"last_name": "Jäger", "is_blocked": "on", "blocked_reason": "zahlt nicht"})
    made = Customer.objects.get()
    opened = anna.get(page_of(made))
    anna.post(page_of(made), {**form_data(opened), "is_blocked": "", "blocked_reason": "zahlt nicht"})
    made.refresh_from_db()
    assert (made.is_blocked, made.blocked_reason) == (False, "")


def test_iban_fills_bank_and_bic(anna):
    anna.post(ADD, {"last_name": "Jäger", "iban": "DE89 3704 0044 0532 0130 00"})
    made = Customer.objects.get()
    assert (made.iban, made.bic, made.bank) == ("DE89370400440532013000", "COBADEFFXXX", "Commerzbank")


def test_iban_with_wrong_check_digits_is_refused_at_the_field(anna):
    assert codes(anna.post(ADD, {"last_name": "Jäger", "iban": "DE88370400440532013000"}), "iban") == ["invalid_iban"]


def test_phone_that_is_no_known_number_is_kept_with_a_warning(bodo):
    answer = bodo.post(ADD, {"last_name": "Jäger", "phone_private": "123456"}, follow=True)
    assert Customer.objects.get().phone_private == "123456"
    sentences = [(message.level_tag, str(message)) for message in answer.context["messages"]]
    assert [level for level, _sentence in sentences] == ["warning", "success"]
    assert "123456" in sentences[0][1]


def test_tags_of_the_base_are_kept_sorted_and_once(cast, bodo):
    anna = cast.scope("anna", "Hamburg")
    tag(anna, "VIP"), tag(anna, "Allergie")
    bodo.post(ADD, {"last_name": "Jäger", "tags": ["VIP", "Allergie", "VIP"]})
    assert Customer.objects.get().tags == ["Allergie", "VIP"]


def test_tag_of_another_base_is_refused(cast, bodo):
    tag(cast.scope("sven", "München", 20800), "Geheim")
    assert codes(bodo.post(ADD, {"last_name": "Jäger", "tags": ["Geheim"]}), "tags") == ["invalid_choice"]


def test_group_choices_are_those_of_the_own_base(cast, bodo):
    own = group(cast.scope("anna", "Hamburg"), "Stammgast")
    group(cast.scope("sven", "München", 20800), "Geheim")
    field = bodo.get(ADD).context["adminform"].form.fields["customer_group"]
    assert list(field.queryset) == [own]


def test_group_of_another_base_is_refused_like_one_that_does_not_exist(cast, bodo):
    foreign = group(cast.scope("sven", "München", 20800), "Geheim")
    answers = [bodo.post(ADD, {"last_name": "Jäger", "customer_group": pk}) for pk in (foreign.pk, 999_999)]
    assert [codes(answer, "customer_group") for answer in answers] == [["invalid_choice"], ["invalid_choice"]]
    assert not Customer.objects.exists()


def test_address_of_the_form_fills_nothing_in(cast, bodo):
    foreign = group(cast.scope("sven", "München", 20800), "Geheim")
    page = bodo.get(f"{ADD}?customer_group={foreign.pk}&last_name=X").content.decode()
    assert "Geheim" not in page


def test_page_posted_as_it_was_shown_changes_nothing(cast, bodo):
    row = customer(cast.scope("bodo", "Hamburg"), last_name="Jäger", mobile="+491701234567", country="DE", memo="A\nB")
    before = Customer.objects.filter(pk=row.pk).values().get()
    answer = bodo.post(page_of(row), form_data(bodo.get(page_of(row))))
    after = Customer.objects.filter(pk=row.pk).values().get()
    assert answer.status_code == 302
    assert after | {"changed_at": None} == before | {"changed_at": None}


def test_save_after_somebody_else_is_refused_and_shows_both_values(cast, bodo):
    row = customer(cast.scope("bodo", "Hamburg"), last_name="Jäger", city="Kiel")
    seen = form_data(bodo.get(page_of(row)), city="Bremen")
    row.city = "Lübeck"
    change_customer(customer=row, actor=cast.scope("anna", "Hamburg"))
    answer = bodo.post(page_of(row), seen)
    assert codes(answer, "__all__") == ["changed_meanwhile"]
    assert [(change.old, change.new) for change in answer.context["differences"]] == [("Lübeck", "Bremen")]
    assert Customer.objects.get(pk=row.pk).city == "Lübeck"


def test_save_without_the_state_that_was_seen_is_refused(cast, bodo):
    row = customer(cast.scope("bodo", "Hamburg"), last_name="Jäger")
    answer = bodo.post(page_of(row), {"last_name": "Anders"})
    assert codes(answer, "seen_at") == ["seen_at_missing"]
    assert Customer.objects.get(pk=row.pk).last_name == "Jäger"


def test_posted_number_base_and_place_of_a_customer_are_ignored(cast, bodo):
    row = customer(cast.scope("bodo", "Hamburg"), last_name="Jäger")
    south = cast.location("München", 20800)
    data = form_data(bodo.get(page_of(row)), customer_number=5, base=south.base_id, home_location=south.pk, alias="Jo")
    bodo.post(page_of(row), data)
    after = Customer.objects.get(pk=row.pk)
    assert (after.alias, after.customer_number, after.base_id) == ("Jo", row.customer_number, row.base_id)
    assert after.home_location_id == row.home_location_id


def test_viewer_sees_the_values_and_no_button(cast, log_in):
    row = customer(cast.scope("bodo", "Bremen"), last_name="Jäger", mobile="+491701234567", country="DE")
    person_without(Right.CHANGE_CUSTOMERS, username="schaut")
    page = log_in("schaut").get(page_of(row, BREMEN), headers={"accept-language": "en"})
    text = page.content.decode()
    assert "+49 170 1234567" in text
    assert "Germany" in text
    assert 'name="_save"' not in text
    assert 'name="last_name"' not in text


def test_customer_of_another_base_answers_like_a_missing_one(cast, bodo):
    foreign = customer(cast.scope("sven", "München", 20800), last_name="Geheim")
    answers = [
        bodo.get(page_of(foreign)),
        bodo.get(f"{HAMBURG}{LIST}999999/change/"),
        bodo.get(f"{HAMBURG}{LIST}x/change/"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.content for answer in answers}) == 1
    assert bodo.get(page_of(foreign, SOUTH)).status_code == 404
