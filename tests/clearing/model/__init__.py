"""A central and its branches in memory: what each has on its disk, and one run as the messages of the protocol.

It keeps the rules of `clearing.branch`, `clearing.central` and the triggers without a table, and asks the same pure
functions: records, parts, receipts, and above all the decision. A disk can be copied and put back, a message can be
lost or come again, and each place has a clock of its own.
"""
