"""A location leaves its group, or joins one, and what becomes of its customers.

    Transition ─┬─< TransitionStep      who did what when
                ├─< ReviewPage          whom the review has found, as its pages list them
                ├─< TransitionCustomer  each customer at the moment of execution: carried over, or why not
                └─< Package ─┬─< PackageChunk      the file that is handed over
                             └─< PackageDownload   who has fetched it
    TransitionKey                       by what lists of withdrawals are signed
    JoiningWord                         what a group was asked by who wants to join it, and has answered
    WithdrawalList                      who has withdrawn since: made at the sender, or taken in at the receiver
    IncomingFile ─< IncomingChunk       a file that the worker takes in: a package, or a list of withdrawals
    BaseSwitch                          a switch between the customer bases 2.0 and 1.0 (see switches.py)
    Arrival                             a package at the receiver, on its way into its base by an import

A transition belongs to the business that hands over. The receiver has rows of its own: nobody sees the other's.
"""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from files.choices import FileState
from files.models import (
    Chunk,
    Download,
    WorkedFile,
    download_constraints,
    file_triggers,
    own_file_constraints,
    piece_constraints,
)
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.history import keep_history
from locations.models import HIGHEST_ACCOUNT_NUMBER, HIGHEST_CLIENT_NUMBER, CustomerBase, Location, Organization
from locations.personal import Erasure, personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from transitions import triggers
from transitions.choices import OPEN, FieldGroup, LegalBasis, Reason, TransitionKind, TransitionState
from transitions.models.arrivals import Arrival as Arrival
from transitions.models.incoming import IncomingChunk as IncomingChunk
from transitions.models.incoming import IncomingFile as IncomingFile
from transitions.models.joining import JoiningWord as JoiningWord
from transitions.models.review_page import ReviewPage as ReviewPage
from transitions.models.steps import RecordedStep
from transitions.models.switches import BaseSwitch as BaseSwitch
from transitions.models.switches import SwitchedCustomer as SwitchedCustomer
from transitions.models.switches import SwitchedLocation as SwitchedLocation
from transitions.models.switches import SwitchStep as SwitchStep
from transitions.models.withdrawals import TransitionKey as TransitionKey
from transitions.models.withdrawals import WithdrawalList as WithdrawalList
from transitions.querysets import TransitionCustomerQuerySet, TransitionQuerySet

_UNNUMBERED = [TransitionState.REQUESTED, TransitionState.CANCELLED]
_UNREVIEWED = [*_UNNUMBERED, TransitionState.NUMBERED]
_UNCONFIRMED = [*_UNREVIEWED, TransitionState.REVIEWED]
_EXECUTED = [TransitionState.EXECUTED, TransitionState.CARRIED_OVER, TransitionState.CLOSED]


@personal(
    technical=(
        "kind state state_since planned_for note receiver_account receiver_client_number receiver_name is_narrowed "
        "review basis ground field_groups money_agreement executed_at result arrival"
    ),
)
@keep_history()
class Transition(CheckedRow):
    """A location that leaves a group for a business of its own, or a business that joins one. None is ever deleted."""

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="transitions", editable=False)
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        db_constraint=False,  # transition_location_of_organization refers to the same row and says more
        related_name="transitions",
        verbose_name=_("location"),
    )
    kind = models.CharField(_("kind"), max_length=4, choices=TransitionKind, default=TransitionKind.EXIT)
    state = models.CharField(_("state"), max_length=10, choices=TransitionState, default=TransitionState.REQUESTED)
    state_since = models.DateTimeField(db_default=Now(), editable=False)
    planned_for = models.DateField(_("on"), help_text=_("The first day on which the location no longer belongs to it."))
    note = models.TextField(_("note"), blank=True, default="")
    requested_by = models.CharField(_("requested by"), max_length=200, editable=False)
    receiver_account = models.PositiveIntegerField(
        _("account number of the receiver"),
        null=True,
        validators=[MinValueValidator(1), MaxValueValidator(HIGHEST_ACCOUNT_NUMBER)],
    )
    receiver_client_number = models.PositiveIntegerField(
        _("client number at the receiver"),
        null=True,
        validators=[MinValueValidator(2), MaxValueValidator(HIGHEST_CLIENT_NUMBER)],
    )
    receiver = models.ForeignKey(
        Organization, models.PROTECT, null=True, related_name="+", editable=False, verbose_name=_("receiver")
    )
    receiver_name = models.CharField(_("name of the receiver"), max_length=120, blank=True, default="")
    is_narrowed = models.BooleanField(
        _("only customers related to this location"),
        default=True,
        help_text=_("Registered there, or a consent was given there. Without it, all of the base who allow it."),
    )
    review = models.JSONField(null=True, editable=False, help_text="The figures that were reviewed.")
    basis = models.CharField(_("legal ground"), max_length=10, choices=LegalBasis, blank=True, default="")
    ground = models.TextField(_("reason of the legal ground"), blank=True, default="")
    ground_by = models.CharField(_("legal ground named by"), max_length=200, blank=True, default="")
    ground_user = models.BigIntegerField(null=True, editable=False, help_text="Of " + settings.AUTH_USER_MODEL)
    confirmed_by = models.CharField(_("confirmed by"), max_length=200, blank=True, default="")
    confirmed_user = models.BigIntegerField(null=True, editable=False, help_text="Of " + settings.AUTH_USER_MODEL)
    field_groups = ArrayField(
        models.CharField(max_length=10, choices=FieldGroup),
        verbose_name=_("fields that go along"),
        default=list,
        blank=True,
        help_text=_("Without these the receiver gets the customers without them."),
    )
    money_agreement = models.TextField(
        _("written assignment of open money"), blank=True, default="", db_default="",
        help_text=_("Who takes over what is open on accounts of customers, and where that is agreed in writing."),
    )  # fmt: skip
    money_by = models.CharField(
        _("assignment noted by"), max_length=200, blank=True, default="", db_default="", editable=False
    )
    executed_at = models.DateTimeField(_("executed"), null=True, editable=False)
    result = models.JSONField(null=True, editable=False, help_text="The figures at the execution.")
    arrival = models.JSONField(null=True, editable=False, help_text="What the receiver has imported, and when.")

    objects = TransitionQuerySet.as_manager()

    class Meta:
        verbose_name = _("leaving or joining of a location")
        verbose_name_plural = _("locations that leave or join")
        ordering = ["-state_since", "id"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="transition_rows", organization="organization"),
            models.UniqueConstraint(fields=["organization", "id"], name="transition_of_organization"),
            models.UniqueConstraint(
                fields=["location"],
                condition=Q(state__in=sorted(OPEN)),
                name="transition_one_each_location",
                violation_error_code="transition_one_each_location",
                violation_error_message=_("This location is on its way already. Finish or cancel that first."),
            ),
            models.CheckConstraint(condition=Q(kind__in=TransitionKind.values), name="transition_kind_known"),
            models.CheckConstraint(condition=Q(state__in=TransitionState.values), name="transition_state_known"),
            models.CheckConstraint(
                condition=Q(state__in=_UNNUMBERED)
                | Q(receiver__isnull=False, receiver_account__isnull=False, receiver_client_number__isnull=False),
                name="transition_has_receiver",
                violation_error_code="transition_has_receiver",
                violation_error_message=_("The account number of the receiver is missing."),
            ),
            models.CheckConstraint(
                condition=~Q(state=TransitionState.REQUESTED)
                | Q(receiver=None, receiver_account=None, receiver_client_number=None),
                name="transition_begins_nowhere",
            ),
            models.CheckConstraint(
                condition=Q(state__in=_UNREVIEWED) | Q(review__isnull=False),
                name="transition_is_reviewed",
                violation_error_code="transition_is_reviewed",
                violation_error_message=_("Nobody has reviewed yet who is carried over."),
            ),
            models.CheckConstraint(
                condition=Q(state__in=_UNCONFIRMED)
                | (~Q(basis="") & ~Q(ground="") & ~Q(ground_by="") & ~Q(confirmed_by="")),
                name="transition_has_ground",
                violation_error_code="transition_has_ground",
                violation_error_message=_("The legal ground and the name of whoever confirms it are missing."),
            ),
            models.CheckConstraint(
                condition=Q(basis="") | Q(basis__in=LegalBasis.values), name="transition_basis_known"
            ),
            models.CheckConstraint(
                condition=Q(confirmed_user=None) | ~Q(confirmed_user=F("ground_user")),
                name="transition_two_people",
                violation_error_code="transition_two_people",
                violation_error_message=_("The legal ground is confirmed by somebody else than who has named it."),
            ),
            models.CheckConstraint(
                condition=Q(money_agreement="", money_by="") | (~Q(money_agreement="") & ~Q(money_by="")),
                name="transition_money_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(field_groups__contained_by=FieldGroup.values), name="transition_field_groups_known"
            ),
            models.CheckConstraint(
                condition=Q(state__in=_EXECUTED, executed_at__isnull=False, result__isnull=False)
                | (~Q(state__in=_EXECUTED) & Q(executed_at=None)),
                name="transition_is_executed",
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="transition_location_of_organization",
            ),
        ]
        triggers = [triggers.BEGINS_AS_REQUESTED, triggers.STEP_ALLOWED, triggers.RECEIVER_FITS]

    def __str__(self) -> str:
        return f"{self.location}: {self.get_kind_display()}"

    @property
    def is_taken_back(self) -> bool:
        """Whether the receiver has imported customers and has undone that, so that none of them is there."""
        return bool(self.arrival and self.arrival["undone_at"])

    @property
    def state_shown(self) -> str:
        """The state in words. Where the receiver has undone the import it does not say that customers have arrived."""
        if self.state == TransitionState.CARRIED_OVER and self.is_taken_back:
            return str(_("Carried over, undone by the receiver"))
        return str(self.get_state_display())


@personal(technical="state location_name")
class TransitionStep(RecordedStep):
    """What somebody has done with a transition. Only ever added to."""

    transition = models.ForeignKey(Transition, models.PROTECT, db_constraint=False, related_name="steps")
    state = models.CharField(max_length=10, choices=TransitionState)
    location_name = models.CharField(max_length=120)

    class Meta:
        verbose_name = _("step of a transition")
        verbose_name_plural = _("steps of transitions")
        ordering = ["at", "id"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="transitionstep_rows", organization="organization"),
            models.CheckConstraint(condition=Q(state__in=TransitionState.values), name="transitionstep_state_known"),
            CompositeForeignKey(
                fields=["organization", "transition"],
                to="transitions.Transition",
                to_fields=["organization", "id"],
                name="transitionstep_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.transition_id}: {self.state}"


@personal(
    of="customer_id",
    erased=Erasure.STAYS,
    emptied="customer_id customer_number",
    identity="customer_number",
    contract="reason",
    keys="customer_id",
)
class TransitionCustomer(models.Model):
    """What was decided about a customer of the base at the moment of execution. Only ever added to.

    Of whom was erased for good since, the decision stays without him, so that the figures stay true.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    transition = models.ForeignKey(
        Transition, models.PROTECT, db_constraint=False, db_index=False, related_name="customers"
    )
    customer_id = models.BigIntegerField(null=True)
    customer_number = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=10, choices=Reason, blank=True, default="")

    objects = TransitionCustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer of a transition")
        verbose_name_plural = _("customers of transitions")
        default_permissions = ()
        indexes = [
            models.Index(fields=["base", "transition", "reason", "customer_number"], name="transitioncustomer_reason")
        ]
        constraints = [
            RowSecurity(name="transitioncustomer_rows", base="base"),
            KeyWithBase(name="transitioncustomer_key"),
            models.UniqueConstraint(fields=["base", "transition", "customer_id"], name="transitioncustomer_once"),
            models.CheckConstraint(
                condition=Q(reason="") | Q(reason__in=Reason.values), name="transitioncustomer_reason_known"
            ),
            CompositeForeignKey(
                fields=["organization", "transition"],
                to="transitions.Transition",
                to_fields=["organization", "id"],
                name="transitioncustomer_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="transitioncustomer_base_of_organization",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.transition_id}: {self.customer_number} {self.reason}"


PACKAGE = "transitions.Package"


@personal(technical="manifest")
class Package(WorkedFile):
    """The file that is handed over. Its bytes are deleted when it expires; that it was made stays on record."""

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    transition = models.ForeignKey(Transition, models.PROTECT, db_constraint=False, related_name="packages")
    manifest = models.JSONField(null=True)

    class Meta:
        verbose_name = _("package")
        verbose_name_plural = _("packages")
        default_permissions = ()
        indexes = [models.Index(fields=["created_at"], name="package_by_created")]
        constraints = [
            RowSecurity(name="package_rows", base="base"),
            KeyWithBase(name="package_key"),
            models.CheckConstraint(condition=Q(state__in=FileState.values), name="package_state_known"),
            *own_file_constraints("package"),
            CompositeForeignKey(
                fields=["organization", "transition"],
                to="transitions.Transition",
                to_fields=["organization", "id"],
                name="package_transition_of_organization",
            ),
        ]
        triggers = file_triggers("transition_id", "manifest")


@personal(bulk="that he was in it is a hand-over", erased=Erasure.ROW_GOES, identity="content")
class PackageChunk(Chunk):
    file: Any = models.ForeignKey(Package, models.CASCADE, db_constraint=False, db_index=False, related_name="chunks")

    class Meta:
        verbose_name = _("piece of a package")
        verbose_name_plural = _("pieces of packages")
        default_permissions = ()
        constraints = piece_constraints("packagechunk", PACKAGE)


@personal(technical="is_encrypted")
class PackageDownload(Download):
    file = models.ForeignKey(Package, models.PROTECT, db_constraint=False, related_name="downloads")
    is_encrypted = models.BooleanField(default=False)

    class Meta(Download.Meta):
        verbose_name = _("download of a package")
        verbose_name_plural = _("downloads of packages")
        default_permissions = ()
        constraints = download_constraints("packagedownload", PACKAGE)
