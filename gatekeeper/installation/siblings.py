"""Refuse to run with foreign packages called ``schemas``, ``gates`` or ``trainers``.

These names are common. If another folder on ``sys.path`` shadows ours, or another package was installed over
them, the thresholds or the gates of some other project would be imported without a word.
"""

import importlib.util
import sys
from pathlib import Path

from gatekeeper.installation.files import SIBLINGS, InstallationError, verify_files
from gatekeeper.installation.sources import SourceFinder


class ShadowedPackageError(InstallationError):
    """A sibling package was found in a foreign folder, or not at all."""


def check_siblings() -> None:
    """Check that the sibling packages lie beside this one, verify their files, and import from these alone.

    Raises:
        InstallationError: the message names the folder that shadows them, or the file that is not ours.
    """
    home = Path(__file__).resolve().parents[2]
    for name in SIBLINGS:
        try:
            spec = importlib.util.find_spec(name)
        except ValueError:  # a module of that name which came from nowhere is loaded already
            spec = None
        if spec is None or spec.origin is None:
            raise ShadowedPackageError(
                f"package {name!r} is missing; expected it in {home}. Install gatekeeper again"
            )
        found = Path(spec.origin).resolve().parent
        if found != home / name:
            raise ShadowedPackageError(
                f"package {name!r} is shadowed by {found}; expected {home / name}. "
                "Run from another folder or take that folder off PYTHONPATH"
            )
    if not any(isinstance(finder, SourceFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, SourceFinder(home, verify_files(home)))
