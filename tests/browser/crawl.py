"""All addresses that a person can reach by following links, as far as a browser's page would."""

from __future__ import annotations

from urllib.parse import urldefrag, urljoin, urlsplit

from playwright.sync_api import Page

LINKS = "elements => elements.map(element => element.getAttribute('href'))"
KINDS = "a[href]:not([download])"
"""A link with `download` leads to a file and to no page."""


def reachable(page: Page, start: str, *, below: str) -> list[str]:
    """Open every page behind `start` whose path begins with `below`, each path once; the paths in order of discovery.

    Raises AssertionError where a link leads to anything but a page: nobody is led to a refusal.
    """
    waiting, known = [start], {start: None}
    for path in waiting:
        response = page.goto(path)
        assert response is not None
        assert (path, response.status) == (path, 200), f"{path} answers {response.status}"
        for link in page.locator(KINDS).evaluate_all(LINKS):
            found = _path(urljoin(page.url, link))
            if found.startswith(below) and found not in known:
                known[found] = None
                waiting.append(found)
    return list(known)


def _path(address: str) -> str:
    """The path alone: sorting, filters and pages of a list are the list."""
    return urlsplit(urldefrag(address).url).path
