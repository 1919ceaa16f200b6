"""The pages of webhooks: making one, with its secret this once; ending it; trying again at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from api.choices import WebhookState
from api.models import Webhook
from api.webhooks import ERRORS, create_webhook, end_webhook, retry_webhook, webhooks_here
from locations.permissions import Right
from mcp.choices import DeviceState
from mcp.console.operation_forms import show_refusal
from mcp.console.pages import show
from mcp.console.site import scope_of
from mcp.isolation.scope import Scope
from mcp.models import Device

RIGHT = Right.MANAGE_LOCATION
"""As for the devices."""


class WebhookForm(forms.Form):
    """Whose program is told, and where."""

    device = forms.ModelChoiceField(
        queryset=Device.objects.none(),
        label=gettext_lazy("Device"),
        empty_label=gettext_lazy("Choose a device"),
        help_text=gettext_lazy("It is told of what it may read. Once it is revoked, nothing is sent any more."),
        widget=UnfoldAdminSelectWidget,
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=300,
        help_text=gettext_lazy("Such as https://example.com/stammhaus. It must be reachable from the internet."),
        widget=UnfoldAdminTextInputWidget,
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        devices: Any = self.fields["device"]
        devices.queryset = Device.objects.at(scope.location).exclude(state=DeviceState.REVOKED)


@dataclass(frozen=True)
class Shown:
    """A webhook as the page tells it."""

    webhook: Webhook
    standing: str
    is_warning: bool
    error: str
    is_ended: bool


def shown_here(scope: Scope) -> list[Shown]:
    """The webhooks of this location. Raises MissingRight."""
    return [_shown(one) for one in webhooks_here(scope)]


def _shown(one: Webhook) -> Shown:
    state = WebhookState(one.state)
    sentence = str(ERRORS.get(one.last_error, "")) if one.last_error else ""
    if one.last_status and one.last_error:
        sentence = _("%(sentence)s (status %(status)s)") % {"sentence": sentence, "status": one.last_status}
    is_revoked = one.device.state == DeviceState.REVOKED
    standing = _("Its device is revoked") if is_revoked and state != WebhookState.ENDED else str(state.label)
    if state == WebhookState.ACTIVE and one.failures and not is_revoked:
        standing = _("Fails; is tried again")
    return Shown(one, standing, bool(one.failures) or is_revoked, sentence, state == WebhookState.ENDED)


@require_http_methods(["GET", "HEAD", "POST"])
def new_page(request: HttpRequest) -> HttpResponse:
    """Asks for device and address, makes the webhook, and shows its secret, this once. Raises MissingRight."""
    scope = scope_of(request)
    scope.demand(RIGHT)
    form = WebhookForm(request.POST or None, scope=scope)
    context: dict[str, Any] = {
        "title": _("New webhook at %(location)s") % {"location": scope.location},
        "form": form,
        "back": reverse("api_page"),
        "is_old_base": scope.base.is_discontinued,
    }
    if request.method == "POST" and not scope.base.is_discontinued and form.is_valid():
        try:
            made, secret = create_webhook(**form.cleaned_data, actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {})
        else:
            context |= {
                "webhook": made,
                "secret": secret,
                "title": _("Webhook of %(device)s") % {"device": made.device},
            }
    response = show(request, "api/webhook.html", context, status=400 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def end_page(request: HttpRequest, webhook: UUID) -> HttpResponse:
    """Nothing more is sent there, for good. Raises MissingRight, Http404."""
    return _done(request, webhook, end_webhook, _("Nothing more is sent to this address."))


@require_http_methods(["GET", "HEAD", "POST"])
def retry_page(request: HttpRequest, webhook: UUID) -> HttpResponse:
    """It is tried again within the next minute. Raises MissingRight, Http404."""
    return _done(request, webhook, retry_webhook, _("It is tried again within the next minute."))


def _done(request: HttpRequest, pk: UUID, operation: Callable[..., None], said: str) -> HttpResponse:
    scope = scope_of(request)
    if not webhooks_here(scope).filter(pk=pk).exists():
        raise Http404
    if request.method == "POST":
        try:
            operation(webhook=pk, actor=scope)
        except Webhook.DoesNotExist:
            messages.error(request, _("This webhook was ended meanwhile."))
        else:
            messages.success(request, said)
    return HttpResponseRedirect(reverse("api_page"))
