"""The line of the example till: one request to the API of Stammhaus, and what its answer means for sending again."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any, NamedTuple

PROGRAM = "Example till 1.0"
SECONDS = 10
AGAIN = frozenset({409, 429, 500, 502, 503, 504})
"""With these a request may be sent once more under its key. Of 409 only where the same one is still running."""


class NoLine(Exception):
    """The server does not answer, or not now."""


class Refused(Exception):
    """The server says no; its problem says why."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status, self.problem = status, problem
        super().__init__(f"{status} {problem.get('code', '')}: {problem.get('detail', '')}")


class Answer(NamedTuple):
    body: dict[str, Any]
    version: str


class Server:
    """The API at the location of this device."""

    def __init__(self, address: str, token: str, language: str = "en") -> None:
        self.address, self.token, self.language = address, token, language

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """One request. Raises NoLine or Refused."""
        sent = {
            "Authorization": f"Bearer {self.token}",
            "Accept-Language": self.language,
            "User-Agent": PROGRAM,
            **{name.replace("_", "-"): value for name, value in headers.items() if value},
        }
        return call(method, f"{self.address}api/v1/{path}", body, sent)


def call(method: str, address: str, body: object, headers: dict[str, str]) -> Answer:
    """One request over HTTP. Raises NoLine or Refused."""
    if not address.startswith(("http://", "https://")):
        raise SystemExit(f"{address} is no address of a server.")
    data = None if body is None else json.dumps(body).encode()
    kind = {} if data is None else {"Content-Type": "application/json"}
    request = urllib.request.Request(address, data, {**headers, **kind}, method=method)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - as above
            return Answer(json.load(answer), answer.headers.get("ETag", ""))
    except urllib.error.HTTPError as error:
        with error:
            problem = read_problem(error.read())
        if error.code in AGAIN and (error.code != 409 or problem.get("code") == "still_running"):
            raise NoLine(problem.get("detail", str(error))) from error
        raise Refused(error.code, problem) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise NoLine(str(error)) from error


def read_problem(content: bytes) -> dict[str, Any]:
    """The problem of an answer; empty where something between has answered that speaks otherwise."""
    try:
        problem = json.loads(content)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}
