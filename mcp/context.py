"""What every page knows: where its user is, and where he can go."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest


def where_you_are(request: HttpRequest) -> dict[str, Any]:
    """`scope` for the header: group, location and base, a base 1.0 marked as discontinued."""
    return {"scope": getattr(request, "scope", None)}
