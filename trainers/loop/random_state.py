"""The state of random numbers, which dropout draws from."""

import contextlib
import random
from collections.abc import Iterator, Mapping

import numpy as np
import torch


def random_state(device: torch.device) -> dict[str, torch.Tensor]:
    """Generator -> its state, for the host and for the device that trains."""
    state = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    elif device.type == "mps":
        state["mps"] = torch.mps.get_rng_state()
    return state


def restore_random_state(state: Mapping[str, torch.Tensor], device: torch.device) -> None:
    """Continue from :func:`random_state`; a device the state was not saved on keeps its own."""
    torch.set_rng_state(state["cpu"])
    if device.type == "cuda" and "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
    elif device.type == "mps" and "mps" in state:
        torch.mps.set_rng_state(state["mps"])


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """Leave random numbers as they were before the block: Python's, numpy's, torch's on every device."""
    python, arrays = random.getstate(), np.random.get_state()  # noqa: NPY002  (kept for whoever draws from it)
    host = torch.get_rng_state()
    # Asking a device that nobody has used would set it up.
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(arrays)  # noqa: NPY002
        torch.set_rng_state(host)
        if cuda:
            torch.cuda.set_rng_state_all(cuda)
        if mps is not None:
            torch.mps.set_rng_state(mps)
