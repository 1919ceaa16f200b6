"""The package that a transition hands over (docs/package.md).

readme ──> zip_writer ──> lifecycle ──> tasks     what is in it, written, kept and fetched at the sender
importing                                         verified at the receiver, before anything is stored
"""
