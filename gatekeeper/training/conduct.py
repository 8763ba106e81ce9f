"""From the flags of ``gatekeeper train`` to a run folder and an exit code."""

import contextlib
import dataclasses
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

import torch

from gatekeeper.cli.live_view import Status, open_status
from gatekeeper.cli.options import tell
from gatekeeper.cli.page import write_page
from gatekeeper.cli.terminal import colour_on
from gatekeeper.cli.voice import say, show, warn
from gatekeeper.config.file import Config, resolve_config
from gatekeeper.config.keys import DATA_KEYS
from gatekeeper.config.outputs import Output, refuse_overwriting
from gatekeeper.data.source import open_source
from gatekeeper.integrations.recording import RecorderOptions, Recorders, closing, open_recorders
from gatekeeper.render.criteria import render_criteria
from gatekeeper.render.table import decided_by, render_verdict
from gatekeeper.training.folder import (
    CONFIG_FILE,
    REPORT_FILE,
    RunRecord,
    new_folder,
    read_record,
    recorded_config,
    refuse_links,
    run_files,
    write_record,
)
from gatekeeper.training.plan import Plan, check_same, final_evaluation, make_plan, train
from gatekeeper.training.settings import build_settings
from schemas.disk.lock import locked
from schemas.disk.room import check_room
from schemas.errors import EXIT_CODES, UsageError
from schemas.names import refuse_unknown
from schemas.reading.policy import load_policy
from schemas.records.history import HISTORY_FILE
from schemas.records.report import Report
from schemas.text import printable
from trainers.checkpoints.saved_states import FOLDER as STATES
from trainers.checkpoints.saved_states import MANIFEST
from trainers.contracts import MODEL_FILE, Monitor, Trained, Trainer
from trainers.interrupts import listening
from trainers.processes import Group, connect, disconnect, join_group
from trainers.registry import trainer_names

RECORDED = (CONFIG_FILE, HISTORY_FILE, REPORT_FILE, MODEL_FILE)
"""What MLflow keeps of a run folder."""

DATA_FLAGS = tuple(DATA_KEYS)


def run_training(
    recipe: Trainer,
    config: Path | None,
    flags: Mapping[str, object],
    *,
    out: Path | None,
    resume: Path | None,
    page: Path | None,
    wanted: RecorderOptions,
    stdout: TextIO,
) -> int:
    """Train, evaluate and show; one process of possibly several.

    Args:
        recipe: who trains.
        config: configuration file instead of the nearest one.
        flags: what the command line gave for data, options and the recipe's settings.
        out: run folder; a new one where None.
        resume: run folder to continue instead.
        page: where the report goes as a page.
        wanted: who records the run.
        stdout: where the result is printed.

    Returns:
        The exit code of the verdict.

    Raises:
        GatekeeperError: any; in particular :class:`schemas.errors.Interrupted`.
    """
    wanted.check()
    if out is not None:
        check_room(out, *(out / name for name in RECORDED), out / STATES / MANIFEST)
    if resume is not None:
        refuse_links(resume)
    knobs = {field.name for field in dataclasses.fields(recipe.settings)}
    group = join_group()
    plan, record = _plan(recipe, config, resume, flags, knobs, group)
    _refuse_overwriting(plan, config, page, _written(resume, out))
    connect(group, plan.options.device)
    try:
        folder = resume or _new_folder(plan, out, group)
        return _run(plan, folder, group, page, wanted, stdout, resume=record is not None)
    finally:
        disconnect(group)


def _refuse_overwriting(plan: Plan, file: Path | None, page: Path | None, files: tuple[Path, ...]) -> None:
    outputs = [] if page is None else [Output("page", page)]
    outputs += [Output("file", path, own=True) for path in files]
    refuse_overwriting(outputs, (*plan.config.inputs(), file))


def _written(resume: Path | None, out: Path | None) -> tuple[Path, ...]:
    """The files that a run writes in a folder that was there before; a resumed one only reads its record."""
    if resume is not None:
        return tuple(path for path in run_files(resume) if path.name != CONFIG_FILE)
    return () if out is None else run_files(out)


def _plan(
    recipe: Trainer,
    file: Path | None,
    resume: Path | None,
    flags: Mapping[str, object],
    knobs: set[str],
    group: Group,
) -> tuple[Plan, RunRecord | None]:
    """Load and check everything; nothing is written yet."""
    own = {name: value for name, value in flags.items() if name in knobs}
    rest = {name: value for name, value in flags.items() if name not in knobs}
    record = None if resume is None else _record(recipe, resume, own, rest)
    if record is not None and resume is not None:
        settings = build_settings(recipe, record.settings, {}, where=f"{resume}: ")
        base = recorded_config(record, resume)
        given = resolve_config(file, rest) if file or set(rest) & set(DATA_FLAGS) else base
        evaluation = dataclasses.replace(base.eval, device=str(rest.get("device", base.eval.device)))
        config = dataclasses.replace(base, data=given.data, eval=evaluation)
        shape: tuple[int | None, int | None] = record.context, record.horizon
    else:
        config = resolve_config(file, rest)
        refuse_unknown(config.train, trainer_names(), f"{config.file}: [train] recipe ")
        where = f"{config.file}: [train.{recipe.name}] "
        settings = build_settings(recipe, config.train.get(recipe.name, {}), own, where=where)
        shape = None, None
    if group.size > 1:
        config = _on_own_device(config, group)
    source = open_source(config)
    if group.first:
        tell(source.notes)
    plan = make_plan(recipe, settings, config, source, load_policy(config.eval.policy), shape=shape)
    if record is not None:
        check_same(plan, record)
    return plan, record


def _record(recipe: Trainer, resume: Path, own: dict[str, object], rest: dict[str, object]) -> RunRecord:
    record = read_record(resume)
    if record.trainer != recipe.name:
        raise UsageError(
            f"{resume} is a run of {record.trainer!r}; continue it with gatekeeper train {record.trainer}"
        )
    refused = [*own, *(name for name in ("seed", "policy", "context", "horizon") if name in rest)]
    if refused:
        flag = refused[0].replace("_", "-")
        raise UsageError(f"--{flag} cannot change while a run is resumed; leave it out or start a new run")
    return record


def _on_own_device(config: Config, group: Group) -> Config:
    """Several processes on one machine: each takes the CUDA device of its own number."""
    wanted = config.eval.device
    if wanted == "cuda" or (wanted == "auto" and torch.cuda.is_available()):
        return dataclasses.replace(
            config, eval=dataclasses.replace(config.eval, device=f"cuda:{group.local}")
        )
    return config


def _new_folder(plan: Plan, out: Path | None, group: Group) -> Path:
    folder = Path()
    if group.first:
        folder = new_folder(out, plan.recipe.architecture_of(plan.settings), plan.recipe.name)
    return group.agree(folder)


def _run(
    plan: Plan,
    folder: Path,
    group: Group,
    page: Path | None,
    wanted: RecorderOptions,
    stdout: TextIO,
    *,
    resume: bool,
) -> int:
    if not group.first:
        with listening() as interrupts:
            train(plan, folder, group=group, interrupts=interrupts, log=_silent, resume=resume)
            final = final_evaluation(plan, folder, group=group, interrupts=interrupts)
        return EXIT_CODES[final.outcome]
    with locked(folder, "run"), listening() as interrupts:
        if not resume:
            write_record(folder, plan.record())
        status = open_status()
        recorders = _recorders(plan, folder, wanted, status, resume=resume)
        with closing(recorders, tuple(folder / name for name in RECORDED)):
            log = say if status is None else status.log
            with contextlib.nullcontext() if status is None else status:
                trained = train(
                    plan,
                    folder,
                    group=group,
                    interrupts=interrupts,
                    log=log,
                    resume=resume,
                    monitor=recorders,
                )
            final = final_evaluation(
                plan, folder, group=group, interrupts=interrupts, illustrated=page is not None
            )
            recorders.report = final.report
    if final.report is not None:
        _show(trained, final.report, folder, stdout)
    if page is not None and final.report is not None and final.extras is not None:
        write_page(final.report, final.extras, page)
    return EXIT_CODES[final.outcome]


def _recorders(
    plan: Plan, folder: Path, wanted: RecorderOptions, status: Status | None, *, resume: bool
) -> Recorders:
    tell = warn if status is None else status.log  # a failure is said however quiet all shall be
    record = plan.record()
    params = {
        "trainer": record.trainer,
        **record.settings,
        "context": record.context,
        "horizon": record.horizon,
        "seed": plan.options.seed,
        "policy": plan.policy.policy.name,
        "bank_sha256": record.bank_sha256,
        "device": plan.options.device,
    }
    members = open_recorders(wanted, folder, resume=resume, params=params, warn=tell)
    view: dict[str, Monitor] = {} if status is None else {"the live view": status}
    return Recorders({**view, **members}, tell)


def _show(trained: Trained, report: Report, folder: Path, stdout: TextIO) -> None:
    parts = [trained.summary]
    if trained.history is not None:
        parts += ["", render_criteria(trained.history)]
    parts += ["", render_verdict(report, colour=colour_on(stdout)), ""]
    model = str(folder / MODEL_FILE)
    parts += [decided_by(report), f"model: {printable(model)}"]
    parts += [f"report: {printable(str(folder / REPORT_FILE))}"]
    parts += [f"next: gatekeeper eval {printable(shlex.quote(model))}"]
    show("\n".join(parts), file=stdout)


def _silent(line: str) -> None:
    """Only the first process speaks."""
