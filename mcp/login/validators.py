"""Checks whether a password is strong enough, by the number of guesses that an attacker needs."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from zxcvbn import matching, zxcvbn

FEWEST_GUESSES = 10**12
"""The fewest guesses that a password must take; a few unrelated words take far more."""
LONGEST = 72
"""Only so many characters are estimated: further ones make no password weaker, and take time."""
LEFT = 8
"""The fewest characters besides one's own names."""
_DATA = Path(__file__).resolve().parent / "data"


class GuessesValidator:
    """Refuses passwords that are easily guessed: common ones, words (German too), patterns, dates, one's own names.

    There are no rules about kinds of characters. zxcvbn estimates the number of guesses.
    """

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
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


def _names_of(user: AbstractBaseUser | None) -> list[str]:
    """The words of the person's and the business's names, the longest first."""
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
