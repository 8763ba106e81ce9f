"""What the articles of each split can show, before there is a model: told by a plain weighted copy.

How much articles differ in what a model gains is not known before there is one. A copy of the last chunk and
a quarter of the one before, without what all chunks share, gains over a copy of the last chunk alone;
networks that were trained on real text gain over copies with about the same spread between articles.
"""

import numpy as np
import torch

from gatekeeper.data.audit.figures import CONFIDENCE
from gates.answers import SplitAnswers, ask_split
from gates.centre import mean_row
from gates.contracts import Dataset, DoubleArray, Predictor
from gates.controls import CopyLast
from gates.offset_sweep import OffsetSweep
from gates.options import Options
from gates.paired import paired_difference
from gates.power import Sampled, power_of
from gates.retrieval import Retrieval
from gates.weighted_copies import WeightedCopy
from gates.windows import at_most
from schemas.records.metrics import BITS_KNOWN, MARGIN
from schemas.records.power import Power
from schemas.records.splits import TRAIN

PREVIOUS = 0.25
"""Weight of the chunk before the last one."""


def find_power(dataset: Dataset, options: Options) -> dict[str, Power]:
    """Of every split but train.

    Args:
        dataset: train for the mean row, and what is measured.
        options: the seed, and how many windows are drawn of each article.
    """
    centre = mean_row(dataset)
    copy, rival = _weighted_copy(dataset, centre), CopyLast()
    ranks = Retrieval("torch", torch.device("cpu"), centre, search=False)
    found = {}
    for name in dataset.splits:
        if name != TRAIN:
            theirs, mine = (_answers(each, dataset, name, options) for each in (rival, copy))
            found[name] = _power(theirs, mine, ranks)
    return found


def _power(rival: SplitAnswers, copy: SplitAnswers, ranks: Retrieval) -> Power:
    theirs, mine = (ranks.values(ranks.measure(each))[BITS_KNOWN] for each in (rival, copy))
    gain = paired_difference(theirs, mine, CONFIDENCE).metric
    sweep = OffsetSweep().measure(copy)
    margin = OffsetSweep().score(sweep, CONFIDENCE)[MARGIN]
    return power_of(
        [(rival.predictor.name, Sampled(gain, theirs.articles))], Sampled(margin, sweep.articles), CONFIDENCE
    )


def _weighted_copy(dataset: Dataset, centre: DoubleArray) -> WeightedCopy:
    """The last chunk and, where there is one, a quarter of that before it, both minus the mean row."""
    weights = torch.zeros(1, dataset.window.context)
    weights[0, -2:] = torch.tensor([PREVIOUS, 1.0])[-dataset.window.context :]
    fold_of_row = np.zeros(dataset.bank.rows, dtype=np.int64)
    return WeightedCopy(weights, torch.from_numpy(centre).float()[None], fold_of_row, "weighted copy")


def _answers(predictor: Predictor, dataset: Dataset, name: str, options: Options) -> SplitAnswers:
    rows = dataset.splits[name].last_rows
    kept = at_most(dataset.bank, rows, per_article=options.max_per_article, seed=options.seed)
    return ask_split(predictor, dataset, name, kept, options, lambda count: None)
