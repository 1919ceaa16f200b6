"""An old base 1.0 comes in with its client and branch number, and two branches that share one are named first."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from openpyxl import Workbook

from customers.imports import lifecycle, receive, steps
from customers.imports.branch_numbers import BranchNumbers, OtherBranch, is_asked_for
from customers.models import Customer, ImportUpload
from customers.table.resources import CustomerResource
from locations.choices import LocationKind
from locations.models import Location
from mcp.isolation.scope import Scope
from tests.conftest import logged_in

SAMPLE = Path(__file__).parent.parent / "data" / "northwind_customers.csv"
HEADINGS = "Mandantennummer;Filialnummer;Kundennummer;Nachname\n"
AT = "/10400/4/customers/customer/import/"


@pytest.fixture
def anna(cast) -> Scope:
    """At Lübeck, which is on 1.0 with client and branch number 4 and has no customer yet."""
    scope: Scope = cast.scope("anna", "Lübeck")
    assert (scope.location.client_number, scope.location.branch_number) == (4, 4)
    return scope


def received(anna: Scope, content: str | bytes, name: str = "alt.csv", **said: Any) -> ImportUpload:
    data = content.encode() if isinstance(content, str) else content
    return receive.receive_upload(name=name, content=data, actor=anna, **said)


def checked(anna: Scope, content: str | bytes, name: str = "alt.csv") -> ImportUpload:
    upload = received(anna, content, name)
    steps.check(upload, anna)
    upload.refresh_from_db()
    return upload


def reasons(upload: ImportUpload) -> list[str]:
    return [str(one["reason"]) for verdict in upload.verdicts.order_by("row_number") for one in verdict.problems]


# --- by columns ---------------------------------------------------------------------------------------------------


def numbers(anna: Scope) -> tuple[int, int]:
    return anna.location.first_number, anna.location.first_number + 1


def test_rows_of_another_branch_are_rejected_and_the_own_ones_come_in(anna):
    first, second = numbers(anna)
    upload = checked(anna, f"{HEADINGS}4;4;{first};Eigen\n04;;{second};Auch\n5;4;7;Kiel\nvier;4;8;Falsch\n")
    assert (upload.state, upload.previewed["created"], upload.previewed["rejected"]) == ("checked", 2, 2)
    told = reasons(upload)
    assert "number 5, and this location has 4" in told[0]
    assert "no number" in told[1]
    assert [row["column"] for verdict in upload.verdicts.order_by("row_number") for row in verdict.problems] == [
        "Mandantennummer", "Mandantennummer",
    ]  # fmt: skip


def test_two_branches_with_one_client_number_are_named_and_nothing_is_imported(anna):
    upload = checked(anna, f"{HEADINGS}4;4;;Lübeck\n4;9;;Wismar\n7;1;;Eins\n7;2;;Zwei\n")
    assert upload.state == "failed"
    told = str(upload.failure)
    assert "Client number 4 stands for more than one branch: branch numbers 4, 9" in told
    assert "Client number 7 stands for more than one branch: branch numbers 1, 2" in told
    assert upload.preview is None
    assert not Customer.objects.filter(base=anna.base).exists()


def test_a_client_number_that_another_location_has_is_named(anna, cast):
    """Bremen has client and branch number 3: a file that gives 3 to branch 9 as well mixes two branches up."""
    upload = checked(anna, f"{HEADINGS}3;9;;Wer\n")
    assert upload.state == "failed"
    assert "branch numbers 3, 9" in str(upload.failure)


def test_locations_of_another_business_do_not_matter(anna, cast):
    place = cast.location("München", 20800)
    assert not Location.objects.filter(organization=anna.organization, client_number=40).exists()
    Location.objects.filter(pk=place.pk).update(client_number=40)
    upload = checked(anna, f"{HEADINGS}40;9;;Wer\n")
    assert (upload.state, upload.previewed["rejected"]) == ("checked", 1)


def test_a_workbook_says_numbers_as_numbers(anna):
    first, second = numbers(anna)
    book = Workbook()
    book.active.append(["Mandant", "Filiale", "Kundennummer", "Nachname"])
    book.active.append([4, 4.0, first, "Muster"])
    book.active.append(["4", 4, second, "Meier"])
    content = io.BytesIO()
    book.save(content)
    upload = checked(anna, content.getvalue(), "alt.xlsx")
    assert (upload.state, upload.previewed["created"], upload.previewed["rejected"]) == ("checked", 2, 0)


def test_columns_of_branches_are_known_at_bases_1_alone(anna, cast):
    assert {"client_number", "branch_number"} <= set(CustomerResource(scope=anna).fields)
    for scope in (cast.scope("anna", "Hamburg"), None):
        assert not {"client_number", "branch_number"} & set(CustomerResource(scope=scope).fields)
    upload = receive.receive_upload(
        name="a.csv", content=HEADINGS.encode() + b"4;4;;x\n", actor=cast.scope("anna", "Hamburg")
    )
    assert upload.choices["targets"][:2] == ["", ""], "somebody decides what they are"


# --- by the chosen location ---------------------------------------------------------------------------------------


def test_whoever_brings_an_old_base_in_is_asked_whose_it_is(anna):
    client = logged_in("anna")
    assert "client_number" in client.get(AT).context["form"].fields
    file = lambda: SimpleUploadedFile("alt.csv", SAMPLE.read_bytes())  # noqa: E731
    assert client.post(AT, {"file": file()}).context["form"].errors.keys() == {"client_number", "branch_number"}
    for numbers_said, words in (
        ({"client_number": 9, "branch_number": 9}, "9, branch number 9"),
        ({"client_number": 4, "branch_number": 5}, "branch numbers 4, 5"),
    ):
        refused = client.post(AT, {"file": file(), **numbers_said}, headers={"Accept-Language": "en"})
        assert words in str(refused.context["form"].errors["client_number"])
    assert not ImportUpload.objects.filter(base=anna.base).exists()
    assert client.post(AT, {"file": file(), "client_number": 4, "branch_number": 4}).status_code == 302
    upload = ImportUpload.objects.get(base=anna.base)
    assert (upload.client_number, upload.branch_number) == (4, 4)


def test_the_sample_comes_in_as_it_is(anna):
    upload = checked(anna, SAMPLE.read_bytes(), "northwind_customers.csv")
    assert (upload.state, upload.previewed["rejected"]) == ("checked", 0)
    client = logged_in("anna")
    client.post(f"{AT}{upload.pk}/", {"step": "confirm", "fingerprint": lifecycle.fingerprint(upload)})
    assert Customer.objects.filter(base=anna.base).count() == upload.previewed["created"] == 91
    assert not is_asked_for(anna)
    assert "client_number" not in client.get(AT).context["form"].fields


def test_nobody_is_asked_on_a_base_2(cast):
    scope = cast.scope("anna", "Hamburg")
    assert not is_asked_for(scope)
    upload = receive.receive_upload(name="a.csv", content=b"Name\nx\n", actor=scope, said=BranchNumbers(9, 9))
    assert (upload.client_number, upload.branch_number) == (None, None)


def test_other_numbers_than_those_of_the_location_are_refused_by_the_operation(anna):
    with pytest.raises(OtherBranch):
        received(anna, "Name\nx\n", said=BranchNumbers(9, 9))


def test_the_database_refuses_a_file_under_the_numbers_of_another_branch(anna):
    own = {"organization": anna.organization, "base": anna.base, "location": anna.location, "name": "a.csv"}
    own |= {"user": anna.user, "user_name": "x"}
    for values in ({"client_number": 5, "branch_number": 4}, {"client_number": 4, "branch_number": 9}):
        with pytest.raises(IntegrityError, match="location that has its numbers"), transaction.atomic():
            ImportUpload.objects.create(**own, **values)
    with pytest.raises(IntegrityError, match="says_both"), transaction.atomic():
        ImportUpload.objects.create(**own, client_number=4)
    made = ImportUpload.objects.create(**own, client_number=4, branch_number=4)
    with pytest.raises(IntegrityError, match="never change"), transaction.atomic():
        ImportUpload.objects.filter(pk=made.pk).update(client_number=5)
    with pytest.raises(IntegrityError), transaction.atomic():
        Location.objects.create(
            organization=anna.organization, base=anna.base, name="Zweite", client_number=4, branch_number=4,
            kind=LocationKind.BRANCH, number_range=anna.location.number_range,
        )  # fmt: skip


def test_the_command_compares_as_well(cast, tmp_path, capsys):
    file = tmp_path / "alt.csv"
    file.write_text(f"{HEADINGS}4;9;;Wismar\n4;4;;Lübeck\n", encoding="utf-8")
    place = {"account": 10400, "client": 4, "yes": True}
    with pytest.raises(CommandError, match="more than one branch"):
        call_command("import_customers", str(file), **place)
    with pytest.raises(CommandError, match="Switch to their location"):
        call_command("import_customers", str(file), **place, old_client=9, old_branch=9)
    file.write_text(f"{HEADINGS}4;4;;Lübeck\n", encoding="utf-8")
    call_command("import_customers", str(file), **place, old_client=4, old_branch=4)
    assert "1 new" in capsys.readouterr().out
