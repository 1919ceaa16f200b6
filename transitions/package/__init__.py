"""The package that a transition hands over (docs/package.md).

format ─┬─> readme ──> files ──> making     what is in it, written, kept and fetched at the sender
        └─> reading ──> encrypting          verified at the receiver, before anything is stored; under a password
"""
