"""JSON with one spelling: the same value gives the same bytes, on both sides and after a repeat."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Never

type Json = str | int | bool | Sequence[Json] | Mapping[str, Json] | None
"""What travels. No fractions: binary ones do not survive every program, so decimals travel as text."""


def canonical(value: Json) -> bytes:
    """The value as UTF-8: keys sorted, no white space.

    Raises ValueError for a lone surrogate, TypeError for what JSON cannot say.
    """
    return _ENCODER.encode(value).encode()


def read_object(text: bytes) -> dict[str, Json]:
    """The JSON object that the bytes are. Raises ValueError for anything else.

    Refused are as well: a key that stands twice, fractions, and nesting so deep that reading it would break off.
    """
    try:
        found: object = _DECODER.decode(text.decode())
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - a wrong value from outside, like all others
    return found


def _as_dictionary(value: object) -> dict[str, Json]:
    if not isinstance(value, Mapping):
        raise TypeError(f"{type(value).__name__} does not travel")
    return dict(value)


_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_as_dictionary
)


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refuse(text: str) -> Never:
    raise ValueError(f"{text} is no whole number")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_float=_refuse, parse_constant=_refuse)
