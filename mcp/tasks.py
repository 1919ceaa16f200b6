"""What the worker does for the central administration."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from procrastinate.contrib.django import app


@app.periodic(cron="23 3 * * *")
@app.task(queueing_lock="clear_expired_sessions")
def clear_expired_sessions(timestamp: int) -> None:
    """Sessions that have run out would otherwise stay in the database for ever."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
