"""What a module says of itself, read from its source: nothing is imported, no code of it runs.

Importing a plug-in may load torch, take seconds, or fail, which is too much for a list of names. Build
tools read a package's version in this way.
"""

import ast
import importlib.util
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec, PathFinder

from schemas.text import printable

_LONGEST = 400
"""Characters of a text that are read."""

_HOPS = 5
"""Names that are followed from one to the next: an instance, its class, the module it is imported from."""


def read_docline(module: str) -> str | None:
    """First line of a module's docstring, None where there is none or no source."""
    tree = _parse(module)
    text = None if tree is None else ast.get_docstring(tree)
    return text.splitlines()[0] if text else None


def read_attribute(module: str, name: str, attribute: str) -> str | None:
    """The text ``module.name.attribute``, where the source holds it as a plain text.

    Found are the keyword of a call (``name = Make(attribute="...")``), the attribute of a class or of
    an instance's class, a property that returns a text, and all of these behind an import or a
    constant of the module.

    Returns:
        The text on one line, of a long one the beginning; None where only running the code would tell.

    Example:
        >>> read_attribute("trainers.recipes.ridge", "TRAINER", "default_horizon") is None  # it is no text
        True
        >>> read_attribute("trainers.recipes.mse", "P1", "name")
        'p1'
    """
    found = _attribute(module, name, attribute, _HOPS)
    line = printable((found or "")[:_LONGEST])
    return line or None


def _attribute(module: str, name: str, attribute: str, hops: int) -> str | None:
    tree = _parse(module) if hops else None
    if tree is None:
        return None
    for node in reversed(tree.body):  # the last binding counts
        if isinstance(node, ast.ClassDef) and node.name == name:
            return _of_class(node, attribute, tree)
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    return _attribute(_absolute(node, module), alias.name, attribute, hops - 1)
        value = _assigned(node, name)
        if isinstance(value, ast.Call):
            for keyword in value.keywords:
                if keyword.arg == attribute:
                    return _text(keyword.value, tree)
            value = value.func
        if isinstance(value, ast.Name):
            return _attribute(module, value.id, attribute, hops - 1)
    return None


def _of_class(node: ast.ClassDef, attribute: str, tree: ast.Module) -> str | None:
    for inner in node.body:
        value = _assigned(inner, attribute)
        if value is not None:
            return _text(value, tree)
        if isinstance(inner, ast.FunctionDef) and inner.name == attribute:
            last = inner.body[-1]
            return _text(last.value, tree) if isinstance(last, ast.Return) else None
    return None


def _text(value: ast.expr | None, tree: ast.Module) -> str | None:
    if isinstance(value, ast.Name):
        value = next(filter(None, (_assigned(node, value.id) for node in reversed(tree.body))), None)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _assigned(node: ast.stmt, name: str) -> ast.expr | None:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    bound = any(isinstance(target, ast.Name) and target.id == name for target in targets)
    return node.value if bound and isinstance(node, (ast.Assign, ast.AnnAssign)) else None


def _absolute(node: ast.ImportFrom, module: str) -> str:
    if not node.level:
        return node.module or ""
    spec = _find(module)
    package = module if spec is not None and spec.submodule_search_locations else module.rpartition(".")[0]
    try:
        return importlib.util.resolve_name("." * node.level + (node.module or ""), package)
    except ImportError:  # more dots than there are packages
        return ""


def _parse(module: str) -> ast.Module | None:
    spec = _find(module)
    loader = None if spec is None else spec.loader
    try:
        source: str | None = loader.get_source(module)  # type: ignore[union-attr]
        return None if source is None else ast.parse(source)
    except (AttributeError, ImportError, OSError, SyntaxError, ValueError):  # no source, or none of Python's
        return None
    except (RecursionError, MemoryError):  # so deeply nested that the parser gives up
        return None


def _find(module: str) -> ModuleSpec | None:
    """The module's spec; unlike :func:`importlib.util.find_spec`, without importing its parents."""
    if not all(part.isidentifier() for part in module.split(".")):
        return None
    *parents, _ = parts = list(_prefixes(module))
    places: list[str] | None = None
    for part in parts:
        spec = PathFinder.find_spec(part, places) if places is not None else _find_top(part)
        if spec is None or (part in parents and spec.submodule_search_locations is None):
            return None
        places = list(spec.submodule_search_locations or [])
    return spec


def _find_top(name: str) -> ModuleSpec | None:
    for finder in sys.meta_path:
        spec = finder.find_spec(name, None)
        if spec is not None:
            return spec
    return None


def _prefixes(module: str) -> Iterator[str]:
    """``a``, ``a.b``, ``a.b.c`` of ``a.b.c``."""
    parts = module.split(".")
    return (".".join(parts[: count + 1]) for count in range(len(parts)))
