"""The page for whoever writes a till: where the API of this location is, and where it can be tried."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from api.service import description
from api.webhook_pages import shown_here
from locations.permissions import Right
from mcp.console.pages import show
from mcp.console.site import scope_of

RIGHT = Right.MANAGE_LOCATION
"""As for the devices, whose tokens it takes."""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Shows the address, and loads what it can be tried with when somebody asks for it. Raises MissingRight."""
    scope = scope_of(request)
    scope.demand(RIGHT)
    context: dict[str, Any] = {
        "title": _("API for tills"),
        "address": request.build_absolute_uri(_address(request)),
        "is_old_base": scope.base.is_discontinued,
        "webhooks": shown_here(scope),
        "settings": {
            "url": reverse("api_description"),
            "layout": "BaseLayout",
            "deepLinking": False,
            "validatorUrl": None,
            "persistAuthorization": False,
        },
    }
    return show(request, "api/page.html", context)


@require_safe
def described(request: HttpRequest) -> HttpResponse:
    """The OpenAPI description with the address of this location. Raises MissingRight."""
    scope_of(request).demand(RIGHT)
    return JsonResponse(description(server=_address(request)), json_dumps_params={"ensure_ascii": False})


def _address(request: HttpRequest) -> str:
    return f"{request.META.get('SCRIPT_NAME', '')}/api/v1"
