"""The search in the header, and what was typed into it where nobody was found."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customers.admin.typed_search import LONGEST, fields_of
from customers.models import Customer
from customers.operations import archive_customers
from tests.customers.people import BREMEN, HAMBURG, LIST, SOUTH, customer, customers

FIND = f"{LIST}find/"
ASKED = {"HX-Request": "true", "Accept-Language": "en"}


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


def found(client, words, place=HAMBURG):
    answer = client.get(f"{place}{FIND}", {"q": words}, headers=ASKED)
    assert answer.status_code == 200, answer
    return [row.last_name or row.company for row in answer.context["customers"]]


def page(client, words, place=HAMBURG):
    return client.get(f"{place}{FIND}", {"q": words}, headers=ASKED).content.decode()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("muell", ["Müller"]),
        ("MUELLER kiel", ["Müller"]),
        ("0401000001", ["Müller"]),
        ("gmbh", ["Bäcker GmbH"]),
        ("xyz", []),
        ("", []),
        ("  ", []),
        ("\0", []),
        ("%", []),
        ("x" * 5000, []),
    ],
)
def test_it_finds_what_the_list_finds(scope, log_in, words, expected):
    customer(scope, last_name="Müller", city="Kiel", phone_private="+49401000001", iban="DE89370400440532013000")
    customer(scope, company="Bäcker GmbH")
    assert found(log_in("bodo"), words) == expected
    assert found(log_in("bodo"), "DE89") == []


def test_hit_shows_number_name_and_city_and_leads_to_the_customer(scope, log_in):
    row = customer(scope, last_name="<b>Meier", company="Meier & Co", city="Kiel", email="geheim@example.org")
    html = page(log_in("bodo"), "meier")
    assert f'href="{HAMBURG}{LIST}{row.pk}/change/"' in html
    assert "&lt;b&gt;Meier" in html
    assert "Meier &amp; Co" in html
    assert f">{row.customer_number}<" in html
    assert "Kiel" in html
    assert "geheim@example.org" not in html


def test_customer_number_comes_first(scope, log_in):
    rows = customers(scope, 12)
    number = rows[7].customer_number
    Customer.objects.filter(pk=rows[2].pk).update(last_name=f"A{number}")
    assert found(log_in("bodo"), str(number)) == ["Muster07", f"A{number}"]
    answer = log_in("bodo").get(f"{HAMBURG}{FIND}", {"q": str(number)})
    assert answer["Location"] == f"{HAMBURG}{LIST}{rows[7].pk}/change/"


def test_eight_are_shown_and_the_list_shows_all(scope, log_in):
    customers(scope, 11)
    html = page(log_in("bodo"), "muster")
    assert html.count("/change/") == 8
    assert f'href="{HAMBURG}{LIST}?q=muster">Show all 11 in the list' in html
    assert "Register" not in html


def test_enter_opens_the_only_hit_or_the_list(scope, log_in):
    bodo = log_in("bodo")
    meier = customer(scope, last_name="Meier")
    customer(scope, last_name="Meiser"), customer(scope, last_name="Meisner")
    assert bodo.get(f"{HAMBURG}{FIND}", {"q": "meier"})["Location"] == f"{HAMBURG}{LIST}{meier.pk}/change/"
    assert bodo.get(f"{HAMBURG}{FIND}", {"q": "meis"})["Location"] == f"{HAMBURG}{LIST}?q=meis"
    assert bodo.get(f"{HAMBURG}{FIND}", {"q": "ä&b=1"})["Location"] == f"{HAMBURG}{LIST}?q=%C3%A4%26b%3D1"
    assert bodo.get(f"{HAMBURG}{FIND}")["Location"] == f"{HAMBURG}{LIST}"


def test_archived_customers_are_found_in_the_list_alone(scope, log_in):
    row = customer(scope, last_name="Meier")
    archive_customers(customers=[row.pk], reason="weg", actor=scope)
    assert found(log_in("bodo"), "meier") == found(log_in("bodo"), str(row.customer_number)) == []


def test_other_bases_businesses_and_rights_are_kept_apart(cast, scope, log_in):
    customer(scope, last_name="Meier")
    customer(cast.scope("sven", "München", 20800), last_name="Meier-Süd")
    customer(cast.scope("anna", "Lübeck"), last_name="Meier-Alt")
    assert found(log_in("bodo"), "meier", BREMEN) == ["Meier"]
    assert found(log_in("sven"), "meier", SOUTH) == ["Meier-Süd"]
    assert found(log_in("anna"), "meier", "/10400/4") == ["Meier-Alt"]
    assert log_in("sven").get(f"{HAMBURG}{FIND}", {"q": "meier"}, headers=ASKED).status_code == 404
    refused = log_in("rita").get(f"{HAMBURG}{FIND}", {"q": "meier"}, headers=ASKED)
    assert (refused.status_code, refused.context["right"]) == (403, "View customers")
    assert log_in("rita").get(f"{HAMBURG}{FIND}", {"q": "meier"}).status_code == 403


def test_search_stands_in_the_header_for_whoever_may_view_customers(log_in):
    for address in ("/", "/mcp/user/logins/", LIST, f"{LIST}add/", "/password_change/"):
        assert 'id="find-customer"' in log_in("bodo").get(f"{HAMBURG}{address}").content.decode(), address
    assert 'id="find-customer"' not in log_in("rita").get(f"{HAMBURG}/").content.decode()
    assert 'id="find-customer"' not in log_in("anna").get("/?all=1").content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_it_asks_few_questions(scope, log_in, count, django_assert_num_queries):
    customers(scope, count)
    bodo = log_in("bodo")
    with django_assert_num_queries(6):  # session, user, scope (2), what is found, rows
        assert len(found(bodo, "muster")) == count


# --- nobody found -------------------------------------------------------------------------------------------------


def test_what_was_typed_can_be_registered(log_in):
    bodo = log_in("bodo")
    html = page(bodo, "Anna <Meier>")
    assert f'href="{HAMBURG}{LIST}add/?typed=Anna%20%3CMeier%3E"' in html
    assert "Register “Anna &lt;Meier&gt;”" in html
    form = bodo.get(f"{HAMBURG}{LIST}add/", {"typed": "Anna Meier"}).context["adminform"].form
    assert (form["first_name"].value(), form["last_name"].value()) == ("Anna", "Meier")


def test_number_of_nobody_is_no_name(log_in):
    html = page(log_in("bodo"), "4711")
    assert f'href="{HAMBURG}{LIST}add/"' in html
    assert "Register a customer" in html


def test_only_whoever_may_register_is_led_there(log_in):
    html = page(log_in("carla"), "xyz", BREMEN)
    assert "No customer contains “xyz”" in html
    assert "/add/" not in html


def test_nothing_but_what_was_typed_is_taken_from_the_address(log_in):
    query = {"typed": "Meier", "city": "Kiel", "customer_group": "1", "iban": "DE89"}
    form = log_in("bodo").get(f"{HAMBURG}{LIST}add/", query).context["adminform"].form
    assert form.initial == {"last_name": "Meier"}


@pytest.mark.parametrize(
    ("typed", "fields"),
    [
        ("Meier", {"last_name": "Meier"}),
        ("Anna Meier", {"first_name": "Anna", "last_name": "Meier"}),
        ("  Anna   Maria  Meier ", {"first_name": "Anna Maria", "last_name": "Meier"}),
        ("Meier, Anna", {"last_name": "Meier", "first_name": "Anna"}),
        ("Anna von der Heide", {"first_name": "Anna", "last_name": "von der Heide"}),
        ("von der Heide", {"last_name": "von der Heide"}),
        ("Van Anh Nguyen", {"first_name": "Van Anh", "last_name": "Nguyen"}),
        ("Frau Meier", {"salutation": "Frau", "last_name": "Meier"}),
        ("Frau", {"last_name": "Frau"}),
        (
            "Herrn Dr. med. Jan Meier",
            {"salutation": "Herr", "title": "Dr. med.", "first_name": "Jan", "last_name": "Meier"},
        ),
        ("Prof. Dr.-Ing. Meier", {"title": "Prof. Dr.-Ing.", "last_name": "Meier"}),
        ("Frau Dr. Meier, Anna", {"salutation": "Frau", "title": "Dr.", "last_name": "Meier", "first_name": "Anna"}),
        ("Dr. Oetker GmbH", {"company": "Dr. Oetker GmbH"}),
        ("040 12\u201334\u201356", {"phone_private": "040 12\u201334\u201356"}),
        ("a@example.org", {"email": "a@example.org"}),
        ("0170 1234567", {"mobile": "0170 1234567"}),
        ("+49 40 123456", {"phone_private": "+49 40 123456"}),
        ("(040) 12-34 56", {"phone_private": "(040) 12-34 56"}),
        ("4917012345678", {"phone_private": "4917012345678"}),
        ("1234567", {}),
        ("4711", {}),
        ("Bäcker GmbH", {"company": "Bäcker GmbH"}),
        ("bäcker gmbh & co. kg", {"company": "bäcker gmbh & co. kg"}),
        ("Muster AG", {"company": "Muster AG"}),
        ("TSV Kiel e. V.", {"company": "TSV Kiel e. V."}),
        ("Ilse Segebrecht", {"first_name": "Ilse", "last_name": "Segebrecht"}),
        ("", {}),
        (" \0 ", {}),
        (",", {}),
        ("@", {}),
        ("&", {}),
        ("- / .", {}),
    ],
)
def test_what_was_typed_goes_where_it_belongs(typed, fields):
    assert fields_of(typed) == fields


@given(st.text(max_size=300))
def test_nothing_that_is_typed_breaks_or_is_invented(typed):
    fields = fields_of(typed)
    assert set(fields) <= {
        "salutation", "title", "last_name", "first_name", "company", "email", "mobile", "phone_private"
    }  # fmt: skip
    assert all(value and len(value) <= LONGEST and "\0" not in value for value in fields.values())
    assert set("".join(fields.values())) <= {*typed, " "}


def test_key_is_named_where_the_keys_are(log_in):
    assert "<kbd>K</kbd>" in log_in("bodo").get(f"{HAMBURG}/").content.decode()
    assert 'event.key !== "k"' in Path("static/console.js").read_text()
