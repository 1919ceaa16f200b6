"""The list of those who have withdrawn since they were handed over (docs/package.md).

format ─┬─> making     who they are, and the signed file, at the sender
        └─> taking     verified and recorded at the receiver

Nothing crosses from one business to the other inside of the database: the receiver knows the sender's key by the
package that he has taken in.
"""
