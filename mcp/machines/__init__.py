"""Machines: devices that speak to this program without a person.

    admitted(token, address)    with each request: the scope in which the device works

What goes wrong is a `Problem`.
"""

from mcp.machines.entering import admitted
from mcp.machines.problems import NotAdmitted, NotThere, OnOldBase, Problem

__all__ = ["NotAdmitted", "NotThere", "OnOldBase", "Problem", "admitted"]
