"""TorchScript and torch.export files as models, which need permission."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from schemas.errors import ModelError
from tests.gatekeeper.evaluation.loaded import WIDTH, load, queries


class Dropping(nn.Module):
    """Random while it trains."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.5)
        self.layer = nn.Linear(WIDTH, WIDTH)

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.layer(self.dropout(contexts[:, -1]))
        return answer


def scripted(module: nn.Module) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(module), buffer)
    return buffer.getvalue()


def exported(module: nn.Module) -> bytes:
    buffer = io.BytesIO()
    shapes = ({0: torch.export.Dim("batch")},)
    torch.export.save(torch.export.export(module, (queries().contexts,), dynamic_shapes=shapes), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(("kind", "write_program"), [("torchscript", scripted), ("exported", exported)])
@pytest.mark.parametrize("name", ["m.pt", "m.pt2", "m.safetensors"])
def test_programs_need_permission_whatever_they_are_called(
    kind: str, write_program: Callable[[nn.Module], bytes], name: str, tmp_path: Path
) -> None:
    module = Dropping().eval()
    (tmp_path / name).write_bytes(write_program(module))
    what = {"torchscript": "a torchscript", "exported": "an exported"}[kind]
    with pytest.raises(ModelError, match=rf"is {what} program, which runs code when loaded; add --allow"):
        load(tmp_path / name)
    model = load(tmp_path / name, allow_code=True)
    assert (model.info.kind, model.info.architecture) == ("exported", kind)
    assert model.info.fingerprint == "not applicable"
    assert model.info.parameters == WIDTH * WIDTH + WIDTH
    torch.testing.assert_close(model.predictor.predict(queries()), module(queries().contexts))


def test_a_program_saved_while_training_is_evaluated(tmp_path: Path) -> None:
    module = Dropping().train()
    (tmp_path / "m.pt").write_bytes(scripted(module))
    model = load(tmp_path / "m.pt", allow_code=True)
    torch.testing.assert_close(model.predictor.predict(queries()), module.eval()(queries().contexts))


def test_a_damaged_program_ends_in_one_line(tmp_path: Path) -> None:
    data = scripted(Dropping()).replace(b"__torch__", b"__wrong__")
    (tmp_path / "m.pt").write_bytes(data)
    with pytest.raises(ModelError, match=r"^\S*m\.pt cannot be loaded as a torchscript program: ") as caught:
        load(tmp_path / "m.pt", allow_code=True)
    assert "\n" not in str(caught.value)
