"""All rows of the matrix, and which files of the product each is about."""

from tests.clearing.faults import (
    backups,
    clocks,
    disks,
    erasures,
    forged,
    kills,
    lines,
    repeats,
    strangers,
    waiting,
)

_BRANCH = ("clearing/branch/running.py", "clearing/branch/applying.py", "clearing/branch/cutting.py")
_CENTRAL = ("clearing/central/receiving.py", "clearing/central/deciding.py", "clearing/central/blocks.py")
_BOTH = (*_BRANCH, *_CENTRAL)
_ENTRY = ("clearing/central/entering.py", "clearing/central/standing.py", "clearing/branch/recovering.py")
ROWS: dict[str, tuple[str, ...]] = {
    "killed": _BOTH,
    "disk": _BOTH,
    "line": ("clearing/branch/transport.py", "clearing/branch/talking.py", "clearing/central/views.py"),
    "repeated": _CENTRAL,
    "waiting": _BOTH,
    "edited": _BRANCH,
    "backup": _ENTRY,
    "copy": (*_ENTRY, "clearing/central/quarantine.py", "clearing/branch/pairing.py"),
    "clock": ("clearing/central/entering.py", "clearing/protocol/keys.py"),
    "erased": ("customers/erasure/erasing.py", "clearing/branch/site.py", "clearing/keeping.py"),
    "version": ("clearing/protocol/messages.py", "clearing/protocol/versions.py", "clearing/central/standing.py"),
    "held back": ("clearing/central/incoming.py", "clearing/central/blocks.py", "clearing/rows/writing.py"),
    "damaged": ("clearing/protocol/parts.py", "clearing/protocol/stick.py", "clearing/central/views.py"),
}

MODULES = (backups, clocks, disks, erasures, forged, kills, lines, repeats, strangers, waiting)
"""Each has registered its cells."""
