"""Keeps what somebody has typed into a form that was refused: it is shown again, and sent again with one click.

A form is refused where a right was taken meanwhile, the session has ended, or a login in another tab has made its token
invalid. The values are in the answer only; the server stores nothing. Through a login they are carried signed, in a
hidden field. Passwords, PINs and the like are left out, and files cannot be kept.

Only a form that our own page has sent is given back. A form that another site sends in the name of the user must not
turn into a page of ours where one click does what that site wants.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.core.exceptions import FieldDoesNotExist, SuspiciousOperation
from django.db.models import Field as ModelField
from django.db.models import Model
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.urls import Resolver404, resolve
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from mcp.console.sent_once import TOKEN
from mcp.login import devices
from mcp.models import User

FIELD = "kept"
"""The hidden field of the login."""
_SALT = "mcp.console.kept_forms"
_SECONDS = 12 * 60 * 60
_LARGEST = 512 * 1024
"""Bytes of a form that is read where nobody is logged in; what somebody can type is less."""
_SECRET = re.compile(
    r"pass(?:word|wor|phrase|code)|secret|token|(?:^|[_-])(?:pin|otp|tan|key)(?:$|[_0-9-])", re.IGNORECASE
)
_OURS = ("mcp.", "customers.", "transitions.", "locations.")
_LOCATION = re.compile(r"/[1-9][0-9]{0,8}/[1-9][0-9]{0,4}/", re.ASCII)


@dataclass(frozen=True)
class Kept:
    """A refused form: the address it was sent to, and the values to be sent again."""

    address: str
    values: tuple[tuple[str, str], ...]
    is_whole: bool = True
    """Whether nothing was left out, so that it can be sent again as it is."""
    person: str = ""
    """The key of the user who has typed it: the last to log in on this device. Only he gets it back after a login."""

    def shown(self) -> list[tuple[str, str]]:
        """(label, text) of the values that people can read, without keys of rows and fields such as the token."""
        named = _Names(self.address)
        return [(label, text) for name, value in self.values if value for label, text in named.read(name, value)]

    def signed(self) -> str:
        """The text for the hidden field of the login."""
        return signing.dumps([self.address, self.values, self.is_whole, self.person], salt=_SALT, compress=True)

    def is_of(self, user: User | AnonymousUser) -> bool:
        """Whether this user has typed it."""
        return bool(self.person) and self.person == str(user.pk)


def kept_of(request: HttpRequest) -> Kept | None:
    """What this refused request has sent, if it was a form of ours at a location; None if there is nothing to keep."""
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
    """The values that were carried through the login; None where they are not signed by us, or too old."""
    try:
        address, values, is_whole, person = signing.loads(sent.get(FIELD, ""), salt=_SALT, max_age=_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    return Kept(address, tuple((name, value) for name, value in values), is_whole, person)


def is_our_page(request: HttpRequest) -> bool:
    """Whether the browser says that a page of this origin has sent the form. Without such a header the answer is no."""
    if site := request.headers.get("Sec-Fetch-Site"):
        return site == "same-origin"
    return request.headers.get("Origin") == f"{request.scheme}://{request.get_host()}"


def is_secret(name: str) -> bool:
    """Whether a field of this name is never shown and never sent again."""
    return _SECRET.search(name) is not None


def _secret_names() -> set[str]:
    """The names of fields of our forms that hide what is typed."""
    fields = [pair for form_fields in _declared_fields() for pair in form_fields.items()]
    return {name for name, field in fields if isinstance(field.widget, forms.PasswordInput)}


def _is_small(request: HttpRequest) -> bool:
    """Whether the form may be read: of somebody who is not logged in, at most _LARGEST bytes."""
    if request.user.is_authenticated:
        return True
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_form = request.content_type == "application/x-www-form-urlencoded"
    return is_form and str(length).isdecimal() and int(length) <= _LARGEST


class _Names:
    """The labels of the fields of a page, found by its address. No rows are read, so everybody gets the same."""

    def __init__(self, address: str) -> None:
        self._model = _model_at(address)
        self._fields = _fields_of_ours()

    def read(self, name: str, value: str) -> Iterator[tuple[str, str]]:
        """(label, text) of a field that people can read; nothing for hidden fields and those that name rows."""
        field = self._of_model(name) or self._fields.get(name)
        if field is None or name.startswith("_"):
            return
        label, choices = self._label_and_choices(field, name)
        if label:
            yield label, _readable(name, value, choices)

    def _of_model(self, name: str) -> ModelField | None:
        try:
            found = self._model._meta.get_field(name) if self._model else None
        except FieldDoesNotExist:
            return None
        return found if isinstance(found, ModelField) else None

    def _label_and_choices(self, field: ModelField | forms.Field, name: str) -> tuple[str, dict[str, str]]:
        if isinstance(field, ModelField):
            if field.is_relation:
                return "", {}
            return capfirst(str(field.verbose_name)), {str(key): str(text) for key, text in field.flatchoices}
        if isinstance(field, forms.ModelChoiceField) or field.widget.is_hidden:
            return "", {}
        choices: dict[object, object] = {}
        if isinstance(field, forms.ChoiceField) and type(field) in {forms.ChoiceField, forms.TypedChoiceField}:
            pairs: Any = field.choices
            choices = dict(pairs)
        label = str(field.label) if field.label else capfirst(name.replace("_", " "))
        return label, {str(key): str(text) for key, text in choices.items()}


def _readable(name: str, value: str, choices: dict[str, str]) -> str:
    if "iban" in name:
        return f"… {value.replace(' ', '')[-4:]}"
    if value == "on":
        return _("Yes")
    return choices.get(value, value)


def _model_at(address: str) -> type[Model] | None:
    """The model whose pages are at the address; None where it is no page of a model."""
    path = f"/{_LOCATION.sub('', address, count=1)}".partition("?")[0]
    try:
        name = resolve(path, urlconf="mcp.project.location_urls").view_name
    except Resolver404:
        return None
    by_name = {f"admin:{model._meta.app_label}_{model._meta.model_name}": model for model in apps.get_models()}
    return by_name.get(name.rpartition("_")[0])


def _fields_of_ours() -> dict[str, forms.Field]:
    """All fields that our forms declare, by their names."""
    return {name: field for fields in _declared_fields() for name, field in fields.items()}


def _declared_fields(owner: type[forms.BaseForm] = forms.BaseForm) -> Iterator[dict[str, forms.Field]]:
    """For each form of ours its fields, by their names."""
    for form in owner.__subclasses__():
        if form.__module__.startswith(_OURS) and hasattr(form, "base_fields"):
            yield form.base_fields
        yield from _declared_fields(form)
