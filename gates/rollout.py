"""Gate D: free-running prediction, fed with its own outputs.

Step j (1 to H) predicts the chunk at target + j - 1 and is compared with exactly that chunk. The
context of step j ends at u = last + j - 1. A context position is the true row up to the last
context row and the model's own prediction after it; the prediction of row u comes from the context
that ends at u - horizon, so at horizon 2 the skipped chunk is predicted from the window one place
earlier.
"""

import numpy as np

from gates.contracts import FloatArray, IntArray, PredictorAnswers, Samples, Values
from gates.geometry import cosine_to_rows
from gates.intervals import summarise
from gates.windows import context_rows, fits
from schemas.records.evidence import Metric
from schemas.records.metrics import ROLLOUT_STEPS


class Rollout:
    """``cosines`` (m, H) of every free-running step, ``zeros`` (m,) answers of zero on the way.

    A step may answer zero where the model, fed with its own predictions, knows nothing more. That counts
    as cosine 0 and is fed on as a row of zeros. Nothing else may be zero: gates A, B, C and E ask about
    true chunks.
    """

    name = "rollout"

    def measure(self, answers: PredictorAnswers) -> Samples:
        """Roll out the windows whose H true chunks and whose horizon - 1 earlier contexts exist."""
        context, horizon = answers.window.context, answers.window.horizon
        before, after = context - 1 + horizon - 1, horizon + ROLLOUT_STEPS - 1
        index = np.flatnonzero(fits(answers.bank, answers.last_rows, before=before, after=after))
        last = answers.last_rows[index]
        # Predicted rows in order: last + 1, last + 2, ...; those before the target first.
        predicted = [_predict_ending_at(answers, last, -lead) for lead in range(horizon - 1, 0, -1)]
        cosines = np.empty((len(index), ROLLOUT_STEPS), dtype=np.float64)
        for step in range(1, ROLLOUT_STEPS + 1):
            if step == 1:
                answer = answers.base[index]
            else:
                contexts = _mixed_contexts(answers, last, predicted, step - 1)
                answer = answers.predict_contexts(contexts, last + horizon + step - 1, zeros=True)
            predicted.append(answer)
            cosines[:, step - 1] = cosine_to_rows(answer, answers.bank, last + horizon + step - 1)
        zeros = np.sum([~answer.any(axis=1) for answer in predicted], axis=0)
        return Samples(
            index=index, articles=answers.bank.articles[last], arrays={"cosines": cosines, "zeros": zeros}
        )

    def values(self, samples: Samples) -> dict[str, Values]:
        """Cosines per step, and their mean over the steps as ``avg_cos``."""
        cosines = samples.arrays["cosines"].astype(np.float64)
        columns = {"avg_cos": cosines.mean(axis=1)}
        columns |= {f"cos@{step}": cosines[:, step - 1] for step in range(1, ROLLOUT_STEPS + 1)}
        return {
            f"{self.name}.{name}": Values("mean", column, samples.articles)
            for name, column in columns.items()
        }

    def score(self, samples: Samples, confidence: float) -> dict[str, Metric]:
        """Mean cosine per step, and ``avg_cos`` over samples and steps."""
        return summarise(self.values(samples), confidence)


def _predict_ending_at(answers: PredictorAnswers, last: IntArray, shift: int) -> FloatArray:
    """Predictions from the true contexts that end ``shift`` rows from ``last``."""
    ends = last + shift
    window = answers.window
    return answers.predict_rows(context_rows(ends, window.context), ends + window.horizon, zeros=True)


def _mixed_contexts(
    answers: PredictorAnswers, last: IntArray, predicted: list[FloatArray], beyond: int
) -> FloatArray:
    """Contexts (m, L, D) that end at last + ``beyond``: true rows, then own predictions."""
    rows = context_rows(last, answers.window.context)
    own = min(beyond, answers.window.context)
    true_rows = rows[:, beyond:]
    ours = np.stack(predicted[beyond - own : beyond], axis=1)
    return np.concatenate([answers.bank.vectors[true_rows], ours], axis=1)
