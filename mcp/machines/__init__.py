"""Machines: devices that speak to this program without a person, and what the floors above need to serve them.

    enrol(code, nonce=…)        once, with a code that somebody types: the device and its token
    admitted(token, address)    with each request: the scope in which the device works
    throttle(device)            with each request: not more often than it may
    describe(scope)             what the device is told about itself
    rotate(scope)               a new token

What goes wrong is a `Problem` or another exception: `refusal_of` says what a machine is told of it, `told` makes the
answer of that, and `problem_response` does both; `localized` serves in the language asked for. Whoever serves a device
asks `access.demand_still(scope)` at the end of each transaction that writes.
"""

from mcp.machines.answers import Refusal, localized, problem_response, refusal_of, told
from mcp.machines.enrolling import enrol
from mcp.machines.entering import admitted
from mcp.machines.problems import CodeRefused, NotAdmitted, NotThere, OnOldBase, Problem, TooFast
from mcp.machines.serving import describe, rotate
from mcp.machines.throttling import throttle

__all__ = [
    "CodeRefused", "NotAdmitted", "NotThere", "OnOldBase", "Problem", "Refusal", "TooFast", "admitted", "describe",
    "enrol", "localized", "problem_response", "refusal_of", "rotate", "throttle", "told",
]  # fmt: skip
