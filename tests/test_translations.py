"""German is complete: every sentence of the product is in the catalogue, translated, with the same placeholders."""

from __future__ import annotations

import re
from typing import Any

import pytest
from babel.messages.catalog import Message

from tests import catalogue

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%|\{\w*\}")


@pytest.fixture(scope="module")
def german():
    return catalogue.read_german()


def name(message: Message) -> tuple[Any, str | None]:
    return (message.id[0] if isinstance(message.id, tuple) else message.id), message.context


def test_every_sentence_is_in_the_german_catalogue(german):
    known = {name(message) for message in german if message.id}
    wanted = {name(message) for message in catalogue.catalogue() if message.id}
    assert sorted(wanted - known, key=str) == []


def test_every_sentence_is_translated(german):
    empty = [message.id for message in german if message.id and not all(_texts(message))]
    assert empty == []


def test_nothing_is_marked_as_doubtful(german):
    assert [message.id for message in german if message.id and message.fuzzy] == []


def test_translations_keep_their_placeholders(german):
    wrong = [
        (message.id, text)
        for message in german
        if message.id
        for at, text in enumerate(_texts(message))
        if set(PLACEHOLDER.findall(text)) not in _placeholders(message, at)
    ]
    assert wrong == []


def _placeholders(message: Message, at: int) -> list[set[str]]:
    """What the text may hold; the one about a single thing may name the count or leave it out."""
    sources: Any = message.id if isinstance(message.id, tuple) else (message.id,)
    return [set(PLACEHOLDER.findall(source)) for source in sources[min(at, 1) :]]


def _texts(message: Message) -> tuple[Any, ...]:
    return message.string if isinstance(message.string, tuple) else (message.string,)
