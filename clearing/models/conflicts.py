"""What did not go through: versions that did not stand, and changes that a rule has refused."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clearing.choices import CONFLICT_KINDS, ConflictState
from clearing.models.cycles import Cycle
from clearing.models.nodes import Node
from clearing.querysets import ConflictQuerySet, HeldBackQuerySet
from clearing.triggers import CONFLICT_STAYS, DISMISSED_OF_ENDED_PAIRING, DISMISSED_STAYS, VERSIONS_STAY
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import LineField, TimeOrderedUuid
from locations.models import CustomerBase
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import immutable
from mcp.stored_sentences import SentencesField


@personal(
    of="uid lost_uid created_uid",
    erased=Erasure.ROW_GOES,
    identity="customer_number name common stood lost result",
    technical=(
        "kind happened_at is_lost_of_central differing only_lost_changed state decided_at revision sequence is_agreed"
    ),
    keys="uid lost_uid created_uid",
)
class Conflict(models.Model):
    """A version of a customer that did not stand, whole, beside what stood and what both began from.

    `common`, `stood` and `lost` are versions as they travel (clearing.protocol.versions), `differing` the names of the
    fields in which they differ and `only_lost_changed` those of them that only the lost version has changed. The
    customer has the uid; of a number given twice `lost_uid` is that of the other one. `name` is that of whoever lost.
    The id is the same at both sides.

    `result` is what a decision has written, which it needs to be undone; `created_uid` is the customer whom one has
    created. Decisions are counted as customers are (see CustomerRevision): `revision` by the central, at a branch the
    one from which its own decision began; `sequence` puts those of the central in order. `is_agreed` is False for a
    decision of the branch of which it does not know yet what has become of it.
    """

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    uid = models.UUIDField()
    customer_number = models.PositiveIntegerField(_("customer number"))
    name = models.CharField(_("customer"), max_length=300)
    cycle = models.ForeignKey(
        Cycle, models.PROTECT, null=True, db_constraint=False, db_index=False, related_name="conflicts"
    )
    kind = models.CharField(_("kind"), max_length=30, choices=CONFLICT_KINDS)
    happened_at = models.DateTimeField(_("when"), db_default=Now(), editable=False)
    common = models.JSONField(null=True)
    stood = models.JSONField(null=True)
    lost = models.JSONField(null=True)
    is_lost_of_central = models.BooleanField(default=True)
    differing = models.JSONField(default=list)
    only_lost_changed = models.JSONField(default=list)
    state = models.CharField(_("state"), max_length=12, choices=ConflictState, default=ConflictState.OPEN)
    decided_by = models.CharField(_("decided by"), max_length=200, blank=True, default="")
    decided_at = models.DateTimeField(_("decided"), null=True)
    result = models.JSONField(default=dict)
    lost_uid = models.UUIDField(null=True)
    created_uid = models.UUIDField(null=True)
    revision = models.PositiveBigIntegerField(default=0)
    sequence = models.PositiveBigIntegerField(default=0)
    is_agreed = models.BooleanField(default=True)

    objects = ConflictQuerySet.as_manager()

    class Meta:
        verbose_name = _("conflict")
        verbose_name_plural = _("conflicts")
        ordering = ["-happened_at", "-id"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["base", "-happened_at", "-id"], name="conflict_in_order"),
            models.Index(
                fields=["base", "-happened_at", "-id"], name="conflict_open", condition=Q(state=ConflictState.OPEN)
            ),
            models.Index(
                fields=["base", "-happened_at", "-id"], name="conflict_decided", condition=~Q(state=ConflictState.OPEN)
            ),
            models.Index(fields=["base", "kind", "-happened_at", "-id"], name="conflict_of_kind"),
            models.Index(fields=["base", "uid"], name="conflict_of_customer"),
            models.Index(fields=["base", "cycle", "-happened_at", "-id"], name="conflict_of_cycle"),
            models.Index(fields=["base", "customer_number"], name="conflict_of_number"),
            models.Index(
                fields=["base", "decided_by", "-happened_at", "-id"],
                name="conflict_of_decider",
                condition=~Q(decided_by=""),
            ),
            models.Index(fields=["base", "lost_uid"], name="conflict_of_lost", condition=Q(lost_uid__isnull=False)),
            models.Index(
                fields=["base", "created_uid"], name="conflict_of_created", condition=Q(created_uid__isnull=False)
            ),
            models.Index(fields=["base", "sequence"], name="conflict_told", condition=Q(sequence__gt=0)),
            models.Index(fields=["base"], name="conflict_to_tell", condition=Q(is_agreed=False)),
        ]
        constraints = [
            RowSecurity(name="conflict_rows", base="base"),
            KeyWithBase(name="conflict_key"),
            models.CheckConstraint(condition=Q(state__in=ConflictState.values), name="conflict_state_known"),
            models.CheckConstraint(
                condition=Q(kind__in=[kind for kind, _title in CONFLICT_KINDS]), name="conflict_kind_known"
            ),
            models.CheckConstraint(
                condition=Q(state=ConflictState.OPEN, decided_at=None)
                | (~Q(state=ConflictState.OPEN) & Q(decided_at__isnull=False)),
                name="conflict_decided_some_time",
            ),
            CompositeForeignKey(
                fields=["base", "cycle"], to="clearing.Cycle", to_fields=["base", "id"], name="conflict_cycle_in_base"
            ),
        ]
        triggers = [immutable("id", "base_id", "uid", "lost_uid", "kind", "happened_at"), VERSIONS_STAY, CONFLICT_STAYS]

    def __str__(self) -> str:
        return f"{self.name} ({self.customer_number})"


@personal(
    of="uid",
    erased=Erasure.ROW_GOES,
    identity="customer_number name record",
    special="dismissed_note",
    technical="cycle_number since reasons dismissed_at dismissed_told",
    keys="uid",
)
class HeldBack(models.Model):
    """A change of a branch that a rule of the central has refused. It goes when the change is taken, or taken back.

    `record` is what the branch has sent (clearing.protocol.records). Of each customer one waits.

    Where the pairing of its node has ended it is not sent again: then somebody can dismiss it (`dismissed_note` is his
    reason), or another node sends the customer and `dismissed_told` says so. Dismissed, it waits no more and stays.
    """

    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    uid = models.UUIDField()
    customer_number = models.PositiveIntegerField(_("customer number"))
    name = models.CharField(_("customer"), max_length=300)
    node = models.ForeignKey(Node, models.PROTECT, db_constraint=False, db_index=False, related_name="+")
    cycle_number = models.PositiveBigIntegerField(_("run"))
    since = models.DateTimeField(_("since"), db_default=Now(), editable=False)
    record = models.JSONField(null=True)
    reasons = SentencesField()
    dismissed_at = models.DateTimeField(_("dismissed"), null=True)
    dismissed_by = models.CharField(_("dismissed by"), max_length=200, blank=True, default="")
    dismissed_note = LineField(_("reason"), max_length=300, blank=True, default="")
    dismissed_told = SentencesField()

    objects = HeldBackQuerySet.as_manager()

    class Meta:
        verbose_name = _("change held back")
        verbose_name_plural = _("changes held back")
        ordering = ["since", "id"]
        default_permissions = ()
        indexes = [models.Index(fields=["base", "uid"], name="heldback_of_customer")]
        constraints = [
            RowSecurity(name="heldback_rows", base="base"),
            KeyWithBase(name="heldback_key"),
            models.UniqueConstraint(fields=["base", "uid"], name="heldback_once", condition=Q(dismissed_at=None)),
            models.CheckConstraint(
                condition=Q(dismissed_at=None) | ~Q(dismissed_by=""), name="heldback_dismissed_by_somebody"
            ),
            CompositeForeignKey(
                fields=["base", "node"], to="clearing.Node", to_fields=["base", "id"], name="heldback_node_of_base"
            ),
        ]
        triggers = [immutable("base_id", "uid"), DISMISSED_OF_ENDED_PAIRING, DISMISSED_STAYS]

    def __str__(self) -> str:
        return f"{self.name} ({self.customer_number})"
