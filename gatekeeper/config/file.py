"""``gatekeeper.toml``: which data to use and how to evaluate.

::

    [data]
    bank = "bank.npz"              # all chunk vectors; without it the bundled speeches
    train = "0-39,45"              # article ranges, a list of articles, or a sequence file (*.npz)
    val = [40, 41, 42]
    ood = "ood_sequences.npz"
    context = 5
    horizon = 1
    chunk_key = "position"         # arrays of the bank with names of their own: vectors_key, article_key,
                                   # chunk_key ("none": rows count in file order), text_key

    [eval]
    policy = "seed-5cat"           # a built-in policy or a file (*.toml)
    max_samples = 2000
    seed = 0
    device = "auto"
    batch_size = 256
    retrieval = "auto"             # auto, faiss or torch
    bin_edges = [0.45, 0.55]
    confidence = 0.95
    report = "report.json"

    [train.p6b]                    # settings of one recipe; `gatekeeper train p6b --help` lists them
    epochs = 12
    target_frac = 0.25

The file is the nearest ``gatekeeper.toml``, or ``pyproject.toml`` with ``[tool.gatekeeper]``, in the
working directory or a folder above it. Its relative paths start at its own folder. It must belong to
whoever runs the command, or to root: in a shared folder anybody could lay one. ``--config`` names any.

Who wins: a flag over the file, the file over the built-in default, key by key. With one exception:
splits, context and horizon belong to a bank. A ``--bank`` that is not the file's bank therefore drops
the whole ``[data]`` section; name the new bank's splits with flags as well.
"""

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gatekeeper.config.keys import DATA_KEYS, EVAL_KEYS, Converter, SplitSpec, Unfit
from gatekeeper.config.window import WindowClaim
from gatekeeper.data.formats.bank_keys import BankKeys
from gates.bins_delta import DEFAULT_EDGES
from schemas.disk.opening import open_regular
from schemas.errors import UsageError
from schemas.names import refuse_unknown
from schemas.reading.strict_toml import MAX_BYTES, loads
from schemas.records.splits import SPLITS

FILE_NAME = "gatekeeper.toml"

_MOST_TEXT = 160


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """The data to use.

    Attributes:
        bank: bank file; None is the bundled speeches.
        train, val, ood: articles or sequence file of each split; None where nobody names it.
        context: L; None where nobody names it. horizon: likewise.
        vectors_key, article_key, chunk_key, text_key: names of the bank's arrays, likewise.
    """

    bank: Path | None = None
    train: SplitSpec | None = None
    val: SplitSpec | None = None
    ood: SplitSpec | None = None
    context: int | None = None
    horizon: int | None = None
    vectors_key: str | None = None
    article_key: str | None = None
    chunk_key: str | None = None
    text_key: str | None = None

    @property
    def keys(self) -> BankKeys:
        """What the arrays of the bank are called."""
        return BankKeys(self.vectors_key, self.article_key, self.chunk_key, self.text_key)

    @property
    def splits(self) -> dict[str, SplitSpec]:
        """The splits somebody names, by name."""
        named: dict[str, SplitSpec | None] = {name: getattr(self, name) for name in SPLITS}
        return {name: spec for name, spec in named.items() if spec is not None}


@dataclass(frozen=True, kw_only=True)
class EvalConfig:
    """How to evaluate; the meaning of each knob is that of ``gatekeeper eval``'s flag."""

    policy: str = "seed-5cat"
    max_samples: int | None = None
    seed: int = 0
    device: str = "auto"
    batch_size: int = 256
    retrieval: str = "auto"
    bin_edges: tuple[float, float] = DEFAULT_EDGES
    confidence: float = 0.95
    report: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Config:
    """Everything a command needs to know.

    Attributes:
        data: which data. eval: how to evaluate.
        train: recipe -> its settings as the file holds them.
        file: the file it was read from, or None.
        flags: keys of either section that a flag gave.
    """

    data: DataConfig = DataConfig()
    eval: EvalConfig = EvalConfig()
    train: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    file: Path | None = None
    flags: frozenset[str] = frozenset()

    def window_claims(self) -> tuple[WindowClaim, WindowClaim]:
        """What flags and file say of the shape of a window; a flag replaces the file's value."""
        named = {"context": self.data.context, "horizon": self.data.horizon}
        flag = {name: value for name, value in named.items() if name in self.flags}
        file = {name: value for name, value in named.items() if name not in self.flags}
        return WindowClaim("flag", **flag), WindowClaim("config", **file)

    @property
    def shown(self) -> str | None:
        """The file as reports name it: the way up to it, or else its name; None where none was read."""
        if self.file is None:
            return None
        way = Path(os.path.relpath(self.file))
        return str(way) if set(way.parts[:-1]) <= {".."} else way.name

    def inputs(self) -> tuple[Path, ...]:
        """Every file and folder that is read for it, so that none is overwritten."""
        named = (self.file, self.data.bank, *self.data.splits.values(), Path(self.eval.policy))
        return tuple(path for path in named if isinstance(path, Path) and path.exists())


def resolve_config(
    file: Path | None = None, flags: Mapping[str, object] | None = None, *, folder: Path | None = None
) -> Config:
    """The configuration of a command: file, then flags (see the module's docstring for who wins).

    Args:
        file: a configuration file; None looks for one from ``folder`` upwards.
        flags: key of either section -> value as the file would hold it; None is "not given".
            Relative paths start at the working directory.
        folder: where the search starts; the working directory by default.

    Raises:
        UsageError: the file is missing or broken, or a key or value is wrong.
    """
    found = file
    if found is None:
        found = find_config(folder if folder is not None else Path.cwd())
        _refuse_foreign(found)
    config = Config() if found is None else load_config(found)
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    data = _convert({name: given[name] for name in given if name in DATA_KEYS}, DATA_KEYS, Path(), "--")
    rest = _convert({name: given[name] for name in given if name not in DATA_KEYS}, EVAL_KEYS, Path(), "--")
    base = config.data
    if "bank" in data and not _same(data["bank"], base.bank):
        base = DataConfig()
    return replace(
        config, data=replace(base, **data), eval=replace(config.eval, **rest), flags=frozenset(given)
    )


def find_config(folder: Path) -> Path | None:
    """The nearest configuration file in ``folder`` or above it, or None."""
    start = folder.resolve()
    for place in (start, *start.parents):
        if (place / FILE_NAME).is_file():
            return place / FILE_NAME
        project = place / "pyproject.toml"
        if project.is_file() and _mentions_us(project):
            return project
    return None


def load_config(file: Path) -> Config:
    """Read a configuration file.

    Raises:
        UsageError: it is missing or no TOML, or a key or value is wrong.
    """
    table = _read_toml(file)
    if file.name == "pyproject.toml":
        table = _section(_section(table, "tool", file), "gatekeeper", file)
    refuse_unknown(table, ("data", "eval", "train"), f"{file}: section ")
    config = make_config(
        _section(table, "data", file), _section(table, "eval", file), folder=file.parent, where=f"{file}: "
    )
    recipes = _section(table, "train", file)
    train = {name: _section(recipes, name, file, parent="train.") for name in recipes}
    return replace(config, train=train, file=file)


def make_config(
    data: Mapping[str, object], evaluation: Mapping[str, object], *, folder: Path, where: str
) -> Config:
    """A configuration from the plain values of its two sections.

    Args:
        data: the section ``[data]``.
        evaluation: the section ``[eval]``.
        folder: where relative paths start.
        where: what messages begin with.

    Raises:
        UsageError: a key or value is wrong.
    """
    return Config(
        data=DataConfig(**_convert(data, DATA_KEYS, folder, f"{where}[data] ")),
        eval=EvalConfig(**_convert(evaluation, EVAL_KEYS, folder, f"{where}[eval] ")),
    )


def _mentions_us(project: Path) -> bool:
    # A broken pyproject.toml of somebody else's is no reason to stop; ours is read again and reported.
    try:
        with open_regular(project) as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError:
        return False
    try:
        tools = loads(data, error=UsageError).get("tool", {})
    except UsageError:
        return b"[tool.gatekeeper" in data
    return isinstance(tools, dict) and "gatekeeper" in tools


def _refuse_foreign(file: Path | None) -> None:
    """What was found and not named must be ours: the link, where it is one, and what it leads to."""
    if file is None:
        return
    for info in (file.lstat(), file.stat()):
        if info.st_uid not in _trusted_owners():
            raise UsageError(
                f"configuration file {file} belongs to {_user(info)}, who could have it decide for you; "
                "name it with --config if you trust it"
            )


def _trusted_owners() -> set[int]:
    """Whoever runs the command, root, and under sudo whoever asked for it."""
    asked = os.environ.get("SUDO_UID", "")
    sudo = {int(asked)} if os.geteuid() == 0 and asked.isascii() and asked.isdigit() else set()
    return {0, os.geteuid(), *sudo}


def _user(info: os.stat_result) -> str:
    try:
        return f"the user {pwd.getpwuid(info.st_uid).pw_name}"
    except KeyError:
        return f"the user with number {info.st_uid}"


def _read_toml(file: Path) -> dict[str, object]:
    try:
        with open_regular(file) as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"configuration file {file} does not exist") from None
    except OSError as error:
        raise UsageError(f"configuration file {file} cannot be read: {error.strerror}") from None
    try:
        return loads(data, error=UsageError)
    except UsageError as error:
        raise UsageError(f"configuration file {file}: {error}") from None


def _section(table: Mapping[str, object], name: str, file: Path, *, parent: str = "") -> dict[str, object]:
    section = table.get(name, {})
    if not isinstance(section, dict):
        raise UsageError(
            f"{file}: {name!r} must be a section, written [{parent}{name}]; found {_shown(section)}"
        )
    return section


def _convert(
    table: Mapping[str, object], converters: Mapping[str, Converter], folder: Path, where: str
) -> dict[str, Any]:
    refuse_unknown(table, tuple(converters), where)
    converted: dict[str, Any] = {}
    for key, value in table.items():
        label = where + (key.replace("_", "-") if where == "--" else key)
        try:
            converted[key] = converters[key](value, folder)
        except Unfit as unfit:
            raise UsageError(f"{label}: expected {unfit}, found {_shown(value)}") from None
        except UsageError as error:
            raise UsageError(f"{label}: {error}") from None
    return converted


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MOST_TEXT else f"{text[:_MOST_TEXT]}..."


def _same(first: Path, second: Path | None) -> bool:
    return second is not None and first.resolve() == second.resolve()
