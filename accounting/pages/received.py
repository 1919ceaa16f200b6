"""The page that shows an e-invoice of somebody else. Nothing of it is stored."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminFileFieldWidget

from accounting.documents.received import MOST_BYTES, ReceivedInvoice, Unreadable, read
from accounting.pages.frame import show_page
from accounting.pages.received_shown import shown
from locations.permissions import Right
from mcp.console.site import scope_of


class ReceivedForm(forms.Form):
    """The file, which is read while the form is checked; `invoice` is what was in it."""

    invoice: ReceivedInvoice

    file = forms.FileField(
        label=gettext_lazy("File of the e-invoice"),
        help_text=gettext_lazy("XML or PDF, as it came by mail. It is shown and not stored."),
        widget=UnfoldAdminFileFieldWidget(
            attrs={"autofocus": True, "accept": ".xml,.pdf", "aria-describedby": "id_file_helptext id_file_error"}
        ),
        allow_empty_file=True,  # our own sentence says it
    )

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > MOST_BYTES:
            raise Unreadable("too_large", most=MOST_BYTES // 1024 // 1024)
        self.invoice = read(file.read())
        return file


def received_page(request: HttpRequest) -> HttpResponse:
    """The form; with a file, what stands in it as well."""
    scope_of(request).demand(Right.SEE_ACCOUNTS)
    form = ReceivedForm(request.POST, request.FILES) if request.method == "POST" else ReceivedForm()
    context: dict[str, object] = {"form": form}
    if form.is_bound and form.is_valid():
        context |= {"shown": shown(form.invoice), "file_name": form.cleaned_data["file"].name}
    return show_page(request, "received", _("Read an e-invoice"), context, status=400 if form.errors else 200)
