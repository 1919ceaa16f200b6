"""Files that somebody sends or fetches: exports, packages, incoming files.

A kind of file is declared with `kinds.FileKind`: its tables, how long it is kept, its task, who may fetch it, and the
sentences for what goes wrong. `lifecycle` does what all kinds have in common: the worker makes a file in pieces, it can
be made again, cancelled, fail, be fetched (which is logged), and is deleted when it expires.

This app has abstract models and no tables. Each kind has tables in the app it belongs to: row security there goes by
the customer base, and a file can refer to what it was made of.
"""
