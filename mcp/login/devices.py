"""Devices on which somebody has logged in before, recognised by a signed cookie.

Attempts of strangers under a person's name do not slow down the person's own devices (mcp/login/throttling.py). When
the password changes, his devices are no longer recognised. The cookie does not log anybody in.
"""

from __future__ import annotations

import re
import secrets
from typing import TypedDict

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from mcp.models import User

COOKIE, ACCOUNT_COOKIE, PLACE_COOKIE = (
    f"{settings.COOKIES_BEGIN_WITH}{name}" for name in ("device", "account", "place")
)
DAYS = 180
MOST_PEOPLE = 20
"""The number of people who are recognised on one device: the last to have logged in."""
_SALT = "mcp.login.devices"
_PLACE = re.compile(r"([1-9][0-9]{0,8})-([1-9][0-9]{0,4})", re.ASCII)


class _Known(TypedDict):
    """What the cookie of a device holds: its id, and by the number of each person the mark of the password of then."""

    id: str
    people: dict[str, str]


def known_device(request: HttpRequest | None, user: User | None) -> str:
    """The id of the device, if this person has logged in on it with the present password; else empty."""
    found = _read(request)
    is_known = user is not None and found["people"].get(str(user.pk)) == _mark(user)
    return found["id"] if is_known else ""


def account_number_on(request: HttpRequest) -> int | None:
    """The account number that was used on this device last."""
    text = request.COOKIES.get(ACCOUNT_COOKIE, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def last_person_on(request: HttpRequest) -> str:
    """The key of the last person who has logged in on this device, as text; empty where there is none."""
    return next(reversed(_read(request)["people"]), "")


def remember(request: HttpRequest, response: HttpResponse, user: User) -> None:
    """Recognise this person on this device from now on, and remember the account number of his business."""
    found = _read(request)
    people = {pk: mark for pk, mark in found["people"].items() if pk != str(user.pk)}
    people = dict(list(people.items())[-(MOST_PEOPLE - 1) :]) | {str(user.pk): _mark(user)}
    text = signing.dumps({"id": found["id"] or secrets.token_urlsafe(12), "people": people}, salt=_SALT)
    _set(response, COOKIE, text)
    if user.organization is not None:
        note_account(response, user.organization.account_number)


def note_account(response: HttpResponse, account_number: int) -> None:
    """Remember the business that was used last on this device: the login fills in its account number."""
    _set(response, ACCOUNT_COOKIE, str(account_number))


def note_place(request: HttpRequest, response: HttpResponse, address: tuple[int, int]) -> None:
    """Remember the location at which somebody has worked last on this device. The chooser offers it first."""
    text = "-".join(map(str, address))
    if request.COOKIES.get(PLACE_COOKIE) != text:
        _set(response, PLACE_COOKIE, text)


def place_on(request: HttpRequest) -> tuple[int, int] | None:
    """The account number and client number of the location that was used on this device last."""
    found = _PLACE.fullmatch(request.COOKIES.get(PLACE_COOKIE, ""))
    return (int(found.group(1)), int(found.group(2))) if found else None


def _read(request: HttpRequest | None) -> _Known:
    text = request.COOKIES.get(COOKIE, "") if request is not None else ""
    try:
        found: _Known = signing.loads(text, salt=_SALT, max_age=DAYS * 24 * 60 * 60)
    except signing.BadSignature:
        return {"id": "", "people": {}}
    return found


def _mark(user: User) -> str:
    return user.get_session_auth_hash()[:16]


def _set(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name, value, max_age=DAYS * 24 * 60 * 60, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
