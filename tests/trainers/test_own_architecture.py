"""Classes of a user's own as architectures: what they are given, and what they may not ask for."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from schemas.errors import ModelError, UsageError
from trainers.checkpoints.checkpoint import read_checkpoint, restore, save_checkpoint
from trainers.checkpoints.residual import ResidualNext
from trainers.own_architecture import chosen_architecture, own_architecture

WIDTH, LENGTH = 6, 4


class Net(nn.Module):
    """With all kinds of parameters."""

    def __init__(
        self, dimension: int, context: int = 5, d_model: int = 8, *, dropout: float = 0.0, slope: float = 0.2,
        bias: bool = True, kind: str = "tanh",
    ) -> None:  # fmt: skip
        super().__init__()
        self.a, self.b = nn.Linear(dimension * context, d_model), nn.Linear(d_model, dimension, bias=bias)
        self.drop, self.slope, self.kind = nn.Dropout(dropout), slope, kind

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        answer: torch.Tensor = self.b(self.drop(torch.tanh(self.a(contexts.flatten(1)))))
        return answer


class Fixed(nn.Linear):
    """Of one size, whatever the data are."""

    def __init__(self) -> None:
        super().__init__(WIDTH, WIDTH)


SPEC = f"{__name__}:Net"


def test_a_class_gets_the_sizes_of_the_data_and_those_that_are_named() -> None:
    own = chosen_architecture(SPEC)
    config = own.sized_config(dimension=WIDTH, context=LENGTH, sizes={"width": 3, "dropout": 0.5})
    assert config == {"input_dim": WIDTH, "context": LENGTH, "d_model": 3, "dropout": 0.5}
    module = own.build(config)
    assert isinstance(module, Net)
    assert (module.a.in_features, module.a.out_features, module.drop.p) == (WIDTH * LENGTH, 3, 0.5)
    assert (module.slope, module.kind, own.name) == (0.2, "tanh", SPEC)


def test_a_size_that_the_class_lacks_is_told() -> None:
    with pytest.raises(
        UsageError, match=r"test_own_architecture:Net' has no size 'heads'; its sizes: width, dro"
    ):
        own_architecture(Net).sized_config(dimension=WIDTH, context=LENGTH, sizes={"heads": 2})


def test_a_class_may_ask_for_nothing() -> None:
    own = own_architecture(Fixed)
    assert isinstance(own.build(own.default_config(dimension=WIDTH, context=LENGTH)), Fixed)


def test_a_registered_name_is_registered() -> None:
    assert chosen_architecture("gru").name == "gru"
    with pytest.raises(ModelError, match="unknown architecture 'net'"):
        chosen_architecture("net")


def needs(input_dim: int, depth: int) -> nn.Module:
    raise AssertionError


def exits(input_dim: int) -> nn.Module:
    raise SystemExit(0)


def by_place(input_dim: int, /) -> nn.Module:
    raise AssertionError


@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            needs,
            r":needs asks for 'depth' without a default; it is given input_dim \(or dimension\) and",
        ),
        (exits, ":exits cannot be loaded: SystemExit: 0$"),
        (by_place, ":by_place takes 'input_dim' by place alone; let it take it by name$"),
        (lambda: 3, ":<lambda> must make a torch.nn.Module; found int$"),
        (
            Fixed(),
            ":Fixed must be a class of torch.nn.Module, of which a fresh one is made for each",
        ),
        (f"{__name__}:WIDTH", ":WIDTH must be a class of torch.nn.Module, .*; found int$"),
        (f"{__name__}:Gone", ":Gone cannot be loaded: AttributeError: "),
    ],
)
def test_what_cannot_be_built_is_told(named: Any, message: str) -> None:  # noqa: ANN401
    with pytest.raises(ModelError, match=message) as caught:
        own_architecture(named).build({"input_dim": WIDTH, "context": LENGTH})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "dress", [lambda module: module, lambda module: ResidualNext(module, torch.tensor(0.5))]
)
def test_a_checkpoint_is_restored_where_the_class_is_named(
    dress: Callable[[nn.Module], nn.Module], tmp_path: Path
) -> None:
    own = own_architecture(Net)
    config = own.default_config(dimension=WIDTH, context=LENGTH)
    module, path = dress(own.build(config)).eval(), tmp_path / "m.pt"
    save_checkpoint(
        path, model_type=SPEC, model_config=config, module=module, horizon=1, context=LENGTH, extra={}
    )
    checkpoint = read_checkpoint(path.read_bytes(), "m.pt")
    contexts = torch.randn(2, LENGTH, WIDTH)
    assert torch.equal(restore(checkpoint, "m.pt", own).module(contexts), module(contexts))
    with pytest.raises(ModelError, match=f"no file may have run; name it if you trust it: --factory {SPEC}$"):
        restore(checkpoint, "m.pt")
    with pytest.raises(ModelError, match=r"do not fit architecture '.*:Fixed'|has no setting 'd_model'"):
        restore(checkpoint, "m.pt", own_architecture(Fixed))


class Other(Net):
    """Of the same names and shapes."""

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        return -super().forward(contexts)


def test_another_class_of_the_same_weights_is_told_by_the_fingerprint(tmp_path: Path) -> None:
    own = own_architecture(Net)
    config = own.default_config(dimension=WIDTH, context=LENGTH)
    path = tmp_path / "m.safetensors"
    save_checkpoint(
        path,
        model_type=SPEC,
        model_config=config,
        module=own.build(config),
        horizon=1,
        context=LENGTH,
        extra={},
    )
    with pytest.raises(ModelError, match="the module answers the stored probe differently"):
        restore(read_checkpoint(path.read_bytes(), "m"), "m", own_architecture(Other))


def test_no_file_has_anything_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "evil_module.py").write_text("raise BaseException('it ran')\n")
    buffer = io.BytesIO()
    state = {"weight": torch.zeros(1)}
    torch.save({"model_type": "evil_module:Net", "model_config": {}, "model_state_dict": state}, buffer)
    with pytest.raises(
        ModelError, match="m was trained with evil_module:Net, code of somebody's own, which no"
    ):
        restore(read_checkpoint(buffer.getvalue(), "m"), "m")
