"""Where the reports of ``gatekeeper eval`` go, and what may stand in their way."""

import os
from pathlib import Path

from gatekeeper.cli.page import check_page_target
from gatekeeper.config.outputs import Output, key_file, refuse_overwriting
from gatekeeper.config.record import Config
from gatekeeper.evaluation.companions import envelope_path, scores_path
from gatekeeper.training.folder import CONFIG_FILE
from schemas.disk.room import check_room
from schemas.errors import ModelError, OutputError, UsageError
from schemas.reading.shards import INDEX_SUFFIX, is_index, weight_files, weights_file
from schemas.records.history import HISTORY_FILE
from schemas.text import CONTROL


def default_report(spec: str) -> Path | None:
    """Beside a model file: ``<model>.report.json``. None for a control or a factory, which have no place.

    Of a folder of weights and of an index of shards: ``model.report.json``, beside the weights.
    """
    try:
        path = weights_file(Path(spec))
    except ModelError:  # whoever loads it says what is wrong
        return None
    stem = path.name.removesuffix(INDEX_SUFFIX) if is_index(path) else path.stem
    return path.with_name(f"{stem}.report.json") if path.is_file() else None


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
    wanted = [default_report(spec) if report is None else report for spec in models]
    targets = [target for target in wanted if target is not None]
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
    files = [file for spec in models for file in _files(Path(spec))]
    beside = [file.parent / name for file in files for name in (HISTORY_FILE, CONFIG_FILE)]
    refuse_overwriting(
        _outputs(targets, page, named=report is not None, signed=sign_key is not None),
        (*config.inputs(), *files, *beside, key_file(sign_key)),
    )


def _files(model: Path) -> tuple[Path, ...]:
    """The files of a model, as far as they are there and can be told."""
    try:
        return weight_files(model) if model.exists() else ()
    except ModelError:
        return (model,)


def _outputs(targets: list[Path], page: Path | None, *, named: bool, signed: bool) -> list[Output]:
    found = [] if page is None else [Output("page", page)]
    for target in targets:
        found.append(Output("report", target, own=not named))
        found.append(Output("file of scores", scores_path(target), own=True))
        if signed:
            found.append(Output("signature", envelope_path(target), own=True))
    return found
