"""Guards of which nothing can be missed, each with the reason: the database or another line leaves nothing to notice.

The key is the end of the guard's name, without its line.
"""

UNNOTICEABLE: dict[str, str] = {}
