"""What each recipe minimises: terms against a loop over windows, weights and schedules by hand."""

import io
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.bank import build_bank
from gates.contracts import Bank, Dataset
from gates.windows import make_dataset, window_rows
from schemas.errors import UsageError
from trainers.batches import Batch, WindowBatches
from trainers.mse import P1, P6, MeanSquaredError
from trainers.objectives import FIGURES, Terms, mean_squared_error, previous_offset
from trainers.p6b import DirectionalObjective, P6bSettings, Stage, parse_ramp
from trainers.p6c import ADVANCE, HEAVIEST, NEIGHBOURS, RETREAT, BudgetedObjective, P6cSettings
from trainers.selection import RULE

Floats = npt.NDArray[np.float64]

WIDTH = 6


def make_bank() -> Bank:
    """Three articles; the second misses its chunk 9, so that no run crosses it."""
    numbers = [range(12), [c for c in range(20) if c != 9], range(8)]
    chunks = np.concatenate([np.array(list(part)) for part in numbers])
    articles = np.repeat(np.arange(3), [len(part) for part in numbers])
    vectors = np.random.default_rng(0).standard_normal((len(chunks), WIDTH)) + 0.3
    return build_bank(vectors, articles, chunks, source="tiny")


BANK = make_bank()
PLACES = {
    place: row for row, place in enumerate(zip(BANK.articles.tolist(), BANK.chunks.tolist(), strict=True))
}


def data(horizon: int = 2, context: int = 4) -> Dataset:
    rows = window_rows(BANK, None, context=context, horizon=horizon)
    return make_dataset(BANK, {"train": rows}, context=context, horizon=horizon)


def load(dataset: Dataset) -> tuple[WindowBatches, Batch, torch.Tensor]:
    """All windows as one batch, and seeded predictions of any length."""
    batches = WindowBatches(dataset, "train", device=torch.device("cpu"), seed=0)
    batch = batches.gather(batches.last_rows)
    predictions = torch.from_numpy(
        np.random.default_rng(1).standard_normal((len(batches.last_rows), WIDTH)).astype(np.float32)
    )
    return batches, batch, predictions.requires_grad_()


def find(last_row: int, steps: int) -> int | None:
    """The bank row ``steps`` chunks after a window's last one; None where a chunk on the way is missing."""
    article, chunk = int(BANK.articles[last_row]), int(BANK.chunks[last_row])
    on_the_way = range(chunk, chunk + steps + (1 if steps >= 0 else -1), 1 if steps >= 0 else -1)
    found = [PLACES.get((article, number)) for number in on_the_way]
    return None if None in found else found[-1]


def cosine(one: Floats, other: Floats) -> float:
    return float(one @ other / math.sqrt((one @ one) * (other @ other)))


def pairs(dataset: Dataset, predictions: torch.Tensor, k: int) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Prediction, target and the chunk k places from it, window by window, where all three exist."""
    for prediction, last_row in zip(predictions, dataset.splits["train"].last_rows.tolist(), strict=True):
        target = find(last_row, dataset.horizon)
        assert target is not None
        other = find(target, k)
        if other is not None:
            yield (
                prediction.detach().numpy().astype(np.float64),
                BANK.vectors[target].astype(np.float64),
                BANK.vectors[other].astype(np.float64),
            )


def naive_mse(dataset: Dataset, predictions: torch.Tensor) -> float:
    return float(np.mean([((p - t) ** 2).mean() for p, t, _ in pairs(dataset, predictions, 0)]))


def number(value: torch.Tensor) -> float:
    return float(value.detach())


# What all recipes share


@pytest.mark.parametrize("horizon", [1, 2, 3, 7])
def test_a_named_negative_lies_where_its_name_says(horizon: int) -> None:
    # context[-i] is i - 1 places before the last chunk, the target ``horizon`` places after it.
    assert previous_offset("context[-1]", horizon) == 0 - horizon
    assert previous_offset("context[-2]", horizon) == -1 - horizon
    if horizon > 1:
        assert previous_offset("skipped", horizon) == -1


@pytest.mark.parametrize(
    ("previous", "horizon", "message"),
    [
        (
            "context[-3]",
            2,
            "prev must be one of context[-2], context[-1], skipped; found 'context[-3]'",
        ),
        ("", 1, "prev must be one of context[-2], context[-1], skipped; found ''"),
        (
            "skipped",
            1,
            "no chunk is skipped at horizon 1; the chunk before the target is context[-1] there",
        ),
    ],
)
def test_a_negative_that_does_not_exist_is_refused(previous: str, horizon: int, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        previous_offset(previous, horizon)
    assert str(refused.value) == message


def test_the_squared_error_is_a_mean_over_windows_and_dimensions() -> None:
    # (1 + 4 + 0 + 9) / 4
    assert float(
        mean_squared_error(torch.tensor([[1.0, 2.0], [0.0, 3.0]]), torch.zeros(2, 2))
    ) == pytest.approx(3.5)
    one, other = torch.tensor([[0.6, 0.8]]), torch.tensor([[1.0, 0.0]])
    # Unit rows: 2 (1 - 0.6) / 2
    assert float(mean_squared_error(one, other)) == pytest.approx(0.4)


def test_the_figures_by_name() -> None:
    assert FIGURES == ("loss", "mse", "push", "pos", "neg", "gap", "lambda_eff", "clamped")


def test_detached_terms_keep_their_order_and_lose_their_gradient() -> None:
    values = [torch.tensor(float(i), requires_grad=True) for i in range(5)]
    plain = Terms(*values).detached()
    assert plain.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert not plain.requires_grad
    more = replace(Terms(*values), more=torch.tensor([5.0, 6.0], requires_grad=True)).detached()
    assert more.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert not more.requires_grad


# p1 and p6


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_mse_terms_are_those_of_a_loop_over_windows(horizon: int) -> None:
    dataset = data(horizon)
    batches, batch, predictions = load(dataset)
    terms = MeanSquaredError("P").terms(predictions, batch, batches)
    found = list(pairs(dataset, predictions, -1))
    assert len(found) == len(batch.targets)  # the chunk before the target always exists
    assert number(terms.mse) == pytest.approx(naive_mse(dataset, predictions), rel=1e-5)
    assert number(terms.pos) == pytest.approx(np.mean([cosine(p, t) for p, t, _ in found]), abs=1e-6)
    assert number(terms.neg) == pytest.approx(np.mean([cosine(p, b) for p, _, b in found]), abs=1e-6)
    assert number(terms.gap) == pytest.approx(number(terms.pos) - number(terms.neg), abs=1e-6)
    assert number(terms.push) == 0.0


def test_mse_has_no_push_and_nothing_to_remember() -> None:
    objective = MeanSquaredError("P6")
    objective.start_epoch(1)
    weight = objective.weight(torch.tensor([1.0, 0.0, 0.5, 0.4, 0.1]))
    assert (float(weight.value), float(weight.clamped)) == (0.0, 0.0)
    assert objective.admissible(-1.0)
    assert objective.state() == {}
    assert (objective.rule, objective.weighted) == (RULE, False)
    assert objective.negative == "none (the gap shown is to k = -1)"


@pytest.mark.parametrize(("recipe", "label"), [(P1, "P1"), (P6, "P6")])
def test_the_line_of_mse(recipe: Any, label: str) -> None:  # noqa: ANN401  (P1 and P6 have one type)
    means = {"mse": 0.0021, "pos": 0.52, "neg": 0.468, "gap": 0.052}
    objective = recipe.make_objective(recipe.settings(), data())
    assert objective.line(means) == f"[{label}] mse=0.00210 pos=0.520 neg=0.468 gap=0.052 (k=-1)"


# p6b


def p6b(horizon: int = 2, **knobs: Any) -> DirectionalObjective:  # noqa: ANN401  (any setting)
    return DirectionalObjective(P6bSettings(**knobs), data(horizon))


@pytest.mark.parametrize(
    ("previous", "horizon", "steps"),
    [
        ("context[-2]", 1, -1),
        ("context[-1]", 1, 0),
        ("context[-2]", 2, -1),
        ("context[-1]", 2, 0),
        ("skipped", 2, 1),
        ("skipped", 3, 2),
    ],
)
@pytest.mark.parametrize("epoch", [1, 6])
def test_p6b_terms_are_those_of_a_loop_over_windows(
    previous: str, horizon: int, steps: int, epoch: int
) -> None:
    """``steps``: from the window's last chunk to the negative."""
    objective, dataset = p6b(horizon, prev=previous), data(horizon)
    k = steps - horizon
    assert objective.negative == f"{previous} (k = {k})"
    objective.start_epoch(epoch)
    batches, batch, predictions = load(dataset)
    terms = objective.terms(predictions, batch, batches)
    found = list(pairs(dataset, predictions, k))
    assert len(found) == len(batch.targets)
    pos = [cosine(p, t) for p, t, _ in found]
    neg = [cosine(p, n) for p, _, n in found]
    margin = {1: 0.02, 6: 0.05}[epoch]
    push = [math.log1p(math.exp(8.0 * (margin - (a - b)))) / 8.0 for a, b in zip(pos, neg, strict=True)]
    for value, expected in (
        (terms.mse, naive_mse(dataset, predictions)),
        (terms.pos, np.mean(pos)),
        (terms.neg, np.mean(neg)),
        (terms.gap, np.mean(pos) - np.mean(neg)),
        (terms.push, np.mean(push)),
    ):
        assert number(value) == pytest.approx(float(expected), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("previous", "steps"), [("context[-2]", -1), ("context[-1]", 0), ("skipped", 1)])
def test_p6b_pushes_away_from_the_very_row_it_names(previous: str, steps: int) -> None:
    batches, batch, _ = load(data())
    rows = [find(last_row, steps) for last_row in batch.last_rows.tolist()]
    named = torch.from_numpy(BANK.vectors[np.array(rows)])
    # A prediction equal to its negative has cosine 1 to it; to no other row does it have that.
    assert number(p6b(prev=previous).terms(named, batch, batches).neg) == pytest.approx(1.0, abs=1e-6)
    if previous != "skipped":
        assert torch.equal(named, batch.contexts[:, int(previous[8:-1])])


def seed_schedule(epoch: int) -> tuple[float, float]:
    """The seed's code: margin and target fraction; its first epoch is 0."""
    if epoch < 2:
        return 0.02, 0.10
    if epoch < 5:
        return 0.04, 0.20
    return 0.05, 0.25


@pytest.mark.parametrize("epoch", range(1, 13))
def test_p6b_follows_the_seeds_schedule(epoch: int) -> None:
    objective = p6b()
    objective.start_epoch(epoch)
    margin, fraction = seed_schedule(epoch - 1)
    assert objective.stage.margin == margin
    # MSE 0.002 and push 0.1: lambda = 0.02 fraction lies inside the clamp, and is what the fraction shows.
    weight = objective.weight(torch.tensor([0.002, 0.1, 0.0, 0.0, 0.0]))
    assert float(weight.value) == pytest.approx(0.02 * fraction, rel=1e-6)
    assert float(weight.clamped) == 0.0


@pytest.mark.parametrize(
    ("mse", "push", "expected", "clamped"),
    [
        (0.002, 0.1, 0.002, 0.0),  # 0.002 * 0.1 / 0.1
        (0.003, 0.004, 0.05, 1.0),  # 0.003 * 0.1 / 0.004 = 0.075
        (0.0001, 0.2, 0.0001, 1.0),  # 0.0001 * 0.1 / 0.2 = 0.00005
        (0.0, 0.2, 0.0001, 1.0),  # an error of 0 counts as 1e-8
        (0.002, 0.0, 0.05, 1.0),  # so does a push of 0: 0.002 * 0.1 / 1e-8
    ],
)
def test_the_weight_of_p6b(mse: float, push: float, expected: float, clamped: float) -> None:
    objective = p6b()
    objective.start_epoch(1)
    weight = objective.weight(torch.tensor([mse, push, 0.0, 0.0, 0.0]))
    assert float(weight.value) == pytest.approx(expected, rel=1e-6)
    assert float(weight.clamped) == clamped


@settings(max_examples=80, deadline=None)
@given(
    mse=st.floats(1e-10, 1.0),
    push=st.floats(1e-10, 2.0),
    fraction=st.floats(0.01, 2.0),
    epoch=st.integers(1, 12),
    high=st.floats(1e-4, 10.0),
)
def test_p6b_weighs_the_push_as_a_fraction_of_the_error(
    mse: float, push: float, fraction: float, epoch: int, high: float
) -> None:
    objective = p6b(target_frac=fraction, lambda_clamp=(1e-4, high))
    objective.start_epoch(epoch)
    share = {0.10: 0.4, 0.20: 0.8, 0.25: 1.0}[seed_schedule(epoch - 1)[1]]
    wanted = max(mse, 1e-8) * fraction * share / max(push, 1e-8)
    weight = objective.weight(torch.tensor([mse, push, 0.0, 0.0, 0.0]))
    assert float(weight.value) == pytest.approx(min(max(wanted, 1e-4), high), rel=1e-5)
    if not (math.isclose(wanted, 1e-4, rel_tol=1e-5) or math.isclose(wanted, high, rel_tol=1e-5)):
        assert float(weight.clamped) == float(not 1e-4 < wanted < high)


def test_p6b_softens_by_half() -> None:
    objective = p6b()
    terms = torch.tensor([0.002, 0.1, 0.0, 0.0, 0.0])
    weights = [float(objective.weight(terms).value)]
    for _ in range(2):
        objective.soften()
        weights.append(float(objective.weight(terms).value))
    assert weights == pytest.approx([0.002, 0.001, 0.0005], rel=1e-6)


def test_p6b_continues_as_it_was() -> None:
    objective, again = p6b(), p6b()
    objective.soften()
    objective.soften()
    again.load(through_a_file(objective.state()))
    assert again.state() == objective.state() == {"softness": 0.25}
    for epoch in (3, 6):
        objective.start_epoch(epoch)
        again.start_epoch(epoch)
        terms = torch.tensor([0.002, 0.1, 0.0, 0.0, 0.0])
        assert torch.equal(objective.weight(terms).value, again.weight(terms).value)


def test_p6b_does_not_listen_to_the_gates() -> None:
    objective = p6b()
    before = objective.state()
    objective.end_epoch(-1.0, -1.0)
    assert objective.state() == before
    assert objective.admissible(-1.0)
    assert (objective.rule, objective.weighted) == (RULE, True)


@pytest.mark.parametrize(
    ("epoch", "means", "line"),
    [
        # Both lines are the seed's. frac_of_mse is lambda push / MSE: 0.00235 * 0.1 / 0.0013056 = 0.18,
        (
            6,
            {"lambda_eff": 0.00235, "pos": 0.52, "neg": 0.468, "gap": 0.052, "push": 0.1, "mse": 0.0013056},
            "[P6b dir] λ_eff=0.00235 pos=0.520 neg=0.468 gap=0.052 frac_of_mse=0.18 margin=0.050",
        ),
        # and 0.00001 * 1.2 / 0.0012 = 0.01.
        (
            2,
            {"lambda_eff": 0.00001, "pos": 0.402, "neg": 0.456, "gap": -0.054, "push": 1.2, "mse": 0.0012},
            "[P6b dir] λ_eff=0.00001 pos=0.402 neg=0.456 gap=-0.054 frac_of_mse=0.01 margin=0.020",
        ),
    ],
)
def test_the_line_of_p6b_is_the_seeds(epoch: int, means: dict[str, float], line: str) -> None:
    objective = p6b()
    objective.start_epoch(epoch)
    assert objective.line(means) == line


def test_a_ramp_of_ones_own() -> None:
    assert parse_ramp("1:0:0,4:2:1.5") == (Stage(1, 0.0, 0.0), Stage(4, 2.0, 1.5))
    objective = p6b(ramp="1:0.5:1,4:1:2")
    margins = []
    for epoch in (1, 3, 4, 100):
        objective.start_epoch(epoch)
        margins.append(objective.stage.margin)
    assert margins == [0.5, 0.5, 1.0, 1.0]


@pytest.mark.parametrize("text", ["", "1", "1:0.02", "1:0.02:0.4:1", "1:0.02:0.4,", "a:0.02:0.4", "1.5:0:1"])
def test_a_ramp_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_ramp(text)
    assert str(refused.value) == (
        "a ramp is written first epoch:margin:share,..., e.g. 1:0.02:0.4,6:0.05:1; " + f"found {text!r}"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *(
            (text, "the epochs of a ramp must ascend from 1")
            for text in ("2:0:1", "0:0:1", "-1:0:1", "1:0:1,1:0:1", "1:0:1,5:0:1,3:0:1")
        ),
        *(
            (text, "a ramp's margins lie in [0, 2] and its shares are not negative")
            for text in ("1:-0.1:1", "1:2.1:1", "1:nan:1", "1:0:-1", "1:0:inf", "1:0:nan", "1:0:1,2:3:1")
        ),
    ],
)
def test_a_ramp_out_of_range_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_ramp(text)
    assert str(refused.value) == f"{message}; found {text!r}"


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"gamma": 0.0}, "gamma must lie above 0"),
        ({"gamma": math.nan}, "gamma must lie above 0"),
        ({"target_frac": -0.1}, "target_frac must lie above 0"),
        ({"lambda_clamp": (0.0, 0.05)}, "lambda_clamp needs two positive ascending numbers"),
        ({"lambda_clamp": (0.05, 0.01)}, "lambda_clamp needs two positive ascending numbers"),
        ({"lambda_clamp": (0.05, math.nan)}, "lambda_clamp needs two positive ascending numbers"),
        ({"prev": "context[0]"}, "prev must be one of"),
        ({"ramp": "3:0.1:1"}, "the epochs of a ramp must ascend from 1"),
    ],
)
def test_p6b_refuses_bad_settings(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message.replace("(", r"\(")):
        P6bSettings(**knobs)


def test_p6b_refuses_data_without_its_negative() -> None:
    with pytest.raises(UsageError, match="no chunk is skipped at horizon 1"):
        p6b(1, prev="skipped")
    with pytest.raises(UsageError, match="needs a context of at least 2 chunks"):
        DirectionalObjective(P6bSettings(), data(context=1))
    assert DirectionalObjective(P6bSettings(prev="context[-1]"), data(context=1)).offset == -2


# p6c


def p6c(epoch: int = 7, **knobs: Any) -> BudgetedObjective:  # noqa: ANN401  (any setting)
    """By default in its first epoch with a push."""
    objective = BudgetedObjective(P6cSettings(**knobs), data())
    objective.start_epoch(epoch)
    return objective


def told(gaps: list[float], *, counts: list[float] | None = None, head: float = 0.0) -> torch.Tensor:
    """Detached terms of a batch with these mean gaps to k = -3, -2, -1, 1, 2, 3."""
    shares = counts or [1.0] * len(NEIGHBOURS)
    sums = [gap * share for gap, share in zip(gaps, shares, strict=True)]
    return torch.tensor([head] * 5 + sums + shares)


def even(gap: float) -> torch.Tensor:
    return told([gap] * len(NEIGHBOURS))


def with_dual(value: float, gap: float, **knobs: Any) -> BudgetedObjective:  # noqa: ANN401
    """In its first epoch with a push, far into a run of this gap."""
    objective = p6c(**knobs)
    objective.load(
        {
            **objective.state(),
            "dual": torch.tensor(value),
            "gaps": torch.full((6,), gap),
            "seen": torch.full((6,), 1000.0),
        }
    )
    return objective


def through_a_file(state: dict[str, object]) -> dict[str, object]:
    """Only plain values and tensors survive."""
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    back: dict[str, object] = torch.load(file, weights_only=True)
    return back


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return one.keys() == other.keys() and all(
        torch.equal(value, other[key]) if isinstance(value, torch.Tensor) else value == other[key]
        for key, value in one.items()
    )


def test_p6c_watches_all_six_neighbours() -> None:
    assert NEIGHBOURS == (-3, -2, -1, 1, 2, 3)
    assert p6c().negative == "the hardest of k = -3..-1, 1..3"
    assert not p6c().weighted
    assert (
        p6c(cos_budget=0.03).rule == f"val cosine at most 0.03 below the best of the MSE epochs, then {RULE}"
    )


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("hardest", range(6))
def test_p6c_terms_are_those_of_a_loop_over_windows(horizon: int, hardest: int) -> None:
    dataset = data(horizon)
    objective = BudgetedObjective(P6cSettings(margin=0.3), dataset)
    objective.start_epoch(7)
    gaps = torch.full((6,), 0.5)
    gaps[hardest] = 0.1
    objective.load({**objective.state(), "gaps": gaps, "seen": torch.full((6,), 1000.0)})
    batches, batch, predictions = load(dataset)
    terms = objective.terms(predictions, batch, batches)
    windows = len(batch.targets)
    means, shares = [], []
    for k in NEIGHBOURS:
        found = [cosine(p, t) - cosine(p, n) for p, t, n in pairs(dataset, predictions, k)]
        means.append(np.mean(found))
        shares.append(len(found) / windows)
    assert min(shares) < 1.0  # some windows lie too near to an end for k = 3
    pos = np.mean([cosine(p, t) for p, t, _ in pairs(dataset, predictions, 0)])
    for value, expected in (
        (terms.mse, naive_mse(dataset, predictions)),
        (terms.pos, pos),
        (terms.gap, means[hardest]),
        (terms.neg, pos - means[hardest]),
        (terms.push, 2.0 / WIDTH * (0.3 - means[hardest])),
    ):
        assert number(value) == pytest.approx(float(expected), rel=1e-5, abs=1e-6)
    assert terms.more is not None
    sums = np.array(means) * np.array(shares)
    assert terms.more.tolist() == pytest.approx([*sums.tolist(), *shares], abs=1e-6)


def test_a_step_down_the_push_widens_the_hardest_gap() -> None:
    objective = with_dual(0.5, 0.1)
    batches, batch, predictions = load(data())
    terms = objective.terms(predictions, batch, batches)
    terms.push.backward()  # type: ignore[no-untyped-call]
    assert predictions.grad is not None
    moved = predictions.detach() - 0.1 * predictions.grad
    assert number(objective.terms(moved, batch, batches).gap) > number(terms.gap) + 1e-4


@pytest.mark.parametrize(
    ("knobs", "first"),
    [
        ({}, 7),  # half of 12 epochs without a push
        ({"epochs": 5}, 3),
        ({"epochs": 1}, 2),
        ({"mse_epochs": 1}, 2),
        ({"epochs": 4, "mse_epochs": 4}, 5),
    ],
)
def test_p6c_does_not_push_in_the_mse_epochs(knobs: dict[str, Any], first: int) -> None:
    objective = BudgetedObjective(P6cSettings(**knobs), data())
    batches, batch, predictions = load(data())
    for epoch in range(1, first):
        objective.start_epoch(epoch)
        terms = objective.terms(predictions, batch, batches)
        weight = objective.weight(terms.detached())
        assert (number(terms.push), float(weight.value), float(weight.clamped)) == (0.0, 0.0, 0.0)
        assert not terms.push.requires_grad
    objective.start_epoch(first)
    terms = objective.terms(predictions, batch, batches)
    assert number(terms.push) > 0.0
    assert float(objective.weight(terms.detached()).value) > 0.0


def test_the_dual_rises_while_the_margin_is_missing() -> None:
    objective = with_dual(0.0, 0.04)
    # Asked 0.10, gap 0.04, rate 0.05: 0.003 a step.
    duals = [float(objective.weight(even(0.04)).value) for _ in range(4)]
    assert duals == pytest.approx([0.003, 0.006, 0.009, 0.012], rel=1e-4)


def test_the_dual_falls_where_there_is_more_than_asked_for() -> None:
    objective = with_dual(0.5, 0.3)
    # Asked 0.10, gap 0.30: -0.01 a step.
    duals = [float(objective.weight(even(0.3)).value) for _ in range(4)]
    assert duals == pytest.approx([0.49, 0.48, 0.47, 0.46], rel=1e-4)


@pytest.mark.parametrize(
    ("dual", "gap", "value", "clamped"),
    [
        (0.999, -1.0, 1.0, 1.0),  # wanted 0.999 + 0.05 * 1.1; the cap begins at 1
        (0.5, -1.0, 0.555, 0.0),
        (0.001, 1.0, 0.0, None),  # wanted 0.001 - 0.05 * 0.9
    ],
)
def test_the_dual_stays_between_zero_and_its_cap(
    dual: float, gap: float, value: float, clamped: float | None
) -> None:
    weight = with_dual(dual, gap).weight(even(gap))
    assert float(weight.value) == pytest.approx(value, abs=1e-6)
    if clamped is not None:
        assert float(weight.clamped) == clamped


@settings(max_examples=60, deadline=None)
@given(
    events=st.lists(
        st.one_of(
            st.floats(-2.0, 2.0).map(lambda gap: ("step", gap)),
            st.floats(-1.0, 1.0).map(lambda cosine: ("epoch", cosine)),
            st.just(("soften", 0.0)),
        ),
        max_size=40,
    ),
    rate=st.floats(0.01, 5.0),
)
def test_nothing_drives_the_dual_out_of_its_bounds(events: list[tuple[str, float]], rate: float) -> None:
    objective = p6c(dual_rate=rate)
    objective.baseline = 0.5
    cap = HEAVIEST
    for what, value in events:
        if what == "step":
            objective.weight(even(value))
        elif what == "epoch":
            objective.end_epoch(value, 0.0)
        else:
            objective.soften()
        assert objective.cap <= cap
        cap = objective.cap
        assert 0.0 <= float(objective.dual) <= cap + 1e-7
        assert 0.1 <= objective.asked <= 0.2


@settings(max_examples=40, deadline=None)
@given(
    stream=st.lists(
        st.lists(st.floats(-1.0, 1.0, width=32), min_size=6, max_size=6), min_size=1, max_size=70
    ),
    rate=st.floats(0.01, 1.0),
)
def test_the_dual_follows_the_running_gap_of_the_hardest_offset(
    stream: list[list[float]], rate: float
) -> None:
    objective = p6c(dual_rate=rate)
    running, dual = np.zeros(6), 0.0
    for step, gaps in enumerate(stream, start=1):
        # A plain mean over the first 50 steps, from then on 0.98 of the past.
        memory = (step - 1) / step if step <= 50 else 0.98
        running = memory * running + (1.0 - memory) * np.array(gaps)
        dual = min(max(dual + rate * (0.1 - running.min()), 0.0), 1.0)
        assert float(objective.weight(told(gaps)).value) == pytest.approx(dual, abs=1e-4)


def test_an_offset_that_a_batch_lacks_keeps_its_running_gap() -> None:
    objective = with_dual(0.5, 0.2)
    # The first offset exists in a quarter of the windows and has a mean gap of 0.4 there; the last in none.
    gaps, counts = [0.4, 0.2, 0.2, 0.2, 0.2, 0.9], [0.25, 1.0, 1.0, 1.0, 1.0, 0.0]
    objective.weight(told(gaps, counts=counts))
    # 0.98 * 0.2 + 0.02 * 0.4 = 0.204
    assert objective.gaps.tolist() == pytest.approx([0.204, 0.2, 0.2, 0.2, 0.2, 0.2], abs=1e-6)


def test_the_weight_of_p6c_does_not_know_the_error() -> None:
    weights = []
    for head in (0.0, 0.001, 5.0):
        objective = with_dual(0.3, 0.05)
        weights.append([float(objective.weight(told([0.05] * 6, head=head)).value) for _ in range(5)])
    assert weights[0] == weights[1] == weights[2]


def test_the_budget_counts_from_the_best_of_the_mse_epochs() -> None:
    objective = p6c(1, cos_budget=0.0625)
    assert objective.admissible(-1.0)  # nothing is known yet
    for epoch, value in ((1, 0.375), (2, 0.5), (3, 0.4375)):
        objective.start_epoch(epoch)
        objective.end_epoch(value, 0.0)
    # 0.5 - 0.0625 = 0.4375 exactly
    assert objective.admissible(0.4375)
    assert not objective.admissible(math.nextafter(0.4375, 0.0))
    assert not objective.admissible(math.nan)
    # An epoch with a push does not move the baseline.
    objective.start_epoch(7)
    objective.end_epoch(0.9, 0.2)
    assert objective.admissible(0.4375)


def test_what_is_missing_on_val_is_asked_for_on_top() -> None:
    assert ADVANCE == 0.5
    objective = with_dual(0.3, 0.05)
    objective.baseline = 0.5
    asked = []
    for margin in (0.04, 0.10, 0.30, 0.06, -1.0, 0.0):
        objective.end_epoch(0.5, margin)
        asked.append(objective.asked)
    # 0.10 + 0.5 * 0.06; nothing missing, twice; + 0.5 * 0.04; then + 0.55, which twice the margin bounds.
    assert asked == pytest.approx([0.13, 0.13, 0.13, 0.15, 0.2, 0.2])
    assert [objective.cap, float(objective.dual)] == pytest.approx([HEAVIEST, 0.3])


def test_what_is_asked_for_drives_dual_and_push() -> None:
    objective = with_dual(0.3, 0.05)
    objective.baseline = 0.5
    batches, batch, predictions = load(data())
    before = number(objective.terms(predictions, batch, batches).push)
    objective.end_epoch(0.5, 0.04)  # 0.10 becomes 0.13
    assert number(objective.terms(predictions, batch, batches).push) == pytest.approx(
        before + 2.0 / WIDTH * 0.03, abs=1e-6
    )
    # 0.3 + 0.05 * (0.13 - 0.05)
    assert float(objective.weight(even(0.05)).value) == pytest.approx(0.304, abs=1e-6)


def test_nothing_is_asked_on_top_in_the_mse_epochs() -> None:
    objective = p6c(1)
    objective.end_epoch(0.5, -1.0)
    assert (objective.asked, objective.cap) == (0.1, HEAVIEST)


def test_an_overdrawn_budget_lowers_the_cap_for_good() -> None:
    assert (RETREAT, HEAVIEST) == (0.7, 1.0)
    objective = with_dual(0.4, 0.0)
    objective.baseline = 0.5
    objective.end_epoch(0.44, 0.0)  # 0.05 are allowed
    # 0.7 * 0.4 = 0.28; the margin, missing as well, is not asked for on top.
    assert objective.cap == pytest.approx(0.28)
    assert float(objective.dual) == pytest.approx(0.28)
    assert objective.asked == 0.1
    weight = objective.weight(even(0.0))
    assert [float(weight.value), float(weight.clamped)] == pytest.approx([0.28, 1.0])
    objective.end_epoch(0.5, 0.2)
    assert objective.cap == pytest.approx(0.28)


def test_p6c_softens_by_half() -> None:
    objective = with_dual(0.4, 0.0)
    for expected in (0.2, 0.1):
        objective.soften()
        assert [objective.cap, float(objective.dual)] == pytest.approx([expected, expected])
        assert float(objective.weight(even(0.0)).value) == pytest.approx(expected)


@pytest.mark.parametrize("stop", [1, 30, 60])
def test_p6c_continues_as_it_was(stop: int) -> None:
    rng = np.random.default_rng(stop)

    def go(objectives: list[BudgetedObjective], count: int) -> None:
        for _ in range(count):
            terms = told(rng.uniform(-0.3, 0.3, 6).tolist())
            weights = [objective.weight(terms) for objective in objectives]
            assert len({float(weight.value) for weight in weights}) == 1
            assert len({float(weight.clamped) for weight in weights}) == 1

    objective = p6c(1, dual_rate=0.5)
    go([objective], 5)
    objective.end_epoch(0.5, -0.1)
    objective.start_epoch(7)
    go([objective], stop)
    objective.end_epoch(0.5, 0.04)
    objective.end_epoch(0.4, 0.04)  # overdrawn, so that the cap is no longer the first
    saved = objective.state()
    assert 0.0 < objective.cap < HEAVIEST
    kept = through_a_file(saved)
    again = p6c(dual_rate=0.5)
    again.load(kept)
    assert same(again.state(), saved)
    go([objective, again], 20)
    for one in (objective, again):
        one.end_epoch(0.3, 0.0)
    assert same(again.state(), objective.state())
    means = dict.fromkeys(FIGURES, 0.1)
    assert again.line(means) == objective.line(means)
    assert same(saved, kept)  # going on does not change what was saved
    assert not same(saved, objective.state())


@pytest.mark.parametrize(
    ("epoch", "line"),
    [
        (6, "[P6c dir] λ=0.000 pos=0.580 hardest=0.482 (k=-1) gap=+0.098 asked=0.000"),
        (7, "[P6c dir] λ=0.412 pos=0.580 hardest=0.482 (k=-1) gap=+0.098 asked=0.100"),
    ],
)
def test_the_line_of_p6c(epoch: int, line: str) -> None:
    objective = p6c(epoch)
    objective.weight(told([0.3, 0.2, 0.098, 0.15, 0.2, 0.3]))
    means = {"lambda_eff": 0.412 if epoch == 7 else 0.0, "pos": 0.58, "neg": 0.482, "gap": 0.098}
    assert objective.line(means) == line


def test_the_line_of_p6c_names_an_offset_after_the_target() -> None:
    objective = p6c()
    objective.weight(told([0.3, 0.2, 0.1, -0.05, 0.2, 0.3]))
    means = {"lambda_eff": 1.0, "pos": 0.5, "neg": 0.55, "gap": -0.05}
    assert objective.line(means) == (
        "[P6c dir] λ=1.000 pos=0.500 hardest=0.550 (k=+1) gap=-0.050 asked=0.100"
    )


@pytest.mark.parametrize(
    ("knobs", "message"),
    [
        ({"margin": 0.0}, "margin must lie above 0 and below 2"),
        ({"margin": 2.0}, "margin must lie above 0 and below 2"),
        ({"margin": math.nan}, "margin must lie above 0 and below 2"),
        ({"cos_budget": 0.0}, "cos_budget must lie above 0 and below 2"),
        ({"dual_rate": math.inf}, "dual_rate must lie above 0 and below inf"),
        ({"mse_epochs": 0}, "mse_epochs must lie in 1 to 12"),
        ({"epochs": 3, "mse_epochs": 4}, "mse_epochs must lie in 1 to 3"),
    ],
)
def test_p6c_refuses_bad_settings(knobs: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        P6cSettings(**knobs)
