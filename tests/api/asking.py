"""A till as the tests have it: asks the API with its token, and gives what was answered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.test import Client

from mcp.models import Device

JSON = "application/json"


@dataclass
class Till:
    browser: Client
    place: str
    token: str
    device: Device

    def ask(
        self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, at: str = "", **headers: str
    ) -> Any:
        """The answer. Headers are named as in Python: `if_match`; one that is None is not sent."""
        named = {"authorization": f"Bearer {self.token}", "accept-language": "en"}
        named |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        kind = named.pop("content-type", JSON)
        sent = {name: value for name, value in named.items() if value is not None}
        address = f"{at or self.place}/api/v1/{path}"
        return self.browser.generic(method, address, content, kind, headers=sent)

    def get(self, path: str, **more: Any) -> Any:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> Any:
        """With a key of its own, unless another one is given."""
        return self.ask("POST", path, body, **({"idempotency_key": str(uuid4())} | more))

    def patch(self, path: str, body: Any, etag: str | None, **more: Any) -> Any:
        return self.ask("PATCH", path, body, if_match=etag, **more)  # type: ignore[arg-type]


def problem(answer: Any) -> tuple[int, str]:
    """Status and code of a problem, which has all that RFC 9457 asks for."""
    said = answer.json()
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    assert said["status"] == answer.status_code
    assert said["type"].endswith(said["code"])
    assert said["title"]
    assert said["detail"]
    return answer.status_code, said["code"]
