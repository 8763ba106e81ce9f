"""Dependencies run one way: schemas <- gates <- trainers <- gatekeeper."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = ("schemas", "gates", "trainers", "gatekeeper")


def imported_packages(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add((node.module or "").partition(".")[0])
    return names


@pytest.mark.parametrize("package", ORDER)
def test_a_package_imports_only_those_below_it(package: str) -> None:
    above = set(ORDER[ORDER.index(package) + 1 :]) | ({"torch", "numpy"} if package == "schemas" else set())
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for file in files:
        assert not imported_packages(file) & above, file
