"""Reconciliation of a customer base 1.0, which lives at its branch, with the central.

conflicts/    versions that did not stand, and what people make of them; changes that were held back
protocol/     what both sides speak: keys, parts, messages, receipts, sticks, and the decision over one customer

The central's and the branch's side, their tables and their pages stand on it. The node at the branch always calls, the
central only answers; where there is no line, a file on a stick carries the same parts.
"""
