"""One evaluation, whoever asks for it: what it returns, and that it leaves everything as it was."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gatekeeper.config.window import WindowClaim
from gatekeeper.data.source import DataSource
from gatekeeper.evaluation.evaluate import Evaluator, Model
from gates.answers import Progress
from gates.bank import build_bank
from gates.contracts import Bank, Window
from gates.options import Options
from gates.suite import passes
from schemas.errors import ModelError, PredictionError, UsageError
from schemas.reading.policy import load_policy
from schemas.records.dataset import EmbeddedBy
from schemas.records.evidence import CONTROLS
from schemas.records.report import Report
from trainers.checkpoints.checkpoint import save_checkpoint
from trainers.checkpoints.encoder_fact import encoder_fact
from trainers.registry import architecture

ARTICLES, CHUNKS, WIDTH, CONTEXT = 12, 20, 8, 4
SPLITS = {"train": np.arange(4), "val": np.arange(4, 8), "ood": np.arange(8, 12)}
OPTIONS = Options(min_samples=1, min_articles=1)
POLICY = load_policy("seed-5cat")
CONFIG = {"input_dim": WIDTH, "context": CONTEXT}


@pytest.fixture(scope="module")
def bank() -> Bank:
    vectors = np.random.default_rng(3).standard_normal((ARTICLES * CHUNKS, WIDTH))
    articles, chunks = np.repeat(np.arange(ARTICLES), CHUNKS), np.tile(np.arange(CHUNKS), ARTICLES)
    return build_bank(vectors, articles, chunks, source="bank.npz")


@pytest.fixture
def source(bank: Bank) -> DataSource:
    return DataSource(bank, SPLITS)


@pytest.fixture
def evaluator(source: DataSource) -> Evaluator:
    return Evaluator(source, POLICY, OPTIONS, (WindowClaim("flag", CONTEXT, 2),))


@pytest.fixture
def module() -> nn.Module:
    torch.manual_seed(0)
    return architecture("linear").build(CONFIG)


@pytest.fixture
def file(module: nn.Module, tmp_path: Path) -> Path:
    path = tmp_path / "m.pt"
    save_checkpoint(
        path, model_type="linear", model_config=CONFIG, module=module, horizon=2, context=CONTEXT, extra={}
    )
    return path


def shape_of(report: Report) -> tuple[int, int, str]:
    settings = report.settings
    return settings.context, settings.horizon, settings.horizon_source


def test_a_module_in_hand_and_its_file_measure_the_same_to_the_last_digit(
    evaluator: Evaluator, module: nn.Module, file: Path
) -> None:
    ours, read = evaluator.evaluate(module), evaluator.evaluate(file)
    assert ours.report.evidence == read.report.evidence
    assert ours.report.judgement == read.report.judgement
    mine, theirs = ours.scores(), read.scores()
    assert mine.keys() == theirs.keys()
    assert all(np.array_equal(array, theirs[name]) for name, array in mine.items())
    assert (ours.report.inputs.model.spec, read.report.inputs.model.spec) == ("Linear", "m.pt")
    assert shape_of(ours.report) == (CONTEXT, 2, "flag")
    assert shape_of(read.report) == (CONTEXT, 2, "checkpoint")


def test_a_model_that_was_trained_on_another_encoder_is_told(
    bank: Bank, module: nn.Module, tmp_path: Path
) -> None:
    one = EmbeddedBy("folder", "one", None, "1" * 64, "float32", "mean", normalised=True, max_tokens=256)
    path, trained = tmp_path / "m.pt", replace(bank, embedded_by=one)
    save_checkpoint(
        path,
        model_type="linear",
        model_config=CONFIG,
        module=module,
        horizon=2,
        context=CONTEXT,
        extra=encoder_fact(trained),
    )
    for made_by, told in (
        (one, []),
        (None, []),
        (replace(one, name="two", sha256="2" * 64), ["m.pt: it was "]),
    ):
        heard: list[str] = []
        source = DataSource(replace(bank, embedded_by=made_by), SPLITS)
        Evaluator(source, POLICY, OPTIONS, tell=heard.append).load(path)
        assert [line[:13] for line in heard] == told


@pytest.mark.parametrize("model", ["module", "file", "control:copy_last"])
def test_it_writes_prints_and_changes_nothing(
    evaluator: Evaluator,
    module: nn.Module,
    file: Path,
    model: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(file.parent)
    before = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    weights = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    numbers = torch.get_rng_state()
    which: dict[str, Model] = {"module": module, "file": file}
    result = evaluator.evaluate(which.get(model, model))
    assert result.report.scores is None
    assert {path.name: path.read_bytes() for path in file.parent.iterdir()} == before
    assert capfd.readouterr() == ("", "")
    assert module.training  # as it was built
    if model != "file":  # weights are drawn before those of the file are read
        assert torch.equal(torch.get_rng_state(), numbers)
    assert all(torch.equal(tensor, weights[name]) for name, tensor in module.state_dict().items())


def test_controls_are_measured_once_for_all_models_of_a_shape(
    evaluator: Evaluator, module: nn.Module, file: Path
) -> None:
    told: list[tuple[str, int, int]] = []

    @contextlib.contextmanager
    def bar(what: str, total: int) -> Iterator[Progress]:
        counts: list[int] = []
        yield counts.append
        told.append((what, total, sum(counts)))

    results = [evaluator.evaluate(model, bar) for model in (file, "control:ridge", module)]
    assert [what for what, _, _ in told] == ["controls", "m.pt", "control:ridge", "Linear"]
    assert all(result.bench is results[0].bench for result in results)
    bench = results[0].bench
    windows = sum(map(len, bench.sampled.values()))
    assert [total for _, total, _ in told] == [
        passes(bench.dataset) * windows * count for count in (len(CONTROLS), 1, 1, 1)
    ]
    assert all(0 < made <= total for _, total, made in told)
    assert results[1].report.evidence.model == results[1].report.evidence.controls["ridge"]


def test_windows_that_are_cut_already_have_the_shape_they_have(
    source: DataSource, module: nn.Module, file: Path
) -> None:
    cut = Evaluator(source.dataset(Window(CONTEXT, 2)), POLICY, OPTIONS)
    whole = Evaluator(source, POLICY, OPTIONS, (WindowClaim("flag", CONTEXT, 2),))
    assert cut.evaluate(module).report.evidence == whole.evaluate(module).report.evidence
    assert shape_of(cut.evaluate(file).report) == (CONTEXT, 2, "checkpoint")
    other = Evaluator(source.dataset(Window(CONTEXT, 1)), POLICY, OPTIONS)
    with pytest.raises(UsageError, match="the checkpoint says horizon 2, the flag says horizon 1"):
        other.evaluate(file)


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        ("control:riddle", UsageError, "unknown control 'riddle'; did you mean 'ridge'"),
        ("nothing.pt", ModelError, "no such model 'nothing.pt'"),
        (nn.Linear(3, 3), PredictionError, r"Linear cannot read contexts of shape \(1, 4, 8\)"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_before_anything_is_measured(
    evaluator: Evaluator, model: Model, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        evaluator.evaluate(model)


def test_a_module_is_given_back_in_its_mode_where_it_fails(evaluator: Evaluator) -> None:
    module = nn.Flatten()
    with pytest.raises(PredictionError):
        evaluator.evaluate(module)
    assert module.training
