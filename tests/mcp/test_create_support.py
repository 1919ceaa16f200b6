import io

import pytest
from django.core.management import CommandError, call_command

from mcp.choices import ProviderRole
from mcp.models import User


def create(monkeypatch, password: str, *args: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    call_command("create_support", *args, stdout=io.StringIO())


def test_create_support_makes_somebody_who_can_log_in(db, monkeypatch, client):
    create(monkeypatch, "Ein-langes-Wort-7", "paula")
    assert User.objects.get(username="paula").provider_role == ProviderRole.SUPPORT
    assert client.login(username="paula", password="Ein-langes-Wort-7")


def test_create_support_refuses_a_weak_password(db, monkeypatch):
    with pytest.raises(CommandError):
        create(monkeypatch, "kurz", "paula")
    assert not User.objects.filter(username="paula").exists()


def test_create_support_refuses_a_name_that_is_taken(cast, monkeypatch):
    with pytest.raises(CommandError):
        create(monkeypatch, "Ein-langes-Wort-7", "rita")


def how() -> str:
    out = io.StringIO()
    call_command("create_support", "--if-nobody", stdout=out)
    return out.getvalue()


def test_create_support_says_how_where_nobody_is_there(cast):
    assert how() == ""
    User.objects.filter(organization=None).update(is_active=False)
    assert "create_support NAME" in how()


def test_create_support_without_a_name_says_what_is_missing(db):
    with pytest.raises(CommandError, match="Name the person"):
        call_command("create_support")
