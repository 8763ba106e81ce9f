"""The trainer against normal equations in float64, solved the plain way."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from gates.bank import build_bank
from gates.contracts import Dataset, Window
from gates.options import Options
from gates.ridge import holdout_articles
from gates.windows import make_dataset, window_rows
from schemas.errors import DataError, UsageError
from schemas.reading.policy import load_policy
from trainers.checkpoints.checkpoint import Checkpoint, read_checkpoint, restore
from trainers.contracts import MODEL_FILE, TrainingJob
from trainers.recipes.ridge import TRAINER, RidgeSettings
from trainers.registry import architecture

ARTICLES, CHUNKS, WIDTH, CONTEXT = 12, 15, 6, 3

Doubles = npt.NDArray[np.float64]


def dataset(*, horizon: int = 1, articles: int = ARTICLES) -> Dataset:
    """Article-wise random walks on the sphere; every article but the last is train."""
    rng = np.random.default_rng(5)
    steps = rng.standard_normal((articles, CHUNKS, WIDTH))
    for chunk in range(1, CHUNKS):
        steps[:, chunk] = 0.9 * steps[:, chunk - 1] + 0.4 * steps[:, chunk]
    bank = build_bank(
        (steps + 1.0).reshape(-1, WIDTH).astype(np.float32),
        np.repeat(np.arange(articles), CHUNKS),
        np.tile(np.arange(CHUNKS), articles),
        source="walks",
    )
    train = window_rows(bank, np.arange(articles - 1), Window(CONTEXT, horizon))
    val = window_rows(bank, np.array([articles - 1]), Window(CONTEXT, horizon))
    return make_dataset(bank, {"train": train, "val": val}, Window(CONTEXT, horizon))


@dataclass(frozen=True, eq=False)
class Fitted:
    """What the trainer left in its folder."""

    module: nn.Module
    checkpoint: Checkpoint
    summary: str


def fit(data: Dataset, settings: RidgeSettings, seed: int = 0) -> Fitted:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job = TrainingJob(
            dataset=data,
            seed=seed,
            device=torch.device("cpu"),
            folder=folder,
            policy=load_policy("seed-5cat").policy,
            options=Options(),
            log=lambda line: None,
        )
        summary = TRAINER.fit(job, settings).summary
        checkpoint = read_checkpoint((folder / MODEL_FILE).read_bytes(), MODEL_FILE)
    return Fitted(restore(checkpoint, MODEL_FILE).module, checkpoint, summary)


def pairs(data: Dataset) -> tuple[Doubles, Doubles, npt.NDArray[np.int64]]:
    """Flattened contexts, targets and articles of all train windows, one window at a time."""
    vectors = data.bank.vectors.astype(np.float64)
    rows = data.splits["train"].last_rows
    contexts = [vectors[row - CONTEXT + 1 : row + 1].reshape(-1) for row in rows]
    return np.array(contexts), vectors[rows + data.window.horizon], data.bank.articles[rows]


def solve(x: Doubles, y: Doubles, strength: float) -> tuple[Doubles, Doubles]:
    """Least squares of the centred system, each weight's square penalised n * strength times."""
    centred, aim = x - x.mean(0), y - y.mean(0)
    gram = centred.T @ centred + len(x) * strength * np.eye(x.shape[1])
    weight = np.linalg.solve(gram, centred.T @ aim)
    return weight, y.mean(0) - x.mean(0) @ weight


def mean_cosine(found: Doubles, wanted: Doubles) -> float:
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(wanted, axis=1)
    return float(((found * wanted).sum(axis=1) / lengths).mean())


@pytest.mark.parametrize("horizon", [1, 2])
@pytest.mark.parametrize("strength", [1e-4, 1e-1, 10.0])
def test_the_model_solves_the_normal_equations(horizon: int, strength: float) -> None:
    data = dataset(horizon=horizon)
    model = fit(data, RidgeSettings(strengths=(strength,)))
    x, y, _ = pairs(data)
    weight, bias = solve(x, y, strength)
    contexts = torch.from_numpy(x.reshape(-1, CONTEXT, WIDTH)).float()
    np.testing.assert_allclose(model.module(contexts).detach().numpy(), x @ weight + bias, atol=2e-5)


def test_the_strength_is_chosen_by_the_cosine_on_held_out_articles() -> None:
    data, candidates = dataset(), (1e-4, 1e-2, 1.0, 100.0)
    model = fit(data, RidgeSettings(strengths=candidates, holdout=0.3), seed=3)
    x, y, articles = pairs(data)
    held = holdout_articles(articles, fraction=0.3, seed=3)
    assert not set(articles[held]) & set(articles[~held])
    cosines = {}
    for strength in candidates:
        weight, bias = solve(x[~held], y[~held], strength)
        cosines[strength] = mean_cosine(x[held] @ weight + bias, y[held])
    assert model.checkpoint.facts["strength"] == max(candidates, key=lambda strength: cosines[strength])
    assert model.checkpoint.facts["holdout_cosines"] == pytest.approx(
        {f"{strength:g}": cosine for strength, cosine in cosines.items()}, abs=1e-5
    )
    assert model.checkpoint.facts["windows"] == len(x)


def test_what_it_returns_can_be_built_again() -> None:
    model = fit(dataset(), RidgeSettings())
    assert model.checkpoint.model_type == "linear"
    assert dict(model.checkpoint.model_config) == {"input_dim": WIDTH, "context": CONTEXT}
    again = architecture("linear").build(model.checkpoint.model_config)
    again.load_state_dict(model.module.state_dict())
    x = torch.randn(4, CONTEXT, WIDTH)
    assert torch.equal(again(x), model.module(x))
    assert model.summary.startswith("ridge on 132 windows: strength ")  # 11 articles of 12 windows
    assert not model.module.training


def test_other_splits_are_not_looked_at() -> None:
    data = dataset()
    splits = {name: split.last_rows for name, split in data.splits.items()}

    def with_val_vectors(value: float) -> Fitted:
        vectors = data.bank.vectors.copy()
        vectors[data.bank.articles == ARTICLES - 1] = value
        bank = build_bank(vectors, data.bank.articles, data.bank.chunks, source="changed")
        return fit(make_dataset(bank, splits, Window(CONTEXT, 1)), RidgeSettings())

    first, second = with_val_vectors(1.0), with_val_vectors(-1.0)
    for key, tensor in first.module.state_dict().items():
        assert torch.equal(tensor, second.module.state_dict()[key])


def test_the_seed_decides_the_draw() -> None:
    data, few = dataset(), RidgeSettings(max_windows=60)

    def weight(seed: int) -> torch.Tensor:
        model = fit(data, few, seed=seed)
        assert model.checkpoint.facts["windows"] == 60
        weights: torch.Tensor = model.module.state_dict()["projection.weight"]
        return weights

    assert torch.equal(weight(1), weight(1))
    assert not torch.equal(weight(1), weight(2))


def test_one_article_is_too_few() -> None:
    with pytest.raises(DataError, match="at least 2 articles"):
        fit(dataset(articles=2), RidgeSettings())


@pytest.mark.parametrize(
    ("knobs", "reason"),
    [
        ({"strengths": ()}, "strengths must be positive numbers"),
        ({"strengths": (0.1, 0.0)}, "strengths must be positive numbers"),
        ({"strengths": (float("nan"),)}, "strengths must be positive numbers"),
        ({"strengths": (float("inf"),)}, "strengths must be positive numbers"),
        ({"holdout": 0.0}, "holdout must lie between 0 and 1; found 0.0"),
        ({"holdout": 1.0}, "holdout must lie between 0 and 1; found 1.0"),
        ({"holdout": float("nan")}, "holdout must lie between 0 and 1"),
        ({"max_windows": 1}, "max_windows must be at least 2; found 1"),
    ],
)
def test_settings_that_are_none(knobs: dict[str, object], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        RidgeSettings(**knobs)  # type: ignore[arg-type]
