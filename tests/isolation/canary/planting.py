"""Fills a business of the cast with rows in every table that can hold its data, a canary in each cell of text.

Rows that the pages show are described here. Every other table is filled by what its columns are: a new model is
covered without anybody remembering it, and one that cannot be filled fails in `test_canaries`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pghistory
from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.utils import timezone
from psycopg.types.range import Range

from customers.choices import CardReason, CardState, ConsentSource, Decision, FormerNumberSource, UploadState, Verdict
from customers.models import (
    Card,
    Consent,
    ConsentPurpose,
    Customer,
    CustomerExport,
    CustomerGroup,
    ExportChunk,
    ExportDownload,
    FormerNumber,
    HeadingChoice,
    ImportChunk,
    ImportConsent,
    ImportDecision,
    ImportProgress,
    ImportUpload,
    ImportVerdict,
    Tag,
)
from files.choices import FileState
from locations.choices import LocationKind
from locations.models import CustomerBase, LegacySwitch, Location, Organization
from locations.permissions import Right
from mcp.isolation import database_roles, grants
from mcp.models import Membership, Restriction, User, UserGroup
from tests.isolation.canary.canaries import BIRTHDAY, Canaries, Canary, amount, is_text, text_columns
from tests.isolation.canary.planting_accounts import plant_accounts
from tests.isolation.canary.planting_bulk import plant_bulk
from tests.isolation.canary.planting_clearing import plant_clearing
from tests.isolation.canary.planting_devices import plant_devices
from tests.isolation.canary.planting_erasures import plant_erasures
from tests.isolation.canary.planting_leaving import plant_transitions
from tests.isolation.canary.unplanted import NO_DATA
from tests.states import store

CustomerEvent: Any = Customer._meta.get_field("history").related_model
FIRST_ID = 7_000_000  # long, so that a missing key can have as many digits
SHARED = {
    "first_name": "Gleich",
    "last_name": "Gleich",
    "email": "gleich@example.com",
    "mobile": "+4915112345678",
    "postal_code": "20095",
    "birthday": date(1980, 5, 5),
}
"""A customer of each base has these: whoever compares finds him as a possible duplicate."""
_NOBODY = "SELECT set_config('pghistory.context_id', '', true), set_config('pghistory.context_metadata', '', true)"
MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)


def readable_models() -> list[type[models.Model]]:
    """The models that can hold somebody's data and whose table is not closed to the web role."""
    tables = database_roles.privileges()
    every = (one for one in apps.get_models(include_auto_created=True) if not one._meta.proxy)
    return [one for one in every if one._meta.db_table in tables and one._meta.label not in NO_DATA]


class Business:
    """One business of the cast being filled."""

    def __init__(self, account: int, canaries: Canaries, *, keys: Iterator[int]) -> None:
        self.account, self.canaries, self.keys = account, canaries, keys
        self.organization = Organization.objects.get(account_number=account)
        self.locations = list(Location.objects.of_organization(self.organization).order_by("client_number"))
        self.bases = list(CustomerBase.objects.filter(organization=self.organization).order_by("pk"))
        self.people = list(User.objects.filter(organization=self.organization).order_by("pk"))
        self.rows: dict[str, list[Any]] = {}

    def plant(self) -> None:
        facts = {name: self._word("pghistory.Context", "metadata") for name in ("user_name", "location_name", "reason")}
        with pghistory.context(**facts, organization=self.organization.pk):
            self._name_everything()
            self._people()
            self.row(ConsentPurpose, organization=self.organization)
            self.row(LegacySwitch, organization=self.organization, is_lifted=False)
            for base in self.bases:
                self._customers(base)
                self._former_numbers(base)
                self._consents(base)
                self._cards(base)
            self._uploads()
            self._exports()
            plant_bulk(self)
            plant_erasures(self)
            plant_clearing(self)
            plant_devices(self)
            plant_accounts(self)
            plant_transitions(self)
            self._further_tables()
            self._change()
        self.rows[CustomerEvent._meta.label] = list(CustomerEvent.objects.filter(base__in=self.bases)[:3])

    # --- one row ------------------------------------------------------------------------------------------

    def row(self, model: type[Any], **given: Any) -> Any:
        """A stored row of the model: as given, and everything else by what the column is."""
        values = {field.name: self._value(field) for field in _writable(model, given)}
        created = model(**values, **given)
        store(created)
        self.rows.setdefault(model._meta.label, []).append(created)
        return created

    def _value(self, field: Any) -> Any:
        if is_text(field):
            return self.canaries.value(field, self.account)
        if isinstance(field, models.AutoField):
            return next(self.keys)
        if field.is_relation:
            return self._related(field.related_model)
        return _plain(field)

    def _related(self, model: type[Any]) -> Any:
        kinds: dict[Any, list[Any]] = {
            Organization: [self.organization],
            Location: self.locations[::-1],
            CustomerBase: self.bases,
            User: self.people[::-1],
            ContentType: list(ContentType.objects.all()[:1]),
            Permission: list(Permission.objects.all()[:1]),
        }
        known = kinds.get(model) or self.rows.get(model._meta.label) or [self.row(model)]
        return known[0]

    def _word(self, table: str, column: str) -> str:
        return self.canaries.word(Canary(self.account, table, column))

    # --- what the pages show ------------------------------------------------------------------------------

    def _name_everything(self) -> None:
        """What the cast has already keeps its numbers and user names; all else is a canary."""
        groups = UserGroup.objects.of_organization(self.organization)
        for known in [self.organization, *self.locations, *self.people, *groups]:
            fields = [field for field in text_columns(type(known)) if field.name not in {"username", "password"}]
            for field in fields:
                setattr(known, field.name, self.canaries.value(field, self.account))
            known.save(update_fields=[field.name for field in fields])

    def _people(self) -> None:
        place = self.locations[-1]
        group = self.row(UserGroup, organization=self.organization, owner=None)
        grants.add_grants(group, [(Right.VIEW_CUSTOMERS, place.pk), (Right.RUN_REPORTS, None)])
        self.people.append(self.row(User, organization=self.organization, location=place, last_login=MIDNIGHT))
        self.row(Membership, organization=self.organization, user=self.people[-1], group=group)
        if self.organization.is_group:
            self._franchise(group)

    def _franchise(self, group: UserGroup) -> None:
        place = self.locations[-1]
        Location.objects.filter(pk=place.pk).update(is_franchise=True)
        numbers = {"client_number": 40_001, "branch_number": 40_001, "number_range": Range(9_990_000, 9_999_999)}
        self.row(Location, organization=self.organization, base=place.base, kind=LocationKind.BRANCH, **numbers)
        self.row(Restriction, organization=self.organization, location=place, group=group, right=Right.RUN_REPORTS)
        self.row(UserGroup, organization=self.organization, owner=place)

    def _customers(self, base: CustomerBase) -> None:
        """Beside ours: customers with our numbers, groups with our names, and one who is a duplicate of ours."""
        word = self._word("customers.CustomerGroup", "name")
        group = self.row(CustomerGroup, base=base, price_level=2)
        self.row(CustomerGroup, base=base, name=f"Stammgast {word}")
        tags = [self.row(Tag, base=base) for _index in range(2)]
        common = {"organization": self.organization, "base": base, "customer_group": group, "is_blocked": True}
        common["tags"] = [tag.name for tag in tags]
        home = self.locations[-1] if self.locations[-1].base_id == base.pk else None
        self.row(Customer, **common, customer_number=501, home_location=None, archived_at=MIDNIGHT)
        self.row(Customer, **common, **SHARED, **_active(), customer_number=502, home_location=None)
        self.row(Customer, **common, **self._in_numbers(), **_active(), home_location=None)
        self.row(Customer, **common, **_active(), customer_number=504, home_location=None)
        if home is not None:
            self.row(Customer, **common, **_active(), home_location=home, customer_number=home.first_number + 77)

    def _former_numbers(self, base: CustomerBase) -> None:
        for customer in [one for one in self.rows["customers.Customer"] if one.base_id == base.pk]:
            self.row(FormerNumber, base=base, customer=customer, source=FormerNumberSource.TYPED)

    def _consents(self, base: CustomerBase) -> None:
        """Each of its customers has given and withdrawn the consent to a purpose that only this business has."""
        owner = {"organization": self.organization, "base": base, "location": self.locations[-1]}
        [purpose] = self.rows["customers.ConsentPurpose"]
        for customer in [one for one in self.rows["customers.Customer"] if one.base_id == base.pk]:
            said = {"customer": customer, "purpose": purpose.code, "source": ConsentSource.FORM}
            self.row(Consent, **owner, **said, is_given=True, at=MIDNIGHT, struck_out_by="")
            self.row(Consent, **owner, **said, is_given=False, at=MIDNIGHT + timedelta(days=1), struck_out_by="")
            self.row(Consent, **owner, **said, is_given=True, at=MIDNIGHT, struck_out_at=MIDNIGHT)

    def _cards(self, base: CustomerBase) -> None:
        """Each of its customers has a card, blocked ones among them."""
        for at, customer in enumerate([one for one in self.rows["customers.Customer"] if one.base_id == base.pk]):
            number = f"{self._word('customers.Card', 'number')}-{at}".upper()
            state = {"state": CardState.BLOCKED, "reason": CardReason.LOST} if at % 2 else {"state": CardState.ACTIVE}
            self.row(Card, base=base, customer=customer, number=number, successor=None, **{"reason": "", **state})

    def _in_numbers(self) -> dict[str, Any]:
        """A customer whose canaries are numbers, each in the format of its column."""
        phones = {
            name: f"+4930{self.canaries.number(Canary(self.account, 'customers.Customer', name))}"
            for name in ("mobile", "phone_private", "phone_business", "fax")
        }
        return {
            **phones,
            "customer_number": self.canaries.number(Canary(self.account, "customers.Customer", "customer_number")),
            "iban": f"DE89370400{self.canaries.number(Canary(self.account, 'customers.Customer', 'iban'), digits=12)}",
            "credit_limit": amount(self.canaries, self.account),
            "birthday": BIRTHDAY,
            "last_name": f"Muster {self._word('customers.Customer', 'last_name')}",
        }

    def _uploads(self) -> None:
        """One for each state; those of the first person are at each location, so that he can open them."""
        for place in self.locations:
            for state in UploadState:
                self._parts_of(self.row(ImportUpload, **self._upload(place, state)))
        self.row(HeadingChoice, organization=self.organization, target="memo")

    def _upload(self, place: Location, state: UploadState) -> dict[str, Any]:
        headings = ["Nachname", "Memo"]
        words = {
            name: self._word("customers.ImportUpload", name) for name in ("choices", "preview", "result", "undoing")
        }
        figures = {"read": 3, "created": 1, "changed": 1, "unchanged": 0, "rejected": 1}
        seen = {"kind": "csv", "encoding": "utf-8", "delimiter": ";", "sheet": "", "sheets": [], "notices": []}
        return {
            "organization": self.organization,
            "base": place.base,
            "location": place,
            "user": self.people[0],
            "choices": {
                "headings": headings,
                "targets": ["last_name", "memo"],
                "seen": {**seen, "examples": [[words["choices"]], []]},
            },
            "preview": {
                **figures, "read": 1, "changed": 0, "rejected": 0, "similar": 1, "given": ["last_name", "memo"],
                "new_groups": [words["preview"]], "new_tags": [],
            },
            "result": {**figures, "word": words["result"]},
            "undoing": {"removed": 0, "restored": 0, "kept": 1, "stuck": 1, "word": words["undoing"]},
            "context": uuid4(),
            "new_rows": "{[2,3)}",
            "state": state,
            # The one that shows its staged rows is the first in the list of files that wait.
            "created_at": timezone.now() - timedelta(minutes=state != UploadState.CHECKED),
            "state_since": timezone.now(),
        }  # fmt: skip

    def _parts_of(self, upload: ImportUpload) -> None:
        """Its bytes, its staged row, what is said of rows, and how far it is."""
        word = self._word("customers.ImportChunk", "content")
        part = {"base": upload.base, "file": upload}
        self.row(ImportChunk, **part, position=0, content=f"Nachname;Memo\n{word};{word}\n".encode())
        self.row(ImportProgress, **part, done=1, total=3)
        self.row(ImportConsent, **part, is_given=True)
        told = self._word("customers.ImportVerdict", "problems")
        problem = {"column": "Nachname", "value": told, "reason": told, "code": "same_email", "first": 2}
        for number, verdict in enumerate(Verdict, start=2):
            self.row(ImportVerdict, **part, row_number=number, verdict=verdict, problems=[problem], seen=None)
        self.row(ImportDecision, **part, row_number=9, decision=Decision.NEW, customer_id=None)
        self._staged(upload)

    def _staged(self, upload: ImportUpload) -> None:
        """Nobody may say for which base a row is staged: the database takes it from what was entered."""
        words = [self._word("customers.ImportRow", name) for name in ("last_name", "memo")]
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('stammhaus.base', %s, true)", [str(upload.base_id)])
            cursor.execute(
                "INSERT INTO customers_importrow (upload, row_number, last_name, memo) VALUES (%s, 2, %s, %s)",
                [upload.pk, *words],
            )
            cursor.execute("SELECT set_config('stammhaus.base', '', true)")

    def _exports(self) -> None:
        """One for each state at each location; those that are done can be fetched by the first person."""
        for place in self.locations:
            for state in FileState:
                export = self.row(CustomerExport, **self._export(place, state))
                content = self._word("customers.ExportChunk", "content").encode()
                self.row(ExportChunk, base=place.base, file=export, position=0, content=content)
                self.row(ExportDownload, base=place.base, file=export, user_id=self.people[0].pk)

    def _export(self, place: Location, state: FileState) -> dict[str, Any]:
        word = self._word("customers.CustomerExport", "choices")
        choices = {"profile": "plain", "columns": ["last_name"], "language": "de", "query": f"q={word}"}
        return {
            "organization": self.organization, "base": place.base, "location": place, "user": self.people[0],
            "choices": choices, "state": state, "total": 3, "created_at": timezone.now(),
            "state_since": timezone.now(),
        }  # fmt: skip

    # --- all other tables ---------------------------------------------------------------------------------

    def _further_tables(self) -> None:
        filled = set(self.rows) | {"locations.Organization", "locations.Location"}
        for model in readable_models():
            if model._meta.label not in filled and not _is_history(model) and text_columns(model):
                self._further_row(model)

    def _further_row(self, model: type[Any]) -> None:
        if model._meta.label == "procrastinate.ProcrastinateJob":  # its model refuses to write
            self._job()
        else:
            self.row(model)

    def _job(self) -> None:
        words = [self._word("procrastinate.ProcrastinateJob", name) for name in ("args", "lock", "queueing_lock")]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO procrastinate_jobs (queue_name, task_name, args, lock, queueing_lock, status)"
                " VALUES ('plant', 'plant', jsonb_build_object('word', %s::text), %s, %s, 'succeeded')",
                words,
            )

    def _change(self) -> None:
        """History also keeps what stands nowhere else any more: what was before, and what was deleted."""
        for customer in self.rows["customers.Customer"]:
            customer.memo = self._word("customers.Customer", "memo")
            customer.save(update_fields=["memo"])
        for base in self.bases:
            self.row(Tag, base=base).delete()
            self.row(CustomerGroup, base=base).delete()


def _active() -> dict[str, Any]:
    return {"archived_at": None, "archived_reason": ""}


def _is_history(model: type[models.Model]) -> bool:
    """Filled by the triggers of the table whose history it is."""
    return model._meta.label == "pghistory.Context" or hasattr(model, "pgh_tracked_model")


def _writable(model: type[models.Model], given: dict[str, Any]) -> Iterator[Any]:
    for field in model._meta.concrete_fields:
        is_left = field.generated or field.name in given
        if not is_left and (is_text(field) or _is_required(field)):
            yield field


def _is_required(field: Any) -> bool:
    if isinstance(field, models.AutoField):
        return True
    return not (field.null or field.has_default() or field.has_db_default())


def _plain(field: Any) -> Any:
    """A value for a column without text; the database refuses it where it has rules that are not known here."""
    match field:
        case models.DateTimeField():
            return timezone.now()
        case models.DateField():
            return BIRTHDAY
        case models.BooleanField():
            return False
        case models.UUIDField():
            return field.get_default() or uuid4()
        case _ if field.choices:
            return field.choices[0][0]
        case _:
            return 1


class Ground:
    """The whole cast being filled: what is foreign with canaries, the rest with words that nobody looks for."""

    def __init__(self, *, foreign: Iterable[int], own: Iterable[int]) -> None:
        keys = itertools.count(FIRST_ID)
        self.canaries, plain = Canaries(), Canaries(prefix="own")
        self.own = [Business(account, plain, keys=keys) for account in own]
        self.foreign = [Business(account, self.canaries, keys=keys) for account in foreign]
        for business in [*self.own, *self.foreign]:
            business.plant()
        with connection.cursor() as cursor:  # the requests that follow are made by others
            cursor.execute(_NOBODY)

    def keys(self, model: type[Any], *, own: bool = False) -> list[str]:
        """The keys of all stored rows of a model that are foreign (or our own)."""
        businesses = self.own if own else self.foreign
        planted = [row.pk for business in businesses for row in business.rows.get(model._meta.label, [])]
        return [str(pk) for pk in planted if pk is not None]
