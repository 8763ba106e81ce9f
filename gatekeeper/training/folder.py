"""Run folders: ``runs/<architecture>_<recipe>_<UTC time>`` and the ``config.json`` that can continue one."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gatekeeper.config.articles import ArticleList
from gatekeeper.config.bundled import Bundled
from gatekeeper.config.file import make_config
from gatekeeper.config.record import Config
from gatekeeper.evaluation.companions import scores_path
from schemas.disk.atomic import write_text
from schemas.disk.lock import LOCK
from schemas.disk.opening import open_regular
from schemas.disk.owned import is_own_folder, refuse_link
from schemas.errors import OutputError, ReportError, UsageError
from schemas.reading.strict_json import MAX_BYTES, dumps, loads
from schemas.records.history import HISTORY_FILE
from trainers.contracts import MODEL_FILE

CONFIG_FILE = "config.json"
REPORT_FILE = "5cat_results.json"
RECORDERS_FILE = "recorders.json"
SCORES_FILE = scores_path(Path(REPORT_FILE)).name
RUNS = Path("runs")

RECORDED = (CONFIG_FILE, HISTORY_FILE, REPORT_FILE, MODEL_FILE)
"""What a run leaves, and MLflow keeps."""


@dataclass(frozen=True)
class RunRecord:
    """What a run was asked to do and on what; written before the first step.

    Attributes:
        trainer: recipe. settings: its knobs as plain values.
        data, evaluation: sections of a configuration, with absolute paths.
        context, horizon: what the model is trained for.
        bank_sha256: of the bank. splits: name -> digest of its windows. policy_sha256: of the policy.
        seeds: of the training, that of the evaluation is in its section; of several seeds each has a run in
            a folder below.
        environment: where it was started.
    """

    trainer: str
    settings: Mapping[str, Any]
    data: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    context: int
    horizon: int
    bank_sha256: str
    splits: Mapping[str, str]
    policy_sha256: str
    seeds: Sequence[int]
    environment: Mapping[str, Any]


def new_folder(out: Path | None, architecture: str, recipe: str) -> Path:
    """Make a run folder; a new one unless the user names it, so that no two runs share one.

    Raises:
        UsageError: it holds a run already.
        OutputError: it cannot be made, ``runs`` is a link that the user did not name, or see
            :func:`refuse_links`.
    """
    # Only here: a record is also read by commands that must start without torch.
    from trainers.checkpoints.saved_states import FOLDER as STATES

    # A record alone is no run: it is left by one that was refused before its first step.
    stamp = datetime.now(UTC).strftime("%Y%m%d_%H%M%S")
    named = architecture.rpartition(":")[2]  # of a user's own class its name alone
    folder = out or RUNS / f"{named}_{recipe}_{stamp}"
    try:
        for name in (MODEL_FILE, STATES):
            if (folder / name).exists():
                raise UsageError(f"{folder / name} exists; continue it with --resume or name another folder")
        refuse_links(folder)
        if out is None:
            is_own_folder(RUNS)
        folder.mkdir(parents=True, exist_ok=out is not None)
    except OSError as error:
        if out is None and isinstance(error, FileExistsError):
            raise UsageError(f"{folder} exists already; name another folder with --out") from None
        raise OutputError(f"the run folder {folder} cannot be made: {error.strerror}") from None
    return folder


def refuse_links(folder: Path) -> None:
    """Refuse a run folder in which something of ours would have to be written through a link.

    Hours later the run would end in the same error.

    Raises:
        OutputError: a name of ours is taken by a link, or by what is no file.
    """
    from trainers.checkpoints.saved_states import FOLDER as STATES

    is_own_folder(folder / STATES)
    for path in run_files(folder):
        refuse_link(path)


def run_files(folder: Path) -> tuple[Path, ...]:
    """Every file that a run writes into its folder, its saved states apart."""
    names = (CONFIG_FILE, HISTORY_FILE, MODEL_FILE, REPORT_FILE, SCORES_FILE, RECORDERS_FILE, LOCK)
    return tuple(folder / name for name in names)


def write_record(folder: Path, record: RunRecord) -> None:
    """Write ``config.json``.

    Raises:
        OutputError: the file cannot be written.
    """
    write_text(folder / CONFIG_FILE, dumps(asdict(record)), own=1)


def read_record(folder: Path) -> RunRecord:
    """Read ``config.json``.

    Raises:
        UsageError: the folder is no run folder, or its record is broken.
    """
    path = folder / CONFIG_FILE
    try:
        with open_regular(path) as file:
            value = loads(file.read(MAX_BYTES + 1))
    except OSError as error:
        raise UsageError(f"{folder} cannot be resumed: {path.name}: {error.strerror}") from None
    except ReportError as error:
        raise UsageError(f"{folder} cannot be resumed, {path.name} is broken: {error}") from None
    kinds = {
        "trainer": str,
        "context": int,
        "horizon": int,
        "bank_sha256": str,
        "policy_sha256": str,
        "seeds": list,
    }
    found = value if isinstance(value, dict) else {}
    if isinstance(found.get("evaluation"), dict):  # before there were two seeds, one served for both
        found.setdefault("seeds", [found["evaluation"].get("seed", 0)])
    names = [field.name for field in fields(RunRecord)]
    wrong = [name for name in names if type(found.get(name)) is not kinds.get(name, dict)]
    wrong += sorted(found.keys() - set(names))
    if not wrong and not (found["seeds"] and all(type(seed) is int and seed >= 0 for seed in found["seeds"])):
        wrong = ["seeds"]
    if wrong:
        raise UsageError(
            f"{folder} cannot be resumed, {path.name} is broken: {wrong[0]!r} is missing, unknown or of "
            "another type"
        )
    return RunRecord(**{str(name): item for name, item in found.items()})


def config_to_plain(config: Config) -> tuple[dict[str, Any], dict[str, Any]]:
    """The sections ``[data]`` and ``[eval]`` as plain values that hold from any working directory."""
    data: dict[str, Any] = {
        key: _plain(value) for key, value in vars(config.data).items() if value is not None
    }
    evaluation = {
        key: value for key, value in vars(config.eval).items() if value is not None and key != "report"
    }
    if str(config.eval.policy).endswith(".toml"):
        evaluation["policy"] = str(Path(config.eval.policy).absolute())
    return data, evaluation


def _plain(value: object) -> object:
    if isinstance(value, Path):
        return str(value.absolute())
    return str(value) if isinstance(value, (ArticleList, Bundled)) else value


def recorded_config(record: RunRecord, folder: Path) -> Config:
    """The configuration a run was started with.

    Raises:
        UsageError: a value is wrong.
    """
    where = f"{folder / CONFIG_FILE}: "
    config = make_config(record.data, record.evaluation, folder=Path(), where=where)
    return replace(config, file=folder / CONFIG_FILE)
