"""Machines: devices that speak to this program without a person, and what the floors above need to serve them.

    enrol(code, nonce=…)        once, with a code that somebody types: the device and its token
    admitted(token, address)    with each request: the scope in which the device works
    throttle(device)            with each request: not more often than it may
    describe(scope)             what the device is told about itself
    rotate(scope)               a new token

What goes wrong is a `Problem` or one of the exceptions that operations raise; `problem_response` makes the answer of
any of them. Whoever serves a device asks `access.demand_still(scope)` at the end of each transaction that writes.
"""

from mcp.machines.answers import problem_response
from mcp.machines.enrolling import enrol
from mcp.machines.entering import admitted
from mcp.machines.problems import CodeRefused, NotAdmitted, NotThere, OnOldBase, Problem, TooFast
from mcp.machines.serving import describe, rotate
from mcp.machines.throttling import throttle

__all__ = [
    "CodeRefused", "NotAdmitted", "NotThere", "OnOldBase", "Problem", "TooFast", "admitted", "describe", "enrol",
    "problem_response", "rotate", "throttle",
]  # fmt: skip
