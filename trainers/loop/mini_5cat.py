"""Mini-5CAT: the gates on a seeded draw of val and ood, between two epochs."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gates.contracts import Dataset, Predictor
from gates.options import Options
from gates.suite import measure, prepare
from schemas.errors import Interrupted
from schemas.records.evidence import Evidence, Metrics
from schemas.records.history import MiniGates, SplitGates
from schemas.records.metrics import BITS_KNOWN, COSINE, MARGIN, RECALL_SEEN, RECALL_UNSEEN
from schemas.records.policy import Policy
from schemas.records.splits import EVALUATED, SELECTING
from schemas.verdict.escape import value_of
from schemas.verdict.judge import judge
from schemas.verdict.soundness import check_controls, unsound
from trainers.interrupts import Interrupts
from trainers.loop.selection import Standing, rank_weights


@dataclass(frozen=True)
class MiniResult:
    """What one Mini-5CAT found.

    Attributes:
        gates: for the history.
        standing: of these weights.
        cosine, margin, recall: on val. constant: cosine of the constant control there.
        metrics: everything that was measured.
    """

    gates: MiniGates
    standing: Standing
    cosine: float
    margin: float
    recall: float
    constant: float
    metrics: Metrics

    @property
    def bits(self) -> dict[str, float | None]:
        """Split -> what is known of which chunk comes next; None where it is undefined."""
        return {split: value_of(self.metrics, split, BITS_KNOWN) for split in self.gates.splits}


class MiniSuite:
    """The samples and the controls, measured once; then any number of weights.

    Args:
        dataset: with val and ood.
        policy: its checks on val rank the weights.
        options: of the full evaluation; only the number of samples differs.
        samples: windows a split.
        interrupts: a signal ends a measurement.
    """

    def __init__(
        self, dataset: Dataset, policy: Policy, options: Options, *, samples: int, interrupts: Interrupts
    ) -> None:
        self.policy, self.interrupts = policy, interrupts
        self.bench = prepare(dataset, replace(options, max_samples=samples), self._advance)

    def doubts(self) -> list[str]:
        """Why no weights at all could pass on these samples; empty where some could."""
        evidence = self.bench.of_oracle()
        return unsound(evidence, self.policy, check_controls(evidence, self.policy))

    def measure(self, predictor: Predictor, admissible: Callable[[float], bool]) -> MiniResult:
        """The gates on some weights.

        Args:
            predictor: who answers.
            admissible: whether the recipe allows weights with this cosine on val.

        Raises:
            PredictionError: the predictions are not finite.
            Interrupted: a signal arrived meanwhile.
        """
        measured = measure(self.bench, predictor, self._advance)
        evidence = self.bench.evidence(measured)
        judgement = judge(evidence, self.policy, confidence=self.bench.options.confidence)
        values = {
            name: value_of(evidence.model, SELECTING, metric)
            for name, metric in (("cosine", COSINE), ("margin", MARGIN), ("recall", RECALL_SEEN))
        }
        cosine = values["cosine"] or 0.0
        return MiniResult(
            gates=MiniGates(
                splits={split: _figures(evidence, split) for split in EVALUATED},
                gates={gate.name: gate.status for gate in judgement.gates},
                outcome=judgement.verdict.outcome,
                escaped=judgement.verdict.escaped,
                kept=False,
            ),
            standing=rank_weights(evidence, self.policy, admissible=admissible(cosine)),
            cosine=cosine,
            margin=values["margin"] or 0.0,
            recall=values["recall"] or 0.0,
            constant=value_of(evidence.controls["constant"], SELECTING, COSINE) or 0.0,
            metrics=evidence.model,
        )

    def _advance(self, count: int) -> None:
        if self.interrupts.received is not None:
            raise Interrupted(f"{self.interrupts.received} arrived while the gates were measured")


def _figures(evidence: Evidence, split: str) -> SplitGates:
    def value(name: str) -> float | None:
        return value_of(evidence.model, split, name)

    return SplitGates(
        cos=value(COSINE),
        margin=value(MARGIN),
        margin_prev=value("offset_sweep.margin_prev"),
        margin_last=value("offset_sweep.margin_last"),
        recall=value(RECALL_SEEN),
        recall_unseen=value(RECALL_UNSEEN),
    )
