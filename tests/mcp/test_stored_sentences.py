"""Sentences are stored as codes and parameters, and said in the language of whoever reads them."""

from __future__ import annotations

import json
from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy, override

from locations.permissions import Right
from mcp.isolation.scope import MissingRight
from mcp.stored_sentences import USER_LEFT, Sentences, sentences_of, stored_sentence


def again(sentences: Sentences) -> Sentences:
    """As the database gives them back."""
    return Sentences(json.loads(json.dumps(sentences)))


def said(sentences: Sentences, language: str) -> str:
    with override(language):
        return str(again(sentences))


def test_a_sentence_of_ours_is_stored_by_its_code():
    with override("de"):
        kept = USER_LEFT()
    assert kept == [{"code": "user_left", "params": {}}]
    assert said(kept, "en") == "The user may not work at this location any more."
    assert said(kept, "de") == "Der Benutzer darf an diesem Standort nicht mehr arbeiten."


def test_a_missing_right_is_stored_as_right_and_location():
    with override("de"):
        kept = sentences_of(MissingRight(Right.EXPORT_CUSTOMERS, "Bremen"))  # type: ignore[arg-type]
    assert kept == [{"code": "missing_right", "params": {"right": "export_customers", "location": "Bremen"}}]
    assert said(kept, "en") == "You lack the right “Export customers” at the location Bremen."
    assert "Kunden exportieren" in said(kept, "de")


def test_a_refusal_keeps_its_code_and_only_the_parameters_that_it_names():
    with override("de"), pytest.raises(ValidationError) as refused:
        MaxLengthValidator(3)("abcde")
    kept = sentences_of(refused.value)
    assert (kept[0]["code"], kept[0]["params"]) == ("max_length", {"limit_value": 3, "show_value": 5})
    assert said(kept, "en") == "Ensure this value has at most 3 characters (it has 5)."
    assert said(kept, "de").startswith("Bitte sicherstellen, dass der Wert aus höchstens 3 Zeichen besteht.")


def test_several_refusals_of_fields_are_said_one_after_the_other():
    refusal = ValidationError({"a": ValidationError(gettext_lazy("Choose a tag."), code="no_tag"), "b": "As it is."})
    assert said(sentences_of(refusal), "en") == "Choose a tag. As it is."
    assert not Sentences()
    assert str(Sentences()) == ""


def test_days_and_sentences_inside_of_a_sentence_are_said_as_the_reader_says_them():
    refusal = ValidationError(
        gettext_lazy("%(day)s: %(what)s"),
        params={"day": date(2026, 3, 2), "what": gettext_lazy("Choose a tag.")},
    )
    kept = sentences_of(refusal)
    assert said(kept, "de") == "02.03.2026: Wählen Sie ein Schlagwort."
    assert said(kept, "en").endswith(": Choose a tag.")


def test_a_code_belongs_to_one_sentence():
    with pytest.raises(ValueError, match="user_left"):
        stored_sentence("user_left", gettext_lazy("Choose a tag."))
