"""Files that somebody sends or fetches: exports, packages, incoming files, and whatever comes.

A kind of file is declared (`kinds.FileKind`): its tables, how long it is kept, its task, who may fetch it, and what is
said when something goes wrong. What all kinds have in common is done here once (`lifecycle`): made in pieces by the
worker, begun anew, cancelled, failed or done, kept, fetched with a log of who has done so, and deleted when it expires.

This app has abstract models and no tables. Each kind has tables of its own in the app that it belongs to, so that row
security goes by the base of what is in them, and so that a file refers to what it was made of.
"""
