"""A checkpoint that could not be read again is refused when it is written, not when it is needed."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn

from schemas.errors import ModelError
from trainers.checkpoints.checkpoint import read_checkpoint, save_checkpoint

Config = Callable[[str], dict[str, object]]
Make = Callable[[str], nn.Module]

CONTEXT = 5  # of the fixtures


def save(path: Path, module: nn.Module, config: dict[str, object], **extra: object) -> None:
    save_checkpoint(
        path, model_type="linear", model_config=config, module=module, horizon=1, context=CONTEXT, extra=extra
    )


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_diverged_module_never_replaces_a_good_one(
    suffix: str, value: float, make: Make, config: Config, tmp_path: Path
) -> None:
    path, module = tmp_path / f"m{suffix}", make("linear")
    save(path, module, config("linear"))
    before = path.read_bytes()
    with torch.no_grad():
        module.get_parameter("projection.bias")[0] = value
    with pytest.raises(ModelError, match=rf"^m{suffix}") as caught:
        save(path, module, config("linear"))
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("value", [np.zeros(2), Path("x"), object])
def test_facts_that_are_no_plain_values_are_refused(
    suffix: str, value: object, make: Make, config: Config, tmp_path: Path
) -> None:
    with pytest.raises(ModelError) as caught:
        save(tmp_path / f"m{suffix}", make("linear"), config("linear"), fact=value)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_type_of_number_that_torch_lacks_is_not_taken_for_a_missing_header(
    config: Config,
) -> None:
    facts = json.dumps({"model_type": "linear", "model_config": config("linear")})
    header = json.dumps(
        {
            "__metadata__": {"gatekeeper": facts},
            "a": {"dtype": "F6_E2M3", "shape": [16], "data_offsets": [0, 12]},
        }
    ).encode()
    data = len(header).to_bytes(8, "little") + header + bytes(12)
    with pytest.raises(ModelError, match="torch has no numbers of type 'F6_E2M3'") as caught:
        read_checkpoint(data, "m.safetensors")
    assert "\n" not in str(caught.value)


def test_a_header_that_is_missing_is_still_told(make: Make) -> None:
    data = safetensors.torch.save(dict(make("linear").state_dict()))
    with pytest.raises(ModelError, match="has no 'gatekeeper' entry in its header"):
        read_checkpoint(data, "m.safetensors")
