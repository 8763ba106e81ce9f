"""What each process of a group does in the tests: trains the reference's systems, one after the other.

``torchrun -m tests.trainers.behaviour.together FOLDER`` leaves a run folder a recipe there.
"""

import sys
from pathlib import Path

import torch

from tests.trainers.fitting import fit
from tests.trainers.small_world import small_job, small_world
from trainers.contracts import TrainingJob
from trainers.processes import connect, disconnect, join_group

TOGETHER = ("p4", "p5")
"""p4 has the guards of p2, and the noise of p3."""

KNOBS = {"dropout": 0.0, "log_every": 1, "batch_size": 33, "on_collapse": "ignore"}


def train_all(folder: Path, **more: object) -> None:
    """Train each; ``more`` are fields of the job."""
    dataset = small_world(1)
    for name in TOGETHER:
        job: TrainingJob = small_job(dataset, folder / name, **more)
        fit(job, name, **KNOBS)


if __name__ == "__main__":
    group = join_group()
    connect(group, torch.device("cpu"))
    place = Path(sys.argv[1])
    if not group.first:  # who writes nothing
        place = place / "others"
        place.mkdir()
    train_all(place, group=group)
    disconnect(group)
