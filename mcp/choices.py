"""The closed lists of this floor."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ProviderRole(models.TextChoices):
    """What somebody of the provider's own people is; empty for the users of a business."""

    SUPPORT = "support", _("Support of the provider")
    DEVELOPER = "developer", _("Developer of the provider")


class Language(models.TextChoices):
    GERMAN = "de", _("German")
    ENGLISH = "en", _("English")
