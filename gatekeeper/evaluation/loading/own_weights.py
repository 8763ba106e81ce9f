"""Files of weights without an architecture, in the module that the user's own code makes."""

from dataclasses import replace
from pathlib import Path

import torch

from gatekeeper.evaluation.loading.how import Factory, Loading
from gatekeeper.evaluation.loading.own_code import make_module
from gatekeeper.evaluation.model import Candidate, candidate_on, describe
from schemas.errors import ModelError
from schemas.reading.shards import is_index, open_weights, weights_file
from trainers.checkpoints.fitting import Fitted, load_into
from trainers.checkpoints.state_dicts import StateDict, read_shards, read_state
from trainers.own_code import running

_SHOWN = 3


def weights_candidate(path: Path, loading: Loading, factory: Factory, device: torch.device) -> Candidate:
    """A bare state dict, a checkpoint of Lightning or a folder of ``save_pretrained`` as a model.

    The file is read before the code runs, and without running what is in it.

    Args:
        path: the file, the folder, or the index of its shards.
        loading: what the user says of the file.
        factory: the code that makes its module.
        device: where the model shall answer.

    Raises:
        ModelError: a file is refused, the code makes no module, or the weights do not fit it.
    """
    name = path.name if path.name not in ("", "..") else path.resolve().name
    state = _read(path, loading.state_key)
    own = make_module(factory)
    with running(own.code.spec):
        fitted = load_into(own.module, state, loading.prefix, name=name, maker=own.code.spec)
        own.module.eval()
        info = replace(
            describe(name, "weights", own.code.spec, own.module, (state.sha256, state.format)),
            prefix=fitted.prefix or None,
            state_key=state.key,
            code=own.code,
        )
        candidate = candidate_on(device, own.module, info)
    return replace(candidate, notes=_notes(name, state, fitted, loading))


def _read(path: Path, key: str | None) -> StateDict:
    file = weights_file(path)
    if is_index(file):
        return read_shards(file, key)
    try:
        if file == path:  # named by the user, who may name a link
            data = file.read_bytes()
        else:
            with open_weights(file) as opened:
                data = opened.read()
    except OSError as error:
        raise ModelError(f"{file} cannot be read: {error.strerror}") from None
    return read_state(data, file.name, key)


def _notes(name: str, state: StateDict, fitted: Fitted, loading: Loading) -> tuple[str, ...]:
    """What was chosen for the user, and what of the file is not in the model."""
    notes = []
    if state.key is not None and loading.state_key is None:
        notes.append(f"the weights of {name} are those under {state.key!r}")
    if fitted.prefix and not fitted.left_out:
        notes.append(
            f"all weights of {name} begin with {fitted.prefix!r}, which a wrapper put there; "
            "they are read without it"
        )
    if fitted.left_out:
        first = ", ".join(each[:80] for each in fitted.left_out[:_SHOWN])
        notes.append(
            f"{len(fitted.left_out)} weight(s) of {name} do not begin with {fitted.prefix!r} and are left "
            f"out: {first}{', ...' if len(fitted.left_out) > _SHOWN else ''}"
        )
    return tuple(notes)
