"""Consents on the form, on their page, in the list and in the history of a customer."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from customers.choices import TRANSFER, ConsentSource, ConsentState, UploadState
from customers.history.changes import EVENTS_PER_PAGE, history_of
from customers.models import Consent, ConsentPurpose, Customer, ImportUpload
from customers.operations import archive_customers
from locations.permissions import Right
from mcp.isolation import grants
from tests.customers.people import BREMEN, HAMBURG, LIST, customer, customers, page_of, purpose, says
from tests.states import in_state

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 1, 12, tzinfo=BERLIN)
DAY = timedelta(days=1)
QUERIES = 17


@pytest.fixture
def scope(cast):
    return cast.scope("anna", "Hamburg")


@pytest.fixture
def anna(log_in):
    return log_in("anna")


def consents_page(row, place=HAMBURG):
    return f"{place}{LIST}{row.pk}/consents/"


def typed(**changes):
    values = {"purpose": "newsletter", "is_given": "yes", "at": "2026-03-01T12:00", "shown_at": "", "source": "form"}
    return {**values, **changes}


def shown(client, address):
    answer = client.get(address, headers={"accept-language": "en"})
    assert answer.status_code == 200
    return answer.content.decode()


# --- the form of a customer ---------------------------------------------------------------------------------------


def test_form_shows_where_the_customer_stands_and_one_click_changes_it(scope, anna):
    row = customer(scope)
    newsletter = ConsentPurpose.objects.of_organization(scope.organization).get(code="newsletter")
    ConsentPurpose.objects.filter(pk=newsletter.pk).update(wording="Ja.", wording_version="7")
    for click, said in (("give", ConsentState.GIVEN), ("withdraw", ConsentState.WITHDRAWN)):
        answer = anna.post(consents_page(row), {click: "newsletter:counter", "back": "form"})
        assert answer["Location"] == f"{page_of(row)}#consents"
        states = {state.purpose.code: state for state in anna.get(page_of(row)).context["consents"]}
        assert states["newsletter"].said == said
    given, withdrawn = Consent.objects.order_by("at")
    assert (given.source, given.wording_version, given.recorded_by) == (ConsentSource.COUNTER, "7", "Anna Andresen")
    assert (withdrawn.is_given, withdrawn.wording_version) == (False, "")


def test_who_may_not_change_sees_the_state_and_no_button(scope, log_in):
    row = customer(scope)
    says(scope, row, "newsletter", True, NOON)
    carla = log_in("carla")
    for address in (page_of(row, BREMEN), consents_page(row, BREMEN)):
        page = shown(carla, address)
        assert "since 1 Mar 2026" in page
        assert 'name="give"' not in page
        assert 'name="withdraw"' not in page
    assert carla.post(consents_page(row, BREMEN), {"withdraw": "newsletter:phone"}).status_code == 403
    assert Consent.objects.count() == 1


def test_click_that_is_refused_says_why(scope, anna):
    row = customer(scope)
    archive_customers(customers=[row.pk], reason="Verzogen", actor=scope)
    answer = anna.post(
        consents_page(row), {"give": "newsletter:counter"}, follow=True, headers={"accept-language": "en"}
    )
    assert "is archived and can only withdraw" in answer.content.decode()
    assert anna.post(consents_page(row), {"withdraw": "newsletter:phone"}, follow=True).status_code == 200
    assert Consent.objects.get().is_given is False


# --- the page of his consents -------------------------------------------------------------------------------------


def test_page_shows_every_statement_with_all_that_is_known(scope, anna):
    row = customer(scope)
    place = {"organization": scope.organization, "base": scope.base, "location": scope.location}
    file = in_state(ImportUpload, **place, user=scope.user, name="alt.csv", state=UploadState.APPLIED)
    common = {**place, "customer": row, "purpose": "birthday", "recorded_by": "Anna"}
    Consent.objects.create(**common, is_given=True, at=NOON, source=ConsentSource.IMPORT, upload=file)
    says(scope, row, TRANSFER, True, NOON + DAY, receiver=40200, wording_version="2026-1", evidence="Ordner 12")
    page = shown(anna, consents_page(row))
    order = ["2 Mar 2026 12:00", "only to 40200", "2026-1", "Ordner 12", "1 Mar 2026 12:00", "import of alt.csv"]
    assert [words for words in order if words not in page] == []
    table = page.partition("<tbody>")[2]
    assert sorted(order, key=table.index) == order


def test_page_tells_what_held_on_a_day(scope, anna):
    row = customer(scope)
    says(scope, row, "newsletter", True, NOON)
    says(scope, row, "newsletter", False, NOON + DAY + timedelta(hours=11, minutes=59))
    told = {}
    for day in ("2026-02-28", "2026-03-01", "2026-03-02", "", "2026-13-01", "x", "9999-12-31"):
        answer = anna.get(f"{consents_page(row)}?on={day}")
        [state] = [one for one in answer.context["states"] if one.purpose.code == "newsletter"]
        told[day] = (state.said, bool(answer.context["day"]))
    now = (ConsentState.WITHDRAWN, False)
    assert told == {
        "2026-02-28": (ConsentState.NEVER, True), "2026-03-01": (ConsentState.GIVEN, True),
        "2026-03-02": (ConsentState.WITHDRAWN, True),
        "": now, "2026-13-01": now, "x": now, "9999-12-31": now,
    }  # fmt: skip


def test_typed_statement_is_recorded_with_its_moment_in_the_time_of_the_business(scope, anna):
    row = customer(scope)
    sent = typed(purpose=TRANSFER, is_given="no", receiver="40200", wording_version="3", evidence="Brief")
    assert anna.post(consents_page(row), sent)["Location"] == consents_page(row)
    stored = Consent.objects.get()
    assert (stored.purpose, stored.is_given, stored.at, stored.receiver) == (TRANSFER, False, NOON, 40200)
    assert (stored.wording_version, stored.evidence) == ("3", "Brief")


def test_moment_that_was_left_as_shown_is_now(scope, anna):
    """Else a withdrawal typed in the minute of a click would lie before it, and not hold."""
    row = customer(scope)
    anna.post(consents_page(row), {"give": "newsletter:counter"})
    minute = timezone.localtime().strftime("%Y-%m-%dT%H:%M")
    anna.post(consents_page(row), typed(is_given="no", at=minute, shown_at=minute))
    states = {state.purpose.code: state.said for state in anna.get(page_of(row)).context["consents"]}
    assert states["newsletter"] == ConsentState.WITHDRAWN


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"at": "2099-01-01T10:00"}, "at", "consent_not_ahead_of_time"),
        ({"at": "gestern"}, "at", "invalid"),
        ({"at": "0024-01-01T10:00"}, "at", "at_too_early"),
        ({"receiver": "40200"}, "receiver", "consent_receiver_of_transfer"),
        ({"receiver": "x", "purpose": TRANSFER}, "receiver", "invalid"),
        ({"source": "import"}, "source", "invalid_choice"),
        ({"source": "spoken"}, "source", "invalid_choice"),
        ({"source": ""}, "source", "required"),
        ({"purpose": "nirgends"}, "purpose", "invalid_choice"),
        ({"is_given": ""}, "is_given", "required"),
        ({"evidence": "x" * 256}, "evidence", "max_length"),
    ],
)
def test_wrong_statement_is_refused_at_its_field(scope, anna, wrong, field, code):
    answer = anna.post(consents_page(customer(scope)), typed(**wrong))
    errors = answer.context["form"].errors.as_data()
    assert {name: [error.code for error in found] for name, found in errors.items()} == {field: [code]}
    assert not Consent.objects.exists()


@pytest.mark.parametrize("count", [1, 3])
def test_page_asks_the_same_queries_for_one_statement_and_for_three(scope, anna, count, django_assert_num_queries):
    row = customer(scope)
    for number in range(count):
        says(scope, row, "newsletter", True, NOON + number * DAY)
    with django_assert_num_queries(QUERIES):
        assert len(anna.get(consents_page(row)).context["said"]) == count


def test_form_proposes_the_wording_of_the_purpose(scope, anna):
    purpose(scope, "post", wording="Ja.", wording_version="2026-7")
    assert 'value="post" data-version="2026-7"' in shown(anna, consents_page(customer(scope)))


# --- several at once ----------------------------------------------------------------------------------------------


def test_ticked_customers_say_the_same(scope, anna):
    rows = customers(scope, 3)
    ticked = {"action": "record_consent", "index": "0", "_selected_action": [row.pk for row in rows[:2]]}
    asked = anna.post(f"{HAMBURG}{LIST}", ticked)["Location"]
    assert asked == f"{HAMBURG}{LIST}consent/?id={rows[0].pk}&id={rows[1].pk}"
    assert "These 2 customers have said the same:" in shown(anna, asked)
    says(scope, rows[0], "newsletter", True, NOON)
    answer = anna.post(asked, typed(), follow=True, headers={"accept-language": "en"})
    assert "1 statement is recorded." in answer.content.decode()
    assert "1 statement was recorded before." in answer.content.decode()
    assert set(Consent.objects.values_list("customer", flat=True)) == {row.pk for row in rows[:2]}


def test_archived_customer_among_several_is_named(scope, anna):
    rows = customers(scope, 2)
    archive_customers(customers=[rows[0].pk], reason="Verzogen", actor=scope)
    asked = f"{HAMBURG}{LIST}consent/?id={rows[0].pk}&id={rows[1].pk}"
    answer = anna.post(asked, typed())
    assert str(rows[0]) in " ".join(answer.context["form"].non_field_errors())
    assert anna.post(asked, typed(is_given="no"))["Location"] == f"{HAMBURG}{LIST}"
    assert Consent.objects.count() == 2


# --- the list -----------------------------------------------------------------------------------------------------


def names(client, query):
    return {row.last_name for row in client.get(f"{HAMBURG}{LIST}?{query}").context["cl"].result_list}


def test_list_is_filtered_by_purpose_and_state(scope, anna):
    yes, no, again, certain, _never = (
        customer(scope, last_name=name) for name in ("Ja", "Nein", "Wieder", "Nur", "Nie")
    )
    for row, said in ((yes, [True]), (no, [True, False]), (again, [True, False, True])):
        for number, is_given in enumerate(said):
            says(scope, row, TRANSFER, is_given, NOON + number * DAY)
    says(scope, certain, TRANSFER, True, NOON, receiver=40200)
    assert names(anna, "consent=transfer.given") == {"Ja", "Wieder"}
    assert names(anna, "consent=transfer.withdrawn") == {"Nein"}
    assert names(anna, "consent=transfer.certain") == {"Nur"}
    assert names(anna, "consent=transfer.never") == {"Nie"}
    assert names(anna, "consent=transfer.given&q=wied") == {"Wieder"}
    assert names(anna, "consent=newsletter.never") == {"Ja", "Nein", "Wieder", "Nur", "Nie"}


def test_export_of_a_filtered_list_holds_the_same_customers(scope, anna):
    rows = customers(scope, 3)
    says(scope, rows[1], "newsletter", True, NOON)
    query = "consent=newsletter.given"
    page = anna.get(f"{HAMBURG}{LIST}export/?{query}", headers={"accept-language": "en"})
    assert (page.context["count"], str(page.context["filter_words"])) == (1, "Consent: Newsletter: given")
    answer = anna.post(f"{HAMBURG}{LIST}export/?{query}", {"format": "plain", "column": "last_name"})
    assert answer.getvalue().decode().splitlines()[1:] == [f'"{rows[1].last_name}"']


# --- history ------------------------------------------------------------------------------------------------------


def test_history_tells_consents_among_the_changes(scope):
    row = customer(scope)
    says(scope, row, TRANSFER, True, NOON, receiver=40200, wording_version="2026-1", evidence="Ordner 12")
    Customer.objects.filter(pk=row.pk).update(city="Kiel")
    place = {"organization": scope.organization, "base": scope.base, "location": scope.location}
    file = in_state(ImportUpload, **place, user=scope.user, name="alt.csv", state=UploadState.APPLIED)
    common = {**place, "customer": row, "purpose": "birthday", "recorded_by": "Anna"}
    Consent.objects.create(**common, is_given=False, at=NOON, source=ConsentSource.IMPORT, upload=file)
    with translation.override("en"):
        entries, has_more = history_of(row, page=1, scope=scope)
        told = {str(entry.title): entry for entry in entries}
        given = [(change.label, change.new) for change in told["Consent given"].changes]
    assert (len(entries), has_more) == (4, False)
    assert (told["Consent given"].user, told["Consent given"].location) == ("Anna Andresen", "Hamburg")
    assert given == [
        ("Purpose", "Transfer to another business"), ("When", "1 Mar 2026 12:00"), ("How", "On paper"),
        ("Version of the wording", "2026-1"), ("Receiver", "40200"), ("Evidence", "Ordner 12"),
    ]  # fmt: skip
    assert told["Consent withdrawn"].reason == "Import of alt.csv"


def test_history_with_consents_has_pages_that_join_without_a_gap(scope):
    row = customer(scope)
    for number in range(EVENTS_PER_PAGE):
        says(scope, row, "newsletter", number % 2 == 0, NOON + number * DAY)
        Customer.objects.filter(pk=row.pk).update(city=str(number))
    pages = [history_of(row, page=number, scope=scope) for number in (1, 2, 3, 4)]
    assert [(len(entries), more) for entries, more in pages] == [(25, True), (25, True), (1, False), (0, False)]
    told = [entry for entries, _more in pages for entry in entries]
    assert told == sorted(told, key=lambda entry: entry.happened_at, reverse=True)
    assert len({(entry.happened_at, entry.changes) for entry in told}) == 2 * EVENTS_PER_PAGE + 1


# --- purposes -----------------------------------------------------------------------------------------------------


def test_purposes_are_listed_added_and_changed_but_not_deleted(scope, anna):
    pages = f"{HAMBURG}/customers/consentpurpose/"
    assert "Evaluation of purchases" in shown(anna, pages)
    new = {"code": "post", "name": "Brief", "wording": "Ja.", "wording_version": "1", "is_active": "on"}
    assert anna.post(f"{pages}add/", new)["Location"] == pages
    made = ConsentPurpose.objects.get(code="post")
    changed = {"name": "Post", "wording": "Ja, gern.", "wording_version": "1", "is_active": "on"}
    refused = anna.post(f"{pages}{made.pk}/change/", changed)
    assert list(refused.context["adminform"].form.errors) == ["wording_version"]
    assert anna.post(f"{pages}{made.pk}/change/", {**changed, "wording_version": "2"})["Location"] == pages
    assert anna.post(f"{pages}{made.pk}/delete/", {"post": "yes"}).status_code == 404
    assert ConsentPurpose.objects.get(code="post").name == "Post"


def test_purposes_are_looked_at_and_not_changed_by_whoever_has_the_right_at_one_location(cast, scope, log_in):
    """Their wording holds for all locations, and at each of them for what its customers have agreed to."""
    theke, hamburg = cast.group("Theke Hamburg und Bremen"), cast.location("Hamburg")
    grants.add_grants(theke, [(Right.MANAGE_CUSTOMER_GROUPS, hamburg.pk)])
    made, bodo = purpose(scope, "post", name="Brief"), log_in("bodo")
    pages = f"{HAMBURG}/customers/consentpurpose/"
    assert "Brief" in shown(bodo, pages)
    assert f"{pages}add/" not in shown(bodo, pages)
    assert 'name="wording"' not in shown(bodo, f"{pages}{made.pk}/change/")
    refused = bodo.post(f"{pages}{made.pk}/change/", {"name": "Anders", "is_active": "on"})
    assert refused.status_code == 403
    assert "held at all locations" in refused.content.decode()
    assert bodo.post(f"{HAMBURG}/customers/tag/add/", {"name": "Neu"}).status_code == 302
    grants.add_grants(theke, [(Right.MANAGE_CUSTOMER_GROUPS, None)])
    assert bodo.post(f"{pages}{made.pk}/change/", {"name": "Anders", "is_active": "on"}).status_code == 302


def test_code_that_is_there_already_is_refused_at_its_field(anna):
    answer = anna.post(f"{HAMBURG}/customers/consentpurpose/add/", {"code": "newsletter", "name": "Neu"})
    assert list(answer.context["adminform"].form.errors) == ["code"]


@pytest.mark.parametrize(
    ("clicked", "expected"),
    [
        ({"give": "a\0"}, []),
        ({"give": "nirgends"}, []),
        ({"give": "", "withdraw": "newsletter:mail"}, [False]),
        ({"give": "newsletter:counter"}, [True]),
    ],
)
def test_click_says_what_its_button_says_and_nothing_else(scope, anna, clicked, expected):
    row = customer(scope)
    answer = anna.post(f"{HAMBURG}{LIST}{row.pk}/consents/", clicked, follow=True)
    assert answer.status_code == 200
    assert list(Consent.objects.filter(customer=row).values_list("is_given", flat=True)) == expected
    assert ("There is no such purpose" in answer.content.decode()) is (expected == [])


@pytest.mark.parametrize("how", ["", ":", ":import", ":spoken", ":pigeon"])
@pytest.mark.parametrize("click", ["give", "withdraw"])
def test_click_that_does_not_say_how_records_nothing(scope, anna, click, how):
    row = customer(scope)
    sent = {click: f"newsletter{how}"}
    answer = anna.post(consents_page(row), sent, follow=True, headers={"accept-language": "en"})
    assert "Choose how the customer said so." in answer.content.decode()
    assert not Consent.objects.exists()


# --- slips --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("back", ["form", ""])
def test_own_slip_is_struck_out_from_where_it_was_made(scope, anna, back):
    row = customer(scope)
    says(scope, row, "newsletter", False, NOON)
    anna.post(consents_page(row), {"give": "newsletter:counter"})
    slip = Consent.objects.latest("recorded_at")
    for address in (page_of(row), consents_page(row)):
        assert f'name="strike" value="{slip.pk}"' in shown(anna, address)
    answer = anna.post(consents_page(row), {"strike": slip.pk, "back": back})
    assert answer["Location"] == (f"{page_of(row)}#consents" if back else consents_page(row))
    page = shown(anna, consents_page(row))
    assert "struck out by Anna Andresen" in page
    assert f'value="{slip.pk}"' not in page
    states = {state.purpose.code: state.said for state in anna.get(page_of(row)).context["consents"]}
    assert states["newsletter"] == ConsentState.WITHDRAWN


def test_slip_of_somebody_else_has_no_button_and_is_refused_in_words(cast, scope, anna, log_in):
    row, bodo = customer(scope), log_in("bodo")
    bodo.post(consents_page(row), {"give": "newsletter:counter"})
    said = Consent.objects.get()
    assert str(said.pk) not in shown(anna, consents_page(row))
    sent = {"strike": said.pk}
    answer = anna.post(consents_page(row), sent, follow=True, headers={"accept-language": "en"})
    assert "Only who has recorded a statement can strike it out." in answer.content.decode()
    assert Consent.objects.standing().get() == said
    assert bodo.post(consents_page(row, BREMEN), {"strike": said.pk}).status_code == 302
    assert not Consent.objects.standing().exists()


def test_statement_of_another_customer_is_none_of_this_one(cast, scope, anna):
    row, other = customers(scope, 2)
    stranger = customer(cast.scope("sven", "München", 20800))
    says(scope, other, "newsletter", True)
    says(cast.scope("sven", "München", 20800), stranger, "newsletter", True)
    for wrong in ("x", "", uuid4(), *Consent.objects.values_list("pk", flat=True)):
        assert anna.post(consents_page(row), {"strike": wrong}).status_code == 404
    assert Consent.objects.standing().count() == 2


def test_moment_of_the_hour_that_the_clock_repeats_is_its_first(scope, anna):
    row = customer(scope)
    typed = {"purpose": "newsletter", "is_given": "yes", "at": "2025-10-26T02:30", "source": "form"}
    anna.post(f"{HAMBURG}{LIST}{row.pk}/consents/", typed)
    assert Consent.objects.get(customer=row).at == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize("moment", ["2025-03-30T02:30", "gestern", "2025-13-01T00:00"])
def test_moment_that_there_never_was_is_refused(scope, anna, moment):
    row = customer(scope)
    typed = {"purpose": "newsletter", "is_given": "yes", "at": moment, "source": "form"}
    assert list(anna.post(f"{HAMBURG}{LIST}{row.pk}/consents/", typed).context["form"].errors) == ["at"]
    assert not Consent.objects.filter(customer=row).exists()
