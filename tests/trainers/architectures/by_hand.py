"""Parts of networks in plain tensor operations, from the weights of a state dictionary."""

import math

import torch

State = dict[str, torch.Tensor]


def affine(x: torch.Tensor, state: State, name: str) -> torch.Tensor:
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def layer_norm(x: torch.Tensor, state: State, name: str) -> torch.Tensor:
    centred = x - x.mean(dim=-1, keepdim=True)
    scaled = centred / torch.sqrt((centred**2).mean(dim=-1, keepdim=True) + 1e-5)
    return scaled * state[f"{name}.weight"] + state[f"{name}.bias"]


def gelu(x: torch.Tensor) -> torch.Tensor:
    return x * 0.5 * (1 + torch.erf(x / math.sqrt(2)))


def unit(x: torch.Tensor) -> torch.Tensor:
    return x / torch.sqrt((x**2).sum(dim=-1, keepdim=True))
