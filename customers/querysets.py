"""What can be asked about customers, in sentences."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, F, Func, IntegerField, OuterRef, Q, Value
from django.db.models.lookups import Exact, GreaterThanOrEqual, In, LessThan, Range
from django.db.models.sql.datastructures import BaseTable
from django.utils import timezone

from customers import search
from customers.birthdays import BY_CALENDAR, MonthAndDay, birthdays_within, days_until
from customers.choices import TRANSFER, TRANSFER_ANY, ConsentState
from customers.formats.cards import sought_card_number
from mcp.isolation import row_scope

if TYPE_CHECKING:
    from customers.models import (
        BulkChange,
        Card,
        Consent,
        ConsentPurpose,
        Customer,
        CustomerGroup,
        CustomerRevision,
        Disclosure,
        FormerNumber,
        SavedFilter,
        Tag,
    )
    from locations.models import CustomerBase, Location, Organization
    from mcp.isolation.scope import Scope

MOST_MEMBERS = 10_000
SEARCHABLE = "customers_searchable"
"""The view of the customers of the base that was entered; it reads the same setting as their row security."""
_DAY = MonthAndDay(F("birthday"))
_LAST_CHARACTER = "\U0010ffff"
_LOCAL_PART_IN_INDEX = 40
_LAST_DIGITS = 7
LATEST_FIRST = ("-at", "is_given", "-recorded_at", "id")
"""The first of these statements is the one that holds: the latest, and of two at the same moment the withdrawal."""


def is_named(*, last_name: str, first_name: str, company: str) -> Q:
    """The condition that a customer has this name, without regard to case and accents."""
    wanted = {"last_name": last_name, "first_name": first_name}
    if not last_name and not first_name:
        wanted["company"] = company
    condition = Q()
    for field, value in wanted.items():
        condition &= Q(Exact(search.Fold(F(field)), search.Fold(Value(value))))
    return condition


class CustomerQuerySet(models.QuerySet["Customer"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def active(self) -> Self:
        return self.filter(archived_at=None)

    def archived(self) -> Self:
        return self.filter(archived_at__isnull=False)

    def matching(self, words: str, *, hidden: Collection[str], also: int | None = None) -> Self:
        """Customers in whose number, name, company, phone, e-mail, city or tags every word is found.

        One of the words, or all of them, may also be how a former number begins. `hidden` are the fields that whoever
        searches may not see (see field_groups): nobody is found by them. `also` is the id of one who is meant anyway,
        as by the number of his card.
        """
        typed = search.words_of(words)
        hidden_here = set(hidden).intersection(search.SEARCHED_FIELDS)
        among = search.search_text(without=hidden_here) if hidden_here else None
        by_email = "email" not in hidden_here

        def found(some: Sequence[str]) -> Q:
            either = search.matches(some, by_email=by_email)
            return either & search.matches(some, among=among, by_email=by_email) if among else either

        either = found(typed) if also is None else found(typed) | Q(pk=also)
        for customers in self._by_former_numbers(typed, found):
            either |= Q(search.IsOneOf(F("pk"), ArraySubquery(customers)))
        return self._by_index().filter(either)

    def _by_former_numbers(self, typed: Sequence[str], found: Callable[[Sequence[str]], Q]) -> Iterator[Any]:
        """Queries for the ids of customers whom words find by their former numbers.

        One word and the others in the text of the customer, so that the rarer of the two leads; all words; or all as
        one number. At most as many as a list tells apart (see `paginator`): where more begin alike, a digit more finds.
        """
        rows: Any = self.model._meta.get_field("former_number_rows").related_model
        borne = rows.objects.order_by()
        if (base := row_scope.entered().base) is not None:
            borne = borne.filter(base=base)
        most = slice(search.MOST_BY_NUMBER)
        if typed:
            yield borne.beginning_with("".join(typed)).values("customer")[most]
        if len(typed) < 2:
            return
        customers = self.model._default_manager.all()._by_index().order_by()
        own = borne.filter(base=OuterRef("base"), customer=OuterRef("pk"))
        for at, word in enumerate(typed):
            others = [*typed[:at], *typed[at + 1 :]]
            yield customers.filter(found(others), Exists(own.beginning_with(word))).values("pk")[most]
        yield customers.filter(*(Exists(own.beginning_with(word)) for word in typed)).values("pk")[most]

    def with_birthday_on(self, days: list[date]) -> Self:
        """Customers whose birthday is on one of these days, whatever their year of birth, also where it is unknown."""
        whole = Q(birthday__isnull=False) & Q(In(_DAY, sorted({100 * day.month + day.day for day in days})))
        without_year = Q(birthday_without_year__in=[f"{day:%m-%d}" for day in days])
        return self._by_index().filter(whole | without_year) if days else self.none()

    def with_birthday_within(self, today: date, days: int) -> Self:
        """Customers who celebrate on one of the next days, today included, with BY_CALENDAR to sort them by."""
        found = birthdays_within(today, days)
        return self.with_birthday_on(found).alias(**{BY_CALENDAR: days_until(found[0])})

    def with_birthday_in(self, month: int) -> Self:
        """Customers whose birthday is in the month (1 to 12)."""
        days = [f"{month:02}-{day:02}" for day in range(1, 32)]
        whole = Q(birthday__isnull=False) & Q(Range(_DAY, (100 * month, 100 * month + 31)))
        return self._by_index().filter(whole | Q(birthday_without_year__in=days))

    def registered_since(self, first: date, *, until: date | None = None) -> Self:
        """Customers registered on the day or later, before `until`, by the clock of the business."""
        found = self.filter(created_at__gte=timezone.make_aware(datetime.combine(first, time.min)))
        return found.filter(created_at__lt=timezone.make_aware(datetime.combine(until, time.min))) if until else found

    def changed_since(self, day: date) -> Self:
        """Customers changed on the day or later, by the clock of the business."""
        return self.filter(changed_at__gte=timezone.make_aware(datetime.combine(day, time.min)))

    def tagged(self, name: str) -> Self:
        """Customers with this tag. The condition that they have any tag makes the partial index usable."""
        return self._by_index().filter(~Q(tags=[]), tags__contains=[name])

    def containing(self, text: str) -> Self:
        """Customers whose search text contains this, blanks included. An index answers it, the faster the fewer."""
        escaped = re.sub(r"([\\%_])", r"\\\1", text)
        return self._by_index().filter(search.HasPart(F("search_text"), f"%{escaped}%"))

    def reached_by(self, email: str) -> Self:
        """Customers who have this e-mail address, without regard to case; an index answers it."""
        # The part before the @ finds; what stands behind it is the same for thousands and slows the index down.
        local = email.partition("@")[0][:_LOCAL_PART_IN_INDEX]
        return self.containing(f" {local} ").filter(email__iexact=email)

    def dialled_by(self, phone: str) -> Self:
        """Customers one of whose three phone numbers is this one, in its stored form; an index answers it."""
        # The last digits find: area and country codes are shared by so many that the index is ten times slower.
        return self.containing(phone[-_LAST_DIGITS:]).with_phone(phone)

    def named_behind(self, name: str, pk: int) -> Self:
        """Customers who come behind this one where they are sorted by `sort_name` and then by id."""
        return self.filter(Q(sort_name__gt=name) | Q(sort_name=name, pk__gt=pk), sort_name__gte=name)

    def with_phone(self, phone: str) -> Self:
        """Customers one of whose three phone numbers is this one, in its stored form."""
        return self.filter(Q(mobile=phone) | Q(phone_private=phone) | Q(phone_business=phone))

    def named(self, *, last_name: str, first_name: str, company: str) -> Self:
        """Customers of the same name, without regard to case and accents; an index answers it.

        The name of a person counts; where neither part is given, that of the company.
        """
        start = (f"{last_name} {first_name}" if last_name else first_name) or company
        whole = Q(Exact(F("sort_name"), search.Fold(Value(start.strip()))))
        begun = Q(
            GreaterThanOrEqual(F("sort_name"), search.Fold(Value(f"{start} "))),
            LessThan(F("sort_name"), search.Fold(Value(f"{start} {_LAST_CHARACTER}"))),
        )
        return self.filter(whole | begun).filter(is_named(last_name=last_name, first_name=first_name, company=company))

    def with_consent(self, purpose: str, said: ConsentState) -> Self:
        """Customers whose state of consent is this now, asked so that an index of the statements is read once.

        GIVEN and WITHDRAWN are statements that name no receiver; CERTAIN is one for a single receiver. A transfer is
        given if it is for one location at least.
        """
        consent: Any = self.model._meta.get_field("consents").related_model
        counting = consent._default_manager.counting()
        own = counting.filter(base=OuterRef("base"), purpose=purpose, customer=OuterRef("pk"))
        others = counting.filter(base=OuterRef("base"), customer=OuterRef("customer"), receiver=None)
        # Who takes back that he may be handed over means any location.
        ending = Q(purpose=purpose) | Q(purpose=TRANSFER) if purpose == TRANSFER_ANY else Q(purpose=purpose)
        undone = others.filter(ending, is_given=False, at__gte=OuterRef("at"))
        holding = own.filter(~Exists(undone), receiver=None, is_given=True)
        match said:
            case ConsentState.GIVEN:
                return self.filter(Exists(holding))
            case ConsentState.WITHDRAWN if purpose == TRANSFER_ANY:
                return self.filter(Exists(own), ~Exists(holding))
            case ConsentState.WITHDRAWN:
                done_again = others.filter(purpose=purpose, is_given=True, at__gt=OuterRef("at"))
                return self.filter(Exists(own.filter(~Exists(done_again), receiver=None, is_given=False)))
            case ConsentState.CERTAIN:
                return self.filter(Exists(own.filter(receiver__isnull=False)))
            case ConsentState.NEVER:
                return self.filter(~Exists(own))

    def _by_index(self) -> Self:
        """The same rows through the view SEARCHABLE, where any index can be used.

        Under row security the database uses an index only for comparisons that are leakproof, and LIKE is not. Without
        a scope that does not matter. Rows of the view cannot be locked: lock the customers by the ids that were found.
        """
        found = self.all()
        if row_scope.entered().base is not None:
            alias = found.query.get_initial_alias()
            found.query.alias_map[alias] = BaseTable(SEARCHABLE, alias)
            found.query.table_map[SEARCHABLE] = [alias]
        return found


class FormerNumberQuerySet(models.QuerySet["FormerNumber"]):
    def beginning_with(self, word: str) -> Self:
        """Numbers that begin with what is typed, by letters and digits alone. Short ones have to be equal to it."""
        key = search.number_key(Value(word))
        if len(word) < search.SHORTEST_PART:
            return self.filter(Exact(F("number_key"), key))
        return self.filter(search.BeginsWith(F("number_key"), key), ~Q(Exact(key, Value(""))))

    def of_customer(self, customer: Customer) -> Self:
        return self.filter(base=customer.base_id, customer=customer.pk)

    def numbers_of(self, customers: Iterable[Customer]) -> dict[int, list[str]]:
        """The former numbers of these customers, each once and in order, by the customers' ids."""
        owners = list(customers)
        rows = self.filter(base__in={owner.base_id for owner in owners}, customer__in=[owner.pk for owner in owners])
        found: dict[int, set[str]] = {}
        for pk, number in rows.order_by().values_list("customer", "number"):
            found.setdefault(pk, set()).add(number)
        return {pk: sorted(numbers) for pk, numbers in found.items()}


class CustomerGroupQuerySet(models.QuerySet["CustomerGroup"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def with_members(self) -> Self:
        """With `members`: how many customers have the group, archived ones too, counted to MOST_MEMBERS + 1."""
        customer: Any = self.model._meta.get_field("customers").related_model
        members = customer._default_manager.filter(base=OuterRef("base"), customer_group=OuterRef("pk"))
        some = ArraySubquery(members.order_by().values("pk")[: MOST_MEMBERS + 1])
        return self.annotate(members=Func(some, function="cardinality", output_field=IntegerField()))


class TagQuerySet(models.QuerySet["Tag"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)


class BulkChangeQuerySet(models.QuerySet["BulkChange"]):
    def without_ids(self) -> Self:
        """Without reading the ids of the customers, which can be a million for each change."""
        return self.only(*(field.name for field in self.model._meta.concrete_fields if field.name != "customers"))


class SavedFilterQuerySet(models.QuerySet["SavedFilter"]):
    def seen_by(self, scope: Scope) -> Self:
        """Those of the scope's base that the person has saved, and those that are shared."""
        found = self.filter(base=scope.base)
        if scope.user is None:
            return found.filter(is_shared=True)
        return found.filter(Q(is_shared=True) | Q(user=scope.user.pk))


class CustomerRevisionQuerySet(models.QuerySet["CustomerRevision"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def since(self, sequence: int) -> Self:
        """What has changed after the statement of this number, in the order of the changes; an index answers it."""
        return self.filter(sequence__gt=sequence).order_by("sequence", "id")


class CardQuerySet(models.QuerySet["Card"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_customer(self, customer: Customer) -> Self:
        """All cards of a customer: the active ones first, then the latest."""
        return self.filter(base=customer.base_id, customer=customer.pk).order_by("state", "-assigned_at", "-id")

    def sought(self, words: str) -> Self:
        """The one card whose number was typed or scanned; an index answers it."""
        number = sought_card_number(words)
        return self.filter(number=number) if number else self.none()


NUMBERS_OF_A_BLOCK = 1024
"""So many customer numbers share a row of what was handed over; with gaps everywhere it has some kilobytes."""


class DisclosureQuerySet(models.QuerySet["Disclosure"]):
    def of_customer(self, customer: Customer) -> Self:
        """Those in which the customer was handed over, newest first.

        None from before he was registered: his number may have been that of somebody whom an undone import had brought.
        """
        number = customer.customer_number
        has_number = Func(
            F("handed__numbers"), Value(number), template="%(expressions)s", arg_joiner=" @> ",
            output_field=models.BooleanField(),
        )  # fmt: skip
        found = self.filter(
            Exact(has_number, True),
            base=customer.base_id,
            at__gte=customer.created_at,
            handed__base=customer.base_id,
            handed__block=number // NUMBERS_OF_A_BLOCK,
        )
        return found.order_by("-at", "pk")


class ConsentPurposeQuerySet(models.QuerySet["ConsentPurpose"]):
    def of_organization(self, organization: Organization) -> Self:
        return self.filter(organization=organization)

    def asked_for(self) -> Self:
        return self.filter(is_active=True)


class ConsentQuerySet(models.QuerySet["Consent"]):
    def in_base(self, base: CustomerBase) -> Self:
        return self.filter(base=base)

    def of_customer(self, customer: Customer) -> Self:
        """All statements of a customer, the latest first; also what was struck out."""
        return self.filter(base=customer.base_id, customer=customer.pk).order_by(*LATEST_FIRST)

    def standing(self) -> Self:
        """Without what was recorded by mistake and struck out."""
        return self.filter(struck_out_at=None)

    def counting(self) -> Self:
        """The statements that count: neither those to another business, kept as evidence only, nor those struck out."""
        return self.standing().filter(holds_here=True)

    def holding(
        self, purpose: str, *, at: datetime, receiver: int | None = None, location: Location | None = None
    ) -> Self:
        """For each customer the one statement about a purpose that holds at a moment.

        With `receiver` a transfer that names him counts as well. One that names nobody holds with the location at which
        it was given; without `location`: with any. A withdrawal that names no receiver holds for all, wherever it was
        made. Of two statements of the same moment the withdrawal holds.
        """
        # By a wrong clock somebody may have taken back his consent in the future: it counts, and at once.
        ahead = Q(is_given=False, at__gt=timezone.now())
        said = self.counting().filter(Q(at__lte=at) | ahead, purpose=purpose)
        if purpose == TRANSFER:
            for_all = Q(receiver=None)
            if location is not None:
                for_all &= Q(is_given=False) | Q(location=location)
            said = said.filter(for_all if receiver is None else for_all | Q(receiver=receiver))
        return said.order_by("customer", *LATEST_FIRST).distinct("customer")
