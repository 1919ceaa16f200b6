"""Who logs in by which words, and what a stranger can learn from the answer."""

import pytest
from django.contrib.auth import authenticate, hashers
from django.db import connection

from mcp.demo import PASSWORD
from mcp.models import User


def enter(username, password=PASSWORD, account_number=None):
    return authenticate(None, username=username, password=password, account_number=account_number)


@pytest.fixture
def second_anna(cast):
    anna = User(organization=cast.organization(20800), username="anna")
    anna.set_password("Anderes-Kennwort-2026")
    anna.save()
    return anna


def test_user_name_may_be_typed_in_capital_letters(cast):
    assert enter("anna", account_number=10400) == enter("ANNA", account_number=10400) == cast.user("anna")


def test_nobody_logs_in_without_the_account_number(cast):
    assert enter("anna") is None


def test_same_name_in_another_business_changes_nobodys_login(cast, second_anna):
    assert enter("anna") is None
    assert enter("anna", account_number=10400) == User.objects.get(username="anna", organization=cast.organization())
    assert enter("anna", "Anderes-Kennwort-2026", 20800) == second_anna
    assert enter("anna", account_number=20800) is None


@pytest.mark.parametrize(
    ("username", "password", "account_number"),
    [
        ("anna", PASSWORD, 20800),
        ("anna", PASSWORD, 99999),
        ("anna", "falsch", None),
        ("niemand", PASSWORD, None),
        ("", PASSWORD, None),
        ("anna", None, None),
    ],
)
def test_wrong_words_are_refused(cast, username, password, account_number):
    assert enter(username, password, account_number) is None


def test_deactivated_user_cannot_log_in(cast):
    User.objects.filter(username="anna").update(is_active=False)
    assert enter("anna", account_number=10400) is None


def test_business_cannot_lock_out_the_provider_by_a_user_name(cast):
    User.objects.create(organization=cast.organization(), username="Rita")
    assert enter("rita") == User.objects.get(username="rita")
    assert enter("rita", account_number=10400) is None


def test_unknown_user_name_takes_as_long_as_a_wrong_password(cast, second_anna, monkeypatch):
    hashed: list[int] = []
    algorithm = type(hashers.get_hasher("default"))
    encode = algorithm.encode

    def counted(*args):
        hashed.append(1)
        return encode(*args)

    monkeypatch.setattr(algorithm, "encode", counted)
    for username in ("niemand", "anna", "bodo"):
        hashed.clear()
        assert enter(username, "falsch", 10400) is None
        assert len(hashed) == 1


def test_provider_is_a_superuser_nowhere(cast):
    assert not any(user.is_superuser for user in User.objects.all())
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,)
