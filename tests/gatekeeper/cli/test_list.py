"""``gatekeeper list``: names with the line that each thing has where it is defined."""

import json
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import click.testing
import pytest

from gatekeeper.config.bundled import BUNDLED
from schemas.reading.policy import builtin_policies, load_policy
from schemas.records.evidence import CONTROLS
from schemas.records.metrics import GATES
from trainers import registry

Run = Callable[..., click.testing.Result]

KINDS = ["trainers", "gates", "architectures", "policies", "controls", "data"]


def test_alone_it_lists_the_kinds(run: Run) -> None:
    result = run("list")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == KINDS
    assert "trainers       recipes: gatekeeper train NAME" in result.stdout.splitlines()


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        (
            "trainers",
            [
                "p1     Mean squared error to the next chunk (horizon 1): the baseline.",
                "p6b    MSE and a ramped, smooth directional margin against an earlier chunk (horizon 2).",
                "ridge  Closed-form linear map from the flattened context (horizon 1 unless told otherwise).",
            ],
        ),
        ("gates", ["offset_sweep  Gate A: to which neighbour of the target is the prediction closest?"]),
        ("architectures", ["linear          a matrix from the flattened context"]),
        (
            "policies",
            [
                "seed-5cat    P6b success criteria: 3 of 5 gates, positive margin, R@5 on ood, "
                "no backward bias"
            ],
        ),
        ("controls", ["oracle             returns the true target; must pass what the policy requires"]),
        (
            "data",
            ["speeches  122 speeches of US presidents; what is read where nobody names a bank"],
        ),
    ],
)
def test_each_thing_has_its_line(kind: str, lines: list[str], run: Run) -> None:
    result = run("list", kind)
    assert result.exit_code == 0
    assert not set(lines) - set(result.stdout.splitlines())
    assert "no description" not in result.stdout


def named(run: Run, kind: str) -> dict[str, str | None]:
    result = run("list", kind, "--format", "json")
    assert result.exit_code == 0
    return {item["name"]: item["description"] for item in json.loads(result.stdout)}


def test_json_holds_what_is_defined(run: Run) -> None:
    assert named(run, "trainers") == {n: registry.trainer(n).summary for n in registry.trainer_names()}
    architectures = registry.architecture_names()
    assert named(run, "architectures") == {n: registry.architecture(n).summary for n in architectures}
    policies = builtin_policies()
    assert named(run, "policies") == {n: load_policy(n).policy.description for n in policies}
    assert named(run, "controls") == dict(CONTROLS)
    assert named(run, "data") == dict(BUNDLED)
    assert tuple(named(run, "gates")) == GATES
    table = run("list", "--format", "json").stdout
    assert [item["name"] for item in json.loads(table)] == KINDS


def test_the_plug_ins_of_others_are_listed_but_not_loaded(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "__init__.py").write_text("raise SystemExit('loaded')\n")
    (tmp_path / "foreign" / "told.py").write_text(
        "import torch\nfrom foreign.base import Recipe\nTRAINER = Recipe(name='told', summary='A line.')\n"
    )
    (tmp_path / "foreign" / "computed.py").write_text("TRAINER = make(summary='A' + line())\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    points = [
        EntryPoint("told", "foreign.told:TRAINER", registry.TRAINERS),
        EntryPoint("computed", "foreign.computed:TRAINER", registry.TRAINERS),
        EntryPoint("absent", "nowhere.at_all:TRAINER", registry.TRAINERS),
        EntryPoint("twice", "foreign.told:TRAINER", registry.TRAINERS),
        EntryPoint("twice", "foreign.computed:TRAINER", registry.TRAINERS),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda *, group: points)
    result = run("list", "trainers")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "absent    no description",
        "computed  no description",
        "told      A line.",
        "twice     registered more than once: foreign.computed:TRAINER, foreign.told:TRAINER; "
        "uninstall all but one",
    ]
    assert named(run, "trainers")["computed"] is None
    assert "foreign" not in sys.modules
    group = run("train", "--help")
    assert "  told      A line." in group.stdout.splitlines()
    assert "  computed" in group.stdout.splitlines()


def test_a_mistyped_kind_is_told_the_nearest(run: Run) -> None:
    result = run("list", "polices")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "Error: Invalid value for '[KIND]': 'polices' is not one of 'trainers', 'gates', 'architectures', "
        "'policies', 'controls', 'data'. Did you mean 'policies'?"
    )
