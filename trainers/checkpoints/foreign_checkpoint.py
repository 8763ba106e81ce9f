"""Files of weights in a layout that is not ours: what they hold, and what leads on."""

import re
from collections.abc import Iterable, Mapping

import torch

from schemas.errors import GatekeeperError
from trainers.checkpoints.state_dicts import find_states
from trainers.registry import architecture, architecture_names

_FACTORY = (
    "--factory module:function, a function of yours that makes the module that they are of "
    "(docs/own-model.md)"
)

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
    states = find_states(content)
    if not states:
        return (
            f"{what}. Save a dictionary with model_type, model_config and model_state_dict, or evaluate a "
            "function that makes the model: gatekeeper eval module:function (docs/own-model.md)"
        )
    where, weights = next(iter(states.items()))
    like = _look_alikes(weights)
    advice = f"Its weights can be evaluated with {_FACTORY}"
    if not like:
        return f"{what}. {advice}"
    held = "old" if where is None else f'old["{where}"]'
    return (
        f"{what}; its weights are named like those of {' or '.join(map(repr, like))}. {advice}; or, where "
        f"you know the configuration, name it: old = torch.load(FILE, weights_only=True); "
        f'torch.save({{"model_type": "{like[0]}", "model_config": {{...}}, "model_state_dict": {held}}}, '
        '"new.pt")'
    )


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
