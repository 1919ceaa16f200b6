"""Rows of two businesses in every table under row security."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pghistory
from django.db import connection, models
from django.utils import timezone

from accounting.choices import SaleMethod
from accounting.debits.mandates import add_mandate
from accounting.invoicing import set_billing_terms, set_issuer
from accounting.invoicing.making import keep_documents
from accounting.letter_choices import LetterSource
from accounting.mailing.queueing import queue_letters
from accounting.models import BankFile, BankFileChunk, BranchOrder, DebitFile, InvoiceRun, ToldTerms
from accounting.opening_balances import check_balances
from accounting.operations import Line, ask_accounting_switch, post_order, post_sale, receive_payment, set_terms
from accounting.operations.disputing import dispute_invoice, end_dispute
from accounting.payments import Share, book_entry
from api.models import KeptAnswer
from api.webhooks import create_webhook
from clearing.choices import CycleState, PartKind
from clearing.models import (
    Alarm,
    AlarmRecipient,
    BulkDecision,
    Conflict,
    Cycle,
    CyclePart,
    HeldBack,
    Node,
    OwnNode,
    PairingCode,
)
from customers.cards.operations import assign_card
from customers.choices import BulkKind, ConsentSource, Decision, DisclosureKind, Verdict
from customers.disclosures import record
from customers.erasure.erasing import erase_customer
from customers.exports import files
from customers.memberships.operations import Details, join_customer
from customers.models import (
    BulkChange,
    ConsentRelease,
    Customer,
    CustomerGroup,
    CustomerRevision,
    HeadingChoice,
    ImportChunk,
    ImportConsent,
    ImportDecision,
    ImportProgress,
    ImportUpload,
    ImportVerdict,
    RevisionCounter,
    SavedFilter,
    Tag,
)
from customers.numbers import take_number
from customers.operations import change_customer, register_customer, save_customer_group, save_tag
from files import lifecycle as lifecycle_of_files
from locations.choices import BaseKind, LegacyRule
from locations.models import CustomerBase, LegacySwitch
from locations.permissions import Right
from mcp.central import operations
from mcp.choices import DeviceKind, MailKind
from mcp.isolation import row_scope
from mcp.isolation.scope import Scope
from mcp.machines.operations import create_device
from mcp.models import DevicePace, LoginAttempt, Mail, PasswordLink, Restriction, User
from privacy.models import PersonFile, PersonFileChunk, PersonFileDownload
from tests.accounting import debits
from tests.accounting.bank_files import entries_of, paid, statement
from tests.accounting.invoices import issued, issuer
from tests.accounting.mandates import signature
from tests.accounting.reminders import later_run
from tests.conftest import Cast, forget_author
from tests.customers.people import purpose, says
from tests.customers.transfer import kept_export
from transitions.models import (
    Arrival,
    BaseSwitch,
    IncomingChunk,
    IncomingFile,
    JoiningWord,
    Package,
    PackageChunk,
    PackageDownload,
    ReviewPage,
    SwitchedCustomer,
    SwitchStep,
    Transition,
    TransitionCustomer,
    TransitionKey,
    TransitionStep,
    WithdrawalList,
)

ACCOUNTS = {10400: "anna", 20800: "sven"}


def fill_every_table(cast: Cast) -> dict[int, Scope]:
    """At least one row of both businesses in each table; the scopes of their centrals."""
    scopes = {account: cast.scope(user, "Zentrale", account) for account, user in ACCOUNTS.items()}
    for scope in scopes.values():
        with pghistory.context(**scope.history()):
            _customers(scope)
            _rights(scope)
            _transitions(scope)
            _person_file(scope)
            _reconciliation(scope)
            _accounts(scope)
            _invoices(scope)
            # Each table is changed once more, so that its history has an entry even where the cast came before it.
            rows: list[Any] = [scope.organization, scope.base, scope.location, scope.user]
            for row in rows:
                type(row)._base_manager.filter(pk=row.pk).update(**_something_new(row))
        forget_author()
    return scopes


def _customers(scope: Scope) -> None:
    group = save_customer_group(group=CustomerGroup(name="Stamm"), actor=scope)
    save_tag(tag=Tag(name="Stamm"), actor=scope)
    customer = register_customer(
        customer=Customer(last_name=f"Gast {scope.organization}", customer_group=group), actor=scope
    )
    customer.memo, customer.former_numbers = "geändert", [f"K-{scope.organization}"]
    change_customer(customer=customer, actor=scope)
    take_number(scope.location)
    assign_card(customer=customer.pk, number="4711", actor=scope)
    firm = register_customer(customer=Customer(company="Firma"), actor=scope)
    details = Details(valid_from=timezone.localdate(), role="Koch")
    join_customer(member=customer.pk, of=firm.pk, details=details, actor=scope)
    purpose(scope, "stammtisch", wording="Ich komme gern wieder.")
    says(scope, customer, "stammtisch", True)
    KeptAnswer.objects.create(
        base=scope.base, device_id=uuid4(), key=f"probe-{scope.organization}", fingerprint="0" * 64, status=201,
        body="{}", rights=[], customers=[customer.pk],
    )  # fmt: skip
    _erased(scope)
    _files(scope)


def _erased(scope: Scope) -> None:
    """Somebody is gone for good, and somebody was handed over."""
    gone = register_customer(customer=Customer(last_name="Weg"), actor=scope)
    erase_customer(customer=gone.pk, reason="Probe", actor=scope)
    record(kind=DisclosureKind.EXPORT, numbers=[(0, "{[1,2)}")], total=1, source=uuid4(), receiver_name="x",
           actor=scope)  # fmt: skip


def _files(scope: Scope) -> None:
    place = {"organization": scope.organization, "base": scope.base, "location": scope.location, "user": scope.user}
    upload = ImportUpload.objects.create(**place, name=f"{scope.organization}.csv")
    ImportChunk.objects.create(base=scope.base, file=upload, position=0, content=b"x")
    ImportProgress.objects.create(base=scope.base, file=upload)
    ImportVerdict.objects.create(base=scope.base, file=upload, row_number=2, verdict=Verdict.REJECTED)
    ImportDecision.objects.create(base=scope.base, file=upload, row_number=3, decision=Decision.NEW)
    ImportConsent.objects.create(
        base=scope.base, file=upload, customer_number=1, purpose="stammtisch", is_given=True, at=upload.created_at,
        source=ConsentSource.IMPORT, recorded_by="Probe",
    )  # fmt: skip
    ConsentRelease.objects.create(base=scope.base, at=upload.created_at)
    HeadingChoice.objects.create(organization=scope.organization, heading="kunde", target="last_name")
    BulkChange.objects.create(**place, kind=BulkKind.RESTORE)
    owner: Any = scope.user
    SavedFilter.objects.create(
        organization=scope.organization, base=scope.base, user=owner, name="Kiel", query="q=kiel"
    )
    lifecycle_of_files.fetch(files.EXPORTS, kept_export(scope), actor=scope).close()
    _staged(upload, scope)


def _staged(upload: ImportUpload, scope: Scope) -> None:
    """Without entering the scope: on the way back that would make the role of the test of a superuser."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('stammhaus.base', true)")
        [before] = cursor.fetchone() or [""]
        cursor.execute("SELECT set_config('stammhaus.base', %s, true)", [str(scope.base.pk)])
        cursor.execute("INSERT INTO customers_importrow (upload, row_number) VALUES (%s, 2)", [upload.pk])
        cursor.execute("SELECT set_config('stammhaus.base', %s, true)", [before or ""])


def _rights(scope: Scope) -> None:
    place: Any = scope.organization.locations.exclude(kind="central").order_by("pk").first()
    group = operations.create_user_group(name="Probe", actor=scope)
    member = operations.create_user_group(name="Probe 2", actor=scope)
    operations.change_grants(
        group=group, wanted={(Right.VIEW_CUSTOMERS, None), (Right.VIEW_CUSTOMERS, place.pk)}, actor=scope
    )
    user: Any = scope.user
    person: Any = scope.organization.users.exclude(pk=user.pk).first()
    if person is not None:
        operations.set_memberships(user=person, groups=[*person.groups.all(), member], actor=scope)
    type(place)._base_manager.filter(pk=place.pk).update(is_franchise=True)
    place_of_user = {"organization": scope.organization, "user": user}
    LegacySwitch.objects.create(
        organization=scope.organization, rule=LegacyRule.CENTRAL_FIGURES, is_lifted=False, reason="x"
    )
    LoginAttempt.objects.create(**place_of_user, account_number=scope.organization.account_number, username="x")
    PasswordLink.objects.create(**place_of_user, made_by="x", expires_at=timezone.now())
    Mail.objects.create(**place_of_user, kind=MailKind.INVITATION, address="x@example.com", language="de")
    Restriction.objects.create(
        organization=scope.organization, location=place, group=group, right=Right.VIEW_CUSTOMERS.value
    )
    device, _code = create_device(kind=DeviceKind.TILL, name="Kasse", group=group, actor=scope)
    DevicePace.objects.create(organization=scope.organization, device=device, filled_at=timezone.now())
    create_webhook(device=device, url="https://shop.example.com/", actor=scope)


def _transitions(scope: Scope) -> None:
    """Not by the operations: whatever they do, each table has a row."""
    owner = {"organization": scope.organization}
    place = {**owner, "base": scope.base}
    asked = Transition.objects.create(**owner, location=scope.location, planned_for=timezone.localdate())
    TransitionStep.objects.create(**owner, transition=asked, state=asked.state, user_name="x", location_name="x")
    TransitionCustomer.objects.create(**place, transition=asked, customer_id=1, customer_number=1)
    package = Package.objects.create(**place, location=scope.location, user=scope.user, transition=asked, name="x.zip")
    PackageChunk.objects.create(base=scope.base, file=package, position=0, content=b"x")
    PackageDownload.objects.create(base=scope.base, file=package, user_id=1, user_name="x")
    incoming = IncomingFile.objects.create(**place, location=scope.location, user=scope.user, name="y.zip", sha256="y")
    IncomingChunk.objects.create(base=scope.base, file=incoming, position=0, content=b"x")
    ReviewPage.objects.create(**place, transition=asked, page=1, customers=[1], numbers=[1])
    upload = ImportUpload.objects.create(**place, location=scope.location, user=scope.user, name="x.csv")
    Arrival.objects.create(
        **place, upload=upload, transition=asked.pk, sender_account=1, sender_name="x", sha256="x", manifest={},
        received_by="x",
    )  # fmt: skip
    JoiningWord.objects.create(
        **owner, transition=asked.pk, word="asked", sender_account=1, sender_name="x", client_number=2,
        planned_for=asked.planned_for, people=1, user_name="x",
    )  # fmt: skip
    TransitionKey.objects.create(**owner, transition=asked, private_key=b"x")
    _switch(scope)
    WithdrawalList.objects.create(
        **place, transition=asked.pk, is_taken_in=True, partner_account=1, partner_name="x", sha256="x", numbers=[1],
        statements=1, user_id=1, user_name="x",
    )  # fmt: skip


def _person_file(scope: Scope) -> None:
    """A file about somebody who was erased since."""
    place = {"organization": scope.organization, "base": scope.base, "location": scope.location}
    made = PersonFile.objects.create(**place, user=scope.user, name="x.zip", language="de")
    PersonFileChunk.objects.create(base=scope.base, file=made, position=0, content=b"x")
    PersonFileDownload.objects.create(base=scope.base, file=made, user_id=1, user_name="x")


def _switch(scope: Scope) -> None:
    """A switch to 1.0 that was asked for."""
    owner: dict[str, Any] = {"organization": scope.organization}
    offline, _is_new = CustomerBase.objects.get_or_create(**owner, kind=BaseKind.OFFLINE, branch_number=901)
    switch = BaseSwitch.objects.create(
        **owner, location=scope.location, direction="offline", starts_with="nothing", source=scope.base,
        target=offline, reason="x", requested_by="x", requested_user=User.objects.get(username="rita").pk,
    )  # fmt: skip
    SwitchStep.objects.create(**owner, switch=switch, state=switch.state, user_name="x")
    SwitchedCustomer.objects.create(
        **owner, switch=switch, customer_id=1, uid_before=uuid4(), uid_after=uuid4(), number_before=1, number_after=2
    )


def _reconciliation(scope: Scope) -> None:
    """Not by a run: at a central no base is that of a branch."""
    base = {"base": scope.base}
    place = {**base, "organization": scope.organization, "location": scope.location}
    node = Node.objects.create(**place, name="Kasse", public_key="x", receipt="0" * 64)
    Alarm.objects.create(**base, organization=scope.organization, node=node, kind="late")
    assert scope.user is not None
    AlarmRecipient.objects.create(organization=scope.organization, user=scope.user)
    PairingCode.objects.create(**place, code=str(node.pk), start=str(node.pk), node=node)
    OwnNode.objects.create(**place, node=None)
    run = Cycle.objects.create(**base, node=node, number=1, state=CycleState.ARRIVING)
    CyclePart.objects.create(**base, cycle=run, kind=PartKind.SENT, number=1, sha256="x", rows=1, content=b"x")
    BulkDecision.objects.create(**place, cycle=run, choice="leave")
    BranchOrder.objects.create(
        **place, node=node, key=str(node.pk), uid=uuid4(), business_day=timezone.localdate(), total=Decimal(1)
    )
    ToldTerms.objects.create(**base, node=node, uid=uuid4(), hard_limit=Decimal(1), open_amount=Decimal(1))
    HeldBack.objects.create(**base, node=node, uid=uuid4(), customer_number=1, name="x", cycle_number=1)
    Conflict.objects.create(**base, uid=uuid4(), customer_number=1, name="x", cycle=run, kind="both_changed")
    RevisionCounter.objects.create(**base, sequence=1)
    CustomerRevision.objects.create(**base, uid=uuid4(), customer_number=1, sequence=1)


def _accounts(scope: Scope) -> None:
    """A sale that a till has sent too late, above the limit."""
    buyer = register_customer(customer=Customer(last_name="Kauft"), actor=scope)
    set_terms(
        customer=buyer.pk, may_buy_on_account=True, may_hold_credit=False, hard_limit=Decimal(1), actor=scope
    )  # fmt: skip
    post_sale(customer=buyer.pk, amount=Decimal(2), key="1", is_late=True, actor=scope)
    branch: Any = scope.organization.locations.filter(kind="branch", base=scope.base).order_by("pk").first()
    ask_accounting_switch(location=branch.pk, mode="own", reason="x", actor=scope)
    line = Line(text="x", quantity=Decimal(1), amount=Decimal(2), vat_rate=Decimal(7))
    post_order(
        customer=buyer.pk, method=SaleMethod.ACCOUNT, number="1", total=Decimal(2), lines=[line], key="2", is_late=True,
        actor=scope,
    )  # fmt: skip
    receive_payment(customer=buyer.pk, amount=Decimal(1), key="3", actor=scope)
    check_balances(file_name="x.csv", content=b"Nummer;Offen\n1;1", actor=scope)
    [_open, entry] = entries_of(scope, statement(scope, paid("2.00"), paid("1.00")))
    book_entry(entry=entry.pk, shares=[Share(customer=buyer.pk, amount=Decimal(1))], actor=scope)
    add_mandate(customer=buyer.pk, signature=signature(), actor=scope)


def _invoices(scope: Scope) -> None:
    """The order of that sale on an invoice, with its documents, and how its customer is billed."""
    whose = issuer(scope)
    buyer = Customer.objects.in_base(scope.base).get(last_name="Kauft")
    buyer.street, buyer.postal_code, buyer.city = "Weg 1", "20095", "Hamburg"
    change_customer(customer=buyer, actor=scope)
    terms = set_billing_terms(customer=buyer.pk, values={"reference": "x"}, actor=scope)
    InvoiceRun.objects.create(
        organization=scope.organization, base=scope.base, ledger=terms.ledger, issuer=whose, until=timezone.localdate(),
        user_name="x", created_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    made = issued(scope)
    with row_scope.rows_of(scope):
        keep_documents(made)
        queue_letters(LetterSource.INVOICE, made[0].pk, scope)
    bank_file = BankFile.objects.create(
        organization=scope.organization, base=scope.base, location=scope.location, user=scope.user, name="x.xml",
        sha256="x",
    )  # fmt: skip
    BankFileChunk.objects.create(base=scope.base, file=bank_file, position=0, content=b"x")
    DebitFile.objects.create(
        organization=scope.organization, base=scope.base, location=scope.location, ledger=terms.ledger, name="x",
        due_until=timezone.localdate(), collect_on=timezone.localdate(), user_name="x",
        created_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    set_issuer(values={"creditor_id": debits.CREDITOR_ID}, actor=scope)
    dispute = dispute_invoice(invoice=made[0].pk, reason="x", actor=scope)
    end_dispute(dispute=dispute.pk, outcome="x", actor=scope)
    debits.made(scope)
    later_run(scope)


def _something_new(row: Any) -> dict[str, object]:
    match row._meta.model_name:
        case "organization" | "location":
            return {"name": f"{row} neu"}
        case "user":
            return {"first_name": "Neu"}
    return {"created_at": models.F("created_at") + models.Value("1 second", models.DurationField())}
