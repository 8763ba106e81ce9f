"""Mini-5CAT: the gates on a seeded draw of two splits, between two epochs.

The first of the two chooses the weights: ``select`` where there is one, else val. The other one is ood.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gates.contracts import Dataset, Predictor
from gates.options import Options
from gates.suite import drawn_articles, measure, prepare
from schemas.errors import Interrupted
from schemas.records.evidence import Evidence, Metrics
from schemas.records.history import SPLIT_FIGURES, MiniGates, SplitGates
from schemas.records.metrics import BITS_KNOWN, COSINE, LIFT, MARGIN, RECALL_SEEN
from schemas.records.policy import Policy
from schemas.records.splits import OOD, VAL, selecting
from schemas.verdict.escape import value_of
from schemas.verdict.few_articles import lacking
from schemas.verdict.judge import judge
from schemas.verdict.soundness import check_controls, unsound
from trainers.interrupts import Interrupts
from trainers.loop.goal import Goal
from trainers.loop.selection import Standing, as_val, rank_weights, told_of

_TOLD = {"cosine": COSINE, "margin": MARGIN, "recall": RECALL_SEEN, "bits": BITS_KNOWN, "lift": LIFT}


@dataclass(frozen=True)
class MiniResult:
    """What one Mini-5CAT found.

    Attributes:
        gates: for the history.
        standing: of these weights.
        cosine, margin, recall: on the split that chooses.
        goal: what the run works for, there: the cosine, or the bits.
        watched: what the collapse watch looks at, there: the cosine, or the lift. constant: of a constant.
        metrics: everything that was measured.
    """

    gates: MiniGates
    standing: Standing
    cosine: float
    margin: float
    recall: float
    goal: float
    watched: float
    constant: float
    metrics: Metrics


class MiniSuite:
    """The samples and the controls, measured once; then any number of weights.

    Args:
        dataset: with select or val, and with ood.
        policy: its checks on val rank the weights.
        options: of the full evaluation; only the number of samples differs.
        samples: windows a split.
        interrupts: a signal ends a measurement.
        goal: what the weights are ranked by.
    """

    def __init__(
        self,
        dataset: Dataset,
        policy: Policy,
        options: Options,
        *,
        samples: int,
        interrupts: Interrupts,
        goal: Goal = "cosine",
    ) -> None:
        self.policy, self.interrupts, self.goal = policy, interrupts, goal
        self.chooses = selecting(dataset.splits)
        self.bench = prepare(
            dataset, replace(options, max_samples=samples), self._advance, (self.chooses, OOD)
        )

    def doubts(self) -> list[str]:
        """Why no weights at all could pass on these samples; empty where some could.

        Nothing is said where their articles are too few for the policy's intervals: of a draw that says
        little, and whoever has drawn all windows says it of them (:mod:`schemas.verdict.few_articles`).
        """
        articles = drawn_articles(self.bench.dataset, self.bench.options, (self.chooses, OOD))
        if lacking(self.policy, {VAL: articles[self.chooses], OOD: articles[OOD]}):
            return []
        evidence = as_val(self.chooses, self.bench.of_oracle())
        found = unsound(evidence, self.policy, check_controls(evidence, self.policy))
        return [told_of(self.chooses, doubt) for doubt in found]

    def measure(self, predictor: Predictor, admissible: Callable[[float], bool]) -> MiniResult:
        """The gates on some weights.

        Args:
            predictor: who answers.
            admissible: whether the recipe allows weights with this cosine where they are chosen.

        Raises:
            PredictionError: the predictions are not finite.
            Interrupted: a signal arrived meanwhile.
        """
        measured = measure(self.bench, predictor, self._advance)
        evidence = self.bench.evidence(measured)
        judged = as_val(self.chooses, evidence)
        judgement = judge(judged, self.policy, confidence=self.bench.options.confidence)
        values = {name: value_of(evidence.model, self.chooses, metric) for name, metric in _TOLD.items()}
        cosine, by_bits = values["cosine"] or 0.0, self.goal == "bits"
        return MiniResult(
            gates=MiniGates(
                splits={split: _figures(evidence, split) for split in measured.samples},
                gates={gate.name: gate.status for gate in judgement.gates},
                outcome=judgement.verdict.outcome,
                escaped=judgement.verdict.escaped,
                kept=False,
            ),
            standing=rank_weights(judged, self.policy, admissible=admissible(cosine), by_bits=by_bits),
            cosine=cosine,
            margin=values["margin"] or 0.0,
            recall=values["recall"] or 0.0,
            goal=(values["bits"] or 0.0) if by_bits else cosine,
            watched=(values["lift"] or 0.0) if by_bits else cosine,
            constant=0.0 if by_bits else value_of(evidence.controls["constant"], self.chooses, COSINE) or 0.0,
            metrics=evidence.model,
        )

    def _advance(self, count: int) -> None:
        if self.interrupts.received is not None:
            raise Interrupted(f"{self.interrupts.received} arrived while the gates were measured")


def _figures(evidence: Evidence, split: str) -> SplitGates:
    return SplitGates(
        **{field: value_of(evidence.model, split, metric) for field, metric in SPLIT_FIGURES.items()}
    )
