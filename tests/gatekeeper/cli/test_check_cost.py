"""``gatekeeper check``: what a crafted report or policy costs, beside an ordinary one."""

from collections.abc import Callable

import pytest

from tests.cost import Cost, check_cost, cost_of
from tests.gatekeeper.forgery import Files, make_files

MB = 10**6


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return make_files(tmp_path_factory.mktemp("cost") / "files")


@pytest.fixture(scope="module")
def ordinary(small: Files) -> Cost:
    found = cost_of("check", small.report, "--model", small.model, cwd=small.folder)
    assert found.code == 0, found.stderr
    return found


def empty_objects(small: Files) -> str:
    return "[" + "{}," * (3 * MB) + "{}]"


def a_key_twice(small: Files) -> str:
    return "{" + ",".join(f'"{i:x}":0' for i in range(900_000)) + ',"z":0,"z":1}'


def a_wide_report(small: Files) -> str:
    checks = '"checks": [' + "{}," * 450_000
    return small.report.read_text(encoding="utf-8").replace('"checks": [', checks)


@pytest.mark.parametrize("make", [empty_objects, a_key_twice, a_wide_report])
def test_a_crafted_report_costs_little_more_than_an_ordinary_one(
    small: Files, ordinary: Cost, make: Callable[[Files], str]
) -> None:
    path = small.folder / "crafted.json"
    path.write_text(make(small), encoding="utf-8")
    found = cost_of("check", path, "--model", small.model, cwd=small.folder)
    assert found.code == 3, found.stderr
    check_cost(found, ordinary, path.stat().st_size)


@pytest.mark.parametrize("text", ["a." * (5 * MB), "x = " + "[" * 10**6, "#" * (9 * MB)], ids=range(3))
def test_a_crafted_policy_costs_little_more_than_an_ordinary_one(
    small: Files, ordinary: Cost, text: str
) -> None:
    path = small.folder / "crafted.toml"
    path.write_text(text, encoding="utf-8")
    found = cost_of("check", small.report, "--model", small.model, "--policy", path, cwd=small.folder)
    assert found.code == 2, found.stderr
    check_cost(found, ordinary, len(text))
