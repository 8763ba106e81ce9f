"""The model of a file, of a folder of weights, or of the user's own code."""

import hashlib
import io
from pathlib import Path

import torch

from gatekeeper.evaluation.loading.checkpoint_file import checkpoint_candidate, own_checkpoint
from gatekeeper.evaluation.loading.how import AS_IT_IS, Loading
from gatekeeper.evaluation.loading.own_code import own_candidate
from gatekeeper.evaluation.loading.own_weights import weights_candidate
from gatekeeper.evaluation.loading.program import load_program
from gatekeeper.evaluation.model import Candidate, candidate_on, describe
from schemas.addresses import refuse_address
from schemas.errors import ModelError
from schemas.reading.model_format import PROGRAMS, model_format
from schemas.reading.shards import is_index, weights_file
from trainers.own_code import is_spec


def load_model(spec: str, *, device: torch.device, dimension: int, loading: Loading = AS_IT_IS) -> Candidate:
    """Load a file, or call ``package.module:factory``. An existing path wins.

    Args:
        spec: what the user named.
        device: where the model shall answer.
        dimension: D of the bank.
        loading: what the user says of the file.

    Raises:
        ModelError: missing, unreadable, of another width, or refused.
        UsageError: it is an address, from which it must be downloaded first.
    """
    refuse_address(spec)
    path = Path(spec)
    try:
        is_file, exists = path.is_file(), spec != "" and path.exists()  # an empty path is the folder here
    except OSError as error:  # too long a name, or a folder that may not be entered
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None
    if exists and (path / "dataset.json").exists():
        raise ModelError(
            f"{spec} is a data set folder; the model comes first: gatekeeper eval MODEL --bank {spec}"
        )
    file = None if is_index(path) or not is_file else _read(path)
    if file is not None and (loading.factory is None or own_checkpoint(file, path.name)):
        return _of_file(path, file, device, dimension, loading)
    if exists and loading.factory is not None:
        return weights_candidate(path, loading, loading.factory, device)
    if exists:
        raise ModelError(_no_file(path))
    if is_spec(spec) and loading.factory is None:
        return own_candidate(spec, device)
    if loading.factory is not None:
        raise ModelError(
            f"no such file of weights {spec!r}; --factory makes the module that they are loaded into"
        )
    raise ModelError(
        f"no such model {spec!r}; expected a checkpoint file (.pt, .safetensors), control:NAME or "
        "package.module:factory"
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from None


def _of_file(path: Path, data: bytes, device: torch.device, dimension: int, loading: Loading) -> Candidate:
    form = model_format(io.BytesIO(data), str(path))
    # The digest is of the very bytes that are loaded, whatever happens to the file meanwhile.
    file = hashlib.sha256(data).hexdigest(), form
    if form not in PROGRAMS:
        return checkpoint_candidate(path, data, file, device, dimension, loading.factory)
    if not loading.allow_code:
        raise ModelError(
            f"{path} is {PROGRAMS[form]}, which runs code when loaded; add --allow-code if you trust it"
        )
    module = load_program(data, form, path)
    return candidate_on(device, module, describe(path.name, "exported", form, module, file))


def _no_file(path: Path) -> str:
    """What is said of a folder, or of an index of shards, that nobody has a module for."""
    try:
        weights = weights_file(path)
    except ModelError:
        return f"{path} is no file; name a checkpoint, e.g. {path / 'best_model.pt'}"
    return (
        f"{path} holds weights ({weights.name}) and no code of the network; name what makes it: "
        "--factory module:function"
    )
