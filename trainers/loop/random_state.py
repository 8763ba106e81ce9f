"""The state of torch's random numbers, which dropout draws from."""

from collections.abc import Mapping

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
