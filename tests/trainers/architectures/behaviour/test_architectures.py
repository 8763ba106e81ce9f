"""One contract for every architecture."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from schemas.errors import ModelError
from trainers.checkpoints.checkpoint import read_checkpoint, restore, save_checkpoint
from trainers.registry import architecture, architecture_names

NAMES = ("amn", "gru", "linear", "logit_residual", "lstm", "transformer")
UNIT_OUTPUT = ("amn", "gru", "logit_residual", "lstm", "transformer")
B, L, D = 6, 5, 12  # of the fixture ``contexts``

Config = Callable[[str], dict[str, object]]
Make = Callable[[str], nn.Module]


def test_the_built_in_architectures_are_registered() -> None:
    assert set(NAMES) <= set(architecture_names())


@pytest.mark.parametrize("name", NAMES)
def test_a_batch_of_contexts_gives_a_batch_of_vectors(name: str, make: Make, contexts: torch.Tensor) -> None:
    answer = make(name)(contexts)
    assert answer.shape == (B, D)
    assert answer.dtype == torch.float32
    assert torch.isfinite(answer).all()


@pytest.mark.parametrize("name", UNIT_OUTPUT)
def test_answers_have_unit_length(name: str, make: Make, contexts: torch.Tensor) -> None:
    torch.testing.assert_close(make(name)(contexts).norm(dim=1), torch.ones(B))


@pytest.mark.parametrize("name", NAMES)
def test_evaluation_is_deterministic(name: str, make: Make, contexts: torch.Tensor) -> None:
    module = make(name)
    assert torch.equal(module(contexts), module(contexts))


@pytest.mark.parametrize("name", NAMES)
def test_a_context_is_answered_alike_alone_and_in_a_batch(
    name: str, make: Make, contexts: torch.Tensor
) -> None:
    module, x = make(name), contexts
    alone = torch.cat([module(x[i : i + 1]) for i in range(B)])
    torch.testing.assert_close(module(x), alone, atol=1e-6, rtol=1e-5)
    assert not torch.allclose(alone[0], alone[1])


@pytest.mark.parametrize("name", NAMES)
def test_the_context_is_not_modified(name: str, make: Make, contexts: torch.Tensor) -> None:
    before = contexts.clone()
    make(name)(contexts)
    assert torch.equal(contexts, before)


@pytest.mark.parametrize("name", NAMES)
def test_a_gradient_reaches_every_parameter(name: str, make: Make, contexts: torch.Tensor) -> None:
    module = make(name).train()
    weights = torch.linspace(-1, 1, D)
    (module(contexts) * weights).sum().backward()
    for key, parameter in module.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().max() > 0, key


@pytest.mark.parametrize("name", NAMES)
def test_every_chunk_of_the_context_matters(name: str, make: Make, contexts: torch.Tensor) -> None:
    module, x = make(name), contexts
    base = module(x)
    for position in range(L):
        changed = x.clone()
        changed[:, position] = changed[:, position].roll(1, dims=-1)
        assert not torch.allclose(module(changed), base, atol=1e-5), position


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("name", NAMES)
def test_it_survives_a_checkpoint(
    name: str, suffix: str, tmp_path: Path, make: Make, config: Config, contexts: torch.Tensor
) -> None:
    module, path = make(name), tmp_path / f"m{suffix}"
    save_checkpoint(
        path, model_type=name, model_config=config(name), module=module, horizon=2, context=L, extra={}
    )
    restored = restore(read_checkpoint(path.read_bytes(), path.name), path.name).module
    assert restored.state_dict().keys() == module.state_dict().keys()
    assert torch.equal(restored(contexts), module(contexts))


# The sizes the public LVM code reports for its models at D = 768: 17.9M, 7.1M, 5.1M and 1.5M.
@pytest.mark.parametrize(
    ("name", "count"),
    [("transformer", 17_867_520), ("gru", 7_095_552), ("lstm", 5_120_768), ("amn", 1_510_912)],
)
def test_the_reference_sizes(name: str, count: int) -> None:
    plugin = architecture(name)
    with torch.device("meta"):
        module = plugin.build(plugin.default_config(dimension=768, context=5))
    assert sum(parameter.numel() for parameter in module.parameters()) == count


def test_the_reference_transformer_counted_by_hand() -> None:
    d, w, ff = 768, 512, 2048
    attention = (3 * w * w + 3 * w) + (w * w + w)
    layer = 2 * attention + (w * ff + ff) + (ff * w + w) + 3 * 2 * w
    total = (d * w + w) + 4 * layer + (w * w + w) + 2 * w + (w * d + d)
    assert total == 17_867_520


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        (
            "transformer",
            {
                "input_proj.weight", "pos_encoder.pe", "head.0.weight", "head.2.weight", "head.3.bias",
                "transformer_decoder.layers.1.self_attn.in_proj_weight",
                "transformer_decoder.layers.1.multihead_attn.out_proj.bias",
                "transformer_decoder.layers.0.linear1.weight", "transformer_decoder.layers.0.norm3.weight",
            },
        ),
        ("gru", {"input_proj.bias", "blocks.1.gru.weight_hh_l0", "blocks.0.norm.weight", "output_proj.bias"}),
        ("lstm", {"lstm.weight_ih_l0", "lstm.bias_hh_l1", "output_proj.weight"}),
        ("amn", {"context_encoder.bias", "query_encoder.bias"}),
        ("amn", {f"residual_net.{i}.weight" for i in (0, 2, 3, 5, 6)}),
        ("linear", {"projection.weight", "projection.bias"}),
    ],
)  # fmt: skip
def test_state_dict_keys_of_old_checkpoints(name: str, keys: set[str], make: Make) -> None:
    assert keys <= make(name).state_dict().keys()


@pytest.mark.parametrize("name", UNIT_OUTPUT)
def test_output_dim_follows_from_input_dim(name: str, config: Config, contexts: torch.Tensor) -> None:
    sizes = {key: value for key, value in config(name).items() if key != "output_dim"}
    assert architecture(name).build(sizes)(contexts).shape == (B, D)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0, -1, 2.5, True, "12", None, 1_000_001, float("nan")])
def test_a_size_that_is_no_size_is_refused(name: str, value: object, config: Config) -> None:
    with pytest.raises(ModelError, match=rf"^architecture '{name}': input_dim must be a whole number"):
        architecture(name).build({**config(name), "input_dim": value})


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_setting_is_refused(name: str, config: Config) -> None:
    with pytest.raises(ModelError, match=r"has no setting 'widht'; known: .*input_dim"):
        architecture(name).build({**config(name), "widht": 3})


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_dimension_is_refused(name: str, config: Config) -> None:
    sizes = {key: value for key, value in config(name).items() if key != "input_dim"}
    with pytest.raises(ModelError, match=f"architecture '{name}' needs 'input_dim' in model_config"):
        architecture(name).build(sizes)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("transformer", {"nhead": 3}, "must be divisible"),
        ("transformer", {"d_model": 15, "nhead": 3}, "cannot be built"),
        ("transformer", {"dropout": 1.0}, r"dropout must lie in \[0, 1\); found 1.0"),
        ("transformer", {"dropout": float("nan")}, r"dropout must lie in \[0, 1\)"),
        ("amn", {"output_dim": 7}, "output_dim 7 must equal input_dim 12"),
        ("amn", {"hidden_dim": 1}, "hidden_dim must be at least 2"),
    ],
)
def test_settings_that_do_not_go_together(
    name: str, change: dict[str, object], reason: str, config: Config
) -> None:
    with pytest.raises(ModelError, match=reason) as caught:
        architecture(name).build({**config(name), **change})
    assert "\n" not in str(caught.value)
