"""Messages to be shown on the next page, in a cookie that is of this installation alone."""

from __future__ import annotations

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.messages.storage.session import SessionStorage


class OwnCookieStorage(CookieStorage):
    """As Django's. Under its name an installation at another port would find it, fail to verify it, and delete it."""

    cookie_name = f"{settings.COOKIES_BEGIN_WITH}messages"


class OwnStorage(FallbackStorage):
    """In the cookie, and what it has no room for in the session."""

    storage_classes = (OwnCookieStorage, SessionStorage)
