"""Runs: each exchange of one node with the central, and the bytes that travelled."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clearing.choices import CYCLE_STEPS, CycleState, PartKind
from clearing.models.nodes import HASH, Node
from clearing.querysets import CycleQuerySet
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.fields import TimeOrderedUuid
from locations.models import CustomerBase
from locations.personal import Erasure, personal
from locations.row_policies import RowSecurity
from locations.triggers import immutable, settled, stays_on_record, steps_between
from mcp.stored_sentences import SentencesField

IN_HISTORY = [CycleState.DECIDED, CycleState.DONE]


@personal(
    technical=(
        "number state request began_at decided_at done_at cut cursor previous receipt sent answer counts "
        "is_by_stick failure"
    ),
)
class Cycle(models.Model):
    """Run `number` of a node. It ends with the central's commit; the node applies the answer afterwards.

    `cut` is the number of changes at the branch up to which it tells (see CustomerRevision), `cursor` that at the
    central up to which the answer tells. `sent` and `answer` are the manifests of the parts, `counts` what became of
    the records; `receipt` is the hash over all of it and over `previous`. `is_by_stick` is whether what came from the
    other side was brought in a file.
    """

    id: Any = models.UUIDField(primary_key=True, db_default=TimeOrderedUuid(), editable=False)
    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    node = models.ForeignKey(Node, models.PROTECT, db_constraint=False, db_index=False, related_name="cycles")
    number = models.PositiveBigIntegerField(_("run"))
    state = models.CharField(_("state"), max_length=10, choices=CycleState)
    request = models.UUIDField(default=uuid.uuid4)
    began_at = models.DateTimeField(_("began"), db_default=Now())
    decided_at = models.DateTimeField(_("decided"), null=True)
    done_at = models.DateTimeField(_("done"), null=True)
    cut = models.PositiveBigIntegerField(null=True)
    cursor = models.PositiveBigIntegerField(null=True)
    previous = models.CharField(max_length=HASH, blank=True, default="")
    receipt = models.CharField(max_length=HASH, blank=True, default="")
    sent = models.JSONField(default=list)
    answer = models.JSONField(default=list)
    counts = models.JSONField(default=dict)
    is_by_stick = models.BooleanField(default=False, db_default=False)
    failure = SentencesField()

    objects = CycleQuerySet.as_manager()

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        default_permissions = ()
        constraints = [
            RowSecurity(name="cycle_rows", base="base"),
            KeyWithBase(name="cycle_key"),
            models.UniqueConstraint(fields=["base", "node", "number"], name="cycle_once"),
            models.CheckConstraint(condition=Q(state__in=CycleState.values), name="cycle_state_known"),
            models.CheckConstraint(condition=Q(number__gte=1), name="cycle_number_from_one"),
            models.CheckConstraint(
                condition=~Q(state__in=IN_HISTORY) | ~Q(receipt=""), name="cycle_decided_has_receipt"
            ),
            CompositeForeignKey(
                fields=["base", "node"], to="clearing.Node", to_fields=["base", "id"], name="cycle_node_of_base"
            ),
        ]
        triggers = [
            steps_between(CYCLE_STEPS, begins=[CycleState.CUT, CycleState.ARRIVING]),
            immutable("id", "base_id", "node_id", "number"),
            settled(
                IN_HISTORY, "request", "previous", "receipt", "sent", "answer", "counts", "cut", "cursor", "is_by_stick"
            ),
            stays_on_record(IN_HISTORY),
        ]

    def __str__(self) -> str:
        return str(self.number)


@personal(
    bulk="what it has changed stands in the history of each",
    erased=Erasure.ROW_GOES,
    identity="content",
    technical="kind number sha256 rows",
)
class CyclePart(models.Model):
    """The bytes of a part. They go once nobody asks for them any more; number, hash and size are in the manifest."""

    base = models.ForeignKey(CustomerBase, models.PROTECT, db_index=False, related_name="+")
    cycle = models.ForeignKey(Cycle, models.CASCADE, db_constraint=False, db_index=False, related_name="parts")
    kind = models.CharField(max_length=10, choices=PartKind)
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=HASH)
    rows = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        verbose_name = _("part of a reconciliation")
        verbose_name_plural = _("parts of reconciliations")
        default_permissions = ()
        constraints = [
            RowSecurity(name="cyclepart_rows", base="base"),
            KeyWithBase(name="cyclepart_key"),
            models.UniqueConstraint(fields=["base", "cycle", "kind", "number"], name="cyclepart_once"),
            models.CheckConstraint(condition=Q(kind__in=PartKind.values), name="cyclepart_kind_known"),
            CompositeForeignKey(
                fields=["base", "cycle"],
                to="clearing.Cycle",
                to_fields=["base", "id"],
                name="cyclepart_cycle_in_base",
            ),
        ]
        triggers = [immutable("base_id", "cycle_id", "kind", "number", "sha256", "content")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
