"""Codes by which a machine is known for the first time: shown to a person, typed at the machine, good for once.

By one a branch is paired with its central, by another a device gets its token; `kind` says which.

Eight characters in two groups, such as 7KM4-XW2P. Of characters that look alike in print or handwriting only one is
used, and whoever types another of them has typed the right one.
"""

from __future__ import annotations

import secrets
import unicodedata
from datetime import datetime, timedelta
from enum import StrEnum

from locations.secret_hashes import SecretKind, is_hash_of, keyed_hash

ALPHABET = "0123456789ACDEFHJKMNPRTVWXY"
LOOK_ALIKES = {"O": "0", "Q": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "G": "6", "B": "8", "U": "V"}
"""What is typed for a character of the alphabet; together they are all digits and letters."""
LENGTH, GROUP = 8, 4
LIFETIME = timedelta(hours=24)
MOST_TRIES = 5
"""Wrong ones; after them the code is used up, whatever is typed."""
LONGEST_TYPED = 100


class CodeVerdict(StrEnum):
    """What becomes of a typed code."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    EXPIRED = "expired"
    USED_UP = "used_up"


def make_code() -> str:
    """A new code as it is stored nowhere and shown once: see `shown`, `stored_hash`."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def shown(code: str) -> str:
    """The code in two groups, as people read and dictate it."""
    return "-".join(code[start : start + GROUP] for start in range(0, LENGTH, GROUP))


def normalized(typed: str) -> str:
    """The code that somebody means: in capitals, without blanks and strokes, look-alikes replaced.

    Empty where it cannot be a code at all.
    """
    if len(typed) > LONGEST_TYPED:
        return ""
    letters = [one for one in unicodedata.normalize("NFKC", typed).upper() if not _is_between(one)]
    code = "".join(LOOK_ALIKES.get(one, one) for one in letters)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else ""


def _is_between(character: str) -> bool:
    """Blanks, strokes, full stops, underscores and invisible characters."""
    return unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf", "Pd", "Pc"} or character in ".\u2212"


def start_hash(kind: SecretKind, code: str) -> str:
    """What is kept of the first half: by it a code is found in which the second half was typed wrongly."""
    return keyed_hash(kind, code[:GROUP])


def stored_hash(kind: SecretKind, code: str) -> str:
    """What is kept of a code."""
    return keyed_hash(kind, code)


def check_code(
    kind: SecretKind, typed: str, *, stored: str, made_at: datetime, wrong_tries: int, is_used: bool, now: datetime
) -> CodeVerdict:
    """What becomes of what was typed. Whoever asks counts a wrong one, and marks an accepted one as used, at once.

    A code that is used up stays so even where it is typed rightly: else a guess would go on being answered.
    """
    if is_used or wrong_tries >= MOST_TRIES:
        return CodeVerdict.USED_UP
    if not timedelta(0) <= now - made_at < LIFETIME:
        return CodeVerdict.EXPIRED
    code = normalized(typed)
    # Hashed even where it is no code, so that the duration is the same.
    is_right = is_hash_of(kind, code, stored)
    return CodeVerdict.ACCEPTED if code and is_right else CodeVerdict.WRONG
