"""nce's loss on a batch, against a loop over windows and rows; and the sharpness that it learns."""

import math

import numpy as np
import pytest
import torch

from gates.contracts import IntArray
from schemas.records.history import FIGURES
from tests.trainers.recipes.test_rivals import BANK, DATASET, WINDOW, naive_weight
from trainers.loop.batches import WindowBatches
from trainers.recipes.choice_objective import ChoiceObjective, Floors
from trainers.recipes.rivals import Weights

CPU = torch.device("cpu")
BETA = 3.0


def objective(weights: Weights, held_out: int = 0, floors: Floors | None = None) -> ChoiceObjective:
    return ChoiceObjective(
        DATASET, weights, sharpness=BETA, device=CPU, seed=0, held_out=held_out, floors=floors
    )


@pytest.mark.parametrize("epoch", [1, 2, 3, 9])
def test_the_loss_of_a_batch_is_that_of_a_loop_over_windows_and_rows(epoch: int) -> None:
    batches = WindowBatches(DATASET, "train", device=CPU, seed=0)
    rows: IntArray = batches.last_rows
    predictions = torch.from_numpy(np.random.default_rng(3).standard_normal((len(rows), 8))).float()
    chosen = objective(Weights(0.5, 0.25))
    chosen.start_epoch(epoch)
    terms = chosen.terms(predictions, batches.gather(rows), batches)
    # In two epochs the context's weight rises from 0 to what was asked for.
    weights = Weights(0.5 * {1: 0.0, 2: 0.5}.get(epoch, 1.0), 0.25)
    asked = [int(row) + WINDOW.horizon for row in rows]
    losses, to_target, to_rivals = [], [], []
    for row, prediction in zip(rows.tolist(), predictions.double().numpy(), strict=True):
        cosines = BANK.vectors.astype(np.float64) @ (prediction / np.linalg.norm(prediction))
        weight = np.array([naive_weight(row, other, asked, weights) for other in range(BANK.rows)])
        target = row + WINDOW.horizon
        losses.append(math.log(float((weight * np.exp(BETA * cosines)).sum())) - BETA * cosines[target])
        mine = (weight == 1.0) & (BANK.articles == BANK.articles[row])
        mine[target] = False
        to_target.append(cosines[target])
        to_rivals.append(cosines[mine].mean() if mine.any() else cosines[target])
    assert terms.push.item() == pytest.approx(np.mean(losses), abs=1e-5)
    assert float(terms.pos) == pytest.approx(np.mean(to_target), abs=1e-6)
    assert float(terms.neg) == pytest.approx(np.mean(to_rivals), abs=1e-6)
    assert float(terms.gap) == pytest.approx(np.mean(to_target) - np.mean(to_rivals), abs=1e-6)
    weight_of = chosen.weight(terms.detached())
    assert (float(weight_of.value), weight_of.error) == (1.0, 0.0)


def test_parts_of_a_batch_make_its_loss() -> None:
    """As processes share a batch: what rivals there are does not depend on who asks."""
    batches = WindowBatches(DATASET, "train", device=CPU, seed=0)
    rows = batches.last_rows
    predictions = torch.from_numpy(np.random.default_rng(4).standard_normal((len(rows), 8))).float()
    chosen = objective(Weights(0.0, 0.5))
    whole = chosen.terms(predictions, batches.gather(rows), batches).detached()
    parts = [
        chosen.terms(predictions[part], batches.gather(rows[part], rows), batches).detached()
        * (len(rows[part]) / len(rows))
        for part in (slice(0, 5), slice(5, None))
    ]
    torch.testing.assert_close(parts[0] + parts[1], whole)


def test_the_sharpness_is_learned_saved_and_told() -> None:
    batches = WindowBatches(DATASET, "train", device=CPU, seed=0)
    chosen = objective(Weights(0.0, 0.0))
    batch = batches.gather(batches.last_rows)
    chosen.terms(batch.targets, batch, batches).push.backward()  # type: ignore[no-untyped-call]
    assert chosen.log_sharpness.grad is not None
    assert float(chosen.log_sharpness.grad) < 0.0  # who is always right should say so more clearly
    with torch.no_grad():
        chosen.log_sharpness.fill_(math.log(7.5))
    again = objective(Weights(0.0, 0.0))
    learned = again.log_sharpness
    again.load(chosen.state())
    assert float(again.log_sharpness.detach()) == float(chosen.log_sharpness.detach())
    assert again.log_sharpness is learned  # the optimiser holds it
    means = dict.fromkeys(FIGURES, 0.0) | {"push": 3.374, "pos": 0.2271, "neg": 0.103, "gap": 0.1241}
    assert again.line(means) == "[NCE] loss=3.374 beta=7.50 pos=0.227 rivals=0.103 lift=+0.124"


def test_the_price_of_the_cosine_follows_what_is_missing_and_weighs_the_error() -> None:
    chosen = objective(Weights(0.0, 0.0), floors=Floors(train=0.5, chosen=0.4))

    def price(cosine: float) -> float:
        weight = chosen.weight(torch.tensor([0.0, 0.0, cosine, 0.0, 0.0]))
        assert float(weight.value) == 1.0
        assert weight.error == pytest.approx(chosen.price * 8 / 2)  # of D = 8: 1 - cos is D / 2 times it
        assert float(weight.clamped) == float(chosen.price == 0.0)
        return chosen.price

    assert price(0.2) == pytest.approx(0.3 * 0.3)
    # The running cosine is .9 of .2 and .1 of .7, which is .25.
    assert price(0.7) == pytest.approx(0.3 * 0.3 + 0.3 * 0.25)
    assert chosen.admissible(0.4)
    assert not chosen.admissible(0.399)
    assert chosen.rule.startswith("val cosine at least 0.400, then not escaped on val")
    again = objective(Weights(0.0, 0.0), floors=Floors(train=0.5, chosen=0.4))
    again.load(chosen.state())
    assert again.state() == chosen.state()
    assert " price=0.16" in again.line(dict.fromkeys(FIGURES, 0.0))
    for _ in range(40):
        price(1.0)
    assert chosen.price == 0.0


def test_the_rule_says_where_articles_of_train_choose() -> None:
    assert objective(Weights(0.0, 0.0), held_out=8).rule.endswith(
        "then the larger cosine on val (here 8 articles of train that nothing is learned from)"
    )
    assert objective(Weights(0.0, 0.0)).rule.endswith("then the larger cosine on val")
