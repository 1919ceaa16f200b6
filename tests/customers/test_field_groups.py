"""Which fields take a right of their own, and what those see, find and write who do not hold it."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from customers.duplicates import Sought, candidates
from customers.field_groups import EVIDENCE, FIELDS, MASK, OPEN, SAID_WITH, FieldGroup, unwritable, withheld
from customers.history.changes import history_of
from customers.models import Consent, Customer
from customers.operations import archive_customers, change_customer, register_customer
from customers.table.resources import CustomerResource
from locations.permissions import Right
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.people import HAMBURG, LIST, customer, form_data, page_of, person_without, says
from transitions.archive import package_format

VALUES: dict[str, Any] = {
    "street": "Verborgenstraße 17", "address_extra": "Hinterhaus rechts", "po_box": "PF 774411",
    "postal_code": "20457", "phone_private": "+49407770001", "phone_business": "+49407770002",
    "mobile": "+491715550101", "fax": "+49407770003", "email": "vera.verborgen@example.com",
    "website": "https://verborgen.example.com", "iban": "DE89370400440532013000", "bic": "COBADEFFXXX",
    "bank": "Geheimbank", "memo": "Streitet mit dem Nachbarn", "blocked_reason": "Drei Rechnungen offen",
    "loss_reason": "Zum Wettbewerb gegangen",
}  # fmt: skip
SHOWN = {
    **{name: [value] for name, value in VALUES.items()},
    "phone_private": ["7770001"], "phone_business": ["7770002"], "mobile": ["5550101"], "fax": ["7770003"],
    "iban": ["DE89370400440532013000", "DE89 3704 0044"],
}  # fmt: skip
"""By which each value is known wherever it is shown, however it is written there."""
GROUPS = list(FieldGroup)
ENGLISH = {"accept-language": "en"}


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def vera(anna) -> Customer:
    return customer(anna, first_name="Vera", last_name="Verborgen", city="Hamburg", is_blocked=True, **VALUES)


def scope_without(cast, *groups: FieldGroup) -> Scope:
    """Of somebody who lacks the rights of these groups and no other."""
    person_without(*(group.right for group in groups))
    return cast.scope("teilsicht", "Hamburg")


def told(text: str, groups: list[FieldGroup]) -> list[str]:
    """The fields of these groups of which a value can be read in the text."""
    spaced = text.replace("\u00a0", " ")
    plain = f"{spaced}\n{spaced.replace(' ', '')}"
    names = [name for group in groups for name in group.fields]
    return [name for name in names if any(value in plain for value in SHOWN.get(name, []))]


# --- the definition ---------------------------------------------------------------------------------------------


def test_every_field_is_in_one_group_or_open():
    """A new field fails here, until somebody has decided who may see it."""
    grouped = [name for names in FIELDS.values() for name in names]
    fields = [field.name for field in Customer._meta.concrete_fields]
    assert sorted([*grouped, *OPEN]) == sorted([*fields, "former_numbers"])


def test_every_column_of_files_is_about_a_field_or_about_nothing():
    fields = {field.name for field in Customer._meta.concrete_fields} | {"former_numbers"}
    others = {name for name, column in CustomerResource().fields.items() if column.about not in fields}
    assert others == {
        "contact_name", "name_or_company", "name_kind", "phone_kind", "newsletter", "newsletter_on",
        "transfer_allowed", "transfer_allowed_on", "open_amount", "credit_balance", "account_limit",
    }  # fmt: skip


def test_free_texts_of_other_tables_are_known():
    """What a statement is found again by is the one text about a person outside of the customer's own row."""
    texts = {field.name for field in Consent._meta.concrete_fields if not field.choices}
    assert EVIDENCE in texts


def test_what_goes_along_with_a_package_is_named_by_the_same_groups():
    grouped = {name for names in FIELDS.values() for name in names}
    assert package_format.FIELDS["bank"] == FieldGroup.BANK.fields
    assert {name for names in package_format.FIELDS.values() for name in names} - grouped == {"credit_limit"}


@pytest.mark.parametrize("group", GROUPS)
def test_each_right_opens_its_group_and_nothing_else(cast, group):
    scope = scope_without(cast, group)
    assert withheld(scope) == set(group.fields)
    assert unwritable(scope) - withheld(scope) == {name for name, other in SAID_WITH.items() if other in group.fields}


# --- form and list ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_form_shows_masks_and_never_the_values(cast, vera, log_in, group):
    scope_without(cast, group)
    page = log_in("teilsicht").get(page_of(vera), headers=ENGLISH)
    text = page.content.decode()
    assert told(text, [group]) == []
    assert set(told(text, [one for one in GROUPS if one != group])) == set(VALUES) - set(group.fields)
    assert text.count(MASK) >= len(set(group.fields) & set(VALUES))
    assert not set(group.fields) & set(page.context["adminform"].form.fields)
    assert f"stands for what you may not see here. It takes: {group.right.label}." in text
    assert "stands for what" not in log_in("anna").get(page_of(vera), headers=ENGLISH).content.decode()


@pytest.mark.parametrize("group", GROUPS)
def test_who_only_looks_sees_masks_as_well(cast, vera, log_in, group):
    person_without(group.right, Right.CHANGE_CUSTOMERS)
    text = log_in("teilsicht").get(page_of(vera)).content.decode()
    assert told(text, [group]) == []
    assert MASK in text


@pytest.mark.parametrize("group", GROUPS)
def test_saving_another_field_leaves_them_and_what_is_posted_of_them_is_ignored(cast, vera, log_in, group):
    scope_without(cast, group)
    client = log_in("teilsicht")
    forged = {name: "" if name == "memo" else "9" for name in group.fields} | {"iban": VALUES["iban"]}
    forged = {name: value for name, value in forged.items() if name in group.fields}
    answer = client.post(page_of(vera), form_data(client.get(page_of(vera)), alias="Vroni", **forged))
    assert answer.status_code == 302
    stored = Customer.objects.get(pk=vera.pk)
    assert stored.alias == "Vroni"
    assert {name: getattr(stored, name) for name in VALUES} == VALUES
    assert stored.is_blocked


def test_who_does_not_see_why_somebody_is_blocked_does_not_unblock_him(cast, vera, log_in):
    scope_without(cast, FieldGroup.MEMO)
    client = log_in("teilsicht")
    data = form_data(client.get(page_of(vera)))
    data.pop("is_blocked", None)
    assert client.post(page_of(vera), data).status_code == 302
    assert Customer.objects.get(pk=vera.pk).is_blocked


@pytest.mark.parametrize("group", GROUPS)
def test_new_customer_has_no_such_fields(cast, log_in, group):
    scope_without(cast, group)
    client = log_in("teilsicht")
    page = client.get(f"{HAMBURG}{LIST}add/")
    assert not set(group.fields) & set(page.context["adminform"].form.fields)
    assert MASK not in page.content.decode()
    posted = form_data(page, last_name="Neu", **{name: VALUES[name] for name in group.fields if name in VALUES})
    assert client.post(f"{HAMBURG}{LIST}add/", posted).status_code == 302
    stored = Customer.objects.get(last_name="Neu")
    assert {getattr(stored, name) for name in group.fields} == {""}


@pytest.mark.parametrize("group", GROUPS)
def test_operations_keep_and_refuse_them(cast, vera, group):
    scope = scope_without(cast, group)
    name = next(name for name in group.fields if name in VALUES)
    setattr(vera, name, "")
    change_customer(customer=vera, actor=scope)
    assert getattr(Customer.objects.get(pk=vera.pk), name) == VALUES[name]
    with pytest.raises(MissingRight) as refusal:
        register_customer(customer=Customer(last_name="Neu", **{name: VALUES[name]}, is_blocked=True), actor=scope)
    assert refusal.value.right == group.right


def test_nobody_is_blocked_on_registering_without_a_reason_that_may_be_seen(cast):
    scope = scope_without(cast, FieldGroup.MEMO)
    with pytest.raises(MissingRight) as refusal:
        register_customer(customer=Customer(last_name="Neu", is_blocked=True), actor=scope)
    assert refusal.value.right == Right.SEE_MEMOS


def test_list_has_no_columns_of_contact_data(cast, vera, log_in):
    scope_without(cast, FieldGroup.CONTACT)
    page = log_in("teilsicht").get(f"{HAMBURG}{LIST}", headers=ENGLISH)
    text = page.content.decode()
    assert told(text, GROUPS) == []
    assert "field-phone" not in text
    assert "field-email_address" not in text
    assert "field-town" in text
    assert page.context["cl"].search_help_text == "Number, name, company, city, tag, card"


def test_list_is_sorted_by_the_column_that_was_clicked(cast, vera, log_in):
    """The numbers of the columns are those of the list that somebody sees."""
    scope_without(cast, FieldGroup.CONTACT)
    listed = log_in("teilsicht").get(f"{HAMBURG}{LIST}").context["cl"]
    assert [listed.list_display.index("registered"), "phone" in listed.list_display] == [6, False]
    sorted_by = log_in("teilsicht").get(f"{HAMBURG}{LIST}?o=-6").context["cl"]
    assert sorted_by.order == "-created_at"


def test_archived_one_shows_no_reason_without_the_right(cast, vera, anna, log_in):
    archive_customers(customers=[vera.pk], reason="Verstorben im Mai", actor=anna)
    scope_without(cast, FieldGroup.MEMO)
    client = log_in("teilsicht")
    for address in (page_of(vera), f"{HAMBURG}{LIST}restore/?id={vera.pk}", f"{HAMBURG}{LIST}{vera.pk}/history/"):
        text = client.get(address).content.decode()
        assert "Verstorben" not in text, address
        assert MASK in text, address


# --- finding ----------------------------------------------------------------------------------------------------


BY_CONTACT = [
    "vera.verborgen", "verborgen@example", "example.com", "0171 555 01 01", "5550101", "+49 40 777", "20457", "204",
]  # fmt: skip


@pytest.mark.parametrize("words", BY_CONTACT)
def test_nobody_is_found_by_contact_data_that_may_not_be_seen(cast, anna, log_in, words):
    found = customer(anna, last_name="Kurz", **{**VALUES, "blocked_reason": ""})
    customers = Customer.objects.in_base(anna.base)
    assert list(customers.matching(words, hidden=())) == [found]
    scope = scope_without(cast, FieldGroup.CONTACT)
    assert not customers.matching(words, hidden=withheld(scope)).exists()
    assert log_in("anna").get(f"{HAMBURG}{LIST}", {"q": words}).context["cl"].result_count == 1
    assert log_in("teilsicht").get(f"{HAMBURG}{LIST}", {"q": words}).context["cl"].result_count == 0


@pytest.mark.parametrize("words", ["Verborgen", "ver", "vera hamburg", "Hamburg", "v"])
def test_everything_else_finds_as_before(cast, vera, words):
    scope = scope_without(cast, FieldGroup.CONTACT)
    customers = Customer.objects.in_base(scope.base)
    assert list(customers.matching(words, hidden=withheld(scope))) == [vera]


def test_word_of_the_name_and_one_of_the_mail_find_nobody(cast, vera):
    scope = scope_without(cast, FieldGroup.CONTACT)
    customers = Customer.objects.in_base(scope.base)
    assert not customers.matching("Verborgen 20457", hidden=withheld(scope)).exists()


def test_number_of_the_customer_is_no_phone_number(cast, vera):
    scope = scope_without(cast, FieldGroup.CONTACT)
    customers = Customer.objects.in_base(scope.base)
    assert list(customers.matching(str(vera.customer_number), hidden=withheld(scope))) == [vera]


@pytest.mark.parametrize(
    "sought",
    [
        Sought(email=VALUES["email"]),
        Sought(phones=(VALUES["mobile"],)),
        Sought(last_name="Verborgen", first_name="Vera", postal_code="20457"),
    ],
)
def test_duplicates_are_not_guessed_by_contact_data(cast, vera, anna, sought):
    assert [one.customer for one in candidates(sought, scope=anna)] == [vera]
    assert candidates(sought, scope=scope_without(cast, FieldGroup.CONTACT)) == []


def test_duplicates_by_name_and_birthday_are_shown_without_contact_data(cast, vera, log_in, anna):
    vera.birthday = "1980-05-05"
    change_customer(customer=vera, actor=anna)
    scope_without(cast, FieldGroup.CONTACT)
    sent = {"first_name": "Vera", "last_name": "Verborgen", "birthday": "05.05.1980", "email": VALUES["email"]}
    client = log_in("teilsicht")
    for page in ("duplicates/", "add/"):
        text = client.post(f"{HAMBURG}{LIST}{page}", sent, headers={"accept-language": "en"}).content.decode()
        assert "Vera Verborgen" in text, page
        assert "same name and birthday" in text, page
        assert "same e-mail" not in text, page
        assert "Hamburg" in text, page
        assert told(text.replace(f'value="{VALUES["email"]}"', ""), GROUPS) == [], page
    shown = log_in("anna").post(f"{HAMBURG}{LIST}duplicates/", sent).content.decode()
    assert {"postal_code", "mobile", "email"} <= set(told(shown, GROUPS))


# --- history and consents ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", GROUPS)
def test_history_tells_that_it_was_changed_and_neither_value(cast, vera, anna, log_in, group):
    name = next(name for name in group.fields if name in VALUES)
    setattr(vera, name, "DE02120300000000202051" if name == "iban" else "Neuwert 99")
    vera.alias = "Vroni"
    change_customer(customer=vera, actor=anna)
    scope = scope_without(cast, group)
    with translation.override("en"):
        entries, _more = history_of(vera, page=1, scope=scope)
    field: Any = Customer._meta.get_field(name)
    label = str(field.verbose_name)
    changed = next(entry for entry in entries if entry.kind == "update")
    assert [(one.old, one.new) for one in changed.changes if one.label.casefold() == label.casefold()] == [(MASK, MASK)]
    assert ("", "Vroni") in [(one.old, one.new) for one in changed.changes]
    text = log_in("teilsicht").get(f"{HAMBURG}{LIST}{vera.pk}/history/").content.decode()
    assert told(text, [group]) == []
    assert "Neuwert 99" not in text


def test_history_of_a_new_customer_does_not_tell_what_is_there(cast, vera):
    scope = scope_without(cast, *GROUPS)
    [entry], _more = history_of(vera, page=1, scope=scope)
    assert [change for change in entry.changes if MASK in (change.old, change.new)] == []
    assert "Verborgen" in [change.new for change in entry.changes]


def test_evidence_of_a_consent_is_for_who_sees_memos(cast, vera, anna, log_in):
    says(anna, vera, "newsletter", True, evidence="E-Mail von vera.verborgen@example.com")
    scope_without(cast, FieldGroup.MEMO)
    for page in ("consents", "history"):
        address = f"{HAMBURG}{LIST}{vera.pk}/{page}/"
        assert "E-Mail von vera" in log_in("anna").get(address).content.decode()
        text = log_in("teilsicht").get(address).content.decode()
        assert "E-Mail von vera" not in text, page
        assert MASK in text, page


def test_readonly_line_without_a_value_shows_a_dash(anna, cast, log_in):
    """A day without a year was shown as .–. to whoever may only look."""
    row = customer(anna, last_name="Leer")
    text = log_in("carla").get(page_of(row, "/10400/3")).content.decode()
    assert ".–." not in text
