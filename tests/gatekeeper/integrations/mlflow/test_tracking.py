"""``train --mlflow``: parameters, metrics of each epoch and artifacts in a real store."""

import itertools
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import pytest

from gatekeeper.training.curves import epoch_figures, epoch_means
from schemas.reading.history import read_history
from schemas.reading.report import read_report
from schemas.records.history import SPLIT_FIGURES
from schemas.records.metrics import BITS_KNOWN
from schemas.records.splits import EVALUATED
from tests.gatekeeper.integrations.conftest import SMALL

mlflow = pytest.importorskip("mlflow")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:mlflow")

Run = Callable[..., click.testing.Result]

Interrupt = Callable[[tuple[int, int] | None], None]

NUMBERS = itertools.count(1)


@pytest.fixture
def experiment() -> str:
    return f"experiment {next(NUMBERS)}"


def runs(uri: str, experiment: str) -> list[Any]:
    client = mlflow.MlflowClient(uri)
    found = client.get_experiment_by_name(experiment)
    return [] if found is None else list(client.search_runs([found.experiment_id]))


def curve(uri: str, run: str, name: str) -> list[tuple[int, float]]:
    history = mlflow.MlflowClient(uri).get_metric_history(run, name)
    return sorted((metric.step, metric.value) for metric in history)


def check_curves(uri: str, run: str, folder: Path) -> None:
    """Every figure of every epoch once, and nothing else but the final figures."""
    expected: dict[str, list[tuple[int, float]]] = {}
    for record in read_history(folder / "training_history.json").epochs:
        for name, value in (epoch_means(record) | epoch_figures(record)).items():
            expected.setdefault(name, []).append((record.epoch, value))
    names = mlflow.MlflowClient(uri).get_run(run).data.metrics
    assert {name: curve(uri, run, name) for name in names if not name.startswith("final/")} == expected


def test_a_run_keeps_what_it_was_made_of_and_what_it_made(
    store: str, experiment: str, world: Path, run: Run
) -> None:
    flags = ("--mlflow", "--mlflow-experiment", experiment)
    result = run("train", "p6b", *SMALL, "--epochs", "2", "--out", "mine", "--seed", "3", *flags)
    assert result.exit_code in (0, 1), result.output
    [kept] = runs(store, experiment)
    assert (kept.info.run_name, kept.info.status) == ("mine", "FINISHED")
    params = kept.data.params
    assert (params["trainer"], params["seed"], params["horizon"], params["width"]) == ("p6b", "3", "2", "16")
    settings = json.loads((world / "mine" / "config.json").read_text())["settings"]
    assert settings.keys() <= params.keys()
    check_curves(store, kept.info.run_id, world / "mine")
    report = read_report(world / "mine" / "5cat_results.json")
    assert kept.data.tags["gatekeeper.outcome"] == report.judgement.verdict.outcome
    for check in report.judgement.checks:
        assert kept.data.metrics[f"final/{check.split}/{check.metric.replace('@', '_at_')}"] == check.value
    client = mlflow.MlflowClient(store)
    names = ["5cat_results.json", "best_model.pt", "config.json", "training_history.json"]
    assert sorted(file.path for file in client.list_artifacts(kept.info.run_id)) == names
    for name in names:
        copy = Path(client.download_artifacts(kept.info.run_id, name, str(world)))
        assert copy.read_bytes() == (world / "mine" / name).read_bytes()


def test_a_recipe_without_epochs_keeps_its_model_and_report(
    store: str, world: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "from the environment")
    result = run("train", "ridge", "--out", "mine", "--mlflow")
    assert result.exit_code in (0, 1), result.output
    [kept] = runs(store, "from the environment")
    assert (kept.info.status, kept.data.params["holdout"]) == ("FINISHED", "0.2")
    report = read_report(world / "mine" / "5cat_results.json")
    evidence = report.evidence
    told = {(check.split, check.metric): check.value for check in report.judgement.checks}
    told |= {
        (split, name): evidence.model[split][name].value
        for split in EVALUATED
        for name in SPLIT_FIGURES.values()
    }
    told |= {
        (f"{split}/gain_over.{control}", BITS_KNOWN): splits[split][BITS_KNOWN].value
        for control, splits in evidence.gains.items()
        for split in EVALUATED
    }
    assert kept.data.metrics == {
        f"final/{place}/{metric.replace('@', '_at_')}": value
        for (place, metric), value in told.items()
        if value is not None
    }
    assert "final/ood/gain_over.copy_mix/retrieval.article_unseen.bits" in kept.data.metrics
    files = mlflow.MlflowClient(store).list_artifacts(kept.info.run_id)
    assert sorted(file.path for file in files) == ["5cat_results.json", "best_model.pt", "config.json"]


def test_the_experiment_is_gatekeeper_where_nobody_names_one(store: str, world: Path, run: Run) -> None:
    assert run("train", "ridge", "--out", "mine", "--mlflow").exit_code in (0, 1)
    assert len(runs(store, "gatekeeper")) == 1


def test_a_resumed_run_is_the_same_run_with_the_same_curves(
    store: str,
    experiment: str,
    world: Path,
    run: Run,
    interrupt: Interrupt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    interrupt((2, 5))
    flags = ("--mlflow", "--mlflow-experiment", experiment)
    first = run("train", "p6b", *SMALL, "--epochs", "3", "--out", "mine", *flags)
    assert first.exit_code == 4, first.output
    [kept] = runs(store, experiment)
    assert kept.info.status == "KILLED"
    assert [step for step, _ in curve(store, kept.info.run_id, "train/loss")] == [1]
    interrupt(None)
    monkeypatch.delenv("MLFLOW_TRACKING_URI")  # the run folder knows
    second = run("train", "p6b", "--resume", "mine")
    assert second.exit_code in (0, 1), second.output
    [again] = runs(store, experiment)
    assert (again.info.run_id, again.info.status) == (kept.info.run_id, "FINISHED")
    check_curves(store, again.info.run_id, world / "mine")
    refused = run("train", "p6b", "--resume", "mine", "--mlflow", "--mlflow-experiment", "another")
    assert refused.exit_code == 2
    assert "--mlflow-experiment cannot change while a run is resumed" in refused.stderr


def test_a_training_that_fails_is_failed_there_too(
    store: str, experiment: str, world: Path, run: Run
) -> None:
    flags = ("--mlflow", "--mlflow-experiment", experiment, "--lr", "1e30")
    assert run("train", "p6b", *SMALL, "--out", "mine", *flags).exit_code == 3
    [kept] = runs(store, experiment)
    assert kept.info.status == "FAILED"


def test_a_server_that_goes_away_costs_the_record_and_not_the_training(
    store: str, experiment: str, world: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = mlflow.MlflowClient.log_batch

    def gone(self: Any, run_id: str, metrics: Any = (), **more: Any) -> Any:  # noqa: ANN401
        if metrics and metrics[0].step == 2:
            raise mlflow.exceptions.MlflowException("http://me:secret@host is gone")
        return real(self, run_id, metrics=metrics, **more)

    monkeypatch.setattr(mlflow.MlflowClient, "log_batch", gone)
    flags = ("--mlflow", "--mlflow-experiment", experiment)
    result = run("--quiet", "train", "p6b", *SMALL, "--epochs", "4", "--out", "mine", *flags)
    assert result.exit_code in (0, 1), result.output
    assert result.stderr.splitlines() == [
        "warning: MLflow failed and is left out from now on; the training goes on: http://host is gone"
    ]
    assert len(read_history(world / "mine" / "training_history.json").epochs) == 4
    [kept] = runs(store, experiment)
    assert [step for step, _ in curve(store, kept.info.run_id, "train/loss")] == [1]


def nowhere() -> str:
    """The address of a port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.parametrize("uri", ["server", "file:///proc/nothing", "nonsense://x"])
def test_a_store_that_cannot_be_reached_is_told_before_training(
    uri: str, world: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", nowhere() if uri == "server" else uri)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    result = run("train", "p6b", *SMALL, "--out", "mine", "--mlflow")
    assert (result.exit_code, result.stdout) == (3, "")
    assert result.stderr.startswith("Error: MLflow failed: ")
    assert result.stderr.endswith(
        "; set MLFLOW_TRACKING_URI to a store that can be reached, or leave --mlflow out\n"
    )
    assert len(result.stderr.splitlines()) == 1
    assert not (world / "mine" / "best_model.pt").exists()


def test_a_resumed_run_goes_on_without_its_server(
    store: str,
    experiment: str,
    world: Path,
    run: Run,
    interrupt: Interrupt,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    interrupt((2, 5))
    flags = ("--mlflow", "--mlflow-experiment", experiment)
    assert run("train", "p6b", *SMALL, "--epochs", "2", "--out", "mine", *flags).exit_code == 4
    interrupt(None)
    places = world / "mine" / "recorders.json"
    places.write_text(places.read_text().replace(store, nowhere()))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    result = run("train", "p6b", "--resume", "mine")
    assert result.exit_code in (0, 1), result.output
    assert sum("MLflow failed and is left out" in line for line in result.stderr.splitlines()) == 1
    places.write_text("{")
    again = run("train", "p6b", "--resume", "mine")
    assert again.exit_code in (0, 1), again.output
    assert "mine/recorders.json is broken, so the run goes on without its recorders" in again.stderr


def test_a_missing_extra_is_one_line_before_anything_is_done(
    world: Path, run: Run, without: Callable[[str], None]
) -> None:
    without("mlflow")
    result = run("train", "p6b", *SMALL, "--out", "mine", "--mlflow", "--bank", "missing.npz")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: mlflow is not installed; pip install 'gatekeeper-5cat[mlflow]'\n"
    assert not (world / "mine").exists()


def test_an_experiment_alone_would_have_no_effect(world: Path, run: Run) -> None:
    result = run("train", "p6b", "--mlflow-experiment", "x")
    assert result.exit_code == 2
    assert result.stderr == "Error: --mlflow-experiment has no effect without --mlflow\n"
