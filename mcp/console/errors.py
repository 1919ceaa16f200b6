"""The pages for requests that are refused, not found or broken. They say what happened and what to do next."""

from __future__ import annotations

import logging
from contextlib import nullcontext

from django.conf import settings
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from locations.violations import refusal_of
from mcp.console.kept_forms import Kept, is_our_page, kept_of, kept_through_login
from mcp.console.page_context import look
from mcp.isolation import access, limits, row_scope
from mcp.isolation.branch import MadeAtCentral
from mcp.isolation.refusal_log import because
from mcp.isolation.scope import MissingRight, Scope
from mcp.login.forms import LoginForm

SHOWN_GRANTERS = 5
log = logging.getLogger(__name__)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: which right is missing, at which location, and who can grant it."""
    context: dict[str, object] = {**look(request), "title": _("Not open to you"), "kept": kept_of(request)}
    if isinstance(exception, MissingRight):
        context |= _what_is_missing(request, exception)
        return because(render(request, "errors/403.html", context, status=403), exception.right.value)
    if isinstance(exception, MadeAtCentral):
        context |= {"title": _("This is done at the central"), "made_at_central": exception.sentence}
    return render(request, "errors/403.html", context, status=403)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is wrong: the form is forged, or older than the last login.

    What was typed into ours is kept.

    Django calls it (CSRF_FAILURE_VIEW).
    """
    kept = kept_of(request) or (kept_through_login(request.POST) if is_our_page(request) else None)
    context = {**look(request), "title": _("This form is no longer valid"), "kept": kept}
    return render(request, "403_csrf.html", context, status=403)


def session_ended(request: HttpRequest, kept: Kept, account_number: int) -> HttpResponse:
    """403 for a form that was sent after the session had ended: a login that carries what was typed."""
    form = LoginForm(request, initial={"account_number": account_number})
    context = {**look(request), "title": _("Your session has ended"), "kept": kept, "form": form}
    return render(request, "errors/session_ended.html", {**context, "login_address": settings.LOGIN_URL}, status=403)


def _what_is_missing(request: HttpRequest, missing: MissingRight) -> dict[str, object]:
    scope: Scope | None = getattr(request, "scope", None)
    with row_scope.rows_of(scope) if scope else nullcontext():  # the request's own transaction may be over
        granters = list(access.granters_at(missing.location)[: SHOWN_GRANTERS + 1])
    return {
        "right": missing.right.label,
        "location": missing.location,
        "need": missing.need,
        "granters": granters[:SHOWN_GRANTERS],
        "more_granters": len(granters) > SHOWN_GRANTERS,
        "way_back": missing.location.address if scope and scope.rights else "",
    }


def misunderstood(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400: the address or the form asks for something that the page does not know; with a link to the page itself."""
    way_back = request.path if request.method in {"GET", "HEAD"} and request.GET else ""
    context = {**look(request), "title": _("Not understood"), "way_back": way_back}
    return render(request, "errors/400.html", context, status=400)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404. The page is the same, to the byte, for what does not exist and for what belongs to somebody else."""
    context = {**look(request), "title": _("Not found")}
    return render(request, "errors/404.html", context, status=404)


def overtaxed(request: HttpRequest, exception: Exception) -> HttpResponse | None:
    """503 where the database gave up (mcp/isolation/limits.py), 409 for a violated constraint, else None."""
    if isinstance(exception, IntegrityError) and (refusal := refusal_of(exception)) is not None:
        context: dict[str, object] = {"language": get_language(), "sentence": " ".join(refusal.messages)}
        return render(None, "errors/409.html", context, status=409)
    waited, took = limits.waited_too_long(exception), limits.took_too_long(exception)
    if not waited and not took:
        return None
    log.warning("%s %s was given up: %s", request.method, request.path, exception)
    context = {"language": get_language(), "is_taken": waited}
    response = render(None, "errors/503.html", context, status=503)
    response.headers["Retry-After"] = "10"
    return response


def not_arrived() -> HttpResponse:
    """408: the body came too slowly or not completely. Nothing was done."""
    return render(None, "errors/408.html", {"language": get_language()}, status=408)


def too_long() -> HttpResponse:
    """413: more than somebody may send who is not logged in. The body is not read."""
    return render(None, "errors/413.html", {"language": get_language()}, status=413)


def broken(request: HttpRequest) -> HttpResponse:
    """500. The page needs neither database nor user, so that it cannot fail as well."""
    return render(None, "errors/500.html", {"language": get_language()}, status=500)
