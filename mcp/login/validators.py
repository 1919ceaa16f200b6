"""What makes a password good enough: how many guesses somebody needs who knows what people choose."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from zxcvbn import matching, zxcvbn

FEWEST_GUESSES = 10**12
"""As many as twelve random letters take; a few unrelated words take far more."""
LONGEST = 72
"""What is behind that makes no password worse, and costs time to look at."""
LEFT = 8
"""So many letters besides one's own names, at least."""
_DATA = Path(__file__).resolve().parent / "data"


class GuessesValidator:
    """Refuses what is easily guessed: common passwords and words, German ones too, patterns, dates, one's own names.

    No rules of composition; the guesses are estimated by zxcvbn.
    """

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ValidationError with the code password_too_easy."""
        _know_german()
        names = _names_of(user)
        found = zxcvbn(password[:LONGEST], user_inputs=names)
        if found["guesses"] < FEWEST_GUESSES or len(_without(names, password)) < LEFT:
            raise ValidationError(self._sentence(), code="password_too_easy")

    def get_help_text(self) -> str:
        return self._sentence()

    def _sentence(self) -> str:
        return _(
            "That is too easily guessed: common words and passwords, dates, rows of keys and names of your own are "
            "tried first. A few words that have nothing to do with each other are good, and easy to remember."
        )


@cache
def _know_german() -> None:
    for name in ("german_words", "german_names"):
        words = (_DATA / f"{name}.txt").read_text(encoding="utf-8").split()
        matching.RANKED_DICTIONARIES[name] = matching.build_ranked_dict([word.casefold() for word in words])


def _names_of(user: Any) -> list[str]:
    """The words of the person's and the business's names, longest first."""
    organization = getattr(user, "organization", None)
    texts = [getattr(user, name, "") or "" for name in ("username", "first_name", "last_name", "email")]
    texts += [organization.name, str(organization.account_number)] if organization else []
    words = {word for text in texts for word in text.casefold().replace("@", " ").replace(".", " ").split()}
    return sorted((word for word in words if len(word) > 2), key=len, reverse=True)


def _without(names: list[str], password: str) -> str:
    left = password.casefold()
    for name in names:
        left = left.replace(name, "")
    return left
