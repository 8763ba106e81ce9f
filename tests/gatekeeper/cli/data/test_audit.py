"""``gatekeeper data audit``."""

import json
from pathlib import Path

import numpy as np
import pytest

from gatekeeper.data.formats.bank import read_bank
from gatekeeper.data.synthetic.worlds import FORWARD, build_world
from schemas.reading.schema import violation
from tests.gatekeeper.cli.data_sets import BUILD, USAGE, Arrays, Run, rewrite
from tests.gatekeeper.cli.refusals import refused


@pytest.fixture
def sound(world: Path) -> Path:
    """The working directory with a bank of 60 articles on which the gates can be decided."""
    bank = build_world(FORWARD, source="forward")
    np.savez(
        world / "bank.npz", vectors=bank.vectors, article_indices=bank.articles, chunk_indices=bank.chunks
    )
    (world / "gatekeeper.toml").write_text(
        '[data]\nbank = "bank.npz"\ntrain = "0-35"\nval = "36-47"\nood = "48-59"\n'
    )
    return world


def test_audit_of_sound_data_passes_and_says_so(sound: Path, run: Run) -> None:
    result = run("data", "audit")
    assert result.exit_code == 0, result.output
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0].startswith(
        "Can a model work on this data? Yes: a linear one is nearest to the target, its best margin "
    )
    assert lines.count("bank.npz: context 5, horizon 1, held-out articles") == 1
    assert lines.count("These gates can be decided on this data.") == 1
    assert [line for line in lines if line.startswith("Duplicates (cosine >= 0.98; the nearest of another ")]
    assert "  val: 0 of 660 (0.0%)" in lines
    assert "  val: 0 of 720 chunks have a near duplicate in another split" in lines
    assert lines[-5:-3] == [
        "Findings:",
        "  - no learnable direction beyond 0.005 of cosine: the past says as much as the future",
    ]
    assert lines[-2].startswith("  - ood: a linear model reaches margin 0.05 at alpha 0 with cosine 0.9")
    assert lines[-1] == "  - whether an article runs backwards cannot be told: windows read alike both ways"


def test_audit_of_leaking_splits_is_blocked_with_a_line_a_reason(sound: Path, run: Run) -> None:
    def plant(arrays: Arrays) -> None:
        arrays["vectors"][40 * 60 : 41 * 60] = arrays["vectors"][3 * 60 : 4 * 60]

    rewrite(sound / "bank.npz", plant)
    result = run("data", "audit")
    assert result.exit_code == 1
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    head = lines.index("These gates cannot be decided:")
    assert lines[head + 1 : head + 5] == [
        "  - val leaks: 60 of 720 chunks (8.3%) have a near duplicate in another split",
        "  - article 3 (train) and article 40 (val) share 60 chunks, 100% of one of them",
        "  - val leaks: 55 of 660 targets (8.3%) lie in articles outside it too, "
        "the policy seed-5cat allows 5.0%",
        "Findings:",
    ]
    assert "  - article 3 (train) and article 40 (val) share 60 (100%), cosine 1.000" in lines


def test_audit_of_too_few_articles_is_blocked(sound: Path, run: Run) -> None:
    result = run("data", "audit", "--val", "36")
    assert result.exit_code == 1
    assert "  - val has 1 articles, the policy seed-5cat needs at least 5" in result.stdout.splitlines()
    assert (
        "  - val cannot decide a margin of 0.05: the interval of a linear model's margin is unknown wide "
        "with 1 articles; add articles"
    ) in result.stdout.splitlines()


def test_audit_of_splits_that_share_an_article_does_not_pass(sound: Path, run: Run) -> None:
    assert run("data", "audit", "--val", "35-47").exit_code in (1, 3)


@pytest.mark.parametrize("leak", [False, True])
def test_audit_as_json_follows_the_schema_and_has_the_same_exit_code(
    sound: Path, run: Run, leak: bool
) -> None:
    if leak:
        rewrite(sound / "bank.npz", lambda a: a["vectors"].__setitem__(slice(2400, 2460), a["vectors"][:60]))
    result = run("data", "audit", "--format", "json")
    assert result.exit_code == int(leak)
    value = json.loads(result.stdout)
    assert violation("audit", value) is None
    assert bool(value["problems"]) is leak
    assert value["bank_sha256"] == read_bank(sound / "bank.npz").sha256


def test_audit_is_seeded(sound: Path, run: Run) -> None:
    # Not the configured bank, so it has no splits and the seed decides which half is held out.
    (sound / "other.npz").write_bytes((sound / "bank.npz").read_bytes())

    def figures(*flags: str) -> object:
        return json.loads(run("data", "audit", "--bank", "other.npz", "--format", "json", *flags).stdout)[
            "rows"
        ]

    assert figures() == figures("--seed", "0") != figures("--seed", "1")


def test_audit_of_a_data_set_uses_its_splits_and_its_shape(sound: Path, run: Run) -> None:
    splits = ("--split", "train=0-35", "--split", "val=36-47", "--split", "ood=48-59")
    assert run(*BUILD, *splits, "--horizon", "2").exit_code == 0
    of_folder = json.loads(run("data", "audit", "--bank", "data", "--format", "json").stdout)
    of_bank = json.loads(run("data", "audit", "--horizon", "2", "--format", "json").stdout)
    assert of_folder.pop("source") == "data"
    assert of_bank.pop("source") == "bank.npz"
    for value in (of_folder, of_bank):
        value.pop("created")
    assert of_folder == of_bank
    assert of_folder["horizon"] == 2


def test_audit_refuses_another_shape_than_that_of_the_data_set(sound: Path, run: Run) -> None:
    assert run(*BUILD, "--split", "train=0.8", "--split", "val=0.2").exit_code == 0
    line = refused(run("data", "audit", "--bank", "data", "--horizon", "2"), 2)
    assert line.startswith("Error: ")
    assert "horizon 1" in line
    assert "horizon 2" in line


@pytest.mark.parametrize(
    ("flags", "code", "line"),
    [
        (("--bank", "no.npz"), 3, "Error: no.npz: expected an .npz file, found nothing"),
        (("--val", "77"), 3, "Error: split 'val' names 1 article(s) that "),
        (("--val", "9-3"), 2, "Error: --val: article list '9-3': range 9-3 runs backwards; write 3-9"),
        (("--val", "no.npz"), 3, "Error: no.npz: expected an .npz file, found nothing"),
        (("--context", "0"), 2, "Error: --context: expected a whole number of at least 1, found 0"),
        (("--context", "60"), 3, "Error: no window of 60 chunks with a target 1 further on in 36 article(s)"),
        (
            ("--train", "0"),
            3,
            "Error: choosing a regularisation needs windows of at least 2 articles, one to ",
        ),
        (("--config", "no.toml"), 2, "Error: configuration file no.toml does not exist"),
    ],
)
def test_audit_refuses_what_it_cannot_measure(
    sound: Path, run: Run, flags: tuple[str, ...], code: int, line: str
) -> None:
    assert refused(run("data", "audit", *flags), code).startswith(line)


@pytest.mark.parametrize(
    "flags", [("--seed", "-1"), ("--format", "markdown"), ("--nonsense",), ("bank.npz", "bank.npz")]
)
def test_audit_refuses_flags_that_are_wrong(world: Path, run: Run, flags: tuple[str, ...]) -> None:
    result = run("data", "audit", *flags)
    assert result.exit_code == 2
    assert f"{USAGE} audit --help' for help." in result.stderr


@pytest.mark.parametrize("flags", [("--context", "39"), ("--context", "30", "--horizon", "8")])
def test_audit_of_windows_too_few_for_the_frontier_is_one_line(
    world: Path, run: Run, flags: tuple[str, ...]
) -> None:
    result = run("data", "audit", *flags)
    assert result.exit_code in (1, 3)
    assert "gatekeeper itself failed" not in result.stderr
