"""The pages of devices: the list, a new one with its code, and each of them with what can be done about it.

A device is set up and changed at its location. The central of a group sees those of all locations that it manages, and
can revoke them.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from locations.models import Location
from locations.one_time_codes import LIFETIME
from locations.permissions import Right
from mcp.central.admin.device_history import entries_of
from mcp.central.admin.reasons import explained_of_device
from mcp.central.forms.devices import DeviceForm, NewDeviceForm, RevokingForm, bound_to
from mcp.choices import DeviceKind, DeviceState
from mcp.console.filters import ChosenFilter
from mcp.console.marking import marked
from mcp.console.operation_forms import OperationForm, show_refusal
from mcp.console.pages import show
from mcp.console.site import ConsoleModelAdmin, console, scope_of
from mcp.isolation import access
from mcp.isolation.branch import has_customers_here
from mcp.isolation.scope import Scope
from mcp.machines import operations
from mcp.models import Device, DeviceCode

LIST, ADD, PAGE, EDIT = "mcp_device_changelist", "mcp_device_add", "mcp_device_change", "mcp_device_edit"
CODE, WITHDRAW, RENEW, REVOKE = "mcp_device_code", "mcp_device_withdraw", "mcp_device_renew", "mcp_device_revoke"
UNUSED = timedelta(days=30)
"""A device that was not here for so long is shown as such: perhaps it is gone, and should be revoked."""


def is_unused(device: Device) -> bool:
    """Whether a device in use was not here for a long time."""
    last = device.used_at or device.enrolled_at
    return device.state == DeviceState.ACTIVE and last is not None and timezone.now() - last > UNUSED


def standing_of(device: Device, *, has_code: bool = False) -> str:
    """Its state as people read it, and whether a code holds that was shown for it."""
    state = _("Not used for 30 days") if is_unused(device) else str(DeviceState(device.state).label)
    return _("%(state)s; a code holds") % {"state": state} if has_code else state


class StandingFilter(ChosenFilter):
    """Devices by whether they can get in, and whether they do."""

    title = gettext_lazy("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        return [*DeviceState.choices, ("unused", _("Not used for 30 days"))]

    def narrowed(self, rows: QuerySet[Device], value: str) -> QuerySet[Device]:
        if value != "unused":
            return rows.filter(state=value)
        long_ago = timezone.now() - UNUSED
        never = Q(used_at=None, enrolled_at__lt=long_ago)
        return rows.filter(Q(used_at__lt=long_ago) | never, state=DeviceState.ACTIVE)


class KindFilter(ChosenFilter):
    """Devices by what they are."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin) -> list[tuple[str, Any]]:
        return list(DeviceKind.choices)

    def narrowed(self, rows: QuerySet[Device], value: str) -> QuerySet[Device]:
        return rows.filter(kind=value)


@admin.register(Device, site=console)
class DeviceAdmin(ConsoleModelAdmin[Device]):
    """The list, and the place where the pages are mounted, which are functions."""

    menu_section, menu_icon, menu_order = "mcp", "point_of_sale", 16
    rights = {"view": Right.MANAGE_LOCATION, "add": Right.MANAGE_LOCATION}
    form = OperationForm
    actions = None
    list_display = ["name", "kind", "place", "group", "used_at", "program", "standing"]
    list_filter = [StandingFilter, KindFilter]
    related_rows = {"location": lambda scope: Location.objects.of_organization(scope.organization)}
    search_fields = ["name", "location__name"]
    list_before_template = "mcp/devices_note.html"

    def rows(self, scope: Scope) -> QuerySet[Device]:
        codes = DeviceCode.objects.usable(timezone.now()).filter(device=OuterRef("pk"))
        return operations.visible_devices(scope).select_related("location__base", "group").annotate(code=Exists(codes))

    @admin.display(description=gettext_lazy("location"), ordering="location")
    def place(self, device: Device) -> str:
        return marked(device.location)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def standing(self, device: Device) -> str:
        return standing_of(device, has_code=device.code)  # type: ignore[attr-defined]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, object] | None = None) -> HttpResponse:
        scope = scope_of(request)
        own = {"has_old_base": not has_customers_here(scope.location)}
        return super().changelist_view(request, {**(extra_context or {}), **own})

    def get_urls(self) -> list[URLPattern]:
        """The list of the stock admin, and the pages of this module in place of its others."""
        stock = [url for url in super().get_urls() if url.name == LIST]
        pages: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("new/", new_page, ADD),
            ("<uuid:device_id>/", device_page, PAGE),
            ("<uuid:device_id>/edit/", edit_page, EDIT),
            ("<uuid:device_id>/code/", code_page, CODE),
            ("<uuid:device_id>/code/withdraw/", withdraw_page, WITHDRAW),
            ("<uuid:device_id>/renew/", renew_page, RENEW),
            ("<uuid:device_id>/revoke/", revoke_page, REVOKE),
        ]
        return [*stock, *(path(address, console.admin_view(view), name=name) for address, view, name in pages)]


def _device(scope: Scope, pk: UUID) -> Device:
    """The device, if the scope sees it. Raises MissingRight, Http404."""
    scope.demand(Right.MANAGE_LOCATION)
    found = operations.visible_devices(scope).select_related("location__base", "location__organization", "group")
    device = found.filter(pk=pk).first()
    if device is None:
        raise Http404
    return device


def _to(device: Device) -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse(f"admin:{PAGE}", args=[device.pk]))


def new_page(request: HttpRequest) -> HttpResponse:
    """Asks what the machine is, makes the device, and shows its code, this once."""
    scope = scope_of(request)
    scope.demand(Right.MANAGE_LOCATION)
    form = bound_to(NewDeviceForm, scope)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            device, code = operations.create_device(**form.cleaned_data, actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, form.refused_fields)
        else:
            return _page(request, _device(scope, device.pk), code=code)
    context = {
        "title": _("New device at %(location)s") % {"location": scope.location},
        "form": form,
        "button": _("Make the device and show its code"),
        "back": reverse(f"admin:{LIST}"),
        "has_old_base": not has_customers_here(scope.location),
    }
    return show(request, "mcp/device_form.html", context, status=400 if form.errors else 200)


def device_page(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """One device: what it is and may do, and what has happened to it."""
    return _page(request, _device(scope_of(request), device_id))


def _page(request: HttpRequest, device: Device, *, code: str = "") -> HttpResponse:
    scope = scope_of(request)
    open_code = DeviceCode.objects.usable(timezone.now()).filter(device=device).first()
    is_standing = device.state != DeviceState.REVOKED
    with scope.asked.only_looking():
        sees_history, sees_groups = scope.allows(Right.SEE_HISTORY), scope.allows(Right.MANAGE_USERS)
    context = {
        "title": f"{device.location.name}: {device.name}",
        "device": device,
        "standing": standing_of(device),
        "is_warning": is_unused(device) or not is_standing,
        "is_here": device.location_id == scope.location.pk,
        "is_standing": is_standing,
        "is_in_use": device.state == DeviceState.ACTIVE,
        "code": code,
        "open_code": open_code,
        "code_until": open_code.made_at + LIFETIME if open_code else None,
        "address": request.build_absolute_uri("/"),
        "answers": _answers(device) if is_standing else [],
        "sees_groups": sees_groups,
        "sees_history": sees_history,
        "entries": entries_of(device) if sees_history else [],
        "back": reverse(f"admin:{LIST}"),
    }
    response = show(request, "mcp/device.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _answers(device: Device) -> list[object]:
    """What the device may do, or may do once it is set up, and why."""
    if device.state == DeviceState.WAITING:
        answers = access.explain_group(device.group_id or 0, device.location)
    else:
        answers = access.explain_device(device, device.location)
    return [explained_of_device(answer, device) for answer in answers]


def edit_page(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Another name, or another user group."""
    scope = scope_of(request)
    device = _device(scope, device_id)
    form = bound_to(DeviceForm, scope)(request.POST or None, instance=device)
    if request.method == "POST" and form.is_valid():
        changed = {name: form.cleaned_data[name] for name in form.changed_fields()}
        try:
            operations.change_device(device=device, **changed, actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, form.refused_fields)
        else:
            messages.success(request, _("It is saved."))
            return _to(device)
    context = {
        "title": _("Change %(device)s") % {"device": f"{device.location.name}: {device.name}"},
        "form": form,
        "button": _("Save"),
        "back": reverse(f"admin:{PAGE}", args=[device.pk]),
    }
    return show(request, "mcp/device_form.html", context, status=400 if form.errors else 200)


def code_page(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Makes a new code and shows it, this once."""
    scope = scope_of(request)
    device = _device(scope, device_id)
    if request.method != "POST":
        return _to(device)
    try:
        code = operations.show_code(device=device, actor=scope)
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
        return _to(device)
    return _page(request, device, code=code)


def withdraw_page(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """The code that was shown holds no longer."""
    return _done(request, device_id, operations.withdraw_code, _("The code holds no longer."))


def renew_page(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """The device is asked to renew its token."""
    said = _("The device renews its token as soon as it asks who it is. Until then the present one holds.")
    return _done(request, device_id, operations.ask_renewal, said)


def _done(request: HttpRequest, pk: UUID, operation: Callable[..., None], said: str) -> HttpResponse:
    scope = scope_of(request)
    device = _device(scope, pk)
    if request.method == "POST":
        try:
            operation(device=device, actor=scope)
        except ValidationError as refusal:
            messages.error(request, " ".join(refusal.messages))
        else:
            messages.success(request, said)
    return _to(device)


def revoke_page(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Asks why, then revokes the device for good."""
    scope = scope_of(request)
    device = _device(scope, device_id)
    if device.state == DeviceState.REVOKED:
        return _to(device)
    form = RevokingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            operations.revoke_device(device=device, reason=form.cleaned_data["reason"], actor=scope)
        except ValidationError as refusal:
            show_refusal(form, refusal, {"no_reason": "reason", "revoked_reason": "reason"})
        else:
            messages.success(request, _("%(device)s is revoked. It is let in no more.") % {"device": device})
            return _to(device)
    context = {
        "title": _("Revoke %(device)s?") % {"device": f"{device.location.name}: {device.name}"},
        "form": form,
        "device": device,
        "back": reverse(f"admin:{PAGE}", args=[device.pk]),
    }
    return show(request, "mcp/device_revoke.html", context, status=400 if form.errors else 200)
