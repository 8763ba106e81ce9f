"""Evaluating models one after the other on the same data, each to its report."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.cli.options import tell
from gatekeeper.cli.page import check_page_target, write_page
from gatekeeper.cli.progress import bar
from gatekeeper.cli.voice import say
from gatekeeper.config.file import Config
from gatekeeper.config.outputs import Output, key_file, refuse_overwriting
from gatekeeper.data.source import DataSource, open_source
from gatekeeper.deployment.signing.sign import sign_report
from gatekeeper.evaluation.assemble import (
    Candidate,
    Shape,
    check_width,
    make_options,
    make_report,
    settle_shape,
    write_scores,
)
from gatekeeper.evaluation.candidates import control_candidate, default_report, load_candidate
from gatekeeper.evaluation.companions import envelope_path, scores_path
from gatekeeper.evaluation.controls import is_control
from gatekeeper.evaluation.illustrations import illustrate
from gatekeeper.training.folder import CONFIG_FILE
from gates.suite import Bench, Options, measure, passes, prepare
from schemas.disk.room import check_room
from schemas.errors import OutputError, UsageError
from schemas.reading.policy import load_policy
from schemas.reading.report import write_report
from schemas.records.history import HISTORY_FILE
from schemas.records.policy import LoadedPolicy
from schemas.records.report import Report
from schemas.records.splits import EVALUATED
from schemas.text import CONTROL, printable
from schemas.verdict.soundness import CONTROLS


@dataclass(eq=False)
class Work:
    """What all models of one command share; data and controls are loaded and measured once."""

    config: Config
    flags: dict[str, object]
    source: DataSource
    policy: LoadedPolicy
    options: Options
    key: Ed25519PrivateKey | None
    page: Path | None
    allow_code: bool
    benches: dict[tuple[int, int], Bench] = field(default_factory=dict)

    @classmethod
    def begin(
        cls,
        config: Config,
        flags: dict[str, object],
        key: Ed25519PrivateKey | None,
        page: Path | None,
        *,
        allow_code: bool,
    ) -> "Work":
        """Load policy and data.

        Args:
            config: the configuration, with the flags in it.
            flags: the flags, for the shape of a window.
            key: signs each report.
            page: where the report goes as a page.
            allow_code: load files that run code.
        """
        chosen = config.eval
        policy = load_policy(chosen.policy)
        options = make_options(chosen, policy.policy)
        source = open_source(config)
        tell(source.notes)
        if chosen.retrieval == "auto" and options.retrieval == "torch":
            say("note: bank search with torch; faiss and torch can clash on macOS")
        return cls(config, flags, source, policy, options, key, page, allow_code)

    def evaluate(self, spec: str) -> Report:
        """Measure one model, judge it, write report, scores and page."""
        candidate = None if is_control(spec) else self._load(spec)
        shape = self._shape(candidate)
        bench = self._bench(shape, candidate)
        if candidate is None:
            candidate = control_candidate(spec, bench.controls)
        dataset = bench.dataset
        windows = sum(len(rows) for rows in bench.sampled.values())
        with bar(spec, passes(dataset) * windows) as advance:
            measured = measure(bench, candidate.predictor, advance)
        report = make_report(bench, candidate, measured, self.policy, shape, config=self.config.shown)
        path = self.config.eval.report or default_report(spec)
        scores = write_scores(scores_path(path), bench, measured)
        report = replace(report, scores=scores)
        write_report(report, path, own=int(self.config.eval.report is None))
        say(f"report: {printable(str(path))}")
        if self.key is not None:
            say(f"signature: {printable(str(sign_report(path, self.key)))}")
        if self.page is not None:
            extras = illustrate(bench, measured, report, Path(spec).parent)
            write_page(report, extras, self.page)
        return report

    def _load(self, spec: str) -> Candidate:
        return load_candidate(
            spec,
            device=self.options.device,
            dimension=self.source.bank.dimension,
            allow_code=self.allow_code,
        )

    def _shape(self, candidate: Candidate | None) -> Shape:
        flag = _whole(self.flags.get("context")), _whole(self.flags.get("horizon"))
        data = self.config.data
        # A flag replaces the file's value; the two are one voice.
        file = (
            data.context if flag[0] is None else None,
            data.horizon if flag[1] is None else None,
        )
        return settle_shape(
            checkpoint=(None, None) if candidate is None else (candidate.context, candidate.horizon),
            data=(self.source.context, self.source.horizon),
            flag=flag,
            config=file,
        )

    def _bench(self, shape: Shape, candidate: Candidate | None) -> Bench:
        dataset = self.source.dataset(context=shape.context, horizon=shape.horizon)
        if candidate is not None:
            check_width(candidate.predictor, dataset)
        key = shape.context, shape.horizon
        if key not in self.benches:
            total = (
                passes(dataset)
                * len(CONTROLS)
                * sum(
                    min(len(dataset.splits[name].last_rows), self.options.max_samples or 2**62)
                    for name in EVALUATED
                    if name in dataset.splits
                )
            )
            with bar("controls", total) as advance:
                self.benches[key] = prepare(dataset, self.options, advance)
        return self.benches[key]


def check_targets(
    models: tuple[str, ...], config: Config, page: Path | None, sign_key: str | None = None
) -> None:
    """Refuse report paths that would fail or destroy something after the work is done."""
    report = config.eval.report
    if len(models) > 1 and report is not None:
        raise UsageError(
            f"--report names one file, found {len(models)} models; leave it out and each model gets its own"
        )
    if len(models) > 1 and page is not None:
        raise UsageError(
            f"--html names one file, found {len(models)} models; write the pages with gatekeeper report"
        )
    targets = [report] if report is not None else [default_report(spec) for spec in models]
    for file in (*(Path(spec) for spec in models), *targets):
        if CONTROL.search(file.name):
            raise UsageError(
                f"a report holds the names of its files, and {file.name!r} is no text on one line; rename it"
            )
    for target in targets:
        if targets.count(target) > 1:
            raise UsageError(f"several models would write {target}; evaluate them one by one with --report")
        if target.name:  # "." has none, and is told below
            check_room(target, scores_path(target), *([envelope_path(target)] if sign_key else ()))
        if target.exists() and not target.is_file():
            raise OutputError(f"the report {target} exists and is no regular file; name another")
        if not (target.parent.is_dir() and os.access(target.parent, os.W_OK)):
            raise OutputError(f"the report's folder {target.parent} does not exist or cannot be written")
    if page is not None:
        check_page_target(page)
    files = [Path(spec) for spec in models if Path(spec).exists()]
    beside = [file.parent / name for file in files for name in (HISTORY_FILE, CONFIG_FILE)]
    refuse_overwriting(
        _outputs(targets, page, named=report is not None, signed=sign_key is not None),
        (*config.inputs(), *files, *beside, key_file(sign_key)),
    )


def _outputs(targets: list[Path], page: Path | None, *, named: bool, signed: bool) -> list[Output]:
    found = [] if page is None else [Output("page", page)]
    for target in targets:
        found.append(Output("report", target, own=not named))
        found.append(Output("file of scores", scores_path(target), own=True))
        if signed:
            found.append(Output("signature", envelope_path(target), own=True))
    return found


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
