"""The page on which a branch that is set up is paired with its central: the address of the central, and a code."""

from __future__ import annotations

from platform import node as name_of_machine

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from unfold.widgets import UnfoldAdminTextInputWidget

from clearing.branch.address_field import CentralField
from clearing.branch.pairing import pair
from clearing.branch.starting import clear_now
from clearing.branch.talking import CentralRefused
from clearing.models import OwnNode
from clearing.protocol.pairing_codes import LONGEST_TYPED
from locations.permissions import Right
from mcp.console.operation_forms import show_refusal
from mcp.console.pages import show
from mcp.console.site import console, scope_of
from mcp.isolation.scope import Scope

PAIR = "clearing_pair_branch"
LONGEST_MACHINE = 120


class PairForm(forms.Form):
    """What the central shows."""

    central = CentralField(autofocus=True)
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=LONGEST_TYPED,
        help_text=gettext_lazy("The central shows it at the location, for one branch and 24 hours."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


def pairing_urls() -> list[URLPattern]:
    """The address of this page."""
    return [path("own/pair/", console.admin_view(pair_page), name=PAIR)]


@sensitive_post_parameters("code")
def pair_page(request: HttpRequest) -> HttpResponse:
    """Ask for the code and pair; the first run begins at once."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    own = OwnNode.objects.select_related("node", "base", "location__organization").get(base=scope.base)
    form = PairForm(request.POST or None, initial={"central": own.central_url})
    if request.method == "POST" and form.is_valid() and _pair(own, form, scope):
        messages.success(request, _("The branch is paired. The first reconciliation begins in a moment."))
        return HttpResponseRedirect(reverse("admin:clearing_own"))
    context = {"title": _("Pair with the central"), "form": form, "own": own, "back": reverse("admin:clearing_own")}
    return show(request, "clearing/pair.html", context, status=400 if form.errors else 200)


def _pair(own: OwnNode, form: PairForm, scope: Scope) -> bool:
    """Whether it went well; else the form says why not."""
    said, machine = form.cleaned_data, (name_of_machine() or str(scope.location))[:LONGEST_MACHINE]
    try:
        pair(own, code=said["code"], central_url=said["central"], machine=machine, actor=scope)
        # Whoever pairs need not hold the right to reconcile; and once paired it goes on by itself.
        clear_now(actor=Scope.of_system(scope.location, name=scope.actor_name))
    except CentralRefused as refusal:
        form.add_error("code", str(refusal.sentences))
    except ValidationError as refusal:
        show_refusal(form, refusal, {"central_url_unusable": "central"})
    else:
        return True
    return False
