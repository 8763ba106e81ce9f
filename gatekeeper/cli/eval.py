"""``gatekeeper eval``: five gates, controls, report and verdict for one model or several."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from gatekeeper.cli.command import command
from gatekeeper.cli.completion import complete
from gatekeeper.cli.data_argument import is_data, one_of_both
from gatekeeper.cli.guard import end, guard_of
from gatekeeper.cli.knobs import with_options
from gatekeeper.cli.loading import loading_options
from gatekeeper.cli.options import Format, data_flags, eval_flags, format_option, tell
from gatekeeper.cli.page import html_option, write_page
from gatekeeper.cli.progress import bar, working
from gatekeeper.cli.stdout import reserved_stdout
from gatekeeper.cli.terminal import full_asked, full_option, is_terminal, painted
from gatekeeper.cli.types import NAMED
from gatekeeper.cli.voice import say, show, show_json, warn
from gatekeeper.evaluation.controls import control_name, is_control
from schemas.errors import EXIT_CODES, EXIT_USAGE, GatekeeperError, UsageError
from schemas.reading.report import report_to_json
from schemas.records.report import Report
from schemas.text import printable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from gatekeeper.config.record import Config
    from gatekeeper.evaluation.evaluate import Evaluator
    from gatekeeper.evaluation.loading.how import Loading
    from gatekeeper.evaluation.model import Candidate


@command("eval")
@click.argument(
    "models",
    nargs=-1,
    required=True,
    type=NAMED,
    metavar="MODEL... [DATA]",
    shell_complete=complete("controls", prefix="control:", files=True),
)
@with_options(*data_flags(), *eval_flags())
@format_option
@full_option
@html_option
@click.option("--sign-key", type=NAMED, help="Private key (*.key, or env:NAME): sign each report.")
@loading_options
@click.pass_context
def eval_command(
    ctx: click.Context,
    /,
    models: tuple[str, ...],
    config: Path | None,
    form: Format,
    html: Path | None,
    sign_key: str | None,
    loading: "Loading",
    **flags: object,
) -> None:
    """Run the five gates on each MODEL and print the verdict.

    MODEL is a checkpoint (.pt, .safetensors) of a registered architecture, control:NAME for a
    built-in control, or package.module:factory for your own nn.Module. Weights alone (a state dict, a
    Lightning .ckpt, a folder of save_pretrained) need --factory. The JSON report of a file goes beside
    it; that of a control or a factory is written where --report says. A data set folder, bundled:NAME or a
    file of vectors among them is the data, as after --bank.

    Exit codes: 0 deployable, 1 blocked, 2 usage error, 3 could not evaluate.
    """
    models, flags["bank"] = _parted(models, flags["bank"])
    guard = guard_of(ctx)
    if guard is not None and _runs_foreign_code(models, loading):
        guard.separate()  # before torch is loaded, and its threads with it
    with reserved_stdout(process=guard is not None) as stdout:
        printer = _Printer(form, stdout, full=full_asked())
        code = _evaluate(models, config, flags, html, sign_key, printer, loading)
    end(ctx, code)


def _parted(given: tuple[str, ...], bank: object) -> tuple[tuple[str, ...], object]:
    """The models, and what names the data."""
    models = tuple(each for each in given if not is_data(each))
    for each in filter(is_data, given):
        bank = one_of_both(each, bank)
    if not models:
        raise UsageError(f"{bank} is data; the model comes first: gatekeeper eval MODEL {bank}")
    return models, bank


@dataclass(frozen=True)
class _Printer:
    """What is printed of each evaluation, and of all of them."""

    form: Format
    stdout: TextIO
    full: bool

    def wrote(self, path: Path) -> None:
        """Where a report lies, on stderr; on one terminal the end of the verdict says so already."""
        brief = self.form == "table" and not self.full
        if not (brief and is_terminal(self.stdout) and is_terminal(sys.stderr)):
            say(f"report: {printable(str(path))}")

    def one(self, report: Report, path: Path | None, name: str | None) -> None:
        """A verdict as soon as it is there, of a model by its name; JSON comes as one document."""
        from gatekeeper.render.table import render_markdown, render_table
        from gatekeeper.render.verdict import render_brief, whereabouts

        if self.form == "json":
            return
        if self.form == "markdown":
            show(f"{render_markdown(report)}\n", file=self.stdout)
            return
        tail = whereabouts(report, None if path is None else str(path))
        text = render_table(report) if self.full else render_brief(report, name=name, tail=tail)
        show(f"{painted(text, self.stdout)}\n", file=self.stdout)

    def all(self, found: Sequence[tuple[str, Report]], *, several: bool) -> None:
        """What stands at the end: a leaderboard, or the JSON of one report or of a list."""
        from gatekeeper.render.leaderboard import render_leaderboard

        if self.form == "json":
            values = [report_to_json(report) for _, report in found]
            show_json(values if several else values[0], file=self.stdout)
        elif several and found:
            show(render_leaderboard(found, markdown=self.form == "markdown"), file=self.stdout)


def _evaluate(
    models: tuple[str, ...],
    config: Path | None,
    flags: dict[str, object],
    html: Path | None,
    sign_key: str | None,
    printer: _Printer,
    loading: "Loading",
) -> int:
    """Evaluate each model, write what is asked for and print it; the highest exit code."""
    from gatekeeper.cli.eval_outputs import check_targets
    from gatekeeper.config.file import resolve_config
    from gatekeeper.deployment.signing.keys import load_private
    from gatekeeper.render.leaderboard import shortest_names

    key = None if sign_key is None else load_private(sign_key)
    settings = resolve_config(config, flags)
    check_targets(models, settings, html, sign_key)
    for spec in models if key is not None else ():
        if not Path(spec).exists():
            raise UsageError(f"--sign-key signs reports of model files; {spec!r} is none")
    for spec in filter(is_control, models):
        control_name(spec)  # a misspelt name is told before anything is measured
        if loading.factory is not None:
            raise UsageError(f"--factory makes the module of a file of weights; {spec!r} is none")
    evaluator = _open(settings, full=printer.full)
    names = shortest_names(models) if len(models) > 1 else {}
    found: list[tuple[str, Report]] = []
    codes: list[int] = []
    for spec in models:
        try:
            candidate = _load(spec, evaluator, loading)
            report, path = _report_on(
                spec, candidate, evaluator, settings.eval.report, html, key, printer.wrote
            )
        except UsageError:
            raise
        except GatekeeperError as error:
            # One unusable model must not cost the verdicts on the others.
            if len(models) == 1:
                raise
            warn(f"Error: {printable(f'{spec or repr(spec)}: {error}')}")
            codes.append(max(error.exit_code, EXIT_USAGE))  # whoever made the error: it is no verdict
            continue
        found.append((spec, report))
        codes.append(EXIT_CODES[report.judgement.verdict.outcome])
        printer.one(report, path, names.get(spec))
    printer.all(found, several=len(models) > 1)
    return max(codes)


def _open(config: "Config", *, full: bool) -> "Evaluator":
    """Load policy and data; with ``full`` the controls are searched in the whole bank."""
    with working("reading the data"):
        from gatekeeper.data.source import open_source
        from gatekeeper.evaluation.assemble import make_options
        from gatekeeper.evaluation.evaluate import Evaluator
        from schemas.reading.policy import load_policy

        policy = load_policy(config.eval.policy)
        options = make_options(config.eval, policy.policy, full=full)
        source = open_source(config)
    tell(source.notes)
    if config.eval.retrieval == "auto" and options.retrieval == "torch":
        say("note: bank search with torch; faiss and torch can clash on macOS")
    asked = config.window_claims()
    return Evaluator(source, policy, options, asked, config=config.shown, tell=_warned)


def _warned(doubt: str) -> None:
    say(f"warning: {printable(doubt)}")


def _load(spec: str, evaluator: "Evaluator", loading: "Loading") -> "Candidate":
    """The model that a spec names; what was read otherwise than it stands in the file is told."""
    with nullcontext() if is_control(spec) else working("loading the model"):  # a control shows a bar
        candidate = evaluator.load(spec, bar, loading=loading)
    for note in candidate.notes:
        say(f"note: {printable(note)}")
    return candidate


def _report_on(
    spec: str,
    candidate: "Candidate",
    evaluator: "Evaluator",
    report: Path | None,
    page: Path | None,
    key: "Ed25519PrivateKey | None",
    wrote: Callable[[Path], None],
) -> tuple[Report, Path | None]:
    """Measure one model; write what is asked for: report with scores, signature, page."""
    from gatekeeper.cli.eval_outputs import default_report
    from gatekeeper.deployment.signing.sign import sign_report
    from gatekeeper.evaluation.illustrations import illustrate
    from gatekeeper.evaluation.writing import write_evaluation
    from gatekeeper.training.history import find_run, find_training

    result = evaluator.evaluate(candidate, bar)
    path, written = report or default_report(spec), result.report
    if path is not None:
        written = write_evaluation(result, path, own=int(report is None))
        wrote(path)
    if path is not None and key is not None:
        say(f"signature: {printable(str(sign_report(path, key)))}")
    if page is not None:
        folder = Path(spec).parent
        training, run = find_training(folder, written), find_run(folder, written)
        write_page(written, illustrate(result.bench, result.measurement, training=training, run=run), page)
    return written, path


def _runs_foreign_code(models: tuple[str, ...], loading: "Loading") -> bool:
    """Whether somebody else's code may run: a factory's, a program's, or an architecture's.

    Which architecture a checkpoint names is known once torch has read it, and then it is too late to fork;
    so any that another package has registered counts.
    """
    from trainers.registry import ARCHITECTURES, has_foreign

    factory = any(not is_control(spec) and not os.path.isfile(spec) for spec in models)
    return loading.allow_code or loading.factory is not None or factory or has_foreign(ARCHITECTURES)
