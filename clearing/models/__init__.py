"""What node and central know of each other, and what became of each run.

    CustomerBase 1.0 ─┬─< Node ─┬─< Cycle ─< CyclePart   an installation at a branch; its runs; their bytes
                      │         └── OwnNode              at the branch: what only the node itself knows
                      ├─< PairingCode                    the code by which a node is paired, kept as a hash
                      ├─< HeldBack                       what a rule of the central has refused, and why
                      ├─< Conflict                       the version that did not stand, kept whole
                      └─< BulkDecision                   all conflicts of a run, decided by the worker
    Node ─< Alarm            what somebody should look at: since when, told when, ended when
    User ── AlarmRecipient   who is told of it by mail

The tables are the same at both sides. At a branch there is one Node, itself.
"""

from clearing.models.alarms import Alarm, AlarmRecipient
from clearing.models.conflicts import Conflict, HeldBack
from clearing.models.cycles import Cycle, CyclePart
from clearing.models.deciding import BulkDecision
from clearing.models.nodes import Node, OwnNode, PairingCode

__all__ = [
    "Alarm",
    "AlarmRecipient",
    "BulkDecision",
    "Conflict",
    "Cycle",
    "CyclePart",
    "HeldBack",
    "Node",
    "OwnNode",
    "PairingCode",
]
