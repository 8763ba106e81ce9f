"""Refuse to run with foreign packages called ``schemas``, ``gates`` or ``trainers``.

These names are common. If another folder on ``sys.path`` shadows ours, the thresholds or the gates
of some other project would be imported without a word.
"""

import importlib.util
from pathlib import Path

SIBLINGS = ("schemas", "gates", "trainers")


class ShadowedPackageError(ImportError):
    """A sibling package was found in a foreign folder, or not at all.

    Not one of ``schemas.errors``, which may be the very package that is shadowed.
    """

    exit_code = 3


def check_siblings() -> None:
    """Check that the sibling packages lie beside this one.

    Raises:
        ShadowedPackageError: the message names the folder that shadows them.
    """
    home = Path(__file__).resolve().parent.parent
    for name in SIBLINGS:
        spec = importlib.util.find_spec(name)
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
