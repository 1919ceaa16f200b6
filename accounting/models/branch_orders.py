"""Orders that a branch with a customer base 1.0 has sold on account, and what the central has told it of accounts."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounting.choices import BRANCH_ORDER_STEPS, BranchOrderState
from accounting.models.columns import INVOICES, money, refers
from accounting.models.orders import PaymentOrder
from accounting.querysets import BranchOrderQuerySet, ToldTermsQuerySet
from clearing.models import Node
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField, TimeOrderedUuid
from locations.history import ClockTimestamp
from locations.models import CustomerBase, Location, Organization
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import steps_between
from mcp.stored_sentences import SentencesField


@personal(
    of="uid",
    erased=Erasure.KEPT,
    kept=INVOICES,
    emptied="number fiscal lines note",
    behaviour="sold_at location lines",
    contract="number device business_day total fiscal",
    special="note",
    technical="created_at state reasons run is_sent is_told decided_at",
    keys="key uid",
)
class BranchOrder(models.Model):
    """An order that a branch has sold; the same at both sides, which know it by its location and key.

    At the branch `is_sent` says that the central has it, as of `run`; the state is what the central has told. At the
    central `order` is what was posted for it; until then it waits for what `reasons` say, and is tried with each run.
    What was sold is only added: the role that serves cannot write those columns. Erasing empties what is of a person.
    """

    web_privileges: ClassVar[str] = (
        "SELECT, INSERT, UPDATE (state, reasons, run, is_sent, is_told, order_id, note, decided_by, decided_at)"
    )

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    organization = refers(Organization)
    base = refers(CustomerBase)
    location = refers(Location)
    node = refers(Node, null=True, help_text="At the central: which node has brought it.")
    key = models.CharField(max_length=64)
    uid = models.UUIDField(null=True, help_text="Of the customer; none once he was erased.")
    number = LineField(_("number at the till"), max_length=60, blank=True)
    device = LineField(_("device"), max_length=120, blank=True)
    business_day = models.DateField(_("business day"))
    sold_at = models.DateTimeField(_("sold"), null=True)
    total = money(_("total"))
    lines = models.JSONField(default=list)
    fiscal = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=ClockTimestamp(), editable=False)

    state = models.CharField(
        _("state"), max_length=10, choices=BranchOrderState, default=BranchOrderState.WAITING,
        db_default=BranchOrderState.WAITING,
    )  # fmt: skip
    reasons = SentencesField(default=list)
    run = models.PositiveBigIntegerField(null=True)
    is_sent = models.BooleanField(default=False, db_default=False)
    is_told = models.BooleanField(default=False, db_default=False)
    order = refers(PaymentOrder, null=True)
    note = LineField(_("why it was left out"), max_length=200, blank=True, default="", db_default="")
    decided_by = models.CharField(_("left out by"), max_length=200, blank=True, default="", db_default="")
    decided_at = models.DateTimeField(_("left out"), null=True)

    objects = BranchOrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order of a branch")
        verbose_name_plural = _("orders of branches")
        default_permissions = ()
        indexes = [
            models.Index(fields=["uid", "base"], name="branchorder_of_customer"),
            models.Index(fields=["base", "id"], condition=Q(is_sent=False), name="branchorder_to_send"),
            models.Index(
                fields=["base", "id"], condition=Q(state=BranchOrderState.WAITING), name="branchorder_waiting"
            ),
            models.Index(fields=["base", "location"], condition=Q(is_told=False), name="branchorder_to_tell"),
        ]
        constraints = [
            RowSecurity(name="branchorder_rows", base="base"),
            KeyWithBase(name="branchorder_key"),
            models.UniqueConstraint(fields=["base", "location", "key"], name="branchorder_once"),
            # At the branch alone: the central takes what a branch says that was restored and has sold it once more.
            models.UniqueConstraint(
                fields=["base", "location", "device", "business_day", "number"],
                condition=~Q(number="") & Q(node=None),
                name="branchorder_number_once",
                violation_error_code="order_number_known",
                violation_error_message=_(
                    "This till has posted another order under this number on this business day already."
                ),
            ),
            models.CheckConstraint(condition=Q(total__gt=0), name="branchorder_total_positive"),
            models.CheckConstraint(condition=~Q(key=""), name="branchorder_has_key"),
            models.CheckConstraint(condition=Q(state__in=BranchOrderState.values), name="branchorder_state_known"),
            models.CheckConstraint(
                condition=Q(order=None) | Q(state=BranchOrderState.POSTED), name="branchorder_posted_as_order"
            ),
            CompositeForeignKey(
                fields=["organization", "base"],
                to="locations.CustomerBase",
                to_fields=["organization", "id"],
                name="branchorder_base_of_organization",
            ),
            CompositeForeignKey(
                fields=["organization", "location"],
                to="locations.Location",
                to_fields=["organization", "id"],
                name="branchorder_location_of_organization",
            ),
            CompositeForeignKey(
                fields=["base", "node"], to="clearing.Node", to_fields=["base", "id"], name="branchorder_node_of_base"
            ),
            CompositeForeignKey(
                fields=["base", "order"],
                to="accounting.PaymentOrder",
                to_fields=["base", "id"],
                name="branchorder_order_in_base",
            ),
        ]
        triggers = [steps_between(BRANCH_ORDER_STEPS, begins=[BranchOrderState.WAITING])]

    def __str__(self) -> str:
        return self.number or self.key[:8]


@personal(of="uid", erased=Erasure.ROW_GOES, contract="may_buy is_blocked hard_limit open_amount", keys="uid")
class ToldTerms(models.Model):
    """What the central has told a node of a customer's account, as of its last run; the same at both sides.

    At the central it says what the node knows, so that only what differs is told; at the branch what it may go by.
    """

    base = refers(CustomerBase)
    node = refers(Node)
    uid = models.UUIDField()
    may_buy = models.BooleanField(default=False)
    is_blocked = models.BooleanField(default=False)
    hard_limit = money("limit")
    open_amount = money("open amount")

    objects = ToldTermsQuerySet.as_manager()

    class Meta:
        verbose_name = _("terms that a branch knows")
        verbose_name_plural = _("terms that branches know")
        default_permissions = ()
        constraints = [
            RowSecurity(name="toldterms_rows", base="base"),
            KeyWithBase(name="toldterms_key"),
            models.UniqueConstraint(fields=["base", "node", "uid"], name="toldterms_one_of_customer"),
            CompositeForeignKey(
                fields=["base", "node"], to="clearing.Node", to_fields=["base", "id"], name="toldterms_node_of_base"
            ),
        ]

    def __str__(self) -> str:
        return str(self.uid)
