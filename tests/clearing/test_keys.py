"""Keys of node and central, the signed challenge, bearer tokens and leases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from clearing.protocol.keys import (
    BEARER_LIFETIME,
    Challenge,
    ForgedSignature,
    PrivateKey,
    PublicKey,
    Signed,
    UnusableKey,
    bearer_hash,
    is_bearer_valid,
    is_lease,
    issue_bearer,
    issue_lease,
    lease_number,
    new_nonce,
)
from locations.secret_hashes import SecretKind, keyed_hash
from tests.clearing.people import NODE, NOON, REQUEST

CHALLENGE = Challenge(nonce="n-1", node=NODE, epoch="7391/1", lease="l-1", incarnation=REQUEST)


def test_keys_survive_being_stored_as_text():
    key = PrivateKey.make()
    assert PrivateKey.from_text(key.text) == key
    assert PublicKey.from_text(key.public.text) == key.public
    assert PrivateKey.make() != key
    assert key.seed.hex() not in repr(key)


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_texts_that_are_no_keys_are_refused(text):
    with pytest.raises(UnusableKey):
        PrivateKey.from_text(text)
    with pytest.raises(UnusableKey):
        PublicKey.from_text(text)


def test_public_keys_in_the_wrong_order_are_refused():
    signing, sealing, _rest = PrivateKey.make().public.text.split("-----END PUBLIC KEY-----\n")
    swapped = "".join(f"{block}-----END PUBLIC KEY-----\n" for block in (sealing, signing))
    with pytest.raises(UnusableKey):
        PublicKey.from_text(swapped)
    with pytest.raises(UnusableKey):
        PrivateKey.from_text(PrivateKey.make().public.text)


def test_a_signature_is_of_one_key_one_content_and_one_purpose():
    key = PrivateKey.make()
    signature = key.sign(Signed.CHALLENGE, b"content")
    key.public.demand_signed(Signed.CHALLENGE, b"content", signature)
    for public, purpose, content, given in (
        (PrivateKey.make().public, Signed.CHALLENGE, b"content", signature),
        (key.public, Signed.STICK, b"content", signature),
        (key.public, Signed.CHALLENGE, b"contents", signature),
        (key.public, Signed.CHALLENGE, b"content", signature[:-1]),
        (key.public, Signed.CHALLENGE, b"content", b""),
    ):
        with pytest.raises(ForgedSignature):
            public.demand_signed(purpose, content, given)


def test_a_challenge_has_one_spelling():
    assert CHALLENGE.content == (
        b'{"epoch":"7391/1","incarnation":"00000000-0000-0000-0000-00000000004e","lease":"l-1",'
        b'"node":"00000000-0000-0000-0000-00000000004d","nonce":"n-1","request":null}'
    )


@pytest.mark.parametrize(
    "other",
    [
        replace(CHALLENGE, nonce="n-2"),
        replace(CHALLENGE, node=REQUEST),
        replace(CHALLENGE, epoch="7391/2"),
        replace(CHALLENGE, lease="l-2"),
        replace(CHALLENGE, request=REQUEST),
        replace(CHALLENGE, incarnation=NODE),
    ],
)
def test_a_challenge_is_signed_with_all_that_it_says(other):
    key = PrivateKey.make()
    signature = CHALLENGE.signed_by(key)
    CHALLENGE.demand_signed_by(signature, key.public)
    with pytest.raises(ForgedSignature):
        other.demand_signed_by(signature, key.public)
    with pytest.raises(ForgedSignature):
        CHALLENGE.demand_signed_by("no hex", key.public)


def test_a_bearer_token_holds_for_a_quarter_of_an_hour():
    token = issue_bearer(now=NOON)
    assert token.expires_at == NOON + BEARER_LIFETIME == NOON + timedelta(minutes=15)
    assert token.stored == bearer_hash(token.secret) != token.secret
    almost = token.expires_at - timedelta(microseconds=1)
    assert is_bearer_valid(token.secret, stored=token.stored, expires_at=token.expires_at, now=almost)
    assert not is_bearer_valid(token.secret, stored=token.stored, expires_at=token.expires_at, now=token.expires_at)
    assert not is_bearer_valid("other", stored=token.stored, expires_at=token.expires_at, now=NOON)
    assert token.secret not in repr(token)


def test_leases_are_stored_as_hashes_and_change():
    lease = issue_lease(node=NODE, cycle=7)
    assert is_lease(lease.secret, stored=lease.stored)
    assert not is_lease(issue_lease(node=NODE, cycle=8).secret, stored=lease.stored)
    assert not is_lease(lease.stored, stored=lease.stored)
    assert new_nonce() != new_nonce()


def test_hashes_are_of_one_kind_and_outlive_a_change_of_the_key(settings):
    assert keyed_hash(SecretKind.LEASE, "secret") != keyed_hash(SecretKind.BEARER, "secret")
    lease = issue_lease(node=NODE, cycle=7)
    before, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    assert not is_lease(lease.secret, stored=lease.stored)
    settings.SECRET_KEY_FALLBACKS = [before]
    assert is_lease(lease.secret, stored=lease.stored)


def test_a_lease_says_with_which_run_it_was_issued():
    lease = issue_lease(node=NODE, cycle=7)
    assert lease == issue_lease(node=NODE, cycle=7) != issue_lease(node=REQUEST, cycle=7)
    assert lease_number(lease.secret, node=NODE) == 7


@pytest.mark.parametrize("secret", ["", "7", "7.", "8.{sealed}", "07.{sealed}", "-7.{sealed}", "٧.{sealed}", "9" * 60])
def test_a_lease_that_was_never_issued_has_no_number(secret):
    _number, _dot, sealed = issue_lease(node=NODE, cycle=7).secret.partition(".")
    assert lease_number(secret.format(sealed=sealed), node=NODE) is None


def test_a_lease_of_another_node_or_key_has_no_number(settings):
    lease = issue_lease(node=NODE, cycle=7).secret
    assert lease_number(lease, node=REQUEST) is None
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    assert lease_number(lease, node=NODE) == 7
    settings.SECRET_KEY_FALLBACKS = []
    assert lease_number(lease, node=NODE) is None
