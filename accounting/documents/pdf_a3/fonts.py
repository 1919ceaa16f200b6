"""Which font a page takes: a small Latin one, or the whole one where a text needs it.

Reading and cutting the whole font takes some 40 ms more for each invoice (fonts/README.md says how it is made).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont

type Faces = tuple[Path, Path]
"""Regular and semi-bold."""

_OURS = Path(__file__).parent / "fonts"
_WHOLE = Path(__file__).parents[3] / "files" / "fonts"
LATIN: Faces = (_OURS / "Inter-Regular-Latin.ttf", _OURS / "Inter-SemiBold-Latin.ttf")
WHOLE: Faces = (_WHOLE / "Inter-Regular.ttf", _WHOLE / "Inter-SemiBold.ttf")


@cache
def letters_of(path: Path) -> frozenset[int]:
    """The characters that the font has."""
    with TTFont(path, lazy=True) as font:
        return frozenset(font.getBestCmap())


def faces_for(texts: str) -> Faces:
    """The Latin font if it has every character of the texts that any of ours has."""
    needed = set(map(ord, texts)) - letters_of(LATIN[0])
    return WHOLE if needed & letters_of(WHOLE[0]) else LATIN
