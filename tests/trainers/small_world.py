"""A small world to train on, and a job on it."""

import functools
from pathlib import Path

import numpy as np
import torch

from gatekeeper.data.synthetic.worlds import World, build_world
from gates.contracts import Bank, Dataset, Window
from gates.options import Options
from gates.windows import make_dataset, window_rows
from schemas.reading.policy import load_policy
from trainers.contracts import TrainingJob

CONTEXT = 5

PARTS = {"train": range(6), "val": range(6, 12), "ood": range(12, 18)}
"""The articles of each split."""


TURNING = World(angle=60.0, rho=0.95, dimension=16, articles=18, chunks=40)
"""Chunks turn by 60 degrees in every plane, with a little noise."""


@functools.cache
def turning() -> Bank:
    """It, made once."""
    return build_world(TURNING, source="world")


def small_world(horizon: int) -> Dataset:
    """The windows of the turning world."""
    return divided(turning(), horizon)


def divided(bank: Bank, horizon: int) -> Dataset:
    """The windows of a world of 18 articles, six a split."""
    window = Window(CONTEXT, horizon)
    rows = {name: window_rows(bank, np.array(articles), window) for name, articles in PARTS.items()}
    return make_dataset(bank, rows, window)


def small_job(dataset: Dataset, folder: Path, **more: object) -> TrainingJob:
    """A silent one on the CPU, in a folder that is made where it is not there."""
    folder.mkdir(exist_ok=True)
    fields: dict[str, object] = {
        "dataset": dataset,
        "seed": 0,
        "device": torch.device("cpu"),
        "folder": folder,
        "policy": load_policy("seed-5cat").policy,
        "options": Options(),
        "log": lambda line: None,
    }
    return TrainingJob(**{**fields, **more})  # type: ignore[arg-type]
