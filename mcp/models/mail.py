"""The outbox of mails."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from locations.constraints import CompositeForeignKey
from locations.models import Organization
from locations.personal import personal
from locations.row_policies import RowSecurity
from mcp.choices import Language, MailKind, MailState
from mcp.models.people import User

GIVEN_UP = gettext_noop("The worker has given it up. Tell support before you try again.")
"""The error of a mail that the worker gave up; `Mail.trouble` translates it."""


@personal(is_of_staff=True, contact="address", technical="kind facts language made_at state tries error sent_at")
class Mail(models.Model):
    """A mail to a person.

    It is written in the transaction that causes it, and sent by the worker (mcp/worker/mailing.py).

    Its text is made of `kind` and `facts` when it is sent: neither secrets nor sentences are stored.
    """

    organization = models.ForeignKey(Organization, models.CASCADE, null=True, db_index=False, related_name="+")
    user = models.ForeignKey(
        User,
        models.CASCADE,
        db_constraint=False,  # mail_user_of_organization refers to the same row and says more
        related_name="mails",
    )
    kind = models.CharField(_("kind"), max_length=20, choices=MailKind)
    facts = models.JSONField(default=dict)
    address = models.EmailField(_("to"))
    language = models.CharField(_("language"), max_length=5, choices=Language)
    made_at = models.DateTimeField(_("made"), db_default=Now(), editable=False)
    state = models.CharField(_("state"), max_length=10, choices=MailState, default=MailState.WAITING)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    error = models.CharField(_("error"), max_length=300, blank=True, help_text=_("What the mail server said last."))
    sent_at = models.DateTimeField(_("sent"), null=True)

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering = ["-made_at", "-id"]
        default_permissions = ()
        constraints = [
            RowSecurity(name="mail_rows", organization="organization", person="user"),
            CompositeForeignKey(
                fields=["organization", "user"],
                to="mcp.User",
                to_fields=["organization", "id"],
                name="mail_user_of_organization",
                violation_error_message=_("This user belongs to another business."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.address}"

    @property
    def trouble(self) -> str:
        """What went wrong: the words of the mail server, or GIVEN_UP in the reader's language."""
        return gettext(self.error) if self.error == GIVEN_UP else self.error
