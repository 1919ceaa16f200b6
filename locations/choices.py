"""The closed lists of this floor."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OrganizationKind(models.TextChoices):
    CENTRAL_GROUP = "central_group", _("Central group")
    INDEPENDENT = "independent", _("Independent business")


class LocationKind(models.TextChoices):
    CENTRAL = "central", _("Central")
    BRANCH = "branch", _("Branch")
    INDEPENDENT = "independent", _("Independent location")


class BaseKind(models.TextChoices):
    SHARED = "shared", _("Customer base 2.0")
    OFFLINE = "offline", _("Customer base 1.0 (discontinued)")
