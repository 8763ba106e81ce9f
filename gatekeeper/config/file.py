"""``gatekeeper.toml``: which data to use and how to evaluate.

::

    [data]
    bank = "bank.npz"              # all chunk vectors; or bundled:books; without it the bundled speeches
    train = "0-39,45"              # article ranges, a list of articles, or a sequence file (*.npz)
    select = "46-49"               # chooses the epoch of a training, so that val stays untouched
    val = [40, 41, 42]
    ood = "ood_sequences.npz"

    [eval]
    policy = "seed-5cat"           # a built-in policy or a file (*.toml)
    max_samples = 2000

    [train.p6b]                    # settings of one recipe; `gatekeeper train p6b --help` lists them
    epochs = 12
    target_frac = 0.25

:mod:`gatekeeper.config.sections` declares all keys of the first two.

The file is the nearest ``gatekeeper.toml``, or ``pyproject.toml`` with ``[tool.gatekeeper]``, in the
working directory or a folder above it. Its relative paths start at its own folder. It must belong to
whoever runs the command, or to root: in a shared folder anybody could lay one. ``--config`` names any.

Who wins: a flag over the file, the file over the built-in default, key by key. With one exception:
splits, context and horizon belong to a bank. A ``--bank`` that is not the file's bank therefore drops
the whole ``[data]`` section; name the new bank's splits with flags as well.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from gatekeeper.config.bundled import Bundled
from gatekeeper.config.find import PROJECT, find_config, refuse_foreign
from gatekeeper.config.given import abridged
from gatekeeper.config.keys import convert, key_names
from gatekeeper.config.record import Config
from gatekeeper.config.sections import DataConfig, EvalConfig
from schemas.disk.opening import open_regular
from schemas.errors import UsageError
from schemas.names import refuse_unknown
from schemas.reading.strict_toml import MAX_BYTES, loads


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
        refuse_foreign(found)
    config = Config() if found is None else load_config(found)
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    own = key_names(DataConfig)
    data = convert(DataConfig, {name: given[name] for name in given if name in own}, Path(), "--")
    rest = convert(EvalConfig, {name: given[name] for name in given if name not in own}, Path(), "--")
    base = config.data
    if "bank" in data and not _same(data["bank"], base.bank):
        base = DataConfig()
    return replace(
        config, data=replace(base, **data), eval=replace(config.eval, **rest), flags=frozenset(given)
    )


def load_config(file: Path) -> Config:
    """Read a configuration file.

    Raises:
        UsageError: it is missing or no TOML, or a key or value is wrong.
    """
    table = _read_toml(file)
    if file.name == PROJECT:
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
        data=DataConfig(**convert(DataConfig, data, folder, f"{where}[data] ")),
        eval=EvalConfig(**convert(EvalConfig, evaluation, folder, f"{where}[eval] ")),
    )


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
            f"{file}: {name!r} must be a section, written [{parent}{name}]; found {abridged(section)}"
        )
    return section


def _same(first: Path | Bundled, second: Path | Bundled | None) -> bool:
    if isinstance(first, Bundled) or isinstance(second, Bundled):
        return first == second
    return second is not None and first.resolve() == second.resolve()
