"""Who is logged in, in which browser."""

from __future__ import annotations

from importlib import import_module
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models


class Session(AbstractBaseSession):
    """A session that says whose it is, so that it can be ended with the person's access or password.

    The database does that itself (SESSIONS_END in mcp/triggers.py). Found by its unguessable key and under no row
    security.
    """

    user_id = models.BigIntegerField(null=True, db_index=True)

    objects: ClassVar[BaseSessionManager] = BaseSessionManager()

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()

    @classmethod
    def get_session_store_class(cls) -> Any:
        return import_module(settings.SESSION_ENGINE).SessionStore
