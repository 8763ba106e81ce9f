"""``gatekeeper.evaluate`` and what it returns."""

import copy
import functools
import pickle
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click.testing
import numpy as np
import pytest
import torch
from torch import nn

import gatekeeper as gk
from gates.controls import make_controls
from schemas.errors import GatekeeperError, ModelError, UsageError
from schemas.reading.report import read_report
from schemas.records.evidence import Metrics
from schemas.records.metrics import SEARCHED
from tests.gatekeeper.worlds import Learner, Turn, rotating_data
from trainers.checkpoints.checkpoint import save_checkpoint
from trainers.registry import architecture

Run = Callable[..., click.testing.Result]


def save_linear(path: Path) -> Path:
    """A checkpoint of the registered linear architecture."""
    linear = architecture("linear")
    config = linear.default_config(dimension=16, context=5)
    torch.manual_seed(0)
    module = linear.build(config)
    save_checkpoint(
        path, model_type="linear", model_config=config, module=module, horizon=1, context=5, extra={}
    )
    return path


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))])
def test_an_evaluation_can_be_copied_and_pickled(
    knows: gk.Evaluation, copied: Callable[[gk.Evaluation], gk.Evaluation], tmp_path: Path
) -> None:
    again = copied(knows)
    assert again.report == knows.report
    assert str(again) == str(knows)
    again.save(tmp_path / "again.json")  # with the scores of all samples
    assert read_report(tmp_path / "again.json").evidence == knows.report.evidence
    again.save_html(tmp_path / "again.html")


def test_a_module_comes_to_a_verdict_with_its_reasons_and_metrics(knows: gk.Evaluation) -> None:
    assert knows.deployable
    assert knows.reasons == ()
    assert knows.diagnosis.name == "sound"
    margin = knows.metric("offset_sweep.margin", "ood")
    assert isinstance(margin, gk.Metric)
    assert margin.value is not None
    assert margin.low is not None
    assert margin.high is not None
    assert margin.low <= margin.value <= margin.high
    assert (margin.n, margin.articles, margin.reason) == (knows.metric("offset_sweep.cos", "ood").n, 6, "")
    model = knows.report.inputs.model
    assert (model.spec, model.kind, model.architecture) == ("Turn", "factory", "tests.gatekeeper.worlds:Turn")
    lines = str(knows).splitlines()
    assert lines[0].startswith("DEPLOYABLE")
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert repr(knows) == "<Evaluation Turn: DEPLOYABLE, 5 of 5 gates passed, 3 needed>"


def test_it_is_what_the_command_measures(world: Path, run: Run, data: gk.Data) -> None:
    assert run("eval", "own_models:Turn", "--report", "r.json").exit_code == 0
    told = read_report("r.json")
    mine = gk.evaluate("own_models:Turn", gk.load_data("gatekeeper.toml"))
    assert mine.report.evidence == told.evidence
    assert mine.report.judgement == told.judgement
    assert mine.report.inputs == told.inputs
    assert gk.evaluate(Turn(), data).report.evidence == told.evidence


def unsearched(evaluation: gk.Evaluation) -> Metrics:
    """The model's metrics but for those of the whole bank, in which no rule has the controls searched."""
    return {
        split: {name: metric for name, metric in rows.items() if not name.startswith(SEARCHED)}
        for split, rows in evaluation.report.evidence.model.items()
    }


def test_a_control_a_function_and_a_file_are_evaluated_too(data: gk.Data, tmp_path: Path) -> None:
    ridge = gk.evaluate("control:ridge", data)
    assert ridge.report.inputs.model.kind == "control"
    assert unsearched(ridge) == ridge.report.evidence.controls["ridge"]
    assert unsearched(ridge) != ridge.report.evidence.model

    def last(contexts: torch.Tensor) -> np.ndarray[Any, Any]:
        return contexts[:, -1].numpy()

    copies = gk.evaluate(last, data)
    assert (copies.report.inputs.model.spec, copies.diagnosis.name) == ("last", "copies")
    assert copies.report.inputs.model.architecture.startswith(f"{__name__}:test_a_control")
    partial = gk.evaluate(functools.partial(torch.mean, dim=1), data).report.inputs.model
    assert (partial.spec, partial.architecture) == ("partial", "functools:partial")
    assert unsearched(copies) == copies.report.evidence.controls["copy_last"]
    file = gk.evaluate(save_linear(tmp_path / "model.pt"), data)
    assert file.report.inputs.model.sha256 is not None
    assert not file.deployable
    assert file.reasons


def test_the_controls_are_measured_once_for_all_models(monkeypatch: pytest.MonkeyPatch) -> None:
    data = rotating_data()
    made: list[int] = []

    def counted(*given: Any, **more: Any) -> Any:  # noqa: ANN401  (handed on)
        made.append(1)
        return make_controls(*given, **more)

    monkeypatch.setattr("gates.suite.make_controls", counted)
    for model in (Turn(), "control:random", Turn()):
        gk.evaluate(model, data)
    assert len(made) == 1
    gk.evaluate(Turn(), data, seed=3)
    assert len(made) == 2


def test_a_model_and_random_numbers_are_left_as_they_were(data: gk.Data) -> None:
    model = Learner()
    model.norm.eval()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    weights = {name: value.clone() for name, value in model.state_dict().items()}
    gk.evaluate(model, data)
    assert torch.equal(torch.get_rng_state(), before)
    assert (model.training, model.norm.training, model.drop.training) == (True, False, True)
    assert all(torch.equal(value, weights[name]) for name, value in model.state_dict().items())


def test_settings_and_names_are_taken(data: gk.Data) -> None:
    report = gk.evaluate(
        Turn(), data, name="epoch 3", policy="strict-5cat", max_samples=120, confidence=0.9
    ).report
    assert report.inputs.model.spec == "epoch 3"
    assert (report.policy.name, report.settings.max_samples) == ("strict-5cat", 120)
    assert report.settings.confidence == 0.9


def test_numbers_of_numpy_are_settings_too(data: gk.Data) -> None:
    edges = np.array([0.3, 0.7])
    settings = gk.evaluate(Turn(), data, max_samples=np.int64(120), bin_edges=edges).report.settings
    assert (settings.max_samples, settings.bin_edges) == (120, (0.3, 0.7))


def test_the_output_is_picked(data: gk.Data, knows: gk.Evaluation) -> None:
    class Whole(nn.Module):
        def forward(self, contexts: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"states": torch.stack([contexts[:, 0], Turn()(contexts)], dim=1)}

    assert gk.evaluate(Whole(), data, output="states").report.evidence == knows.report.evidence
    with pytest.raises(ModelError, match=r"Whole must return one tensor; .* pass output='states'"):
        gk.evaluate(Whole(), data)
    with pytest.raises(UsageError, match="output= picks a part of a module's answer; control:ridge is none"):
        gk.evaluate("control:ridge", data, output="states")


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (Turn, {}, r"found the class Turn; make one: Turn\(\)"),
        (3, {}, "expected a module, a function, a file or control:NAME; found 3"),
        ("control:rigde", {}, "unknown control 'rigde'; did you mean 'ridge'\\?"),
        ("no/such.pt", {}, "no such model 'no/such.pt'"),
        (Turn(), {"polcy": "x"}, "'polcy' is unknown; did you mean 'policy'\\?"),
        (Turn(), {"policy": "sed-5cat"}, "seed-5cat"),
        (Turn(), {"max_per_article": 0}, "expected a whole number of at least 1, found 0"),
        (Turn(), {"max_per_article": -1}, "expected a whole number of at least 1, found -1"),
        (Turn(), {"max_per_article": "9"}, "expected a whole number of at least 1, found '9'"),
        (Turn(), {"max_per_article": 10**30}, "expected a whole number of at most 1000000000"),
        (Turn(), {"max_per_article": 5, "policy": "skill"}, "at most 60 windows of an article, .* for 5"),
        (Turn(), {"name": "a\nb"}, "name= must be text on one line, found 'a"),
        (Turn(), {"name": " "}, "name= must be text on one line, found ' '"),
        (Turn(), {"name": 5}, "name= must be text on one line, found 5"),
        (Turn(), {"output": ["a"]}, r"output= is a key, an attribute or a place in a tuple; found \['a'\]"),
        ([Turn(), nn.Linear(3, 3)], {}, r"found \[Turn\(\), Linear\("),
        (nn.LazyLinear(16), {}, "LazyLinear has lazy layers whose weights have no shape yet; call it"),
        ("control:ridge", {"name": "mine"}, "name= is for what lies in memory; 'control:ridge' has a name"),
        (nn.Linear(3, 3), {}, "Linear cannot read contexts of shape"),
        (nn.Identity(), {}, r"found \(1, 5, 16\), one for each place; .* pass output='last'"),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_one_clear_line(
    data: gk.Data,
    model: Any,  # noqa: ANN401  (whatever somebody passes)
    options: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises(GatekeeperError, match=message) as caught:
        gk.evaluate(model, data, **options)
    assert "\n" not in str(caught.value)


def test_a_saved_report_passes_report_and_check(
    data: gk.Data, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = save_linear(Path("m.pt"))
    report = gk.evaluate(model, data)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.pt"]
    report.save("m.report.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "m.pt", "m.report.json", "m.report.scores.npz",
    ]  # fmt: skip
    assert run("report", "m.report.json").exit_code == 0
    checked = run("check", "m.report.json", "--model", "m.pt")
    assert (checked.exit_code, "BLOCKED" in checked.output) == (1, True)
    assert read_report("m.report.json").judgement == report.report.judgement


def test_what_would_overwrite_a_model_is_refused(knows: gk.Evaluation, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"expected a file name that ends in \.json, found 'best_model\.pt'"):
        knows.save("best_model.pt")
    with pytest.raises(UsageError, match=r"ends in \.html, found 'm\.report\.json'"):
        knows.save_html("m.report.json")
    with pytest.raises(UsageError, match=r"expected a file name that ends in \.html, found None"):
        knows.save_html(None)  # type: ignore[arg-type]
    with pytest.raises(GatekeeperError, match="nowhere"):
        knows.save(tmp_path / "nowhere" / "m.json")


def test_the_page_is_written_with_what_only_the_data_tell(knows: gk.Evaluation, tmp_path: Path) -> None:
    knows.save_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<title>DEPLOYABLE: Turn" in page
    assert "<script" not in page


def test_data_must_be_loaded_first() -> None:
    message = r"expected the data that load_data returns, found 'bank\.npz'"
    with pytest.raises(UsageError, match=message):
        gk.evaluate(Turn(), "bank.npz")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=message):
        gk.Probe("bank.npz")  # type: ignore[arg-type]


def test_articles_too_few_for_any_model_are_told(data: gk.Data) -> None:
    with pytest.warns(UserWarning, match="no model can pass on this data: .* has 6 articles") as told:
        found = gk.evaluate("control:copy_last", data, policy="skill")
    assert len(told) == 2
    assert found.report.judgement.verdict.outcome == "error"


class Holding(nn.Module):
    """The learner as part of a larger module."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = nn.Linear(16, 16)

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.turn(contexts[:, -1])
        return answer


@pytest.mark.parametrize(
    ("words", "notes"),
    [
        ({}, ["the weights", "all weights"]),
        ({"state_key": "ema", "strip_prefix": "net"}, ["all weights"]),
    ],
)
def test_weights_of_a_file_are_evaluated_in_a_module_that_a_function_makes(
    words: dict[str, Any], notes: list[str], tmp_path: Path
) -> None:
    module, path = Holding(), tmp_path / "w.pt"
    torch.save({"ema": {f"net.{key}": each for key, each in module.state_dict().items()}, "n": 1}, path)
    held = gk.evaluate(module, rotating_data()).report
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        report = gk.evaluate(path, rotating_data(), factory=Holding, **words).report
    assert [str(each.message).partition(" of w.pt ")[0] for each in told] == notes
    assert report.evidence.model == held.evidence.model
    assert (report.inputs.model.kind, report.inputs.model.state_key) == ("weights", "ema")
    assert report.inputs.model.code is not None
    assert report.inputs.model.code.file == Path(__file__).name


@pytest.mark.parametrize(
    ("model", "words", "error", "told"),
    [
        (
            Holding(),
            {"factory": Holding},
            UsageError,
            "factory= makes the module of a file of weights; found",
        ),
        ("control:ridge", {"factory": Holding}, UsageError, "'control:ridge' is none"),
        ("w.pt", {"state_key": "ema"}, UsageError, "from Python factory="),
        ("w.pt", {"factory": 3}, UsageError, "a factory is a function without arguments"),
        ("w.pt", {"factory": Holding}, ModelError, "no such file of weights 'w.pt'"),
    ],
)
def test_a_factory_is_for_files_of_weights(
    model: nn.Module | str,
    words: dict[str, Any],
    error: type[GatekeeperError],
    told: str,
) -> None:
    with pytest.raises(error, match=told):
        gk.evaluate(model, rotating_data(), **words)
