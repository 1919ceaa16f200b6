"""The code by which a node is known for the first time: shown at the central, typed at the branch, good for once.

How such codes look and are checked is the same for all machines (locations/one_time_codes.py).
"""

from __future__ import annotations

from functools import partial

from django.utils.translation import gettext_lazy

from locations import one_time_codes
from locations.one_time_codes import (
    ALPHABET,
    LIFETIME,
    LONGEST_TYPED,
    LOOK_ALIKES,
    MOST_TRIES,
    CodeVerdict,
    make_code,
    normalized,
    shown,
)
from locations.secret_hashes import SecretKind
from locations.text import LazyText

__all__ = [
    "ALPHABET", "LIFETIME", "LONGEST_TYPED", "LOOK_ALIKES", "MOST_TRIES", "SENTENCES", "CodeVerdict", "check_code",
    "make_code", "normalized", "shown", "start_hash", "stored_hash",
]  # fmt: skip

start_hash = partial(one_time_codes.start_hash, SecretKind.PAIRING_CODE)
stored_hash = partial(one_time_codes.stored_hash, SecretKind.PAIRING_CODE)
check_code = partial(one_time_codes.check_code, SecretKind.PAIRING_CODE)

SENTENCES: dict[CodeVerdict, LazyText] = {
    CodeVerdict.WRONG: gettext_lazy("This is not the code that the central shows. Compare it and type it again."),
    CodeVerdict.EXPIRED: gettext_lazy("The code is older than 24 hours. Let the central show a new one."),
    CodeVerdict.USED_UP: gettext_lazy(
        "The code has been used, or was typed wrongly too often. Let the central show a new one."
    ),
}
"""What the person who types is told; nothing where the code is accepted."""
