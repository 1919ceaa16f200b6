"""The package that a transition hands over (docs/package.md).

readme ──> zip_writer ──> lifecycle     what is in it: written, kept and fetched at the sender
importing                               verified (transitions/archive) and made an import at the receiver
"""
