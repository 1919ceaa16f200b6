"""What is uploaded at the receiver of a package."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget


class PackageForm(forms.Form):
    file = forms.FileField(
        label=_("Package"),
        help_text=_("The ZIP file as the sender has downloaded it, also a list of withdrawals. Do not unpack it."),
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".zip,application/zip"}),
    )
