"""No command writes over what it reads, nor through a link that nobody named."""

import os
from collections.abc import Callable
from pathlib import Path

import click.testing
import pytest

from tests.gatekeeper.deployment.served import snapshot
from tests.gatekeeper.forgery import Files

Run = Callable[..., click.testing.Result]

CHECK = ("check", "best.report.json", "--model", "best.pt", "--policy", "own.toml", "--trusted-key", "k.pub")
BUILD = ("data", "build", "bank.npz", "--split", "train=0.9", "--out")
SIGNED = ("eval", "best.pt", "--sign-key", "k.key")


@pytest.fixture
def place(files: Files, run: Run) -> Path:
    """The evaluated files with a policy and a key, and a signature of the report."""
    files.policy()
    for words in (("keygen", "k"), ("sign", "best.report.json", "--key", "k.key")):
        assert run(*words).exit_code == 0
    return files.folder


def alias(path: str, how: str) -> str:
    """Another name of a file."""
    other = "alias" + Path(path).suffix
    if how == "link":
        Path(other).symlink_to(path)
    elif how == "hard link":
        Path(other).hardlink_to(path)
    return other if how != "same" else path


@pytest.mark.parametrize(("form", "how"), [("junit", "same"), ("json", "link"), ("table", "hard link")])
@pytest.mark.parametrize(
    "read",
    [
        "best.report.json", "best.pt", "own.toml", "k.pub", "best.report.dsse.json",
        "best.report.scores.npz", "weaker.report.json", "weaker.report.scores.npz",
    ],
)  # fmt: skip
def test_check_writes_over_nothing_that_it_reads(
    place: Path, run: Run, read: str, form: str, how: str
) -> None:
    output = alias(read, how)
    before = snapshot(place)
    done = run(*CHECK, "--champion", "weaker.report.json", "--format", form, "--output", output)
    assert done.exit_code == 2
    assert done.stderr.startswith(
        f"Error: the output {output} would overwrite another file of this command, "
    )
    assert snapshot(place) == before


@pytest.mark.parametrize("how", ["same", "link", "hard link"])
@pytest.mark.parametrize(
    ("read", "words"),
    [
        ("best.pt", ("eval", "best.pt", "--report")),
        ("bank.npz", ("eval", "best.pt", "--report")),
        ("gatekeeper.toml", ("eval", "best.pt", "--report")),
        ("k.key", (*SIGNED, "--report")),
        ("own.toml", ("eval", "best.pt", "--policy", "own.toml", "--report")),
        ("bank.npz", ("train", "ridge", "--html")),
        ("best.report.json", ("report", "best.report.json", "--html")),
    ],
)  # fmt: skip
def test_nothing_is_written_over_what_is_read(
    place: Path, run: Run, read: str, words: tuple[str, ...], how: str
) -> None:
    if words[-1] == "--html":
        os.rename(read, "read.html")
        Path(read).symlink_to("read.html")
        read = "read.html"
    output = alias(read, how)
    before = snapshot(place)
    done = run(*words, output)
    assert done.exit_code == 2, done.stderr
    assert f" {output} would overwrite another file of this command, " in done.stderr
    assert snapshot(place) == before


@pytest.mark.parametrize("how", ["same", "link", "hard link"])
@pytest.mark.parametrize("read", ["bank.npz", "gatekeeper.toml"])
def test_a_world_is_not_replaced_by_its_own_copy(
    tmp_path: Path, run: Run, read: str, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("data", "synth", "forward", "--out", "w", "--articles", "6", "--chunks", "12").exit_code == 0
    if read == "bank.npz":
        words: tuple[str, ...] = ("--bank", alias("w/bank.npz", how))
    else:
        words = ()
        alias("w/gatekeeper.toml", how)
        Path("gatekeeper.toml").symlink_to("w/gatekeeper.toml" if how == "same" else "alias.toml")
    before = snapshot(tmp_path)
    done = run("data", "synth", "reversed", *words, "--out", "w", "--overwrite")
    assert done.exit_code == 2
    assert "Error: the folder w would overwrite another file of this command, " in done.stderr
    assert snapshot(tmp_path) == before


def planted(name: str, victim: str = "bank.npz") -> None:
    Path(name).unlink(missing_ok=True)
    Path(name).symlink_to(victim)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("best.report.dsse.json", ("sign", "best.report.json", "--key", "k.key")),
        ("best.report.json", ("eval", "best.pt")),
        ("best.report.scores.npz", ("eval", "best.pt")),
        ("best.report.dsse.json", SIGNED),
        ("best.report.html", ("report", "best.report.json", "--open")),
        ("other.scores.npz", ("eval", "best.pt", "--report", "other.json")),
        ("d_train_sequences.npz", (*BUILD, "d", "--also-npz")),
        *(
            (f"run/{name}", ("train", "ridge", "--out", "run"))
            for name in (
                "config.json", "best_model.pt", "5cat_results.json", "5cat_results.scores.npz",
                "training_history.json", "recorders.json", ".lock",
            )
        ),
    ],
)  # fmt: skip
def test_a_planted_link_is_not_followed(place: Path, run: Run, name: str, words: tuple[str, ...]) -> None:
    Path("run").mkdir()
    Path("precious").write_text("precious")
    planted(name, str(place / "precious"))
    before = snapshot(place)
    done = run(*words)
    assert done.exit_code in (2, 3), done.stderr
    assert "it is a symbolic link, and under a name that gatekeeper chooses none is followed" in done.stderr
    assert snapshot(place) == before


@pytest.mark.parametrize("name", ["runs", "run/checkpoints"])
def test_a_planted_folder_is_not_entered(place: Path, run: Run, name: str) -> None:
    Path("victim").mkdir()
    Path("run").mkdir()
    Path("victim/thesis").write_text("precious")
    Path(name).symlink_to(place / "victim")
    before = snapshot(place)
    done = run("train", "ridge", *(("--out", "run") if name != "runs" else ()))
    assert done.exit_code in (2, 3)
    assert snapshot(place) == before


def test_a_link_that_the_user_names_is_followed(place: Path, run: Run) -> None:
    Path("disk").mkdir()
    Path("out.json").symlink_to("disk/decision.json")
    assert (
        run(
            "check", "best.report.json", "--report-only", "--format", "json", "--output", "out.json"
        ).exit_code
        == 0
    )
    assert Path("out.json").is_symlink()
    assert Path("disk/decision.json").read_text().startswith("{")
