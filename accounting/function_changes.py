"""Functions of the database that a migration changes in places, without saying all of them again."""

from __future__ import annotations


def changed(function: str, *changes: tuple[str, str]) -> str:
    """The SQL that replaces a function of an earlier migration by the same one with these places changed.

    Raises ValueError for a place that does not stand in the function exactly once.
    """
    for old, new in (("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"), *changes):
        if function.count(old) != 1:
            raise ValueError(f"This does not stand in the function once: {old}")
        function = function.replace(old, new)
    return function
