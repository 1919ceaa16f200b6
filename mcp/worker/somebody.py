"""For whom a task works: named when it is queued, entered when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext_noop, override

from mcp.isolation.scope import Scope
from mcp.models import User

WORKER = gettext_noop("the worker")
"""How the worker calls itself where it works for nobody."""


def for_somebody(scope: Scope) -> dict[str, Any]:
    """For whom a task works and where; it holds the rights that he has when it runs."""
    return {
        "user": scope.user.pk if scope.user else 0,
        "account_number": scope.organization.account_number,
        "client_number": scope.location.client_number,
    }


@contextmanager
def language_of(somebody: dict[str, int]) -> Iterator[None]:
    """Of whoever has ordered a job; he may be nobody any more. In a transaction for which all people exist."""
    language = User.objects.filter(pk=somebody.get("user", 0)).values_list("language", flat=True).first()
    with override(language):
        yield
