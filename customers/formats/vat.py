"""VAT ids by python-stdnum: form and check digits, without asking any register on the network."""

import re

from django.utils.translation import gettext_lazy as _
from stdnum import exceptions
from stdnum.eu.vat import MEMBER_STATES
from stdnum.util import get_cc_module

from locations.text import clean_code, refused

DEFAULT_COUNTRY = "DE"

# The forms as the EU's VIES, HMRC and the tax offices of Switzerland and Norway publish them.
# 9 stands for a digit, X for a letter or digit.
FORMS = {
    "AT": "ATU99999999",
    "BE": "BE9999999999",
    "BG": "BG999999999(9)",
    "CH": "CHE-999.999.999 MWST",
    "CY": "CY99999999X",
    "CZ": "CZ99999999(99)",
    "DE": "DE999999999",
    "DK": "DK99999999",
    "EE": "EE999999999",
    "ES": "ESX9999999X",
    "FI": "FI99999999",
    "FR": "FRXX999999999",
    "GB": "GB999999999",
    "GR": "EL999999999",
    "HR": "HR99999999999",
    "HU": "HU99999999",
    "IE": "IE9X99999X(X)",
    "IT": "IT99999999999",
    "LT": "LT999999999(999)",
    "LU": "LU99999999",
    "LV": "LV99999999999",
    "MT": "MT99999999",
    "NL": "NL999999999B99",
    "NO": "NO 999 999 999 MVA",
    "PL": "PL9999999999",
    "PT": "PT999999999",
    "RO": "RO9999999999",
    "SE": "SE999999999999",
    "SI": "SI99999999",
    "SK": "SK9999999999",
}

# Where the letters in front of a VAT id are not the country's own code.
_COUNTRY_OF = {"EL": "GR", "XI": "GB"}
_PREFIX_OF = {"GR": "EL", "IM": "GB"}
_HOME_OF = {"IM": "GB", "LI": "CH"}  # Isle of Man and Liechtenstein use their neighbour's system
_PREFIXED = {state.upper() for state in MEMBER_STATES} - {"XI"} | {"GB", "IM", "NO"}

_REASONS = (  # the more exact class first: InvalidLength is an InvalidFormat
    (exceptions.InvalidLength, _("it has the wrong length")),
    (exceptions.InvalidChecksum, _("its check digits do not match, probably a typing error")),
    (exceptions.InvalidComponent, _("one of its parts does not exist")),
    (exceptions.InvalidFormat, _("it has other characters than expected")),
)


def normalize_vat_id(text: str, *, country: str | None = None) -> str:
    """Compact upper case with the country's letters where the EU uses them: `DE136695976`, `CHE107787577IVA`.

    Read as the id of `country` (alpha-2; without it, Germany) and, failing that, of the country whose letters
    it begins with: a customer may be registered elsewhere. Where nothing is known about a country's ids,
    letters and digits are kept as they are. Blank gives "". Raises `invalid_vat_id`.
    """
    typed = clean_code(text).upper()
    if not typed:
        return ""
    own = (country or DEFAULT_COUNTRY).upper()
    named = _named_country(typed)
    for candidate in dict.fromkeys((own, named or own)):
        try:
            return _validated(typed, candidate)
        except exceptions.ValidationError as error:
            reason = error
    raise _refusal(typed, named or own, reason)


def _named_country(typed: str) -> str | None:
    letters = typed[:2]
    code = _COUNTRY_OF.get(letters, letters)
    return code if code in FORMS else None


def _validated(typed: str, country: str) -> str:
    module = get_cc_module(_HOME_OF.get(country, country), "vat")
    if module is None:
        return _plausible(typed)
    number: str = module.validate(typed)
    if country not in _PREFIXED:
        return number.upper()
    prefix = "XI" if typed.startswith("XI") else _PREFIX_OF.get(country, country)
    return number if number.startswith(prefix) else prefix + number


def _plausible(typed: str) -> str:
    compact = re.sub(r"[ .,/\-]", "", typed)
    if re.fullmatch(r"[A-Z0-9]{4,20}", compact):
        return compact
    raise exceptions.InvalidFormat


def _refusal(typed: str, country: str, error: exceptions.ValidationError) -> Exception:
    reason = next((text for kind, text in _REASONS if isinstance(error, kind)), _("it cannot be read"))
    params = {"country": country, "reason": reason, "form": FORMS.get(_HOME_OF.get(country, country))}
    if params["form"] is None:
        message = _("“%(value)s” is not a VAT ID of %(country)s: %(reason)s. Check it against an invoice.")
    else:
        message = _(
            "“%(value)s” is not a VAT ID of %(country)s: %(reason)s. "
            "Enter it as %(form)s, where 9 stands for a digit and X for a letter or digit."
        )
    return refused("invalid_vat_id", message, typed, **params)
