"""``gatekeeper train p6b`` from the command line to the exit code."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pytest
import torch

from gatekeeper.data.formats.bundled import read_bundled
from gates.contracts import Bank, IntArray, Window
from gates.windows import window_rows
from schemas.reading.history import read_history
from schemas.reading.report import read_report
from tests.gatekeeper.cli.refusals import refused
from trainers.loop.selection import RULE

Run = Callable[..., click.testing.Result]

SMALL = ("--layers", "1", "--width", "16", "--heads", "2", "--mini-samples", "120")
TURNING = (*SMALL, "--horizon", "1", "--prev", "context[-1]", "--lr", "3e-3", "--dropout", "0")


def gatekeeper(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gatekeeper", *arguments]


def environment() -> dict[str, str]:
    root = str(Path(__file__).parents[3])
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": root}


def test_a_world_that_can_be_learned_ends_deployable(world: Path, run: Run) -> None:
    result = run("train", "p6b", *TURNING, "--width", "64", "--epochs", "25", "--out", "mine")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].startswith("DEPLOYABLE: ")
    assert any(line.startswith("Trained p6b: all 25 epochs done; the weights kept are ") for line in lines)
    assert "✅ Positive margin! Model predicts NEXT, not last context" in result.stderr
    report = read_report(world / "mine" / "5cat_results.json")
    trained = report.inputs.model.training
    assert trained is not None
    assert (trained.trainer, trained.rule) == ("p6b", RULE)
    assert trained.epoch == read_history(world / "mine" / "training_history.json").best_epoch


def test_the_report_is_what_eval_says(world: Path, run: Run) -> None:
    run("train", "p6b", *SMALL, "--epochs", "2", "--out", "mine")
    run("eval", "mine/best_model.pt", "--report", "again.json")
    first, second = read_report(world / "mine" / "5cat_results.json"), read_report(world / "again.json")
    assert first.evidence == second.evidence
    assert first.inputs == second.inputs
    assert first.settings.horizon == 2  # the recipe's own


def test_the_log_has_the_seeds_lines(world: Path, run: Run) -> None:
    result = run("train", "p6b", *SMALL, "--epochs", "1", "--log-every", "2", "--out", "mine")
    assert result.exit_code == 1
    log = result.stderr.splitlines()
    directional = [line for line in log if line.startswith("[P6b dir] λ_eff=")]
    assert len(directional) == 4  # 7 steps, one line every 2 and one at the end
    for part in (" pos=", " neg=", " gap=", " frac_of_mse=", " margin=0.020"):
        assert all(part in line for line in directional)
    assert sum(line.startswith("[Mini-5CAT] Margin: ") and " | R@5: " in line for line in log) == 1
    assert sum(line.startswith("[Mini-5CAT ood] Margin: ") for line in log) == 1
    assert any(
        line.startswith(("✅", "⚠️  Negative margin - still", "Negative margin - closer", "Escaped"))
        for line in log
    )
    assert log[0].startswith("p6b: 204 windows, 1 epochs of 7 steps, transformer with ")
    assert log[1] == "p6b: negative context[-2] (k = -3); kept: by the gates on val"


def test_constants_come_from_the_file_and_flags_win(world: Path, run: Run) -> None:
    with (world / "gatekeeper.toml").open("a") as file:
        file.write(
            "[train.p6b]\nepochs = 1\nlayers = 1\nwidth = 16\nheads = 2\nmini_samples = 120\n"
            'gamma = 4\nlambda_clamp = [0.001, 0.01]\nprev = "skipped"\n'
        )
    run("train", "p6b", "--gamma", "6", "--out", "mine")
    settings = json.loads((world / "mine" / "config.json").read_text())["settings"]
    assert (settings["gamma"], settings["lambda_clamp"], settings["prev"]) == (6.0, [0.001, 0.01], "skipped")
    assert read_history(world / "mine" / "training_history.json").negative == "skipped (k = -1)"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("gama = 4", "[train.p6b] 'gama' is unknown; did you mean 'gamma'?"),
        ('gamma = "x"', "[train.p6b] gamma: expected a number, found 'x'"),
        ("epochs = 1.5", "[train.p6b] epochs: expected a whole number, found 1.5"),
        (
            'prev = "next"',
            "[train.p6b] prev: expected one of context[-2], context[-1], skipped, found 'next'",
        ),
        ("lambda_clamp = 3", "[train.p6b] lambda_clamp: expected a list of 2 numbers, found 3"),
        ("lambda_clamp = [0.1]", "[train.p6b] lambda_clamp: expected a list of 2 numbers, found [0.1]"),
        (f"lr = 1{'0' * 400}", "[train.p6b] lr: expected a number, found 1000"),
        (f"lr = 1{'0' * 5000}", "not TOML: "),
        ("[train.p6bb]", "[train] recipe 'p6bb' is unknown; did you mean 'p6b'?"),
        ("lambda_clamp = [2, 1]", "lambda_clamp needs two positive ascending numbers; found 2.0 1.0"),
        ('ramp = "2:0.1:1"', "the epochs of a ramp must ascend from 1; found '2:0.1:1'"),
    ],
)
def test_a_wrong_constant_in_the_file_is_one_line(text: str, line: str, world: Path, run: Run) -> None:
    with (world / "gatekeeper.toml").open("a") as file:
        file.write(f"[train.p6b]\n{text}\n")
    assert line in refused(run("train", "p6b", "--out", "mine"), 2)
    assert not (world / "mine").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["--prev", "skipped", "--horizon", "1"], 2, "no chunk is skipped at horizon 1"),
        (["--prev", "nowhere"], 2, "'nowhere' is not one of"),
        (["--architecture", "lstn"], 3, "unknown architecture 'lstn'; did you mean 'lstm'?"),
        (["--architecture", "gru", "--heads", "2"], 2, "architecture 'gru' has no size 'heads'"),
        (["--architecture", "../../x"], 3, "unknown architecture '../../x'"),
        (["--heads", "3"], 3, "architecture 'transformer' cannot be built"),
        (["--resume", "nothing"], 2, "nothing cannot be resumed: config.json: No such file or directory"),
        (["--resume", "x", "--out", "y"], 2, "--resume continues in its own folder; leave --out out"),
        (["--policy", "lax"], 2, "lax"),
        (["--val", "6-7"], 3, "the policy needs at least"),
        (["--epochs", "0"], 2, "epochs must be a whole number of at least 1; found 0"),
        (["--device", "cuda:99"], 2, "device 'cuda:99' cannot be used"),
    ],
)
def test_bad_requests_are_one_line(arguments: list[str], code: int, line: str, world: Path, run: Run) -> None:
    result = run("train", "p6b", *arguments)
    assert result.exit_code == code, result.output
    assert line in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(world.rglob("best_model.pt"))


def test_a_loss_that_is_no_number_is_an_error_with_its_place(world: Path, run: Run) -> None:
    result = run("train", "p6b", *SMALL, "--lr", "1e30", "--out", "mine")
    assert result.exit_code == 3
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: the loss of epoch 1, step 2 is no finite number (windows that end at bank")
    assert last.endswith("lower --lr or --clip and start again")


def test_a_run_is_resumed_from_its_folder_alone(
    world: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("train", "p6b", *SMALL, "--epochs", "2", "--out", "mine", "--val", "6-10")
    (world / "mine" / "5cat_results.json").unlink()
    elsewhere = world / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    result = run("train", "p6b", "--resume", str(world / "mine"))
    assert result.exit_code == 1, result.output
    assert read_report(world / "mine" / "5cat_results.json").inputs.splits["val"].articles == 5


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["p6b", "--lr", "0.1"], "--lr cannot change while a run is resumed"),
        (["p6b", "--seed", "3"], "--seed cannot change while a run is resumed"),
        (
            [
                "p6",
            ],
            "mine is a run of 'p6b'; continue it with gatekeeper train p6b",
        ),
        (["p6b", "--val", "6-9"], "split 'val' is not the one the run was started with"),
        (
            ["p6b", "--bank", "other.npz", "--train", "0-5", "--val", "6-11", "--ood", "12-17"],
            "the bank is not",
        ),
    ],
)
def test_a_run_is_resumed_as_it_was(arguments: list[str], line: str, world: Path, run: Run) -> None:
    run("train", "p6b", *SMALL, "--epochs", "1", "--out", "mine")
    with np.load("bank.npz") as bank:
        np.savez("other.npz", **{**bank, "vectors": bank["vectors"][::-1]})
    result = run("train", *arguments, "--resume", "mine")
    assert result.exit_code == 2, result.output
    assert line in result.stderr


def test_two_runs_do_not_share_a_folder(world: Path) -> None:
    arguments = gatekeeper("train", "p6b", *SMALL, "--epochs", "500", "--out", "mine")
    first = subprocess.Popen(arguments, env=environment(), stderr=subprocess.PIPE, text=True)
    assert first.stderr is not None
    while not first.stderr.readline().startswith("[P6b dir]"):
        assert first.poll() is None
    resume = gatekeeper("train", "p6b", "--resume", "mine")
    second = subprocess.run(resume, env=environment(), capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert re.search(
        rf"another run \(process {first.pid} on .+, since .+Z\) is at work in mine", second.stderr
    )
    first.send_signal(signal.SIGINT)
    _, rest = first.communicate(timeout=60)
    assert first.returncode == 4
    assert rest.splitlines()[-1].startswith("Error: interrupted by SIGINT in epoch ")
    assert rest.splitlines()[-1].endswith("Continue with: gatekeeper train p6b --resume mine")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_saves_and_has_its_own_exit_code(number: signal.Signals, world: Path) -> None:
    arguments = gatekeeper("train", "p6", *SMALL, "--epochs", "500", "--out", "mine")
    process = subprocess.Popen(arguments, env=environment(), stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    while not process.stderr.readline().startswith("[P6]"):
        assert process.poll() is None
    process.send_signal(number)
    _, rest = process.communicate(timeout=60)
    assert process.returncode == 4
    assert f"interrupted by {number.name}" in rest
    assert json.loads((world / "mine" / "checkpoints" / "manifest.json").read_text())


def test_killed_at_random_moments_it_ends_as_if_nothing_had_been(world: Path) -> None:
    knobs = (*SMALL, "--epochs", "16", "--save-every", "2", "--log-every", "3", "--on-collapse", "ignore")
    whole = subprocess.run(
        gatekeeper("train", "p6b", *knobs, "--out", "whole"),
        env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert whole.returncode in (0, 1), whole.stderr
    rng = np.random.default_rng()
    arguments, kills = gatekeeper("train", "p6b", *knobs, "--out", "killed"), 0
    while True:
        process = subprocess.Popen(arguments, env=environment(), stdout=-3, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        if kills < 3:
            while process.poll() is None and not process.stderr.readline().startswith("[P6b dir]"):
                pass
            time.sleep(float(rng.uniform(0.0, 0.5)))
            process.kill()
            kills += 1
        _, rest = process.communicate(timeout=120)
        if process.returncode in (0, 1):
            break
        assert process.returncode == -signal.SIGKILL, rest
        arguments = gatekeeper("train", "p6b", "--resume", "killed")
    models = [torch.load(world / name / "best_model.pt", weights_only=True) for name in ("whole", "killed")]
    assert models[0]["epoch"] == models[1]["epoch"]
    first, second = (model["model_state_dict"] for model in models)
    assert all(torch.equal(tensor, second[key]) for key, tensor in first.items())


def test_a_full_disk_ends_with_code_3_and_keeps_the_last_state(world: Path) -> None:
    # The largest file a process may write: the model fits (about 40 kB), a state (about 120 kB) does not.
    limited = ["bash", "-c", 'ulimit -f 80; exec "$@"', "-"]
    arguments = gatekeeper("train", "p6", *SMALL, "--epochs", "2", "--out", "mine")
    process = subprocess.run(
        [*limited, *arguments], env=environment(), capture_output=True, text=True, check=False
    )
    assert process.returncode == 3, process.stderr
    assert process.stderr.splitlines()[-1].startswith("Error: cannot write mine/checkpoints/state")
    assert "File too large" in process.stderr
    resumed = gatekeeper("train", "p6", "--resume", "mine")
    again = subprocess.run(resumed, env=environment(), capture_output=True, text=True, check=False)
    assert again.returncode == 1, again.stderr


def old_file(path: Path, bank: Bank, rows: IntArray, *, style: str) -> None:
    """A P6 sequence file (horizon 2) as the public tools wrote it: every vector copied five times."""
    contexts = np.stack([bank.vectors[rows - 4 + place] for place in range(5)], axis=1)
    targets, articles, chunks = bank.vectors[rows + 2], bank.articles[rows], bank.chunks[rows + 2]
    if style == "metadata":
        records = [
            {"article_index": int(article), "target_chunk_index": int(chunk), "p6_offset": 1}
            for article, chunk in zip(articles, chunks, strict=True)
        ]
        np.savez(
            path, context_sequences=contexts, target_vectors=targets, metadata=np.array(records, dtype=object)
        )
    else:
        np.savez(
            path, contexts=contexts, targets=targets, article_ids=articles, target_indices=chunks, p6_offset=1
        )


@pytest.mark.parametrize("style", ["metadata", "plain"])
def test_the_seeds_four_files_work_as_they_are(
    style: str, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bundled = read_bundled()
    bank, splits = bundled.bank, bundled.splits
    few = {"train": 6, "val": 5, "ood": 12}
    rows = {name: window_rows(bank, articles[: few[name]], Window(5, 2)) for name, articles in splits.items()}
    np.savez("art.npz", vectors=bank.vectors, article_indices=bank.articles, chunk_indices=bank.chunks)
    for name, last_rows in rows.items():
        old_file(tmp_path / f"{name}.npz", bank, last_rows, style=style)
    files = ("--train", "train.npz", "--val", "val.npz", "--ood", "ood.npz", "--bank", "art.npz")
    result = run("train", "p6b", *files, "--device", "cpu", *SMALL, "--epochs", "1", "--out", "mine")
    assert result.exit_code == 1, result.output
    report = read_report(tmp_path / "mine" / "5cat_results.json")
    assert report.settings.horizon == 2
    assert report.inputs.splits["val"].windows == len(rows["val"])
    assert report.inputs.splits["ood"].articles == len(np.unique(bank.articles[rows["ood"]]))
