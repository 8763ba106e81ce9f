"""Evaluating a model from Python: ``gatekeeper.evaluate`` and what it returns."""

import copyreg
import io
import os
import pickle
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from gatekeeper.config.given import abridged, path_given
from gatekeeper.data.load import Data, known_data
from gatekeeper.evaluation.assemble import make_options
from gatekeeper.evaluation.controls import is_control
from gatekeeper.evaluation.evaluate import EvaluationResult, Evaluator
from gatekeeper.evaluation.illustrations import illustrate
from gatekeeper.evaluation.loading.how import Factory, Loading
from gatekeeper.evaluation.lookup import find_metric
from gatekeeper.evaluation.model import Candidate, module_candidate
from gatekeeper.evaluation.writing import write_evaluation
from gatekeeper.render.frame import metric_rows, to_frame
from gatekeeper.render.page.cell import render_cell
from gatekeeper.render.page.page import render_page
from gatekeeper.render.table import OUTCOMES, tally
from gatekeeper.render.verdict import render_brief
from gatekeeper.training.history import find_run, find_training
from schemas.disk.atomic import write_text
from schemas.errors import UsageError
from schemas.reading.policy import load_policy
from schemas.records.evidence import Metric
from schemas.records.judgement import Diagnosis
from schemas.records.report import Report
from schemas.text import CONTROL
from trainers.loop.random_state import random_state_kept
from trainers.outputs import Output, known_output
from trainers.predictor import ModulePredictor

Model = nn.Module | Callable[[torch.Tensor], Any] | str | os.PathLike[str]
"""A module, a function of contexts (B, L, D), a file, ``control:NAME`` or ``package.module:factory``."""

_EVALUATORS: WeakKeyDictionary[Data, dict[object, Evaluator]] = WeakKeyDictionary()
"""What was measured of the controls on some data, so that many models pay for it once."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What the gates found of a model, and the verdict; a notebook shows it, and ``print`` too.

    Attributes:
        result: the measurement and the report's record.
        folder: where the model's file lies; None for one in memory.
    """

    result: EvaluationResult
    folder: Path | None

    @property
    def report(self) -> Report:
        """The record, as :func:`schemas.reading.report.read_report` reads it from a file."""
        return self.result.report

    @property
    def deployable(self) -> bool:
        """Whether the model may be deployed under the policy."""
        return self.report.judgement.verdict.deployable

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it may not, one sentence each."""
        return self.report.judgement.verdict.reasons

    @property
    def diagnosis(self) -> Diagnosis:
        """What the model does: ``name`` for programs, ``sentence`` for people."""
        return self.report.judgement.diagnosis

    def metric(self, name: str, split: str = "val") -> Metric:
        """One metric with its interval, by its full name.

        Raises:
            UsageError: there is no such metric or split.
        """
        return find_metric(self.report.evidence.model, name, split)

    def to_frame(self) -> Any:  # noqa: ANN401  (pandas is not everywhere)
        """All metrics of the model and the controls as tidy rows (:mod:`gatekeeper.render.frame`)."""
        return to_frame(metric_rows(self.report))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the report, and beside it the scores of its samples, as ``gatekeeper eval`` does.

        Raises:
            UsageError: it is no path, or its name does not end in ``.json``.
            OutputError: a file cannot be written.
        """
        write_evaluation(self.result, _named(path, ".json"), own=0)

    def save_html(self, path: str | os.PathLike[str]) -> None:
        """Write the report as one page, with what only the data can tell: texts, and the linear frontier.

        Raises:
            UsageError: it is no path, or its name does not end in ``.html``.
            OutputError: the file cannot be written.
        """
        place, folder = _named(path, ".html"), self.folder
        training = None if folder is None else find_training(folder, self.report)
        run = "" if folder is None else find_run(folder, self.report)
        extras = illustrate(self.result.bench, self.result.measurement, training=training, run=run)
        write_text(place, render_page(self.report, extras))

    def __reduce__(self) -> tuple[Callable[[bytes], "Evaluation"], tuple[bytes]]:
        """For pickle and copy: with the data that were measured, so it may be large."""
        stream = io.BytesIO()
        _Pickler(stream).dump((self.result, self.folder))
        return _unpickled, (stream.getvalue(),)

    def __repr__(self) -> str:
        """E.g. ``<Evaluation LastChunk: BLOCKED, 2 of 5 gates passed, 3 needed>``."""
        outcome = OUTCOMES[self.report.judgement.verdict.outcome]
        return f"<Evaluation {self.report.inputs.model.spec}: {outcome}, {tally(self.report)}>"

    def __str__(self) -> str:
        """The verdict first."""
        return render_brief(self.report)

    def _repr_html_(self) -> str:
        return render_cell(self.report)


class _Pickler(pickle.Pickler):
    """Knows what to do with a read-only mapping, and changes nothing for other picklers."""

    dispatch_table = copyreg.dispatch_table | {
        MappingProxyType: lambda mapping: (_read_only, (dict(mapping),))
    }


def _read_only(items: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(items)


def _unpickled(content: bytes) -> Evaluation:
    return Evaluation(*pickle.loads(content))


def evaluate(
    model: Model,
    data: Data,
    *,
    name: str | None = None,
    output: Output | None = None,
    allow_code: bool = False,
    factory: Factory | None = None,
    **settings: Any,  # noqa: ANN401  (checked by their own converters)
) -> Evaluation:
    """Run the five gates on a model and judge it.

    A module stays on its device and keeps the mode of each of its parts; random numbers stay as they were.
    The controls are measured once for all models that follow on the same data with the same settings.

    Args:
        model: a module or function from (B, L, D) to (B, D), a checkpoint, ``control:NAME``, or
            ``package.module:factory``.
        data: of :func:`gatekeeper.load_data`.
        name: what the report calls a module or function; by default what its class or itself is called.
        output: the part of the model's answer that is the prediction (:mod:`trainers.outputs`).
        allow_code: load TorchScript and torch.export files, which run code.
        factory: where ``model`` is a file or folder of weights alone: the function or class without arguments
            that makes the module they are of, or its ``package.module:function``. It is run. With it go
            ``state_key``, the key in the file that the weights lie under, and ``strip_prefix``, what is taken
            away before their names (``auto``, ``none`` or a prefix).
        settings: keys of ``[eval]``: ``policy`` (a name or a TOML file), ``max_samples``, ``seed``,
            ``device``, ``batch_size``, ``retrieval``, ``bin_edges`` and ``confidence``.

    Raises:
        GatekeeperError: model, data or a setting cannot be used; one line says what to do.

    Example:
        >>> import gatekeeper, numpy
        >>> vectors = numpy.random.default_rng(0).normal(size=(30 * 20, 8))
        >>> arrays = {"vectors": vectors, "articles": numpy.repeat(range(30), 20)}
        >>> data = gatekeeper.load_data(arrays, val=range(15), ood=range(15, 30))
        >>> report = gatekeeper.evaluate(lambda contexts: contexts[:, -1], data, name="copies")
        >>> report.deployable, report.diagnosis.name
        (False, 'copies')
        >>> report.metric("offset_sweep.margin_last", "ood").articles
        15
    """
    if name is not None and (not isinstance(name, str) or not name.strip() or CONTROL.search(name)):
        raise UsageError(f"name= must be text on one line, found {abridged(name)}")
    known_output(output)
    words = {key: settings.pop(key) for key in ("state_key", "strip_prefix") if key in settings}
    loading = Loading(allow_code, factory, **words)
    evaluator = _evaluator(known_data(data), settings)
    with random_state_kept():
        if isinstance(model, (str, os.PathLike)):
            if name is not None:
                raise UsageError(f"name= is for what lies in memory; {os.fspath(model)!r} has a name")
            candidate = _loaded(evaluator, os.fspath(model), output, loading)
            folder = Path(model).parent if Path(model).is_file() else None
            return Evaluation(evaluator.evaluate(candidate), folder)
        if factory is not None:
            raise UsageError(f"factory= makes the module of a file of weights; found {abridged(model)}")
        if isinstance(model, nn.Module):
            return Evaluation(evaluator.evaluate(model, name=name, output=output), None)
        return Evaluation(evaluator.evaluate(_of_function(model, name, output)), None)


class _Function(nn.Module):
    """A function of contexts in a module's clothes; an array it returns becomes a tensor."""

    def __init__(self, function: Callable[[torch.Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, contexts: torch.Tensor) -> Any:  # noqa: ANN401  (looked at by whoever asked)
        answer = self.function(contexts)
        return torch.from_numpy(answer) if isinstance(answer, np.ndarray) else answer


def _of_function(model: object, name: str | None, output: Output | None) -> Candidate:
    """A function by its own name and place, or those of its class."""
    if isinstance(model, type) or not callable(model):
        hint = f"the class {model.__name__}; make one: {model.__name__}()" if isinstance(model, type) else ""
        raise UsageError(
            f"expected a module, a function, a file or control:NAME; found {hint or abridged(model)}"
        )
    named: Any = model if hasattr(model, "__qualname__") else type(model)
    candidate = module_candidate(_Function(model), name or named.__name__, output=output)
    place = f"{named.__module__}:{named.__qualname__}"
    return replace(candidate, info=replace(candidate.info, architecture=place))


def _evaluator(data: Data, settings: Mapping[str, object]) -> Evaluator:
    """The one for these data and settings; another version of a policy file is another setting."""
    chosen = data.settings(**settings)
    policy = load_policy(chosen.policy)
    options = make_options(chosen, policy.policy)
    kept = _EVALUATORS.setdefault(data, {})
    key = policy.sha256, options
    if key not in kept:
        asked, config = data.config.window_claims(), data.config.shown
        kept[key] = Evaluator(data.source, policy, options, asked, config=config, tell=warnings.warn)
    return kept[key]


def _loaded(evaluator: Evaluator, spec: str, output: Output | None, loading: Loading) -> Candidate:
    if loading.factory is not None and is_control(spec):
        raise UsageError(f"factory= makes the module of a file of weights; {spec!r} is none")
    candidate = evaluator.load(spec, loading=loading)
    for note in candidate.notes:
        warnings.warn(note, stacklevel=3)
    if output is None:
        return candidate
    if not isinstance(candidate.predictor, ModulePredictor):
        raise UsageError(f"output= picks a part of a module's answer; {spec} is none")
    return replace(candidate, predictor=replace(candidate.predictor, output=output))


def _named(path: str | os.PathLike[str], suffix: str) -> Path:
    """A path by its suffix, so that no model or bank is overwritten by mistake."""
    place = path_given(path, f"a file name that ends in {suffix}")
    if place.suffix.lower() != suffix:
        raise UsageError(f"expected a file name that ends in {suffix}, found {str(place)!r}")
    if CONTROL.search(place.name):
        raise UsageError(f"a report holds the names of its files, and {place.name!r} is no text on one line")
    return place
