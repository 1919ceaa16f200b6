"""Fixtures of the pages of imports; a module with people of its own says so itself."""

from __future__ import annotations

from typing import Any

import pytest
from procrastinate.contrib.django import app

from customers.imports import decided_upload, lifecycle, steps
from tests.customers.import_browser import Fresh


@pytest.fixture
def anna(log_in):
    """Anna's browser. Each question is asked by a client of its own, which knows nothing but her session."""
    return Fresh(lambda: log_in("anna"))


@pytest.fixture
def deferred(monkeypatch):
    """What waits for the worker: even a small file does."""
    monkeypatch.setattr(lifecycle, "DIRECT_BYTES", 1)
    monkeypatch.setattr(steps, "DIRECT_CUSTOMERS", 1)
    waiting: list[Any] = []
    for module in (steps, decided_upload):
        monkeypatch.setattr(module, "enqueue", lambda task, **given: waiting.append((app.tasks[task], given)))
    return waiting
