"""Answers of a file that have no field of their own, kept at the end of the memo without loss.

    Fensterplatz
    [Position: Inhaberin]
    [Region: Holstein]

Only lines that `join` itself would write count as notes: `join(*split(memo)) == memo` for every memo.
"""

import re
from collections.abc import Mapping

LABELS = ("Position", "Region")
"""In German whatever the language of the screen: they are data, and equal for everybody."""

_NOTE = re.compile(rf"\[({'|'.join(LABELS)}): (.+)\]")


def split(memo: str) -> tuple[str, dict[str, str]]:
    """What people wrote, and the notes behind it by their label."""
    lines = memo.split("\n") if memo else []
    start = len(lines)
    while start and _NOTE.fullmatch(lines[start - 1]):
        start -= 1
    found = [_NOTE.fullmatch(line) for line in lines[start:]]
    notes = {match[1]: match[2] for match in found if match}
    body = "\n".join(lines[:start])
    return (body, notes) if join(body, notes) == memo else (memo, {})


def join(body: str, notes: Mapping[str, str]) -> str:
    """The memo with its notes, blank ones left out, in the order of `LABELS`."""
    lines = [f"[{label}: {notes[label]}]" for label in LABELS if notes.get(label)]
    return "\n".join([*([body] if body else []), *lines])
