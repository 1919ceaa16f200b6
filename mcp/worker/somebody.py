"""The user for whom a task works: named when it is queued, and entered when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils.translation import gettext_noop, override

from mcp.isolation.scope import Scope
from mcp.models import User

WORKER = gettext_noop("the worker")
"""The name of the worker where it works for no user."""


def for_somebody(scope: Scope) -> dict[str, Any]:
    """Arguments of a task that name the user and the location (user, account_number, client_number).

    It runs with the rights that he has then. Raises PermissionDenied for a device, for which no task works.
    """
    if scope.device is not None:
        raise PermissionDenied
    return {
        "user": scope.user.pk if scope.user else 0,
        "account_number": scope.organization.account_number,
        "client_number": scope.location.client_number,
    }


@contextmanager
def language_of(somebody: dict[str, int]) -> Iterator[None]:
    """Use the language of the user who has ordered a job; he may be deleted.

    Runs in a transaction that sees all people.
    """
    language = User.objects.filter(pk=somebody.get("user", 0)).values_list("language", flat=True).first()
    with override(language):
        yield
