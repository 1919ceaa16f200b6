"""What is typed about consents and their purposes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from customers.choices import ConsentSource
from customers.models import Consent, ConsentPurpose
from locations.models import HIGHEST_ACCOUNT_NUMBER, Location
from mcp.console.operation_forms import OperationForm

MINUTE = "%Y-%m-%dT%H:%M"
"""How browsers write a moment."""
REFUSED_FIELDS = {
    "consent_receiver_of_transfer": "receiver",
    "consent_not_ahead_of_time": "at",
    "consent_source_known": "source",
    "consent_of_person_says_how": "source",
    "no_place": "location",
}
NOT_CHOSEN = frozenset({ConsentSource.SPOKEN, ConsentSource.IMPORT})
SAID_BY_PEOPLE = [(source.value, source.label) for source in ConsentSource if source not in NOT_CHOSEN]
HOW = _("Choose how the customer said so.")


class MomentField(forms.DateTimeField):
    """Local date and time. Of a time that occurs twice in the night when clocks go back the first is meant."""

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except forms.ValidationError:
            found = self._shown_twice(str(value).strip())
            if found is None:
                raise
            return found

    def _shown_twice(self, text: str) -> datetime | None:
        try:
            moment = datetime.strptime(text, MINUTE).replace(tzinfo=timezone.get_current_timezone())
        except ValueError:
            return None
        shown = timezone.localtime(moment.astimezone(UTC)).strftime(MINUTE)  # another one for a moment that is left out
        return moment if shown == text else None


class ConsentForm(forms.Form):
    """A statement of one or several customers.

    `places` are the locations at which it may have been said, the own one first. If the time was left as the page had
    filled it in, the statement is of the moment at which it is recorded.
    """

    purpose = forms.ChoiceField(label=_("Purpose"))
    is_given = forms.ChoiceField(label=_("Statement"), choices=[("yes", _("given")), ("no", _("withdrawn"))])
    at = MomentField(label=_("When"), input_formats=[MINUTE, "%Y-%m-%dT%H:%M:%S"])
    shown_at = forms.CharField(required=False)
    source = forms.ChoiceField(
        label=_("How"), choices=[("", _("Choose…")), *SAID_BY_PEOPLE], error_messages={"required": HOW}
    )
    wording_version = forms.CharField(
        label=_("Version of the wording"),
        required=False,
        max_length=Consent._meta.get_field("wording_version").max_length,
    )
    location = forms.TypedChoiceField(label=_("Said at"), required=False, coerce=int, empty_value=None)
    receiver = forms.IntegerField(label=_("Receiver"), required=False, min_value=1, max_value=HIGHEST_ACCOUNT_NUMBER)
    evidence = forms.CharField(
        label=_("Evidence"), required=False, max_length=Consent._meta.get_field("evidence").max_length
    )

    def __init__(
        self, data: Mapping[str, object] | None = None, *, purposes: list[ConsentPurpose], places: list[Location]
    ) -> None:
        now = timezone.localtime().strftime(MINUTE)
        first = purposes[0] if purposes else None
        initial = {
            "purpose": first.code if first else "",
            "is_given": "yes",
            "at": now,
            "shown_at": now,
            "wording_version": first.wording_version if first else "",
            "location": places[0].pk,
        }
        super().__init__(data, initial=initial)
        self.purposes, self.places = purposes, {place.pk: place for place in places}
        self.fields["location"].choices = [  # type: ignore[attr-defined]
            (place.pk, f"{place.client_number} · {place.name}") for place in places
        ]
        self.fields["purpose"].choices = [  # type: ignore[attr-defined]
            (purpose.code, purpose.title) for purpose in purposes
        ]

    def statement(self) -> dict[str, Any]:
        """The arguments of `record_consent`, from a valid form."""
        values = dict(self.cleaned_data)
        shown = values.pop("shown_at")
        values["is_given"] = values["is_given"] == "yes"
        values["location"] = self.places.get(values["location"])
        if shown == timezone.localtime(values["at"]).strftime(MINUTE):
            values["at"] = None
        return values


class ConsentPurposeForm(OperationForm):
    tells_what_was_seen = True
    refused_fields = {
        "consentpurpose_code_unique": "code",
        "consentpurpose_code_plain": "code",
        "consentpurpose_has_name": "name",
        "consentpurpose_receiver_by_wording": "holds_for_receiver",
    }

    class Meta:
        model = ConsentPurpose
        fields = ["code", "name", "wording", "wording_version", "holds_for_receiver", "is_active"]
