"""The pages on which a developer of the provider signs a switch to 1.0, outside of any location (R11)."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _

from mcp.choices import ProviderRole
from mcp.console.pages import done, show
from mcp.console.site import provider
from mcp.models import User
from transitions import switching
from transitions.models import BaseSwitch
from transitions.switching import has_signed, to_be_signed

LIST, SIGN = "transitions_baseswitch_changelist", "transitions_baseswitch_sign"


def signing_urls() -> list[URLPattern]:
    """The addresses of these pages, within the site of the provider."""
    return [
        path("", provider.admin_view(list_page), name=LIST),
        path("<uuid:pk>/", provider.admin_view(sign_page), name=SIGN),
    ]


def is_developer(request: HttpRequest) -> bool:
    """Whether the user is active and a developer of the provider."""
    return getattr(request.user, "provider_role", "") == ProviderRole.DEVELOPER and request.user.is_active


def list_page(request: HttpRequest) -> HttpResponse:
    """What waits for a signature."""
    context = {"title": _("Switches to 1.0 that wait for a signature"), "switches": _waiting(request)}
    return show(request, "transitions/signing.html", context, site=provider)


def sign_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is to be signed, and the signature. Who has signed it, and goes back, is led to the list."""
    switch = next((one for one in _waiting(request) if one.pk == pk), None)
    if switch is None:
        if not has_signed(switch=pk, developer=_developer(request)):
            raise Http404
        messages.info(request, _("This switch does not wait for a signature any more."))
        return HttpResponseRedirect(reverse(f"admin:{LIST}"))
    refused: list[str] = []
    if request.method == "POST":
        try:
            switching.sign(switch=pk, developer=_developer(request))
        except ValidationError as refusal:
            refused = refusal.messages
        except PermissionDenied:
            raise Http404 from None
        else:
            return done(request, _("Signed. Support can carry it out now."), reverse(f"admin:{LIST}"))
    context = {
        "title": _("Sign: %(location)s to 1.0") % {"location": switch.location}, "switch": switch, "refused": refused,
        "back": reverse(f"admin:{LIST}"),
    }  # fmt: skip
    return show(request, "transitions/sign.html", context, site=provider)


def _developer(request: HttpRequest) -> User:
    """The developer who asks. Raises Http404 for everybody else: the pages do not exist for them."""
    if not is_developer(request):
        raise Http404
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - for the types
    return user


def _waiting(request: HttpRequest) -> list[BaseSwitch]:
    return to_be_signed(developer=_developer(request))
