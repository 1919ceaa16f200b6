"""The forms of a device: a new one, a change, and the reason of a revocation."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from mcp.console.operation_forms import OperationForm
from mcp.isolation.scope import Scope
from mcp.machines.operations import offered_groups
from mcp.models import Device, UserGroup


class _Form(OperationForm):
    refused_fields = {"device_name_unique": "name", "device_has_name": "name", "device_has_group": "group"}
    tells_what_was_seen = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups: Any = self.fields["group"]
        groups.required, groups.empty_label = True, _("Choose a user group")
        groups.queryset = offered_groups(self.scope) | UserGroup.objects.filter(pk=self.instance.group_id or 0)


class NewDeviceForm(_Form):
    """What a new machine is, how it is called, and whose rights it gets."""

    class Meta:
        model = Device
        fields = ["kind", "name", "group"]
        widgets = {
            "kind": UnfoldAdminRadioSelectWidget,
            "name": UnfoldAdminTextInputWidget,
            "group": UnfoldAdminSelectWidget,
        }


class DeviceForm(_Form):
    """Name and user group; what it is stays."""

    class Meta:
        model = Device
        fields = ["name", "group"]
        widgets = {"name": UnfoldAdminTextInputWidget, "group": UnfoldAdminSelectWidget}


class RevokingForm(forms.Form):
    """Why a device is let in no more."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=200,
        help_text=_("Such as: stolen, sold, replaced by another one."),
        widget=UnfoldAdminTextInputWidget(attrs={"autofocus": True}),
    )


def bound_to[F: OperationForm](form: type[F], scope: Scope) -> type[F]:
    """The form for this scope, as OperationForm needs it."""
    return type(form.__name__, (form,), {"scope": scope})
