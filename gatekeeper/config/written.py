"""Writing ``gatekeeper.toml``: what one command found out, so that the next ones need no flags."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gatekeeper.config.file import make_config
from gatekeeper.config.find import FILE_NAME
from gatekeeper.config.given import abridged
from schemas.disk.atomic import write_text
from schemas.errors import UsageError
from schemas.reading.strict_toml import loads

_BARE = re.compile(r"[A-Za-z0-9_-]+", flags=re.ASCII)
_BREAKS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
"""What a comment may not hold, or what some editors take for its end."""

Section = Mapping[str, object]
"""Key -> text, number, truth value, path, or a list of them; None is left out."""


def write_config(
    folder: Path,
    data: Section,
    evaluation: Section | None = None,
    train: Mapping[str, Section] | None = None,
    *,
    comments: Sequence[str] = (),
    overwrite: bool = False,
) -> Path:
    """Write the ``gatekeeper.toml`` of a folder; commands that run in it or below find it.

    Args:
        folder: where to; paths in it or below are written relative to it.
        data: the section ``[data]``.
        evaluation: the section ``[eval]``.
        train: recipe -> the section ``[train.RECIPE]``.
        comments: lines at the head.
        overwrite: whether another file of that name is replaced; the same one always may be.

    Returns:
        The file.

    Raises:
        UsageError: a key is unknown, a value is none of its kind, or the file is there and says something
            else.
        OutputError: it cannot be written.
    """
    file = folder / FILE_NAME
    text = config_text(folder, data, evaluation, train, comments=comments)
    if not overwrite and file.exists() and file.read_bytes() != text.encode("utf-8"):
        raise UsageError(
            f"{file} exists and says something else; move it away, or leave it and name the data with flags"
        )
    write_text(file, text, own=1)
    return file


def config_text(
    folder: Path,
    data: Section,
    evaluation: Section | None = None,
    train: Mapping[str, Section] | None = None,
    *,
    comments: Sequence[str] = (),
) -> str:
    """The text of :func:`write_config`, which reads back as the values it was made of.

    Raises:
        UsageError: as there.

    Example:
        >>> print(config_text(Path("/d"), {"bank": Path("/d/bank.npz"), "train": "0-3"}), end="")
        [data]
        bank = "bank.npz"
        train = "0-3"
    """
    parts = [
        ("data", data),
        ("eval", evaluation or {}),
        *((f"train.{_key(name)}", each) for name, each in (train or {}).items()),
    ]
    lines = [f"# {_BREAKS.sub(' ', each)}" for each in comments]
    for name, section in parts:
        found = [*_lines(section, folder)]
        lines += [f"[{name}]", *found] if found else []
    text = "".join(f"{line}\n" for line in lines)
    _check(text, folder)
    return text


def _check(text: str, folder: Path) -> None:
    """Refuse now what would be refused when it is read."""
    where = f"{folder / FILE_NAME}: "
    try:
        table = loads(text.encode("utf-8"), error=UsageError)
    except UnicodeEncodeError:
        raise UsageError(f"{where}half of a character (a lone surrogate) is no text") from None
    except UsageError as error:
        raise UsageError(f"{where}{error}") from None
    sections = {name: found for name in ("data", "eval") if isinstance(found := table.get(name, {}), dict)}
    make_config(sections["data"], sections["eval"], folder=folder, where=where)


def _lines(section: Section, folder: Path) -> Iterator[str]:
    for name, value in section.items():
        if value is not None:
            yield f"{_key(name)} = {_value(value, folder)}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quoted(name)


def _value(value: object, folder: Path) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)  # inf and nan are called so in TOML too
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Path):
        return _quoted(_placed(value, folder))
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_value(each, folder) for each in value)}]"
    raise UsageError(
        f"a configuration holds texts, numbers, paths and lists of them; found {abridged(value)}"
    )


def _placed(path: Path, folder: Path) -> str:
    """A path as the file names it: from its own folder where it lies there, else from the root."""
    absolute, base = path.absolute(), folder.absolute()
    inside = str(absolute.relative_to(base)) if absolute.is_relative_to(base) else "~"
    if inside.startswith("~"):  # it would be a home
        return str(absolute)
    return f"./{inside}" if ":" in inside else inside  # or it would be data that come with gatekeeper


def _quoted(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
