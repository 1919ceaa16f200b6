"""Goes everywhere as one person: each link, form, filter, export and error page, and each address of others.

    report = sweep(role, ground, log_in)

`quick=True` leaves out what is like something else: some seconds for a role instead of a minute.
"""

from __future__ import annotations

import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, product
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.test import Client

from customers.models import Customer, ImportUpload
from locations.permissions import Right
from mcp.console import panels
from mcp.isolation.http import CONSOLE_URLCONF
from tests.isolation.canary.addresses import Pattern, filled, patterns
from tests.isolation.canary.canaries import Canary
from tests.isolation.canary.pages import Form, Page
from tests.isolation.canary.planting import Ground
from tests.isolation.canary.temptations import MODELS, Temptations
from tests.isolation.canary.visitor import Report, Visitor
from tests.proofs.sampling import Sample

EVERYTHING = Sample(is_whole=True)
EACH = 3
GERMAN, ENGLISH = {"Accept-Language": "de"}, {"Accept-Language": "en", "HX-Request": "true"}
DEEPEST = 3
ACTIONS = ("archive", "restore", "record_consent", "export", "delete_selected", "set_group", "add_tag", "remove_tag")
EXPORT = "customers/customer/export/"
_KEY = re.compile(r"[0-9a-f-]{30,}|\d{7,}|(?<=/)\d+(?=/)")
_LIST = re.compile("changelist|export")
_ASKING = re.compile("changelist|export|archive|restore|consent$|add$|why|places|people|switch|^index$")
_FIXED = re.compile("^(health|jsi18n|password_change.*|set_language)$")
"""Pages that take nothing from their address."""


@dataclass(frozen=True)
class Role:
    """Somebody of the cast: where he works, and which canaries he may read."""

    name: str
    places: tuple[str, ...]
    foreign: tuple[int, ...]
    own: tuple[int, ...]
    is_stranger: bool = False
    """Whether every place answers as one that does not exist, so that there is nothing to go into."""
    may_read: Callable[[Canary, str], bool] = lambda _canary, _address: False


def sweep(role: Role, ground: Ground, client: Client, *, quick: bool = False, sample: Sample = EVERYTHING) -> Report:
    """Crawl everything as this person. Nothing that the crawl does stays done.

    Where the run leaves something out, all pages are opened, and one in EACH of their forms and of the addresses tried.
    """
    report, start = Report(role.name), time.monotonic()
    visitor = Visitor(client, ground.canaries, report, allowed=role.may_read)
    with visitor.watching():
        Crawl(visitor, ground, is_short=quick, sample=sample).outside()
        for place in role.places[:1] if quick else role.places:
            is_short = quick or role.is_stranger or place != role.places[0]
            Crawl(visitor, ground, is_short=is_short, sample=sample).at(place)
        for business in ground.foreign[:1] if quick else ground.foreign:
            for location in business.locations[-1:] if quick else business.locations:
                is_short = location != business.locations[-1]
                Crawl(visitor, ground, is_short=is_short, sample=sample).trespass(location.address)
    report.seconds = time.monotonic() - start
    return report


PANELS = ["figures", "groups", "birthdays", "newcomers", "waiting"]


class Crawl:
    """The way of one person through all pages of one place; `is_short` where its like was met before."""

    def __init__(self, visitor: Visitor, ground: Ground, *, is_short: bool, sample: Sample) -> None:
        self.visitor, self.ground, self.is_short, self.sample = visitor, ground, is_short, sample
        self.temptations = Temptations(ground, is_short=is_short)
        self.sent: set[tuple[str, ...]] = set()

    def outside(self) -> None:
        """Login, chooser, the pages of the provider, and what is wrong by itself."""
        self.follow("/", below="/")
        self.follow("/login/?next=/20800/1/", below="/login/")
        self.probe("/", patterns("mcp.project.urls"))
        for headers in ({"Host": "example.org"}, {"Cookie": "x"}):
            self.visitor.get("/", **headers)

    def at(self, place: str) -> None:
        """Everything at one location."""
        known = patterns(CONSOLE_URLCONF)
        self.follow(place, below=place)
        self.probe(place, known)
        self.direct(place, known)
        self.actions(place)
        self.exports(place)
        self.files(place)
        with broken_panel() as name:
            count = len(self.visitor.report.broken)
            self.visitor.get(f"{place}overview/{name}/", **GERMAN)
            del self.visitor.report.broken[count:]

    # --- links --------------------------------------------------------------------------------------------

    def follow(self, start: str, *, below: str) -> None:
        """Open each page behind a start, and send its forms."""
        waiting, known, shapes = deque([start]), {start}, Counter[tuple[Any, ...]]()
        while waiting:
            page = self.open(waiting.popleft())
            if page is None:
                continue
            for form in page.forms:
                self.submit(form)
            for link in page.links:
                if link not in known and self._is_wanted(link, below, page, shapes):
                    known.add(link)
                    waiting.append(link)

    def open(self, address: str) -> Page | None:
        """The page in German, and in English as a part of another page asks for it."""
        response = self.visitor.get(address, **GERMAN)
        if not self.is_short:
            self.visitor.get(address, **ENGLISH)
        self.visitor.report.pages += 1
        return parsed(response, address)

    def _is_wanted(self, link: str, below: str, page: Page, shapes: Counter[tuple[Any, ...]]) -> bool:
        parts = urlsplit(link)
        if not parts.path.startswith(below) or parts.path.startswith("/static/"):
            return False
        if below == "/" and re.match(r"/\d", parts.path):
            return False
        if parts.query and "?" in page.address:
            return False
        shape = _KEY.sub("#", parts.path.removeprefix(below))
        names = tuple(name for name, _value in parse_qsl(parts.query, keep_blank_values=True))
        shapes[shape, names] += 1
        return shapes[shape, names] <= (1 if self.is_short else 2)

    # --- forms --------------------------------------------------------------------------------------------

    def submit(self, form: Form, depth: int = 0) -> None:
        """Send a form in all variants; those of the page behind it as well, before all is undone."""
        shape = tuple(_KEY.sub("#", part) for part in form.signature)
        if shape in self.sent or not self.sample.has(str(shape), of=EACH):
            return
        self.sent.add(shape)
        for data in self.temptations.variants(form):
            with self.visitor.undone():
                response = self._send(form, data)
                page = self._behind(form, response) if depth < DEEPEST else None
                for following in page.forms if page else []:
                    self.submit(following, depth + 1)

    def _behind(self, form: Form, response: Any) -> Page | None:
        """The page to which a change leads; a question leads to a list that was read already."""
        return parsed(response, response.request["PATH_INFO"]) if form.method == "post" else None

    def _send(self, form: Form, data: dict[str, Any]) -> Any:
        self.visitor.report.forms += 1
        if form.method == "post":
            return self.visitor.send("post", form.action, data, headers=GERMAN)
        address = f"{urlsplit(form.action).path}?{urlencode(data, doseq=True)}"
        return self.visitor.send("get", address, headers=GERMAN)

    # --- addresses ----------------------------------------------------------------------------------------

    def probe(self, place: str, known: list[Pattern]) -> None:
        """Each address without an argument: all that can stand behind it, and the methods that it does not know."""
        for pattern in self.sample.part(known, of=EACH):
            if pattern.arguments or pattern.name == "logout":
                continue
            address = place + pattern.route
            if self.visitor.get(address, **GERMAN).status_code == 200 and not _FIXED.search(pattern.name):
                is_asking, is_list = bool(_ASKING.search(pattern.name)), bool(_LIST.search(pattern.name))
                for query in self.temptations.queries(is_asking=is_asking, is_list=is_list):
                    self.visitor.get(f"{address}?{query}", **GERMAN)
            self._with_other_methods(address)

    def direct(self, place: str, known: list[Pattern]) -> None:
        """Each address with an argument at an own location, with the keys of foreign rows."""
        for pattern in self.sample.part(known, of=EACH):
            for index, key in enumerate(self._keys(pattern)) if pattern.arguments else []:
                for address in filled(pattern, [key], PANELS):
                    self.visitor.get(place + address, **GERMAN)
                    if index == 0:
                        self._with_other_methods(place + address)

    def _keys(self, pattern: Pattern) -> Iterator[str]:
        """The keys of the model that the address is about; of all where there is none."""
        if not any(kind in {"int", "uuid", "path"} for kind, _name in pattern.arguments):
            yield ""
            return
        own = [model for model in MODELS if f"/{model._meta.model_name}/" in f"/{pattern.route}"]
        uploads = [model for model in MODELS if ("uuid", "pk") in pattern.arguments]
        models = uploads[-1:] or own or MODELS
        for model in models:
            yield from self.temptations.keys(model)

    def _with_other_methods(self, address: str) -> None:
        steps = [{"post": "yes", "_popup": "1", "step": step} for step in ("confirm", "undo", "cancel")]
        for data in [*steps, {}][: 2 if self.is_short else 4]:
            with self.visitor.undone():
                self.visitor.send("post", address, data, headers=ENGLISH)
        for method in () if self.is_short else ("put", "delete"):
            with self.visitor.undone():
                self.visitor.send(method, address)

    def actions(self, place: str) -> None:
        """The actions of the list, and the pages behind them, on rows of others."""
        keys = [*self.temptations.keys(Customer), *self.ground.keys(Customer, own=True)[:1]]
        for action in ACTIONS:
            with self.visitor.undone():
                data = {"action": action, "_selected_action": keys, "index": "0", "select_across": "1"}
                self.visitor.send("post", f"{place}customers/customer/", data, headers=GERMAN)
        for page in ("archive", "restore", "consent", "export", "bulk/archive", "bulk/restore"):
            with self.visitor.undone():
                query = "&".join(f"id={key}" for key in keys)
                data = {"reason": "Verzogen", "format": "plain", "column": ["memo", "last_name"]}
                self.visitor.send("post", f"{place}customers/customer/{page}/?{query}", data, headers=GERMAN)

    def exports(self, place: str) -> None:
        """Each format with all columns, and each single column."""
        page = parsed(self.visitor.get(place + EXPORT), place + EXPORT)
        form = next((form for form in page.forms if "column" in form.fields), None) if page else None
        if form is None:
            return
        columns, formats = form.fields["column"].options, form.fields["format"].options
        single = [] if self.is_short else [[column] for column in columns]
        for name, chosen in [*product(formats, [columns]), *zip(cycle(formats), single, strict=False)]:
            with self.visitor.undone():
                data = {"format": name, "column": chosen}
                self.visitor.send("post", f"{place}{EXPORT}?archived=all", data, headers=GERMAN)

    def files(self, place: str) -> None:
        """What can be fetched of each file in any state: not every page of one leads to it."""
        for key in [*self.ground.keys(ImportUpload, own=True), *self.ground.keys(ImportUpload)]:
            self.visitor.get(f"{place}customers/customer/import/{key}/rejected/", **GERMAN)

    def trespass(self, place: str) -> None:
        """Each address of a foreign location."""
        self.visitor.get(place, **GERMAN)
        for pattern in patterns(CONSOLE_URLCONF):
            keys = list(self._keys(pattern))[:1] if pattern.arguments else []
            for address in filled(pattern, keys, ["figures"]):
                self.visitor.get(place + address, **ENGLISH)
                if self.is_short:
                    continue
                with self.visitor.undone():
                    self.visitor.send("post", place + address, {"post": "yes"})


def parsed(response: Any, address: str) -> Page | None:
    """The answer as a page, where it is one."""
    if response.status_code != 200 or not response.headers.get("Content-Type", "").startswith("text/html"):
        return None
    return Page(address, response.body.decode())


@contextmanager
def broken_panel() -> Iterator[str]:
    """A panel that fails, as a page may: for the page that then is shown."""

    def fail(_scope: Any) -> dict[str, Any]:
        raise RuntimeError("the disk is full")

    panels.register(panels.Panel(name="broken", title="", right=Right.VIEW_CUSTOMERS, template="", facts=fail))
    try:
        yield "broken"
    finally:
        panels._panels.pop("broken")
