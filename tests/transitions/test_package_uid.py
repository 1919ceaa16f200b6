"""The uid in a package: the receiver has the same customers, and finds them again by nothing else."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from uuid import UUID

import pytest

from customers.choices import TRANSFER
from customers.models import Consent, Customer
from customers.operations import change_customer
from mcp.isolation import access
from mcp.isolation.scope import Scope
from tests.customers.people import customer
from tests.customers.transfer import undone
from tests.states import like
from tests.transitions.carrying import (
    consent,
    content_of,
    executed,
    imported,
    made,
    members,
    received,
    receiver,
    repacked,
)
from tests.transitions.moving import join_in
from transitions.archive.package_reader import RefusedPackage
from transitions.choices import TransitionState
from transitions.models import Package


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def people(anna) -> list[Customer]:
    rows = [customer(anna, last_name=name) for name in ("Erste", "Zweite")]
    for row in rows:
        consent(row)
    return rows


@pytest.fixture
def package(cast, anna, people) -> bytes:
    return content_of(made(executed(cast), anna))


@pytest.fixture
def frida(cast, package) -> Scope:
    return receiver(cast)


def who(scope: Scope) -> dict[str, UUID]:
    return dict(Customer.objects.in_base(scope.base).values_list("last_name", "uid"))


def table_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(members(content)["customers.csv"].decode())))


def without_uid(content: bytes, version: int = 3) -> bytes:
    """The package as an older program has made it, on record as that."""
    files = members(content)
    rows = list(csv.reader(io.StringIO(files["customers.csv"].decode())))
    at, file = rows[0].index("UID"), io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(row[:at] + row[at + 1 :] for row in rows)
    customers, manifest = file.getvalue().encode(), json.loads(files["manifest.json"])
    manifest["version"] = version
    manifest["files"]["customers.csv"] = {"size": len(customers), "sha256": hashlib.sha256(customers).hexdigest()}
    return on_record(repacked({**files, "customers.csv": customers, "manifest.json": json.dumps(manifest).encode()}))


def on_record(content: bytes) -> bytes:
    like(Package.objects.all()[0], sha256=hashlib.sha256(content).hexdigest())
    return content


def test_package_says_who_is_who(package, people):
    assert [row["UID"] for row in table_of(package)] == [str(one.uid) for one in people]


def test_receiver_has_the_same(anna, frida, package):
    imported(package, frida)
    assert who(frida) == who(anna)


def test_undone_and_imported_again_they_are_the_same(anna, frida, package):
    arrival = imported(package, frida)
    arrival.upload.refresh_from_db()
    undone(arrival.upload, frida)
    assert who(frida) == {}
    imported(package, frida)
    assert who(frida) == who(anna)


def test_second_time_they_are_found_whatever_was_edited(frida, package):
    imported(package, frida)
    row = Customer.objects.in_base(frida.base).get(last_name="Erste")
    row.last_name = "Anders"
    change_customer(customer=row, actor=frida)
    again = imported(package, frida).upload.result or {}
    assert (again["created"], again["unchanged"]) == (0, 2)
    assert Customer.objects.in_base(frida.base).get(last_name="Anders").uid == row.uid


def test_what_was_said_since_is_added_to_whom_the_uid_means(cast, frida, package, people, anna):
    """Also where his number here is another one: that of somebody else means nothing then."""
    here = Customer.objects.create(
        organization=frida.organization, base=frida.base, customer_number=frida.location.last_number,
        last_name="Erste", uid=people[0].uid,
    )  # fmt: skip
    stranger = Customer.objects.create(
        organization=frida.organization, base=frida.base, customer_number=people[0].customer_number, last_name="Fremd"
    )
    result = imported(package, frida).upload.result or {}
    assert (result["created"], result["unchanged"] + result["changed"]) == (1, 1)
    assert list(Consent.objects.filter(customer=here).values_list("purpose", flat=True)) == [TRANSFER]
    assert not Consent.objects.filter(customer=stranger).exists()


def test_number_of_somebody_else_is_left_alone_as_before(frida, package, people):
    stranger = Customer.objects.create(
        organization=frida.organization, base=frida.base, customer_number=people[0].customer_number, last_name="Fremd"
    )
    arrival = imported(package, frida)
    assert arrival.manifest["taken"] == [people[0].customer_number]
    assert set(who(frida)) == {"Fremd", "Zweite"}
    assert not Consent.objects.filter(customer=stranger).exists()


@pytest.mark.parametrize("version", [2, 3])
def test_package_of_before_is_read_and_its_customers_get_uids_of_their_own(anna, frida, package, version):
    imported(without_uid(package, version), frida)
    here = who(frida)
    assert set(here) == set(who(anna))
    assert not set(here.values()) & set(who(anna).values())


def test_after_a_package_of_before_they_are_found_by_their_numbers(frida, package):
    imported(without_uid(package), frida)
    before = who(frida)
    on_record(package)
    again = imported(package, frida).upload.result or {}
    assert (again["created"], again["unchanged"]) == (0, 2)
    assert who(frida) == before


@pytest.mark.parametrize(("version", "has_uid"), [(4, False), (3, True)])
def test_uid_that_does_not_go_with_the_version_is_refused(frida, package, version, has_uid):
    content = without_uid(package, version)
    if has_uid:
        files = members(package)
        manifest = json.loads(files["manifest.json"]) | {"version": version}
        content = on_record(repacked({**files, "manifest.json": json.dumps(manifest).encode()}))
    with pytest.raises(RefusedPackage) as caught:
        received(content, frida)
    assert caught.value.code == "package_damaged"


def test_who_comes_back_is_whom_the_group_has_kept(cast, anna):
    """Customers that a business once had from the group are the group's own when it joins: nobody is there twice."""
    ines, kept = cast.scope("ines", "Dresden", 30100), customer(anna, last_name="Erste")
    once = Customer.objects.create(
        organization=ines.organization, base=ines.base, home_location=ines.location, last_name="Erste",
        customer_number=ines.location.first_number + 7, uid=kept.uid,
    )  # fmt: skip
    newcomer = customer(ines, last_name="Dritte")
    for row in (once, newcomer):
        consent(row)
    content = content_of(made(join_in(cast, TransitionState.EXECUTED), ines))
    result = imported(content, access.scope_at(cast.user("anna"), account_number=10400, client_number=7)).upload.result
    assert (result or {})["created"] == 1
    assert who(anna) == {"Erste": kept.uid, "Dritte": newcomer.uid}
    assert list(Consent.objects.filter(customer=kept).values_list("given_to", flat=True)) == [30100]
