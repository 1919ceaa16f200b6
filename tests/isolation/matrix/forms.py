"""What a valid form holds, for whoever asks where about which row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from customers.imports import lifecycle
from customers.models import Customer, ImportUpload, Tag
from locations.choices import LegacyRule
from locations.models import Location
from locations.permissions import Right
from mcp.central import operations
from mcp.central.operations.restricting import restricted_here
from mcp.demo import PASSWORD
from mcp.isolation import access
from mcp.models import Device, User, UserGroup
from tests.isolation.matrix.rows import FILE, SIMILAR_ROW, WITHOUT_RIGHTS
from tests.isolation.matrix.world import Place, Role, World

NEW_PASSWORD = "Sauerteig-und-Butter-7"


@dataclass(frozen=True)
class Asked:
    """Who asks where, and for which row."""

    world: World
    role: Role
    place: Place
    row: Any


type Body = Callable[[Asked], Mapping[str, Any]]
type Status = int | Callable[[Asked], int]


def customer(asked: Asked) -> dict[str, Any]:
    seen = Customer.objects.filter(pk=asked.row).values_list("changed_at", flat=True).first()
    return {"last_name": "Geändert", "seen_at": seen.isoformat() if seen else ""}


def erasing(asked: Asked) -> dict[str, Any]:
    number = Customer.objects.filter(pk=asked.row).values_list("customer_number", flat=True).first()
    return {"reason": "Wunsch", "number": str(number or 1)}


def accounts_on_their_own(asked: Asked) -> dict[str, Any]:
    """At the central for one of its branches, elsewhere for the location itself; the franchise has them already."""
    place = asked.world.places.get(asked.place)
    branches = Location.objects.branches().open()
    if place is not None:
        of_base = branches.on_base(place.base)
        branches = of_base if place.is_central else of_base.filter(pk=place.pk)
    location = branches.order_by("pk").values_list("pk", flat=True).first()
    mode = "central" if place is not None and place.is_franchise else "own"
    return {"step": "ask", "location": str(location or 1), "mode": mode, "why": "Eigene Buchhaltung"}


def joining(asked: Asked) -> dict[str, Any]:
    """Another customer of the place becomes a member."""
    location = asked.world.places.get(asked.place)
    others = Customer.objects.filter(base=location.base_id if location else None, archived_at=None)
    other = others.exclude(pk=asked.row).order_by("pk").values_list("pk", flat=True).first()
    details = {"kind": "company", "invoice_to": "person", "valid_from": timezone.localdate().isoformat()}
    return {"step": "join", "way": "company", "other": str(other or 1), **details}


def ticked(action: str) -> Body:
    return lambda asked: {"action": action, "_selected_action": "1", "index": "0"}


def file(asked: Asked) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("kunden.csv", FILE)}


def confirmed(asked: Asked) -> dict[str, Any]:
    upload = ImportUpload.objects.filter(pk=asked.row).first()
    return {"step": "confirm", "fingerprint": lifecycle.fingerprint(upload) if upload else ""}


def decided(asked: Asked) -> dict[str, Any]:
    return {"step": "decide", f"decision-{SIMILAR_ROW}": "leave"}


def decisions(asked: Asked) -> dict[str, Any]:
    content = f"Zeile;Entscheidung\n{SIMILAR_ROW};auslassen\n".encode()
    return {"file": SimpleUploadedFile("entschieden.csv", content)}


def booking(asked: Asked) -> dict[str, Any]:
    return {"amount": "1", "business_day": timezone.localdate().isoformat(), "key": "hand"}


def correction(asked: Asked) -> dict[str, Any]:
    return {"about": "owed-less", "amount": "1", "reason": "Verzählt", "key": "hand"}


def balances(asked: Asked) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("salden.csv", b"Nummer;Offen\n9999999;1")}


def download(asked: Asked) -> dict[str, Any]:
    return {"format": "excel-de", "first": "2026-01-01", "last": "2026-01-31"}


def step(name: str) -> Body:
    return lambda asked: {"step": name}


def person(asked: Asked) -> dict[str, Any]:
    """Of whom is changed the address stays: the provider's people may not change it."""
    email = User.objects.filter(pk=asked.row).values_list("email", flat=True).first() or ""
    return {"username": "neue-kollegin", "email": email, "language": "de", "is_active": "on"}


def passwords(asked: Asked) -> dict[str, Any]:
    return {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}


def own_password(asked: Asked) -> dict[str, Any]:
    return {"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}


def location(asked: Asked) -> dict[str, Any]:
    location = Location.objects.filter(pk=asked.row).first() or asked.world.places[(10400, 3)]
    names = ["street", "postal_code", "client_number", "branch_number", "first_number", "last_number"]
    flags = {"is_franchise": "on"} if location.is_franchise else {}
    return {"name": "Neuer Name", "city": "Husum", **{name: getattr(location, name) for name in names}, **flags}


def new_location(asked: Asked) -> dict[str, Any]:
    return {"name": "Husum", "street": "Hafen 1", "postal_code": "25813", "city": "Husum", "client_number": "42"}


def webhook(asked: Asked) -> dict[str, Any]:
    """Of a till there whose group may do nothing."""
    location = asked.world.places.get(asked.place)
    known = Device.objects.filter(location=location, group__name=WITHOUT_RIGHTS).first() if location else None
    return {"device": known.pk if known else "", "url": "https://shop.example.com/stammhaus"}


def device(asked: Asked) -> dict[str, Any]:
    """With a user group that may do nothing: a device gets no right that whoever sets it up lacks."""
    account = asked.place[0] if asked.place in asked.world.places else 10400
    group = UserGroup.objects.filter(organization__account_number=account, name=WITHOUT_RIGHTS).first()
    return {"kind": "till", "name": "Neue Kasse", "group": group.pk if group else ""}


def matrix(asked: Asked) -> dict[str, Any]:
    """Takes from the group what it holds: the cell of its one row is no longer ticked."""
    place = asked.world.places.get(asked.place)
    return {"row": f"{place.pk}:1"} if place else {}


def matrix_confirmed(asked: Asked) -> dict[str, Any]:
    group, place = UserGroup.objects.filter(pk=asked.row).first(), asked.world.places.get(asked.place)
    if group is None or place is None or group.organization_id != place.organization_id:
        return {}
    taken = {(Right.VIEW_CUSTOMERS, place.pk)}
    wanted = access.grants_of(group) - taken
    change = operations.preview_grants(group=group, wanted=wanted, actor=asked.world.system[asked.place])
    return {"take": f"{Right.VIEW_CUSTOMERS}@{place.pk}", "seen": change.fingerprint}


def restrictions(asked: Asked) -> dict[str, Any]:
    """A group of the central is restricted in one right more."""
    group = UserGroup.objects.get(name="Auskunft Bremen").pk
    return {"row": f"{group}:0", "cell": f"{Right.IMPORT_CUSTOMERS}@{group}"}


def restrictions_confirmed(asked: Asked) -> dict[str, Any]:
    group, place = UserGroup.objects.get(name="Auskunft Bremen").pk, asked.world.places.get(asked.place)
    if place is None or not place.is_franchise:
        return {}
    frida = asked.world.system[asked.place]
    wanted = restricted_here(frida) | {(Right.IMPORT_CUSTOMERS, group)}
    change = operations.preview_restrictions(wanted=wanted, actor=frida)
    return {"give": f"{Right.IMPORT_CUSTOMERS}@{group}", "seen": change.fingerprint}


def business(asked: Asked) -> dict[str, Any]:
    business = {"account_number": "40200", "name": "Neue Bäcker", "kind": "central_group", "place_name": "Zentrale"}
    return {**business, "username": "neu"}


def switched(asked: Asked) -> dict[str, Any]:
    return {"rule": LegacyRule.NEW_LOCATIONS, "wanted": "lifted", "reason": "Auf Wunsch"}


def wish(asked: Asked) -> dict[str, Any]:
    """What any kind of bulk change asks for: of what is not its own it takes no notice."""
    place = asked.world.places.get(asked.place)
    tag = Tag.objects.filter(base=place.base).first() if place else None
    return {"group": "none", "tag": tag.pk if tag else "", "reason": "Verzogen"}


def older(asked: Asked) -> dict[str, Any]:
    seen = Customer.objects.filter(history__pgh_id=asked.row).values_list("changed_at", flat=True).first()
    return {"seen_at": seen.isoformat() if seen else timezone.now().isoformat()}


def statement(asked: Asked) -> dict[str, Any]:
    return {"purpose": "newsletter", "is_given": "yes", "at": "2026-01-05T10:00", "source": "form"}


def named(name: str, **more: str) -> Body:
    return lambda asked: {"name": name, **more}


_NUMBERS = count(1)


def bank_account(asked: Asked) -> dict[str, Any]:
    return {"iban": f"DE{next(_NUMBERS):020}", "name": "Hausbank"}


def left_out(asked: Asked) -> dict[str, Any]:
    return {"step": "ignore", "note": "Gebühr"}


def mandate(asked: Asked) -> dict[str, Any]:
    return {
        "holder": "Jansen", "iban": "DE89 3704 0044 0532 0130 00", "signed_on": "2026-01-02", "evidence": "Auf Papier",
        "scheme": "CORE", "is_recurrent": "on", "notice_days": "14",
    }  # fmt: skip
