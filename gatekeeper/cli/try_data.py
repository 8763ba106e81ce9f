"""``gatekeeper try``: from somebody's files to an answer and a page, by commands that are told besides."""

import itertools
import shlex
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from gatekeeper.cli.command import command
from gatekeeper.cli.data.build import build_command
from gatekeeper.cli.data_argument import data_argument
from gatekeeper.cli.guard import end
from gatekeeper.cli.options import tell
from gatekeeper.cli.progress import bar, working
from gatekeeper.cli.types import FILE, OUTPUT
from gatekeeper.cli.voice import say, show
from gatekeeper.config.bundled import parse_bundled
from gatekeeper.config.find import FILE_NAME
from gatekeeper.config.written import write_config
from gatekeeper.data.building.balanced import BALANCED, TooFewArticlesError
from gatekeeper.data.building.encoder import PACKAGE
from gatekeeper.data.formats.corpus import holds_texts
from gatekeeper.data.formats.dataset import is_dataset
from gatekeeper.render.fitting import paragraph
from schemas.disk.atomic import write_text
from schemas.errors import EXIT_BLOCKED, EXIT_PASS, DataError, UsageError
from schemas.records.splits import EVALUATED, TRAIN
from schemas.text import printable

if TYPE_CHECKING:
    from gatekeeper.evaluation.prospect import Prospect
    from schemas.records.audit import Audit
    from schemas.records.report import Report

POLICY = "skill"
"""The policy by which models of real text are judged."""

_MARK = "Made by gatekeeper try"
_DATA, _REPORT, _PAGE = "data", "logit.json", "try.html"
_OWN = {"data", "bank", "out", "splits", "overwrite", "also_npz", "help", "quiet"}
_PASSED = [each for each in build_command.params if each.name not in _OWN]
"""How the data are read, divided and embedded, as ``data build`` takes it."""


@dataclass(frozen=True)
class _Tried:
    """What came of it: the answer, the bits that are asked for, what both rest on, and articles a split."""

    prospect: "Prospect"
    asked: float
    report: "Report"
    audit: "Audit"
    articles: Mapping[str, int]


@command("try", params=[*_PASSED])
@data_argument("SOURCE")
@click.option("--bank", type=FILE, help="The same as SOURCE.")
@click.option("--out", type=OUTPUT, help="Folder of what is made [<name>.gatekeeper].")
@click.option("--train", "recipe", metavar="RECIPE", help="Then train a model too, e.g. nce, and judge it.")
@click.pass_context
def try_command(
    ctx: click.Context,
    /,
    bank: object,
    out: Path | None,
    recipe: str | None,
    **given: Any,  # noqa: ANN401  (what the flags of data build are)
) -> None:
    """Say whether a next-embedding model can work on SOURCE, and what it would have to beat.

    SOURCE is whatever `gatekeeper data build` reads, a data set that was built, or bundled:NAME. A folder
    is made that holds the data set, settings by which `eval`, `train` and `audit` need no flags there, the
    report of a linear fit, and a page. Articles are divided with a seed, balanced by length.

    Exit codes: 0 it can, or the trained model is deployable; 1 not as it is, or the model is blocked;
    2 usage error; 3 the data or the encoder is unusable.
    """
    from gatekeeper.cli.train import train_group

    if bank is None:
        raise click.MissingParameter(ctx=ctx, param_hint="'SOURCE'", param_type="argument")
    source = str(bank)
    trainer = None if recipe is None else train_group.load(recipe)  # a misspelt name is told at once
    folder = out or Path(f"{Path(source.rpartition(':')[2]).stem or 'data'}.gatekeeper")
    commands: list[str] = []
    try:
        made = _made(ctx, source, folder, given, commands)
    except TooFewArticlesError as error:
        show(f"Answer  Not yet: {printable(str(error))}.")
        end(ctx, EXIT_BLOCKED)
    settings = _settled(folder, made)
    tried = _tried(settings, folder / _REPORT)
    commands += [f"cd {shlex.quote(str(folder))}", "gatekeeper data audit"]
    commands += [f"gatekeeper eval control:logit --report {_REPORT}", "gatekeeper train nce"]
    page = folder / _PAGE
    _write_page(tried, page, commands)
    _show(tried, folder, page)
    if trainer is not None:
        run = _free(folder / "runs" / str(recipe))
        _run(ctx, trainer, ["--config", str(settings), "--policy", POLICY, "--out", str(run)])
    end(ctx, EXIT_PASS if tried.prospect.name == "yes" else EXIT_BLOCKED)


def _made(
    ctx: click.Context, source: str, folder: Path, given: dict[str, Any], commands: list[str]
) -> str | Path:
    """What the settings name as bank; built first, where it is not. Adds the command that does so.

    Raises:
        UsageError: flags say how what is built already shall be, or the folder is somebody else's.
        GatekeeperError: it cannot be built.
    """
    flags = _flags(ctx, given)
    path = Path(source)
    if parse_bundled(source) is None and not path.exists():
        raise DataError(f"cannot read {source}: there is no such file or folder")
    ready = parse_bundled(source) is not None or is_dataset(path)
    if ready and flags:
        raise UsageError(f"{flags[0]} says how data are built; {source} is built")
    ours = _is_ours(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if ready:
        return source if parse_bundled(source) is not None else path.resolve()
    if given["encoder"] is None and holds_texts(path, keys=None):
        given = given | {"encoder": PACKAGE}
        flags += ["--encoder", PACKAGE]
    line = [source, "--out", str(folder / _DATA), "--split", BALANCED, *flags]
    commands.append(shlex.join(["gatekeeper", "data", "build", *line]))
    say(f"note: running {printable(commands[-1])}")
    _settled(folder, folder / _DATA)  # before hours of work: if it is interrupted, the folder is ours
    with redirect_stdout(sys.stderr):
        _run(ctx, build_command, [*line, *(["--overwrite"] if ours else [])])
    return folder / _DATA


def _run(ctx: click.Context, command: click.Command, line: list[str]) -> None:
    """Run another command by the words of its line; one that ends with a code ends this one too."""
    with command.make_context(command.name, line, parent=ctx) as inner:
        command.invoke(inner)


def _settled(folder: Path, bank: str | Path) -> Path:
    """The settings by which other commands need no flags in the folder."""
    return write_config(folder, {"bank": bank}, {"policy": POLICY}, comments=[_MARK], overwrite=True)


def _flags(ctx: click.Context, given: dict[str, Any]) -> list[str]:
    """The flags of ``data build`` that were given, as one would type them."""
    found: list[str] = []
    for each in _PASSED:
        name = str(each.name)
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            found += [each.opts[0], *([] if getattr(each, "is_flag", False) else [str(given[name])])]
    return found


def _is_ours(folder: Path) -> bool:
    """Whether an earlier call made the folder; an empty one is nobody's.

    Raises:
        UsageError: it is somebody else's.
    """
    settings = folder / FILE_NAME
    if settings.is_file() and settings.read_text(encoding="utf-8", errors="replace").startswith(f"# {_MARK}"):
        return True
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} exists and was not made by gatekeeper try; name another --out")
    return False


def _tried(settings: Path, report: Path) -> _Tried:
    """Audit the data, and measure the controls by evaluating the one that is fitted to bits."""
    from gatekeeper.config.file import resolve_config
    from gatekeeper.config.window import settle_window
    from gatekeeper.data.audit.audit import audit
    from gatekeeper.data.source import open_source
    from gatekeeper.evaluation.assemble import make_options
    from gatekeeper.evaluation.evaluate import Evaluator
    from gatekeeper.evaluation.prospect import LINEAR, find_prospect
    from gatekeeper.evaluation.writing import write_evaluation
    from schemas.reading.policy import load_policy
    from schemas.verdict.knowledge import COPIES

    config, policy = resolve_config(settings, {}), load_policy(POLICY)
    with working("reading the data"):
        source = open_source(config)
    tell(source.notes)
    lacking = [name for name in (TRAIN, *EVALUATED) if name not in source.splits]
    if lacking:
        raise UsageError(f"{source.bank.source} has no split {' and none called '.join(lacking)}")
    with working("auditing the data"):
        found = audit(
            source.bank,
            {name: source.articles(name) for name in source.splits},
            settle_window(source.window, *config.window_claims()).window,
            seed=config.eval.seed,
            policy=policy.policy,
        )
    options = make_options(config.eval, policy.policy)
    evaluator = Evaluator(source, policy, options, config.window_claims(), config=config.shown)
    written = write_evaluation(evaluator.evaluate(f"control:{LINEAR}", bar), report, own=0)
    asked = max((rule.min_gain or 0.0 for rule in policy.policy.controls if rule.name in COPIES), default=0.0)
    prospect = find_prospect(written.evidence, found.power, found.problems)
    articles = {name: len(source.articles(name)) for name in source.splits}
    return _Tried(prospect, asked, written, found, articles)


def _write_page(tried: _Tried, page: Path, commands: list[str]) -> None:
    with working("drawing the page"):
        from gatekeeper.render.page.prospect import render_prospect_page

        text = render_prospect_page(
            tried.prospect, tried.report, asked=tried.asked, findings=tried.audit.findings, commands=commands
        )
    write_text(page, text)


def _show(tried: _Tried, folder: Path, page: Path) -> None:
    from gatekeeper.render.prospect import render_prospect

    held, name = tried.report.inputs.bank, printable(shlex.quote(str(folder)))
    splits = ", ".join(f"{count:,} {split}" for split, count in tried.articles.items())
    bank = f"{held.articles:,} articles, {held.rows:,} chunks of width {held.dimension}"
    tail = [*paragraph("Data", f"{bank}; {splits}", most=2), *paragraph("Page", printable(str(page)), most=2)]
    if tried.prospect.name == "yes":
        tail += paragraph("Next", f"cd {name} && gatekeeper train nce", most=2)
    show(render_prospect(tried.prospect, asked=tried.asked, tail=tail))


def _free(run: Path) -> Path:
    """The run folder, with a number where there is one already."""
    names = (run if number == 1 else run.with_name(f"{run.name}_{number}") for number in itertools.count(1))
    return next(name for name in names if not name.exists())
