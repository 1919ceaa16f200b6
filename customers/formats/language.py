"""The customer's preferred language: a short list of ISO 639-1 codes, named and translated by Django."""

import unicodedata
from functools import cache, lru_cache

from django.conf.locale import LANG_INFO
from django.utils.translation import gettext, gettext_lazy, override

from locations.text import clean_code, refused

# One word per code reads better than forty quoted ones.
CODES = tuple(
    "ar bg bs ca cs da de el en es et fa fi fr he hi hr hu it ja ko lt lv mk nb nl pl pt ro ru sk sl sq sr "  # noqa: SIM905 - see above
    "sv th tr uk vi zh".split()
)
# Django names two scripts of Chinese and two standards of Norwegian: nobody's answer to "which language?"
_OWN_NAMES = {"nb": gettext_lazy("Norwegian"), "zh": gettext_lazy("Chinese")}


def normalize_language(text: str) -> str:
    """ISO 639-1 code of a language given by code ("de", "de-AT"), by its own, its English or its German name.

    Blank gives "". Raises `invalid_language`. Needs Django's settings for the names.
    """
    typed = clean_code(text)
    wanted = typed.casefold()
    code = wanted.replace("_", "-").partition("-")[0]
    if not typed or code in CODES:
        return code
    for name in (wanted, *wanted.split(" / "), wanted.partition(" (")[0]):  # Odoo: German / Deutsch, English (US)
        if known := _index().get(name.strip()):
            return known
    message = gettext_lazy("“%(value)s” is not a known language. Enter its name or its two letters, such as de.")
    raise refused("invalid_language", message, typed)


def language_name(code: str, language: str) -> str:
    """The name of a code from `CODES` in `language`; any other code as it is."""
    return dict(_choices(language)).get(code, code)


def language_choices(language: str) -> list[tuple[str, str]]:
    """(code, name) of every language on the list, sorted by name."""
    return list(_choices(language))


@lru_cache(maxsize=16)
def _choices(language: str) -> tuple[tuple[str, str], ...]:
    with override(language):
        named = [(code, _name(code)) for code in CODES]
    return tuple(sorted(named, key=lambda choice: unicodedata.normalize("NFKD", choice[1]).casefold()))


def _name(code: str) -> str:
    return str(_OWN_NAMES[code]) if code in _OWN_NAMES else gettext(LANG_INFO[code]["name"])


@cache
def _index() -> dict[str, str]:
    index = {LANG_INFO[code]["name_local"].casefold(): code for code in CODES if code in LANG_INFO}
    for language in ("de", "en"):
        index |= {name.casefold(): code for code, name in _choices(language)}
    return index | {"norwegisch": "nb", "norwegian": "nb", "chinesisch": "zh", "中文": "zh"}
