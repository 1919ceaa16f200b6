"""Reads the environment variables with their types.

A wrong value stops the start with a sentence that says the remedy (ImproperlyConfigured).
"""

import os
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from launch.port import DEFAULT, DEFAULT_OF_BRANCH


def text(name: str, default: str | None = None) -> str:
    """The variable's text. Without a default it must be set and not be empty."""
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


def number(name: str, *, default: int, least: int = 0) -> int:
    """A whole number, not below `least`."""
    value = os.environ.get(name, str(default))
    if not value.isdigit():
        raise ImproperlyConfigured(f"{name}={value!r} is not a whole number. Write digits only, as in {default}.")
    if int(value) < least:
        raise ImproperlyConfigured(f"{name}={value!r} is too small. Write {least} or more, as in {default}.")
    return int(value)


def one_of(name: str, values: tuple[str, ...], *, default: str) -> str:
    """One of these words."""
    value = os.environ.get(name, default).strip()
    if value not in values:
        raise ImproperlyConfigured(f"{name}={value!r} is none of {', '.join(values)}. Write one of them.")
    return value


def words(name: str, *, default: str) -> list[str]:
    """A list separated by commas."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def cookies_begin_with(side: str, public_url: str) -> str:
    """How the names of its cookies begin: by the side, and by the port where that is another than usual.

    A browser tells hosts apart and no ports: two installations on one machine would log out each other.
    """
    try:
        port = urlsplit(public_url).port
    except ValueError:
        raise ImproperlyConfigured(
            f"PUBLIC_URL={public_url!r} is no address. Write it as in https://stammhaus.example/ or http://127.0.0.1:8000/"
        ) from None
    is_branch = side == "branch"
    usual = int(DEFAULT_OF_BRANCH if is_branch else DEFAULT)
    return ("branch_" if is_branch else "") + ("" if port in {None, usual} else f"{port}_")


def database(name: str) -> dict[str, Any]:
    """The address of a PostgreSQL as Django's settings of a database. It must name the role that logs in."""
    found: dict[str, Any] = dict(dj_database_url.parse(text(name)))
    if found["ENGINE"] != "django.db.backends.postgresql" or not found["USER"]:
        raise ImproperlyConfigured(
            f"{name} must name a PostgreSQL server and the role that logs in: postgresql://role:password@host/name"
        )
    return found


def mailers(name: str) -> dict[str, dict[str, object]]:
    """The mail server as Django's setting MAILERS; empty where the variable is not set.

    smtp://user:password@host:587 begins without TLS and turns it on by STARTTLS, smtps://… uses TLS from the first
    byte, smtp+plain://… never; file:///folder writes each mail into a file.
    """
    address = os.environ.get(name, "")
    if not address:
        return {}
    found = urlsplit(address)
    if found.scheme == "file" and found.path:
        return {"default": {"BACKEND": f"{_BACKENDS}.filebased.EmailBackend", "OPTIONS": {"file_path": found.path}}}
    if found.scheme not in _PORTS or not found.hostname:
        raise ImproperlyConfigured(f"{name} must be smtp://user:password@host:port, smtps://…, or file:///folder.")
    options = {
        "host": found.hostname,
        "port": found.port or _PORTS[found.scheme],
        "username": unquote(found.username or ""),
        "password": unquote(found.password or ""),
        "use_tls": found.scheme == "smtp",
        "use_ssl": found.scheme == "smtps",
        "timeout": 20,
    }
    return {"default": {"BACKEND": f"{_BACKENDS}.smtp.EmailBackend", "OPTIONS": options}}


_BACKENDS = "django.core.mail.backends"
_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
