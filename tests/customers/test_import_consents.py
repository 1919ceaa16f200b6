"""What a file says about consents, in its columns and besides its rows."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from customers.choices import TRANSFER, ConsentSource, Decision, FormerNumberSource, MatchBy, OnKnown
from customers.imports import decisions, lifecycle, preview
from customers.imports.apply import NotWhatWasPreviewed
from customers.imports.consents import ANSWERS
from customers.imports.former_number_sql import OF_SENDER
from customers.imports.staging import clear
from customers.models import Consent, Customer, ImportConsent
from customers.operations import archive_customers
from customers.table.consent_columns import COLUMNED
from locations.permissions import Right
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from tests.customers.consents import HEADINGS, JUNE, MAY, besides, edited, figures, known, recorded, said, shown
from tests.customers.people import bears
from tests.customers.transfer import applied, checked, events_of, reasons, table, take_in


@pytest.fixture
def anna(cast) -> Scope:
    return cast.scope("anna", "Zentrale")


def test_purposes_with_columns_are_the_same_everywhere():
    assert tuple(ANSWERS) == COLUMNED


# --- besides the rows -------------------------------------------------------------------------------------------


def test_statements_besides_the_rows_come_to_new_changed_and_unchanged_customers(anna):
    changed, unchanged = known(anna), known(anna)
    new = anna.location.first_number + 50
    content = table(["Kundennummer", "Name"], [changed.customer_number, "Neu"], [unchanged.customer_number, "Meier"],
                    [new, "Ganz neu"], [new + 1, ""])  # fmt: skip
    numbers = [changed.customer_number, unchanged.customer_number, new, new + 1, new + 2]
    upload = besides(anna, content, *[(number, TRANSFER, True, MAY, 30100) for number in numbers])
    counted = {"created": 1, "changed": 2, "unchanged": 0, "rejected": 1, "consents": 3}
    assert figures(upload) == counted
    applied(upload, anna)
    assert figures(upload) == counted
    assert recorded() == [(number, TRANSFER, True, 30100) for number in numbers[:3]]
    for one in Consent.objects.all():
        assert (one.at, one.source, one.wording_version, one.evidence) == (MAY, "till", "3", "Kasse 1")
        assert (one.recorded_by, one.upload, one.location) == ("Bodo", upload, anna.location)
        assert timezone.now() - one.recorded_at < timedelta(minutes=1)
    assert events_of(unchanged).count() == 1  # nothing was written into the customer himself


def test_same_file_again_gives_nothing_twice(anna):
    content = table(["Kundennummer", "Name"], [7, "Meier"])
    statements = [(7, TRANSFER, True, MAY, None), (7, TRANSFER, True, MAY, None), (7, "newsletter", False, MAY, None)]
    applied(besides(anna, content, *statements), anna)
    again = besides(anna, content, *statements)
    assert figures(again) == {"created": 0, "changed": 0, "unchanged": 1, "rejected": 0, "consents": 0}
    applied(again, anna)
    assert len(recorded()) == 2


def test_statements_find_their_customers_by_their_number_at_the_sender(anna):
    there = known(anna)
    bears(there, "7", source=FormerNumberSource.JOINING, origin="30100")
    content = table(["Kundennummer", "Name"], [7, "Meier"], [8, "Schulz"])
    statements = [(number, "newsletter", True, MAY, None) for number in (7, 8)]
    for expected in ((1, 1, 2), (0, 0, 0)):
        upload = besides(anna, content, *statements)
        upload.choices |= {OF_SENDER: True, "origin": {"account_number": 30100}}
        upload.save()
        lifecycle.check_upload(upload=upload, actor=anna)
        applied(upload, anna)
        result = upload.result or {}
        assert (result["created"], result["changed"], result["consents"]) == expected
    new = Customer.objects.get(former_number_rows__number="8")
    assert {number for number, *_rest in recorded()} == {there.customer_number, new.customer_number}


def test_known_customers_get_statements_only_as_their_choice_says(anna):
    silent, outspoken = known(anna), known(anna)
    said(outspoken, is_given=False)
    content = table(["Kundennummer", "Name"], *[[one.customer_number, "Meier"] for one in (silent, outspoken)])
    statements = [(one.customer_number, "newsletter", True, JUNE, None) for one in (silent, outspoken)]
    assert figures(besides(anna, content, *statements, known=OnKnown.SKIP))["consents"] == 0
    assert figures(besides(anna, content, *statements, known=OnKnown.FILL))["consents"] == 1
    assert figures(besides(anna, content, *statements))["consents"] == 2


def test_purpose_that_the_business_does_not_have_is_told_and_left_out(anna):
    upload = besides(anna, table(["Kundennummer", "Name"], [7, "Meier"]), (7, "lottery", True, MAY, None))
    assert (upload.preview or {})["unknown_purposes"] == ["lottery"]
    applied(upload, anna)
    assert recorded() == []


def test_preview_shows_each_statement_besides_the_rows(anna):
    customer = known(anna)
    content = table(["Kundennummer", "Name"], [customer.customer_number, "Meier"])
    number = customer.customer_number
    upload = besides(anna, content, (number, TRANSFER, True, MAY, 30100), (number, "newsletter", False, JUNE, None))
    assert shown(upload, anna) == [
        [
            ("Consent: Transfer to another business, 30100", "", "Yes (1 May 2024)"),
            ("Consent: Newsletter", "", "No (1 Jun 2024)"),
        ]
    ]


def test_statements_of_a_customer_who_was_changed_meanwhile_are_left_alone(anna):
    customer = known(anna)
    content = table(["Kundennummer", "Name"], [customer.customer_number, "Neu"])
    upload = besides(anna, content, (customer.customer_number, TRANSFER, True, MAY, None))
    edited(customer, anna)
    applied(upload, anna)
    assert figures(upload) == {"created": 0, "changed": 0, "unchanged": 0, "rejected": 1, "consents": 0}
    assert recorded() == []


def test_statements_of_known_customers_need_the_right_to_change_them(anna):
    customer = known(anna)
    less = Scope(user=anna.user, location=anna.location, rights=anna.rights - {Right.CHANGE_CUSTOMERS})
    content = table(["Kundennummer", "Name"], [customer.customer_number, "Meier"])
    upload = besides(less, content, (customer.customer_number, TRANSFER, True, MAY, None))
    assert figures(upload) == {"created": 0, "changed": 0, "unchanged": 0, "rejected": 1, "consents": 0}


def test_statements_that_were_staged_after_the_preview_are_not_imported(anna):
    upload = besides(anna, table(["Kundennummer", "Name"], [7, "Meier"]), (7, TRANSFER, True, MAY, None))
    ImportConsent.objects.filter(file=upload).delete()
    with pytest.raises(NotWhatWasPreviewed):
        applied(upload, anna)


def test_web_role_cannot_alter_a_staged_statement(anna):
    upload = besides(anna, table(["Kundennummer", "Name"], [7, "Meier"]), (7, TRANSFER, True, MAY, None))
    with row_scope.rows_of(anna), pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        ImportConsent.objects.filter(file=upload).update(is_given=False)


def test_checking_anew_keeps_staged_statements_and_the_end_deletes_them(anna):
    upload = besides(anna, table(["Kundennummer", "Name"], [7, "Meier"]), (7, TRANSFER, True, MAY, None))
    lifecycle.check_upload(upload=upload, actor=anna)
    assert figures(upload)["consents"] == 1
    applied(upload, anna)
    clear(upload, is_judged=False, is_over=True)
    assert not ImportConsent.objects.exists()


def test_expired_file_leaves_no_staged_statement(anna):
    upload = besides(anna, table(["Kundennummer", "Name"], [7, "Meier"]), (7, TRANSFER, True, MAY, None))
    with row_scope.rows_of(anna):
        lifecycle.delete_expired(upload=upload)
    assert not ImportConsent.objects.exists()


# --- columns ----------------------------------------------------------------------------------------------------


def test_answers_become_statements_where_something_else_holds(anna):
    silent, given, withdrawn = known(anna), known(anna), known(anna)
    said(given)
    said(withdrawn, is_given=False)
    rows = [[one.customer_number, "Meier", "ja"] for one in (silent, given, withdrawn)]
    upload = checked(anna, table(HEADINGS[:3], *rows, [7_000, "Neu", "nein"], [7_001, "Neu", ""]), name="gäste.csv")
    assert figures(upload) == {"created": 2, "changed": 2, "unchanged": 1, "rejected": 0, "consents": 3}
    assert shown(upload, anna) == [[("Newsletter", "", "Yes")], [("Newsletter", "No", "Yes")]]
    applied(upload, anna)
    assert recorded(upload=upload) == [
        (silent.customer_number, "newsletter", True, None),
        (withdrawn.customer_number, "newsletter", True, None),
        (7_000, "newsletter", False, None),
    ]
    one = Consent.objects.get(upload=upload, customer=silent)
    assert (one.source, one.recorded_by) == (ConsentSource.IMPORT, anna.actor_name)
    assert one.evidence == f"gäste.csv (SHA-256 {upload.sha256[:12]}…)"
    assert timezone.now() - one.at < timedelta(minutes=1)
    again = checked(anna, table(HEADINGS[:3], *rows))
    assert figures(again) == {"created": 0, "changed": 0, "unchanged": 3, "rejected": 0, "consents": 0}


def test_rows_without_a_number_get_what_they_say(anna):
    content = table(HEADINGS[:3], ["", "A", "ja"], [anna.location.first_number, "B", ""], ["", "C", "nein"])
    take_in(anna, content)
    found = Consent.objects.values_list("customer__last_name", "is_given")
    assert set(found) == {("A", True), ("C", False)}


def test_day_in_the_column_beside_is_when_it_was_said(anna):
    take_in(anna, table(HEADINGS, [7, "Meier", "ja", "01.05.2024", "nein", "2024-06-01"]))
    found = {one.purpose: timezone.localtime(one.at).isoformat() for one in Consent.objects.all()}
    assert found == {"newsletter": "2024-05-01T00:00:00+02:00", TRANSFER: "2024-06-01T00:00:00+02:00"}


def test_day_before_what_was_said_since_changes_nothing_and_is_told(anna):
    customer = known(anna)
    said(customer, is_given=False, at=JUNE)
    content = table(HEADINGS[:4], [customer.customer_number, "Meier", "ja", "01.05.2024"], [7, "Neu", "", "01.05.2024"])
    upload = checked(anna, content)
    assert figures(upload) == {"created": 1, "changed": 0, "unchanged": 1, "rejected": 0, "consents": 0}
    assert (upload.preview or {})["unsaid"] == 2
    with row_scope.rows_of(anna):
        told = [(one.row_number, *map(str, one.problems[0].values())) for one in preview.unsaid(upload, anna)]
    assert {row[0]: {*row} & {"said_since", "day_alone", "Newsletter am"} for row in told} == {
        2: {"said_since", "Newsletter am"}, 3: {"day_alone", "Newsletter am"},
    }  # fmt: skip
    less = Scope(user=anna.user, location=anna.location, rights=anna.rights - {Right.VIEW_CUSTOMERS})
    assert preview.unsaid(upload, less) == []
    applied(upload, anna)
    assert recorded(upload=upload) == []


@pytest.mark.parametrize("how", [OnKnown.OVERWRITE, OnKnown.FILL])
def test_whoever_is_archived_can_only_withdraw(anna, how):
    """By columns, and besides the rows where it was said after that; what was said before is history and is kept."""
    asked, withdrawing, history = known(anna), known(anna), known(anna)
    if how == OnKnown.OVERWRITE:
        said(withdrawing)
    archive_customers(customers=[one.pk for one in (asked, withdrawing, history)], reason="moved away", actor=anna)
    later = timezone.now() + timedelta(hours=1)
    content = table(["Kundennummer", "Newsletter"], *[[one.customer_number, word] for one, word in
                    ((asked, "ja"), (withdrawing, "nein"), (history, ""))])  # fmt: skip
    upload = besides(
        anna, content, (history.customer_number, TRANSFER, True, MAY, None),
        (history.customer_number, TRANSFER, True, later, None), known=how,
    )  # fmt: skip
    assert (figures(upload)["consents"], (upload.preview or {})["unsaid"]) == (2, 1)
    with row_scope.rows_of(anna):
        [told] = preview.unsaid(upload, anna)
    assert (told.row_number, {name: str(value) for name, value in told.problems[0].items()}) == (2, {
        "column": "Newsletter", "value": "Yes", "code": "customer_archived",
        "reason": "The customer is archived and can only withdraw.",
    })  # fmt: skip
    applied(upload, anna)
    assert recorded(upload=upload) == [
        (withdrawing.customer_number, "newsletter", False, None), (history.customer_number, TRANSFER, True, None),
    ]  # fmt: skip


def test_whoever_is_archived_gives_no_consent_by_a_decision_either(anna):
    customer = known(anna, email="meier@example.com")
    archive_customers(customers=[customer.pk], reason="moved away", actor=anna)
    upload = checked(anna, table(["Name", "E-Mail", "Newsletter"], ["Meier", "meier@example.com", "ja"]))
    decisions.decide_all(upload=upload, decision=Decision.SAME, actor=anna)
    lifecycle.check_upload(upload=upload, actor=anna)
    assert (figures(upload)["consents"], (upload.preview or {})["unsaid"]) == (0, 1)
    applied(upload, anna)
    assert recorded() == []


def test_day_of_tomorrow_is_refused(anna):
    today, tomorrow = timezone.localdate(), timezone.localdate() + timedelta(days=1)
    outcome = take_in(
        anna, table(HEADINGS[:4], [7, "A", "ja", today.isoformat()], [8, "B", "ja", tomorrow.isoformat()])
    )
    assert reasons(outcome) == [(3, "Newsletter am", tomorrow.isoformat(), "consent_not_ahead_of_time")]
    assert recorded() == [(7, "newsletter", True, None)]


def test_word_that_is_neither_yes_nor_no_is_refused(anna):
    outcome = take_in(anna, table(HEADINGS[:3], [7, "Meier", "vielleicht"]))
    assert [(one.row, one.column, one.value) for one in outcome.rejections] == [(2, "Newsletter", "vielleicht")]
    assert recorded() == []


def test_only_what_nobody_ever_said_is_filled(anna):
    silent, outspoken, other = known(anna), known(anna), known(anna)
    said(outspoken, TRANSFER, is_given=False)
    said(other, TRANSFER, receiver=30100)
    rows = [[one.customer_number, "ja"] for one in (silent, outspoken, other)]
    take_in(anna, table(["Kundennummer", "Weitergabe erlaubt"], *rows), known=OnKnown.FILL)
    assert recorded(source=ConsentSource.IMPORT) == [(silent.customer_number, TRANSFER, True, None)]


def test_known_customers_are_left_as_they_are_where_that_is_chosen(anna):
    customer = known(anna)
    content = table(HEADINGS[:3], [customer.customer_number, "Meier", "ja"], [7, "Neu", "ja"])
    outcome = take_in(anna, content, known=OnKnown.SKIP)
    assert (outcome.created, outcome.changed, outcome.unchanged, outcome.consents) == (1, 0, 1, 1)
    assert recorded() == [(7, "newsletter", True, None)]


def test_what_was_said_since_the_preview_is_not_overruled(anna):
    customer, other = known(anna), known(anna)
    upload = checked(anna, table(HEADINGS[:3], *[[one.customer_number, "Meier", "ja"] for one in (customer, other)]))
    said(customer, is_given=False, at=MAY)  # on paper, and recorded just now
    applied(upload, anna)
    assert figures(upload) == {"created": 0, "changed": 1, "unchanged": 0, "rejected": 1, "consents": 1}
    assert recorded() == [
        (customer.customer_number, "newsletter", False, None),
        (other.customer_number, "newsletter", True, None),
    ]


def test_consent_for_one_receiver_is_none_for_whoever_it_may_be(anna):
    customer = known(anna)
    said(customer, TRANSFER, receiver=30100)
    content = table(["Kundennummer", "Weitergabe erlaubt"], [customer.customer_number, "nein"])
    assert take_in(anna, content).consents == 1
    assert recorded() == [
        (customer.customer_number, TRANSFER, True, 30100),
        (customer.customer_number, TRANSFER, False, None),
    ]


def test_columns_say_nothing_that_stands_besides_the_rows_already(anna):
    content = table(HEADINGS[:4], [7, "Meier", "ja", "01.05.2024"], [8, "Schulz", "nein", "01.05.2024"])
    upload = besides(anna, content, (7, "newsletter", True, MAY, None), (8, "newsletter", True, JUNE, None))
    assert figures(upload)["consents"] == 2
    applied(upload, anna)
    assert recorded() == [(7, "newsletter", True, None), (8, "newsletter", True, None)]


def test_customers_found_by_e_mail_get_what_their_rows_say(anna):
    customer = known(anna, email="a@example.com")
    content = table(["Name", "E-Mail", "Newsletter"], ["Meier", "A@example.com", "ja"], ["Neu", "b@example.com", "ja"])
    take_in(anna, content, match=MatchBy.EMAIL)
    assert {number for number, *_rest in recorded()} == {
        customer.customer_number, Customer.objects.get(last_name="Neu").customer_number,
    }  # fmt: skip


def test_rejected_row_with_answers_is_corrected_and_imported_again(anna):
    content = table([*HEADINGS[:3], "Geburtsdatum"], [7, "Meier", "ja", "31.02.1990"])
    upload = checked(anna, content)
    assert figures(upload)["consents"] == 0
    applied(upload, anna)
    assert recorded() == []
    file = io.BytesIO()
    with row_scope.rows_of(anna):
        preview.write_rejected(upload, file)
    take_in(anna, file.getvalue().replace(b"31.02.1990", b"28.02.1990"))
    assert recorded() == [(7, "newsletter", True, None)]
