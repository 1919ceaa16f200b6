"""Files on their way into a base: the file, its rows, what would become of each, and how far it is."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Cast, NullIf
from django.utils.translation import gettext_lazy as _

from customers.choices import UPLOAD_DONE, Decision, UploadState, Verdict
from customers.models.customer import Customer
from customers.models.problems import ProblemsField
from customers.triggers.uploads import UPLOAD_TRIGGERS
from files.models import Chunk, OwnFile, own_file_constraints, piece_constraints
from locations.constraints import CompositeForeignKey, KeyWithBase
from locations.models import CustomerBase, Organization
from locations.personal import Erasure, personal
from locations.row_policies import SETTINGS, RowSecurity


@personal(
    bulk="gone after a day; what it has changed stands in the history of each",
    erased=Erasure.STAYS,
    emptied="choices",
    identity="choices",
    technical="preview result undoing state new_rows client_number branch_number cleared_at",
    keys="context",
)
class ImportUpload(OwnFile):
    """A file on its way into the base, and the record of what it did there.

    File and rows belong to one user and are deleted after a day. What has been applied stays on record, without
    them, so that it can be undone later.
    """

    choices = models.JSONField(default=dict)
    preview = models.JSONField(null=True)
    result = models.JSONField(null=True)
    undoing = models.JSONField(null=True)
    state = models.CharField(max_length=10, choices=UploadState, default=UploadState.UPLOADED)
    context = models.UUIDField(null=True, help_text="The context of the history under which it was applied.")
    new_rows = models.TextField(default="{}", help_text="The rows that were new in the preview, as int4multirange.")
    client_number = models.PositiveIntegerField(null=True, help_text="Of the branch, for a base 1.0 alone.")
    branch_number = models.PositiveIntegerField(null=True, help_text="Of the branch, for a base 1.0 alone.")
    cleared_at = models.DateTimeField(null=True, help_text="When file and rows were deleted; the record stays.")

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        default_permissions = ()
        indexes = [
            models.Index(fields=["base", "-created_at"], name="importupload_by_created"),
            models.Index(fields=["created_at"], condition=Q(cleared_at=None), name="importupload_to_be_cleared"),
            models.Index(fields=["context"], name="importupload_by_context"),
        ]
        constraints = [
            RowSecurity(name="importupload_rows", base="base"),
            KeyWithBase(name="importupload_key"),
            models.CheckConstraint(condition=Q(state__in=UploadState.values), name="importupload_state_known"),
            models.CheckConstraint(
                condition=Q(context=None) | Q(state__in=sorted(UPLOAD_DONE)), name="importupload_context_of_applied"
            ),
            models.CheckConstraint(
                condition=Q(client_number=None, branch_number=None)
                | Q(client_number__isnull=False, branch_number__isnull=False),
                name="importupload_of_branch_says_both",
            ),
            *own_file_constraints("importupload"),
        ]
        triggers = UPLOAD_TRIGGERS

    @property
    def previewed(self) -> dict[str, Any]:
        """The preview; empty before the file was checked."""
        return self.preview or {}


def _of_upload(name: str) -> CompositeForeignKey:
    return CompositeForeignKey(
        fields=["base", "file"], to="customers.ImportUpload", to_fields=["base", "id"], name=f"{name}_file_in_base"
    )


@personal(bulk="gone after a day", erased=Erasure.ROW_GOES, identity="content")
class ImportChunk(Chunk):
    file = models.ForeignKey(ImportUpload, models.CASCADE, db_constraint=False, db_index=False, related_name="chunks")

    class Meta:
        verbose_name = _("piece of an import")
        verbose_name_plural = _("pieces of imports")
        default_permissions = ()
        constraints = piece_constraints("importchunk", "customers.ImportUpload")


class NumbersField(models.Field):
    """A set of whole numbers, stored as ranges of them."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "int4multirange"


@personal(technical="done total is_cancelled reserved")
class ImportProgress(models.Model):
    """How far an import is, and whether somebody wants it to stop.

    A row of its own: it is written while the transaction of the import holds everything else.
    """

    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    file = models.OneToOneField(
        ImportUpload, models.CASCADE, primary_key=True, db_constraint=False, related_name="progress"
    )
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(default=0)
    is_cancelled = models.BooleanField(default=False)
    reserved: Any = NumbersField(null=True, help_text="Customer numbers that nobody else gets while it is applied.")

    class Meta:
        verbose_name = _("progress of an import")
        verbose_name_plural = _("progress of imports")
        default_permissions = ()
        indexes = [
            models.Index(fields=["base"], condition=Q(reserved__isnull=False), name="importprogress_reserving"),
        ]
        constraints = [
            RowSecurity(name="importprogress_rows", base="base"),
            KeyWithBase(name="importprogress_key"),
            _of_upload("importprogress"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}: {self.done}/{self.total}"


STAGED = tuple(
    field.name
    for field in Customer._meta.concrete_fields
    if (field.editable or field.name == "customer_number") and field.name not in ("id", "customer_group")
)
"""The fields of a customer that a file can give as values, under their own names."""
NOTES = ("position", "region")


@personal(
    bulk="gone after a day",
    erased=Erasure.ROW_GOES,
    identity=" ".join(["cells", "group_name", "former_numbers", *NOTES, *STAGED]),
    contract="newsletter newsletter_on transfer_allowed transfer_allowed_on",
    technical="row_number problems",
    keys="upload uid",
)
class ImportRow(models.Model):
    """A row of a file, its cells converted: what the customer would be. NULL is what the file does not say.

    COPY does not enter tables under row security, so this one has none. Instead nobody can read it: the web role may
    insert, but not say for which base: that the database fills in from what was entered. It is read and deleted
    through the view `customers_import_rows`, which shows the entered base's rows; nobody can change a row.
    """

    web_privileges: ClassVar[str]
    """What the web role may do (see mcp/isolation/database_roles.py): name every column but the base."""

    pk = models.CompositePrimaryKey("base_id", "upload", "row_number")
    base_id = models.BigIntegerField(
        db_default=Cast(
            NullIf(
                Func(Value(SETTINGS["base"]), Value(True), function="current_setting", output_field=models.TextField()),
                Value(""),
            ),
            models.BigIntegerField(),
        )
    )
    upload = models.UUIDField()
    row_number = models.PositiveIntegerField()
    problems = models.JSONField(null=True)
    cells = models.JSONField(null=True)
    group_name = models.TextField(null=True)
    former_numbers = ArrayField(models.TextField(), null=True)
    newsletter = models.BooleanField(null=True)
    newsletter_on = models.DateField(null=True)
    transfer_allowed = models.BooleanField(null=True)
    transfer_allowed_on = models.DateField(null=True)
    position = models.TextField(null=True)
    region = models.TextField(null=True)
    uid = models.UUIDField(null=True)

    class Meta:
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of imports")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.upload}: {self.row_number}"


def _twin(field: models.Field[Any, Any] | models.ForeignObjectRel) -> models.Field[Any, Any]:
    """A column of the same type that may hold nothing."""
    match field:
        case ArrayField():
            return ArrayField(models.TextField(), null=True)
        case models.CharField() | models.TextField():
            return models.TextField(null=True)
        case models.DecimalField():
            return models.DecimalField(max_digits=field.max_digits, decimal_places=field.decimal_places, null=True)
        case models.BooleanField():
            return models.BooleanField(null=True)
        case models.DateField():
            return models.DateField(null=True)
    return models.IntegerField(null=True)


for _name in STAGED:
    ImportRow.add_to_class(_name, _twin(Customer._meta.get_field(_name)))
ImportRow.web_privileges = "INSERT ({})".format(
    ", ".join(str(field.column) for field in ImportRow._meta.concrete_fields if field.name != "base_id")
)


@personal(
    bulk="gone after a day",
    erased=Erasure.ROW_GOES,
    identity="problems",
    technical="row_number verdict seen",
    keys="customer_id",
)
class ImportVerdict(models.Model):
    """What is to be told about single rows: rejected ones with the reason, changed ones, and what became of each."""

    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    file = models.ForeignKey(ImportUpload, models.CASCADE, db_constraint=False, db_index=False, related_name="verdicts")
    row_number = models.PositiveIntegerField()
    verdict = models.CharField(max_length=10, choices=Verdict)
    customer_id = models.BigIntegerField(null=True)
    seen = models.DateTimeField(null=True, help_text="When the customer had last been changed in the preview.")
    problems = ProblemsField(default=list)

    class Meta:
        verbose_name = _("verdict of an import")
        verbose_name_plural = _("verdicts of imports")
        default_permissions = ()
        indexes = [models.Index(F("file"), F("verdict"), F("row_number"), name="importverdict_by_row")]
        constraints = [
            RowSecurity(name="importverdict_rows", base="base"),
            KeyWithBase(name="importverdict_key"),
            models.CheckConstraint(condition=Q(verdict__in=Verdict.values), name="importverdict_known"),
            _of_upload("importverdict"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}: {self.row_number} {self.verdict}"


@personal(
    bulk="gone after a day",
    erased=Erasure.ROW_GOES,
    identity="looks number",
    technical="row_number decision",
    keys="customer_id",
)
class ImportDecision(models.Model):
    """What somebody has decided about a row that looks like a known customer; it outlives the next check."""

    base = models.ForeignKey(CustomerBase, models.CASCADE, db_index=False, related_name="+")
    file = models.ForeignKey(
        ImportUpload, models.CASCADE, db_constraint=False, db_index=False, related_name="decisions"
    )
    row_number = models.PositiveIntegerField()
    decision = models.CharField(max_length=5, choices=Decision)
    customer_id = models.BigIntegerField(null=True, help_text="Whom the row looks like; blank for a row of the file.")
    looks = models.JSONField(default=dict, help_text="By what it looks like somebody, as in the verdict.")
    number = models.PositiveIntegerField(
        null=True, help_text="The number at the sender of an applied package, by which he is the same person for good."
    )

    class Meta:
        verbose_name = _("decision about a row of an import")
        verbose_name_plural = _("decisions about rows of imports")
        default_permissions = ()
        constraints = [
            RowSecurity(name="importdecision_rows", base="base"),
            KeyWithBase(name="importdecision_key"),
            models.UniqueConstraint(fields=["base", "file", "row_number"], name="importdecision_unique"),
            models.CheckConstraint(
                condition=Q(decision__in=[Decision.NEW, Decision.LEAVE])
                | Q(decision=Decision.SAME, customer_id__isnull=False),
                name="importdecision_known",
            ),
            _of_upload("importdecision"),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}: {self.row_number} {self.decision}"


@personal(technical="heading target")
class HeadingChoice(models.Model):
    """Where a business has once said that a column of this heading goes."""

    organization = models.ForeignKey(Organization, models.CASCADE, db_index=False, related_name="+")
    heading = models.CharField(max_length=200, help_text="Folded: without case, blanks and punctuation.")
    target = models.CharField(max_length=40)

    class Meta:
        verbose_name = _("choice for a heading")
        verbose_name_plural = _("choices for headings")
        default_permissions = ()
        constraints = [
            RowSecurity(name="headingchoice_rows", organization="organization"),
            models.UniqueConstraint(fields=["organization", "heading"], name="headingchoice_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.heading}: {self.target}"
