"""Does a prediction depend on its own context only? Windows are asked again and answers compared.

A model that reads the other rows of its batch finds its targets there, one that remembers what it was
asked finds them in its memory, and one that draws at random is measured by luck. Three kinds of answers
are compared with the first ones to the same windows: one full batch of windows that are consecutive in
the bank, the most tempting company; a few windows asked alone; and one full batch asked again as the
last call of the split. Apart from single windows no batch has a new size, for which compilers would
compile anew.
"""

import contextlib
import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from gates.answers import SplitAnswers
from gates.contracts import BoolArray, FloatArray, IntArray
from gates.geometry import cosine_to_rows
from gates.seeded import hash_rows, pick
from schemas.errors import PredictionError
from schemas.records.answers import CHANGE_LIMIT, Answers, chord_limit, coarsest

ALONE = 16
"""Windows asked alone on each split."""

_OPPOSITE = 2.0  # the largest chord there is: between a direction and an answer that is none

_REPEATS = 8
"""Calls that tell who draws at random; one that errs in half of them is missed in one case of 256."""

_READS = (
    "reads the other rows of its batch",
    "look for batch_first, for a norm over the batch, for scales taken from a whole batch; "
    "eval --batch-size 1 measures the model as it answers alone",
)
_REMEMBERS = (
    "keeps a state between calls, or random numbers of its own",
    "let every call of forward begin anew",
)
_DRAWS = ("draws at random", "switch dropout and noise off when the module is in evaluation mode")


@dataclass(frozen=True)
class Company:
    """What company changes.

    Attributes:
        neighbours: largest chord of a batch of neighbours.
        alone: largest chord of the windows asked alone.
        change: mean cosine to the target in company minus alone.
    """

    neighbours: float
    alone: float
    change: float


def compare_company(answers: SplitAnswers) -> Company:
    """Ask neighbours in one batch, and a few windows alone; made right after the base predictions.

    Raises:
        PredictionError: the answers differ from the first ones by more than rounding.
    """
    beside = _neighbours(answers)
    neighbours = _largest_chord(answers.ask_again(beside), answers.base[beside])
    chosen = np.argsort(hash_rows(answers.last_rows, seed=answers.seed, stream="alone"), kind="stable")[
        :ALONE
    ]
    lonely = np.concatenate([answers.ask_again(chosen[number : number + 1]) for number in range(len(chosen))])
    targets = answers.target_rows[chosen]
    change = cosine_to_rows(answers.base[chosen], answers.bank, targets) - cosine_to_rows(
        np.nan_to_num(lonely), answers.bank, targets
    )
    found = Company(neighbours, _largest_chord(lonely, answers.base[chosen]), float(change.mean()))
    limit = chord_limit(
        coarsest(answers.formats.answered, answers.formats.exact, answers.predictor.weight_format)
    )
    for distance, how in ((found.neighbours, "beside their neighbours"), (found.alone, "alone")):
        if distance > limit:
            raise _refusal(answers, f"answers differ by a chord of {distance:.1e} when asked {how}", limit)
    if abs(found.change) > CHANGE_LIMIT:
        what = f"mean cosine to the target changes by {found.change:+.1e} in company"
        raise _refusal(answers, what, CHANGE_LIMIT)
    return found


def compare_again(answers: SplitAnswers, company: Company, zero_steps: int) -> Answers:
    """Ask the first batch a second time, after everything else, and sum up how the model answered.

    Args:
        answers: whose gates are all measured.
        company: what was compared before.
        zero_steps: answers of gate D that were zero.

    Raises:
        PredictionError: the answers differ from the first ones by more than rounding.
    """
    first = answers.batches(len(answers.last_rows))[0]
    again = _largest_chord(answers.ask_again(first), answers.base[first])
    found = Answers(
        answered=answers.formats.answered,
        exact=answers.formats.exact,
        weights=answers.predictor.weight_format,
        again=again,
        neighbours=company.neighbours,
        alone=company.alone,
        change=company.change,
        zero_steps=zero_steps,
    )
    limit = chord_limit(found.coarsest)
    if again > limit:
        raise _refusal(answers, f"answers differ by a chord of {again:.1e} when asked again", limit)
    return found


def _neighbours(answers: SplitAnswers) -> IntArray:
    """Windows of one full batch that follow one another in the bank, from a seeded place.

    Where all windows fit into one batch, that batch was in the order of the bank already: the same
    windows in reverse are other company.
    """
    order = np.argsort(answers.last_rows, kind="stable")
    size = len(answers.batches(len(order))[0])
    if size == len(order):
        return order[::-1].copy()
    first = pick(len(order) - size + 1, seed=answers.seed, stream="neighbours")
    return order[first : first + size]


def _largest_chord(answers: FloatArray, first: FloatArray) -> float:
    """|a / |a| - b / |b||, the largest over the rows (m, D) of two kinds of answers; in [0, 2]."""
    distances = np.linalg.norm(answers.astype(np.float64) - first.astype(np.float64), axis=1)
    nothing, before = _no_direction(answers), _no_direction(first)
    distances[nothing | before] = 0.0
    distances[nothing != before] = _OPPOSITE
    return min(float(distances.max()), _OPPOSITE)


def _no_direction(answers: FloatArray) -> BoolArray:
    return np.asarray(~np.isfinite(answers).all(axis=1) | ~answers.any(axis=1))


def _refusal(answers: SplitAnswers, found: str, limit: float) -> PredictionError:
    why, advice = _diagnosis(answers, limit)
    return PredictionError(
        f"{answers.predictor.name} {why}: on {answers.split} its {found}, where {limit:g} is rounding, so "
        f"its figures would not be those of the model; {advice}"
    )


def _diagnosis(answers: SplitAnswers, limit: float) -> tuple[str, str]:
    """Which of the three it is, and what leads on. It has failed already: calls cost nothing any more.

    One batch is asked after another one and then again and again: with the same random numbers each
    time, and with others.
    """
    batches = answers.batches(len(answers.last_rows))
    batch = batches[0]
    answers.ask_again(batch[::-1] if len(batch) > 1 else batches[-1])
    repeats = []
    for _ in range(_REPEATS):
        with _same_random_numbers(answers.predictor.device):
            repeats.append(answers.ask_again(batch))
    if _vary(repeats, limit):
        return _REMEMBERS
    if _vary([answers.ask_again(batch) for _ in range(_REPEATS)], limit):
        return _DRAWS
    if _vary([answers.base[batch], repeats[0]], limit) or answers.options.batch_size == 1:
        return _REMEMBERS
    return _READS


def _vary(answers: list[FloatArray], limit: float) -> bool:
    return any(_largest_chord(each, answers[0]) > limit for each in answers)


@contextlib.contextmanager
def _same_random_numbers(device: torch.device) -> Iterator[None]:
    """Whoever draws from the usual generators draws the same numbers in every such block."""
    numbers, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002  (whatever a model draws from)
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(0)
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002  (likewise)
        try:
            yield
        finally:
            random.setstate(numbers)
            np.random.set_state(legacy)  # noqa: NPY002  (likewise)
