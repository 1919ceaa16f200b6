"""What is uploaded at the receiver of a package."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminPasswordWidget

from transitions.archive.encrypting import check_password


class DownloadForm(forms.Form):
    """A password by which the file is encrypted on its way, or none. It is not kept."""

    password = forms.CharField(
        label=_("Password for the file"),
        required=False,
        strip=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_(
            "With a password the file is encrypted (AES-256). It is not stored: tell it to the receiver on another way "
            "than the file, for example by phone."
        ),
    )
    again = forms.CharField(
        label=_("Password for the file, once more"),
        required=False,
        strip=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> None:
        password, again = (self.cleaned_data.get(name, "") for name in ("password", "again"))
        if password != again:
            raise forms.ValidationError(_("The two passwords differ. Type the same one twice."), code="differ")
        if password:
            check_password(password)


class PackageForm(forms.Form):
    file = forms.FileField(
        label=_("Package"),
        help_text=_("The ZIP file as the sender has downloaded it, also a list of withdrawals. Do not unpack it."),
        widget=UnfoldAdminFileFieldWidget(
            attrs={"accept": ".zip,application/zip", "aria-describedby": "id_file_helptext id_file_error"}
        ),
    )
    password = forms.CharField(
        label=_("Password of the package"),
        required=False,
        strip=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=_("Only if the sender has encrypted the file. He tells it to you; it is not stored."),
    )
