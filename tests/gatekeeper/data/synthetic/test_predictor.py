"""The predictors of a world turn as promised."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from gatekeeper.data.synthetic.worlds import TRAP, rotation
from tests.gatekeeper.synth import names, run, small


def test_trap_has_both_predictors_and_they_turn_as_promised(tmp_path: Path) -> None:
    assert run("trap", "--out", tmp_path / "w", *small("--seed", "4")).exit_code == 0
    assert names(tmp_path / "w") == ["bank.npz", "best.pt", "gatekeeper.toml", "least_squares.pt"]
    world = replace(TRAP, articles=10, chunks=14, dimension=8, seed=4)
    for name, power in (("least_squares", 2.0), ("best", 2.6)):
        checkpoint = torch.load(tmp_path / "w" / f"{name}.pt", weights_only=True)
        assert checkpoint["model_type"] == "linear"
        assert checkpoint["horizon"] == 2
        state = checkpoint["model_state_dict"]
        weight = state["projection.weight"].numpy()
        np.testing.assert_allclose(weight[:, -8:], rotation(world, power=power), atol=1e-6)
        assert not weight[:, :-8].any()
