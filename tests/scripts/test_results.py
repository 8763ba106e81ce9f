"""What is run for the results: every recipe, each run once, and only what is left of it."""

import json
import os
import sys
import threading
import time
from pathlib import Path

import click.testing
import pytest

from gatekeeper.cli.app import cli
from schemas.reading.report import read_report
from schemas.records.evidence import RIVALS
from scripts import results
from scripts.results import RECIPES, Run, World, collect, do, plan
from tests.gatekeeper.cli.walks import write_walks
from trainers.registry import trainer_names

SPEECHES = World("speeches", "bundled:speeches")
TRAP = World("trap", "worlds/trap/gatekeeper.toml", other={"p5": ("--easy", "0.3", "0.08")}, horizon=2)
BOOKS = World("books", "books.npz", {"val": "400-552", "ood": "553-741"}, late=True)


def test_every_recipe_is_run_with_every_seed_and_the_first_seed_first() -> None:
    runs = plan([SPEECHES, TRAP], Path("out"), quick=False)
    assert {run.recipe for run in runs} == set(trainer_names())
    assert len({run.folder for run in runs}) == len(runs) == 3 * (2 * len(RECIPES) - 1)
    assert [run.flags[-1] for run in runs] == [seed for seed in "012" for _ in range(2 * len(RECIPES) - 1)]
    # what has a horizon of its own needs no second one
    assert {run.world.name for run in runs if run.row == "nce horizon 2"} == {"speeches"}
    own = {(run.world.name, run.recipe) for run in runs if "--easy" in run.flags}
    assert own == {("trap", "p5")}
    assert [run.world for run in plan([BOOKS, SPEECHES], Path("out"), quick=False)][-33:] == [BOOKS] * 33
    quick = plan([SPEECHES], Path("out"), quick=True)
    assert len(quick) == len(RECIPES)


@pytest.mark.parametrize(
    ("world", "flags"),
    [
        (SPEECHES, ("--bank", "bundled:speeches")),
        (TRAP, ("--config", "worlds/trap/gatekeeper.toml")),
        (BOOKS, ("--bank", "books.npz", "--val", "400-552", "--ood", "553-741")),
    ],
)
def test_data_are_named_to_commands_as_they_want_it(world: World, flags: tuple[str, ...]) -> None:
    assert world.flags == flags


def test_a_command_that_leaves_nothing_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "call", lambda log, *arguments: 2)
    run = Run(SPEECHES, "p1", ("--seed", "0"), tmp_path / "seed_0")
    with pytest.raises(
        SystemExit,
        match=r"^gatekeeper train p1 --bank bundled:speeches --seed 0 .* exits with 2; see .*seed_0\.log$",
    ):
        do(run)


def test_runs_share_the_cores_and_what_is_done_is_collected_whatever_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(results, "find_worlds", lambda out, books: [SPEECHES])
    monkeypatch.setattr(results, "collect", lambda runs: {"speeches": {"rows": len(list(runs))}})
    monkeypatch.setattr(sys, "argv", ["results.py", "--quick", "--out", str(tmp_path), "--jobs", "3"])
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    monkeypatch.setenv("OMP_NUM_THREADS", "")
    together = threading.Barrier(3, timeout=60)
    done: list[str] = []

    def do(run: Run) -> None:
        if run.row in {"ridge", "p1", "p2"}:
            together.wait()
        if run.row == "nce":
            while len(done) < 9:
                time.sleep(0.01)
            raise SystemExit("gatekeeper train nce exits with 3")
        run.folder.mkdir(parents=True)
        run.report.touch()
        done.append(os.environ["OMP_NUM_THREADS"])

    monkeypatch.setattr(results, "do", do)
    (tmp_path / "seconds.json").write_text('{"speeches/p1/seed_0": 100}')
    with pytest.raises(SystemExit, match="exits with 3"):
        results.main()
    assert done[:9] == ["2"] * 9  # all before nce; the last may have been begun
    assert json.loads((tmp_path / "results.json").read_text()) == {"speeches": {"rows": len(done)}}
    seconds = json.loads((tmp_path / "seconds.json").read_text())
    assert seconds["speeches/p1/seed_0"] > 100
    assert capsys.readouterr().out.endswith(f"results.json: {len(done)} of 11 runs, 2 minutes of work\n")


@pytest.mark.filterwarnings("ignore:no model can pass on this data")
def test_a_run_is_trained_judged_and_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_walks(tmp_path, articles=18)
    monkeypatch.chdir(tmp_path)
    called: list[tuple[str, ...]] = []

    def call(log: Path, *arguments: str) -> int:
        assert log.parent.parts[-2:] == ("walks", "ridge")
        called.append(arguments)
        return click.testing.CliRunner().invoke(cli, arguments).exit_code

    monkeypatch.setattr(results, "call", call)
    monkeypatch.setattr(results, "SHARES", (0.0, 1.0))
    world = World("walks", "gatekeeper.toml")
    runs = [
        Run(
            world,
            "ridge",
            ("--max-windows", "60", "--seed", str(seed)),
            tmp_path / "walks/ridge" / f"seed_{seed}",
        )
        for seed in (0, 1)
    ]
    for run in runs:
        do(run)
    assert [arguments[:2] for arguments in called] == [
        ("train", "ridge"),
        ("train", "ridge"),
    ]
    do(runs[0])
    assert len(called) == 2
    runs[1].report.unlink()  # as a run that was stopped before its verdict
    do(runs[1])
    assert called[2:] == [("train", "ridge", "--resume", str(runs[1].folder))]

    found = collect(runs)["walks"]
    first, second = found["rows"]["ridge"]
    assert found["horizon"] == 1
    assert first["deployable"] == {"skill": False, "seed-5cat": False}
    report = read_report(runs[0].report)
    for split in ("val", "ood"):
        assert first["splits"][split]["cos"] == report.evidence.model[split]["offset_sweep.cos"].value
        bits = [first["splits"][split]["bits"], *(found["controls"][name][split]["bits"] for name in RIVALS)]
        assert first["splits"][split]["gain"] == pytest.approx(bits[0] - max(bits[1:]))
    assert second["splits"] != first["splits"]
    # without the last chunk it is ridge, without ridge the last chunk
    assert found["mixtures"][0]["val"]["cos"] == pytest.approx(first["splits"]["val"]["cos"], abs=1e-6)
    assert found["mixtures"][-1]["val"]["bits"] == pytest.approx(
        found["controls"]["copy_last"]["val"]["bits"], abs=1e-6
    )
    assert collect(runs) == {"walks": found}
