"""Countries: ISO 3166 from pycountry, with its translations, and Kosovo, in use but not in ISO."""

import gettext
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache

import pycountry
from django.utils.translation import gettext_lazy as _

from locations.text import clean_code, refused

# Names that stand in real files beside the ISO names: short forms, parts of a country, plates, own names.
_VARIANTS = {
    "AT": "A, Republik Österreich, Autriche",
    "BA": "Bosnien, Bosnia, Bosna i Hercegovina",
    "BE": "B, Belgique, België, Belgie",
    "BG": "Balgarija, България",
    "BY": "Weißrussland, Weissrussland, Belorussia",
    "CD": "DR Kongo, DR Congo, Kongo-Kinshasa",
    "CG": "Kongo-Brazzaville, Congo-Brazzaville",
    "CH": "Suisse, Svizzera, Schweizerische Eidgenossenschaft, Confoederatio Helvetica",
    "CI": "Elfenbeinküste, Ivory Coast",
    "CN": "Volksrepublik China, VR China, PR China, 中国",
    "CV": "Kapverden, Cape Verde",
    "CZ": "Tschechische Republik, Tschechei, Czech Republic, Česko, Česká republika",
    "DE": "D, BRD, Bundesrepublik Deutschland, Bundesrepublik, Allemagne, Alemania, Germania",
    "DK": "Danmark",
    "EE": "Eesti",
    "ES": "E, España, Espana, Espagne",
    "FI": "Suomi, SF",
    "FR": "F, La France, République française",
    "GB": (
        "UK, U.K., Great Britain, Großbritannien, Grossbritannien, Britain, England, Scotland, Schottland, "
        "Wales, Northern Ireland, Nordirland, Vereinigtes Königreich von Großbritannien und Nordirland"
    ),
    "GR": "Hellas, Ελλάδα, Elláda",
    "HR": "Hrvatska, HRO",
    "HU": "H, Magyarország",
    "IE": "Republic of Ireland, Republik Irland, Éire",
    "IT": "I, Italia, Italie",
    "JP": "日本",
    "KP": "Demokratische Volksrepublik Korea",
    "KR": "Korea, Republik Korea",
    "LI": "FL, Fürstentum Liechtenstein",
    "LT": "Lietuva",
    "LU": "L, Großherzogtum Luxemburg",
    "LV": "Latvija",
    "MD": "Moldawien, Republik Moldau",
    "MK": "Mazedonien, Macedonia",
    "MM": "Burma, Birma",
    "MX": "México, Méjico",
    "NL": "Holland, The Netherlands, Nederland, Niederland",
    "NO": "N, Norge, Noreg",
    "PL": "Polska",
    "PS": "Palästina, Palestine",
    "PT": "P",
    "RO": "România",
    "RS": "Srbija",
    "RU": "Russia, Russland, Rußland, Россия",
    "SE": "S, Sverige",
    "SI": "Slovenija, SLO",
    "SK": "Slowakische Republik, Slovak Republic, Slovensko",
    "SZ": "Swasiland, Swaziland",
    "TL": "Osttimor, East Timor",
    "TR": "Turkey, Türkiye Cumhuriyeti",
    "TW": "Republik China, Chinese Taipei",
    "UA": "Україна, Ukrajina",
    "US": "U.S., U.S.A., United States of America, America, Amerika, Vereinigte Staaten von Amerika, VSA",
    "VA": "Vatikan, Vatikanstadt, Vatican, Vatican City",
    "XK": "Kosovo, XKX, Kosova, RKS, Republik Kosovo, Republic of Kosovo",
}
_WITHOUT_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
_NAME_FIELDS = ("name", "common_name", "official_name")


def normalize_country(text: str) -> str:
    """Alpha-2 of a country given by code, English or German name or common variant, in any case or accents.

    Blank gives "". Raises `invalid_country`.
    """
    typed = clean_code(text)
    if not typed:
        return ""
    if code := _index().get(_folded(typed)):
        return code
    message = _(
        "“%(value)s” is not a known country. Enter its name in English or German, or its two letters, such as DE."
    )
    raise refused("invalid_country", message, typed)


def country_name(code: str, language: str) -> str:
    """The usual name of an alpha-2 code in `language` ("de", "en-gb" …); a code that is unknown as it is."""
    return dict(_choices(language)).get(code, code)


def country_choices(language: str) -> list[tuple[str, str]]:
    """(alpha-2, name) of every country, sorted as readers of German or English look names up: Ä is A."""
    return list(_choices(language))


@lru_cache(maxsize=16)
def _choices(language: str) -> tuple[tuple[str, str], ...]:
    translate = _translations(language).gettext
    named = ((fields["alpha_2"], translate(fields.get("common_name", fields["name"]))) for fields in _records())
    return tuple(sorted(named, key=lambda choice: (_folded(choice[1]), choice[1])))


@cache
def _index() -> dict[str, str]:
    """Folded spelling to alpha-2. Codes win over names, and ISO over our variants."""
    index: dict[str, str] = {}
    for spelling, code in (*_code_spellings(), *_name_spellings(), *_variant_spellings()):
        index.setdefault(_folded(spelling), code)
    return index


def _code_spellings() -> Iterator[tuple[str, str]]:
    for field in ("alpha_2", "alpha_3"):
        yield from ((fields[field], fields["alpha_2"]) for fields in _records())


def _name_spellings() -> Iterator[tuple[str, str]]:
    german = _translations("de").gettext
    for fields in _records():
        for name in filter(None, map(fields.get, _NAME_FIELDS)):
            for spelling in (name, german(name), german(name).translate(_WITHOUT_UMLAUTS)):
                yield spelling, fields["alpha_2"]


def _variant_spellings() -> Iterator[tuple[str, str]]:
    for code, spellings in _VARIANTS.items():
        yield from ((spelling, code) for spelling in spellings.split(", "))


def _records() -> Iterator[dict[str, str]]:
    for country in pycountry.countries:
        yield dict(country)
    yield {"alpha_2": "XK", "alpha_3": "XKX", "name": "Kosovo"}


def _translations(language: str) -> gettext.NullTranslations:
    wanted = language.partition("-")[0]
    return gettext.translation("iso3166-1", pycountry.LOCALES_DIR, [wanted], fallback=True)


def _folded(text: str) -> str:
    """Without case, accents, punctuation and the English article: "The U.S.A." and "usa" are equal."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    letters = re.sub(r"[^\w]+", " ", plain.casefold().replace(".", "")).strip()
    return letters.removeprefix("the ")
