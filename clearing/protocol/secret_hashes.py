"""Secrets that are handed out once are stored as keyed hashes: who reads the database can use none of them."""

from __future__ import annotations

from enum import StrEnum

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac


class SecretKind(StrEnum):
    """What a secret is for: the hash of one kind is never that of another."""

    BEARER = "bearer"
    LEASE = "lease"
    PAIRING_CODE = "pairing code"


def keyed_hash(kind: SecretKind, secret: str) -> str:
    """What is stored of a secret: 64 characters of hex, by the key of this installation."""
    return _hash(kind, secret, settings.SECRET_KEY)


def is_hash_of(kind: SecretKind, secret: str, stored: str) -> bool:
    """Whether `stored` was made of this secret, by the key of this installation or one that it had before.

    How long it takes tells nothing about either.
    """
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any([constant_time_compare(_hash(kind, secret, key), stored) for key in keys])  # noqa: C419 - asks each key


def _hash(kind: SecretKind, secret: str, key: str | bytes) -> str:
    return salted_hmac(f"clearing.{kind}", secret, secret=key, algorithm="sha256").hexdigest()
