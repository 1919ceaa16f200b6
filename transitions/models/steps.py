"""What somebody has done with a transition or a switch: who, when, and what was noted."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from locations.models import Organization
from locations.personal import personal
from mcp.isolation.scope import name_shown
from mcp.stored_sentences import SentencesField


@personal(technical="at note told")
class RecordedStep(models.Model):
    """The columns that such rows have in common, and are only ever added to. Each kind has the `state` it led to."""

    web_privileges: ClassVar[str] = "SELECT, INSERT"

    organization = models.ForeignKey(Organization, models.PROTECT, db_index=False, related_name="+")
    at = models.DateTimeField(db_default=Now(), editable=False)
    user_id = models.BigIntegerField(null=True, help_text="Of " + settings.AUTH_USER_MODEL)
    user_name = models.CharField(_("user"), max_length=200)
    note = models.TextField(blank=True, default="", help_text="As somebody has typed it.")
    told = SentencesField(help_text="What the program notes.")

    class Meta:
        abstract = True

    @property
    def who(self) -> str:
        """The name of who has taken the step, in the language of the reader."""
        return name_shown(self.user_name)

    @property
    def remark(self) -> str:
        """What was noted, in the language of whoever reads it."""
        return " ".join(filter(None, (str(self.told), self.note)))
