"""The installation at a branch: how it is set up, what it says about itself, and its side of a reconciliation."""
