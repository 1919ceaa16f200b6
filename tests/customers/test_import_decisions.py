"""Rows that look like a known customer: decided one by one, all at once, or in a file, before anything is imported."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils.translation import override
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from customers.choices import Decision, UploadState, Verdict
from customers.imports import decisions, lifecycle, preview, receive, steps, tasks
from customers.imports.classifying import verdicts
from customers.models import Customer, ImportDecision, ImportUpload
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import MissingRight, Scope
from tests.customers.import_browser import IMPORT, person, previewed, work
from tests.customers.people import customer
from tests.customers.transfer import applied, checked, table, undone
from tests.proofs.sampling import examples

HEADINGS = ["Name", "E-Mail", "Ort"]
COUNTS = ("created", "changed", "unchanged", "rejected", "similar")


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


@pytest.fixture
def known(anna) -> list[Customer]:
    return [customer(anna, last_name=f"Gast {n}", email=f"g{n}@example.com") for n in range(3)]


def rows(*numbers: int) -> bytes:
    return table(HEADINGS, *([f"Gast {n}", f"g{n}@example.com", "Kiel"] for n in numbers))


def counts(upload: ImportUpload) -> tuple[int, ...]:
    return tuple((upload.preview or {})[name] for name in COUNTS)


def decide(upload: ImportUpload, scope: Scope, choices: dict[int, str]) -> ImportUpload:
    steps.keep_decisions(choices, upload, scope)
    return ImportUpload.objects.get(pk=upload.pk)


def people(scope: Scope) -> list[tuple[str, str]]:
    return list(Customer.objects.in_base(scope.base).order_by("customer_number").values_list("last_name", "city"))


@pytest.mark.parametrize(
    ("how", "choice", "previewed_as", "end"),
    [
        ("overwrite", "same", (0, 3, 0, 0, 0), [("Gast 0", "Kiel"), ("Gast 1", "Kiel"), ("Gast 2", "Kiel")]),
        ("fill", "same", (0, 3, 0, 0, 0), [("Gast 0", "Kiel"), ("Gast 1", "Kiel"), ("Gast 2", "Kiel")]),
        ("skip", "same", (0, 0, 3, 0, 0), [("Gast 0", ""), ("Gast 1", ""), ("Gast 2", "")]),
        ("skip", "leave", (0, 0, 0, 3, 0), [("Gast 0", ""), ("Gast 1", ""), ("Gast 2", "")]),
        ("skip", "new", (3, 0, 0, 0, 0), [(f"Gast {n}", city) for city in ("", "Kiel") for n in range(3)]),
    ],
)
def test_one_decision_for_all(anna, known, how, choice, previewed_as, end):
    upload = checked(anna, rows(0, 1, 2), known=how, match="nothing")
    assert counts(upload) == (3, 0, 0, 0, 3)
    assert decisions.decide_all(upload=upload, decision=choice, actor=anna) == 3
    steps.check(upload, anna)
    assert counts(upload) == previewed_as
    result = applied(upload, anna).result or {}
    assert tuple(result[name] for name in COUNTS[:4]) == previewed_as[:4]
    assert people(anna) == end


def test_each_row_can_be_decided_otherwise(anna, known):
    upload = checked(anna, rows(0, 1, 2), match="nothing")
    upload = decide(upload, anna, {2: "same", 3: "leave", 4: "new"})
    assert counts(upload) == (1, 1, 0, 1, 0)
    [left_out] = verdicts(upload, Verdict.REJECTED)
    assert (left_out.row_number, left_out.problems[0]["code"]) == (3, "left_out")
    applied(upload, anna)
    assert people(anna) == [("Gast 0", "Kiel"), ("Gast 1", ""), ("Gast 2", ""), ("Gast 2", "Kiel")]


def test_what_was_imported_by_a_decision_is_undone_like_all_else(anna, known):
    before = people(anna)
    upload = applied(decide(checked(anna, rows(0, 1), match="nothing"), anna, {2: "same", 3: "new"}), anna)
    assert people(anna) != before
    assert undone(upload, anna)["stuck"] == 0
    assert people(anna) == before


def test_a_row_keeps_its_customer_whatever_number_it_brings(anna, known):
    content = table(["Kundennummer", *HEADINGS], ["777", "Gast 1", "g1@example.com", "Kiel"])
    upload = decide(checked(anna, content), anna, {2: "same"})
    applied(upload, anna)
    known[1].refresh_from_db()
    assert (known[1].customer_number != 777, known[1].city) == (True, "Kiel")
    assert not Customer.objects.in_base(anna.base).filter(customer_number=777).exists()


@pytest.mark.parametrize("is_by_number", [True, False])
def test_of_two_rows_for_one_customer_one_is_rejected(anna, known, is_by_number):
    number = known[0].customer_number if is_by_number else ""
    content = table(
        ["Kundennummer", *HEADINGS],
        ["", "Gast 0", "g0@example.com", "Kiel"],
        [number, "Gast 0", "g0@example.com", "Bonn"],
    )
    upload = checked(anna, content)
    similar = [row.row_number for row in verdicts(upload, Verdict.SIMILAR)]
    upload = decide(upload, anna, dict.fromkeys(similar, "same"))
    [rejected] = verdicts(upload, Verdict.REJECTED)
    assert (rejected.row_number, rejected.problems[0]["code"]) == (2 if is_by_number else 3, "duplicate_row")
    applied(upload, anna)
    assert people(anna)[0] == ("Gast 0", "Bonn" if is_by_number else "Kiel")


def test_who_looks_like_a_row_of_the_file_is_no_customer_yet(anna):
    upload = checked(anna, rows(7, 7), match="nothing")
    assert counts(upload) == (2, 0, 0, 0, 1)
    with pytest.raises(ValidationError, match="who is no customer yet"):
        decide(upload, anna, {3: "same"})
    assert decisions.decide_all(upload=upload, decision="same", actor=anna) == 0
    assert counts(decide(upload, anna, {3: "leave"})) == (1, 0, 0, 1, 0)


@pytest.mark.parametrize(
    ("choices", "message"),
    [({2: "perhaps"}, "given words: 2"), ({99: "new"}, "nothing to decide: 99"), ({2: ""}, "Nothing was decided")],
)
def test_what_cannot_be_decided_changes_nothing(anna, known, choices, message):
    upload = checked(anna, rows(0), match="nothing")
    before = lifecycle.fingerprint(upload)
    with pytest.raises(ValidationError, match=message):
        decide(upload, anna, {3: "", **choices})
    assert not ImportDecision.objects.exists()
    assert lifecycle.fingerprint(ImportUpload.objects.get()) == before


def test_preview_from_before_a_decision_cannot_be_confirmed(anna, known):
    upload = checked(anna, rows(0), match="nothing")
    before = lifecycle.fingerprint(upload)
    upload = decide(upload, anna, {2: "leave"})
    with pytest.raises(ValidationError, match="have changed since the preview"):
        lifecycle.confirm_upload(upload=upload, confirmed=before, actor=anna)


def test_decisions_are_taken_back_and_changed(anna, known):
    upload = decide(checked(anna, rows(0, 1), match="nothing"), anna, {2: "same", 3: "new"})
    upload = decide(upload, anna, {2: "leave", 3: "same"})
    assert counts(upload) == (0, 1, 0, 1, 0)
    decisions.take_back(upload=upload, actor=anna)
    steps.check(upload, anna)
    assert counts(upload) == (2, 0, 0, 0, 2)
    assert not ImportDecision.objects.exists()


def test_other_columns_make_other_rows_so_decisions_end(anna, known):
    upload = decide(checked(anna, rows(0), match="nothing"), anna, {2: "leave"})
    chosen: dict[str, Any] = {"known": "overwrite", "match": "nothing", "reading": lifecycle.reading_of(upload)}
    receive.choose_columns(upload=upload, targets=["last_name", "email", "city"], actor=anna, **chosen)
    assert ImportDecision.objects.count() == 1
    receive.choose_columns(upload=upload, targets=["last_name", "-", "city"], actor=anna, **chosen)
    assert not ImportDecision.objects.exists()


def test_row_that_looks_like_a_decided_one_is_still_told(anna):
    """Decided or not, who is made twice is told; and whom the other one means he can mean as well."""
    there = customer(anna, last_name="Muster", first_name="Anna", birthday="1990-01-01")
    content = table(
        ["Name", "Vorname", "Geburtstag", "E-Mail"],
        ["Muster", "Anna", "01.01.1990", "anna@example.com"],
        ["Muster", "Anna", "", "anna@example.com"],
    )
    for word in ("same", "new"):
        upload = checked(anna, content, match="nothing")
        assert counts(upload)[-1] == 2
        upload = decide(upload, anna, {2: word})
        with row_scope.rows_of(anna):
            [told] = preview.similar(upload, anna)
        assert (told.row, told.first, told.customer) == (3, 2, there if word == "same" else None)


def test_all_at_once_joins_one_row_with_a_customer_and_leaves_the_others_open(anna, known):
    upload = checked(anna, rows(0, 0, 1), match="nothing")
    assert decisions.decide_all(upload=upload, decision="same", actor=anna) == 2
    steps.check(upload, anna)
    assert counts(upload) == (1, 2, 0, 0, 1)
    assert decisions.decide_all(upload=upload, decision="leave", actor=anna) == 1


def test_decision_is_about_whom_was_shown(anna, known, log_in):
    client = log_in("anna")
    page = previewed(client, rows(0, 1), ["last_name", "email", "city"], match="nothing")
    other = known[1].customer_number
    client.post(page, {"step": "decide", "decision-2": "same", "known-2": other, "decision-3": "", "known-3": "1"})
    file = table(["Zeile", "Entscheidung", "Bekannt als"], [2, "dieselbe Person", other])
    client.post(f"{page}similar/", {"file": SimpleUploadedFile("liste.csv", file)})
    assert not ImportDecision.objects.exists()
    client.post(page, {"step": "decide", "decision-2": "same", "known-2": known[0].customer_number})
    file = table(["Zeile", "Entscheidung", "Bekannt als"], [3, "dieselbe Person", other])
    client.post(f"{page}similar/", {"file": SimpleUploadedFile("liste.csv", file)})
    assert counts(ImportUpload.objects.get()) == (0, 2, 0, 0, 0)


def test_decision_for_somebody_who_is_gone_falls(anna):
    first = applied(checked(anna, rows(0), match="nothing"), anna)
    upload = decide(checked(anna, rows(0), match="nothing"), anna, {2: "same"})
    undone(first, anna)
    steps.check(upload, anna)
    assert (counts(upload)[0], upload.choices["decided"]) == (1, {})
    assert not ImportDecision.objects.exists()


def test_only_who_may_see_customers_decides(cast, anna, known, log_in):
    person(cast, "blind", Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS)
    blind = cast.scope("blind", "Zentrale")
    upload = checked(blind, rows(0), match="nothing")
    for attempt in (
        lambda: decisions.decide(upload=upload, decisions={2: "leave"}, actor=blind),
        lambda: decisions.decide_all(upload=upload, decision="leave", actor=blind),
        lambda: decisions.take_back(upload=upload, actor=blind),
        lambda: decisions.write_similar(upload=upload, file=io.BytesIO(), actor=blind),
    ):
        with pytest.raises(MissingRight):
            attempt()
    client, page = log_in("blind"), f"{IMPORT}{upload.pk}/"
    shown = client.get(f"{page}?show=similar").content.decode()
    assert "decision-2" not in shown
    assert "looks like somebody" not in shown  # nor is he told that somebody like this is there
    assert "Perhaps known already" not in shown
    assert client.get(f"{page}similar/").status_code == 403
    assert client.post(page, {"step": "decide", "decision-2": "leave"}).status_code == 403


def test_same_person_needs_the_right_to_change_him(cast, anna, known):
    person(cast, "adder", Right.IMPORT_CUSTOMERS, Right.ADD_CUSTOMERS, Right.VIEW_CUSTOMERS, Right.SEE_CONTACT_DATA)
    adder = cast.scope("adder", "Zentrale")
    upload = decide(checked(adder, rows(0), match="nothing"), adder, {2: "same"})
    [rejected] = verdicts(upload, Verdict.REJECTED)
    assert rejected.problems[0]["code"] == "missing_right"


# --- pages and files --------------------------------------------------------------------------------------------


def test_pages_decide_and_tell(anna, known, log_in):
    client = log_in("anna")
    page = previewed(client, rows(0, 1, 2), ["last_name", "email", "city"], match="nothing")
    shown = client.get(f"{page}?show=similar").content.decode()
    assert 'name="decision-2"' in shown
    client.post(page, {"step": "decide", "decision-2": "same", "decision-3": "", "decision-4": ""})
    client.post(page, {"step": "decide_all", "all": "leave"})
    shown = client.get(f"{page}?show=decided", headers={"accept-language": "en"})
    assert [(row.row, row.decision) for row in shown.context["shown"].rows] == [(2, "same"), (3, "leave"), (4, "leave")]
    assert "leave out: 2, the same person: 1" in " ".join(shown.content.decode().split())
    client.post(page, {"step": "take_back"})
    assert counts(ImportUpload.objects.get()) == (3, 0, 0, 0, 3)


@pytest.mark.parametrize("posted", [{"decision-x": "new"}, {"decision-2": "perhaps"}, {"decision-9999999999": "new"}])
def test_pages_refuse_what_they_do_not_offer(anna, known, log_in, posted):
    client = log_in("anna")
    page = previewed(client, rows(0), ["last_name", "email", "city"], match="nothing")
    assert client.post(page, {"step": "decide", **posted}).status_code == 302
    assert not ImportDecision.objects.exists()


def workbook(content: bytes) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content))


def written(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("language", "heading", "words"),
    [("de", "Entscheidung", ["dieselbe Person", "AUSLASSEN "]), ("en", "Decision", ["the same person", "leave out"])],
)
def test_list_is_downloaded_filled_in_and_uploaded(anna, known, log_in, language, heading, words):
    client = log_in("anna")
    page = previewed(client, rows(0, 1, 2), ["last_name", "email", "city"], match="nothing")
    answer = client.get(f"{page}similar/", headers={"accept-language": language})
    book = workbook(answer.getvalue())
    sheet = book.worksheets[0]
    assert sheet["B1"].value == heading
    assert [str(cell.value) for cell in sheet["A"]][1:] == ["2", "3", "4"]
    assert sheet["D2"].value == known[0].customer_number
    for row, word in zip((2, 3), words, strict=True):
        sheet.cell(row=row, column=2).value = word
    answer = client.post(f"{page}similar/", {"file": SimpleUploadedFile("liste.xlsx", written(book))})
    assert answer["Location"].endswith("?show=similar")
    assert counts(ImportUpload.objects.get()) == (1, 1, 0, 1, 1)
    with override(language):
        labels = [str(Decision.SAME.label), str(Decision.LEAVE.label), None]
    again = workbook(client.get(f"{page}similar/", headers={"accept-language": language}).getvalue()).worksheets[0]
    assert [again.cell(row=row, column=2).value for row in (2, 3, 4)] == labels


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (table(["Zeile", "Wahl"], [2, "auslassen"]), "has no column “Decision”"),
        (table(["Zeile", "Entscheidung"], [2, "vielleicht"], ["zwei", "auslassen"]), "cannot be understood: 2, 3"),
        (table(["Zeile", "Entscheidung"], [50, "auslassen"]), "nothing to decide: 50"),
        (table(["Zeile", "Entscheidung"], [2, ""]), "Nothing was decided"),
        (b"\x00\x01", "is no"),
        (b"", "empty"),
    ],
)
def test_wrong_list_changes_nothing_and_says_why(anna, known, log_in, content, told):
    client = log_in("anna")
    page = previewed(client, rows(0), ["last_name", "email", "city"], match="nothing")
    client.post(
        f"{page}similar/", {"file": SimpleUploadedFile("liste.csv", content)}, headers={"accept-language": "en"}
    )
    shown = client.get(page, headers={"accept-language": "en"})
    messages = " ".join(str(message) for message in shown.context["messages"])
    assert messages
    assert told in messages or told in ("is no", "empty")
    assert not ImportDecision.objects.exists()
    assert counts(ImportUpload.objects.get()) == (1, 0, 0, 0, 1)


def test_large_file_is_checked_again_by_the_worker(anna, known, deferred, log_in):
    client = log_in("anna")
    filler = [[f"Neu {n}", f"n{n}@example.com", "x" * 60] for n in range(1_500)]
    content = table(HEADINGS, ["Gast 0", "g0@example.com", "Kiel"], *filler)
    assert len(content) > lifecycle.DIRECT_BYTES
    page = previewed(client, content, ["last_name", "email", "city"], match="nothing")
    work(deferred)
    client.post(page, {"step": "decide_all", "all": "same"})
    assert ImportUpload.objects.get().state == UploadState.CHECKING
    assert [task.name for task, _given in deferred] == [tasks.check_upload.name]
    work(deferred)
    assert counts(ImportUpload.objects.get()) == (1_500, 1, 0, 0, 0)


# --- any mixture ------------------------------------------------------------------------------------------------


@pytest.mark.isolation
@pytest.mark.in_part
@settings(
    max_examples=examples(12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["", *Decision.values])), min_size=1, max_size=6))
def test_any_mixture_ends_as_the_plain_rule_says(anna, mixture):
    """Oracle: who is the same changes the customer, but for the first row alone; leave out; all else is new."""
    with transaction.atomic():
        there = {n: customer(anna, last_name=f"Gast {n}", email=f"g{n}@example.com") for n in range(3)}
        upload = checked(anna, rows(*(n for n, _word in mixture)), match="nothing")
        similar = {row.row_number: row.customer_id for row in verdicts(upload, Verdict.SIMILAR)}
        chosen = {
            at: word for at, (_n, word) in enumerate(mixture, start=2)
            if word and at in similar and (word != "same" or similar[at])
        }  # fmt: skip
        if chosen:
            upload = decide(upload, anna, chosen)
        created, changed, rejected = [], set(), 0
        for at, (n, _word) in enumerate(mixture, start=2):
            word = chosen.get(at)
            if word == "leave" or (word == "same" and n in changed):
                rejected += 1
            elif word == "same":
                changed.add(n)
            else:
                created.append((f"Gast {n}", "Kiel"))
        result = applied(upload, anna).result or {}
        assert (result["created"], result["changed"], result["rejected"]) == (len(created), len(changed), rejected)
        expected = [(f"Gast {n}", "Kiel" if n in changed else "") for n in there] + created
        assert sorted(people(anna)) == sorted(expected)
        transaction.set_rollback(True)


def test_list_shows_the_row_and_whom_it_looks_like(anna, known):
    upload = checked(anna, rows(1), match="nothing")
    with row_scope.rows_of(anna):
        [told] = preview.similar(upload, anna)
    assert (told.in_file, told.customer, told.reason) == (
        "Gast 1, Kiel, g1@example.com", known[1], "the same e-mail address"
    )  # fmt: skip
