"""Pages that are made from the code when the site is built: all commands, and the API by package."""

import html
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from gatekeeper.cli.app import cli

ROOT = Path(__file__).parent.parent

CLI = """What `--help` prints, of every command. A value in brackets is the default. `-h` and `-q, --quiet`
(no progress, no notes: only errors on stderr) go with every command. `python -m gatekeeper` is the same
program as `gatekeeper`; data go to stdout, progress and notes to stderr, and there is colour only on a
terminal, and none where `NO_COLOR` is set. A mistyped name is told the nearest one.

`gatekeeper list trainers` (or gates, architectures, policies, controls; `--format json` for programs) names
those of other packages too. Their line is read from their source, where `summary` is a plain text; nothing
is imported for it.

The shell completes commands, options and names:

```sh
eval "$(_GATEKEEPER_COMPLETE=bash_source gatekeeper)"      # in ~/.bashrc (bash 4.4 or later)
eval "$(_GATEKEEPER_COMPLETE=zsh_source gatekeeper)"       # in ~/.zshrc
_GATEKEEPER_COMPLETE=fish_source gatekeeper | source       # in ~/.config/fish/completions/gatekeeper.fish
```"""

COMMON = ("-h, --help", "-q, --quiet")

REFERENCE = {
    "schemas": "The report contract: errors, and text from elsewhere. Imports neither torch nor numpy.",
    "schemas.disk": "Files and folders that are written whole, opened with care, and locked.",
    "schemas.records": "What is written: reports, policies, histories, data sets, decisions, releases.",
    "schemas.verdict": "From evidence and policy to a judgement. Pure.",
    "schemas.reading": "From bytes to records: strict, bounded, checked.",
    "gates": "The five gates, the controls and the intervals.",
    "trainers": "Contracts of the plug-ins, and how they are found.",
    "trainers.architectures": "The built-in architectures.",
    "trainers.checkpoints": "Models on disk, read without running what is in them.",
    "trainers.loop": "The gradient loop and its parts.",
    "trainers.recipes": "The built-in recipes.",
    "gatekeeper": "The gates between two epochs of anybody's loop.",
    "gatekeeper.api": "What programs and notebooks call.",
    "gatekeeper.config": "What people configure.",
    "gatekeeper.data": "From a configuration to a bank and its splits.",
    "gatekeeper.data.formats": "Files of vectors, texts and sequences.",
    "gatekeeper.data.documents": "From documents of several kinds to chunks that know their places.",
    "gatekeeper.data.building": "From vectors or texts to a data set folder.",
    "gatekeeper.data.audit": "What is wrong with data, and whether a model can work on it.",
    "gatekeeper.data.synthetic": "Worlds whose best predictor is known.",
    "gatekeeper.evaluation": "From a model and data to a report.",
    "gatekeeper.evaluation.loading": "Models from files, weights, folders and people's own code.",
    "gatekeeper.training": "A training run.",
    "gatekeeper.deployment": "Verification and deployment.",
    "gatekeeper.deployment.signing": "Keys, envelopes and statements.",
    "gatekeeper.integrations": "TensorBoard, and the callbacks of Lightning and Transformers.",
    "gatekeeper.integrations.mlflow": "MLflow's tracking, and its registry as a deployment target.",
    "gatekeeper.installation": "Are the four packages the ones that were installed?",
    "gatekeeper.render": "Reports, decisions and data as tables and markdown.",
    "gatekeeper.render.ci": "GitHub annotations and JUnit.",
    "gatekeeper.render.page": "The report as an HTML page.",
}
"""Package -> what is in it. The modules of ``gatekeeper.cli`` are in the command reference."""


def modules(package: str) -> list[str]:
    """The public modules that lie directly in a package, sorted."""
    folder = ROOT / package.replace(".", "/")
    return [f"{package}.{file.stem}" for file in sorted(folder.glob("[!_]*.py"))]


def commands(command: click.Command, context: click.Context, level: int = 2) -> Iterator[str]:
    """The sections of a command and of all commands below it."""
    yield f"{'#' * level} {context.command_path}"
    yield f"```text\n{' '.join((context.command_path, *command.collect_usage_pieces(context)))}\n```"
    yield from map(_paragraph, inspect.cleandoc(command.help or "").split("\n\n"))
    records = [found for each in command.get_params(context) if (found := each.get_help_record(context))]
    rows = [f"| `{flags}` | {_plain(text)} |" for flags, text in records if flags not in COMMON]
    if rows:
        yield "\n".join(["| option | meaning |", "|---|---|", *rows])
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from commands(inner, click.Context(inner, context, name), level + 1)


def _paragraph(text: str) -> str:
    kept = text.removeprefix("\b\n")  # click's mark for lines that stay as they are
    return _plain(text) if kept == text else f"```text\n{kept}\n```"


def _plain(text: str) -> str:
    """Help is no Markdown."""
    return re.sub(r"([*_|\[\]])", r"\\\1", html.escape(text, quote=False))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the made pages."""
    text = "\n\n".join(("# Commands", CLI, *commands(cli, click.Context(cli, info_name="gatekeeper"))))
    files.append(File.generated(config, "cli.md", content=text + "\n"))
    for package, summary in REFERENCE.items():
        parts = [f"# {package}\n\n{summary}", *(f"::: {module}" for module in modules(package))]
        files.append(File.generated(config, f"reference/{package}.md", content="\n\n".join(parts) + "\n"))
    return files
