"""Accounting of a customer base 1.0: a branch sells on account without a line, and the central books and bills it.

needs       what must be so before a branch sells on account, each with its remedy; at either side
selling     an order at the branch, kept until the central has it
contents    orders, what became of them, and terms, as they travel
sending     the branch's side of a run
posting     the central's side: orders become bookings in its ledger, or wait with the reason
terms       what a branch is told of accounts
leaving_out an order that cannot be booked is left out by somebody who says why
matters     what is registered with clearing
"""
