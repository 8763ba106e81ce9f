"""The public names: there at once, loaded late, and the siblings are checked before the first."""

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import gatekeeper
import trainers
from gatekeeper.installation import siblings

ROOT = Path(__file__).parents[2]


def in_a_fresh_process(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("package", [gatekeeper, trainers], ids=lambda package: package.__name__)
def test_every_public_name_is_there_and_told_to_type_checkers(package: ModuleType) -> None:
    assert all(getattr(package, name) is not None for name in package.__all__)
    assert set(package.__all__) <= set(dir(package))
    tree = ast.parse(Path(str(package.__file__)).read_text())
    guarded = next(node for node in tree.body if isinstance(node, ast.If))
    told = {alias.asname for node in guarded.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert told == {*package.__all__} - {"__version__"}


@pytest.mark.parametrize("package", [gatekeeper, trainers], ids=lambda package: package.__name__)
def test_another_name_is_none_of_theirs(package: ModuleType) -> None:
    with pytest.raises(AttributeError, match=f"module '{package.__name__}' has no attribute 'evaluat'"):
        package.evaluat  # noqa: B018  (asking is the point)


def test_a_bare_import_loads_nothing_and_checks_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules); import gatekeeper, trainers; print(set(sys.modules) - before)"
    )
    assert ast.literal_eval(in_a_fresh_process(code)) <= {"gatekeeper", "trainers", "typing"} | {
        name for name in sys.modules if name.partition(".")[0] in sys.stdlib_module_names
    }


def test_what_a_plug_in_module_needs_comes_without_torch() -> None:
    names = "Architecture, GradientSettings, GradientTrainer, MeanSquaredError, Terms, check_between"
    assert in_a_fresh_process(f"import sys; from trainers import {names}; print('torch' in sys.modules)") == (
        "False\n"
    )


def test_the_siblings_are_checked_before_a_public_name_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise siblings.ShadowedPackageError("package 'gates' is shadowed")

    monkeypatch.setattr(siblings, "check_siblings", refuse)
    monkeypatch.delitem(vars(gatekeeper), "load_data", raising=False)
    with pytest.raises(siblings.ShadowedPackageError, match="shadowed"):
        gatekeeper.load_data  # noqa: B018  (asking is the point)


def test_the_command_is_importable_as_ever() -> None:
    assert in_a_fresh_process("from gatekeeper.cli import cli; print(cli.name)") == "cli\n"
