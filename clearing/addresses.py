"""Who is served at which address of reconciliation (see mcp/isolation/addresses.py).

The addresses of nodes are none of people's: clearing/central/door.py serves them before anybody is asked who he is.
"""

from clearing.choices import RIGHTS_TO_PAIR
from clearing.pages.frame import RUN_RIGHT
from locations.permissions import Right
from mcp.isolation.addresses import FREE, AtBranch, Rights, Rule, Served, Zone, register

MANAGE: Rights = (Right.MANAGE_LOCATION,)
CLEAR: Rights = (Right.CLEAR,)
RESOLVE: Rights = (Right.RESOLVE_CONFLICTS, Right.VIEW_CUSTOMERS)
CHANGE: Rights = (Right.CHANGE_CUSTOMERS,)
ADD: Rights = (Right.ADD_CUSTOMERS,)

register(
    Zone.LOCATION, Rule("admin:clearing_pair_branch", reads=MANAGE, changes=RIGHTS_TO_PAIR), at_branch=AtBranch.ONLY
)
# From the machine itself, and only until the branch is set up.
register(Zone.OUTSIDE, Rule("branch_setup", Served.ANYBODY, reads=FREE, changes=FREE), at_branch=AtBranch.ONLY)
register(
    Zone.LOCATION,
    Rule("admin:clearing_nodes", reads=MANAGE),
    Rule("admin:clearing_code", reads=MANAGE, changes=RIGHTS_TO_PAIR),
    Rule("admin:clearing_code_withdraw", reads=MANAGE, changes=MANAGE),
    Rule("admin:clearing_node", reads=MANAGE),
    Rule("admin:clearing_alarm_mail", reads=MANAGE, changes=MANAGE),
    Rule("admin:panel", reads=MANAGE, arguments={"name": "branches"}),
    Rule("admin:clearing_retire", reads=MANAGE, changes=MANAGE),
    Rule("admin:clearing_release", Served.SUPPORT, reads=FREE, changes=FREE),
)
register(
    Zone.LOCATION,
    Rule("admin:clearing_run", reads=(RUN_RIGHT,)),
    Rule("admin:clearing_own", reads=CLEAR, changes=CLEAR),
    Rule("admin:clearing_stick", reads=CLEAR, changes=CLEAR),
    Rule("admin:clearing_stick_file", reads=CLEAR),
    at_branch=AtBranch.SERVED,
)
register(
    Zone.LOCATION,
    Rule("admin:clearing_conflicts", reads=RESOLVE),
    Rule("admin:clearing_conflict", reads=RESOLVE, changes=RESOLVE),
    # Whoever takes something over or creates somebody must be allowed to do so by hand.
    Rule(
        "admin:clearing_conflict",
        reads=RESOLVE,
        changes=RESOLVE,
        changes_of_row=CHANGE,
        posted={"step": "take_over"},
    ),
    Rule("admin:clearing_conflict", reads=RESOLVE, changes=RESOLVE, changes_of_row=ADD, posted={"step": "recreate"}),
    Rule("admin:clearing_conflicts_of_run", reads=RESOLVE, changes=RESOLVE),
    Rule("admin:clearing_held_back", reads=RESOLVE),
    Rule("admin:clearing_held_back_one", reads=RESOLVE, changes=RESOLVE),
    Rule("admin:panel", reads=(Right.RESOLVE_CONFLICTS,), arguments={"name": "conflicts"}),
    Rule("admin:panel", reads=CLEAR, arguments={"name": "own_alarms"}),
    at_branch=AtBranch.SERVED,
)
