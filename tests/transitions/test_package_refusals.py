"""Packages that were changed, broken or are for somebody else are refused with a sentence, and nothing is written."""

from __future__ import annotations

import hashlib
import io
import json
import tracemalloc
import zipfile
from typing import Any

import pytest

from customers.models import ImportUpload
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.conftest import Cast, forget_author
from tests.customers.people import customer, group
from tests.transitions.carrying import (
    consent,
    content_of,
    executed,
    made,
    members,
    received,
    receiver,
    repacked,
    with_manifest,
)
from transitions.archive.package_format import HASHED, MEMBERS
from transitions.archive.package_reader import RefusedPackage
from transitions.models import Arrival
from transitions.package.importing import receive_package


@pytest.fixture(scope="module")
def package(standing) -> bytes:
    """Of a location that has left, which stands for all tests of this file."""
    cast = Cast()
    anna = cast.scope("anna", "Zentrale")
    kind = group(anna, "Stammgast")
    for name in ("Meier", "Schulz"):
        consent(customer(anna, last_name=name, customer_group=kind))
    content = content_of(made(executed(cast), anna))
    forget_author()
    return content


@pytest.fixture
def frida(package, cast) -> Scope:
    return receiver(cast)


def refusal(content: bytes, actor: Scope) -> tuple[str, str]:
    """Code and sentence of the refusal, after which nothing is there."""
    with row_scope.rows_of(actor), pytest.raises(RefusedPackage) as caught:
        receive_package(file=io.BytesIO(content), actor=actor)
    assert not ImportUpload.objects.filter(base=actor.base).exists()
    assert not Arrival.objects.exists()
    return str(caught.value.code), " ".join(caught.value.messages)


def test_untouched_package_is_taken(frida, package):
    assert received(package, frida).sha256 == hashlib.sha256(package).hexdigest()


@pytest.mark.parametrize("name", HASHED)
def test_each_changed_file_is_refused(frida, package, name):
    files = members(package)
    changed = files[name].replace(b"r", b"s", 1)
    code, sentence = refusal(repacked({**files, name: changed}), frida)
    assert (code, name in sentence) == ("package_changed", True)


@pytest.mark.parametrize("name", HASHED)
def test_each_changed_size_is_refused(frida, package, name):
    files = members(package)
    assert refusal(repacked({**files, name: files[name] + b"\n"}), frida)[0] == "package_changed"


def test_whoever_works_out_the_hashes_anew_is_refused_as_well(frida, package):
    """What was made stands on record at the sender."""
    files = members(package)
    changed = files["customers.csv"].replace(b"Meier", b"Maier")

    def describe(manifest: dict[str, Any]) -> None:
        manifest["files"]["customers.csv"]["sha256"] = hashlib.sha256(changed).hexdigest()

    forged = with_manifest(repacked({**files, "customers.csv": changed}), describe)
    assert refusal(forged, frida)[0] == "package_unknown"


@pytest.mark.parametrize("name", MEMBERS)
def test_each_missing_file_is_refused(frida, package, name):
    files = {key: value for key, value in members(package).items() if key != name}
    expected = "not_a_package" if name == "manifest.json" else "package_member_missing"
    assert refusal(repacked(files), frida)[0] == expected


def test_added_file_is_refused(frida, package):
    code, sentence = refusal(repacked({**members(package), "geheim.csv": b"x"}), frida)
    assert (code, "geheim.csv" in sentence) == ("package_member_added", True)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_file_that_is_there_twice_is_refused(frida, package):
    file = io.BytesIO(package)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("tags.csv", b"Schlagwort\n")
    assert refusal(file.getvalue(), frida)[0] == "package_member_added"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("format", "anders", "not_a_package"),
        ("version", 1, "package_version"),
        ("version", None, "package_version"),
        ("transition", "keine", "package_damaged"),
        ("kind", "other", "package_damaged"),
        ("from", {}, "package_damaged"),
        ("executed_at", "gestern", "package_damaged"),
        ("made_at", "2026-01-01T00:00:00", "package_damaged"),
        ("counts", [], "package_damaged"),
        ("basis", None, "package_damaged"),
        ("purposes", [{"code": "x"}], "package_damaged"),
        ("files", {}, "package_damaged"),
        ("made_by", "\0", "package_damaged"),
        ("ground", "\ud800", "package_damaged"),
        ("to", {"account_number": 30100, "client_number": 2, "name": "Andere"}, "package_receiver"),
    ],
)
def test_manifest_that_says_something_else_is_refused(frida, package, field, value, code):
    assert refusal(with_manifest(package, lambda manifest: manifest.update({field: value})), frida)[0] == code


@pytest.mark.parametrize("name", ["customers", "consents", "groups", "tags"])
def test_another_number_of_rows_than_announced_is_refused(frida, package, name):
    def describe(manifest: dict[str, Any]) -> None:
        manifest["counts"][name] += 1

    assert refusal(with_manifest(package, describe), frida)[0] == "package_count"


def test_package_for_another_business_names_both(cast, package):
    code, sentence = refusal(package, cast.scope("ines", "Dresden", 30100))
    assert code == "package_receiver"
    assert sentence == "This package is for the business 40200. Log in there to take it over; here is 30100."


@pytest.mark.parametrize("content", [b"", b"Kundennummer;Nachname\n", b"PK\x03\x04 and nothing more", bytes(1000)])
def test_what_is_no_archive_is_refused(frida, content):
    assert refusal(content, frida)[0] == "not_a_package"


def test_archive_of_something_else_is_refused(frida):
    assert refusal(repacked({"hallo.txt": b"x"}), frida)[0] == "not_a_package"


@pytest.mark.parametrize("manifest", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
def test_manifest_that_cannot_be_read_is_refused(frida, package, manifest):
    code, _sentence = refusal(repacked({**members(package), "manifest.json": manifest}), frida)
    assert code in {"package_damaged", "not_a_package"}


def broken(package: bytes, at: int) -> bytes:
    return package[:at] + bytes([package[at] ^ 0xFF]) + package[at + 1 :]


def test_one_flipped_byte_anywhere_is_refused(frida, package):
    for at in range(0, len(package), max(1, len(package) // 60)):
        assert refusal(broken(package, at), frida)[1]


# --- bombs ----------------------------------------------------------------------------------------------------------


def bomb(files: dict[str, bytes], name: str, size: int) -> bytes:
    """A package in which one file unpacks to very much."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for known, content in files.items():
            if known != name:
                archive.writestr(known, content)
        with archive.open(name, "w", force_zip64=True) as member:
            for _piece in range(size // 2**20):
                member.write(bytes(2**20))
    return file.getvalue()


@pytest.mark.parametrize("name", MEMBERS)
def test_bomb_is_refused_before_anything_is_unpacked(frida, package, name, monkeypatch):
    content, unpacked = bomb(members(package), name, 300 * 2**20), []
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *given, **_more: unpacked.append(given[1]))
    tracemalloc.start()
    assert refusal(content, frida)[0] == "package_suspicious"
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert unpacked == []
    assert most < 100 * 2**20


def test_thousands_of_files_are_refused(frida, package):
    content = repacked({**members(package), **{f"{n}.txt": b"" for n in range(5_000)}})
    assert refusal(content, frida)[0] == "package_suspicious"


def test_line_without_an_end_is_refused_in_little_memory(frida, package):
    """Packed so that no ratio tells."""
    files = members(package)
    chance = hashlib.shake_256(b"x").hexdigest(4 * 2**20).encode()
    long = files["tags.csv"] + chance * 2

    def describe(manifest: dict[str, Any]) -> None:
        manifest["files"]["tags.csv"] = {"size": len(long), "sha256": hashlib.sha256(long).hexdigest()}

    content = with_manifest(repacked({**files, "tags.csv": long}), describe)
    assert refusal(content, frida)[0] == "package_damaged"


def test_manifest_is_the_only_thing_that_is_not_hashed(package):
    assert set(json.loads(members(package)["manifest.json"])["files"]) == set(members(package)) - {"manifest.json"}
