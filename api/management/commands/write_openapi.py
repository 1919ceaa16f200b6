"""Writes the description of the API, which lies in the repository: `manage.py write_openapi`."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from api.service import description

FILE = settings.ROOT / "docs" / "api" / "openapi.json"


def text() -> str:
    """The description as it lies in the repository."""
    return json.dumps(description(), indent=1, ensure_ascii=False) + "\n"


class Command(BaseCommand):
    help = "Writes docs/api/openapi.json, which describes the API of tills."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        FILE.parent.mkdir(parents=True, exist_ok=True)
        FILE.write_text(text())
        self.stdout.write(f"Written: {FILE}")
