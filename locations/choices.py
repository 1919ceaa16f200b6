"""The fixed lists of values of this app."""

from django.db import models
from django.utils.functional import Promise
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


class Currency(models.TextChoices):
    """The currencies in which a business can keep accounts: those of our neighbours, all with two decimal places."""

    EUR = "EUR", "EUR"
    CHF = "CHF", "CHF"
    CZK = "CZK", "CZK"
    DKK = "DKK", "DKK"
    GBP = "GBP", "GBP"
    NOK = "NOK", "NOK"
    PLN = "PLN", "PLN"
    SEK = "SEK", "SEK"


class LegacyRule(models.TextChoices):
    """What does not work at a location with a customer base 1.0. Support can lift it where `can_be_lifted` says so.

    A rule stands here once code asks it, or the database keeps it: locations/legacy.py answers whether it holds.
    """

    CENTRAL_FIGURES = "central_figures", _("Figures at the central")
    CENTRAL_EDITING = "central_editing", _("Editing at the central")
    NEW_LOCATIONS = "new_locations", _("New locations on 1.0")
    LEAVING = "leaving", _("Leaving the group")
    BRANCH_NUMBER = "branch_number", _("Branch number")

    @property
    def sentence(self) -> Promise:
        """What the rule means for the business."""
        return _SENTENCES[self]

    @property
    def can_be_lifted(self) -> bool:
        return self in LIFTABLE

    @property
    def without(self) -> Promise:
        """What is so where the rule is lifted; of one that cannot be lifted yet, why not."""
        return _WITHOUT[self]


LIFTABLE = (LegacyRule.CENTRAL_FIGURES, LegacyRule.NEW_LOCATIONS)
"""The rules without which everything works as well."""

_SENTENCES: dict[LegacyRule, Promise] = {
    LegacyRule.CENTRAL_FIGURES: _(
        "Figures made at the central leave locations on a customer base 1.0 out and say so by name."
    ),
    LegacyRule.CENTRAL_EDITING: _(
        "The central sees and changes customers of a customer base 1.0 only after switching to its location."
    ),
    LegacyRule.NEW_LOCATIONS: _("Only the provider's support opens further locations on a customer base 1.0."),
    LegacyRule.LEAVING: _("A location cannot leave the group as long as it works on a customer base 1.0."),
    LegacyRule.BRANCH_NUMBER: _("The branch number of a location stays as long as it works on a customer base 1.0."),
}
_WITHOUT: dict[LegacyRule, Promise] = {
    LegacyRule.CENTRAL_FIGURES: _(
        "Figures made at the central count these customers as well and name their locations."
    ),
    LegacyRule.CENTRAL_EDITING: _("At the central the database shows the customers of its own base alone."),
    LegacyRule.NEW_LOCATIONS: _("Whoever manages all locations can open further ones on a customer base 1.0."),
    LegacyRule.LEAVING: _("The carry-over does not know a customer base 1.0. Support moves the location to 2.0 first."),
    LegacyRule.BRANCH_NUMBER: _("The database finds the customer base 1.0 of a location by its branch number."),
}


class Side(models.TextChoices):
    """Where this installation stands in the reconciliation of a base 1.0: at the central, or at a branch."""

    CENTRAL = "central", _("Central")
    BRANCH = "branch", _("Branch")


class EditSide(models.TextChoices):
    """Where customers of an offline base are edited once a node works with it: at one of the sides, or at both.

    At neither where the base is being switched to 2.0 or was: then nothing at all is written in it. Nobody chooses
    that; it comes and goes with the switch.
    """

    BRANCH = Side.BRANCH, _("At the branch")
    CENTRAL = Side.CENTRAL, _("At the central")
    BOTH = "both", _("At both")
    NEITHER = "neither", _("At neither, because of a switch to 2.0")


CHOSEN_SIDES = [(side.value, side.label) for side in EditSide if side != EditSide.NEITHER]
"""The sides among which somebody chooses."""
