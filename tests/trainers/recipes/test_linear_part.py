"""The linear part: an article is read by what others taught, and nothing outside train teaches."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from gates.contracts import Dataset, FloatArray
from gates.fitted_controls import SHRINKAGES
from gates.fitting_windows import FittingWindows
from gates.logit import whitening
from gates.windows import context_rows
from trainers.recipes.linear_part import LinearPart

WorldData = Callable[[int], Dataset]


def read(part: LinearPart, dataset: Dataset, article: int) -> torch.Tensor:
    rows = dataset.splits["train"].last_rows
    rows = rows[dataset.bank.articles[rows] == article]
    contexts = torch.from_numpy(dataset.bank.vectors[context_rows(rows, dataset.window.context)])
    return part.features(contexts, torch.from_numpy(rows))


def unit(rows: FloatArray) -> FloatArray:
    found: FloatArray = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found


def with_other_rows(dataset: Dataset, article: int) -> Dataset:
    """The chunks of an article turned round: as similar as before, in all pairs, to what they were."""
    vectors = dataset.bank.vectors.copy()
    mine = dataset.bank.articles == article
    vectors[mine] = -vectors[mine][:, ::-1]
    return replace(dataset, bank=replace(dataset.bank, vectors=vectors))


def test_what_reads_an_article_never_saw_it(world_data: WorldData) -> None:
    dataset = world_data(2)
    windows = FittingWindows.of(dataset, ("val", "ood"), seed=0)
    part = LinearPart.of(dataset, seed=0)
    fold_of = dict(zip(dataset.bank.articles[windows.rows].tolist(), windows.fold.tolist(), strict=True))
    assert set(fold_of.values()) == set(range(len(part.readings) - 1))
    for article, fold in fold_of.items():
        taught = windows.teach((fold,))
        assert taught is not None
        reading = part.readings[int(part.reader[dataset.bank.articles.tolist().index(article)])]
        assert torch.equal(reading.weight, taught.weight)
        others = [other for other, theirs in fold_of.items() if theirs != fold]
        rows = dataset.splits["train"].last_rows
        targets = dataset.bank.vectors[rows[np.isin(dataset.bank.articles[rows], others)] + 2]
        covariance = torch.from_numpy(np.cov(targets.astype(np.float64).T, bias=True))
        found = [whitening(covariance, shrinkage).float() for shrinkage in SHRINKAGES]
        assert any(torch.allclose(reading.whitener, each, rtol=1e-4, atol=1e-4) for each in found)


def test_the_rows_of_an_article_change_how_others_are_read_and_not_how_it_is(
    world_data: WorldData, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for mean row and strength of the ridge: as the control's, they are those of all of train."""
    monkeypatch.setattr("gates.fitting_windows.RIDGE_STRENGTHS", (1e-2,))
    dataset, article = world_data(2), 0
    before, after = LinearPart.of(dataset, seed=0), LinearPart.of(with_other_rows(dataset, article), seed=0)
    reader = int(before.reader[0])
    assert torch.equal(before.readings[reader].weight, after.readings[reader].weight)
    assert torch.equal(before.readings[reader].bias, after.readings[reader].bias)
    others = set(range(len(before.readings) - 1)) - {reader}
    assert all(not torch.equal(before.readings[k].weight, after.readings[k].weight) for k in others)
    assert not torch.equal(before.reading.weight, after.reading.weight)


@pytest.mark.parametrize("article", [6, 12, 17])
def test_nothing_outside_train_is_learned_from(article: int, world_data: WorldData) -> None:
    dataset = world_data(2)
    before, after = LinearPart.of(dataset, seed=0), LinearPart.of(with_other_rows(dataset, article), seed=0)
    assert torch.equal(before.numbers, after.numbers)
    assert before.sharpness == after.sharpness
    for one, two in zip(before.readings, after.readings, strict=True):
        assert all(torch.equal(mine, vars(two)[name]) for name, mine in vars(one).items())


def test_an_article_that_taught_nobody_is_read_by_all_others(
    world_data: WorldData, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gates.fitting_windows.RIDGE_WINDOWS", 4)
    dataset = world_data(2)
    part = LinearPart.of(dataset, seed=0)
    readers = [int(part.reader[row]) for row in dataset.splits["train"].last_rows]
    assert max(readers) == len(part.readings) - 1
    assert part.readings[-1] is part.reading
    silent = next(
        a for a in range(6) if int(part.reader[dataset.bank.articles.tolist().index(a)]) == max(readers)
    )
    rows = dataset.splits["train"].last_rows
    rows = rows[dataset.bank.articles[rows] == silent]
    contexts = torch.from_numpy(dataset.bank.vectors[context_rows(rows, 5)])
    torch.testing.assert_close(read(part, dataset, silent), part.reading.features(contexts))


def test_the_cosine_of_the_ridge_is_that_of_the_control_and_in_train_out_of_fold(
    world_data: WorldData,
) -> None:
    dataset = world_data(1)
    part = LinearPart.of(dataset, seed=0)
    for split in ("train", "val"):
        cosines = []
        for row in dataset.splits[split].last_rows.tolist():
            reading = part.readings[int(part.reader[row])]
            context = dataset.bank.vectors[row - 4 : row + 1].reshape(-1).astype(np.float64)
            ridge = context @ reading.weight.double().numpy() + reading.bias.double().numpy()
            target = dataset.bank.vectors[row + 1].astype(np.float64)
            cosines.append(float(ridge @ target / np.linalg.norm(ridge) / np.linalg.norm(target)))
        found = part.ridge_cosine(dataset, split, seed=0)
        assert found == pytest.approx(float(np.mean(cosines)), abs=1e-5)


def test_so_much_of_the_centre_as_the_cosine_needs(world_data: WorldData) -> None:
    dataset = world_data(2)
    lifted = replace(dataset, bank=replace(dataset.bank, vectors=unit(dataset.bank.vectors + 0.2)))
    part = LinearPart.of(lifted, seed=0)

    def reached(shared: float) -> float:
        cosines = []
        for article in range(6):
            rows = lifted.splits["train"].last_rows
            rows = rows[lifted.bank.articles[rows] == article]
            for features, row in zip(read(part, lifted, article).double().numpy(), rows, strict=True):
                answer = part.numbers.double().numpy() @ features / float(part.numbers.double().norm())
                answer = answer + shared * part.reading.centre.double().numpy()
                target = lifted.bank.vectors[row + 2].astype(np.float64)
                cosines.append(answer @ target / np.linalg.norm(answer) / np.linalg.norm(target))
        return float(np.mean(cosines))

    assert part.shared_for(lifted, -1.0, seed=0) == 0.0
    wanted = (reached(0.0) + reached(1.0)) / 2
    found = part.shared_for(lifted, wanted, seed=0)
    assert reached(found - 0.05) < wanted <= reached(found)
    best = part.shared_for(lifted, 1.0, seed=0)
    assert all(reached(best) >= reached(best + step) for step in (-0.05, 0.05))


def test_it_is_as_sharp_as_its_answers_are_long(world_data: WorldData) -> None:
    dataset = world_data(1)
    part = LinearPart.of(dataset, seed=0)
    lengths = [
        float((part.numbers.double() @ features.double()).norm())
        for article in range(6)
        for features in read(part, dataset, article)
    ]
    assert part.sharpness == pytest.approx(float(np.mean(lengths)), rel=1e-5)
