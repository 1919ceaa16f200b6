"""The central's side of a reconciliation."""
