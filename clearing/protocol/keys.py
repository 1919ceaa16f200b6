"""By what node and central know each other: keys, the signed challenge, bearer tokens and leases.

    key = PrivateKey.make()                            made once, at each side; the public half is exchanged at pairing
    challenge.signed_by(key)                           the node proves that it holds its key and the last lease
    challenge.demand_signed_by(signature, public_key)  the central answers with a bearer token and a new lease

A copy of a node holds the same key, but after one contact of either no longer the same lease: that gives it away.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy

from clearing.protocol.canonical import canonical
from locations.secret_hashes import SecretKind, is_hash_of, keyed_hash

BEARER_LIFETIME = timedelta(minutes=15)
NONCE_LIFETIME = timedelta(minutes=2)
"""How long after it was handed out a challenge may be answered; each once."""
LONGEST_KEY_TEXT = 2_000
LONGEST_NUMBER = 19
_END = "-----END PUBLIC KEY-----"


class UnusableKey(ValidationError):
    """A text is not the key that it should be."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("This is no key of a node or of a central. Pair the branch again to exchange the keys."),
            code="key_unusable",
        )


class ForgedSignature(ValidationError):
    """What was signed is not what arrived, or somebody else has signed it."""

    def __init__(self) -> None:
        super().__init__(
            gettext_lazy("The signature is not that of the paired branch. Pair the branch again."),
            code="signature_forged",
        )


class Signed(StrEnum):
    """What a signature is for: one for a challenge can never pass as one for a stick."""

    CHALLENGE = "challenge"
    STICK = "stick"


@dataclass(frozen=True)
class PublicKey:
    """What the other side knows of a key: by `signing` it verifies, for `sealing` it seals."""

    signing: bytes
    sealing: bytes

    @classmethod
    def from_text(cls, text: str) -> PublicKey:
        """The key of two PEM blocks, as `text` writes them. Raises UnusableKey."""
        blocks = [block + _END for block in text.split(_END)[:-1]] if len(text) <= LONGEST_KEY_TEXT else []
        try:
            found = [load_pem_public_key(block.strip().encode()) for block in blocks]
        except (ValueError, UnsupportedAlgorithm):
            raise UnusableKey from None
        match found:
            case [Ed25519PublicKey() as signing, X25519PublicKey() as sealing]:
                return cls(signing.public_bytes_raw(), sealing.public_bytes_raw())
        raise UnusableKey

    @property
    def text(self) -> str:
        """Two PEM blocks: the key that verifies, and the one for which is sealed."""
        keys = (Ed25519PublicKey.from_public_bytes(self.signing), X25519PublicKey.from_public_bytes(self.sealing))
        return "".join(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() for key in keys)

    @property
    def fingerprint(self) -> str:
        """By what people and headers name the key: the SHA-256 of both halves, in hex."""
        return hashlib.sha256(self.signing + self.sealing).hexdigest()

    def demand_signed(self, what: Signed, content: bytes, signature: bytes) -> None:
        """Raise ForgedSignature unless the holder of this key has signed these bytes for this purpose."""
        try:
            Ed25519PublicKey.from_public_bytes(self.signing).verify(signature, _for(what, content))
        except (InvalidSignature, ValueError):
            raise ForgedSignature from None


@dataclass(frozen=True)
class PrivateKey:
    """The key of a node or of the central. Both halves come from one seed, so that one text is kept."""

    seed: bytes = field(repr=False)

    @classmethod
    def make(cls) -> PrivateKey:
        """A new key, by the random numbers of the system."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_text(cls, text: str) -> PrivateKey:
        """The key of a PEM block, as `text` writes it. Raises UnusableKey."""
        try:
            found = load_pem_private_key(text[:LONGEST_KEY_TEXT].encode(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise UnusableKey from None
        if not isinstance(found, Ed25519PrivateKey):
            raise UnusableKey
        return cls(found.private_bytes_raw())

    @property
    def text(self) -> str:
        """One PEM block (PKCS 8), not encrypted: whoever stores it keeps it from others."""
        return self._signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def public(self) -> PublicKey:
        """What the other side may know."""
        return PublicKey(self._signing.public_key().public_bytes_raw(), self._sealing.public_key().public_bytes_raw())

    def sign(self, what: Signed, content: bytes) -> bytes:
        """The signature (Ed25519, 64 bytes) of the bytes for this purpose."""
        return self._signing.sign(_for(what, content))

    def shared_secret(self, ephemeral: bytes) -> bytes:
        """What is shared with the holder of an ephemeral X25519 key. Raises ValueError for a degenerate one."""
        return self._sealing.exchange(X25519PublicKey.from_public_bytes(ephemeral))

    @property
    def _signing(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def _sealing(self) -> X25519PrivateKey:
        derived = HKDF(SHA256(), 32, salt=None, info=b"stammhaus clearing: key for sealing").derive(self.seed)
        return X25519PrivateKey.from_private_bytes(derived)


def central_keys(node: UUID) -> list[PrivateKey]:
    """The central's keys for this node: the one by which it writes, then those of earlier secrets, by which it reads.

    They are derived from the secret of the installation, so that a stolen database holds none of them.
    """
    secrets_known = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    seeds = (salted_hmac("clearing.central_key", str(node), secret=one, algorithm="sha256") for one in secrets_known)
    return [PrivateKey(seed.digest()) for seed in seeds]


def _for(what: Signed, content: bytes) -> bytes:
    return f"stammhaus clearing\0{what}\0".encode() + content


@dataclass(frozen=True)
class Challenge:
    """What a node signs to be let in: the central's question, who answers, and the lease of its last contact.

    `request` is that of which the answer, with the newer lease, was lost; None as a rule. `incarnation` is which life
    of the node's database this is: a node that was restored says so by a new one, and a copy cannot.
    """

    nonce: str
    node: UUID
    epoch: str
    lease: str = field(repr=False)
    incarnation: UUID
    request: UUID | None = None

    @property
    def content(self) -> bytes:
        """The bytes that are signed; the same at both sides."""
        return canonical(
            {
                "epoch": self.epoch,
                "incarnation": str(self.incarnation),
                "lease": self.lease,
                "node": str(self.node),
                "nonce": self.nonce,
                "request": str(self.request) if self.request else None,
            }
        )

    def signed_by(self, key: PrivateKey) -> str:
        """The signature, in hex."""
        return key.sign(Signed.CHALLENGE, self.content).hex()

    def demand_signed_by(self, signature: str, key: PublicKey) -> None:
        """Raise ForgedSignature unless the holder of the key has signed exactly this."""
        try:
            given = bytes.fromhex(signature)
        except ValueError:
            raise ForgedSignature from None
        key.demand_signed(Signed.CHALLENGE, self.content, given)


def new_nonce() -> str:
    """A question of the central that nobody can foresee; the central keeps it until it is answered or too old."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True)
class BearerToken:
    """What a node shows with each request: `secret` is told to it once, `stored` is what the central keeps."""

    secret: str = field(repr=False)
    stored: str
    expires_at: datetime


def issue_bearer(*, now: datetime) -> BearerToken:
    """A new token that holds for BEARER_LIFETIME."""
    secret = secrets.token_urlsafe(32)
    return BearerToken(secret, keyed_hash(SecretKind.BEARER, secret), now + BEARER_LIFETIME)


def is_bearer_valid(secret: str, *, stored: str, expires_at: datetime, now: datetime) -> bool:
    """Whether this is the token of which `stored` is kept, and it still holds."""
    return is_hash_of(SecretKind.BEARER, secret, stored) and now < expires_at


@dataclass(frozen=True)
class Lease:
    """A secret that changes at each contact: `secret` goes to the node, `stored` is what the central keeps."""

    secret: str = field(repr=False)
    stored: str


def issue_lease(*, node: UUID, cycle: int) -> Lease:
    """The lease that a node gets with the answer of a run, 0 for the pairing: a repeat gets the same one."""
    return _lease(node, cycle, settings.SECRET_KEY)


def lease_number(secret: str, *, node: UUID) -> int | None:
    """The run with whose answer the central has issued this lease; None where it never has.

    So a central that was restored knows a lease that it has forgotten.
    """
    number = secret.partition(".")[0]
    if not (number.isascii() and number.isdigit() and len(number) < LONGEST_NUMBER):
        return None
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    known = [constant_time_compare(_lease(node, int(number), key).secret, secret) for key in keys]
    return int(number) if any(known) else None


def _lease(node: UUID, cycle: int, key: str | bytes) -> Lease:
    sealed = salted_hmac("clearing.lease", f"{node} {cycle}", secret=key, algorithm="sha256").hexdigest()
    secret = f"{cycle}.{sealed[:32]}"
    return Lease(secret, keyed_hash(SecretKind.LEASE, secret))


def is_lease(secret: str, *, stored: str) -> bool:
    """Whether this is the lease of which `stored` is kept."""
    return is_hash_of(SecretKind.LEASE, secret, stored)


def bearer_hash(secret: str) -> str:
    """What the central looks up for a token that was shown."""
    return keyed_hash(SecretKind.BEARER, secret)
