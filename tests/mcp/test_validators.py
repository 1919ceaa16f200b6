"""Which passwords are good enough."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from locations.models import Organization
from mcp.models import User

WEAK = [
    "Passwort123!", "passwort1234", "Sommer2026!!", "Winter2026/27", "Schalke04Schalke04", "Hallo123456789",
    "qwertzuiop123", "Geheim!Geheim!", "Willkommen2026", "Deutschland2024!", "ichliebedich123", "Sonnenschein1",
    "Schatzi-Schatzi-1", "Frühling2026!", "1234567890123", "Lokomotive-2026", "Hamburg12345!", "yxcvbnmasdfg",
    "password12345", "Kaffeepause12", "aaaaaaaaaaaaaaaa", "abcdefghijkl", "Administrator1", "Montag-Dienstag",
    "kurz-Q7!x",
]  # fmt: skip
OF_ANNA = ["Andresen-Anna-1", "Nordlicht Bäckereien 1", "anna@example.com1", "Nordlicht-10400-Anna"]
STRONG = [
    "Leuchtturm-am-Deich-7", "vier graue Pferde tanzen", "k3Vb!x9QpL2m", "Sauerteig-und-Butter-7",
    "Stammhaus-Demo-2026", "Quark Regenschirm Delfin", "x" * 3 + "Wolkenbruch im Zementwerk " * 8,
]  # fmt: skip


@pytest.fixture
def anna() -> User:
    group = Organization(name="Nordlicht Bäckereien", account_number=10400)
    return User(organization=group, username="anna", first_name="Anna", last_name="Andresen", email="anna@example.com")


@pytest.mark.parametrize("password", WEAK + OF_ANNA)
def test_what_is_easily_guessed_is_refused(anna, password):
    with pytest.raises(ValidationError):
        validate_password(password, anna)


@pytest.mark.parametrize("password", STRONG)
def test_what_is_hard_to_guess_is_taken(anna, password):
    validate_password(password, anna)
