"""Modules of the four packages from their sources, and from nothing else.

Python would rather take compiled code that lies beside a source: a ``.pyc`` file that names the source's size
and time of change, which anybody can write, or an extension module. Compiling the sources that were verified
takes 0.5 ms a module, so no compiled file of these packages is ever read.
"""

import importlib.machinery
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType

from gatekeeper.installation.files import PACKAGES, SIBLINGS


class _Source(importlib.machinery.SourceFileLoader):
    """Loads one module from bytes that were read before."""

    def __init__(self, name: str, path: str, source: bytes) -> None:
        super().__init__(name, path)
        self.source = source

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source; a ``.pyc`` file is neither read nor written."""
        code: CodeType = self.source_to_code(self.source, self.path)
        return code


class SourceFinder:
    """Finds the modules of the four packages, before whoever else might.

    Attributes:
        verified: whether the sources are those that were installed, and nothing was imported before.
    """

    def __init__(self, home: Path, sources: Mapping[str, bytes] | None) -> None:
        self.verified = sources is not None and not any(name in sys.modules for name in SIBLINGS)
        self._home = home
        self._sources = sources

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A module of ours; None for all others."""
        top, *below = fullname.split(".")
        if top not in PACKAGES:
            return None
        place = "/".join((top, *below))
        # A folder beside a module of its name, or a module beside one of the four folders, is none of ours.
        files = ((f"{place}.py", False), (f"{place}/__init__.py", True))
        for file, is_package in files if below else files[1:]:
            source = self._source(file)
            if source is not None:
                location = self._home / file
                loader = _Source(fullname, str(location), source)
                folders = [str(location.parent)] if is_package else None
                return importlib.util.spec_from_file_location(
                    fullname, location, loader=loader, submodule_search_locations=folders
                )
        return None

    def _source(self, file: str) -> bytes | None:
        if self._sources is not None:
            return self._sources.get(file)
        try:
            return (self._home / file).read_bytes()
        except OSError:
            return None


def files_verified() -> bool:
    """Whether what decides here comes from files that were verified when the program started."""
    return any(finder.verified for finder in sys.meta_path if isinstance(finder, SourceFinder))
