"""What the demo shows of reconciliation.

`nodes` fills the central: Lübeck and Kiel have nodes, with runs, conflicts and a change that is held back. `beside` is
for `make demo-branch`: Lübeck's own installation, paired with a central that runs beside it.
"""
