"""The fixed lists of values of this app."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class OrganizationKind(models.TextChoices):
    """A business is a central group with branches, or independent with one location."""

    CENTRAL_GROUP = "central_group", _("Central group")
    INDEPENDENT = "independent", _("Independent business")


class LocationKind(models.TextChoices):
    """What a location is in its business: the central of a group, a branch, or the one of an independent business."""

    CENTRAL = "central", _("Central")
    BRANCH = "branch", _("Branch")
    INDEPENDENT = "independent", _("Independent location")


class BaseKind(models.TextChoices):
    """A customer base is online and shared by its business (2.0), or lies offline at a location (1.0)."""

    SHARED = "shared", _("Customer base 2.0")
    OFFLINE = "offline", _("Customer base 1.0 (discontinued)")
