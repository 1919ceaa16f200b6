"""Pages about a person's login: making a link for a new password, and the log of the login."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from django.contrib.admin.sites import AdminSite
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from locations.permissions import Right
from mcp.central import operations
from mcp.console.linked_messages import link as linked
from mcp.console.linked_messages import said as sentence
from mcp.console.pages import done, show
from mcp.console.sent_once import leads_to
from mcp.console.site import console, scope_of
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.login.history import entries_of
from mcp.models import PasswordLink, User


@never_cache
def link_page(request: HttpRequest, object_id: int) -> HttpResponse:
    """Make a link by which a person chooses a password; it is mailed, or shown once."""
    actor = scope_of(request)
    user = _visible_or_404(actor, object_id)
    address, errors = reverse("admin:mcp_user_change", args=[user.pk]), []
    if request.method == "POST":
        try:
            link = operations.make_link(user=user, is_mailed=request.POST.get("how") == "mail", actor=actor)
        except ValidationError as refusal:
            errors = refusal.messages
        else:
            return after_link(request, link, back=address)
    context = {
        "title": _("Link for a new password: %(user)s") % {"user": user}, "person": user, "back": address,
        "can_be_mailed": operations.can_be_mailed(user), "errors": errors,
    }  # fmt: skip
    return show(request, "mcp/password.html", context, status=400 if errors else 200)


def after_link(
    request: HttpRequest, link: PasswordLink, *, back: str, site: AdminSite = console, said: str = ""
) -> HttpResponse:
    """The response to the form by which a link was made: it is shown once, or a message says where it was mailed."""
    user = link.user
    if link.sent_to:
        sent = _("%(user)s gets the link by mail, at %(address)s.")
        named = linked(user, _page_of(user, request))
        told = sentence(f"%(said)s {sent}" if said else sent, said=said, user=named, address=link.sent_to)
        return done(request, told, back)
    context = {
        "title": _("Link for a new password: %(user)s") % {"user": user}, "person": user, "back": back, "said": said,
        "link": link, "address": operations.address_of(link.pk),
    }  # fmt: skip
    response = show(request, "mcp/password_link.html", context, site=site)
    response["Cache-Control"] = "no-store"
    # Somebody new must not be entered twice. Where a link alone was asked for, a second one is made and shown.
    return leads_to(response, back) if said else response


def _page_of(user: User, request: HttpRequest) -> str:
    """The address of this person's page; empty where the request may not see him, and outside of any location."""
    scope: Scope | None = getattr(request, "scope", None)
    is_visible = scope is not None and operations.visible_users(scope).filter(pk=user.pk).exists()
    return reverse("admin:mcp_user_change", args=[user.pk]) if is_visible else ""


def log_page(request: HttpRequest, object_id: int) -> HttpResponse:
    """The log of a person's login, for somebody who manages people."""
    user = _visible_or_404(scope_of(request), object_id)
    return _log(request, user, back=reverse("admin:mcp_user_change", args=[user.pk]))


def own_log_page(request: HttpRequest) -> HttpResponse:
    """The log of one's own login."""
    return _log(request, request.user, back=reverse("admin:index"))  # type: ignore[arg-type]


def _log(request: HttpRequest, user: User, *, back: str) -> HttpResponse:
    with _rows_of(user):
        entries = entries_of(user)
    is_own = user == scope_of(request).user
    title = _("My login") if is_own else _("Login: %(user)s") % {"user": user}
    return show(request, "mcp/logins.html", {"title": title, "entries": entries, "back": back, "is_own": is_own})


def _rows_of(user: User) -> AbstractContextManager[None]:
    """A context that sees the person's rows: those of the provider's people are in no scope."""
    return nullcontext() if user.organization_id else row_scope.rows_of_person(user.pk)


def _visible_or_404(actor: Scope, object_id: int) -> User:
    actor.demand(Right.MANAGE_USERS)
    user = operations.visible_users(actor).filter(pk=object_id).first()
    if user is None:
        raise Http404
    return user
