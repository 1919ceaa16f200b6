"""A refusal is raised with a sentence that is not translated yet: stored, it is read in any language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("locations", "files", "customers", "clearing", "accounting", "transitions", "api", "privacy")
EAGER = {"gettext", "ngettext", "pgettext"}


def _name(node: ast.expr) -> str:
    return getattr(node, "id", getattr(node, "attr", ""))


def _trees() -> dict[str, ast.Module]:
    paths = [path for folder in PRODUCT for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}


def _refusals(trees: dict[str, ast.Module]) -> set[str]:
    """ValidationError and whatever is derived from it."""
    classes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"ValidationError"}
    while more := {one.name for one in classes if {_name(base) for base in one.bases} & found} - found:
        found |= more
    return found


def _raised(tree: ast.Module, refusals: set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in refusals:
            yield node
        if isinstance(node, ast.ClassDef) and node.name in refusals:
            yield from (one for one in ast.walk(node) if isinstance(one, ast.Call) and _name(one.func) == "__init__")


def _eager(tree: ast.Module) -> set[str]:
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = [one for node in imports if node.module == "django.utils.translation" for one in node.names]
    return {one.asname or one.name for one in names if one.name in EAGER}


def test_no_refusal_is_translated_where_it_is_raised():
    trees = _trees()
    refusals = _refusals(trees)
    found = [
        f"{path}:{call.lineno}"
        for path, tree in trees.items()
        for call in _raised(tree, refusals)
        for argument in call.args
        for node in ([*argument.values] if isinstance(argument, ast.Dict) else [argument])
        if isinstance(node, ast.Call) and _name(node.func) in _eager(tree)
    ]
    assert found == []
