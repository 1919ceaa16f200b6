"""How many customers the list has shown to whoever is led on from it. He is told where it has changed since."""

from __future__ import annotations

from django.http import QueryDict
from django.utils.translation import gettext as _

SHOWN = "shown"
"""In the address: how many customers the list said that there are."""


def split_shown(asked: QueryDict) -> tuple[str, int | None]:
    """What an address asks of the list, and how many customers whoever led here has shown."""
    rest = asked.copy()
    [value] = rest.pop(SHOWN, [""])[-1:] or [""]
    return rest.urlencode(), int(value) if value.isascii() and value.isdigit() and len(value) < 9 else None


def counted_anew(then: int | None, now: int | None) -> str:
    """A sentence where so many were shown and now it is another number; empty where nothing has changed."""
    if then is None or now is None or then == now:
        return ""
    sentence = _(
        "When you chose, %(then)s customers were found; now it is %(now)s, because somebody has changed customers "
        "meanwhile."
    )
    return sentence % {"then": then, "now": now}
