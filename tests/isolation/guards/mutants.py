"""Guards inside functions, found in the source and switched off by compiling the function without them.

Nobody marks these: every call that asks for a right, narrows rows to a scope or refuses what is not of it counts, and
one that is written later is found as well.

    actor.demand(Right.X)                        → nothing is asked
    Customer.objects.in_base(scope.base)         → Customer.objects.all()
    Location.objects.filter(pk=actor.location)   → Location.objects.all()
    if …: raise PermissionDenied | return False  → never
    scope.allows(right)                          → True
"""

from __future__ import annotations

import ast
import copy
import gc
import importlib
import types
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("mcp", "files", "customers", "clearing", "accounting", "transitions", "api", "privacy")
NOT_SEARCHED = {
    "mcp/demo.py": "makes the demo, under no scope",
    "customers/demo.py": "makes the demo, under no scope",
    "customers/cards/demo.py": "makes the demo, under no scope",
    "customers/consents/demo.py": "makes the demo, under no scope",
    "clearing/demo/beside.py": "makes the demo of a branch, whose database has one business",
    "clearing/demo/nodes.py": "makes the demo",
    "accounting/demo.py": "makes the demo, under no scope",
    "accounting/demo_billing.py": "makes the demo",
    "accounting/banking": "knows no user",
    "accounting/documents": "knows no user",
    "transitions/demo.py": "makes the demo, under no scope",
    "mcp/project/environment.py": "knows no user",
    "mcp/project/settings.py": "knows no user",
    "mcp/isolation/guards.py": "knows no user",
    "mcp/project/middleware.py": "has a table of addresses of its own",
    "mcp/demo_devices.py": "makes the demo, under no scope",
    "mcp/machines/enrolling.py": "is about which device calls; tests/mcp/test_devices_enrolling.py",
    "mcp/machines/entering.py": "as above; tests/mcp/test_devices_entering.py",
    "mcp/isolation/facts.py": "reads what access.py decides by",
    "mcp/isolation/access.py": "decides what is held; test_access.py and test_operations_franchise.py are about it",
    "mcp/login/backends.py": "is about who logs in",
    "mcp/isolation/row_scope.py": "enters; the policies themselves are switched off in tests/isolation/database",
    "mcp/isolation/database_roles.py": "is about the database role; tests/isolation/database/test_roles.py",
    "mcp/project/wsgi.py": "asks for the database role as it is imported; as above",
    "mcp/isolation/address_check.py": "decides by the table of addresses, and no right; tests/isolation/matrix",
    "mcp/triggers.py": "is SQL",
    "customers/triggers": "is SQL",
    "clearing/protocol": "knows no user",
    "clearing/branch/setup_page.py": "there is no user yet; tests/clearing/test_branch_first_start.py",
    "clearing/branch/applying.py": "writes what the central has answered; tests/clearing/test_runs.py",
    "clearing/branch/alarms.py": "says what concerns the installation itself; tests/clearing/test_preconditions.py",
    "clearing/branch/preconditions.py": "as above",
    "clearing/branch/unsent.py": "as above; tests/clearing/test_hostile_branch.py",
    "clearing/branch/cutting.py": "reads what is sent, for the installation itself; as above",
    "clearing/branch/recovering.py": "as above; tests/clearing/test_exchange.py",
    "clearing/branch/site.py": "writes what the central has told; tests/clearing/test_site.py",
    "clearing/central/answering.py": "reads one base, which row security has entered; tests/clearing/test_runs.py",
    "clearing/central/blocks.py": "as above",
    "clearing/central/deciding.py": "as above",
    "clearing/central/site.py": "tells of one location; tests/clearing/test_site.py",
    "clearing/rows": "reads and writes one base, which row security has entered; tests/clearing/test_runs.py",
    "clearing/pages/pairing.py": "exists at a branch alone; tests/clearing/test_pairing_page.py",
    "clearing/branch/by_stick.py": "works for the installation itself, by one right; tests/clearing/test_by_stick.py",
    "clearing/branch/running.py": "works for the installation itself; tests/clearing/test_running.py",
    "clearing/central/entering.py": "is about which branch calls; tests/clearing/test_receiving.py",
    "clearing/central/receiving.py": "asks for nothing but what a branch has sent; as above",
    "clearing/central/switching.py": "asks of one base, which its caller has locked; test_switching_nodes.py",
    "transitions/switching/moving.py": "is SQL; tests/transitions/test_switching.py",
    "mcp/isolation/command_scope.py": "names the place of a command",
    "customers/filling.py": "fills a base in order to measure, from a command",
    "customers/formats": "knows no user",
    "mcp/querysets.py": "says what the narrowing methods mean",
    "customers/querysets.py": "says what the narrowing methods mean",
    "customers/membership_querysets.py": "as above",
}
NARROWING = {"in_base", "of_organization", "owned_by", "at", "at_home_in", "on_base"}
OF_SOMEBODY = {"scope", "actor", "own", "user", "upload"}
"""Names of whoever acts: what is filtered by them is filtered for isolation."""
REFUSALS = {
    "PermissionDenied", "Http404", "MissingRight", "NoScope", "OwnPromotion", "NotOfBusiness", "TooPowerful",
    "CannotGrant", "IncorrectLookupParameters", "DoesNotExist",
}  # fmt: skip
RULES_OF_BUSINESS = {
    "_demand_unchanged": "a preview that is no longer true",
    "demand_open": "an import that is over",
    "_demand_intact": "a file that is not what was received",
    "demand_whole": "rows that the program has lost count of",
    "_demand_decided": "columns that nobody chose",
    "demand_in_range": "a number of another location's block",
    "demand_storable": "a text that the database cannot hold",
    "_demand_members": "an archive that is no package",
    "demand_combinable": "two columns for one field",
    "demand_made_here": "what is made at the other side; tests/clearing/test_branch_paired.py",
    "_demand_choosable": "a file for which there is nothing to choose",
    "_demand_may_switch": "a location that cannot be switched; tests/transitions/test_switching.py",
    "_demand_takes_customers": "as above",
    "_demand_nothing_open": "as above",
    "demand_met": "what must be so before a first reconciliation; tests/clearing/test_preconditions.py",
    "_demand_new_base": "a location whose customers are elsewhere; tests/mcp/test_devices_pages.py",
    "demand_apart": "branches that share a client number; tests/customers/test_import_branch_numbers.py",
    "demand_own_branch": "a file of another branch; as above",
    "_demand_next": "a run out of its turn",
    "_demand_in_use": "a pairing that has ended, or is held; tests/clearing/test_by_stick.py",
    "_demand_alone": "a request that is being done at this moment; tests/api/test_keys.py",
    "demand_known": "a parameter that nobody describes; tests/api/test_protocol.py",
    "demand_edited_here": "customers that are edited on the other side of a reconciliation",
}
"""What demands something, but not that the row or the right is one's own."""


@dataclass(frozen=True)
class Spot:
    """One guard in one function; `spot` counts the guards of the file in the order of the source."""

    file: str
    function: str
    line: int
    spot: int
    text: str

    @property
    def name(self) -> str:
        return f"{self.file}:{self.line} {self.function}: {self.text}"

    @contextmanager
    def switched_off(self) -> Iterator[None]:
        functions = self._functions()
        assert functions, f"no function runs the code of {self.name}"
        without = _code_without(self)
        kept = [(function, function.__code__) for function in functions]
        for function in functions:
            function.__code__ = without
        try:
            yield
        finally:
            for function, code in kept:
                function.__code__ = code

    def _functions(self) -> list[types.FunctionType]:
        return list(_live_functions().get((str(ROOT / self.file), self.function), []))


def spots() -> list[Spot]:
    """Every guard inside a function of the product."""
    found = []
    for path in _files():
        finder = _Finder()
        finder.visit(_parsed(path))
        found += [Spot(path, *details) for details in finder.found]
    return found


def _files() -> list[str]:
    every = (path.relative_to(ROOT) for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")))
    named = [path.as_posix() for path in every if not {"migrations", "management", "__pycache__"} & set(path.parts)]
    return [name for name in named if not name.startswith(tuple(NOT_SEARCHED))]


def _tree(path: str) -> ast.Module:
    return copy.deepcopy(_parsed(path))


_trees: dict[str, ast.Module] = {}


def _parsed(path: str) -> ast.Module:
    if path not in _trees:
        _trees[path] = ast.parse((ROOT / path).read_text(encoding="utf-8"), str(ROOT / path))
    return _trees[path]


class _Walker(ast.NodeTransformer, ABC):
    """Goes over a file and knows in which function it is."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.code: list[str] = []
        self.count = 0

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        return self._inside(node, [node.name])

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.code.append(".".join([*self.path, node.name]))
        try:
            return self._inside(node, [node.name, "<locals>"])
        finally:
            self.code.pop()

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        self.code.append(".".join([*self.path, "<lambda>"]))
        try:
            return self._inside(node, ["<lambda>", "<locals>"])
        finally:
            self.code.pop()

    def _inside(self, node: ast.AST, names: list[str]) -> ast.AST:
        self.path += names
        try:
            return self.generic_visit(node)
        finally:
            del self.path[-len(names) :]

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if self.code and _asks(node.value):
            never = ast.If(ast.Constant(value=False), [node], [])  # super() in it keeps its variable that way
            return self.met(node, ast.copy_location(never, node))
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST:
        changed = self.generic_visit(node)
        if self.code and _refuses(node.body) and isinstance(changed, ast.If):
            never = copy.copy(changed)
            never.test = ast.copy_location(ast.Constant(value=False), node.test)
            return self.met(node, never, otherwise=changed, text=f"if {ast.unparse(node.test)}: …")
        return changed

    def visit_Call(self, node: ast.Call) -> ast.AST:
        changed = self.generic_visit(node)
        if not self.code or not isinstance(node.func, ast.Attribute) or not isinstance(changed, ast.Call):
            return changed
        if node.func.attr in {"allows", "holds"}:
            always = ast.BoolOp(ast.Or(), [ast.Constant(value=True), changed])
            return self.met(node, ast.copy_location(always, node), otherwise=changed)
        if _narrows(node):
            func = copy.copy(changed.func)
            assert isinstance(func, ast.Attribute)
            func.attr = "all"
            return self.met(node, ast.copy_location(ast.Call(func, [], []), node), otherwise=changed)
        return changed

    @abstractmethod
    def met(
        self, node: ast.stmt | ast.expr, without: ast.AST, *, otherwise: ast.AST | None = None, text: str = ""
    ) -> ast.AST:
        """Called for each guard; gives what stands in its place."""


class _Finder(_Walker):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, int, int, str]] = []

    def met(
        self, node: ast.stmt | ast.expr, without: ast.AST, *, otherwise: ast.AST | None = None, text: str = ""
    ) -> ast.AST:
        self.found.append((self.code[-1], node.lineno, self.count, text or ast.unparse(node)))
        self.count += 1
        return otherwise or node


class _Remover(_Walker):
    def __init__(self, spot: int) -> None:
        super().__init__()
        self.spot = spot

    def met(
        self, node: ast.stmt | ast.expr, without: ast.AST, *, otherwise: ast.AST | None = None, text: str = ""
    ) -> ast.AST:
        self.count += 1
        return without if self.count - 1 == self.spot else otherwise or node


def _name(node: ast.AST) -> str:
    match node:
        case ast.Call():
            return _name(node.func)
        case ast.Attribute():
            return node.attr
        case ast.Name():
            return node.id
    return ""


def _asks(node: ast.AST) -> bool:
    name = _name(node).lstrip("_") if isinstance(node, ast.Call) else ""
    return (name.startswith("demand") or name == "check_places") and _name(node) not in RULES_OF_BUSINESS


def _refuses(body: list[ast.stmt]) -> bool:
    match body:
        case [ast.Raise(exc=ast.expr() as raised)]:
            return _name(raised) in REFUSALS
        case [ast.Return(value=ast.Constant(value=False))]:
            return True
        case [ast.Return(value=ast.Call(func=ast.Attribute(attr="none")))]:
            return True
    return False


def _narrows(node: ast.Call) -> bool:
    assert isinstance(node.func, ast.Attribute)
    if node.func.attr in NARROWING:
        return bool(node.args)
    parts = [inner for part in [*node.args, *node.keywords] for inner in ast.walk(part)]
    names = {inner.id for inner in parts if isinstance(inner, ast.Name)}
    return node.func.attr in {"filter", "exclude"} and bool(names & OF_SOMEBODY)


def _code_without(spot: Spot) -> types.CodeType:
    tree = _Remover(spot.spot).visit(_tree(spot.file))
    module = compile(ast.fix_missing_locations(tree), str(ROOT / spot.file), "exec", dont_inherit=True)
    return next(code for code in _codes(module) if code.co_qualname == spot.function and _covers(code, spot.line))


def _covers(code: types.CodeType, line: int) -> bool:
    """Several lambdas may have one name; the one that begins last before the line is meant."""
    lines = [at for *_, at in code.co_lines() if at is not None]
    return code.co_firstlineno <= line <= max(lines, default=0) or "<lambda>" not in code.co_qualname


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


_alive: dict[tuple[str, str], list[types.FunctionType]] = {}


def _live_functions() -> dict[tuple[str, str], list[types.FunctionType]]:
    """Every function of the product that exists, by file and name, whatever it is wrapped in or bound to.

    Asked by type, because `isinstance` wakes lazy objects.
    """
    if not _alive:
        for path in _files():
            importlib.import_module(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))
        for thing in gc.get_objects():
            if type(thing) is types.FunctionType and thing.__code__.co_filename.startswith(str(ROOT)):
                _alive.setdefault((thing.__code__.co_filename, thing.__code__.co_qualname), []).append(thing)
    return _alive
