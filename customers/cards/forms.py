"""What is typed about cards."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.choices import CardReason
from customers.formats.cards import LONGEST

LONGEST_TYPED = 2 * LONGEST
"""With the blanks in which a number is printed."""


class CardForm(forms.Form):
    """The number of a card, and the reason for which another one is blocked."""

    number = forms.CharField(label=_("Card number"), required=False, max_length=LONGEST_TYPED)
    reason = forms.ChoiceField(label=_("Why"), required=False, choices=[("", _("Choose…")), *CardReason.choices])
