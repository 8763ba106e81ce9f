import math
import zlib
from pathlib import Path

import pytest
import torch
from torch import nn

from schemas.errors import ModelError
from tests.trainers.checkpoints.foreign import Config, Content, Make, load
from tests.trainers.checkpoints.linear import CONTEXT, WIDTH, save
from trainers.architectures.transformer import Transformer
from trainers.checkpoints import fingerprint
from trainers.checkpoints.checkpoint import read_checkpoint, restore, save_checkpoint


def test_the_probe_is_the_same_everywhere() -> None:
    # The first entries as this formula gives them with Python's own whole numbers.
    def finalise(x: int) -> int:
        x = (x + 0x9E3779B97F4A7C15) % 2**64
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB % 2**64
        return x ^ (x >> 31)

    stream = zlib.crc32(b"probe")
    key = finalise(finalise(0) ^ stream)
    row = [finalise(finalise(i ^ key) ^ key) / 2**63 - 1 for i in range(3)]
    length = math.sqrt(sum(x * x for x in row))
    found = fingerprint.probe(1, 3)
    assert found.shape == (4, 1, 3)
    assert found[0, 0].tolist() == pytest.approx([x / length for x in row], abs=1e-6)


def test_the_probe_has_unit_rows_that_all_differ() -> None:
    found = fingerprint.probe(5, 64)
    torch.testing.assert_close(found.norm(dim=2), torch.ones(4, 5))
    between = found.reshape(20, 64) @ found.reshape(20, 64).T - torch.eye(20)
    assert between.abs().max() < 0.6


@pytest.mark.parametrize("training", [True, False])
def test_the_answer_ignores_and_keeps_the_mode(training: bool, make: Make) -> None:
    module = make("transformer").train(training)
    answer = fingerprint.answer(module, CONTEXT, WIDTH)
    assert module.training is training
    assert torch.equal(answer, make("transformer")(fingerprint.probe(CONTEXT, WIDTH)))


def test_rounding_agrees_and_differences_do_not() -> None:
    stored = torch.tensor([[1.0, -2.0], [0.0, 0.5]])
    # The limit is 1e-4 of the largest stored entry, 2e-4.
    assert fingerprint.agrees(stored, stored + 1.9e-4)
    assert not fingerprint.agrees(stored, stored + 2.1e-4)
    assert not fingerprint.agrees(stored, stored * torch.nan)
    assert not fingerprint.agrees(stored, stored[:1])


class WithoutMask(Transformer):
    """The same names and shapes, but every position sees every other one."""

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        x = self.pos_encoder(self.input_proj(contexts))
        return nn.functional.normalize(self.head(self.transformer_decoder(x, x)[:, -1]), dim=-1)


class WithoutPositions(Transformer):
    """The positions are in the state dict and never added."""

    def forward(self, contexts: torch.Tensor) -> torch.Tensor:
        mask = nn.Transformer.generate_square_subsequent_mask(contexts.shape[1])
        x = self.input_proj(contexts)
        x = self.transformer_decoder(x, x, tgt_mask=mask, memory_mask=mask)
        return nn.functional.normalize(self.head(x[:, -1]), dim=-1)


class TanhGelu(Transformer):
    """Differs in the third digit of one activation."""

    def __init__(self, **sizes: int) -> None:
        super().__init__(**sizes, dropout=0.0)
        self.head[1] = nn.GELU(approximate="tanh")


@pytest.mark.parametrize("look_alike", [WithoutMask, WithoutPositions, TanhGelu])
def test_weights_of_a_look_alike_class_are_caught(
    look_alike: type[Transformer], config: Config, tmp_path: Path
) -> None:
    sizes = {key: value for key, value in config("transformer").items() if key != "dropout"}
    torch.manual_seed(0)
    module = look_alike(**sizes) if look_alike is TanhGelu else look_alike(**sizes, dropout=0.0)  # type: ignore[arg-type]
    save_checkpoint(
        tmp_path / "m.pt", model_type="transformer", model_config=sizes, module=module, horizon=1,
        context=CONTEXT, extra={},
    )  # fmt: skip
    checkpoint = read_checkpoint((tmp_path / "m.pt").read_bytes(), "m.pt")
    with pytest.raises(ModelError, match="answers the stored probe differently"):
        restore(checkpoint, "m.pt")


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_changed_weight_is_caught(suffix: str, make: Make, config: Config, tmp_path: Path) -> None:
    found = save(tmp_path / f"m{suffix}", make("linear"), config("linear"))
    found.state["projection.weight"][3, 4] += 0.1
    with pytest.raises(ModelError, match="answers the stored probe differently"):
        restore(found, "m")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fingerprint": torch.zeros(4, WIDTH)}, "has a fingerprint but no context length"),
        ({"fingerprint": "abc", "context": 5}, "its fingerprint is no matrix of numbers"),
        ({"fingerprint": [[10**400]], "context": 5}, "holds a whole number of 167 bytes"),
        ({"fingerprint": [[10**30]] * 4, "context": 5}, "answers the stored probe differently"),
        ({"fingerprint": torch.zeros(4), "context": 5}, r"must be a finite matrix; found shape \(4,\)"),
        ({"fingerprint": torch.full((4, WIDTH), torch.nan), "context": 5}, "must be a finite matrix"),
        ({"fingerprint": torch.zeros(4, WIDTH).to_sparse(), "context": 5}, "holds a sparse tensor"),
        ({"fingerprint": torch.zeros(4, WIDTH, device="meta"), "context": 5}, "holds a tensor without data"),
        ({"fingerprint": torch.zeros(0, WIDTH), "context": 5}, "answers the stored probe differently"),
        ({"fingerprint": torch.zeros(4, WIDTH), "context": 3}, "cannot read contexts of the length it"),
        ({"fingerprint": torch.zeros(4, WIDTH), "context": 10**12}, "context must be at most 4096"),
    ],
)  # fmt: skip
def test_a_fingerprint_that_is_none(change: dict[str, object], reason: str, linear_content: Content) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        load({**linear_content, **change})
    assert "\n" not in str(caught.value)
