"""What a browser complains about, and what its pages still load."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response, WebError

BROKEN = 500


class Watch:
    """Listens to all pages of one context.

    `complaints` holds console errors (refused by the content security policy and failed files among them), uncaught
    exceptions, and answers from 500 on. That a page itself was answered with 403 or 404 is no complaint: the tests
    that cause it say so.
    """

    def __init__(self, context: BrowserContext) -> None:
        self.complaints: list[str] = []
        self._documents: set[str] = set()
        self._on_the_way: set[Request] = set()
        context.on("console", self._note_message)
        context.on("weberror", self._note_exception)
        context.on("request", self._note_request)
        context.on("response", self._note_response)
        context.on("requestfinished", self._note_end)
        context.on("requestfailed", self._note_end)

    def settle(self, page: Page) -> None:
        """Wait until the server owes no answer: the next test empties the tables under it."""
        wait_until(lambda: not self._on_the_way, page)

    def _note_message(self, message: ConsoleMessage) -> None:
        address = message.location["url"]
        is_refused_page = message.text.startswith("Failed to load resource") and address in self._documents
        if message.type == "error" and not is_refused_page:
            self.complaints.append(f"{message.text} ({address})")

    def _note_exception(self, error: WebError) -> None:
        self.complaints.append(f"{_place(error)}: uncaught {error.error.stack}")

    def _note_request(self, request: Request) -> None:
        self._on_the_way.add(request)
        if request.is_navigation_request():
            self._documents.add(request.url)

    def _note_response(self, response: Response) -> None:
        if response.status >= BROKEN:
            self.complaints.append(f"{response.status} {response.request.method} {response.url}")

    def _note_end(self, request: Request) -> None:
        self._on_the_way.discard(request)


def _place(error: WebError) -> str:
    return error.page.url if error.page else "a page that is closed"


def wait_until(condition: Callable[[], bool], page: Page, *, turns: int = 500) -> None:
    """Let the browser work until the condition holds. Raises AssertionError after `turns` times 20 ms."""
    for _turn in range(turns):
        if condition():
            return
        page.wait_for_timeout(20)
    raise AssertionError("The browser still waits for an answer.")
