"""Tokens: what a device shows with each request. They are random, and stored as keyed hashes alone.

The number of the business stands in front, so that a token is looked for among its rows alone. It is part of what is
hashed: a token with another number is another token.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field

from locations.secret_hashes import SecretKind, keyed_hash, keyed_hashes

_SHAPE = re.compile(r"shd_([1-9][0-9]{0,17})_[A-Za-z0-9_-]{43}", re.ASCII)
_BYTES = 32


@dataclass(frozen=True)
class Token:
    """A new token: `secret` is handed out once, `stored` is kept."""

    secret: str = field(repr=False)
    stored: str


def make_token(organization: int) -> Token:
    """A new token for a device of this business, named by its key."""
    secret = f"shd_{organization}_{secrets.token_urlsafe(_BYTES)}"
    return Token(secret, keyed_hash(SecretKind.DEVICE_TOKEN, secret))


def business_of(shown: str) -> int | None:
    """The key of the business among whose devices a token is looked for; None for what is no token."""
    found = _SHAPE.fullmatch(shown)
    return int(found[1]) if found else None


def hashes_of(shown: str) -> list[str]:
    """What may be stored of the token: by the key of this installation, then by those that it had before."""
    return keyed_hashes(SecretKind.DEVICE_TOKEN, shown)
