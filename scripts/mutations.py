"""How hard the tests bite: mutate the code that decides, and count which changes no test notices.

::

    pip install mutmut==3.8.1
    python scripts/mutations.py /tmp/mutations            # about half an hour on 2 quiet cores
    python scripts/mutations.py /tmp/mutations --report   # the table and the survivors of the last run
    python scripts/mutations.py /tmp/mutations --again    # its survivors asked again, with the tests of today
    python scripts/mutations.py /tmp/mutations --sample 400   # a draw (--seed 0) over all modules instead

Two stages. mutmut forks from a process that has imported everything and asks the tests that it saw call a
function; it is fast, but it cannot judge what runs at import or behind a cache. So what survives it, or runs
out of time, is run again, each change in a process of its own. mutmut leaves decorated functions alone; in
the copies that are mutated, ``@decorator def f`` is therefore written ``def f; f = decorator(f)``.
"""

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTICED = (1, 3)
"""How pytest ends where a test failed. Nothing else is proof: on a busy machine tests run out of time."""
LIMIT_S = 600

GENERATE = """
from mutmut import __main__ as mutmut
mutmut.copy_src_dir()
mutmut.copy_also_copy_files()
mutmut.setup_source_paths()
mutmut.store_lines_covered_by_tests()
mutmut.create_mutants(1)
"""
"""The first part of ``mutmut run``, which has no command of its own."""


@dataclass(frozen=True)
class Target:
    """A package to mutate.

    Attributes:
        package: the folder in the repository whose modules are mutated.
        tests: folder of the tests that are asked.
        slow: arguments that leave out of the first stage what takes minutes: it is asked of survivors only.
        again: test files that the second stage asks besides those named after the module.
    """

    package: str
    tests: str
    slow: tuple[str, ...]
    again: tuple[str, ...]


TARGETS = (
    Target(
        "schemas",
        "tests/schemas",
        (
            "--deselect=tests/schemas/reading/test_report_refusals.py::test_no_odd_value_anywhere_ends_in_anything_but_a_report_error",
            "--deselect=tests/schemas/verdict/test_judge_policy_reference.py",
            "--deselect=tests/schemas/verdict/test_judge_reference.py",
        ),
        (
            "test_metrics",
            "test_schema",
            "test_decision",
            "test_codec",
            "test_policy",
        ),
    ),
    Target(
        "gatekeeper/deployment",
        "tests/gatekeeper/deployment",
        (
            "--ignore=tests/gatekeeper/deployment/test_folder_processes.py",
            "--ignore=tests/gatekeeper/deployment/test_folder_faults.py",
            "-k",
            "not every_changed_byte and not every_envelope_cut_short and not server and not database",
        ),
        ("test_folder_faults", "test_folder_processes"),
    ),
)


def main() -> None:
    """Mutate, judge, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path, help="folder for the mutated copies")
    parser.add_argument("--report", action="store_true", help="only report on the last run")
    parser.add_argument("--again", action="store_true", help="only ask the survivors of the last run again")
    parser.add_argument("--modules", nargs="*", help="only these, e.g. verdict/judge verdict/checks")
    parser.add_argument("--sample", type=int, help="only so many mutants, drawn over all modules")
    parser.add_argument("--seed", type=int, default=0, help="of the draw (default 0)")
    asked = parser.parse_args()
    trees = {asked.work / target.package.replace("/", "-"): target for target in TARGETS}
    if asked.again:
        for tree, target in trees.items():
            if tree.is_dir():
                shutil.copytree(ROOT / "tests", tree / "mutants" / "tests", dirs_exist_ok=True)
                judge_again(tree, target)
    elif not asked.report:
        chosen = {tree: modules_of(target, asked.modules) for tree, target in trees.items()}
        mutate({tree: trees[tree] for tree in trees if chosen[tree]}, chosen, asked.sample, asked.seed)
    report(asked.work)


def mutate(
    trees: Mapping[Path, Target], chosen: Mapping[Path, list[str]], sample: int | None, seed: int
) -> None:
    """Make the mutants of all targets and judge them, or so many of them."""
    names: list[tuple[Path, str]] = []
    for tree, target in trees.items():
        prepare(tree, target, chosen[tree])
        subprocess.run([sys.executable, "-c", GENERATE], cwd=tree, check=True)
        names += [(tree, name) for _, name, _ in results(tree)]
    if sample is not None and sample < len(names):
        names = random.Random(seed).sample(names, sample)
    for tree, target in trees.items():
        drawn = [name for where, name in names if where == tree]
        if drawn:
            whole = [] if sample is None else drawn
            command = [sys.executable, "-m", "mutmut", "run", "--max-children", str(os.cpu_count()), *whole]
            subprocess.run(command, cwd=tree, check=True)
            judge_again(tree, target)


def modules_of(target: Target, asked: list[str] | None) -> list[str]:
    """The package's modules to mutate, by their place in it, e.g. ``verdict/judge``; those asked for."""
    folder = ROOT / target.package
    found = (path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("[!_]*.py"))
    return sorted(name for name in found if asked is None or name in asked)


def prepare(tree: Path, target: Target, modules: list[str]) -> None:
    """Copy the repository's files and let mutmut know what to mutate there."""
    shutil.rmtree(tree, ignore_errors=True)
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    files = [name for name in listed.stdout.split("\0") if name]
    for name in files:
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tree / name)
    names = [f"{target.package}/{name}.py" for name in modules]
    for name in names:
        undecorate(tree / name)
    source = target.package.partition("/")[0]
    others = sorted({name.partition("/")[0] for name in files} - {source, "tests", "pyproject.toml"})
    arguments = ["-p", "no:cacheprovider", "--hypothesis-profile=ci", *target.slow]
    settings = {
        "source_paths": [source],
        "only_mutate": names,
        "also_copy": others,
        "pytest_add_cli_args_test_selection": [target.tests],
        "pytest_add_cli_args": arguments,
        "use_git_change_detection": False,
        "track_dependencies": False,
        "timeout_constant": 5.0,
        "timeout_multiplier": 5.0,
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    with (tree / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n[tool.mutmut]\n" + "\n".join(lines) + "\n")


def undecorate(path: Path) -> None:
    """Turn ``@decorator def f`` into ``def f; f = decorator(f)``."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    functions = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef) and node.decorator_list
    ]
    for node in sorted(functions, key=lambda each: -each.lineno):
        value = node.name
        for decorator in reversed(node.decorator_list):
            value = f"{ast.unparse(decorator)}({value})"
        lines.insert(node.end_lineno or 0, f"{' ' * node.col_offset}{node.name} = {value}")
        del lines[min(each.lineno for each in node.decorator_list) - 1 : node.lineno - 1]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def results(tree: Path) -> Iterator[tuple[str, str, int | None]]:
    """Module, mutant and how its tests ended, of all mutants; None was not judged."""
    killed = set(noticed_again(tree))
    for meta in sorted((tree / "mutants").rglob("*.meta")):
        module = meta.relative_to(tree / "mutants").as_posix().removesuffix(".py.meta")
        for name, code in json.loads(meta.read_text()).get("exit_code_by_key", {}).items():
            yield module, name, 1 if name in killed else code


def _living(code: int | None) -> bool:
    return code is not None and code not in NOTICED


def noticed_again(tree: Path) -> list[str]:
    """Mutants that the second stage killed."""
    path = tree / "again.json"
    found: list[str] = json.loads(path.read_text()) if path.exists() else []
    return found


def judge_again(tree: Path, target: Target) -> None:
    """Run what lives again, each change in a fresh process; those that are noticed now are remembered."""
    living = [(module, name) for module, name, code in results(tree) if _living(code)]
    for module in sorted({module for module, _ in living}):
        if _noticed(tree, target, module, "nothing is changed"):
            raise SystemExit(f"the tests of {module} fail where nothing was changed")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        noticed = list(pool.map(lambda each: _noticed(tree, target, *each), living))
    found = [name for (_, name), seen in zip(living, noticed, strict=True) if seen]
    (tree / "again.json").write_text(json.dumps(sorted({*noticed_again(tree), *found})))


def _noticed(tree: Path, target: Target, module: str, mutant: str) -> bool:
    work = tree / "mutants"
    stem = Path(module).name
    own = [
        path.relative_to(work).as_posix()
        for path in sorted((work / target.tests).rglob("test_*.py"))
        if path.stem.startswith(f"test_{stem}") or path.stem in target.again
    ]
    own = sorted(own, key=lambda name: f"/test_{stem}" not in name) or [target.tests]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "--rootdir=.", "-p", "no:cacheprovider"]
    environment = {**os.environ, "MUTANT_UNDER_TEST": mutant, "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            [*command, "--hypothesis-profile=ci", *own],
            cwd=work,
            env=environment,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return True
    return done.returncode != 0


def report(work: Path) -> None:
    """Print a table by module, and the change of every mutant that survived."""
    print("| module | mutants | killed | survived | not judged |\n|---|---|---|---|---|")
    total = [0, 0, 0, 0]
    survivors: list[tuple[Path, str, str]] = []
    for tree in sorted(path for path in work.iterdir() if (path / "mutants").is_dir()):
        found = list(results(tree))
        for module in sorted({each for each, _, _ in found}):
            codes = [code for each, _, code in found if each == module]
            lived = sum(map(_living, codes))
            open_ = sum(code is None for code in codes)
            row = [len(codes), len(codes) - lived - open_, lived, open_]
            total = [a + b for a, b in zip(total, row, strict=True)]
            print(f"| {module} | {' | '.join(map(str, row))} |")
        survivors += [(tree, module, name) for module, name, code in found if _living(code)]
    print(f"| all | {' | '.join(map(str, total))} |")
    killed, judged = total[1], total[1] + total[2]
    print(f"\n{killed} of {judged} judged mutants were killed: {killed / judged:.1%}\n")
    for tree, module, name in survivors:
        print(f"{name}\n{_change(tree, module, name)}\n")


def _change(tree: Path, module: str, mutant: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", "show", mutant],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("---", "+++")]
    return "\n".join(lines) or f"(no difference shown for {module})"


if __name__ == "__main__":
    main()
