"""How many customers the list said there are when somebody chose an action. A page says so where it has changed
since.
"""

from __future__ import annotations

from django.http import QueryDict
from django.utils.translation import gettext as _

SHOWN = "shown"
"""In the address: how many customers the list said that there are."""


def split_shown(asked: QueryDict) -> tuple[str, int | None]:
    """The query without `?shown=`, and the number that stood there; None where it is none."""
    rest = asked.copy()
    [value] = rest.pop(SHOWN, [""])[-1:] or [""]
    return rest.urlencode(), int(value) if value.isascii() and value.isdigit() and len(value) < 9 else None


def counted_anew(then: int | None, now: int | None) -> str:
    """A sentence that says that the number has changed from `then` to `now`; empty where it has not."""
    if then is None or now is None or then == now:
        return ""
    sentence = _(
        "When you chose, %(then)s customers were found; now it is %(now)s, because somebody has changed customers "
        "meanwhile."
    )
    return sentence % {"then": then, "now": now}
