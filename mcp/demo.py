"""The demo, which is also the cast of the tests: three businesses and the people who work there.

It is made by the same operations that people use, so it cannot hold anything that the product does not allow.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from locations.choices import OrganizationKind
from locations.models import Location, Organization
from locations.operations import Place
from locations.permissions import Right
from mcp.central import operations
from mcp.choices import ProviderRole
from mcp.isolation import grants
from mcp.isolation.scope import Scope
from mcp.models import Membership, User, UserGroup

PASSWORD = "Stammhaus-Demo-2026"  # noqa: S105 - printed at every start: a demo, and only the demo, is open to all
SYSTEM = "Demo"

COUNTER = (
    Right.VIEW_CUSTOMERS,
    Right.SEE_CONTACT_DATA,
    Right.SEE_MEMOS,
    Right.ADD_CUSTOMERS,
    Right.CHANGE_CUSTOMERS,
    Right.RUN_REPORTS,
    Right.SEE_ACCOUNTS,
    Right.POST_TO_ACCOUNTS,
    Right.TOP_UP_CREDIT,
    Right.RECEIVE_PAYMENTS,
)
BRANCH_OFFICE = (
    *COUNTER,
    Right.SEE_BANK_DATA,
    Right.ARCHIVE_CUSTOMERS,
    Right.IMPORT_CUSTOMERS,
    Right.EXPORT_CUSTOMERS,
    Right.SEE_HISTORY,
    Right.MANAGE_LOCATION,
    Right.MANAGE_USERS,
    Right.PAY_OUT_CREDIT,
    Right.CORRECT_ACCOUNTS,
    Right.MANAGE_ACCOUNT_TERMS,
)


@dataclass(frozen=True)
class Person:
    """One of the people, and what the list of demo logins says about him."""

    username: str
    first_name: str
    last_name: str
    about: str


CAST = (
    Person("anna", "Anna", "Andresen", "Zentrale Nordlicht: alle Rechte an allen Standorten"),
    Person("bodo", "Bodo", "Brandt", "Hamburg und Bremen: Kunden ansehen, anlegen, ändern"),
    Person("carla", "Carla", "Clasen", "Bremen: Kunden nur ansehen"),
    Person("dirk", "Dirk", "Dehn", "Lübeck, Kundenstamm 1.0"),
    Person("frida", "Frida", "Friis", "Franchisenehmerin in Flensburg"),
    Person("sven", "Sven", "Sommer", "Zentrale Südstern: sieht nichts von Nordlicht"),
    Person("ines", "Ines", "Ihle", "Café Einzeln, Dresden"),
    Person("rita", "Rita", "Richter", "Support des Anbieters"),
    Person("dev", "Deniz", "Vogt", "Entwicklung des Anbieters"),
)


@transaction.atomic
def build_cast() -> None:
    """Create the businesses, locations, groups and people of the demo. The database must hold none of them."""
    rita = _provider("rita", ProviderRole.SUPPORT)
    _provider("dev", ProviderRole.DEVELOPER)
    _nordlicht(rita)
    _suedstern(rita)
    operations.open_business(
        account_number=30100,
        name="Café Einzeln",
        kind=OrganizationKind.INDEPENDENT,
        place=Place(name="Dresden", city="Dresden", postal_code="01067", street="Neumarkt 3"),
        administrator=_person("ines"),
        password=PASSWORD,
        support=rita,
    )


def _nordlicht(rita: User) -> None:
    group = operations.open_business(
        account_number=10400,
        name="Nordlicht Bäckereien",
        kind=OrganizationKind.CENTRAL_GROUP,
        place=Place(name="Zentrale", city="Hamburg", postal_code="20095", street="Speersort 1"),
        administrator=_person("anna"),
        password=PASSWORD,
        support=rita,
    )
    _branch(group, Place(name="Hamburg", client_number=2, city="Hamburg", postal_code="20095"))
    _branch(group, Place(name="Bremen", client_number=3, city="Bremen", postal_code="28195"))
    luebeck = _branch(group, Place(name="Lübeck", client_number=4, city="Lübeck", postal_code="23552"), offline=True)
    _branch(
        group,
        Place(name="Kiel", client_number=5, branch_number=4, city="Kiel", postal_code="24103"),
        offline=True,
    )
    flensburg = _branch(
        group,
        Place(name="Flensburg", client_number=6, city="Flensburg", postal_code="24937", is_franchise=True),
    )
    _staff(group, "Theke Hamburg und Bremen", ("Hamburg", "Bremen"), COUNTER, "bodo")
    _staff(group, "Auskunft Bremen", ("Bremen",), (Right.VIEW_CUSTOMERS,), "carla", at="Bremen")
    _staff(group, "Lübeck", ("Lübeck",), COUNTER, "dirk", at="Lübeck")
    _franchisee(group, flensburg)
    assert luebeck.base.is_discontinued  # noqa: S101 - the demo shows a base 1.0 here


def _suedstern(rita: User) -> None:
    group = operations.open_business(
        account_number=20800,
        name="Südstern Kantinen",
        kind=OrganizationKind.CENTRAL_GROUP,
        place=Place(name="Zentrale", city="München", postal_code="80331"),
        administrator=_person("sven"),
        password=PASSWORD,
        support=rita,
    )
    _branch(group, Place(name="München", client_number=2, city="München", postal_code="80331"))
    _branch(group, Place(name="Nürnberg", client_number=3, city="Nürnberg", postal_code="90402"))


def _franchisee(group: Organization, flensburg: Location) -> None:
    """Frida manages her own people, so the user group belongs to her location."""
    frida = _employ(group, "frida", flensburg)
    own = UserGroup.objects.create(organization=group, name="Team Flensburg", owner=flensburg)
    grants.add_grants(own, [(right, flensburg.pk) for right in BRANCH_OFFICE])
    Membership.objects.create(organization=group, user=frida, group=own)


def _staff(
    group: Organization,
    name: str,
    places: tuple[str, ...],
    rights: tuple[Right, ...],
    username: str,
    at: str = "",
) -> None:
    system = _system(group)
    user_group = operations.create_user_group(name=name, actor=system)
    locations = Location.objects.of_organization(group).filter(name__in=places)
    grants.add_grants(user_group, [(right, place.pk) for right in rights for place in locations])
    home = Location.objects.of_organization(group).get(name=at) if at else None
    user = _employ(group, username, home)
    operations.set_memberships(user=user, groups=[user_group], actor=system)


def _branch(group: Organization, place: Place, *, offline: bool = False) -> Location:
    return operations.open_branch(place=place, offline=offline, actor=_system(group))


def _employ(group: Organization, username: str, location: Location | None) -> User:
    user = _person(username)
    user.location = location
    return operations.create_user(user=user, password=PASSWORD, actor=_system(group))


def _system(group: Organization) -> Scope:
    central = Location.objects.select_related("organization", "base").get(organization=group, client_number=1)
    return Scope.of_system(central, name=SYSTEM)


def _provider(username: str, role: ProviderRole) -> User:
    user = _person(username)
    user.provider_role = role
    user.set_password(PASSWORD)
    user.save()
    return user


def _person(username: str) -> User:
    person = next(person for person in CAST if person.username == username)
    return User(
        username=person.username,
        first_name=person.first_name,
        last_name=person.last_name,
        email=f"{person.username}@example.com",
    )
