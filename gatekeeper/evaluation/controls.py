"""``control:NAME``: the built-in controls as models. Nothing here loads torch."""

from schemas.errors import UsageError
from schemas.names import did_you_mean
from schemas.records.evidence import CONTROLS

_PREFIX = "control:"


def is_control(spec: str) -> bool:
    """Whether ``spec`` names a built-in control."""
    return spec.startswith(_PREFIX)


def control_name(spec: str) -> str:
    """The control that ``control:NAME`` names.

    Raises:
        UsageError: there is none of that name.
    """
    name = spec.removeprefix(_PREFIX)
    if name not in CONTROLS:
        hint = did_you_mean(name, CONTROLS)
        known = f"known controls: {', '.join(CONTROLS)}"
        raise UsageError(f"unknown control {name!r}; {hint and hint + ' '}{known}")
    return name
