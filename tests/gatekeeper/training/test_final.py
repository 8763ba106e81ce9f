"""The end of a run: the weights it kept, evaluated as any file is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatekeeper.evaluation.evaluate import Evaluator
from gatekeeper.training.conduct import run_training
from gatekeeper.training.final import RunResult, final_evaluation
from gatekeeper.training.plan import Plan
from schemas.errors import Interrupted, ModelError
from schemas.reading.report import read_report
from tests.gatekeeper.training.conftest import Heard
from trainers.interrupts import Interrupts
from trainers.processes import Group

MakePlan = Callable[..., Plan]

FOLDER = Path("mine")


@pytest.fixture
def planned(plan: MakePlan) -> Plan:
    return plan(flags={"horizon": 2, "max_samples": 120, "seed": 4})


@pytest.fixture
def done(planned: Plan, heard: Heard) -> RunResult:
    return run_training(planned, Group(), heard.audience(), out=FOLDER, illustrated=False)


def again(planned: Plan, done: RunResult, heard: Heard, interrupts: Interrupts) -> RunResult:
    return final_evaluation(planned, FOLDER, done.trained, Group(), interrupts, heard.bar, illustrated=True)


def test_it_measures_what_an_evaluation_of_the_file_measures(planned: Plan, done: RunResult) -> None:
    report = done.report
    assert report is not None
    alone = Evaluator(planned.dataset, planned.policy, planned.options, config="gatekeeper.toml")
    found = alone.evaluate(FOLDER / "best_model.pt").report
    assert found.evidence == report.evidence
    assert found.inputs == report.inputs
    assert found.settings == report.settings
    assert (report.settings.horizon, report.settings.horizon_source) == (2, "checkpoint")
    assert report.scores is not None
    assert (FOLDER / report.scores.name).is_file()
    assert done.outcome == report.judgement.verdict.outcome


def test_a_signal_ends_it_and_says_how_to_go_on(planned: Plan, done: RunResult, heard: Heard) -> None:
    before = (FOLDER / "5cat_results.json").read_bytes()
    interrupts = Interrupts()
    interrupts.received = "SIGTERM"
    with pytest.raises(Interrupted) as caught:
        again(planned, done, heard, interrupts)
    assert str(caught.value) == (
        "interrupted by SIGTERM during the final evaluation; the training is complete. "
        "Continue with: gatekeeper train ridge --resume mine"
    )
    assert (FOLDER / "5cat_results.json").read_bytes() == before


def test_what_a_page_shows_is_made_where_one_is_asked_for(
    planned: Plan, done: RunResult, heard: Heard
) -> None:
    result = again(planned, done, heard, Interrupts())
    assert done.extras is None
    assert result.extras is not None
    assert result.extras.run == "mine"
    assert result.report == read_report(FOLDER / "5cat_results.json")


def test_a_recipe_that_left_no_model_is_told(planned: Plan, done: RunResult, heard: Heard) -> None:
    (FOLDER / "best_model.pt").unlink()
    with pytest.raises(ModelError, match=r"no such model 'mine/best_model\.pt'"):
        again(planned, done, heard, Interrupts())
