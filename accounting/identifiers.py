"""Numbers that others give: VAT id, IBAN, BIC, creditor identifier, Leitweg-ID; their form and check digits.

Each function gives the number as it is stored, and "" for nothing. Raises ValidationError for one that cannot be.
"""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from schwifty import BIC, IBAN, exceptions
from stdnum import exceptions as problems
from stdnum.eu import at_02, vat
from stdnum.iso7064 import mod_97_10

from locations.text import LazyText

_LEITWEG = re.compile(r"[0-9]{2,12}(-[A-Z0-9]{1,30})?-[0-9]{2}")


def _refused(code: str, sentence: LazyText, text: str) -> ValidationError:
    return ValidationError(sentence, code=code, params={"value": text[:60]})


def _compact(text: str) -> str:
    return re.sub(r"\s", "", text).upper()


def iban(text: str) -> str:
    try:
        return str(IBAN(_compact(text))) if text.strip() else ""
    except exceptions.SchwiftyException as error:
        raise _refused("invalid_iban", _("“%(value)s” is no IBAN. Look at it digit by digit."), text) from error


def bic(text: str) -> str:
    try:
        return str(BIC(_compact(text))) if text.strip() else ""
    except exceptions.SchwiftyException as error:
        raise _refused("invalid_bic", _("“%(value)s” is no BIC. It has 8 or 11 characters."), text) from error


def vat_id(text: str) -> str:
    """A VAT id of the European Union, with its country in front."""
    try:
        return str(vat.validate(_compact(text))) if text.strip() else ""
    except problems.ValidationError as error:
        raise _refused("invalid_vat_id", _("“%(value)s” is no VAT id. Write it as DE136695976."), text) from error


def creditor_id(text: str) -> str:
    try:
        return str(at_02.validate(_compact(text))) if text.strip() else ""
    except problems.ValidationError as error:
        sentence = _("“%(value)s” is no creditor identifier. Write it as DE98ZZZ09999999999.")
        raise _refused("invalid_creditor_id", sentence, text) from error


def leitweg_id(text: str) -> str:
    """Coarse address, perhaps a fine one, and two check digits (ISO 7064 mod 97-10), divided by hyphens."""
    compact = _compact(text)
    if not compact:
        return ""
    if _LEITWEG.fullmatch(compact) and mod_97_10.is_valid(compact.replace("-", "")):
        return compact
    raise _refused("invalid_leitweg_id", _("“%(value)s” is no Leitweg-ID. Write it as 04011000-12345-03."), text)
