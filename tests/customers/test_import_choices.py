"""What an import does with known customers, how it finds them, and what it tells about new ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from customers.choices import MatchBy, OnKnown, UploadState
from customers.imports import apply, lifecycle, preview, receive
from customers.imports.apply import NotWhatWasPreviewed
from customers.imports.classifying import Counts, CountsDiffer, demand_whole
from customers.imports.progress import Cancelled
from customers.models import Customer, HeadingChoice, ImportChunk
from customers.operations import change_customer, register_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.worker.progress import Progress
from tests.customers.transfer import applied, checked, reasons, state, table, take_in


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def known(anna: Scope, **values: Any) -> Customer:
    return register_customer(customer=Customer(**{"last_name": "Meier", **values}), actor=anna)


def fresh(customer: Customer) -> Customer:
    return Customer.objects.get(pk=customer.pk)


def test_overwriting_takes_every_given_column_and_no_other(anna):
    customer = known(anna, city="Kiel", email="a@example.com", memo="alt\n[Region: Nord]")
    content = table(["Kundennummer", "Name", "Ort", "Notiz"], [customer.customer_number, "Maier", "", "neu"])
    assert take_in(anna, content, known=OnKnown.OVERWRITE).changed == 1
    now = fresh(customer)
    assert (now.last_name, now.city, now.email, now.memo) == ("Maier", "", "a@example.com", "neu\n[Region: Nord]")


def test_filling_takes_only_what_is_empty(anna):
    customer = known(anna, city="Kiel", memo="alt", is_favourite=False)
    content = table(
        ["Kundennummer", "Name", "Ort", "PLZ", "Notiz", "Region", "Favorit", "Rabatt %"],
        [customer.customer_number, "Maier", "Bonn", "24103", "neu", "Nord", "ja", "5"],
    )
    assert take_in(anna, content, known=OnKnown.FILL).changed == 1
    now = fresh(customer)
    assert (now.last_name, now.city, now.postal_code, now.discount) == ("Meier", "Kiel", "24103", Decimal(5))
    assert (now.memo, now.is_favourite) == ("alt\n[Region: Nord]", False)
    assert take_in(anna, content, known=OnKnown.FILL).unchanged == 1


def test_skipping_leaves_known_customers_and_takes_new_ones(anna):
    customer = known(anna)
    before = fresh(customer)
    outcome = take_in(
        anna, table(["Kundennummer", "Name"], [customer.customer_number, "X"], ["", "Y"]), known=OnKnown.SKIP
    )
    assert (outcome.created, outcome.unchanged, outcome.changed) == (1, 1, 0)
    assert fresh(customer).changed_at == before.changed_at


def test_customers_are_found_by_e_mail_where_that_is_chosen(anna):
    customer = known(anna, email="Anna@example.com")
    content = table(["Kundennummer", "Name", "E-Mail"], ["", "Maier", "anna@EXAMPLE.com"], ["", "Neu", ""])
    assert take_in(anna, content, match=MatchBy.NUMBER, dry_run=True).created == 2
    outcome = take_in(anna, content, match=MatchBy.EMAIL)
    assert (outcome.created, outcome.changed) == (1, 1)
    assert fresh(customer).last_name == "Maier"


def test_e_mail_of_several_customers_is_refused_with_their_numbers(anna):
    numbers = [known(anna, email="a@example.com").customer_number for _n in range(2)]
    outcome = take_in(anna, table(["Name", "E-Mail"], ["X", "a@example.com"]), match=MatchBy.EMAIL)
    assert reasons(outcome) == [(2, "E-Mail", "a@example.com", "ambiguous_key")]
    assert all(str(number) in outcome.rejections[0].reason for number in numbers)


def test_a_customer_named_by_number_and_by_key_is_named_twice(anna):
    customer = known(anna, email="a@example.com")
    content = table(
        ["Kundennummer", "Name", "E-Mail"], ["", "X", "a@example.com"], [customer.customer_number, "Y", "b@c.de"]
    )
    outcome = take_in(anna, content, match=MatchBy.EMAIL)
    assert [(one.row, one.code) for one in outcome.rejections] == [(2, "duplicate_row")]
    assert fresh(customer).last_name == "Y"


def test_new_rows_that_look_like_somebody_known_are_told(anna):
    customer = known(anna, email="a@example.com", first_name="Eva", birthday="1990-01-02")
    rows = [["X", "", "", "A@example.com"], ["Meier", "eva", "02.01.1990", ""], ["Y", "", "", "y@z.de"],
            ["Z", "", "", "y@z.de"], ["Q", "", "", ""]]  # fmt: skip
    upload = checked(anna, table(["Name", "Vorname", "Geburtsdatum", "E-Mail"], *rows))
    assert (upload.preview or {})["similar"] == 3
    with row_scope.rows_of(anna):
        found = [(one.row, one.code, one.customer, one.first) for one in preview.similar(upload, anna)]
    assert found == [
        (2, "same_email_other_name", customer, None), (3, "same_name_and_birthday", customer, None),
        (5, "same_email", None, 4),
    ]  # fmt: skip
    assert (applied(upload, anna).result or {})["created"] == 5


@pytest.fixture(params=[apply.ROWS_EACH_TIME, 1], ids=["few", "many"])
def _few_or_many(request, monkeypatch) -> None:
    """What is changed is few rows, which are found by their customers, or many."""
    monkeypatch.setattr(apply, "ROWS_EACH_TIME", request.param)


@pytest.mark.usefixtures("_few_or_many")
def test_changed_rows_are_written_and_no_others(anna):
    customers = [known(anna, city="Kiel") for _number in range(5)]
    numbers = [customer.customer_number for customer in customers]
    towns = ["Kiel", "Bonn", "Kiel", "Köln", "Jena"]
    content = table(["Kundennummer", "Ort"], *([number, town] for number, town in zip(numbers, towns, strict=True)))
    outcome = take_in(anna, content)
    assert (outcome.changed, outcome.unchanged) == (3, 2)
    assert [fresh(customer).city for customer in customers] == towns
    written = [fresh(customer).changed_at != customer.changed_at for customer in customers]
    assert written == [town != "Kiel" for town in towns]


@pytest.mark.usefixtures("_few_or_many")
def test_what_others_changed_after_the_preview_is_left_alone_and_told(anna, cast):
    first, second = known(anna), known(anna)
    new = anna.location.first_number + 50
    content = table(["Kundennummer", "Name"], [first.customer_number, "A"], [second.customer_number, "B"], [new, "C"])
    upload = checked(anna, content)
    meanwhile = fresh(first)
    meanwhile.city = "Bonn"
    change_customer(customer=meanwhile, seen_at=meanwhile.changed_at, actor=anna)
    other = register_customer(customer=Customer(customer_number=new, last_name="Anderer"), actor=anna)
    result = applied(upload, anna).result
    assert result == {"read": 3, "created": 0, "changed": 1, "unchanged": 0, "rejected": 2, "consents": 0}
    told = {one.row_number: one.problems[0]["code"] for one in upload.verdicts.filter(verdict="rejected")}
    assert told == {2: "changed_meanwhile", 4: "changed_meanwhile"}
    assert (fresh(first).last_name, fresh(second).last_name, fresh(other).last_name) == ("Meier", "B", "Anderer")


def test_altered_bytes_are_refused(anna):
    upload = checked(anna, table(["Name"], ["Gut"]))
    ImportChunk.objects.filter(file=upload).update(content=b"Name\r\nBoese\r\n")
    with pytest.raises(NotWhatWasPreviewed):
        applied(upload, anna)
    assert not Customer.objects.exists()


def test_only_the_fingerprint_of_what_is_stored_confirms(anna):
    upload = checked(anna, table(["Name"], ["Gut"]))
    shown = lifecycle.fingerprint(upload)
    receive.choose_columns(
        upload=upload,
        targets=upload.choices["targets"],
        reading=lifecycle.reading_of(upload),
        actor=anna,
        known=OnKnown.SKIP,
    )
    lifecycle.check_upload(upload=upload, actor=anna)
    with pytest.raises(NotWhatWasPreviewed):
        lifecycle.confirm_upload(upload=upload, confirmed=shown, actor=anna)
    lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=anna)
    with pytest.raises(ValidationError, match="confirmed already"):
        lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=anna)


def test_rejected_rows_can_be_corrected_and_imported_again(anna, tmp_path):
    content = table(["Name", "Geburtsdatum", "Notiz"], ["Gut", "", ""], ["Schlecht", "31.02.1990", "'=1+1"])
    upload = checked(anna, content)
    with (tmp_path / "rejected.csv").open("wb") as file, row_scope.rows_of(anna):
        assert preview.write_rejected(upload, file) == 1
    written = (tmp_path / "rejected.csv").read_text(encoding="utf-8-sig")
    assert "31.02.1990" in written
    assert "is not a date" in written
    assert "Gut" not in written
    again = take_in(anna, written.replace("31.02.1990", "28.02.1990").encode())
    assert again.created == 1
    assert Customer.objects.get().memo == "=1+1"


def test_columns_chosen_by_hand_are_remembered_for_the_business_alone(anna, cast):
    content = table(["Name", "Farbe", "Spitz"], ["A", "blau", "Mei"])
    upload = receive.receive_upload(name="a.csv", content=content, actor=anna)
    assert receive.undecided(upload) == ["Farbe", "Spitz"]
    receive.choose_columns(
        upload=upload, targets=["last_name", "-", "alias"], reading=lifecycle.reading_of(upload), actor=anna
    )
    again = receive.receive_upload(name="b.csv", content=content, actor=cast.scope("anna", "Hamburg"))
    assert again.choices["targets"] == ["last_name", "-", "alias"]
    stranger = receive.receive_upload(name="b.csv", content=content, actor=cast.scope("sven", "Zentrale", 20800))
    assert stranger.choices["targets"] == ["last_name", "", ""]
    assert HeadingChoice.objects.count() == 2


def test_parts_that_are_not_the_whole_undo_everything():
    demand_whole(Counts(read=4, created=1, changed=1, unchanged=1, rejected=1))
    with pytest.raises(CountsDiffer):
        demand_whole(Counts(read=5, created=1, changed=1, unchanged=1, rejected=1))


class Stopping(Progress):
    """Somebody has pressed the button."""

    def tell(self, done: int, total: int) -> None:
        raise Cancelled


def test_a_cancelled_import_has_written_nothing(anna):
    known(anna)
    before = state(anna)
    upload = checked(anna, table(["Kundennummer", "Name", "Kundengruppe"], ["", "A", "Neu"]))
    upload.state = UploadState.APPLYING
    upload.save()
    with pytest.raises(Cancelled):
        lifecycle.apply_upload(upload=upload, actor=anna, progress=Stopping())
    assert state(anna) == before


@pytest.mark.parametrize(
    "content", [b"", b"Name;Name\r\na;b\r\n", b"PK\x03\x04 no zip", b"\x00" * 100, b'Name\n"offen\n']
)
def test_a_file_that_cannot_be_read_leaves_nothing_behind(anna, content):
    with pytest.raises(ValidationError):
        checked(anna, content)
    assert not Customer.objects.exists()


def test_birthday_out_of_reach_and_number_that_is_none_are_told_with_their_cells(anna):
    content = table(
        ["Kundennummer", "Name", "Geburtsdatum"], [7, "Alt", "31.12.1849"], ["abc", "Neu", ""], [8, "Gut", "31.12.1850"]
    )
    outcome = take_in(anna, content)
    assert reasons(outcome) == [
        (2, "Geburtsdatum", "1849-12-31", "customer_birthday_in_the_past"),
        (3, "Kundennummer", "abc", "invalid_whole_number"),
    ]
    assert outcome.rejections[1].reason == "“abc” is not a whole number."
