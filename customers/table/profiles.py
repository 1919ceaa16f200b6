"""Files of well-known systems: recognised by their headings, and read as `profiles.toml` says.

A profile is data. It says where columns go, which values mean what, and how several columns of one field are taken;
what it does not name goes where the general rules say (customers/table/heading_words.py).
"""

from __future__ import annotations

import html
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from django.utils.html import strip_tags

from customers.table.options import Several

_FILE = Path(__file__).with_name("profiles.toml")
_BREAKS = re.compile(r"<br\s*/?>|</(?:p|div|li|h[1-6])>", re.IGNORECASE)


@dataclass(frozen=True)
class Profile:
    """`signs` are headings that must all be there; `columns` and `values` are by heading, as the system writes it."""

    key: str
    name: str
    signs: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    html: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    semicolons: tuple[str, ...] = ()
    several: Several = ""


@cache
def profiles() -> Mapping[str, Profile]:
    """All profiles by their key."""
    with _FILE.open("rb") as file:
        tables = tomllib.load(file)
    return {key: _profile(key, table) for key, table in tables.items()}


def _profile(key: str, table: Mapping[str, object]) -> Profile:
    lists = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    return Profile(key=key, **lists)  # type: ignore[arg-type]  # tests read the file whole


def recognised(headings: Sequence[str]) -> Profile | None:
    """The profile whose signs are all among the headings; of several the one with most signs."""
    known = {_plain(heading) for heading in headings}
    found = [profile for profile in profiles().values() if known.issuperset(map(_plain, profile.signs))]
    return max(found, key=lambda profile: len(profile.signs), default=None)


def _plain(heading: str) -> str:
    return " ".join(heading.split()).casefold()


def targets_by(profile: Profile | None) -> dict[str, str]:
    """The targets of a profile by heading, in lower case and with single blanks."""
    return {_plain(heading): target for heading, target in profile.columns.items()} if profile else {}


def target_in(chosen: Mapping[str, str], heading: str) -> str:
    """The target of a heading among those of `targets_by`; empty where there is none."""
    return chosen.get(_plain(heading), "")


def replacements(key: str, headings: Sequence[str] = ()) -> dict[str, Callable[[str], str]]:
    """By heading, the function that a profile applies to the text of a cell before it is converted."""
    profile = profiles().get(key)
    if profile is None:
        return {}
    found: dict[str, Callable[[str], str]] = {}
    found |= dict.fromkeys(profile.html, without_tags) | dict.fromkeys(profile.lists, own_words)
    found |= dict.fromkeys(profile.semicolons, words_between_semicolons)
    for heading, values in profile.values.items():
        found[heading] = _both(_by_values(values), found.get(heading, str))
    return {heading: found[name] for heading in headings for name in found if _plain(name) == _plain(heading)}


def _both(first: Callable[[str], str], then: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: then(first(text))


def _by_values(values: Mapping[str, str]) -> Callable[[str], str]:
    meant = {value.casefold(): text for value, text in values.items()}
    return lambda text: meant.get(text.strip().casefold(), text)


def without_tags(text: str) -> str:
    """HTML as plain lines."""
    return html.unescape(strip_tags(_BREAKS.sub("\n", text))).strip()


def own_words(text: str) -> str:
    """The labels that people have given, with commas between them. Those of the system begin with a star."""
    words = [word.strip() for word in text.split(":::")]
    own = [word for word in words if word and not word.startswith("* ") and word != "*"]
    return ", ".join(f'"{word}"' if "," in word else word for word in own)


def words_between_semicolons(text: str) -> str:
    """The words between semicolons, separated by commas."""
    words = filter(None, map(str.strip, text.split(";")))
    return ", ".join(f'"{word}"' if "," in word else word for word in words)
