"""The rules of the house: which room imports which, who prints, who knows a foreign package.

Imports count wherever they stand: inside a function, and for type checkers alone.
"""

import ast
import graphlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("schemas", "gates", "trainers", "gatekeeper")
"""Low to high: each imports those before it alone."""

FLOORS = {
    "schemas": (
        ("addresses", "errors", "names", "reasons", "text"),
        ("disk",),
        ("records",),
        ("verdict",),
        ("reading",),
    ),
    "trainers": (
        (
            "contracts",
            "interrupts",
            "monitor",
            "outputs",
            "own_architecture",
            "own_code",
            "plugin_source",
            "predictor",
            "processes",
            "registry",
        ),
        ("architectures",),
        ("checkpoints",),
        ("loop",),
        ("recipes",),
    ),
    "gatekeeper": (
        ("__init__",),
        ("installation",),
        ("config",),
        ("data",),
        ("evaluation",),
        ("deployment",),
        ("training",),
        ("render",),
        ("api", "probe"),
        ("integrations",),
        ("cli",),
        ("__main__",),
    ),
}
"""Package -> the rooms of each floor, from the bottom up. ``gates`` has one floor."""

OPTIONAL = (
    "lightning",
    "mlflow",
    "pytorch_lightning",
    "sentence_transformers",
    "tensorboard",
    "transformers",
)
ENCODER = "gatekeeper/data/building/encoder.py"  # embeds texts with sentence-transformers
COMMAND = ("gatekeeper/cli/", "gatekeeper/__main__.py")
DOORS = ("gatekeeper/__init__.py", "trainers/__init__.py")
"""They load public names late (tests/gatekeeper/test_init.py), and name them for type checkers."""
MOST_ROOMS, MOST_PARAMETERS = 14, 8


@cache
def modules() -> dict[str, ast.Module]:
    """Path in the repository -> source of every module of the four packages."""
    files = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in files}


def imported(tree: ast.Module) -> Iterator[str]:
    """Dotted names that a module imports, in full: ``from a import b`` is ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are written in full"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "importlib.import_module":
            yield from (str(each.value) for each in node.args[:1] if isinstance(each, ast.Constant))


def files_imported(path: str, tree: ast.Module) -> Iterator[str]:
    """Paths of the modules of ours that a module imports."""
    for name in () if path in DOORS else imported(tree):
        where = name.replace(".", "/")
        for place in (where, where.rpartition("/")[0]):
            found = [file for file in (f"{place}.py", f"{place}/__init__.py") if file in modules()]
            if found:
                yield found[0]
                break


def floor(path: str) -> int:
    """How high in its package a module lies."""
    package, room = path.removesuffix(".py").split("/")[:2]
    floors = FLOORS.get(package, ())
    return next((number for number, rooms in enumerate(floors) if room in rooms), 0)


def imports_upward(path: str, tree: ast.Module) -> Iterator[str]:
    package = path.partition("/")[0]
    for other in files_imported(path, tree):
        below = PACKAGES.index(other.partition("/")[0]) - PACKAGES.index(package)
        if below > 0 or (below == 0 and floor(other) > floor(path)):
            yield f"{path} imports {other}"


def optional_packages(path: str, tree: ast.Module) -> Iterator[str]:
    if path.startswith("gatekeeper/integrations/") or path == ENCODER:
        return
    names = {name.partition(".")[0] for name in imported(tree)}
    yield from (f"{path} imports {name}" for name in sorted(names.intersection(OPTIONAL)))


def talking(path: str, tree: ast.Module) -> Iterator[str]:
    """What belongs to the command alone: click, and writing where results go."""
    if path.startswith(COMMAND):
        return
    if any(name.partition(".")[0] == "click" for name in imported(tree)):
        yield f"{path} imports click"
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = ast.unparse(node)
            if name in ("print", "sys.stdout", "sys.__stdout__"):
                yield f"{path} writes with {name}"


def heavy_arrays(path: str, tree: ast.Module) -> Iterator[str]:
    """schemas judge: what they load, everybody waits for."""
    if path.startswith("schemas/"):
        names = {name.partition(".")[0] for name in imported(tree)}
        yield from (f"{path} imports {name}" for name in sorted(names & {"numpy", "torch"}))


def wide_functions(path: str, tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            names = [each.arg for each in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            names += [each.arg for each in (given.vararg, given.kwarg) if each is not None]
            count = len(names) - (names[:1] in (["self"], ["cls"]))
            if count > MOST_PARAMETERS:
                yield f"{path} {node.name} has {count} parameters"


RULES = (imports_upward, optional_packages, talking, heavy_arrays, wide_functions)


def test_the_rules_are_kept() -> None:
    found = {line for path, tree in modules().items() for rule in RULES for line in rule(path, tree)}
    assert not found, "\n".join(("against the rules of the house:", *sorted(found)))


def test_every_room_has_a_floor() -> None:
    for package, floors in FLOORS.items():
        rooms = {
            path.split("/")[1].removesuffix(".py") for path in modules() if path.startswith(f"{package}/")
        }
        assert rooms - {"__init__"} <= {room for rooms in floors for room in rooms}


def has_logic(tree: ast.Module) -> bool:
    """Whether there is a function whose body is more than its docstring or ``...``."""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return any(
        not (isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant))
        for last in (node.body[-1] for node in functions)
    )


def is_of(test: Path, module: Path) -> bool:
    """``test_folder.py`` and ``test_folder_faults.py`` are of ``folder.py`` in the same folder."""
    name, wanted = test.stem, f"test_{module.stem.strip('_')}"
    return test.parent == "tests" / module.parent and (name == wanted or name.startswith(f"{wanted}_"))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_test_lies_at_the_path_of_what_it_tests(package: str) -> None:
    paths = [Path(path) for path in modules() if path.startswith(f"{package}/")]
    tests = [path.relative_to(ROOT) for path in (ROOT / "tests" / package).rglob("test_*.py")]
    untested = {
        path.as_posix()
        for path in paths
        if has_logic(modules()[path.as_posix()])
        and not path.name.startswith("__")
        and not any(is_of(test, path) for test in tests)
    }
    assert untested == set(), "modules without a test file at their path"
    strays = {
        test.as_posix()
        for test in tests
        if "behaviour" not in test.parts and not any(is_of(test, path) for path in paths)
    }
    assert strays == set(), "suites across modules lie in behaviour/"


def test_no_modules_import_each_other_in_a_circle() -> None:
    graph = {path: set(files_imported(path, tree)) - {path} for path, tree in modules().items()}
    graphlib.TopologicalSorter(graph).prepare()


def test_the_top_floor_is_small() -> None:
    entries = {path.split("/")[1] for path in modules() if path.startswith("gatekeeper/")}
    assert len(entries) <= MOST_ROOMS, sorted(entries)


@pytest.mark.parametrize(
    ("path", "source", "found"),
    [
        ("schemas/text.py", "import gates.bank", ["schemas/text.py imports gates/bank.py"]),
        ("schemas/text.py", "from gates import bank", ["schemas/text.py imports gates/bank.py"]),
        ("gates/x.py", "def f():\n    from trainers import x", ["gates/x.py imports trainers/__init__.py"]),
        ("gatekeeper/x.py", "import gatekeeper.cli", ["gatekeeper/x.py imports gatekeeper/cli/__init__.py"]),
        ("gatekeeper/data/x.py", "import mlflow.x", ["gatekeeper/data/x.py imports mlflow"]),
        ("gatekeeper/cli/x.py", "import_module('mlflow')", []),
        ("gatekeeper/cli/x.py", "importlib.import_module('mlflow')", ["gatekeeper/cli/x.py imports mlflow"]),
        ("gatekeeper/data/x.py", "from click import echo", ["gatekeeper/data/x.py imports click"]),
        ("gatekeeper/data/x.py", "print(1)", ["gatekeeper/data/x.py writes with print"]),
        ("gates/x.py", "sys.stdout.write('')", ["gates/x.py writes with sys.stdout"]),
        ("gatekeeper/cli/x.py", "import click; print(1)", []),
        ("schemas/text.py", "import numpy as np", ["schemas/text.py imports numpy"]),
        ("gates/x.py", "class A:\n    def f(self, a, b, c, d, e, f, g, h): ...", []),
        ("gates/x.py", "def f(a, b, c, d, /, e, *f, g, h, **i): ...", ["gates/x.py f has 9 parameters"]),
    ],
)  # fmt: skip
def test_control_what_is_against_a_rule_is_found(path: str, source: str, found: list[str]) -> None:
    assert [line for rule in RULES for line in rule(path, ast.parse(source))] == found
