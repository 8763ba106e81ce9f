"""The probe: it measures, and leaves no trace in what it measured."""

import random
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

import gatekeeper
from gatekeeper.probe import Probe
from schemas.errors import PredictionError, UsageError
from tests.gatekeeper.worlds import Learner, Turn, rotating_data, windows


@pytest.fixture(scope="module")
def probe() -> Probe:
    return Probe(rotating_data(), samples=120)


def train(epochs: int, probe: Probe | None) -> dict[str, torch.Tensor]:
    """The weights after a training that draws from all random numbers there are."""
    torch.manual_seed(1)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    model, (contexts, targets) = Learner(), windows(0, 6)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(epochs):
        order = torch.randperm(len(contexts))
        order = order[np.random.permutation(len(order))]  # noqa: NPY002
        for rows in torch.split(order, 64 + random.randrange(3)):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(contexts[rows]), targets[rows])
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        if probe is not None:
            probe(model)
    return model.state_dict()


def test_a_training_gives_the_same_weights_to_the_bit_with_a_probe_and_without(probe: Probe) -> None:
    with_probe, without = train(3, probe), train(3, None)
    assert all(torch.equal(with_probe[name], without[name]) for name in without)


def test_making_a_probe_draws_nothing() -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    Probe(rotating_data(), samples=120)
    assert torch.equal(torch.get_rng_state(), before)


def test_each_module_stays_in_its_own_mode_also_where_the_answer_is_refused(probe: Probe) -> None:
    class Frozen(nn.Module):
        """Its norm is frozen; train() would thaw it."""

        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm1d(16).eval()
            self.answer = 1.0

        def forward(self, contexts: torch.Tensor) -> torch.Tensor:
            answer: torch.Tensor = self.norm(contexts[:, -1]) * self.answer
            return answer

    model = Frozen()
    probe(model)
    assert (model.training, model.norm.training) == (True, False)
    model.answer = float("nan")
    with pytest.raises(PredictionError, match=r"Frozen: .* are NaN"):
        probe(model)
    assert (model.training, model.norm.training) == (True, False)


def test_what_a_model_keeps_from_the_probe_can_be_trained_with(probe: Probe) -> None:
    class Remembers(nn.Module):
        """Builds a table at its first call, as rotary embeddings and masks do."""

        def __init__(self) -> None:
            super().__init__()
            self.map = nn.Linear(16, 16)
            self.table: torch.Tensor | None = None

        def forward(self, contexts: torch.Tensor) -> torch.Tensor:
            if self.table is None:
                self.table = torch.ones(16, device=contexts.device)
            answer: torch.Tensor = self.map(contexts[:, -1] * self.table)
            return answer

    model = Remembers()
    probe(model)
    model(torch.ones(2, 5, 16)).sum().backward()
    assert model.map.weight.grad is not None


def test_a_result_says_what_passed_in_a_line_and_by_name(probe: Probe) -> None:
    result = probe(Turn())
    assert isinstance(result, gatekeeper.ProbeResult)
    assert not result.escaped
    margin = result.metric("offset_sweep.margin")
    assert margin.low is not None
    assert margin.value is not None
    assert margin.low <= margin.value
    assert str(result).startswith(f"gates {' '.join(result.passed)} | margin {margin.value:+.2f} | R@5 ")
    assert repr(result) == f"<ProbeResult {result}>"
    flat = result.metrics
    assert {"val/margin", "ood/recall_unseen", "gates/passed", "gates/escaped"} <= flat.keys()
    assert flat["val/margin"] == margin.value
    assert flat["gates/passed"] == len(result.passed)


def test_better_weights_are_those_the_gates_on_val_prefer(probe: Probe) -> None:
    class Opposes(Turn):
        def forward(self, contexts: torch.Tensor) -> torch.Tensor:
            return -super().forward(contexts)

    knows, opposes = probe(Turn()), probe(Opposes())
    assert opposes.escaped
    assert str(opposes).endswith(" | escaped")
    assert knows.better_than(opposes)
    assert not opposes.better_than(knows)
    assert not knows.better_than(knows)
    assert opposes.better_than(None)
    with pytest.raises(UsageError, match="better_than compares with a ProbeResult, or with None; found 3"):
        knows.better_than(3)  # type: ignore[arg-type]  # what a test passes


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"polcy": "seed-5cat"}, "'polcy' is unknown; did you mean 'policy'\\?"),
        ({"max_per_article": 0}, "max_per_article: expected a whole number of at least 1, found 0"),
        ({"seed": -1}, "seed: expected a whole number of at least 0, found -1"),
        ({"max_samples": 5}, "windows a split are samples="),
        ({"samples": 0}, "samples= must be a whole number of at least 1; found 0"),
        ({"output": ["a"]}, r"output= is a key, an attribute or a place in a tuple; found \['a'\]"),
        ({"report": "a.json"}, "'report' is unknown"),
        ({"policy": "sead-5cat"}, "seed-5cat"),
    ],
)
def test_a_wrong_setting_is_told(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Probe(rotating_data(), **{"samples": 120, **settings})


def test_what_is_no_module_is_told(probe: Probe) -> None:
    with pytest.raises(UsageError, match=r"a probe measures a torch\.nn\.Module; found 'control:ridge'"):
        probe("control:ridge")  # type: ignore[arg-type]


def test_a_probe_picks_the_output_and_takes_the_policy() -> None:
    class Whole(nn.Module):
        def forward(self, contexts: torch.Tensor) -> dict[str, torch.Tensor]:
            return {"states": Turn()(contexts)[:, None]}

    probe = Probe(rotating_data(), samples=120, output="states", policy="strict-5cat", seed=4)
    assert "A" in probe(Whole()).passed
    with pytest.raises(PredictionError, match=r"Whole must return one tensor; .* pass output='states'"):
        Probe(rotating_data(), samples=120)(Whole())


def test_articles_too_few_for_any_model_are_told_where_a_probe_is_made() -> None:
    with pytest.warns(UserWarning, match="no model can pass on this data: .* has 6 articles") as told:
        Probe(rotating_data(), samples=120, policy="skill")
    assert len(told) == 2
    assert told[0].filename == __file__
