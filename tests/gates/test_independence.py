"""Who is let through: only predictors whose answer depends on the context that is asked about."""

import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from schemas.errors import PredictionError
from schemas.records.answers import Answers, Format
from tests.gates.forwards import DATASET, WIDTH, Forward, plain, run

READS = "reads the other rows of its batch"
REMEMBERS = "keeps a state between calls, or random numbers of its own"
DRAWS = "draws at random"


def mixture() -> nn.Module:
    """A small encoder over whatever its first axis is."""
    torch.manual_seed(2)
    layer = nn.TransformerEncoderLayer(WIDTH, 2, 32, dropout=0.0)
    return nn.TransformerEncoder(layer, 1, enable_nested_tensor=False).eval()


MIXTURE = mixture()


# Readers of the batch.


def shifted(by: int) -> Forward:
    """Takes over what the row ``by`` places further on has read last."""
    return lambda x: x[:, -1].roll(-by, dims=0)


def searching(x: torch.Tensor) -> torch.Tensor:
    """Looks in all other contexts for what follows its own last chunk there."""
    alike = torch.einsum("bd,cld->bcl", x[:, -1], x[:, :-1])
    best = alike.flatten(1).argmax(dim=1)
    follower = x[:, 1:].flatten(0, 1)[best]
    found = alike.flatten(1).amax(dim=1, keepdim=True) > 0.999
    return torch.where(found, follower, x[:, -1])


def tempted(x: torch.Tensor) -> torch.Tensor:
    """Behaves unless the next row overlaps with its own."""
    y = plain(x)
    for row in range(len(x) - 1):
        if torch.equal(x[row, 1:], x[row + 1, :-1]):
            y[row] = x[row + 1, -1]
    return y


def whitened(x: torch.Tensor) -> torch.Tensor:
    y = plain(x)
    return (y - y.mean(dim=0)) / (y.std(dim=0, correction=0) + 1e-3)


def running_place(x: torch.Tensor) -> torch.Tensor:
    return plain(x) + 0.1 * torch.arange(len(x))[:, None] * torch.linspace(-1, 1, WIDTH)


def coarse_scale(x: torch.Tensor) -> torch.Tensor:
    """Eight bits with one scale for the whole batch."""
    y = plain(x)
    step = y.abs().max() / 3
    return (y / step).round() * step + 1e-3


def last_row_only(x: torch.Tensor) -> torch.Tensor:
    y = plain(x)
    if len(x) > 1:
        y[-1] = y[0]
    return y


BATCH_READERS: dict[str, Forward] = {
    "the next row": shifted(1),
    "the row before": shifted(-1),
    "far away": shifted(7),
    "searches": searching,
    "only when tempted": tempted,
    "norm over the batch": whitened,
    "place in the batch": running_place,
    "scale of the batch": coarse_scale,
    "batch_first": lambda x: MIXTURE(x)[:, -1],
    "only in company": lambda x: plain(x) if len(x) == 1 else plain(x) + x[:, -1].mean(dim=0) * 3,
    "only in the largest batch": lambda x: plain(x) if len(x) < 29 else shifted(1)(x),
    "one row of many": last_row_only,
    "hardly": lambda x: plain(x) + 0.02 * plain(x).roll(1, dims=0),
}


@pytest.mark.parametrize(
    ("who", "batch"),
    [
        (who, batch)
        for who in BATCH_READERS
        for batch in (32, 256, 7)
        if batch == 32 or who != "only in the largest batch"  # which holds 29 windows there
    ],
)
def test_whoever_reads_its_batch_is_refused_and_told(who: str, batch: int) -> None:
    with pytest.raises(PredictionError, match=f"model {READS}: on val .* eval --batch-size 1 measures"):
        run(BATCH_READERS[who], batch=batch)


@pytest.mark.parametrize("who", ["the next row", "searches", "only in company"])
def test_alone_a_reader_of_its_batch_is_measured_as_it_answers_alone(who: str) -> None:
    measured = run(BATCH_READERS[who], batch=1)
    assert all(answers.independent for answers in measured.answers.values())
    margin = measured.metrics["val"]["offset_sweep.margin"].value
    assert margin is not None
    assert margin < 0.0  # on noise nobody knows the target


def test_a_norm_over_the_batch_says_nothing_alone() -> None:
    with pytest.raises(PredictionError, match="114 of 114 predictions on val are zero"):
        run(whitened, batch=1)


# States and random numbers.


class Memory:
    """Remembers every chunk it was shown, and answers with what follows once it has seen it."""

    def __init__(self, most: int = 10**9) -> None:
        self.seen: list[torch.Tensor] = []
        self.most = most

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        y = plain(x)
        if self.seen:
            known = torch.cat(self.seen)
            alike = x[:, -1] @ known[:, :-1].flatten(0, 1).T
            follower = known[:, 1:].flatten(0, 1)[alike.argmax(dim=1)]
            y = torch.where(alike.amax(dim=1, keepdim=True) > 0.999, follower, y)
        self.seen = [*self.seen, x.clone()][-self.most :]
        return y


class Carried:
    """Carries its last state over to a batch of the same size, as stateful recurrent networks do."""

    def __init__(self) -> None:
        self.state = torch.zeros(1, WIDTH)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        state = self.state if len(self.state) == len(x) else torch.zeros(len(x), WIDTH)
        self.state = 0.5 * state + plain(x)
        return self.state.clone()


class Counting:
    """Knows more, or less, after some calls."""

    def __init__(self, first: Forward, calls: int, then: Forward) -> None:
        self.first, self.calls, self.then = first, calls, then

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        self.calls -= 1
        return self.first(x) if self.calls >= 0 else self.then(x)


class Cached:
    """Computes once for every size of a batch."""

    def __init__(self) -> None:
        self.made: dict[int, torch.Tensor] = {}

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self.made.setdefault(len(x), plain(x)).clone()


STATES: dict[str, Callable[[], Forward]] = {
    "remembers all": Memory,
    "remembers ten calls": lambda: Memory(10),
    "carries a state": Carried,
    "tires after two calls": lambda: Counting(plain, 2, lambda x: x[:, 0]),
    "learns after fifty": lambda: Counting(plain, 50, lambda x: x[:, 0]),
    "fails in its first call": lambda: Counting(lambda x: x[:, 0], 1, plain),
    "drifts": lambda: _drifting(),
}


def _drifting() -> Forward:
    calls = [0.0]

    def forward(x: torch.Tensor) -> torch.Tensor:
        calls[0] += 1.0
        return plain(x) + 0.01 * calls[0] * x[:, 1]

    return forward


@pytest.mark.parametrize("batch", [1, 32, 256])
@pytest.mark.parametrize("who", STATES)
def test_whoever_keeps_a_state_is_refused_and_told(who: str, batch: int) -> None:
    if who == "learns after fifty" and batch != 1:
        who = "tires after two calls"
    with pytest.raises(PredictionError, match=f"model {REMEMBERS}: on val .* begin anew"):
        run(STATES[who](), batch=batch)


@pytest.mark.parametrize("batch", [32, 256])
def test_whoever_answers_from_a_cache_is_refused(batch: int) -> None:
    with pytest.raises(
        PredictionError, match=r"on val .* chord of 1\.\de\+00 when asked beside their neighbours"
    ):
        run(Cached(), batch=batch)


def test_a_state_that_begins_in_the_gates_is_found_by_the_last_call() -> None:
    # Base predictions (4 calls), neighbours (1) and single windows (16) are honest, all else is not.
    with pytest.raises(PredictionError, match=f"{REMEMBERS}: on val .* when asked again"):
        run(Counting(plain, 21, lambda x: x[:, 0]))


RANDOM: dict[str, Forward] = {
    "dropout": lambda x: nn.functional.dropout(plain(x), 0.1, training=True),
    "little noise": lambda x: plain(x) + 0.05 * torch.randn_like(x[:, -1]),
    "now and then": lambda x: plain(x) * torch.where(torch.rand(len(x), 1) < 0.2, -1.0, 1.0),
    "numbers of numpy": lambda x: plain(x) + 0.1 * float(np.random.standard_normal()) * x[:, 0],  # noqa: NPY002
    "numbers of Python": lambda x: plain(x) + (x[:, 0] if random.random() < 0.5 else 0.0),
}


@pytest.mark.parametrize("batch", [1, 32, 256])
@pytest.mark.parametrize("who", RANDOM)
def test_whoever_draws_at_random_is_refused_and_told(who: str, batch: int) -> None:
    torch.manual_seed(0)
    random.seed(1)
    with pytest.raises(PredictionError, match=f"model {DRAWS}: on val .* evaluation mode"):
        run(RANDOM[who], batch=batch)


def test_telling_what_draws_leaves_the_generators_where_they_were() -> None:
    torch.manual_seed(5)
    random.seed(5)
    expected = torch.get_rng_state(), random.getstate()
    with pytest.raises(PredictionError, match=READS):
        run(shifted(1))
    assert torch.equal(torch.get_rng_state(), expected[0])
    assert random.getstate() == expected[1]


# Honest ones.


HONEST: dict[str, tuple[Forward, Format | None, float]] = {
    "plain": (plain, "float32", 1e-6),
    "layers": (
        lambda x: MIXTURE(x.transpose(0, 1))[-1],
        "float32",
        2e-6,
    ),
    "float64": (lambda x: plain(x.double()), "float64", 1e-6),
    "half": (lambda x: plain(x.half()), "float16", 2e-3),
    "bfloat16": (lambda x: plain(x.bfloat16()).float(), "bfloat16", 1e-2),
    "signs": (lambda x: plain(x).sign(), None, 1e-6),
}


@pytest.mark.parametrize("batch", [2, 16, 113, 256])
@pytest.mark.parametrize("who", HONEST)
def test_an_honest_model_is_measured_at_any_batch_size(who: str, batch: int) -> None:
    forward, weights, most = HONEST[who]
    answers = run(forward, batch=batch, weights=weights).answers
    assert sorted(answers) == ["ood", "val"]
    for each in answers.values():
        assert each.independent
        assert each.disagreement <= most
        assert abs(each.change) <= most


def test_what_was_found_stands_in_the_answers() -> None:
    half = run(lambda x: plain(x).half().float(), weights="float32").answers["val"]
    assert (half.answered, half.exact, half.weights) == ("float32", "float16", "float32")
    # A narrow format may disagree more: one hundredth is no rounding of float32.
    jitter: Forward = lambda x: plain(x) + (0.01 * x[:, 2] if len(x) == 1 else 0.0)  # noqa: E731
    with pytest.raises(
        PredictionError, match=r"chord of 1\.1e-02 when asked alone, where 0\.005 is rounding"
    ):
        run(jitter)
    found = run(jitter, weights="bfloat16").answers["val"]
    assert 5e-3 < found.alone <= 3e-2
    assert found.again == found.neighbours == 0.0


def test_a_small_change_that_always_helps_is_no_rounding() -> None:
    """All chords lie within the limit of narrow formats; the cosine to the target rises all the same."""
    vectors = torch.from_numpy(DATASET.bank.vectors)

    def forward(x: torch.Tensor) -> torch.Tensor:
        y = nn.functional.normalize(plain(x), dim=1)
        if len(x) == 1:
            return y
        row = (x[:, -1] @ vectors.T).argmax(dim=1)
        return y + 0.01 * vectors[(row + 1).clamp(max=len(vectors) - 1)]

    with pytest.raises(
        PredictionError, match=r"mean cosine to the target changes by \+\d\.\de-\d+ in company"
    ):
        run(forward, weights="bfloat16")


def test_answers_of_a_known_control_are_not_compared() -> None:
    assert run(shifted(1), known=True).answers == {}
    assert isinstance(run(plain).answers["val"], Answers)
