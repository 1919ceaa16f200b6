"""Sessions: who is logged in, in which browser."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession, BaseSessionManager
from django.db import models

from locations.personal import personal

if TYPE_CHECKING:
    from django.contrib.sessions.backends.base import SessionBase


@personal(is_of_staff=True, technical="session_data expire_date")
class Session(AbstractBaseSession):
    """A session with the key of its user, so that it ends when he is deactivated or his password changes.

    A trigger deletes it then (SESSIONS_END in mcp/triggers.py). It is found by its unguessable key, and the table has
    no row security.
    """

    user_id = models.BigIntegerField(null=True, db_index=True)

    objects: ClassVar[BaseSessionManager] = BaseSessionManager()

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        store: type[SessionBase] = import_module(settings.SESSION_ENGINE).SessionStore
        return store
