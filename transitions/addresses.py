"""Who is served at which address of the locations that leave or join (see mcp/isolation/addresses.py)."""

from locations.permissions import Right
from mcp.isolation.addresses import FREE, Only, Rights, Rule, Served, Zone, register

SEE: Rights = (Right.MANAGE_LOCATION,)
DECIDE: Rights = (Right.CARRY_OVER,)

register(
    Zone.LOCATION,
    Rule("admin:transitions", reads=SEE),
    Rule("admin:transitions_request", reads=SEE, changes=SEE),
    Rule("admin:transitions_account", Served.SUPPORT, reads=FREE, changes=FREE),
    Rule("admin:transitions_transition", reads=SEE),
    # The branch is opened by the yes of the group: whoever says it may open locations himself.
    Rule(
        "admin:transitions_joinings", reads=SEE, changes=SEE, only=(Only.AT_CENTRAL,), only_to_change=(Only.EVERYWHERE,)
    ),
    # At the head of the business that hands over. Whoever has asked for it may cancel it at his own location as well.
    Rule("admin:transitions_step", changes=SEE, changes_of_row=DECIDE, only=(Only.AT_CENTRAL,)),
)

# --- switches between 2.0 and 1.0 ---------------------------------------------------------------------------------

register(
    Zone.LOCATION,
    Rule("admin:transitions_switches", reads=SEE),
    Rule("admin:transitions_switch", reads=SEE),
    Rule("admin:transitions_switch_request", Served.SUPPORT, reads=FREE, changes=FREE),
    Rule("admin:transitions_switch_step", Served.SUPPORT, changes=FREE),
)
# Signed by somebody else than who has asked for it, and outside of any location: a developer works at none.
register(
    Zone.OUTSIDE,
    Rule("admin:transitions_baseswitch_changelist", Served.DEVELOPER, reads=FREE),
    Rule("admin:transitions_baseswitch_sign", Served.DEVELOPER, reads=FREE, changes=FREE),
)

# --- packages, their protocols, and what arrives ------------------------------------------------------------------

IMPORT: Rights = (Right.IMPORT_CUSTOMERS,)
ADD: Rights = (Right.ADD_CUSTOMERS,)
TOLD: Rights = (Right.SEE_CONTACT_DATA, Right.SEE_BANK_DATA, Right.SEE_MEMOS)
EVIDENCE: Rights = (Right.SEE_MEMOS,)

register(
    Zone.LOCATION,
    Rule("admin:transitions_package", reads=DECIDE, changes=DECIDE, only=(Only.AT_CENTRAL,)),
    # What is in the file must be allowed to be seen: here one with all of it.
    Rule("admin:transitions_package_download", changes=DECIDE, changes_of_row=TOLD, only=(Only.AT_CENTRAL,)),
    Rule("admin:transitions_withdrawals", changes=DECIDE, changes_of_row=EVIDENCE, only=(Only.AT_CENTRAL,)),
    Rule("admin:transitions_protocol", reads=DECIDE, only=(Only.AT_CENTRAL,)),
    Rule("admin:transitions_protocol_pdf", reads=DECIDE, only=(Only.AT_CENTRAL,)),
    # A package creates customers, and perhaps groups, tags and purposes, and tells of them: asked when it is read.
    Rule("admin:transitions_arrivals", reads=IMPORT, changes=IMPORT, changes_of_row=ADD + TOLD),
    # Only the own files are found: how far they are, and stopping it.
    Rule("admin:transitions_incoming", reads=IMPORT, changes=IMPORT),
)
