"""The form by which the provider's support switches a rule of the customer base 1.0."""

from __future__ import annotations

from django import forms
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from locations.choices import LIFTABLE, LegacyRule
from locations.legacy import Standing
from mcp.central.forms.businesses import text_field


class Wanted(models.TextChoices):
    """What a rule shall be from now on."""

    LIFTED = "lifted", _("Lift the rule")
    HELD = "held", _("Let the rule hold")
    AS_ALL = "as_all", _("As for all businesses")

    @property
    def is_lifted(self) -> bool | None:
        """As `LegacySwitch.is_lifted` says it."""
        return None if self is Wanted.AS_ALL else self is Wanted.LIFTED


class SwitchForm(forms.Form):
    """One rule, what becomes of it, and why. `offered` are the buttons."""

    rule = forms.ChoiceField(choices=[(rule.value, rule.label) for rule in LIFTABLE], widget=forms.HiddenInput)
    wanted = forms.ChoiceField(choices=Wanted.choices, widget=forms.HiddenInput)
    reason = text_field(_("Reason"), 300, help_text=_("Stays on record, with your name."))

    def __init__(self, standing: Standing, *, is_of_business: bool, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id=f"{standing.rule}-%s", initial={"rule": standing.rule})
        self.offered = [(wanted.value, wanted.label) for wanted in _offered(standing, is_of_business)]

    @property
    def chosen(self) -> tuple[LegacyRule, Wanted]:
        """The rule, and what it shall be."""
        return LegacyRule(self.cleaned_data["rule"]), Wanted(self.cleaned_data["wanted"])


def _offered(standing: Standing, is_of_business: bool) -> list[Wanted]:
    """What would change something: for all the other of two, for one business the two others of three."""
    if not is_of_business:
        return [Wanted.HELD if standing.is_lifted else Wanted.LIFTED]
    now = (Wanted.LIFTED if standing.is_lifted else Wanted.HELD) if standing.is_own else Wanted.AS_ALL
    return [wanted for wanted in Wanted if wanted is not now]
