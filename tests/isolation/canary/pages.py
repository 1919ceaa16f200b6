"""What a page offers: the addresses that it names, and its forms with the values that a browser would send."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

ADDRESSES = {"href", "src", "action", "formaction", "hx-get", "hx-post", "hx-put", "hx-delete", "data-url", "data-href"}
"""Attributes that name an address. One that begins with a slash in any other data-attribute is taken as well."""


@dataclass
class Field:
    """One field of a form: what it would send, and what else it offers."""

    name: str
    kind: str
    values: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)

    @property
    def is_chosen(self) -> bool:
        """Whether the value is picked and not typed: the place for somebody else's key."""
        return self.kind in {"select", "hidden", "checkbox", "radio"}


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, Field] = field(default_factory=dict)

    def data(self) -> dict[str, list[str]]:
        """What a browser sends if nothing is touched."""
        return {one.name: one.values for one in self.fields.values() if one.values and one.kind != "file"}

    @property
    def signature(self) -> tuple[str, ...]:
        """The same for forms that differ in their values only, or in what a question carries along."""
        named = [one.name for one in self.fields.values() if self.method == "post" or one.kind != "hidden"]
        step = self.fields["step"].values if "step" in self.fields else []
        return (self.method, urlsplit(self.action).path, *sorted(named), *step)


class Page(HTMLParser):
    """A parsed page; `links` and the actions of `forms` are paths, with what follows the question mark."""

    def __init__(self, address: str, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.address, self.links, self.forms = address, dict[str, None](), list[Form]()
        self._form: Form | None = None
        self._select: Field | None = None
        self._area: Field | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._collect_links(given)
        if tag == "form":
            action = self._path(given.get("action") or self.address)
            self._form = Form(action or self.address, given.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is not None:
            self._handle_field(tag, given, self._form)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.values = [(self._area.values or [""])[0] + data]

    def _collect_links(self, given: dict[str, str]) -> None:
        for name, value in given.items():
            is_address = name in ADDRESSES or (name.startswith("data-") and value.startswith("/"))
            if is_address and (path := self._path(value)):
                self.links[path] = None

    def _path(self, address: str) -> str:
        """The address on this server, or nothing."""
        parts = urlsplit(urldefrag(urljoin(f"http://testserver{self.address}", address)).url)
        if parts.netloc != "testserver" or not parts.scheme.startswith("http"):
            return ""
        return parts.path + (f"?{parts.query}" if parts.query else "")

    def _handle_field(self, tag: str, given: dict[str, str], form: Form) -> None:
        name = given.get("name", "")
        if tag == "option" and self._select is not None:
            self._option(given, self._select)
        elif tag in {"input", "button", "select", "textarea"} and name:
            kind = given.get("type", "submit" if tag == "button" else "text") if tag in {"input", "button"} else tag
            self._remember(form.fields.setdefault(name, Field(name, kind)), given, kind)

    def _remember(self, found: Field, given: dict[str, str], kind: str) -> None:
        value = given.get("value", "on" if kind in {"checkbox", "radio"} else "")
        if kind == "select":
            self._select = found
        elif kind == "textarea":
            self._area = found
        elif kind in {"checkbox", "radio", "submit"}:
            found.options.append(value)
            found.values += [value] if "checked" in given else []
        else:
            found.values.append(value)

    def _option(self, given: dict[str, str], select: Field) -> None:
        value = given.get("value", "")
        select.options.append(value)
        if "selected" in given or (len(select.options) == 1 and not select.values):
            select.values = [value]


def paths(addresses: Iterable[str]) -> set[str]:
    return {urlsplit(address).path for address in addresses}
