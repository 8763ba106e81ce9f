"""One evaluation: data, policy and options in; report, scores and measurement out.

``gatekeeper eval``, the end of a training and the Python API all come here. Nothing is printed, drawn, signed
or written, and a module that somebody holds is left in the mode it was in::

    policy = load_policy("seed-5cat")
    evaluator = Evaluator(source, policy, make_options(config.eval, policy.policy))
    result = evaluator.evaluate(module)    # or "best_model.pt", "control:ridge", "package.module:factory"
    result.report.judgement.verdict.outcome
    result.scores()                        # name -> array; npz_bytes makes a file of them

Any number of models can follow: the controls are measured once for each shape of a window. Where the report
shall name its file of scores, :func:`gatekeeper.evaluation.writing.write_evaluation` writes both.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import nn

from gatekeeper.config.window import SettledWindow, WindowClaim, settle_window
from gatekeeper.data.source import DataSource
from gatekeeper.evaluation.assemble import make_report, score_arrays
from gatekeeper.evaluation.controls import is_control
from gatekeeper.evaluation.loading.how import AS_IT_IS, Loading
from gatekeeper.evaluation.loading.load import load_model
from gatekeeper.evaluation.model import (
    Candidate,
    answering,
    check_width,
    control_candidate,
    module_candidate,
)
from gates.answers import Progress
from gates.contracts import Dataset, Window
from gates.options import Options
from gates.suite import Bench, Measurement, drawn_articles, measure, passes, prepare
from gates.windows import at_most
from schemas.records.evidence import CONTROLS
from schemas.records.policy import LoadedPolicy
from schemas.records.report import Report
from schemas.records.splits import EVALUATED
from schemas.verdict.few_articles import lacking
from trainers.checkpoints.encoder_fact import other_encoder
from trainers.outputs import Output

Model = Candidate | nn.Module | Path | str
"""What can be evaluated: a module, a file, ``control:NAME`` or ``package.module:factory``."""

Bar = Callable[[str, int], AbstractContextManager[Progress]]
"""(what is measured, how many predictions that takes) -> who is told of every batch of them."""


@contextlib.contextmanager
def silent(what: str, total: int) -> Iterator[Progress]:
    """Progress that nobody sees."""
    yield lambda count: None


def deaf(sentence: str) -> None:
    """Hears nothing."""


@dataclass(frozen=True, eq=False)
class EvaluationResult:
    """What an evaluation found.

    Attributes:
        report: the record, which names no file of scores yet.
        measurement: the model's scores, sample by sample.
        bench: data, drawn windows and controls.
    """

    report: Report
    measurement: Measurement
    bench: Bench

    def scores(self) -> dict[str, npt.NDArray[np.generic]]:
        """The per-sample scores, by the names they have in a file."""
        return score_arrays(self.bench, self.measurement)


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Evaluates any number of models on the same data; the controls are measured once.

    Attributes:
        data: an opened source, whose windows take the shape that model, data and user agree on; or
            windows that are cut already.
        policy: who judges.
        options: how the gates measure, and where a model from a file or a factory answers.
        asked: what the user says of the shape of a window, for a source.
        config: the configuration file as reports name it.
        tell: told why no model at all can pass on some data, before anything is measured on them, and that
            a model was trained on the vectors of another encoder.
    """

    data: DataSource | Dataset
    policy: LoadedPolicy
    options: Options
    asked: tuple[WindowClaim, ...] = ()
    config: str | None = None
    tell: Callable[[str], None] = deaf
    _cut: dict[Window, Dataset] = field(default_factory=dict, init=False, repr=False)
    _benches: dict[Window, Bench] = field(default_factory=dict, init=False, repr=False)

    def evaluate(
        self,
        model: Model,
        progress: Bar = silent,
        *,
        name: str | None = None,
        output: Output | None = None,
    ) -> EvaluationResult:
        """Measure a model and judge it.

        Args:
            model: what is evaluated. A module stays where it is and is left in the mode it was in.
            progress: told of what is measured.
            name: what the report calls a module; its class's name by default.
            output: the part of a module's answer that is the prediction (:mod:`trainers.outputs`).

        Raises:
            GatekeeperError: the model, the data or the two together cannot be evaluated.
        """
        if isinstance(model, nn.Module):
            with answering(model):
                return self.evaluate(module_candidate(model, name, output=output), progress)
        candidate = model if isinstance(model, Candidate) else self.load(model, progress)
        settled = self._settle(candidate)
        dataset = self._dataset(settled.window)
        check_width(candidate.predictor, dataset)
        bench = self._bench(dataset, progress)
        windows = sum(len(rows) for rows in bench.sampled.values())
        with progress(candidate.info.spec, passes(dataset) * windows) as advance:
            measurement = measure(bench, candidate.predictor, advance)
        report = make_report(
            bench, candidate.info, measurement, self.policy, settled.source, config=self.config
        )
        return EvaluationResult(report, measurement, bench)

    def load(self, spec: str | Path, progress: Bar = silent, *, loading: Loading = AS_IT_IS) -> Candidate:
        """The model of a file, a control or a factory; a control is fitted to the data for it.

        Args:
            spec: what the user named.
            progress: told of what is measured for a control.
            loading: what the user says of a file.

        Raises:
            ModelError: missing, unreadable, of another width, or refused.
            UsageError: there is no control of that name.
        """
        text = str(spec)
        if is_control(text):
            return control_candidate(
                text, self._bench(self._dataset(self._settle(None).window), progress).controls
            )
        candidate = load_model(
            text,
            device=self.options.device,
            dimension=self.data.bank.dimension,
            loading=loading,
        )
        doubt = other_encoder(candidate.trained_on, self.data.bank)
        if doubt is not None:
            self.tell(f"{candidate.info.spec}: {doubt}")
        return candidate

    def _settle(self, candidate: Candidate | None) -> SettledWindow:
        trained = () if candidate is None else (candidate.trained,)
        if isinstance(self.data, Dataset):  # whoever cut the windows has asked for their shape
            return settle_window(*trained, WindowClaim("flag", **vars(self.data.window)))
        return settle_window(*trained, self.data.window, *self.asked)

    def _dataset(self, window: Window) -> Dataset:
        if isinstance(self.data, Dataset):
            return self.data
        if window not in self._cut:
            self._cut[window] = self.data.dataset(window)
        return self._cut[window]

    def _bench(self, dataset: Dataset, progress: Bar) -> Bench:
        if dataset.window not in self._benches:
            for doubt in lacking(self.policy.policy, drawn_articles(dataset, self.options)):
                self.tell(f"no model can pass on this data: {doubt}")
            most = self.options.max_samples or 2**62
            drawn = (
                at_most(
                    dataset.bank,
                    dataset.splits[split].last_rows,
                    per_article=self.options.max_per_article,
                    seed=self.options.seed,
                )
                for split in EVALUATED
                if split in dataset.splits
            )
            windows = sum(min(len(rows), most) for rows in drawn)
            with progress("controls", passes(dataset) * len(CONTROLS) * windows) as advance:
                self._benches[dataset.window] = prepare(dataset, self.options, advance)
        return self._benches[dataset.window]
