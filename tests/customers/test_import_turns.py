"""Two at the same moment: imports of one base take turns, and registrations wait for none of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pghistory
import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from customers.choices import UploadState
from customers.imports import lifecycle, reserved_numbers
from customers.models import Customer, ImportProgress, ImportUpload, NumberCounter
from customers.operations import register_customer
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.stored_sentences import Sentences
from mcp.worker.progress import Patient, Progress
from tests.customers.people import HAMBURG, LIST, form_data
from tests.customers.transfer import checked, table

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = table(["Name", "Vorname", "E-Mail"], *[[f"Muster{n}", "Ute", f"ute{n}@example.com"] for n in range(20)])
ONLY_NAMES = table(["Name", "Vorname"], *[[f"Muster{n}", "Ute"] for n in range(20)])
SOON = 4
"""Seconds: sooner than somebody who waits for a lock would be told that it takes too long."""


class Paused(Patient):
    """Stops in the middle of an import until it may go on."""

    def __init__(self) -> None:
        self.is_there, self.may_end = threading.Event(), threading.Event()

    def tell(self, done: int, total: int) -> None:
        if total and not self.is_there.is_set():
            self.is_there.set()
            assert self.may_end.wait(30)


def a_preview(scope: Scope, content: bytes, **choices: Any) -> ImportUpload:
    with row_scope.rows_of(scope):
        return checked(scope, content, **choices)


def apply_as_the_worker_does(upload: ImportUpload, scope: Scope, progress: Progress) -> None:
    with row_scope.rows_of(scope):
        lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=scope)
    reserved_numbers.reserve(upload=upload, scope=scope)
    with row_scope.rows_of(scope), pghistory.context(**scope.history()) as context:
        lifecycle.apply_upload(upload=upload, actor=scope, progress=progress, context=context.id)


class Thread(threading.Thread):
    """Whose failure is that of the test."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__()
        self._call = call
        self.failure: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self._call()
        except BaseException as failure:
            self.failure = failure
        finally:
            connection.close()

    def ended(self) -> None:
        self.join(60)
        assert not self.is_alive()
        if self.failure:
            raise self.failure


@contextmanager
def being_applied(upload: ImportUpload, scope: Scope) -> Iterator[None]:
    """While the block runs, the import has begun to write and is not done."""
    paused = Paused()
    thread = Thread(lambda: apply_as_the_worker_does(upload, scope, paused))
    try:
        if not paused.is_there.wait(30):
            thread.ended()
        yield
    finally:
        paused.may_end.set()
        thread.ended()


def registered(scope: Scope, number: int | None = None) -> int:
    started = time.monotonic()
    row = Customer(last_name="Eilig", **({} if number is None else {"customer_number": number}))
    with row_scope.rows_of(scope):
        register_customer(customer=row, actor=scope)
    assert time.monotonic() - started < SOON
    assert row.customer_number is not None
    return row.customer_number


def numbers(scope: Scope) -> list[int]:
    with row_scope.rows_of(scope):
        return sorted(Customer.objects.in_base(scope.base).values_list("customer_number", flat=True))


@pytest.mark.parametrize(
    ("content", "choices", "again"),
    [
        (NAMES, {"match": "email"}, {"created": 0, "unchanged": 20}),
        (NAMES, {"match": "nothing"}, {"created": 20, "similar": 20}),
        (ONLY_NAMES, {}, {"created": 20, "similar": 20}),
    ],
)
def test_same_file_applied_at_the_same_moment_at_two_locations_is_there_once(cast, content, choices, again):
    """The second finds out, once it is its turn, that its preview is not true any more."""
    hamburg, bremen = cast.scope("anna", "Hamburg"), cast.scope("anna", "Bremen")
    first, second = a_preview(hamburg, content, **choices), a_preview(bremen, content, **choices)
    with being_applied(first, hamburg):
        other = Thread(lambda: apply_as_the_worker_does(second, bremen, Patient()))
        other.join(1)
        assert other.is_alive(), "it did not wait for its turn"
    other.ended()
    assert (first.state, second.state) == (UploadState.APPLIED, UploadState.CHECKED)
    assert len(numbers(hamburg)) == 20
    told: Any = ImportUpload.objects.get(pk=second.pk).preview
    assert told == {**told, **again, "is_renewed": True}


def test_who_is_asked_by_a_browser_waits_for_another_import_so_long_and_is_told(cast):
    hamburg, bremen = cast.scope("anna", "Hamburg"), cast.scope("anna", "Bremen")
    first, second = a_preview(hamburg, NAMES), a_preview(bremen, NAMES)
    impatient = Progress()
    impatient.patience = 0.1
    with (
        being_applied(first, hamburg),
        pytest.raises(ValidationError, match="Another import or bulk change of this customer base"),
    ):
        apply_as_the_worker_does(second, bremen, impatient)


def test_undoing_takes_a_turn_as_well(cast):
    hamburg, bremen = cast.scope("anna", "Hamburg"), cast.scope("anna", "Bremen")
    first, second = a_preview(hamburg, NAMES), a_preview(bremen, ONLY_NAMES)
    apply_as_the_worker_does(first, hamburg, Patient())
    impatient = Progress()
    impatient.patience = 0.1
    with row_scope.rows_of(hamburg):
        lifecycle.start_undo(upload=first, actor=hamburg)
    with (
        being_applied(a_preview(bremen, ONLY_NAMES), bremen),
        row_scope.rows_of(hamburg),
        pytest.raises(ValidationError, match="Another import or bulk change of this customer base"),
    ):
        lifecycle.undo_upload(upload=first, actor=hamburg, progress=impatient)
    assert second.state == UploadState.CHECKED


def test_imports_of_different_bases_do_not_wait(cast):
    hamburg, munich = cast.scope("anna", "Hamburg"), cast.scope("sven", "München", 20800)
    first, second = a_preview(hamburg, NAMES), a_preview(munich, NAMES)
    with being_applied(first, hamburg):
        apply_as_the_worker_does(second, munich, Progress())
    assert len(numbers(munich)) == 20


def test_while_an_import_gives_numbers_others_are_registered_and_no_number_is_given_twice(cast):
    hamburg = cast.scope("anna", "Hamburg")
    with being_applied(a_preview(hamburg, NAMES), hamburg):
        given = [registered(hamburg), registered(hamburg), registered(hamburg, 5_000_050)]
        with pytest.raises(ValidationError, match="Customer number 5000007 belongs to an import"):
            registered(hamburg, 5_000_007)
    assert given == [5_000_020, 5_000_021, 5_000_050]
    assert numbers(hamburg) == [*range(5_000_000, 5_000_022), 5_000_050]
    with row_scope.rows_of(hamburg):
        assert not ImportProgress.objects.filter(reserved__isnull=False).exists()


def test_while_an_import_brings_numbers_others_step_over_them(cast):
    hamburg = cast.scope("anna", "Hamburg")
    brought = [5_000_000, 5_000_001, 5_000_003, 5_009_999]
    content = table(["Kundennummer", "Name"], *[[number, "Neu"] for number in brought])
    with being_applied(a_preview(hamburg, content), hamburg):
        given = [registered(hamburg), registered(hamburg)]
        NumberCounter.objects.filter(location=hamburg.location.pk).update(next_number=5_009_999)
        given.append(registered(hamburg))  # around the end of the range
    assert given == [5_000_002, 5_000_004, 5_000_005]
    assert numbers(hamburg) == sorted(brought + given)


def test_numbers_of_an_import_that_failed_are_given_again(cast):
    hamburg = cast.scope("anna", "Hamburg")
    upload = a_preview(hamburg, NAMES)
    with row_scope.rows_of(hamburg):
        lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=hamburg)
    reserved_numbers.reserve(upload=upload, scope=hamburg)
    with row_scope.rows_of(hamburg):
        lifecycle.stop_upload(upload=ImportUpload.objects.get(pk=upload.pk), reason=Sentences())
        NumberCounter.objects.filter(location=hamburg.location.pk).update(next_number=5_000_000)
    assert registered(hamburg) == 5_000_000


def test_small_import_lets_nobody_take_a_number_that_it_brings(cast):
    """Nothing was reserved for it: others wait for the moment that it takes."""
    hamburg = cast.scope("anna", "Hamburg")
    upload = a_preview(hamburg, table(["Kundennummer", "Name"], [5_000_000, "Neu"]))
    paused = Paused()

    def at_once() -> None:
        with row_scope.rows_of(hamburg), pghistory.context(**hamburg.history()) as context:
            lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=hamburg)
            lifecycle.apply_upload(upload=upload, actor=hamburg, progress=paused, context=context.id)

    thread = Thread(at_once)
    given: list[int] = []
    assert paused.is_there.wait(30)
    other = Thread(lambda: given.append(registered(hamburg)))
    other.join(0.5)
    paused.may_end.set()
    thread.ended()
    other.ended()
    assert (given, numbers(hamburg)) == ([5_000_001], [5_000_000, 5_000_001])


def test_number_that_somebody_has_all_the_same_does_not_break_the_import(cast):
    """Between the reservation and the import a direct import has brought one of its numbers."""
    hamburg = cast.scope("anna", "Hamburg")
    upload = a_preview(hamburg, NAMES)
    with row_scope.rows_of(hamburg):
        lifecycle.confirm_upload(upload=upload, confirmed=lifecycle.fingerprint(upload), actor=hamburg)
    reserved_numbers.reserve(upload=upload, scope=hamburg)
    with row_scope.rows_of(hamburg):
        Customer.objects.create(
            organization=hamburg.organization, base=hamburg.base, customer_number=5_000_003, last_name="Da"
        )
    with row_scope.rows_of(hamburg), pghistory.context(**hamburg.history()) as context:
        assert lifecycle.apply_upload(upload=upload, actor=hamburg, context=context.id)
    assert numbers(hamburg) == list(range(5_000_000, 5_000_021))


@pytest.mark.parametrize("is_new", [True, False])
def test_who_waits_too_long_keeps_what_was_typed_and_is_told_why(cast, log_in, settings, is_new):
    hamburg, bodo = cast.scope("anna", "Hamburg"), log_in("bodo")
    registered(hamburg)
    settings.REQUEST_LIMITS = {"statement": 30, "lock": 1}
    held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with row_scope.rows_of(hamburg):
            rows = NumberCounter.objects if is_new else Customer.objects
            assert list(rows.select_for_update())
            held.set()
            may_end.wait(30)

    with row_scope.rows_of(hamburg):
        page = f"{HAMBURG}{LIST}add/" if is_new else f"{HAMBURG}{LIST}{Customer.objects.get().pk}/change/"
    data = form_data(bodo.get(page), last_name="Getippt")
    thread = Thread(hold)
    assert held.wait(30)
    try:
        response = bodo.post(page, data, headers={"accept-language": "en"})
    finally:
        may_end.set()
        thread.ended()
    text = response.content.decode()
    assert (response.status_code, 'value="Getippt"' in text) == (200, True)
    assert "Somebody else is writing the same at this moment" in text
    bodo.post(page, data)
    with row_scope.rows_of(hamburg):
        assert Customer.objects.filter(last_name="Getippt").count() == 1
