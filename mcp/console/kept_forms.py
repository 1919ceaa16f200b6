"""What somebody has typed into a form that was refused: shown to him again, and sent again with one click.

A right was taken away meanwhile, the session has ended, or a login in another tab made the form's token worthless. The
values stand in the answer and nowhere else: nothing of them is stored. Through a login they travel signed, in a hidden
field. Passwords, PINs and the like neither go along nor are shown, and files cannot.

Only what our own page has sent is given back. A form of somebody else's page, sent under the name of whoever is logged
in, must not become a page of ours on which one click does what it wants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.apps import apps
from django.core import signing
from django.core.exceptions import FieldDoesNotExist, SuspiciousOperation
from django.db.models import Field as ModelField
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.urls import Resolver404, resolve
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from mcp.console.sent_once import TOKEN
from mcp.login import devices

FIELD = "kept"
"""The hidden field of the login."""
_SALT = "mcp.console.kept_forms"
_SECONDS = 12 * 60 * 60
_LARGEST = 512 * 1024
"""Of what is read of a stranger: a form that somebody has typed is smaller."""
_SECRET = re.compile(
    r"pass(?:word|wor|phrase|code)|secret|token|(?:^|[_-])(?:pin|otp|tan|key)(?:$|[_0-9-])", re.IGNORECASE
)
_OURS = ("mcp.", "customers.", "transitions.", "locations.")
_LOCATION = re.compile(r"/[1-9][0-9]{0,8}/[1-9][0-9]{0,4}/", re.ASCII)


@dataclass(frozen=True)
class Kept:
    """A refused form: where it was sent, and what goes along when it is sent again."""

    address: str
    values: tuple[tuple[str, str], ...]
    is_whole: bool = True
    """Whether nothing had to be left out, so that it can be sent again as it is."""
    person: str = ""
    """Who has logged in last on the device, as whoever has typed it; nobody else gets it back behind a login."""

    def shown(self) -> list[tuple[str, str]]:
        """(label, text) of what can be read: no keys of rows, no marks of the form's own."""
        named = _Names(self.address)
        return [(label, text) for name, value in self.values if value for label, text in named.read(name, value)]

    def signed(self) -> str:
        return signing.dumps([self.address, self.values, self.is_whole, self.person], salt=_SALT, compress=True)

    def is_of(self, user: Any) -> bool:
        return bool(self.person) and self.person == str(user.pk)


def kept_of(request: HttpRequest) -> Kept | None:
    """What this refused request had typed into a form of ours at a location; None where there is nothing to keep."""
    if request.method != "POST" or "HX-Request" in request.headers or not is_our_page(request):
        return None
    if not _LOCATION.match(request.get_full_path()) or not _is_small(request):
        return None
    try:
        sent, has_files = request.POST, bool(request.FILES)
    except (SuspiciousOperation, UnreadablePostError):
        return None
    values = [(name, value) for name in sent if name != TOKEN for value in sent.getlist(name) if isinstance(value, str)]
    secret = _secret_names()
    open_values = tuple((name, value) for name, value in values if name not in secret and not is_secret(name))
    is_whole = len(open_values) == len(values) and not has_files
    kept = Kept(request.get_full_path(), open_values, is_whole, devices.last_person_on(request))
    return kept if kept.shown() else None


def kept_through_login(sent: QueryDict) -> Kept | None:
    """What travelled through the login; None for what we have not signed within these hours."""
    try:
        address, values, is_whole, person = signing.loads(sent.get(FIELD, ""), salt=_SALT, max_age=_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    return Kept(address, tuple((name, value) for name, value in values), is_whole, person)


def is_our_page(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this very origin has sent the form. Who says nothing is not believed."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def is_secret(name: str) -> bool:
    """Whether a field of this name is never shown and never sent again, whatever page it is of."""
    return _SECRET.search(name) is not None


def _secret_names() -> set[str]:
    """Those of our forms that hide what is typed."""
    fields = [pair for form in _forms() for pair in form.base_fields.items()]
    return {name for name, field in fields if isinstance(field.widget, forms.PasswordInput)}


def _is_small(request: HttpRequest) -> bool:
    """Of whoever is not logged in, and so not known to have typed anything, no more than a form is read."""
    if request.user.is_authenticated:
        return True
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_form = request.content_type == "application/x-www-form-urlencoded"
    return is_form and str(length).isdecimal() and int(length) <= _LARGEST


class _Names:
    """What the fields of a page are called, by its address. It asks no database, so it says the same to everybody."""

    def __init__(self, address: str) -> None:
        self._model = _model_at(address)
        self._fields = _fields_of_ours()

    def read(self, name: str, value: str) -> Iterator[tuple[str, str]]:
        """One line for a field that somebody can read; none for hidden ones and for those that name rows."""
        field = self._of_model(name) or self._fields.get(name)
        if field is None or name.startswith("_"):
            return
        label, choices = self._label_and_choices(field, name)
        if label:
            yield label, _readable(name, value, field, choices)

    def _of_model(self, name: str) -> ModelField | None:
        try:
            found: Any = self._model._meta.get_field(name) if self._model else None
        except FieldDoesNotExist:
            return None
        return found

    def _label_and_choices(self, field: Any, name: str) -> tuple[str, dict[str, str]]:
        if isinstance(field, ModelField):
            if field.is_relation:
                return "", {}
            return capfirst(str(field.verbose_name)), {str(key): str(text) for key, text in field.flatchoices}
        if isinstance(field, forms.ModelChoiceField) or field.widget.is_hidden:
            return "", {}
        choices = dict(field.choices) if type(field) in {forms.ChoiceField, forms.TypedChoiceField} else {}
        label = str(field.label) if field.label else capfirst(name.replace("_", " "))
        return label, {str(key): str(text) for key, text in choices.items()}


def _readable(name: str, value: str, field: Any, choices: dict[str, str]) -> str:
    if "iban" in name:
        return f"… {value.replace(' ', '')[-4:]}"
    if value == "on":
        return _("Yes")
    return choices.get(value, value)


def _model_at(address: str) -> Any:
    """The model whose form is at the address, if it is one of a model's pages."""
    path = f"/{_LOCATION.sub('', address, count=1)}".partition("?")[0]
    try:
        name = resolve(path, urlconf="mcp.project.location_urls").view_name
    except Resolver404:
        return None
    by_name = {f"admin:{model._meta.app_label}_{model._meta.model_name}": model for model in apps.get_models()}
    return by_name.get(name.rpartition("_")[0])


def _fields_of_ours() -> dict[str, forms.Field]:
    """Every field that a form of ours declares, by its name."""
    return {name: field for form in _forms() for name, field in form.base_fields.items()}


def _forms(owner: Any = forms.BaseForm) -> Iterator[Any]:
    for form in owner.__subclasses__():
        if form.__module__.startswith(_OURS) and hasattr(form, "base_fields"):
            yield form
        yield from _forms(form)
