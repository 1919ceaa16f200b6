"""The fixed lists of values of this app."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProviderRole(models.TextChoices):
    """The role of one of the provider's own people; empty for the users of a business."""

    SUPPORT = "support", _("Support of the provider")
    DEVELOPER = "developer", _("Developer of the provider")


class Language(models.TextChoices):
    """The languages of the screens, as in settings.LANGUAGES; English twice, for the two ways to write a day."""

    GERMAN = "de", _("German")
    ENGLISH = "en", _("English (28 Nov 2026)")
    ENGLISH_IN_DIGITS = "en-gb", _("English (28/11/2026)")


class MailKind(models.TextChoices):
    """What a mail is about; its text is the template templates/mail/<kind>.txt."""

    INVITATION = "invitation", _("Invitation")
    NEW_PASSWORD = "new_password", _("Link for a new password")
    LINK_SHOWN = "link_shown", _("A link was made for you")
    PASSWORD_CHANGED = "password_changed", _("Password changed")
    EMAIL_CHANGED = "email_changed", _("E-mail address changed")
    WAITING = "waiting", _("Reminder of what waits")
    ALARMS = "alarms", _("Alarms of branches")


class MailState(models.TextChoices):
    """Whether a mail was sent."""

    WAITING = "waiting", _("Waiting")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")


class DeviceKind(models.TextChoices):
    """What a machine of a location is."""

    TILL = "till", _("Till")
    INTEGRATION = "integration", _("Integration")
    COUNTER = "counter", _("Counter")


class DeviceState(models.TextChoices):
    """Whether a machine can get in."""

    WAITING = "waiting", _("Waiting for its code")
    ACTIVE = "active", _("In use")
    REVOKED = "revoked", _("Revoked")


DEVICE_STEPS: dict[DeviceState, set[DeviceState]] = {
    DeviceState.WAITING: {DeviceState.ACTIVE, DeviceState.REVOKED},
    DeviceState.ACTIVE: {DeviceState.REVOKED},
    DeviceState.REVOKED: set(),
}
"""Which state follows which. What was revoked stays so."""
