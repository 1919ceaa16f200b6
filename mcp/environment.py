"""Typed reading of the environment: a wrong value stops the start with a sentence that says the remedy."""

import os
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str | None = None) -> str:
    """The variable's text; without a default it must be set."""
    value = os.environ.get(name, default)
    if value is None or (default is None and not value):
        raise ImproperlyConfigured(f"{name} is not set. Set it in the environment; README.md lists the values.")
    return value


def flag(name: str, *, default: bool) -> bool:
    """A yes-or-no variable: 1, true, yes, on / 0, false, no, off."""
    value = os.environ.get(name, "1" if default else "0").strip().lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise ImproperlyConfigured(f"{name}={value!r} is neither yes nor no. Write 1 or 0.")


def number(name: str, *, default: int) -> int:
    """A whole number, not negative."""
    value = os.environ.get(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number. Write digits only, as in {default}.")
    return int(value)


def words(name: str, *, default: str) -> list[str]:
    """A list separated by commas."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def database(name: str) -> dict[str, Any]:
    """The address of a PostgreSQL as Django's settings of a database; it must name the role that logs in."""
    found: dict[str, Any] = dict(dj_database_url.parse(text(name)))
    if found["ENGINE"] != "django.db.backends.postgresql" or not found["USER"]:
        raise ImproperlyConfigured(
            f"{name} must name a PostgreSQL server and the role that logs in: postgresql://role:password@host/name"
        )
    return found
