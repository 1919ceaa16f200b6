"""Why a file cannot be shown as an invoice."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

_SENTENCES = {
    "empty": _("The file is empty."),
    "too_large": _("The file is larger than %(most)s MB. An e-invoice is smaller: check whether it is the right file."),
    "not_xml": _("The file is neither an XML nor a PDF, or it is damaged. Ask the sender for it again."),
    "forbidden": _("The XML defines a document type or entities, which no invoice needs. It is not opened."),
    "too_deep": _("The XML is nested or branched beyond what an invoice is. It is not opened."),
    "not_an_invoice": _("The XML is no e-invoice in the formats CII or UBL: it begins with “%(name)s”."),
    "too_old": _("The invoice is in the format ZUGFeRD 1, which is no longer valid. Ask the sender for a newer one."),
    "broken_pdf": _("The PDF is damaged and cannot be opened. Ask the sender for it again."),
    "encrypted": _("The PDF is encrypted. Ask the sender for one without a password."),
    "plain_pdf": _("The PDF holds no e-invoice: it is to be read by people only."),
    "no_value": _("The invoice lacks what every e-invoice has to say: %(what)s."),
    "bad_value": _("The invoice says “%(text)s” where %(what)s should stand."),
}


class Unreadable(ValidationError):
    """The file cannot be shown. `code` is the reason: a key of the sentences above."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(_SENTENCES[code], code=code, params=params)
