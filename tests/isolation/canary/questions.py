"""All that can be asked about a thing of another business, each with the same question about a thing of nobody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from customers.models import (
    BulkChange,
    Card,
    Consent,
    ConsentPurpose,
    Customer,
    CustomerExport,
    CustomerGroup,
    CustomerMembership,
    FormerNumber,
    ImportUpload,
    SavedFilter,
    Tag,
)
from locations.models import Location
from locations.permissions import Right
from mcp.isolation.http import CONSOLE_URLCONF
from mcp.models import Restriction, User, UserGroup
from tests.isolation.canary.addresses import Pattern, filled, patterns
from tests.isolation.canary.pairs import Pair
from tests.isolation.canary.planting import Ground

CustomerEvent: Any = Customer._meta.get_field("history").related_model
NOBODYS_KEY = "7999999"
NOBODYS_FILE = "00000000-0000-4000-8000-000000000000"
"""For what is named by a random id."""
MODELS: tuple[Any, ...] = (Customer, CustomerGroup, Tag, Location, User, UserGroup, Restriction, ConsentPurpose)
METHODS = ("get", "post")
LIST = "customers/customer/"


class Questions:
    """The questions that can be asked at a place about the rows of a business that is not the one of the place."""

    def __init__(self, ground: Ground, place: str) -> None:
        self.ground, self.place = ground, place
        self.business = next(one for one in ground.foreign if not place.startswith(f"/{one.account}/"))

    def key(self, model: Any) -> str:
        return str(self._row(model).pk)

    def key_pair(self, model: Any) -> tuple[str, str]:
        key = self.key(model)
        return key, NOBODYS_FILE if len(key) == len(NOBODYS_FILE) else NOBODYS_KEY[: len(key)]

    # --- addresses ----------------------------------------------------------------------------------------

    def objects(self) -> Iterator[Pair]:
        """Each address with an argument, at an own location."""
        for pattern in patterns(CONSOLE_URLCONF):
            for model in _models(pattern):
                theirs, nobodys = self.key_pair(model)
                for address in filled(pattern, [theirs], []):
                    asked = self.place + address.replace(theirs, "KEY")
                    yield from (Pair(method, asked, theirs, nobodys) for method in METHODS)
                    for step in ("confirm", "undo", "cancel"):
                        yield Pair("post", asked, theirs, nobodys, {"post": "yes", "step": step})
                    yield Pair("get", f"{asked}?_popup=1&_to_field=id", theirs, nobodys)

    def places(self) -> Iterator[Pair]:
        """Each address at a foreign location, against one of an account number that nobody has."""
        for business in self.ground.foreign:
            theirs, nobodys = str(business.account), str(business.account + 77)
            number = business.locations[-1].client_number
            for pattern in patterns(CONSOLE_URLCONF):
                keys = [self.key(model) for model in _models(pattern)]
                for address in filled(pattern, keys, ["figures"]):
                    asked = f"/KEY/{number}/{address}"
                    yield from (Pair(method, asked, theirs, nobodys) for method in METHODS)

    def place_itself(self) -> Iterator[Pair]:
        """The locations of a foreign business against those that it does not have."""
        for business in self.ground.foreign:
            for location in [*business.locations, *business.rows.get("locations.Location", [])]:
                asked = (str(location.client_number), str(location.client_number + 6))
                yield from (Pair(method, f"/{business.account}/KEY/", *asked) for method in METHODS)
                yield Pair("get", f"/{business.account}/KEY/{LIST}", *asked)

    # --- filters ------------------------------------------------------------------------------------------

    def filters(self) -> Iterator[Pair]:
        named = {"group": CustomerGroup, "home": Location, "customer_group": CustomerGroup, "id": Customer}
        for page in (LIST, f"{LIST}export/", f"{LIST}archive/", f"{LIST}restore/", f"{LIST}consent/", f"{LIST}add/"):
            for name, model in named.items():
                yield Pair("get", f"{self.place}{page}?{name}=KEY", *self.key_pair(model))
        yield Pair("get", f"{self.place}mcp/user/?group=KEY", *self.key_pair(UserGroup))
        yield Pair("get", f"{self.place}mcp/user/why/?person_id=KEY", *self.key_pair(User))
        yield Pair("get", f"{self.place}mcp/restriction/add/?group=KEY", *self.key_pair(UserGroup))
        yield Pair("get", f"{self.place}{LIST}?consent=KEY.given", *_pair(self._row(ConsentPurpose).code))
        yield from self.words()

    def words(self) -> Iterator[Pair]:
        """Words that only the others have, wherever one can search."""
        for page, words in self._searches().items():
            for parameter in ("q", "tag", "place", "person"):
                for theirs, nobodys in words:
                    yield Pair("get", f"{self.place}{page}?{parameter}=KEY", theirs, nobodys)

    def _searches(self) -> dict[str, list[tuple[str, str]]]:
        customer, tag = self._in_numbers(), self._row(Tag)
        names = [(text, _nobodys(text)) for text in (customer.company, customer.iban, customer.city, tag.name)]
        people = [(row.username, _nobodys(row.username)) for row in (self._row(User), self.business.people[0])]
        places = [(row.name, _nobodys(row.name)) for row in self.business.locations]
        return {
            LIST: [*names, _pair(str(customer.customer_number)), _pair(self._row(Card).number)],
            f"{LIST}find/": [_pair(self._row(Card).number)],
            f"{LIST}export/": names[-1:],
            "customers/customergroup/": names[:1],
            "customers/tag/": names[-1:],
            "customers/consentpurpose/": [_pair(self._row(ConsentPurpose).code)],
            "mcp/user/": [*people, *places],
            "mcp/usergroup/": people,
            "mcp/user/why/": [*people, *places],
            "mcp/user/suggest/places/": places,
            "mcp/user/suggest/people/": people,
            "locations/location/": places,
        }

    def outside(self) -> Iterator[Pair]:
        known: list[Any] = [self.business.organization, *self.business.locations]
        words = [(row.name, _nobodys(row.name)) for row in known]
        for page in ("/", "/locations/switch/", "/locations/organization/"):
            yield from (Pair("get", f"{page}?q=KEY", *pair) for pair in words)
        for page in ("", "change/", "delete/", "history/", "legacy/"):
            asked = f"/locations/organization/KEY/{page}"
            key = str(self.business.organization.pk)
            yield from (Pair(method, asked, key, NOBODYS_KEY[: len(key)]) for method in METHODS)

    # --- forms --------------------------------------------------------------------------------------------

    def posted(self) -> Iterator[Pair]:
        """Foreign keys in each place of a form that takes one, and words that only the others have."""
        yield from self._customer_forms()
        yield from self._administration_forms()
        actions = {"_selected_action": ["KEY"], "index": "0"}
        for action in ("archive", "restore", "record_consent", "export", "set_group", "add_tag", "remove_tag"):
            yield Pair("post", f"{self.place}{LIST}", *self.key_pair(Customer), {**actions, "action": action})
        for page in ("archive", "restore", "consent", "export", "bulk/archive", "bulk/restore"):
            data = {"reason": "Verzogen", "format": "plain", "column": "memo", **_STATEMENT}
            yield Pair("post", f"{self.place}{LIST}{page}/?id=KEY", *self.key_pair(Customer), data)
        for name in (CustomerGroup, Tag):
            yield Pair("post", f"{self.place}customers/{name._meta.model_name}/add/", *self._names(name), _GROUP)
        yield from self._consents()
        yield from self._cards()
        yield from self._memberships()
        yield from self._files()

    def _consents(self) -> Iterator[Pair]:
        """A purpose that only the others have, of an own customer and as a new one of the own business."""
        pair = _pair(self._row(ConsentPurpose).code)
        for customer in self.ground.keys(Customer, own=True)[:1]:
            page = f"{self.place}{LIST}{customer}/consents/"
            for said in ({"give": "KEY:form"}, {"withdraw": "KEY:form"}, {**_STATEMENT, "purpose": "KEY"}):
                yield Pair("post", page, *pair, said)
            yield Pair("post", page, *self.key_pair(Consent), {"strike": "KEY"})
        yield Pair("post", f"{self.place}customers/consentpurpose/add/", *pair, {"code": "KEY", "name": "Neu"})

    def _cards(self) -> Iterator[Pair]:
        """A card that only the others have, as one of an own customer and by its number."""
        for customer in self.ground.keys(Customer, own=True)[:1]:
            page = f"{self.place}{LIST}{customer}/cards/"
            for step in ("block", "unblock", "replace", "remove"):
                yield Pair("post", page, *self.key_pair(Card), {"step": step, "card": "KEY", "reason": "lost"})
            yield Pair("post", page, *_pair(self._row(Card).number), {"step": "assign", "number": "KEY"})

    def _memberships(self) -> Iterator[Pair]:
        """A customer and a membership that only the others have, of an own customer, and by a search for his name."""
        for customer in self.ground.keys(Customer, own=True)[:1]:
            page = f"{self.place}{LIST}{customer}/memberships/"
            details = {"way": "member", "kind": "company", "invoice_to": "person", "valid_from": "2026-01-01"}
            yield Pair("get", f"{page}?other=KEY", *self.key_pair(Customer))
            yield Pair("get", f"{page}?q=KEY", *_pair(self._row(Customer).email))
            yield Pair("post", page, *self.key_pair(Customer), {**details, "step": "join", "other": "KEY"})
            for step in ("change", "end"):
                data = {**details, "valid_until": "2026-01-01", "step": step, "membership": "KEY"}
                yield Pair("post", page, *self.key_pair(CustomerMembership), data)

    def _customer_forms(self) -> Iterator[Pair]:
        add, customer, numbers = f"{self.place}{LIST}add/", self._row(Customer), self._in_numbers()
        plain = {"last_name": "Neu", "discount": "0"}
        yield Pair("post", add, *self.key_pair(CustomerGroup), {**plain, "customer_group": "KEY"})
        yield Pair("post", add, *self.key_pair(Customer), {**plain, "known_candidates": "KEY"})
        yield Pair("post", add, *self.key_pair(Location), {**plain, "home_location": "KEY"})
        yield Pair("post", add, *self._names(Tag), {**plain, "tags": "KEY"})
        yield Pair("post", add, *_pair(customer.email), {**plain, "email": "KEY"})
        yield Pair("post", add, *_pair(self._row(FormerNumber).number), {**plain, "former_numbers": "KEY"})
        yield Pair("post", f"{self.place}{LIST}duplicates/", *_pair(customer.email), {"email": "KEY"})
        yield Pair("post", f"{self.place}{LIST}duplicates/", *_pair(customer.last_name), {"last_name": "KEY"})
        yield Pair("post", add, *_pair(str(numbers.customer_number)), {**plain, "customer_number": "KEY"})

    def _administration_forms(self) -> Iterator[Pair]:
        person = {"username": "neu", "language": "de"}
        users, restrictions = f"{self.place}mcp/user/add/", f"{self.place}mcp/restriction/add/"
        yield Pair("post", users, *self.key_pair(UserGroup), {**person, "user_groups": "KEY"})
        yield Pair("post", users, *_pair(self.business.locations[-1].name), {**person, "place": "KEY"})
        yield Pair("post", users, *_pair(self.business.people[0].username), {**person, "username": "KEY"})
        yield Pair("post", users, *_pair(self._row(User).email), {**person, "email": "KEY@example.com"})
        yield Pair("post", restrictions, *self.key_pair(UserGroup), {"group": "KEY", "right": Right.RUN_REPORTS.value})
        yield Pair(
            "post", f"{self.place}mcp/usergroup/add/", *self._names(UserGroup), {"name": "KEY", "description": ""}
        )
        yield from self._matrix()
        name = self.business.locations[-1].name
        yield Pair("post", f"{self.place}locations/location/add/", *_pair(name), {"name": "KEY", "client_number": "88"})

    def _matrix(self) -> Iterator[Pair]:
        """Cells of foreign locations in the matrix of an own group."""
        for group in self.ground.keys(UserGroup, own=True):
            rights, cell = f"{self.place}mcp/usergroup/{group}/rights/", f"{Right.VIEW_CUSTOMERS}@KEY"
            pair = self.key_pair(Location)
            yield Pair("post", rights, *pair, {"row": "KEY:0", "cell": cell})
            yield Pair("post", f"{rights}confirm/", *pair, {"give": cell, "seen": "x"})
            yield Pair("post", f"{rights}confirm/", *pair, {"take": cell, "seen": "x"})

    def _files(self) -> Iterator[Pair]:
        """Files about customers, groups and tags that only the others have."""
        customer, page = self._in_numbers(), f"{self.place}{LIST}import/"
        for heading, pair in (
            ("Kundennummer", _pair(str(customer.customer_number))),
            ("Kundengruppe", self._names(CustomerGroup)),
            ("E-Mail", _pair(customer.email)),
        ):
            yield Pair("post", page, *pair, {"file": f"Nachname;{heading}\nNeu;KEY\n".encode()})

    def _names(self, model: Any) -> tuple[str, str]:
        return _pair(self._row(model).name)

    def _in_numbers(self) -> Any:
        """The customer whose canaries are numbers: each of his fields is one that is taken as it stands."""
        return self.business.rows["customers.Customer"][2]

    def _row(self, model: Any) -> Any:
        return self.business.rows[model._meta.label][0]


_STATEMENT = {"purpose": "newsletter", "is_given": "yes", "at": "2026-01-05T10:00", "source": "form"}
_GROUP = {"name": "KEY", "discount": "0", "price_level": ""}


def logins(ground: Ground) -> Iterator[Pair]:
    """Names that exist, with a wrong password, against names that do not; with each kind of account number."""
    for business in [*ground.foreign, *ground.own]:
        accounts = ("", str(business.account), str(business.account + 77), "10400", "x")
        for person in business.people:
            for account in accounts:
                data = {"username": "KEY", "password": "Falsch-Geraten-2026", "account_number": account}
                yield Pair("post", "/login/", *_pair(person.username), data)
        data = {"username": business.people[0].username, "password": "Falsch-Geraten-2026", "account_number": "KEY"}
        yield Pair("post", "/login/", str(business.account), str(business.account + 77), data)
        for page in ("", f"2/{LIST}", "2/no/such/page/"):
            yield Pair("get", f"/login/?next=/KEY/{page}", str(business.account), str(business.account + 77))


def _models(pattern: Pattern) -> list[Any]:
    """The models that an address with an argument is about; all where it names none."""
    if not pattern.arguments:
        return []
    if ("uuid", "pk") in pattern.arguments:
        kinds = {"export/files/": CustomerExport, "bulk/": BulkChange, "version/": CustomerEvent}
        return [next((model for part, model in kinds.items() if part in pattern.route), ImportUpload)]
    if "filters/" in pattern.route:
        return [SavedFilter]
    return [model for model in MODELS if f"/{model._meta.model_name}/" in f"/{pattern.route}"] or list(MODELS)


def _nobodys(text: str) -> str:
    """As long, of the same kind, and of nobody: no canary has capitals, which the country of an IBAN keeps."""
    return "".join("8" if letter.isdigit() else "y" if letter.islower() else letter for letter in text)


def _pair(text: str) -> tuple[str, str]:
    return text, _nobodys(text)
