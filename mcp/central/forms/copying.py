"""The forms by which rights of a user group are copied."""

from __future__ import annotations

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldBooleanSwitchWidget

from mcp.central.forms.choosing import offer
from mcp.central.operations.copying import templates_for
from mcp.console.operation_forms import OperationForm
from mcp.isolation.scope import Scope
from mcp.models import UserGroup


class CopyForm(forms.Form):
    """The group whose rights are copied, and whether the other one loses what it holds besides."""

    source: forms.ModelChoiceField[UserGroup] = forms.ModelChoiceField(
        label=_("Take over the rights of"),
        queryset=None,
        widget=UnfoldAdminSelectWidget,
        empty_label=_("please choose"),
    )
    is_exact = forms.BooleanField(
        label=_("and take away everything else that it holds"), required=False, widget=UnfoldBooleanSwitchWidget
    )

    def __init__(self, data: QueryDict | None, *, group: UserGroup, scope: Scope) -> None:
        super().__init__(data)
        offer(self, "source", templates_for(scope).exclude(pk=group.pk))


class LikeForm(OperationForm):
    """The name of a new user group; its rights are those of another one."""

    refused_fields = {"usergroup_name_unique": "name", "usergroup_has_name": "name"}

    class Meta:
        model = UserGroup
        fields = ["name", "description"]
