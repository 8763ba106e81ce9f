"""``gatekeeper.evaluate`` and what it returns."""

import builtins
import json
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
from schemas.errors import DataError, GatekeeperError, ModelError, UsageError
from schemas.reading.report import read_report
from tests.gatekeeper.worlds import Learner, Turn, arrays, rotating_data
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
    assert "DEPLOYABLE" in str(knows)
    assert repr(knows) == "<Evaluation Turn: DEPLOYABLE, 5 of 5 gates passed, 3 needed>"


def test_it_is_what_the_command_measures(world: Path, run: Run, data: gk.Data) -> None:
    assert run("eval", "own_models:Turn", "--report", "r.json").exit_code == 0
    told = read_report("r.json")
    mine = gk.evaluate("own_models:Turn", gk.load_data("gatekeeper.toml"))
    assert mine.report.evidence == told.evidence
    assert mine.report.judgement == told.judgement
    assert mine.report.inputs == told.inputs
    assert gk.evaluate(Turn(), data).report.evidence == told.evidence


def test_a_control_a_function_and_a_file_are_evaluated_too(data: gk.Data, tmp_path: Path) -> None:
    ridge = gk.evaluate("control:ridge", data)
    assert ridge.report.inputs.model.kind == "control"
    assert ridge.report.evidence.model == ridge.report.evidence.controls["ridge"]

    def last(contexts: torch.Tensor) -> np.ndarray[Any, Any]:
        return contexts[:, -1].numpy()

    copies = gk.evaluate(last, data)
    assert (copies.report.inputs.model.spec, copies.diagnosis.name) == ("last", "copies")
    assert copies.report.evidence.model == copies.report.evidence.controls["copy_last"]
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
    with pytest.raises(GatekeeperError, match="nowhere"):
        knows.save(tmp_path / "nowhere" / "m.json")


def test_the_page_is_written_with_what_only_the_data_tell(knows: gk.Evaluation, tmp_path: Path) -> None:
    knows.save_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text()
    assert "<title>DEPLOYABLE: Turn" in page
    assert "<script" not in page


def test_a_frame_holds_every_metric_of_the_model_and_the_controls(
    knows: gk.Evaluation, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = knows.to_frame()
    row = frame.query("predictor == 'model' and metric == 'offset_sweep.margin' and split == 'val'")
    assert row["value"].item() == knows.metric("offset_sweep.margin").value
    assert set(frame["predictor"]) == {"model", *knows.report.evidence.controls}
    real = builtins.__import__

    def without_pandas(name: str, *rest: Any, **more: Any) -> Any:  # noqa: ANN401  (the signature of import)
        if name == "pandas":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    rows = knows.to_frame()
    assert len(rows) == len(frame)
    assert list(rows[0]) == list(frame.columns)


def test_a_notebook_shows_verdict_diagnosis_and_gates_and_runs_nothing(data: gk.Data) -> None:
    shown = gk.evaluate(Turn(), data, name="<script>alert(1)</script>")._repr_html_()
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown
    assert "DEPLOYABLE" in shown
    assert "5 of 5 gates passed" in shown
    assert all(f">{letter} " in shown for letter in "ABCDE")
    blocked = gk.evaluate("control:copy_last", data)
    shown = blocked._repr_html_()
    assert "BLOCKED" in shown
    assert blocked.diagnosis.sentence.replace("'", "&#39;") in shown


def test_arrays_of_many_kinds_are_the_same_data(knows: gk.Evaluation) -> None:
    plain = arrays()
    kinds: dict[str, dict[str, Any]] = {
        "tensors": {name: torch.from_numpy(array) for name, array in plain.items()},
        "lists": {"vectors": plain["vectors"].tolist(), "articles": plain["articles"].tolist()},
        "chunks": {**plain, "chunks": np.tile(np.arange(40), 18), "texts": ["x"] * 720},
    }
    for kind, given in kinds.items():
        data = gk.load_data(given, train=torch.arange(6), val=list(range(6, 12)), ood="12-17")
        assert gk.evaluate(Turn(), data).report.evidence == knows.report.evidence, kind
    assert json.loads(json.dumps(repr(data))) == (
        "<Data arrays: 720 chunks of width 16; train 6, val 6, ood 6 articles>"
    )


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ({"vectors": [[1.0]]}, {}, "expected vectors and articles; found vectors"),
        ({"vectors": 1, "artikles": 2}, {}, "'artikles' is unknown; did you mean 'articles'\\?"),
        ({"vectors": [[1.0], [2.0, 3.0]], "articles": [0, 0]}, {}, "vectors cannot be made an array"),
        ({"vectors": [[1.0]], "articles": [0]}, {"keys": {"vectors": "v"}}, "keys name the arrays of a bank"),
        ({"vectors": [[1.0], [1.0]], "articles": [0, "a"]}, {}, "numbers .* and text"),
        ("x.npz", {"keys": {"vector": "v"}}, "'vector' is unknown; did you mean 'vectors'\\?"),
        ("x.npz", {"val": 3}, "val: expected article ranges, a list of articles"),
        ("x.npz", {"context": 0}, "context: expected a whole number of at least 1"),
        ("x.npz", {}, "x.npz"),
        ("x.toml", {}, "configuration file x.toml does not exist"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_loaded_are_one_clear_line(
    given: Any,  # noqa: ANN401  (whatever somebody passes)
    options: dict[str, Any],
    message: str,
) -> None:
    with pytest.raises((UsageError, DataError), match=message) as caught:
        gk.load_data(given, **options)
    assert "\n" not in str(caught.value)
