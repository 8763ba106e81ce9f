"""The gates between two epochs: the figures of the full evaluation, on a draw."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from gates.bank import build_bank
from gates.contracts import Dataset, Window
from gates.options import Options
from gates.suite import measure, prepare
from gates.windows import make_dataset, window_rows
from schemas.errors import Interrupted, PredictionError
from schemas.reading.policy import load_policy
from schemas.records.metrics import GATES
from schemas.records.splits import EVALUATED
from tests.trainers.forward import Forward
from trainers.interrupts import Interrupts
from trainers.loop.goal import Goal
from trainers.loop.mini_5cat import MiniSuite
from trainers.predictor import ModulePredictor

CPU = torch.device("cpu")
GOALS: tuple[Goal, Goal] = ("cosine", "bits")


def dataset() -> Dataset:
    """Ten articles of noise."""
    rows = np.random.default_rng(0).standard_normal((10 * 20, 8))
    bank = build_bank(rows, np.repeat(np.arange(10), 20), np.tile(np.arange(20), 10), source="noise")
    splits = {
        name: window_rows(bank, members, Window(5, 1))
        for name, members in {"val": np.arange(5), "ood": np.arange(5, 10)}.items()
    }
    return make_dataset(bank, splits, Window(5, 1))


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda x: x[:, -1] - x[:, -1].mean(dim=0), "reads the other rows of its batch"),
        (lambda x: x[:, -1].roll(1, dims=0), "reads the other rows of its batch"),
        (lambda x: x[:, -1] * (0.5 + torch.rand(x.shape[2])), "draws at random"),
    ],
)
def test_between_two_epochs_the_same_is_asked_of_the_weights(
    made: Callable[[torch.Tensor], object], words: str
) -> None:
    options = Options(batch_size=16, min_samples=1, min_articles=1)
    suite = MiniSuite(
        dataset(), load_policy("seed-5cat").policy, options, samples=60, interrupts=Interrupts()
    )
    with pytest.raises(PredictionError, match=f"the weights {words}: on val "):
        suite.measure(ModulePredictor(Forward(made), "the weights", CPU), lambda cosine: True)


def suite(samples: int, interrupts: Interrupts | None = None, goal: Goal = "cosine") -> MiniSuite:
    options = Options(batch_size=16, min_samples=1, min_articles=1)
    policy = load_policy("seed-5cat").policy
    interrupts = interrupts or Interrupts()
    return MiniSuite(dataset(), policy, options, samples=samples, interrupts=interrupts, goal=goal)


def last_chunk() -> ModulePredictor:
    return ModulePredictor(Forward(lambda x: x[:, -1]), "the weights", CPU)


def test_its_figures_are_those_of_the_gates_on_its_draw() -> None:
    found = suite(60).measure(last_chunk(), lambda cosine: True)
    options = Options(batch_size=16, min_samples=1, min_articles=1, max_samples=60)
    bench = prepare(dataset(), options, lambda count: None)
    metrics = measure(bench, last_chunk(), lambda count: None).metrics
    assert found.metrics == metrics
    for split in EVALUATED:
        figures = found.gates.splits[split]
        assert figures.cos == metrics[split]["offset_sweep.cos"].value
        assert figures.margin == metrics[split]["offset_sweep.margin"].value
        assert figures.margin_prev == metrics[split]["offset_sweep.margin_prev"].value
        assert figures.margin_last == metrics[split]["offset_sweep.margin_last"].value
        assert figures.recall == metrics[split]["retrieval.article.r@5"].value
        assert figures.recall_unseen == metrics[split]["retrieval.article_unseen.r@5"].value
        assert metrics[split]["offset_sweep.cos"].n <= 60
    val = metrics["val"]
    assert (found.cosine, found.margin) == (val["offset_sweep.cos"].value, val["offset_sweep.margin"].value)
    assert found.recall == val["retrieval.article.r@5"].value
    assert found.constant == bench.control_metrics["constant"]["val"]["offset_sweep.cos"].value
    assert set(found.gates.gates) >= set(GATES)
    assert not found.gates.kept


def test_a_recipe_that_works_for_the_cosine_goes_by_it_and_one_for_bits_by_bits_and_lift() -> None:
    by_cosine, by_bits = (suite(60, goal=goal).measure(last_chunk(), lambda cosine: True) for goal in GOALS)
    val = by_bits.metrics["val"]
    assert by_cosine.metrics == by_bits.metrics
    assert by_cosine.goal == by_cosine.watched == by_cosine.cosine
    assert (by_bits.goal, by_bits.watched, by_bits.constant) == (
        val["retrieval.article_unseen.bits"].value, val["offset_sweep.lift"].value, 0.0,
    )  # fmt: skip
    assert by_cosine.standing.gain == 0.0 != by_bits.standing.gain


def test_the_recipe_is_asked_about_the_cosine_on_val() -> None:
    asked: list[float] = []

    def refuse(cosine: float) -> bool:
        asked.append(cosine)
        return False

    found = suite(60).measure(last_chunk(), refuse)
    assert asked == [found.cosine]
    assert not found.standing.admissible


def test_samples_on_which_nothing_could_pass_are_doubted() -> None:
    doubts = suite(60).doubts()
    assert doubts
    assert all("fewer than the 100 the policy needs" in doubt for doubt in doubts)


def test_a_signal_ends_a_measurement() -> None:
    interrupts = Interrupts()
    measured = suite(60, interrupts)
    interrupts.received = "SIGTERM"
    with pytest.raises(Interrupted, match="SIGTERM arrived while the gates were measured"):
        measured.measure(last_chunk(), lambda cosine: True)


def test_articles_too_few_for_intervals_are_left_to_whoever_has_drawn_all_windows() -> None:
    """Five articles; by estimates the same samples are doubted for being few."""
    by_intervals = load_policy("skill").policy
    options = Options(min_samples=1, min_articles=1)
    assert MiniSuite(dataset(), by_intervals, options, samples=60, interrupts=Interrupts()).doubts() == []
