import hashlib
import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import click.testing
import numpy as np
import pytest

from gatekeeper.cli.eval import _Printer
from schemas.reading.report import read_report
from schemas.records.metrics import SEARCHED
from tests.gatekeeper.cli.refusals import refused

VERDICTS = ("DEPLOYABLE: ", "BLOCKED: ", "ERROR: ")
Run = Callable[..., click.testing.Result]


def test_a_model_that_knows_the_answer_is_deployable(world: Path, run: Run) -> None:
    result = run("eval", "own_models:Turn", "--report", "turn.json")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("DEPLOYABLE: ")
    report = read_report(world / "turn.json")
    assert report.judgement.verdict.deployable
    assert report.settings.horizon == 1
    assert report.settings.horizon_source == "default"
    assert report.inputs.model.kind == "factory"
    # Closed form: the last chunk turned by one step has cosine rho = 0.95 to the target.
    cos = report.evidence.model["val"]["offset_sweep.cos"].value
    assert cos == pytest.approx(0.95, abs=0.02)


def test_a_copying_model_is_blocked_with_a_sentence_per_reason(world: Path, run: Run) -> None:
    result = run("eval", "control:copy_last", "--full")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    verdict = next(i for i, line in enumerate(lines) if line.startswith("BLOCKED: "))
    assert lines[verdict + 1].startswith("  - ")
    assert any("offset_sweep.margin on val is -0." in line for line in lines[verdict:])


def test_the_report_goes_exactly_where_it_should(world: Path, run: Run) -> None:
    (world / "out").mkdir()
    result = run("eval", "control:ridge", "--report", "out/verdict.json")
    assert (world / "out" / "verdict.json").is_file()
    assert sorted(p.name for p in world.glob("*.json")) == []
    assert result.stderr == "report: out/verdict.json\n"


def test_scores_beside_the_report_reproduce_its_metrics(world: Path, run: Run) -> None:
    run("eval", "control:ridge", "--report", "r.json")
    report = read_report(world / "r.json")
    assert report.scores is not None
    path = world / report.scores.name
    assert hashlib.sha256(path.read_bytes()).hexdigest() == report.scores.sha256
    with np.load(path, allow_pickle=False) as scores:
        cosines = scores["val.offset_sweep.cosines"]
        articles = scores["val.articles"][scores["val.offset_sweep.index"]]
        ranks = scores["ood.retrieval.article.rank"]
    metric = report.evidence.model["val"]["offset_sweep.cos@-1"]
    assert metric.value == pytest.approx(cosines[:, 2].mean(), abs=1e-12)
    assert metric.articles == len(set(articles.tolist()))
    recall = report.evidence.model["ood"]["retrieval.article.r@5"].value
    assert recall == pytest.approx((ranks <= 5).mean(), abs=1e-12)


def test_json_on_stdout_is_the_report(world: Path, run: Run) -> None:
    result = run("eval", "control:constant", "--format", "json", "--report", "r.json")
    assert json.loads(result.stdout) == json.loads((world / "r.json").read_text())


def test_markdown_puts_the_verdict_first(world: Path, run: Run) -> None:
    result = run("eval", "control:constant", "--format", "markdown")
    assert result.stdout.startswith("## BLOCKED: control:constant\n\nBLOCKED: ")


def test_several_models_end_with_a_leaderboard(world: Path, run: Run) -> None:
    result = run("eval", "control:constant", "own_models:Turn", "control:copy_last")
    assert result.exit_code == 1  # the highest code of the three
    board = result.stdout.rstrip().splitlines()[-4:]
    assert board[0].split() == ["model", "verdict", "gates", "margin", "finds", "bits", "what", "it", "does"]
    assert board[1].split()[:2] == ["own_models:Turn", "DEPLOYABLE"]
    assert [line.split()[-1] for line in board[2:]] in (["copies", "collapsed"], ["collapsed", "copies"])
    assert not list(world.glob("*.json"))  # a control or a factory has no place of its own


def test_each_of_several_models_is_headed_by_what_tells_it_apart(world: Path, run: Run) -> None:
    (world / "old").mkdir()
    run("train", "ridge", "--out", "old/one")
    shutil.copytree(world / "old/one", world / "old/two")
    models = "old/one/best_model.pt", "old/two/best_model.pt"
    lines = run("eval", *models, "control:constant").stdout.splitlines()
    heads = [lines[place + 1] for place, line in enumerate(lines) if line.startswith(VERDICTS)]
    assert heads == [
        "one/best_model.pt (linear, 1,296 parameters)",
        "two/best_model.pt (linear, 1,296 parameters)",
        "control:constant",
    ]
    assert run("eval", models[0]).stdout.splitlines()[1] == "best_model.pt (linear, 1,296 parameters)"


class Stream(io.StringIO):
    """A terminal, or a pipe."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.isatty = lambda: terminal  # type: ignore[method-assign]  # all that is asked of it


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("out", [False, True])
@pytest.mark.parametrize("error", [False, True])
def test_where_a_report_lies_is_said_once_to_who_reads_both_streams(
    full: bool, out: bool, error: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stderr = Stream(error)
    monkeypatch.setattr(sys, "stderr", stderr)
    _Printer("table", Stream(out), full=full).wrote(Path("out/verdict.json"))
    assert stderr.getvalue() == ("" if out and error and not full else "report: out/verdict.json\n")


def test_a_control_is_judged_without_a_file(world: Path, run: Run) -> None:
    result = run("eval", "control:copy_last")
    assert result.exit_code == 1, result.output
    assert not list(world.glob("*.json"))
    assert not list(world.glob("*.npz*.npz"))
    lines = result.stdout.rstrip().splitlines()
    assert lines[0].startswith("BLOCKED: ")
    assert lines[1] == "control:copy_last"
    assert any(line.startswith("Why     The model copies the last chunk it read: on val ") for line in lines)
    assert lines[-1] == "Report  none written (--report FILE does); all 59 rows: --full"


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("own_models:NotANumber", "Error: own_models:NotANumber: "),
        ("", "Error: '': no such model ''; expected "),
    ],
)
def test_an_unusable_model_does_not_cost_the_others_their_verdict(
    world: Path, run: Run, spec: str, line: str
) -> None:
    result = run("eval", spec, "own_models:Turn")
    assert result.exit_code == 3
    assert line in result.stderr
    assert result.stdout.startswith("DEPLOYABLE: ")


def test_a_cut_is_a_seeded_draw(world: Path, run: Run) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        run("eval", "control:ridge", "--max-samples", "120", "--seed", seed, "--report", f"{name}.json")
    a, b, c = (read_report(world / f"{name}.json") for name in "abc")
    assert a.inputs.splits["val"].sampled == 120
    assert a.evidence == b.evidence
    assert a.inputs.splits["val"].sample_sha256 != c.inputs.splits["val"].sample_sha256


def test_both_libraries_rank_alike(world: Path, run: Run) -> None:
    for backend in ("faiss", "torch"):
        run("eval", "control:ridge", "--retrieval", backend, "--report", f"{backend}.json")
    faiss, torch = (read_report(world / f"{name}.json") for name in ("faiss", "torch"))
    assert faiss.settings.retrieval == "faiss"
    assert torch.settings.retrieval == "torch"
    assert faiss.evidence == torch.evidence


def test_horizon_two_from_a_flag_is_recorded(world: Path, run: Run) -> None:
    run("eval", "control:ridge", "--horizon", "2", "--report", "r.json")
    settings = read_report(world / "r.json").settings
    assert (settings.horizon, settings.horizon_source) == (2, "flag")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["missing.pt"], 3, "missing.pt"),
        (["control:nobody"], 2, "unknown control 'nobody'; known controls: oracle, copy_last,"),
        (["own_models:Nobody"], 3, "Nobody"),
        (["no_such_module:Model"], 3, "no_such_module"),
        (["own_models:NotANumber"], 3, "predictions on val are NaN or infinite, first for target rows"),
        (["own_models:Narrow"], 3, "(1, 16)"),
        (["control:ridge", "--policy", "seed-5cart"], 2, "seed-5cat"),
        (["control:ridge", "--bank", "missing.npz"], 3, "missing.npz"),
        (["control:ridge", "--val", "6-8", "--ood", "8-11"], 3, "share"),
        (["control:ridge", "--val", "6"], 3, "the policy needs at least"),
        (["control:ridge", "--val", "99"], 3, "99"),
        (["control:ridge", "--val", "7-6"], 2, "7-6"),
        (["control:ridge", "--horizon", "60"], 3, "no window"),
        (["control:ridge", "--device", "quantum"], 2, "device 'quantum' cannot be used"),
        (["control:ridge", "--device", "meta"], 2, "device 'meta' cannot be used"),
        ([300 * "x" + ".pt"], 3, "File name too long"),
        (["control:ridge", "--report", 250 * "x" + ".json"], 3, "(its name has 261 bytes, at most 255"),
        (["control:ridge", "--confidence", "1.5"], 2, "confidence"),
        (["control:ridge", "--bin-edges", "0.6", "0.4"], 2, "bin edges must ascend"),
        (
            ["control:ridge", "--max-per-article", "0"],
            2,
            "--max-per-article: expected a whole number of at least 1",
        ),
        (["control:ridge", "--max-per-article", "-3"], 2, "a whole number of at least 1, found -3"),
        (
            ["control:ridge", "--max-per-article", "9" * 30],
            2,
            "a whole number of at most 1000000000, found 9",
        ),
        (
            ["control:ridge", "--max-per-article", "5", "--policy", "skill"],
            2,
            "the policy 'skill' draws at most 60 windows of an article, --max-per-article asks for 5",
        ),
        ([""], 3, "Error: no such model ''; expected a checkpoint file"),
        (["control:ridge", "--report", "nowhere/r.json"], 3, "nowhere"),
        (["control:ridge", "--report", "."], 3, "exists and is no regular file"),
        (["control:ridge", "--report", "/dev/full"], 3, "exists and is no regular file"),
        (["control:ridge", "--report", "bank.npz", "control:oracle"], 2, "--report names one file"),
        (["control:ridge", "--config", "absent.toml"], 2, "absent.toml"),
    ],
)
def test_bad_requests_end_in_one_line(
    world: Path, run: Run, arguments: list[str], code: int, line: str
) -> None:
    assert line in refused(run("eval", *arguments), code)


@pytest.mark.parametrize(
    ("named", "missing"), [([], "val"), (["--ood", "8-11"], "val"), (["--val", "6-11"], "ood")]
)
@pytest.mark.parametrize("model", ["own_models:Turn", "control:ridge"])
def test_a_split_that_nobody_names_is_told(
    world: Path, run: Run, model: str, named: list[str], missing: str
) -> None:
    shutil.copy(world / "bank.npz", world / "other.npz")  # the splits of the file belong to its own bank
    result = run("eval", model, "--bank", "other.npz", *named)
    assert result.exit_code == 3, result.output
    assert result.stderr == (
        f"Error: an evaluation needs the splits val and ood; {missing!r} is missing. "
        "Name it with a flag, in gatekeeper.toml or for load_data\n"
    )


def test_a_machine_without_mps_says_so_in_one_short_line(
    world: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    result = run("eval", "control:ridge", "--device", "mps")
    assert result.exit_code == 2
    assert result.stderr == "Error: device 'mps' cannot be used: this machine has none\n"


def test_a_gate_that_the_true_targets_fail_ends_in_error(world: Path, run: Run) -> None:
    # Every chunk three times over: the oracle itself cannot be told from its rivals.
    with np.load(world / "bank.npz") as bank:
        vectors = bank["vectors"].reshape(18, 40, 16)
        vectors[:, :] = vectors[:, :1]
        arrays = {"article_indices": bank["article_indices"], "chunk_indices": bank["chunk_indices"]}
    np.savez(world / "bank.npz", vectors=vectors.reshape(-1, 16), **arrays)
    result = run("eval", "control:copy_last", "--report", "r.json")
    assert result.exit_code == 3
    words = " ".join(result.stdout.split())
    assert "Why Nothing is decided: gate A (offset_sweep) tells nothing of knowledge on this data: " in words
    assert read_report(world / "r.json").judgement.verdict.outcome == "error"


def test_on_macos_torch_searches_the_bank_and_a_note_says_so(
    world: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    result = run("eval", "control:constant", "--report", "r.json")
    assert "note: bank search with torch; faiss and torch can clash on macOS" in result.stderr.splitlines()
    assert read_report(world / "r.json").settings.retrieval == "torch"


@pytest.mark.parametrize("name", ["ridge_centred", "copy_last_centred", "copy_mix", "logit"])
def test_a_fitted_control_is_judged_as_a_model(name: str, world: Path, run: Run) -> None:
    result = run("eval", f"control:{name}", "--report", "r.json")
    assert result.exit_code in (0, 1)
    evidence = read_report(world / "r.json").evidence
    # It scores what it scores as a control; only as a model it was searched in the whole bank.
    for split, rows in evidence.controls[name].items():
        assert {key: evidence.model[split][key] for key in rows} == rows
        assert not any(key.startswith(SEARCHED) for key in rows)
    assert any(key.startswith(SEARCHED) for key in evidence.model["val"])


def test_full_searches_the_controls_in_the_bank_too(world: Path, run: Run) -> None:
    run("eval", "control:copy_mix", "--full", "--report", "r.json")
    for metrics in read_report(world / "r.json").evidence.controls.values():
        assert any(key.startswith(SEARCHED) for key in metrics["val"])


def test_articles_too_few_for_any_model_are_told_once_and_before_anything_is_measured(
    world: Path, run: Run
) -> None:
    result = run("eval", "control:copy_last", "own_models:Turn", "--policy", "skill")
    assert result.exit_code == 3
    few = "has 6 articles, fewer than the 12 an interval needs to decide, and the policy skill decides by"
    told = [
        f"warning: no model can pass on this data: {split} {few} intervals; name more articles"
        for split in ("val", "ood")
    ]
    assert [line for line in result.stderr.splitlines() if "no model can pass" in line] == told
    assert result.stderr.splitlines()[:2] == told
    assert "no model can pass" not in run("-q", "eval", "control:copy_last", "--policy", "skill").stderr
    assert "no model can pass" not in run("eval", "control:copy_last").stderr


@pytest.mark.parametrize("text", ["many", "1.5", "", "1e3", "0x10"])
def test_so_many_windows_of_an_article_are_a_number(text: str, world: Path, run: Run) -> None:
    result = run("eval", "control:ridge", "--max-per-article", text)
    assert result.exit_code == 2
    last = f"Error: Invalid value for '--max-per-article': '{text}' is not a valid integer."
    assert result.stderr.splitlines()[-1] == last
    assert result.stdout == ""


def test_at_most_so_many_windows_of_an_article_are_drawn_and_more_than_there_are_is_all(
    world: Path, run: Run
) -> None:
    for name, most in (("few", "20"), ("all", "1000000000")):
        run("eval", "control:ridge", "--max-per-article", most, "--report", f"{name}.json")
    few, every = (read_report(world / f"{name}.json") for name in ("few", "all"))
    assert (few.settings.max_per_article, every.settings.max_per_article) == (20, 1_000_000_000)
    for split, found in few.inputs.splits.items():
        whole = every.inputs.splits[split]
        assert found.eligible == found.sampled == 20 * found.articles
        assert whole.eligible == whole.sampled == whole.windows == found.windows
