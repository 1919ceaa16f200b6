"""What is typed finds the customer: any part of a word, in every spelling, with nothing typed acting as a pattern."""

import re

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from customers.models import Customer, Tag
from customers.search import SEARCHED_FIELDS, spellings
from mcp.isolation import row_scope
from tests.conftest import as_web_role
from tests.proofs.sampling import examples

LETTERS = "abcdeghikmnorstuzABDEKMNORSTUZäöüÄÖÜßẞéèñçøåłşğıİŞệởĐđΟδυσςИваноў王小明0123456789-'.&%_\\％＿＼½"

MANY = 3000
"""So many customers that reading all of a base costs more than asking the trigrams."""


def make(cast, number=1, **values):
    central = cast.location("Zentrale")
    return Customer.objects.create(
        organization=central.organization, base=central.base, customer_number=number, **{"last_name": "Q", **values}
    )


def found(cast, words):
    customers = Customer.objects.in_base(cast.location("Zentrale").base)
    return [customer.customer_number for customer in customers.matching(words, hidden=())]


@given(
    word=st.text(LETTERS, min_size=3, max_size=12),
    field=st.sampled_from([name for name in SEARCHED_FIELDS if name not in {"postal_code"}]),
    data=st.data(),
)
@example(word="Straße", field="company", data=None)
@example(word="ΟΔΥΣΣΕΥΣ", field="last_name", data=None)
@example(word="100％_\\", field="alias", data=None)
@pytest.mark.isolation
@pytest.mark.in_part
@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_part_of_three_letters_of_any_field_finds_the_customer(cast, word, field, data):
    start, length = (
        (0, 3) if data is None else (data.draw(st.integers(0, len(word) - 3)), data.draw(st.integers(3, 12)))
    )
    part = word[start : start + length]
    assume(part.strip())
    with transaction.atomic():
        make(cast, **{field: f"Vor {word} nach"})
        assert found(cast, part) == [1]
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("Müller", "mueller"),
        ("Mueller", "Müller"),
        ("MÜLLER", "muller"),
        ("Mu\u0308ller", "Müller"),
        ("Müller", "Mu\u0308ller"),
        ("Bauermüller", "Bauermueller"),
        ("Feuerstätte", "feuerstaette"),
        ("Jäger-Mueller", "jaeger-müller"),
        ("Öl & Söhne", "oel soehne"),
        ("Größe", "groesse"),
        ("Weiß", "WEISS"),
        ("Weiss", "weiß"),
        ("STRAẞE", "strasse"),
        ("Işık", "isik"),
        ("İstanbul", "istanbul"),
        ("Nguyễn", "nguyen"),
        ("Đặng", "dang"),
        ("Núñez", "nunez"),
        ("Søren", "soren"),
        ("Иванов", "иван"),
        ("O'Neill", "o'nei"),
        ("Anna\u00a0Maria", "maria anna"),
    ],
)
def test_name_is_found_in_the_other_spelling(cast, stored, typed):
    make(cast, last_name=stored)
    make(cast, number=2, last_name="Gegenprobe")
    assert found(cast, typed) == [1]


@pytest.mark.parametrize(
    "typed",
    [
        "+494012345678", "+49 40 12345678", "+49 (0)40 12345678", "+49 (0) 40 / 1234 5678", "0049 40 12345678",
        "040 12345678", "040/12345678", "(040) 1234-5678", "04012345678", "12345678", "040 1234", "4012345", "040",
        "040 1234–5678", "040‑12345678",
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["phone_private", "phone_business", "mobile"])
def test_phone_is_found_however_it_is_written(cast, field, typed):
    make(cast, **{field: "+494012345678"})
    make(cast, number=2, **{field: "+493099887766"})
    assert found(cast, typed) == [1]


def test_neighbouring_numbers_are_also_looked_for_one_by_one(cast):
    make(cast, number=4711, postal_code="20095")
    make(cast, number=4712, postal_code="28195")
    assert found(cast, "20095 4711") == [4711]


@pytest.mark.parametrize("typed", ["%%%", "___", "_ä_", "\\\\\\", "M%r", "M_ller", "％％％", "＿ller", "\\%", "%"])
def test_what_is_typed_is_no_pattern(cast, typed):
    make(cast, last_name="Müller")
    assert found(cast, typed) == []


@pytest.mark.parametrize(
    ("stored", "typed"), [("100%", "100%"), ("a_b_c", "a_b"), ("c:\\x", "c:\\x"), ("50％ Rabatt", "50%")]
)
def test_characters_of_patterns_are_found_as_themselves(cast, stored, typed):
    make(cast, alias=stored)
    make(cast, number=2, alias="100 a b c 50")
    assert found(cast, typed) == [1]


@pytest.mark.parametrize(
    ("typed", "numbers"), [("mü", [1]), ("Mü", [1]), ("ll", []), ("ma", [2]), ("m", [1, 2]), ("an ma", [2])]
)
def test_two_letters_find_the_beginning_of_a_word(cast, typed, numbers):
    make(cast, last_name="Müller")
    make(cast, number=2, first_name="Anna", last_name="Maier")
    assert sorted(found(cast, typed)) == numbers


def test_every_word_must_be_found_in_whatever_field(cast):
    Tag.objects.create(base=cast.location("Zentrale").base, name="Stammgast")
    make(cast, last_name="Müller", city="Kiel", tags=["Stammgast"])
    make(cast, number=2, last_name="Müller", city="Bremen")
    assert found(cast, "kiel müller stamm") == [1]
    assert sorted(found(cast, "müller")) == [1, 2]


def test_customer_number_and_postal_code_are_found(cast):
    make(cast, number=123_456, postal_code="01067")
    assert [found(cast, typed) for typed in ("123456", "345", "01067")] == [[123_456]] * 3


@pytest.mark.parametrize(
    ("typed", "numbers"),
    [
        ("karla.meier@example.com", [1]), ("KARLA.MEIER@Example.COM", [1]), ("karla.meier@exam", [1]), ("rla.mei", [1]),
        ("meier@example.com", [1]), ("@example.com", [1, 2]), ("@exa", [1, 2]), ("example.com", [1, 2]),
        ("@", [1, 2, 3, 4]), ("meier @", [1]), ("@ kim", [2]), ("caf @", []), ("@@", []),
        ("karla.meier@example.org", []), ("meie@example.com", []), ("@xample", []), ("kim@example.com", [2]),
        ("ki@example.com", []), ("karla@1und1.de", [3]), ("1und1.de", [3]), ("@1u", [3]), ("k@x.de", [4]),
        ("meier @example.com", [1]), ("meier example.com", [1]), ("kim@exämple.com", [2]), ("caf@home", [5]),
    ],
)  # fmt: skip
def test_email_is_found_by_any_part_before_the_at_and_by_how_the_domain_begins(cast, typed, numbers):
    make(cast, email="karla.meier@example.com")
    make(cast, number=2, email="Kim@EXAMPLE.com")
    make(cast, number=3, email="karla@1und1.de")
    make(cast, number=4, email="k@x.de")
    make(cast, number=5, company="Caf@home")
    assert sorted(found(cast, typed)) == numbers


def test_nobody_is_found_by_an_email_that_may_not_be_seen(cast):
    make(cast, email="karla.meier@example.com", alias="sichtbar@hier")
    customers = Customer.objects.in_base(cast.location("Zentrale").base)
    for typed in ("karla.meier@example.com", "karla", "@example.com", "example.com", "meier@exa", "@"):
        assert [customer.customer_number for customer in customers.matching(typed, hidden={"mobile"})] == [1]
        assert not customers.matching(typed, hidden={"email"}).exists()
    assert customers.matching("sichtbar@hier", hidden={"email"}).exists()


@pytest.mark.parametrize("typed", ["", "   ", "\0", "\u3000"])
def test_nothing_typed_finds_all(cast, typed):
    make(cast)
    assert found(cast, typed) == [1]


def test_zero_character_is_no_error(cast):
    make(cast, last_name="Müller")
    assert found(cast, "mül\0ler") == [1]


def test_spellings_stay_few(cast):
    assert spellings("Müller") == ("Müller", "Mueller")
    assert spellings("Mueller") == ("Mueller", "Müller")
    assert len(spellings("aeoeueaeoeueaeoeue")) == 8
    assert spellings("040/123") == ("040/123", "40123")


def plan_of(scope, typed):
    """As a request of that location has it: under row security."""
    with row_scope.rows_of(scope), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        customers = Customer.objects.in_base(scope.base).matching(typed, hidden=())
        sql, params = customers.order_by().values("pk").query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", params)
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.django_db(transaction=True)
def test_search_is_answered_by_the_index_under_row_security(cast):
    scope, central = cast.system("Zentrale"), cast.location("Zentrale")
    Customer.objects.bulk_create(
        (
            Customer(organization=central.organization, base=central.base, customer_number=n, last_name=f"Gast{n:05}")
            for n in range(1, MANY + 1)
        ),
        batch_size=1000,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_merge_search_index()")  # as autovacuum does
        cursor.execute("ANALYZE customers_customer")
    for typed in ("@example", "example.com"):
        with as_web_role():
            plan = plan_of(scope, typed)
        assert re.search(r"Bitmap Index Scan on customer_by_email_domain .*\n +Index Cond: .*~>=~ 'example", plan), plan
    with as_web_role():
        plan = plan_of(scope, "@")
    assert re.search(r"Bitmap Index Scan on customer_by_email_domain .*\n +Index Cond: .*~>~ ''", plan), plan
    for typed in ("müller", "mueller kiel", "mü", "040 123456", "+49 40 123", "100%", "％ab", "max@example.com"):
        with as_web_role():
            plan = plan_of(scope, typed)
        assert re.search(r"Bitmap Index Scan on customer_search.*\n +Index Cond: .*search_text ~~ '%", plan), plan


@pytest.mark.parametrize(
    "typed",
    [
        "Mül\u00adler", "Mül\u200bler", "\u2060Müller", "\ufeffMüller", "\u202aMüller\u202c", "\u2066Müller\u2069",
        "\u200eMüller\u200f", "Mül\u200dler", "Mueller\u00ad", "040\u200e 123\u00ad4567", "\u202a+49 40 1234567\u202c",
        "\u00ad Müller \u200b", "\u200e Müller",
    ],
)  # fmt: skip
def test_what_nobody_sees_does_not_keep_a_customer_from_being_found(cast, typed):
    make(cast, last_name="Müller", phone_private="+49401234567")
    make(cast, number=2, last_name="Andere")
    assert found(cast, typed) == [1]


def test_joiners_that_belong_to_a_name_are_found_with_it(cast):
    name = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"  # with a joiner, as it is written in Persian
    make(cast, last_name=name)
    assert found(cast, name) == [1]
