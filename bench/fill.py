"""The data of the bench: the same customers in a base of a million and in one of ten thousand, and a large group.

Everything is made by the database in a few statements, with all its constraints and history triggers on. The index of
the search is built over the rows when they are there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from customers.models import CustomerGroup
from locations.choices import OrganizationKind
from locations.models import Location, Organization
from locations.operations import Place
from locations.permissions import Right
from mcp.central.operations import open_business
from mcp.choices import ProviderRole
from mcp.models import User

BIG, SMALL, WIDE = 70100, 70200, 70300
"""Account numbers: many customers, few customers, many locations."""
CHUNK = 100_000
SEARCH_INDEX = "customer_search"
FIRST_BRANCH_NUMBER = 5_000_000

# Three customers of each base bear one rare name and ten thousand a more frequent one; the rest are spread. One in a
# hundred is in a customer group.
CUSTOMERS = """
    INSERT INTO customers_customer (
        organization_id, base_id, home_location_id, customer_number, salutation, title, first_name,
        last_name, alias, birthday, company, vat_id, street, address_extra, po_box, postal_code, city, country,
        phone_private, phone_business, mobile, fax, email, website, language, customer_group_id, payment_method, iban,
        bic, bank, loss_reason, tags, is_favourite, is_blocked, blocked_reason, memo, archived_reason
    )
    SELECT %(organization)s, %(base)s, %(location)s, n, '', '',
        (ARRAY['Anna','Björn','Claudia','Dieter','Eva','Fritz','Günther','Hannah','Ayşe','Søren'])[1 + n %% 10],
        CASE WHEN n <= 3 THEN 'Zyxwerth' WHEN n <= 10003 THEN 'Marderkamp' ELSE
            (ARRAY['Müller','Schmidt','Schneider','Fischer','Weber','Meyer','Wagner','Becker','Schulz','Hoffmann'])
            [1 + (n / 10) %% 10] || (ARRAY['','-Koch','-Bauer','-Richter','-Klein'])[1 + (n / 100) %% 5] END,
        '', DATE '1940-01-01' + n %% 24000, CASE WHEN n %% 5 = 0 THEN 'Firma ' || n ELSE '' END, '',
        'Hauptstraße ' || n %% 240, '', '', lpad((n %% 99999)::text, 5, '0'),
        (ARRAY['Hamburg','Berlin','München','Köln','Dresden','Bremen','Lübeck','Kiel'])[1 + n %% 8], 'DE',
        '+4940' || 1000000 + n, '', CASE WHEN n %% 3 = 0 THEN '' ELSE '+49171' || 3000000 + n END, '',
        'kunde.' || n || '@example.com', '', 'de', CASE WHEN n %% 100 = 0 THEN %(group)s::bigint END,
        '', '', '', '', '', '{}', n %% 50 = 0, n %% 97 = 0,
        '', '', ''
    FROM generate_series(%(first)s, %(last)s) AS n
"""

# Every other customer was known in another system before.
_FORMER_NUMBERS = """
    INSERT INTO customers_formernumber (base_id, customer_id, number, source, origin)
    SELECT base_id, id, 'A-' || 2000000 + customer_number, 'import', 'Kasse' FROM customers_customer
    WHERE base_id = %(base)s AND customer_number BETWEEN %(first)s AND %(last)s AND customer_number %% 2 = 0
"""
_LOCATIONS = """
    INSERT INTO locations_location (organization_id, kind, client_number, name, street, postal_code, city, base_id,
        number_range, is_franchise)
    SELECT %(organization)s, 'branch', n, 'Filiale ' || n, '', '', 'Ort ' || n %% 500, %(base)s,
        int4range(%(first)s + (n - 2) * 400, %(first)s + (n - 1) * 400), false
    FROM generate_series(2, %(last)s) AS n
"""
_USERS = """
    INSERT INTO mcp_user (organization_id, username, password, first_name, last_name, email, language, is_active,
        provider_role)
    SELECT %(organization)s, 'user' || n, %(password)s, 'Vorname', 'Name ' || n, '', 'de', true, ''
    FROM generate_series(1, %(users)s) AS n
"""
_GROUPS = """
    INSERT INTO mcp_usergroup (organization_id, name, description)
    SELECT %(organization)s, 'Gruppe ' || n, '' FROM generate_series(1, %(groups)s) AS n
"""
_MEMBERSHIPS = """
    INSERT INTO mcp_membership (organization_id, user_id, group_id)
    SELECT %(organization)s, u.id, g.id
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM mcp_user
          WHERE organization_id = %(organization)s) AS u
    JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM mcp_usergroup
          WHERE organization_id = %(organization)s AND name LIKE 'Gruppe%%') AS g
      ON g.n IN (1 + u.n %% %(groups)s, 1 + (u.n * 7) %% %(groups)s, 1 + (u.n * 13) %% %(groups)s)
    ON CONFLICT DO NOTHING
"""
_GRANTS = """
    INSERT INTO mcp_locationgrant (organization_id, group_id, content_object_id, permission_id)
    SELECT %(organization)s, g.id, l.id, p.id
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM mcp_usergroup
          WHERE organization_id = %(organization)s AND name LIKE 'Gruppe%%') AS g
    JOIN (SELECT id, client_number AS n FROM locations_location
          WHERE organization_id = %(organization)s) AS l ON l.n %% 200 = g.n %% 200
    JOIN auth_permission AS p ON p.codename = ANY(%(rights)s)
    JOIN django_content_type AS t ON t.id = p.content_type_id AND (t.app_label, t.model) = ('locations', 'location')
    WHERE g.n BETWEEN %(first_group)s AND %(last_group)s
"""
GROUPS_AT_ONCE = 250


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much there is to be."""

    customers: int = 1_000_000
    small: int = 10_000
    locations: int = 10_000
    users: int = 20_000
    groups: int = 2_000


def fill(size: Size) -> float:
    """Bring the empty database to this size. Returns the seconds that the customers of the large base took."""
    support = User(username="bench-support", provider_role=ProviderRole.SUPPORT)
    support.set_password("bench")
    support.save()
    big, small, wide = (_business(number, support) for number in (BIG, SMALL, WIDE))
    started = time.perf_counter()
    with without_search_index():
        fill_customers(big.locations.get(), size.customers)
    seconds = time.perf_counter() - started
    fill_customers(small.locations.get(), size.small)
    _wide(wide, size)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return seconds


def _business(account_number: int, support: User) -> Organization:
    return open_business(
        account_number=account_number,
        name=f"Bench {account_number}",
        kind=OrganizationKind.CENTRAL_GROUP,
        place=Place(name="Zentrale"),
        administrator=User(username=f"head{account_number}", first_name="Bench", last_name="Head"),
        support=support,
    )


def fill_customers(location: Location, count: int) -> None:
    """So many customers in the base of a location, which all are registered there."""
    group = CustomerGroup.objects.create(base_id=location.base_id, name="Stammtisch")
    for first in range(1, count + 1, CHUNK):
        with transaction.atomic(), connection.cursor() as cursor:
            values = {
                "organization": location.organization_id,
                "base": location.base_id,
                "location": location.pk,
                "group": group.pk,
                "first": first,
                "last": min(first + CHUNK - 1, count),
            }
            cursor.execute(CUSTOMERS, values)
            cursor.execute(_FORMER_NUMBERS, values)
        if first == 1:
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")


@contextmanager
def without_search_index() -> Iterator[None]:
    """The index is built at once over all rows, which takes a fifth of the time."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [SEARCH_INDEX])
        [(definition,)] = cursor.fetchall()
        cursor.execute(f"DROP INDEX {SEARCH_INDEX}")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '1GB'")
        cursor.execute(definition)
        cursor.execute("RESET maintenance_work_mem")


def _wide(organization: Organization, size: Size) -> None:
    values: dict[str, Any] = {
        "organization": organization.pk,
        "base": organization.locations.get().base_id,
        "first": FIRST_BRANCH_NUMBER,
        "last": size.locations,
        "users": size.users,
        "groups": size.groups,
        "password": make_password("bench"),
        "rights": [Right.VIEW_CUSTOMERS.value, Right.ADD_CUSTOMERS.value, Right.CHANGE_CUSTOMERS.value],
    }
    for statement in (_LOCATIONS, _USERS, _GROUPS, _MEMBERSHIPS):
        _put(statement, values)
    for first in (1, *range(2, size.groups + 1, GROUPS_AT_ONCE)):
        last = 1 if first == 1 else min(first + GROUPS_AT_ONCE - 1, size.groups)
        _put(_GRANTS, {**values, "first_group": first, "last_group": last})


def _put(statement: str, values: dict[str, Any]) -> None:
    """Execute one statement in a transaction of its own, and gather statistics of what it has filled.

    The triggers and foreign keys of the next statement are planned by these statistics. With plans that were made for
    empty tables each of its rows would be looked up by reading a whole table.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
