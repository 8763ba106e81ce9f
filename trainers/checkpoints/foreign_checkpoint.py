"""Files of weights in a layout that is not ours: what they hold, and what leads on."""

import re
from collections.abc import Iterable, Mapping

import torch

from schemas.errors import GatekeeperError
from trainers.registry import architecture, architecture_names

_FUNCTION = (
    "or evaluate a function that builds the module and loads them: gatekeeper eval module:function "
    "(docs/own-model.md)"
)
_NESTED = ("model_state_dict", "state_dict", "model", "weights", "module")
"""Where other programs keep the weights."""

_SHOWN = 60


def explain(content: Mapping[str, object], missing: str, name: str) -> str:
    """Why a file is no checkpoint, what it holds, and what can be done.

    Args:
        content: what the file holds.
        missing: the first key of a checkpoint that it lacks.
        name: of the file.
    """
    found = ", ".join(key[:_SHOWN] for key in sorted(content)[:6])
    what = f"{name} is no checkpoint: it lacks {missing!r} (found {found})"
    weights, where = _weights(content)
    if not weights:
        return f"{what}. Save a dictionary with model_type, model_config and model_state_dict, {_FUNCTION}"
    like = _look_alikes(weights)
    kind = f"; its weights are named like those of {' or '.join(map(repr, like))}" if like else ""
    model_type = f'"{like[0]}"' if like else '"NAME"'
    held = "old" if where is None else f'old["{where}"]'
    return (
        f"{what}{kind}. Where you know the architecture, name it: old = torch.load(FILE, weights_only=True); "
        f'torch.save({{"model_type": {model_type}, "model_config": {{...}}, "model_state_dict": {held}}}, '
        f'"new.pt"); {_FUNCTION}'
    )


def _weights(content: Mapping[str, object]) -> tuple[list[str], str | None]:
    """The names of the weights in a file, and the key that they lie under, None for the top."""
    for key in _NESTED:
        held = content.get(key)
        if isinstance(held, Mapping) and held and _are_tensors(held.values()):
            return [str(each) for each in held], key
    return (list(content), None) if content and _are_tensors(content.values()) else ([], None)


def _are_tensors(values: Iterable[object]) -> bool:
    return all(isinstance(value, torch.Tensor) for value in values)


def _look_alikes(names: Iterable[str]) -> list[str]:
    """Registered architectures whose weights have these names, whatever the number of layers."""
    wanted = {_shape_of(name) for name in names}
    found = []
    for each in architecture_names():
        try:
            plugin = architecture(each)
            with torch.device("meta"):
                module = plugin.build(plugin.default_config(dimension=8, context=5))
        except GatekeeperError:  # a broken plug-in is told where it is asked for
            continue
        if {_shape_of(name) for name in module.state_dict()} == wanted:
            found.append(each)
    return found


def _shape_of(name: str) -> str:
    return re.sub(r"\d+", "#", name)
