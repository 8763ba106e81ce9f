"""The gates between two epochs of anybody's training loop."""

import warnings
from dataclasses import dataclass
from typing import Any

from torch import nn

from gatekeeper.config.given import abridged, count_given
from gatekeeper.config.window import settle_window
from gatekeeper.data.load import Data, known_data
from gatekeeper.evaluation.assemble import make_options
from gatekeeper.evaluation.lookup import find_metric
from gatekeeper.evaluation.model import answering, module_candidate
from gatekeeper.training.curves import gate_figures
from gates.suite import drawn_articles
from schemas.errors import UsageError
from schemas.reading.policy import load_policy
from schemas.records.evidence import Metric
from schemas.verdict.few_articles import lacking
from trainers.interrupts import Interrupts
from trainers.loop.mini_5cat import MiniResult, MiniSuite
from trainers.loop.random_state import random_state_kept
from trainers.outputs import Output, known_output


@dataclass(frozen=True, eq=False)
class ProbeResult:
    """What the gates say of some weights.

    Attributes:
        found: everything that was measured and judged.
    """

    found: MiniResult

    @property
    def escaped(self) -> bool:
        """Whether it points away from everything, or is no better than chance, as untrained ones are."""
        return self.found.gates.escaped

    @property
    def passed(self) -> tuple[str, ...]:
        """Letters of the gates that passed, on val and ood together."""
        return self.found.gates.passed

    @property
    def metrics(self) -> dict[str, float]:
        """Flat names for a logger, e.g. ``val/margin``, ``ood/bits`` and ``gates/passed``.

        After the split comes a field of :class:`schemas.records.history.SplitGates`; what is undefined is
        left out.
        """
        return gate_figures(self.found.gates) | {"gates/escaped": float(self.escaped)}

    def metric(self, name: str, split: str = "val") -> Metric:
        """One metric with its interval, by its full name.

        Raises:
            UsageError: there is no such metric or split.
        """
        return find_metric(self.found.metrics, name, split)

    def better_than(self, other: "ProbeResult | None") -> bool:
        """Whether these weights are to be kept rather than others (:mod:`trainers.loop.selection`).

        Only val has a say, as in ``gatekeeper train``; ood stays what it is for.

        Raises:
            UsageError: ``other`` is neither a result nor None.
        """
        if other is not None and not isinstance(other, ProbeResult):
            raise UsageError(
                f"better_than compares with a ProbeResult, or with None; found {abridged(other)}"
            )
        return other is None or self.found.standing > other.found.standing

    def __repr__(self) -> str:
        return f"<ProbeResult {self}>"

    def __str__(self) -> str:
        """E.g. ``gates A B E | margin +0.25 | R@5 0.997 | bits 1.24``; the figures are of val."""
        bits = self.found.gates.splits[self.found.gates.selecting].bits
        known = "-" if bits is None else format(bits, ".2f")
        figures = f"margin {self.found.margin:+.2f} | R@5 {self.found.recall:.3f} | bits {known}"
        return f"gates {' '.join(self.passed) or 'none'} | {figures}{' | escaped' if self.escaped else ''}"


class Probe:
    """Measures the gates on a draw of val and ood; draw and controls are made once.

    A call leaves the model as it was: the mode of each of its modules, its device and its gradients; and so
    it leaves all random numbers. A training gives the same weights, to the bit, with a probe and without.

    Args:
        data: of :func:`gatekeeper.load_data`.
        samples: windows a split.
        output: the part of the model's answer that is the prediction (:mod:`trainers.outputs`).
        settings: keys of ``[eval]``, such as ``policy`` (a name, or a TOML file), ``seed`` or ``batch_size``.

    Raises:
        UsageError: a setting is wrong.
        DataError: the data lack val or ood.
        EvaluationError: a split has too few windows or articles for the policy.

    Example:
        >>> import gatekeeper, numpy, torch
        >>> vectors = numpy.random.default_rng(0).normal(size=(30 * 20, 8))
        >>> arrays = {"vectors": vectors, "articles": numpy.repeat(range(30), 20)}
        >>> data = gatekeeper.load_data(arrays, val=range(15), ood=range(15, 30))
        >>> probe = gatekeeper.Probe(data, samples=200)
        >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(5 * 8, 8))
        >>> result = probe(model)  # of noise nothing can be learned
        >>> result.escaped, model.training
        (True, True)
    """

    def __init__(
        self,
        data: Data,
        *,
        samples: int = 2000,
        output: Output | None = None,
        **settings: Any,  # noqa: ANN401
    ) -> None:
        if "max_samples" in settings:
            raise UsageError("a probe's windows a split are samples=, not max_samples=")
        windows = count_given("samples", samples)
        chosen = known_data(data).settings(**settings, max_samples=windows)
        policy = load_policy(chosen.policy).policy
        window = settle_window(data.source.window, *data.config.window_claims()).window
        self.output = known_output(output)
        dataset, options = data.source.dataset(window), make_options(chosen, policy)
        for doubt in lacking(policy, drawn_articles(dataset, options)):
            warnings.warn(f"no model can pass on this data: {doubt}", stacklevel=2)
        with random_state_kept():
            self._suite = MiniSuite(
                dataset,
                policy,
                options,
                samples=windows,
                interrupts=Interrupts(),
            )

    def __call__(self, model: nn.Module) -> ProbeResult:
        """Measure the model as it is, in evaluation mode.

        Raises:
            UsageError: it is no module.
            PredictionError: its answers are no finite vectors (B, D) that depend on their own context only.
        """
        if not isinstance(model, nn.Module):
            raise UsageError(f"a probe measures a torch.nn.Module; found {abridged(model)}")
        predictor = module_candidate(model, output=self.output).predictor
        with answering(model), random_state_kept():
            return ProbeResult(self._suite.measure(predictor, lambda cosine: True))
