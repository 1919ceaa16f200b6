"""Nodes: the installations at branches that work without a network."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from clearing.choices import NODE_STEPS, NodeState, RunStep
from clearing.querysets import NodeQuerySet, PairingCodeQuerySet
from clearing.triggers import BASE_HAS_NODE, NUMBER_CONFIRMED_ONCE
from locations.constraints import CompositeForeignKey
from locations.fields import LineField
from locations.models import CustomerBase, Location, Organization
from locations.personal import personal
from locations.row_checks import CheckedRow
from locations.row_policies import RowSecurity
from locations.triggers import immutable, stays_on_record, steps_between
from mcp.stored_sentences import SentencesField

HASH = 64
"""Characters of a SHA-256 in hex."""


OPEN_CODE = Q(used_at=None, withdrawn_at=None)
"""Whether a pairing code may still be used, its age aside."""


def _place(prefix: str) -> list[models.BaseConstraint]:
    """Base and location are of the business."""
    return [
        CompositeForeignKey(
            fields=["organization", "base"],
            to="locations.CustomerBase",
            to_fields=["organization", "id"],
            name=f"{prefix}_base_of_organization",
        ),
        CompositeForeignKey(
            fields=["organization", "location"],
            to="locations.Location",
            to_fields=["organization", "id"],
            name=f"{prefix}_location_of_organization",
        ),
    ]


def _node_of_base(prefix: str) -> models.BaseConstraint:
    """The node works with the same base."""
    return CompositeForeignKey(
        fields=["base", "node"], to="clearing.Node", to_fields=["base", "id"], name=f"{prefix}_node_of_base"
    )


@personal(
    technical=(
        "name public_key state state_since state_reason paired_at incarnation nonce nonce_at bearer bearer_until "
        "lease earlier_lease open_request former_incarnations other_lease other_incarnation other_at refused_leases "
        "decided acknowledged receipt cursor known_before gets_its_own told_vocabulary contacted_at decided_at "
        "program protocol clock_ahead waiting free_bytes knows_side held_back open_conflicts"
    ),
)
class Node(CheckedRow):
    """An installation at a branch, as the central knows it; at the branch itself, as it is known there.

    `decided` is the last run that the central has decided, `receipt` the hash of its receipt, `acknowledged` the last
    one of which the central knows that the branch has applied the answer. `cursor` is the number of changes at the
    central that the last answer reached (see CustomerRevision). After a restore the node `gets_its_own` changes back.
    `told_vocabulary` are the groups and tags that it was told last. `knows_side` is on which side customers are edited,
    as the node has said that it knows (see EditSide).

    After a restore of the central `known_before` is the last run that it knows, until the node has offered the rest.
    Secrets are stored as keyed hashes: `lease` that of the last contact, `earlier_lease` the one before, good only for
    the request `open_request`, whose answer may be lost.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", editable=False)
    base = models.ForeignKey(CustomerBase, models.PROTECT, related_name="nodes", editable=False)
    location = models.ForeignKey(Location, models.PROTECT, related_name="nodes", verbose_name=_("location"))
    name = LineField(_("device"), max_length=120)
    public_key = models.TextField(editable=False)
    state = models.CharField(_("state"), max_length=12, choices=NodeState, default=NodeState.PAIRED)
    state_since = models.DateTimeField(db_default=Now(), editable=False)
    state_reason = SentencesField()
    paired_at = models.DateTimeField(_("paired"), db_default=Now(), editable=False)
    paired_by = models.CharField(_("paired by"), max_length=200, editable=False)
    incarnation = models.UUIDField(null=True, editable=False)

    nonce = models.CharField(max_length=HASH, blank=True, default="", editable=False)
    nonce_at = models.DateTimeField(null=True, editable=False)
    bearer = models.CharField(max_length=HASH, blank=True, default="", editable=False)
    bearer_until = models.DateTimeField(null=True, editable=False)
    lease = models.CharField(max_length=HASH, blank=True, default="", editable=False)
    earlier_lease = models.CharField(max_length=HASH, blank=True, default="", editable=False)
    open_request = models.UUIDField(null=True, editable=False)
    former_incarnations = models.JSONField(default=list, editable=False)
    other_lease = models.CharField(max_length=HASH, blank=True, default="", editable=False)
    other_incarnation = models.UUIDField(null=True, editable=False)
    other_at = models.DateTimeField(_("the other one called"), null=True, editable=False)
    refused_leases = models.JSONField(default=list, editable=False)

    decided = models.PositiveBigIntegerField(default=0, editable=False)
    acknowledged = models.PositiveBigIntegerField(default=0, editable=False)
    receipt = models.CharField(max_length=HASH, editable=False)
    cursor = models.PositiveBigIntegerField(default=0, editable=False)
    known_before = models.PositiveBigIntegerField(null=True, editable=False)
    gets_its_own = models.BooleanField(default=False, editable=False)
    told_vocabulary = models.JSONField(null=True, editable=False)

    contacted_at = models.DateTimeField(_("last contact"), null=True, editable=False)
    decided_at = models.DateTimeField(_("last reconciliation"), null=True, editable=False)
    program = models.CharField(_("version"), max_length=40, blank=True, default="", editable=False)
    protocol = models.PositiveIntegerField(null=True, editable=False)
    clock_ahead = models.DurationField(_("clock"), null=True, editable=False, help_text="Its clock minus ours.")
    waiting = models.PositiveBigIntegerField(_("changes not sent"), null=True, editable=False)
    free_bytes = models.PositiveBigIntegerField(_("free disk"), null=True, editable=False)
    knows_side = models.CharField(max_length=10, blank=True, default="", db_default="", editable=False)
    held_back = models.PositiveBigIntegerField(_("held back"), default=0, editable=False)
    open_conflicts = models.PositiveBigIntegerField(_("conflicts"), default=0, editable=False)

    objects = NodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("node")
        verbose_name_plural = _("nodes")
        ordering = ["organization", "location", "paired_at"]
        default_permissions = ()
        indexes = [models.Index(fields=["bearer"], name="node_by_bearer", condition=~Q(bearer=""))]
        constraints = [
            RowSecurity(name="node_rows", organization="organization"),
            models.UniqueConstraint(fields=["base", "id"], name="node_of_base"),
            models.CheckConstraint(condition=Q(state__in=NodeState.values), name="node_state_known"),
            models.CheckConstraint(condition=Q(acknowledged__lte=F("decided")), name="node_acknowledges_decided"),
            models.CheckConstraint(
                condition=~Q(name=""),
                name="node_has_name",
                violation_error_code="node_has_name",
                violation_error_message=_("Give the device a name."),
            ),
            *_place("node"),
        ]
        triggers = [
            steps_between(NODE_STEPS, begins=[NodeState.PAIRED]),
            immutable("id", "organization_id", "base_id", "location_id", "paired_at"),
            stays_on_record(NodeState.values),
        ]

    def __str__(self) -> str:
        return self.name


@personal(technical="code start made_at wrong_tries used_at withdrawn_at")
class PairingCode(models.Model):
    """A code by which one node is paired with a location: shown once, stored as a keyed hash.

    `start` is the hash of its first half, by which a code is found whose second half was typed wrongly.
    """

    web_privileges: ClassVar[str] = "SELECT, INSERT, UPDATE"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+", editable=False)
    base = models.ForeignKey(CustomerBase, models.PROTECT, related_name="+", editable=False)
    location = models.ForeignKey(Location, models.PROTECT, related_name="+", editable=False)
    code = models.CharField(max_length=HASH, editable=False)
    start = models.CharField(max_length=HASH, editable=False)
    made_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)
    made_by = models.CharField(_("made by"), max_length=200, editable=False)
    wrong_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    used_at = models.DateTimeField(_("used"), null=True, editable=False)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, editable=False)
    node = models.ForeignKey(
        Node,
        models.PROTECT,
        null=True,
        db_constraint=False,  # pairingcode_node_of_base refers to the same row and says more
        related_name="+",
        editable=False,
    )

    objects = PairingCodeQuerySet.as_manager()

    class Meta:
        verbose_name = _("pairing code")
        verbose_name_plural = _("pairing codes")
        default_permissions = ()
        constraints = [
            RowSecurity(name="pairingcode_rows", organization="organization"),
            models.UniqueConstraint(fields=["start"], name="pairingcode_unique", condition=OPEN_CODE),
            models.UniqueConstraint(
                fields=["location"],
                name="pairingcode_one_open",
                condition=OPEN_CODE,
                violation_error_code="pairingcode_one_open",
                violation_error_message=_(
                    "Somebody has just had a code shown for this location. Look at the page again."
                ),
            ),
            *_place("pairingcode"),
            _node_of_base("pairingcode"),
        ]
        triggers = [immutable("id", "organization_id", "base_id", "location_id", "code", "start", "made_at", "made_by")]

    def __str__(self) -> str:
        return f"{self.location}: {self.made_at:%Y-%m-%d %H:%M}"


@personal(
    technical=(
        "number_confirmed_at private_key central_url central_key epoch identity incarnation life lease request "
        "bearer applied receipt sent_up_to lacks_since known_before tried_at succeeded_at rights_as_of site_hash "
        "central_program clock_ahead agreed_vocabulary step done total failure"
    ),
)
class OwnNode(models.Model):
    """What only the node itself knows: its key, where its central is, and how far it is. One row, at a branch.

    `node` is empty as long as the branch is not paired; once it is, the base says so as well (`has_node`), and
    `identity` is its id at the central. `life` says which database this is: where it is another one now, it was
    restored from a backup, and `incarnation` becomes a new one. `applied` is the last run whose answer was applied,
    `receipt` the hash of its receipt. `request` is the request whose answer, with a new lease, has not arrived yet.
    After a restore of this branch `lacks_since` is the last run of which it has everything, until the rest has arrived.
    After one of the central `known_before` is the last run that it knows, until it was told the conflicts found since.
    `step` is what a run does at the moment, of which `done` of `total` parts are done; empty between two runs.
    """

    base = models.OneToOneField(CustomerBase, models.PROTECT, primary_key=True, related_name="own_node")
    organization = models.ForeignKey(Organization, models.PROTECT, related_name="+")
    location = models.ForeignKey(Location, models.PROTECT, related_name="+")
    node = models.ForeignKey(
        Node,
        models.PROTECT,
        null=True,
        db_constraint=False,  # ownnode_node_of_base refers to the same row and says more
        related_name="+",
    )
    number_confirmed_at = models.DateTimeField(
        null=True, help_text="Since when the branch number is fixed; it is asked for once."
    )
    private_key = models.TextField(blank=True, default="")
    central_url = models.URLField(_("address of the central"), max_length=300, blank=True, default="")
    central_key = models.TextField(blank=True, default="")
    epoch = models.CharField(max_length=100, blank=True, default="")
    identity = models.UUIDField(null=True)
    incarnation = models.UUIDField(default=uuid.uuid4)
    life = models.CharField(max_length=100, blank=True, default="")
    lease = models.CharField(max_length=100, blank=True, default="")
    request = models.UUIDField(null=True)
    bearer = models.CharField(max_length=100, blank=True, default="")
    applied = models.PositiveBigIntegerField(default=0)
    receipt = models.CharField(max_length=HASH, blank=True, default="")
    sent_up_to = models.PositiveBigIntegerField(default=0, help_text="The number of changes that the central has.")
    lacks_since = models.PositiveBigIntegerField(null=True, editable=False)
    known_before = models.PositiveBigIntegerField(null=True, editable=False)
    tried_at = models.DateTimeField(_("last attempt"), null=True)
    succeeded_at = models.DateTimeField(_("last reconciliation"), null=True)
    rights_as_of = models.DateTimeField(_("rights as of"), null=True)
    site_hash = models.CharField(max_length=HASH, blank=True, default="", help_text="Of what the central told last.")
    central_program = models.CharField(_("version of the central"), max_length=40, blank=True, default="")
    clock_ahead = models.DurationField(_("clock"), null=True, help_text="Our clock minus that of the central.")
    agreed_vocabulary = models.JSONField(null=True, help_text="Groups and tags as both sides have had them last.")
    step = models.CharField(_("step"), max_length=10, choices=RunStep, blank=True, default="")
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    failure = SentencesField()

    class Meta:
        verbose_name = _("this branch")
        verbose_name_plural = _("this branch")
        default_permissions = ()
        constraints = [
            RowSecurity(name="ownnode_rows", organization="organization"),
            *_place("ownnode"),
            _node_of_base("ownnode"),
        ]
        triggers = [immutable("base_id", "organization_id", "location_id"), NUMBER_CONFIRMED_ONCE, BASE_HAS_NODE]

    def __str__(self) -> str:
        return str(self.location)
