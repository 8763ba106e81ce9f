"""Which split chooses the epoch: ``select`` where there is one, and then val is not looked at."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from gates.bank import build_bank
from gates.contracts import Dataset, Window
from gates.options import Options
from gates.windows import make_dataset, window_rows
from schemas.reading.policy import load_policy
from schemas.records.splits import OOD
from trainers.interrupts import Interrupts
from trainers.loop.mini_5cat import MiniResult, MiniSuite
from trainers.predictor import ModulePredictor

ARTICLES, CHUNKS, WIDTH = 15, 24, 16
FORWARD, BACKWARD = range(5), range(5, 10)


class Copy(nn.Module):
    """Answers with one chunk of the context, counted from the end."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.place = place

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        return contexts[:, self.place]


def world(**splits: range) -> Dataset:
    """Articles 0 to 4 and 10 to 14 are random walks; in 5 to 9 every chunk repeats the one five before it."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((ARTICLES, CHUNKS, WIDTH))
    for article in range(ARTICLES):
        for chunk in range(1, CHUNKS):
            before = rows[article, chunk - 5 if article in BACKWARD and chunk >= 5 else chunk - 1]
            rows[article, chunk] = 0.95 * before + 0.3 * rows[article, chunk]
    bank = build_bank(
        rows.reshape(-1, WIDTH),
        np.repeat(np.arange(ARTICLES), CHUNKS),
        np.tile(np.arange(CHUNKS), ARTICLES),
        source="two worlds",
    )
    window = Window(5, 1)
    named = {name: window_rows(bank, np.array(members), window) for name, members in splits.items()}
    return make_dataset(bank, {**named, OOD: window_rows(bank, np.arange(10, 15), window)}, window)


def measured(dataset: Dataset, place: int) -> MiniResult:
    options = Options(batch_size=64, min_samples=1, min_articles=1)
    policy = replace(load_policy("seed-5cat").policy, min_samples=1, min_articles=1)
    suite = MiniSuite(dataset, policy, options, samples=80, interrupts=Interrupts())
    return suite.measure(
        ModulePredictor(Copy(place), "the weights", torch.device("cpu")), lambda cosine: True
    )


@pytest.mark.parametrize(
    ("splits", "chooses", "best"),
    [
        ({"val": FORWARD}, "val", -1),
        ({"val": BACKWARD}, "val", 0),
        ({"select": BACKWARD, "val": FORWARD}, "select", 0),
        ({"select": FORWARD, "val": BACKWARD}, "select", -1),
    ],
)
def test_the_weights_that_are_best_on_select_are_kept_whatever_val_says(
    splits: dict[str, range], chooses: str, best: int
) -> None:
    found = {place: measured(world(**splits), place) for place in (-1, 0)}
    assert max(found, key=lambda place: found[place].standing) == best
    gates = found[best].gates
    assert gates.selecting == chooses
    assert list(gates.splits) == [chooses, OOD]
    assert found[best].cosine == gates.splits[chooses].cos == found[best].standing.cosine


def test_val_may_be_anything_where_there_is_a_select() -> None:
    one, other = (measured(world(select=FORWARD, val=val), -1) for val in (range(5, 8), range(8, 10)))
    assert one == other


def test_what_stands_in_the_place_of_val_is_judged_as_val_would_be() -> None:
    mine, theirs = (measured(world(**{name: FORWARD}), -1) for name in ("select", "val"))
    assert mine.standing == theirs.standing
    assert (mine.gates.gates, mine.gates.outcome) == (theirs.gates.gates, theirs.gates.outcome)
    assert mine.gates.splits["select"] == theirs.gates.splits["val"]
