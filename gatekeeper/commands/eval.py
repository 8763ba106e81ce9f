"""``gatekeeper eval``: five gates, controls, report and verdict for one model or several."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gatekeeper.candidates import control_candidate, control_name, default_report, is_control, load_candidate
from gatekeeper.commands.html import check_page_target, html_option, write_page
from gatekeeper.commands.options import data_options, eval_options, tell_notes
from gatekeeper.commands.paths import FILE
from gatekeeper.config import Config, resolve_config
from gatekeeper.data.source import DataSource, open_source
from gatekeeper.deployment.keys import load_private
from gatekeeper.deployment.signing import sign_report
from gatekeeper.evaluation import (
    Candidate,
    Shape,
    check_width,
    make_options,
    make_report,
    settle_shape,
    write_scores,
)
from gatekeeper.illustrations import illustrate
from gatekeeper.progress import bar
from gatekeeper.render.table import render_leaderboard, render_markdown, render_table
from gates.controls import CONTROLS
from gates.suite import EVALUATED, Bench, Options, measure, passes, prepare
from schemas.errors import EXIT_CODES, GatekeeperError, OutputError, UsageError
from schemas.policy_io import LoadedPolicy, load_policy
from schemas.report import Report
from schemas.report_io import report_to_json, write_report
from schemas.strict_json import dumps

Format = Literal["table", "json", "markdown"]


@click.command(name="eval")
@click.argument("models", nargs=-1, required=True, metavar="MODEL...")
@data_options
@eval_options
@click.option("--report", type=FILE, help="JSON report [<model>.report.json].")
@click.option(
    "--format",
    "form",
    type=click.Choice(("table", "json", "markdown")),
    default="table",
    help="What is printed [table].",
)
@html_option
@click.option("--sign-key", help="Private key (*.key, or env:NAME): sign each report.")
@click.option("--allow-code", is_flag=True, help="Load TorchScript and torch.export files, which run code.")
@click.pass_context
def eval_command(
    ctx: click.Context,
    /,
    models: tuple[str, ...],
    config: Path | None,
    form: Format,
    html: Path | None,
    sign_key: str | None,
    allow_code: bool,
    **flags: object,
) -> None:
    """Run the five gates on each MODEL, write its JSON report and print the verdict.

    MODEL is a checkpoint (.pt, .safetensors) of a registered architecture, control:NAME for a
    built-in control, or package.module:factory for your own nn.Module.

    Exit codes: 0 deployable, 1 blocked, 2 usage error, 3 could not evaluate.
    """
    key = None if sign_key is None else load_private(sign_key)
    settings = resolve_config(config, flags)
    _check_targets(models, settings.eval.report, html)
    for spec in models if key is not None else ():
        if not Path(spec).is_file():
            raise UsageError(f"--sign-key signs reports of model files; {spec} is none")
    for spec in filter(is_control, models):
        control_name(spec)  # a misspelt name is told before anything is measured
    work = _Work.begin(settings, flags, key, html, allow_code=allow_code)
    reports: list[Report] = []
    codes: list[int] = []
    for spec in models:
        try:
            report = work.evaluate(spec)
        except UsageError:
            raise
        except GatekeeperError as error:
            # One unusable model must not cost the verdicts on the others.
            if len(models) == 1:
                raise
            click.echo(f"Error: {spec}: {' '.join(str(error).split())}", err=True)
            codes.append(error.exit_code)
            continue
        reports.append(report)
        codes.append(EXIT_CODES[report.judgement.verdict.outcome])
        if form != "json":
            click.echo(render_table(report) if form == "table" else render_markdown(report))
            click.echo()
    if form == "json":
        values = [report_to_json(report) for report in reports]
        click.echo(dumps(values[0] if len(models) == 1 else values), nl=False)
    elif len(models) > 1 and reports:
        click.echo(render_leaderboard(reports, markdown=form == "markdown"))
    ctx.exit(max(codes))


@dataclass(eq=False)
class _Work:
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
    ) -> "_Work":
        chosen = config.eval
        policy = load_policy(chosen.policy)
        options = make_options(chosen, policy.policy)
        source = open_source(config)
        tell_notes(source)
        if chosen.retrieval == "auto" and options.retrieval == "torch":
            click.echo("note: bank search with torch; faiss and torch can clash on macOS", err=True)
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
        report = make_report(bench, candidate, measured, self.policy, shape)
        path = self.config.eval.report or default_report(spec)
        scores = write_scores(path.with_suffix(".scores.npz"), bench, measured)
        report = replace(report, scores=scores)
        write_report(report, path)
        click.echo(f"report: {path}", err=True)
        if self.key is not None:
            click.echo(f"signature: {sign_report(path, self.key)}", err=True)
        if self.page is not None:
            extras = illustrate(bench, candidate.predictor, measured, report, Path(spec).parent)
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
            check_width(candidate, dataset)
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


def _check_targets(models: tuple[str, ...], report: Path | None, page: Path | None) -> None:
    """Refuse report paths that would fail or destroy something after the work is done."""
    if len(models) > 1 and report is not None:
        raise UsageError(
            f"--report names one file, found {len(models)} models; leave it out and each model gets its own"
        )
    if len(models) > 1 and page is not None:
        raise UsageError(
            f"--html names one file, found {len(models)} models; write the pages with gatekeeper report"
        )
    targets = [report] if report is not None else [default_report(spec) for spec in models]
    for target in targets:
        if targets.count(target) > 1:
            raise UsageError(f"several models would write {target}; evaluate them one by one with --report")
        if any(Path(spec).exists() and target.resolve() == Path(spec).resolve() for spec in models):
            raise UsageError(f"the report {target} would overwrite a model; name another file")
        if target.exists() and not target.is_file():
            raise OutputError(f"the report {target} exists and is no regular file; name another")
        if not (target.parent.is_dir() and os.access(target.parent, os.W_OK)):
            raise OutputError(f"the report's folder {target.parent} does not exist or cannot be written")
    if page is not None:
        check_page_target(page, *targets, *(Path(spec) for spec in models))


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) else None
