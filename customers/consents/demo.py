"""What the customers of the demo have agreed to, so that every case can be seen; above all at Flensburg.

Made by the operation that people use, each statement with the date at which it was made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from customers.choices import TRANSFER, TRANSFER_ANY, ConsentSource
from customers.consents.operations import record_consent, save_purpose
from customers.models import ConsentPurpose, Customer
from mcp.isolation.scope import Scope

RECEIVER, ANOTHER_RECEIVER = 40200, 50300
"""Businesses that the demo does not have yet: under the first, Flensburg is about to stand alone."""
VERSION, FORMER_VERSION = "2026-1", "2024-2"
WORDINGS = {
    TRANSFER: (
        "Ich bin einverstanden, dass {business} meine Kundendaten an den Betrieb weitergibt, der diesen Standort "
        "übernimmt oder künftig selbständig führt, damit ich dort weiter als Kunde geführt werde. Ich kann die "
        "Einwilligung jederzeit widerrufen."
    ),
    TRANSFER_ANY: (
        "Ich bin einverstanden, dass {business} meine Kundendaten weitergibt, gleich welcher Standort künftig von "
        "einem anderen Betrieb geführt wird. Ich kann die Einwilligung jederzeit widerrufen."
    ),
    "newsletter": ("Ich möchte den Newsletter von {business} per E-Mail erhalten und kann ihn jederzeit abbestellen."),
    "birthday": "{business} darf mir zu meinem Geburtstag gratulieren, per Post oder E-Mail.",
    "profiling": (
        "{business} darf auswerten, was ich einkaufe, um mir passende Angebote zu machen. Ich kann der Auswertung "
        "jederzeit widersprechen."
    ),
}
FORM, TILL, WEB, SPOKEN = ConsentSource.FORM, ConsentSource.TILL, ConsentSource.WEB, ConsentSource.SPOKEN


@dataclass(frozen=True)
class Statement:
    """What is said, and how many days before the demo is made."""

    purpose: str
    is_given: bool
    days: int
    source: ConsentSource
    receiver: int | None = None


YES = Statement(TRANSFER, True, 210, FORM)
NO = Statement(TRANSFER, False, 40, SPOKEN)
TRANSFERS: tuple[tuple[Statement, ...], ...] = (
    (YES,),
    (YES,),
    (Statement(TRANSFER, True, 90, FORM, RECEIVER),),
    (YES, NO),
    (),
    (YES, NO, Statement(TRANSFER, True, 12, TILL)),
    (Statement(TRANSFER, True, 60, WEB, ANOTHER_RECEIVER),),
    (YES, Statement(TRANSFER, False, 25, SPOKEN, RECEIVER)),
    (Statement(TRANSFER, True, 400, WEB),),
    (),
    (NO,),
)
OTHERS: tuple[tuple[Statement, ...], ...] = (
    (Statement("newsletter", True, 300, WEB), Statement("birthday", True, 300, WEB)),
    (),
    (Statement("birthday", True, 150, TILL),),
    (Statement("newsletter", True, 500, FORM), Statement("newsletter", False, 80, WEB)),
    (Statement("profiling", True, 120, WEB), Statement("newsletter", True, 120, WEB)),
    (),
    (Statement("profiling", False, 30, SPOKEN),),
    (Statement(TRANSFER_ANY, True, 95, FORM),),
)
"""Customer by customer in turn; of different lengths, so that every case of one meets every case of the other."""


def word_purposes(manager: Scope) -> None:
    """Give the purposes of the business their wordings, where they have none."""
    for purpose in ConsentPurpose.objects.of_organization(manager.organization).filter(wording=""):
        purpose.wording = WORDINGS[purpose.code].format(business=manager.organization)
        purpose.wording_version = VERSION
        purpose.is_active = True
        save_purpose(purpose=purpose, actor=manager)


def record_consents(customers: list[Customer], *, now: datetime, actor: Scope) -> None:
    """Record the statements of the demo, those of one case together. None of them lies in the future."""
    now = min(now, timezone.now())
    cases: dict[Statement, list[int]] = {}
    for index, customer in enumerate(customers):
        for statement in _said(index):
            cases.setdefault(statement, []).append(customer.pk)
    for statement, ids in cases.items():
        version = FORMER_VERSION if statement.days > 365 else VERSION
        record_consent(
            customers=ids,
            purpose=statement.purpose,
            is_given=statement.is_given,
            at=now - timedelta(days=statement.days),
            source=statement.source,
            wording_version=version if statement.is_given else "",
            receiver=statement.receiver,
            evidence="Ordner Einwilligungen" if statement.source == FORM else "",
            actor=actor,
        )


def _said(index: int) -> Iterator[Statement]:
    yield from TRANSFERS[index % len(TRANSFERS)]
    yield from OTHERS[index % len(OTHERS)]
