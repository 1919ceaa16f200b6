"""Secrets that are handed out once are stored as keyed hashes: who reads the database can use none of them."""

from __future__ import annotations

from enum import StrEnum

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac


class SecretKind(StrEnum):
    """What a secret is for: the hash of one kind is never that of another."""

    BEARER = "clearing.bearer"
    LEASE = "clearing.lease"
    PAIRING_CODE = "clearing.pairing code"
    REQUEST = "api.request"
    WEBHOOK = "api.webhook"
    DEVICE_CODE = "device code"
    DEVICE_TOKEN = "device token"  # noqa: S105 - what it is for


def keyed_hash(kind: SecretKind, secret: str) -> str:
    """What is stored of a secret: 64 characters of hex, by the key of this installation."""
    return _hash(kind, secret, settings.SECRET_KEY)


def keyed_hashes(kind: SecretKind, secret: str) -> list[str]:
    """What may be stored of a secret: by the key of this installation, then by those that it had before."""
    return [_hash(kind, secret, key) for key in _keys()]


def is_hash_of(kind: SecretKind, secret: str, stored: str) -> bool:
    """Whether `stored` was made of this secret, by the key of this installation or one that it had before.

    How long it takes tells nothing about either.
    """
    hashes = keyed_hashes(kind, secret)
    return any([constant_time_compare(one, stored) for one in hashes])  # noqa: C419 - asks each key


def _keys() -> list[str | bytes]:
    return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]


def _hash(kind: SecretKind, secret: str, key: str | bytes) -> str:
    return salted_hmac(str(kind), secret, secret=key, algorithm="sha256").hexdigest()
