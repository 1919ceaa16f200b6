"""Every change of business data is recorded, by whatever path it is written, with who did it and where."""

import pghistory
import pytest
from django.apps import apps
from django.db import NotSupportedError, connection, models, transaction
from pgtrigger import registered

from customers.models import Customer, CustomerGroup, Tag
from locations.models import CustomerBase, Location, Organization
from mcp.models import User, UserGroup

WITHOUT_HISTORY = {
    "customers.CustomerCount": "steps of a sum; the customers themselves are recorded",
    "customers.CustomerGroupCount": "as above, of each customer group",
    "customers.CustomerMonth": "as above, of each month",
    "customers.CustomerRevision": "the order of changes itself; the customers are recorded",
    "customers.RevisionCounter": "as above, the last number",
    "customers.CustomerChange": "the order of changes itself; the customers are recorded",
    "api.KeptAnswer": "what was answered to a till, kept for a week; nobody can change it",
    "customers.NumberCounter": "the next number to try; the customers that got one are recorded",
    "customers.ImportUpload": "the record of an import itself; what it changed is recorded at the customers",
    "customers.ImportChunk": "bytes of a file, kept for a day",
    "customers.ImportRow": "rows of a file, kept for a day; nobody can change one",
    "customers.ImportVerdict": "what is told of rows of a file",
    "customers.ImportDecision": "what was decided about rows of a file; what came of it is recorded at the customers",
    "customers.ImportProgress": "how far an import is",
    "customers.ConsentRelease": "the record that statements went out itself, only added to",
    "customers.ImportConsent": "statements of a file on their way; nobody can change one",
    "customers.HeadingChoice": "where columns of files went, to be offered again",
    "customers.CustomerExport": "the record of an export itself",
    "customers.ExportChunk": "bytes of a file, kept for a day",
    "customers.ExportDownload": "the record of a download itself, only added to",
    "customers.Disclosure": "the record of a hand-over itself, only added to",
    "customers.DisclosedNumbers": "as above, whose numbers went",
    "customers.Tombstone": "the record of an erasure itself, only added to",
    "customers.TombstoneMark": "as above, hashes",
    "customers.BulkChange": "the record of a bulk change itself; what it changed is recorded at the customers",
    "mcp.DeviceCode": "the record of a code itself",
    "mcp.DevicePace": "how much a device has asked lately; it is not even written to disk",
    "mcp.LoginAttempt": "the record of an attempt itself, kept for 90 days",
    "mcp.PasswordLink": "the record of a link itself",
    "mcp.Mail": "the record of a mail itself",
    "mcp.SentForm": "hashes of forms that were sent, kept for a day",
    "mcp.Session": "who is logged in now",
    "accounting.Ledger": "made once, never changed",
    "accounting.Account": "balances and limits follow movements and terms, which are kept; nobody else writes one",
    "accounting.Movement": "the record of a movement itself, only added to",
    "accounting.Receivable": "follows from movements and allocations, which stay",
    "accounting.Allocation": "the record of an allocation itself, only added to",
    "accounting.BalanceImport": "the record of a file itself; what it has booked are movements",
    "accounting.BankAccount": "added once, never changed",
    "accounting.BankStatement": "the record of a file that was read; only whether it is being booked changes",
    "accounting.BankEntry": "what the bank has said never changes; how it was booked are movements, which are kept",
    "accounting.BankBooking": "the record of a booking itself, only added to",
    "accounting.LedgerException": "the record of an exception itself, decided once",
    "accounting.PaymentOrder": "written by the functions that post, and its state follows movements, which are kept",
    "accounting.PaymentOrderLine": "as above, written once",
    "accounting.BranchOrder": "the record of an order itself; what was sold is only added, its state follows runs",
    "accounting.ToldTerms": "a copy of terms and balances, which are kept",
    "accounting.DebitFile": "says itself who has prepared it and what has become of it; what is in it stays",
    "accounting.BankFile": "on its way for a day; what it has brought is in the statements",
    "accounting.BankFileChunk": "bytes of a file, kept until it is read",
    "accounting.DebitFileChunk": "bytes of a debit file, written once",
    "accounting.DebitItem": "written by the functions that debit, and its state follows movements, which are kept",
    "accounting.Dispute": "who has begun and ended it stands in it, and nothing else of it is changed by people",
    "accounting.DunningNotice": "written by the functions that remind, once",
    "accounting.DunningRun": "says itself who has prepared it, and what has become of it",
    "accounting.Mandate": "who has added and ended it stands in it, and nothing else of it is changed by people",
    "accounting.Invoice": "the record of an invoice itself: written once, and what is paid of it follows allocations",
    "accounting.InvoiceLine": "as above",
    "accounting.InvoiceVat": "as above",
    "accounting.InvoiceItem": "as above",
    "accounting.InvoiceDocument": "as above, made once",
    "accounting.Letter": "the record of a mail itself: who has asked for it, and what has become of it",
    "accounting.InvoiceRun": "says itself who has prepared it, and what has become of it",
    "accounting.RunOrder": "what a run has chosen, gone when it is cancelled",
    "accounting.NumberSeries": "follows the invoices, which are kept",
    "api.Webhook": "who has made and ended it stands in it, and nothing else of it is changed by people",
    "transitions.TransitionStep": "the record of a step itself, only added to",
    "transitions.SwitchStep": "the record of a step itself, only added to",
    "transitions.SwitchedCustomer": "the record of who was taken along itself, only added to",
    "transitions.TransitionCustomer": "the record of a decision itself, only added to",
    "transitions.Package": "the record of a package itself",
    "transitions.PackageChunk": "bytes of a file, kept for two weeks",
    "transitions.PackageDownload": "the record of a download itself, only added to",
    "transitions.Arrival": "the record of an arrival itself",
    "transitions.IncomingFile": "on its way for a day; what became of it is on record elsewhere",
    "transitions.IncomingChunk": "bytes of a file, kept until it is taken in",
    "transitions.ReviewPage": "what a review shows, worked out again by the next",
    "transitions.JoiningWord": "the record of a question and of its answers itself, only added to",
    "transitions.TransitionKey": "made once for each transition, never changed",
    "transitions.WithdrawalList": "the record of a list itself, only added to",
}
NEVER_IN_A_HISTORY = {
    "mcp.User": {"password", "last_login"},
    "mcp.Device": {
        "token",
        "next_token",
        "next_token_at",
        "renewal_asked_at",
        "enrolled_at",
        "used_at",
        "program",
        "address",
    },
    "customers.Customer": {"search_text", "sort_name"},
    "customers.FormerNumber": {"number_key"},
}


def business_models():
    return [
        model
        for label in ("locations", "mcp", "files", "customers", "accounting", "transitions")
        for model in apps.get_app_config(label).get_models()
        if not issubclass(model, pghistory.models.Event) and not model._meta.proxy
    ]


def test_every_business_table_has_a_history_of_insert_update_and_delete(db):
    for model in business_models():
        label = model._meta.label
        installed = {trigger.name for tracked, trigger in registered() if tracked is model}
        wanted = {"insert_insert", "update_update", "delete_delete"}
        assert (installed >= wanted) == (label not in WITHOUT_HISTORY), label


def test_history_holds_every_field_but_the_named_ones(db):
    for model in business_models():
        if model._meta.label in WITHOUT_HISTORY:
            continue
        event = apps.get_model(model._meta.app_label, f"{model.__name__}Event")
        fields = {field.name for field in model._meta.concrete_fields}
        kept = {field.name for field in event._meta.concrete_fields}
        assert fields - kept == NEVER_IN_A_HISTORY.get(model._meta.label, set()), model
        assert isinstance(event._meta.pk, models.UUIDField), model


def test_triggers_of_the_history_stand_in_the_database(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text, count(*) FROM pg_trigger WHERE tgname ~ %s GROUP BY 1",
                       ["pgtrigger_(insert_insert|update_update|delete_delete)_"])  # fmt: skip
        installed = dict(cursor.fetchall())
    for model in business_models():
        expected = 0 if model._meta.label in WITHOUT_HISTORY else 3
        assert installed.get(model._meta.db_table, 0) == expected, model


@pytest.fixture
def place(cast):
    return cast.location("Zentrale")


def customers(place, count=3):
    return [
        Customer(organization=place.organization, base=place.base, customer_number=n, last_name=f"Muster{n}")
        for n in range(1, count + 1)
    ]


def recorded(model=Customer, **values):
    """(what happened, by whom, where) for each event of the model, oldest kind first."""
    events = model.history.rel.related_model.objects.filter(**values).select_related("pgh_context")
    return sorted(
        (
            event.pgh_label,
            event.pgh_context and event.pgh_context.metadata["user_name"],
            event.pgh_context and event.pgh_context.metadata["location_name"],
        )
        for event in events
    )


BY_ANNA = ("Anna Andresen", "Zentrale")


@pytest.fixture
def anna_acts(cast):
    with pghistory.context(**cast.scope("anna", "Zentrale").history()):
        yield


@pytest.mark.usefixtures("anna_acts")
class TestEveryPath:
    def test_bulk_insert_is_recorded(self, place):
        Customer.objects.bulk_create(customers(place))
        assert recorded() == [("insert", *BY_ANNA)] * 3

    def test_update_of_a_queryset_and_of_many_objects_is_recorded(self, place):
        rows = Customer.objects.bulk_create(customers(place))
        Customer.objects.update(city="Kiel")
        for row in rows:
            row.city = "Husum"
        Customer.objects.bulk_update(rows, ["city"])
        assert recorded(city="Kiel") == [("update", *BY_ANNA)] * 3
        assert recorded(city="Husum") == [("update", *BY_ANNA)] * 3

    def test_raw_sql_is_recorded(self, place):
        Customer.objects.bulk_create(customers(place, 1))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE customers_customer SET city = 'Kiel'")
        assert recorded(city="Kiel") == [("update", *BY_ANNA)]

    def test_copy_goes_around_nothing_because_it_is_refused(self, place):
        copy = "COPY customers_customer (last_name) FROM STDIN"
        with pytest.raises(NotSupportedError, match="row-level security"), transaction.atomic():
            connection.cursor().execute(copy)
        assert recorded() == []

    def test_delete_is_recorded_with_what_was_there(self, place):
        Tag.objects.bulk_create([Tag(base=place.base, name=name) for name in "ABC"])
        Tag.objects.filter(name="A").delete()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM customers_tag WHERE name = 'B'")
        assert [(label, name) for label, name, _place in recorded(Tag)].count(("delete", "Anna Andresen")) == 2
        assert recorded(Tag, name="B", pgh_label="delete") == [("delete", *BY_ANNA)]

    def test_change_without_a_change_is_not_recorded(self, place):
        CustomerGroup.objects.create(base=place.base, name="Stamm")
        CustomerGroup.objects.update(name="Stamm")
        assert recorded(CustomerGroup) == [("insert", *BY_ANNA)]


_GIVEN_BY_THE_DATABASE = {"id", "created_at", "changed_at", "search_text", "sort_name"}


def test_name_in_the_history_outlives_the_row(cast, place):
    with pghistory.context(user_name="Anna Andresen", location_name="Zentrale"):
        Tag.objects.create(base=place.base, name="A")
    User.objects.filter(username="anna").update(first_name="Andere")
    assert recorded(Tag) == [("insert", *BY_ANNA)]


def test_what_is_written_outside_a_page_is_recorded_without_a_name(place):
    Tag.objects.create(base=place.base, name="A")
    assert recorded(Tag) == [("insert", None, None)]


@pytest.mark.parametrize("model", [Organization, CustomerBase, Location, User, UserGroup])
def test_the_cast_itself_is_recorded(cast, model):
    assert model.history.rel.related_model.objects.filter(pgh_label="insert").count() >= model.objects.count()
